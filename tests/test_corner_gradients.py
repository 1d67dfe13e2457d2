"""Gradients where a function has an edge, or was given NaN, infinity or 0: torch's numbers.

Where there is torch, the same is computed in it.
"""

import math

import numpy as np
import pytest

import minigrad

inf, nan = math.inf, math.nan
EDGES = [0.0, 1.0, -1.0, nan, inf, -inf]
E = math.exp(-1)

# Each: a function of x, x, and its first and second derivatives (of the sum of its results).
SLOPES = {
    "F.elu(x)": (EDGES, [1, 1, E, 1, 1, 0], [0, 0, E, 0, 0, 0]),
    "F.elu(x, 2.0)": (EDGES, [2, 1, 2 * E, 1, 1, 0], [0, 0, 2 * E, 0, 0, 0]),
    "F.celu(x)": (EDGES, [1, 1, E, 1, 1, 0], [0, 0, E, 0, 0, 0]),
    "F.celu(x, -1.0)": (EDGES, [1, 1, 1 / E, 1, 1, inf], [0, 0, -1 / E, 0, 0, -inf]),
    "F.celu(x, inf)": (EDGES[1:], [1, nan, 1, 1, nan], [0, nan, 0, 0, nan]),
    "F.hardtanh(x)": (EDGES, [1, 0, 0, 1, 0, 0], None),
    "F.hardswish(x)": ([3.0, -3.0, 0.0, nan, inf], [1, 0, 0.5, 1, 1], [0, 0, 1 / 3, 0, 0]),
    "special.entr(x)": ([0.0, 1.0, -1.0, inf], [inf, -1, nan, -inf], [-inf, -1, 1, 0]),
    "x.logit(1.0)": ([0.0, 0.5], [0, 0], None),
    "x.norm(-1)": ([0.0, 1.0, 2.0], [0, 0, 0], [nan, 0, 0]),
    "x.norm(0.5)": ([0.0, 1.0, 4.0], [0, 3, 1.5], None),
    "x.amax()": ([nan, 1.0, nan], [nan, nan, nan], None),
    "x.amin()": ([1.0, 0.0, 0.0], [0, 0.5, 0.5], None),
    "x.aminmax().max": ([nan, 1.0], [nan, nan], None),
    "x.max()": ([nan, 1.0, nan], [0.5, 0, 0.5], None),
    "x.norm(inf)": ([nan, 1.0, nan], [0, 0, 0], None),
    "torch.gradient(x)[0]": ([1.0, nan, 2.0, 4.0], [-1.5, 0.5, -0.5, 1.5], None),
    "torch.lerp(x, 2 * x, torch.tensor(0.25).double())": ([1.0, 2.0], [1.25, 1.25], None),
}


@pytest.fixture(params=["minigrad", "torch"])
def lib(request):
    return minigrad if request.param == "minigrad" else pytest.importorskip("torch")


@pytest.mark.parametrize("code", SLOPES)
def test_slopes(lib, code):
    values, first, second = SLOPES[code]
    x = lib.tensor(values, requires_grad=True)
    names = {"torch": lib, "F": lib.nn.functional, "special": lib.special, "x": x, "inf": inf}
    (plain,) = lib.autograd.grad(eval(code, names).sum(), x)
    (recorded,) = lib.autograd.grad(eval(code, names).sum(), x, create_graph=True)
    np.testing.assert_allclose(recorded.detach().numpy(), first, rtol=1e-6)
    np.testing.assert_allclose(plain.numpy(), first, rtol=1e-6)  # a kernel's, where there is one
    if second is not None:
        (found,) = lib.autograd.grad(recorded.sum(), x)
        np.testing.assert_allclose(found.numpy(), second, rtol=1e-6)


def test_the_slope_between_numbers_leaves_out_the_one_between(lib):
    slopes = lib.gradient(lib.tensor([1.0, nan, 2.0, 4.0]), spacing=0.5)[0].numpy()
    np.testing.assert_equal(slopes, [nan, 1, nan, 4])


@pytest.mark.parametrize("padding", [None, 3])
def test_nan_counts_as_the_first_of_a_bag(lib, padding):
    table = lib.tensor([[1.0, nan], [nan, 2.0], [3.0, 4.0], [9.0, 9.0]], requires_grad=True)
    bags = lib.tensor([[0, 1, 2], [2, 1, 0]])
    largest = lib.nn.functional.embedding_bag(bags, table, mode="max", padding_idx=padding)
    largest.sum().backward()
    np.testing.assert_equal(largest.detach().numpy(), [[3, nan], [3, 4]])
    assert table.grad.tolist() == [[0, 1], [0, 0], [2, 1], [0, 0]]


def test_heaviside_has_no_gradient_to_give(lib):
    step = lib.heaviside(lib.ones(2, requires_grad=True), lib.ones(2))
    assert step.requires_grad
    with pytest.raises(RuntimeError, match="heaviside"):
        step.sum().backward()
