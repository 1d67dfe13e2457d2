"""softmax, log_softmax and softmin: values, gradients, dims, dtypes, errors."""

import numpy as np
import pytest
from support import FLOATS, assert_close, check_gradients, compare_with_torch, layouts

import minigrad
from minigrad.nn import functional as F

NAMES = ["softmax", "log_softmax", "softmin"]


def composed(name, x, dim):
    if name == "softmin":
        x = -x
    e = np.exp(x - x.max(dim, keepdims=True))
    y = e / e.sum(dim, keepdims=True)
    return np.log(y) if name == "log_softmax" else y


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("dim", [0, 1, 2, -1])
@pytest.mark.parametrize("name", NAMES)
def test_values(name, dim, dtype, rng):
    x = rng.standard_normal((3, 4, 5)).astype(dtype)
    expected = composed(name, x.astype(np.float64), dim).astype(dtype)
    for layout, array in layouts(x).items():
        got = getattr(F, name)(minigrad.from_numpy(array), dim)
        assert_close(got, expected, what=layout)


@pytest.mark.parametrize("dim", [0, 1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_gradients(name, dim, rng):
    check_gradients(lambda x: getattr(F, name)(x, dim), rng.standard_normal((2, 3, 2)))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_as_torch(torch, name, dtype, rng):
    for shape, dim in (((7, 10), 1), ((3, 5, 6), 1), ((2, 40), 0), ((5,), 0), ((0, 3), 1)):
        compare_with_torch(
            torch,
            lambda lib, x, d=dim: getattr(lib.nn.functional, name)(x, dim=d),
            [rng.standard_normal(shape).astype(dtype)],
            double=dtype == "float64",
            atol=5e-3 if dtype == "float16" else None,
        )


def test_is_a_function_and_a_method():
    x = minigrad.tensor([[1.0, 2.0]])
    assert_close(x.softmax(1), minigrad.softmax(x, dim=1))
    assert_close(x.log_softmax(-1), minigrad.log_softmax(x, -1))
    assert x.requires_grad_().softmax(1).grad_fn.name() == "SoftmaxBackward0"


def test_of_a_scalar_and_of_nothing():
    assert minigrad.softmax(minigrad.tensor(3.0), 0).item() == 1
    assert minigrad.softmax(minigrad.zeros(2, 0), 1).shape == (2, 0)
    assert minigrad.softmax(minigrad.zeros(0, 2), 1).shape == (0, 2)


def test_large_numbers_and_large_offsets():
    x = minigrad.tensor([1e30, 0.0, -1e30])
    assert minigrad.softmax(x, 0).tolist() == [1, 0, 0]
    assert minigrad.log_softmax(x, 0).tolist() == pytest.approx([0, -1e30, -2e30])
    x = minigrad.tensor([[0.0, 1.0, 2.0]])
    assert (minigrad.softmax(x, 1) == minigrad.softmax(x + 65536.0, 1)).all()


def test_dtype_converts_first():
    x = minigrad.tensor([1, 2, 3])
    assert minigrad.softmax(x, 0, dtype=minigrad.float64).dtype == minigrad.float64
    with pytest.raises(NotImplementedError, match="floating point"):
        minigrad.softmax(x, 0)


def test_dim_errors_and_the_implicit_dim():
    x = minigrad.zeros(2, 3)
    with pytest.raises(IndexError, match="Dimension out of range"):
        minigrad.softmax(x, 2)
    with pytest.warns(UserWarning, match="Implicit dimension choice"):
        y = F.softmax(x)
    assert_close(y, F.softmax(x, 1))
