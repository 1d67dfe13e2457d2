"""The softmax and cross-entropy kernels against their NumPy twins."""

import inspect
import itertools

import numpy as np
import pytest

from minigrad.kernels import cross_entropy, softmax
from minigrad.kernels.cross_entropy import Reduced
from minigrad.kernels.reference import cross_entropy as cross_entropy_reference
from minigrad.kernels.reference import softmax as softmax_reference

FLOATS = [np.float32, np.float64]
SIZES = [
    (1, 10, 1),
    (64, 10, 1),
    (3, 5, 7),
    (2, 10, 600),
    (5, 1000, 1),
    (2, 700, 3),
    (3000, 33, 1),
    (40, 100, 1),
    (7, 250, 1),
    (5, 257, 1),
    (1, 1, 1),
    (0, 5, 1),
    (2, 4, 0),
    (1, 40000, 1),
]
TOLERANCE = {np.float32: {"rtol": 2e-6, "atol": 2e-6}, np.float64: {"rtol": 1e-11, "atol": 1e-12}}


def same_bits(run, *likes):
    """Run with 1, 2 and 3 threads into fresh arrays; return the results, equal bit for bit."""
    seen = []
    for threads in (1, 2, 3):
        results = [np.full_like(like, 7) for like in likes]
        run(*results, threads)
        seen.append([result.tobytes() for result in results])
    assert seen[0] == seen[1] == seen[2]
    return results


@pytest.mark.parametrize(
    "name",
    [
        "softmax_forward",
        "softmax_backward",
        "logsumexp",
        "cross_entropy_forward",
        "cross_entropy_backward",
        "nll_forward",
        "nll_backward",
    ],
)
def test_twin_has_the_same_signature(name):
    pairs = [(softmax, softmax_reference), (cross_entropy, cross_entropy_reference)]
    (pair,) = [p for p in pairs if hasattr(p[0], name)]
    ours, twin = (list(inspect.signature(getattr(m, name)).parameters) for m in pair)
    assert ours == twin


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("offset", [0, 1e4])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_softmax(sizes, offset, dtype, rng):
    x = (3 * rng.standard_normal(sizes) + offset).astype(dtype)
    g = rng.standard_normal(sizes).astype(dtype)
    wide, y = x.astype(np.float64), np.empty(sizes)
    dx = np.empty(sizes)

    def forward(out, n):
        return softmax.softmax_forward(out, x, log, *sizes, n)

    def backward(out, n):
        return softmax.softmax_backward(out, g, saved, log, *sizes, n)

    for log in (False, True):
        softmax_reference.softmax_forward(y, wide, log, *sizes, 1)
        (got,) = same_bits(forward, x)
        np.testing.assert_allclose(got, y, **TOLERANCE[dtype])
        saved = y.astype(dtype)
        softmax_reference.softmax_backward(
            dx, g.astype(np.float64), saved.astype(np.float64), log, *sizes, 1
        )
        (got,) = same_bits(backward, x)
        np.testing.assert_allclose(got, dx, rtol=1e-5, atol=1e-5 if dtype == np.float32 else 1e-9)
    total = np.empty((sizes[0], sizes[2]))
    softmax_reference.logsumexp(total, wide, *sizes, 1)
    (got,) = same_bits(lambda out, n: softmax.logsumexp(out, x, *sizes, n), total.astype(dtype))
    np.testing.assert_allclose(got, total, **TOLERANCE[dtype])


@pytest.mark.parametrize("inner", [1, 5])
@pytest.mark.parametrize("n", [4, 50, 300])
def test_softmax_of_special_values(inner, n):
    x = np.zeros((6, n, inner), np.float32)
    x[1, 0], x[2, 0], x[3], x[4, 0], x[5] = np.inf, np.nan, -np.inf, -np.inf, 1e38
    expected, out = np.empty((6, inner), np.float32), np.empty((6, inner), np.float32)
    softmax_reference.logsumexp(expected, x, 6, n, inner, 1)
    softmax.logsumexp(out, x, 6, n, inner, 1)
    np.testing.assert_allclose(out, expected, rtol=1e-6)
    y = np.empty_like(x)
    softmax.softmax_forward(y, x, False, 6, n, inner, 1)
    assert np.isnan(y[1:4]).all()  # as torch: inf - inf
    np.testing.assert_allclose(y[0], 1 / n, rtol=1e-6)
    np.testing.assert_allclose(y[4, 1:], 1 / (n - 1), rtol=1e-6)
    assert (y[4, 0] == 0).all()
    np.testing.assert_allclose(y[5], 1 / n, rtol=1e-6)


