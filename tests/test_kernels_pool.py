"""Pooling kernels against their NumPy twins: windows, dtypes, threads, NaN."""

import inspect

import numpy as np
import pytest

from minigrad.kernels import pool
from minigrad.kernels.reference import pool as reference

# height, width, kernel, stride, padding, dilation, results
SLIDING = [
    (28, 28, (2, 2), (2, 2), (0, 0), (1, 1), (14, 14)),
    (9, 7, (2, 2), (2, 2), (0, 0), (1, 1), (4, 3)),
    (9, 7, (2, 2), (2, 2), (0, 0), (1, 1), (5, 4)),  # ceil_mode
    (6, 47, (2, 2), (2, 2), (0, 0), (1, 1), (3, 23)),  # a vector and a part of one
    (9, 11, (3, 2), (1, 3), (1, 1), (1, 1), (9, 4)),
    (9, 11, (3, 2), (2, 1), (1, 1), (2, 3), (4, 10)),
    (1, 30, (1, 4), (1, 3), (0, 2), (1, 1), (1, 11)),
]


def planes(dtype, *shape, seed=0):
    return np.random.default_rng(seed).standard_normal((2, 3, *shape)).astype(dtype)


def same_bits(run, *likes):
    """Run with 1, 2 and 4 threads into fresh arrays; return the results, equal bit for bit."""
    seen = []
    for threads in (1, 2, 4):
        results = [np.full_like(like, 7) for like in likes]
        run(*results, threads)
        seen.append([result.tobytes() for result in results])
    assert seen[0] == seen[1] == seen[2]
    return results


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", SLIDING)
def test_max(case, dtype):
    height, width, kernel, stride, pad, dil, out = case
    x = planes(dtype, height, width).round(1)  # with ties
    x[0, 0, height // 2, 1:4] = np.nan
    x[1, 2] = -np.inf
    options = (*kernel, *stride, *pad, *dil)
    y, indices = planes(dtype, *out), np.zeros((2, 3, *out), np.int32)
    reference.max_pool2d_forward(y, indices, x, *options, 1)
    got = same_bits(lambda a, b, n: pool.max_pool2d_forward(a, b, x, *options, n), y, indices)
    np.testing.assert_array_equal(got[0], y)
    np.testing.assert_array_equal(got[1], indices)
    (alone,) = same_bits(lambda a, n: pool.max_pool2d_forward(a, None, x, *options, n), y)
    np.testing.assert_array_equal(alone, y)

    dy, dx, back = planes(dtype, *out, seed=1), np.empty_like(x), np.empty_like(y)
    reference.max_pool2d_backward(dx, dy, indices, 1)
    (got_dx,) = same_bits(lambda a, n: pool.max_pool2d_backward(a, dy, indices, n), x)
    np.testing.assert_allclose(got_dx, dx, rtol=1e-6)
    reference.max_pool2d_gather(back, x, indices, 1)
    (got_back,) = same_bits(lambda a, n: pool.max_pool2d_gather(a, x, indices, n), y)
    np.testing.assert_array_equal(got_back, back)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("include", [True, False])
@pytest.mark.parametrize("divisor", [0, 5])
@pytest.mark.parametrize("case", [case for case in SLIDING if case[5] == (1, 1)])
def test_average(case, divisor, include, dtype):
    height, width, kernel, stride, pad, _, out = case
    options = (*kernel, *stride, *pad, include, divisor)
    x, y, dy = planes(dtype, height, width), planes(dtype, *out), planes(dtype, *out, seed=1)
    dx = np.empty_like(x)
    reference.avg_pool2d_forward(y, x, *options, 1)
    reference.avg_pool2d_backward(dx, dy, *options, 1)
    (got_y,) = same_bits(lambda a, n: pool.avg_pool2d_forward(a, x, *options, n), y)
    (got_dx,) = same_bits(lambda a, n: pool.avg_pool2d_backward(a, dy, *options, n), x)
    np.testing.assert_allclose(got_y, y, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got_dx, dx, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("out", [(1, 1), (3, 2), (7, 5), (14, 14), (2, 20)])
def test_adaptive_average(out, dtype):
    x, y, dy = planes(dtype, 14, 10), planes(dtype, *out), planes(dtype, *out, seed=1)
    dx = np.empty_like(x)
    reference.adaptive_avg_pool2d_forward(y, x, 1)
    reference.adaptive_avg_pool2d_backward(dx, dy, 1)
    (got_y,) = same_bits(lambda a, n: pool.adaptive_avg_pool2d_forward(a, x, n), y)
    (got_dx,) = same_bits(lambda a, n: pool.adaptive_avg_pool2d_backward(a, dy, n), x)
    np.testing.assert_allclose(got_y, y, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got_dx, dx, rtol=1e-5, atol=1e-6)


def test_signatures_are_the_twins():
    for name, twin in vars(reference).items():
        if inspect.isfunction(twin) and not name.startswith("_"):
            compiled = getattr(pool, name)
            assert list(inspect.signature(compiled).parameters) == list(
                inspect.signature(twin).parameters
            )
