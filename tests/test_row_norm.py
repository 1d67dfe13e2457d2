"""Gradients of layer and group norm, of any order."""

import pytest

import minigrad
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.nn import functional as F


@pytest.mark.parametrize("vectors", [(), ("weight",), ("bias",), ("weight", "bias")])
@pytest.mark.parametrize("name", ["layer", "layer of two dimensions", "group", "group of pixels"])
def test_gradients(name, vectors):
    minigrad.manual_seed(0)
    shape = (3, 4, 2) if "layer" in name else (2, 4) if name == "group" else (2, 4, 3)
    features = shape[-2:] if "two" in name else shape[-1:] if "layer" in name else (4,)
    x = minigrad.randn(shape, dtype=minigrad.float64, requires_grad=True)
    given = [minigrad.randn(features, dtype=x.dtype, requires_grad=True) for _ in vectors]

    def function(x, *given):
        arguments = dict(zip(vectors, given, strict=True))
        if "layer" in name:
            return F.layer_norm(x, features, **arguments).sin()
        return F.group_norm(x, 2, **arguments).sin()

    assert gradcheck(function, (x, *given))
    assert gradgradcheck(function, (x, *given))


def test_rows_far_from_0_keep_their_digits():
    x = minigrad.tensor([[0.0, 1.0, 2.0, 3.0]])
    expected = F.layer_norm(x, (4,))
    assert (F.layer_norm(x + 65536.0, (4,)) - expected).abs().max() < 1e-6
    assert (F.group_norm(x + 65536.0, 1) - expected).abs().max() < 1e-6


def test_strides_do_not_matter():
    x = minigrad.randn(6, 5, requires_grad=True)
    F.layer_norm(x.t(), (6,)).pow(3).sum().backward()
    turned = x.detach().t().contiguous().requires_grad_()
    F.layer_norm(turned, (6,)).pow(3).sum().backward()
    assert minigrad.equal(x.grad, turned.grad.t())