def run_losses(kernel, dtype, x, target, weight, ignore_index, smoothing, reduction, sizes, n):
    """Every output of the four functions of ``kernel`` (compiled or twin)."""
    outer, _, inner = sizes
    loss = np.full((outer, inner) if reduction == Reduced.NONE else (), 7, dtype)
    total, stats = np.full((), 7, dtype), np.full((2, outer, inner), 7, dtype)
    dx = np.full_like(x, 7)
    g = np.linspace(1, 2, loss.size).reshape(loss.shape).astype(dtype)
    rule = (target, weight, ignore_index)
    kernel.cross_entropy_forward(loss, total, stats, x, *rule, smoothing, reduction, *sizes, n)
    kernel.cross_entropy_backward(dx, g, total, stats, x, *rule, smoothing, reduction, *sizes, n)
    nll, nll_total, dlog = np.full_like(loss, 7), np.full_like(total, 7), np.full_like(x, 7)
    kernel.nll_forward(nll, nll_total, x, *rule, reduction, *sizes, n)
    kernel.nll_backward(dlog, g, nll_total, *rule, reduction, *sizes, n)
    return loss, total, stats, dx, nll, nll_total, dlog


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("offset", [0, 1e4])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_cross_entropy(sizes, offset, dtype, rng):
    x = (3 * rng.standard_normal(sizes) + offset).astype(dtype)
    target = rng.integers(0, sizes[1], (sizes[0], sizes[2]))
    weights = (None, (rng.random(sizes[1]) + 0.1).astype(dtype))
    for ignore, weight, smoothing, reduction in itertools.product(
        (-100, 0), weights, (0, 0.1), Reduced
    ):
        arguments = (dtype, x, target, weight, ignore, smoothing, reduction, sizes)
        expected = run_losses(cross_entropy_reference, *arguments, 1)
        results = [run_losses(cross_entropy, *arguments, n) for n in (1, 3)]
        for one, three, twin in zip(*results, expected, strict=True):
            np.testing.assert_allclose(one, twin, rtol=1e-5, atol=1e-5)
            assert one.tobytes() == three.tobytes()


def test_logits_of_a_large_offset_keep_their_gradient(rng):
    x = rng.standard_normal((8, 10)).astype(np.float32)
    target = rng.integers(0, 10, 8)
    found = []
    for offset in (0, 2.0**17):
        x = ((x + offset) - offset).astype(np.float32)  # the same numbers once rounded
    for offset in (0, 2.0**17):
        found.append(
            run_losses(
                cross_entropy,
                np.float32,
                x + np.float32(offset),
                target,
                None,
                -100,
                0,
                Reduced.MEAN,
                (8, 10, 1),
                1,
            )
        )
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][3], found[1][3])


def test_ignored_samples_get_zero_whatever_their_logits():
    x = np.full((3, 4), np.nan, np.float32)
    x[0] = 1
    results = run_losses(
        cross_entropy, np.float32, x, np.array([2, 9, 9]), None, 9, 0, Reduced.MEAN, (3, 4, 1), 1
    )
    assert np.isfinite(results[0])
    assert (results[3][1:] == 0).all()


@pytest.mark.parametrize("bad", [4, -1])
def test_target_out_of_bounds(bad):
    x, target = np.zeros((2, 4), np.float32), np.array([0, bad])
    with pytest.raises(IndexError, match=f"Target {bad} is out of bounds"):
        run_losses(cross_entropy, np.float32, x, target, None, -100, 0, Reduced.SUM, (2, 4, 1), 1)
