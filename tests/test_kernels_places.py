"""The kernels that take, write and add at places against their NumPy twins."""

import numpy as np
import pytest

from minigrad.kernels import places
from minigrad.kernels.reference import places as reference

SIZES = [  # (outer, size, count, inner)
    (1, 5, 7, 1),
    (1, 30, 50, 64),
    (6, 5, 3, 1),
    (4, 9, 20, 3),
    (3, 1, 4, 2),
    (0, 5, 3, 2),
    (2, 4, 0, 3),
    (2, 4, 3, 0),
]
KINDS = [np.float32, np.float64, np.float16, np.uint8, np.bool_, np.int32, np.int64]


def run(name, start, values, index, sizes):
    """Return what the kernel makes of ``start`` with 1, 2 and 3 threads, equal bit for bit."""
    results = []
    for threads in (1, 2, 3):
        out = start.copy()
        getattr(places, name)(out, values, index, *sizes, threads)
        results.append(out)
    assert all(r.tobytes() == results[0].tobytes() for r in results)
    expected = start.copy()
    getattr(reference, name)(expected, values, index, *sizes, 1)
    return results[0], expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_what_is_moved(sizes, kind, rng):
    outer, size, count, inner = sizes
    x = (10 * rng.standard_normal((outer, size, inner))).astype(kind)
    values = (10 * rng.standard_normal((outer, count, inner))).astype(kind)
    index = rng.integers(0, size, values.shape)
    for name, start, given, at in (
        ("take_items", np.zeros_like(values), x, index),
        ("put_items", x, values, index),
        ("take_rows", np.zeros_like(values), x, rng.integers(0, size, count)),
    ):
        np.testing.assert_array_equal(*run(name, start, given, at, sizes))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_what_is_added_at_a_place_comes_in_the_order_of_the_index(sizes, kind, rng):
    outer, size, count, inner = sizes
    x = rng.standard_normal((outer, size, inner)).astype(kind)
    values = rng.standard_normal((outer, count, inner)).astype(kind)
    index = rng.integers(0, size, values.shape)
    np.testing.assert_array_equal(*run("add_items", x, values, index, sizes))
    rows = rng.integers(0, size, count)
    np.testing.assert_array_equal(*run("add_rows", x, values, rows, sizes))


def test_the_first_index_that_is_outside():
    index = np.array([0, 4, 5, -1])
    for module in (places, reference):
        assert module.first_outside(index, -1, 6) == -1
        assert module.first_outside(index, 0, 6) == 3
        assert module.first_outside(index, 0, 5) == 2
        assert module.first_outside(index[:0], 0, 0) == -1


def test_nan_and_infinity_pass():
    x = np.array([np.nan, np.inf, 1], np.float32)
    out = np.zeros(3, np.float32)
    places.add_rows(out, x, np.array([0, 1, 1]), 1, 3, 3, 1, 1)
    np.testing.assert_array_equal(out, np.array([np.nan, np.inf, 0], np.float32))
