"""Running sums and products: the kernel against its NumPy twin, gradients of any order, zeros."""

import numpy as np
import pytest

import minigrad
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.kernels import scan
from minigrad.kernels.reduce import Reduction
from minigrad.kernels.reference import scan as reference

SIZES = [(1, 5, 1), (40, 9, 1), (3, 6, 50), (2, 1, 3), (0, 3, 1), (3, 0, 2), (17, 4, 2)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", [Reduction.SUM, Reduction.PROD])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_as_the_twin_and_the_same_bits_for_every_number_of_threads(
    sizes, backwards, op, dtype, rng
):
    x = rng.standard_normal(sizes).astype(dtype)
    expected = np.full_like(x, 7)
    reference.scan(op, expected, x, backwards, *sizes, 1)
    for threads in (1, 2, 3):
        out = np.full_like(x, 7)
        scan.scan(op, out, x, backwards, *sizes, threads)
        assert out.tobytes() == expected.tobytes()


def test_nan_and_infinity_stay_from_where_they_are():
    x = minigrad.tensor([1.0, minigrad.inf, 2.0, minigrad.nan, 3.0])
    assert minigrad.isfinite(x.cumsum(0)).tolist() == [True, False, False, False, False]
    assert minigrad.isnan(x.cumprod(0)).tolist() == [False, False, False, True, True]


@pytest.mark.parametrize("zeros", [0, 1, 2])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.cumsum(0),
        lambda x: x.cumprod(1),
        lambda x: x.prod(),
        lambda x: x.prod(0, keepdim=True),
    ],
)
def test_gradients(function, zeros):
    x = minigrad.tensor([[1.5, -2.0, 0.5], [3.0, 1.25, -1.0]], dtype=minigrad.float64)
    for k in range(zeros):
        x[k, k] = 0.0
    x.requires_grad_()
    assert gradcheck(lambda x: function(x).sin(), (x,))
    assert gradgradcheck(lambda x: function(x).sin(), (x,))


def test_the_gradient_of_a_long_product_does_not_take_an_op_for_each_factor():
    x = minigrad.full((100_000,), 1.00001, dtype=minigrad.float64, requires_grad=True)
    x.prod().backward()
    assert minigrad.allclose(x.grad, x.detach().prod() / x.detach())


def test_integers_and_halves():
    assert minigrad.tensor([1, 2, 3]).cumprod(0).tolist() == [1, 2, 6]
    assert minigrad.tensor([True, True]).cumsum(0).tolist() == [1, 2]
    half = minigrad.ones(3000, dtype=minigrad.float16)
    assert half.cumsum(0)[-1] == 3000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_running_extremes(sizes, largest, dtype, rng):
    x = rng.integers(0, 5, sizes).astype(dtype)
    x[rng.random(sizes) < 0.05] = np.nan
    expected = np.full(sizes, 7)
    reference.scan_extremes(expected, x, largest, *sizes, 1)
    for threads in (1, 2, 3):
        places = np.full(sizes, 7)
        scan.scan_extremes(places, x, largest, *sizes, threads)
        np.testing.assert_array_equal(places, expected)
