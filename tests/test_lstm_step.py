"""The kernel of an LSTM's step against its NumPy twin, and its gradients of any order."""

import numpy as np
import pytest

import minigrad
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.kernels import lstm
from minigrad.kernels.reference import lstm as reference
from minigrad.ops.lstm import lstm_step

TOLERANCE = {np.float32: 2e-6, np.float64: 1e-13}


def run(kernel, sums, before, gh, gc, threads):
    h, c, dbefore = (np.full_like(before, 7) for _ in range(3))
    gates, dsums = np.full_like(sums, 7), np.full_like(sums, 7)
    kernel.lstm_forward(h, c, gates, sums, before, threads)
    kernel.lstm_backward(dsums, dbefore, gh, gc, gates, before, threads)
    return h, c, gates, dsums, dbefore


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("given", ["h", "c", "hc"])
@pytest.mark.parametrize("rows, size", [(5, 64), (1, 1), (3, 17), (0, 4), (4, 0)])
def test_as_the_twin_and_the_same_bits_for_every_number_of_threads(rows, size, given, dtype, rng):
    sums = (3 * rng.standard_normal((rows, 4 * size))).astype(dtype)
    before, gh, gc = (rng.standard_normal((rows, size)).astype(dtype) for _ in range(3))
    gradients = gh if "h" in given else None, gc if "c" in given else None
    found = [run(lstm, sums, before, *gradients, threads) for threads in (1, 2, 3)]
    twin = run(reference, sums, before, *gradients, 1)
    for one, two, three, expected in zip(*found, twin, strict=True):
        assert one.tobytes() == two.tobytes() == three.tobytes()
        np.testing.assert_allclose(one, expected, atol=TOLERANCE[dtype], rtol=4 * TOLERANCE[dtype])


def test_nan_and_infinity():
    sums, before = np.zeros((3, 4), np.float32), np.ones((3, 1), np.float32)
    sums[0, 0], sums[1] = np.nan, [np.inf, -np.inf, np.inf, np.inf]
    h, c, *_ = run(lstm, sums, before, before, before, 1)
    assert np.isnan(h[0, 0]) and c[1, 0] == 1 and np.isfinite(h[2, 0])


@pytest.mark.parametrize("used", [(0,), (1,), (0, 1)])
def test_gradients(used):
    minigrad.manual_seed(0)
    sums = minigrad.randn(3, 8, dtype=minigrad.float64, requires_grad=True)
    before = minigrad.randn(3, 2, dtype=minigrad.float64, requires_grad=True)

    def function(sums, before):
        state = lstm_step(sums, before)
        return sum(state[k].sin() for k in used)

    assert gradcheck(function, (sums, before))
    assert gradgradcheck(function, (sums, before))


def test_half_precision_is_computed_in_single():
    layer = minigrad.nn.LSTM(3, 4)
    x = minigrad.randn(5, 2, 3)
    expected = layer(x)[0]
    out, (_, c) = layer.half()(x.half())
    assert out.dtype is c.dtype is minigrad.float16
    assert (out.float() - expected).abs().max() < 5e-3
