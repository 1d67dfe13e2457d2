"""The kernel of topk against its NumPy twin, and topk against sorting."""

import numpy as np
import pytest

import minigrad
from minigrad.kernels import top
from minigrad.kernels.reference import top as reference


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize(
    "rows, n, k", [(9, 50, 5), (1, 1, 1), (3, 8, 8), (4, 6, 0), (0, 3, 2), (0, 0, 0)]
)
def test_as_the_twin_and_the_same_for_every_number_of_threads(rows, n, k, largest, dtype, rng):
    x = rng.integers(0, 9, (rows, n)).astype(dtype)  # with equals, which keep their order
    x[rng.random(x.shape) < 0.1] = np.nan
    x[rng.random(x.shape) < 0.1] = np.inf
    x[rng.random(x.shape) < 0.1] = -np.inf
    expected = np.full((rows, k), 7)
    reference.top_indices(expected, x, largest, rows, n, k, 1)
    for threads in (1, 2, 3):
        found = np.full((rows, k), 7)
        top.top_indices(found, x, largest, rows, n, k, threads)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("k", [0, 3, 70])  # the last is sorted
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_topk_is_the_beginning_of_the_sorted(k, dim):
    minigrad.manual_seed(0)
    x = minigrad.randn(80, 90, 2)[..., :1]
    if x.shape[dim] < k:
        pytest.skip("too few")
    for largest in (True, False):
        values, indices = x.topk(k, dim, largest)
        ordered, places = x.sort(dim, largest)
        assert minigrad.equal(values, ordered.narrow(dim, 0, k))
        assert minigrad.equal(indices, places.narrow(dim, 0, k))


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("rows, n", [(9, 50), (1, 1), (3, 0), (0, 3)])
def test_keys_are_as_the_twin_and_order_as_numbers(rows, n, descending, rng):
    x = rng.choice(np.float32([-np.inf, -2.5, -0.0, 0.0, 1e-45, 1, 3, np.inf, np.nan]), (rows, n))
    expected = np.zeros((rows, n), np.uint64)
    reference.order_keys(expected, x, descending, rows, n, 1)
    for threads in (1, 2, 3):
        keys = np.ones((rows, n), np.uint64)
        top.order_keys(keys, x, descending, rows, n, threads)
        np.testing.assert_array_equal(keys, expected)
    places = np.sort(keys, 1) & 0xFFFFFFFF
    by_places = np.empty((rows, n), np.int64)
    reference.top_indices(by_places, x, descending, rows, n, n, 1)
    np.testing.assert_array_equal(places, by_places)
