"""The kernel of weighted sums along a dimension against its NumPy twin."""

import numpy as np
import pytest

from minigrad.kernels import taps
from minigrad.kernels.reference import taps as reference

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-13}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count, each", [(7, 2), (3, 4), (20, 1), (0, 2)])
@pytest.mark.parametrize("outer, size, inner", [(1, 5, 1), (6, 9, 1), (4, 5, 33), (0, 4, 2)])
def test_as_the_twin_and_the_same_bits_for_every_number_of_threads(
    outer, size, inner, count, each, dtype, rng
):
    x = rng.standard_normal((outer, size, inner)).astype(dtype)
    g = rng.standard_normal((outer, count, inner)).astype(dtype)
    table = rng.integers(0, size, (count, each)), rng.standard_normal((count, each)).astype(dtype)
    for name, given, like in (("taps_sum", x, g), ("taps_return", g, x)):
        results = []
        for kernel, threads in ((reference, 1), (taps, 1), (taps, 2), (taps, 3)):
            out = np.full_like(like, 7)
            getattr(kernel, name)(out, given, *table, outer, size, inner, threads)
            results.append(out)
        assert results[1].tobytes() == results[2].tobytes() == results[3].tobytes()
        np.testing.assert_allclose(results[1], results[0], atol=TOLERANCE[dtype])


def test_nan_and_infinity_go_where_they_are_summed():
    x = np.array([np.nan, np.inf, 1, 2], np.float32)
    places, weights = np.array([[0, 1], [1, 2], [2, 3]]), np.full((3, 2), 0.5, np.float32)
    out = np.zeros(3, np.float32)
    taps.taps_sum(out, x, places, weights, 1, 4, 1, 1)
    np.testing.assert_array_equal(out, np.array([np.nan, np.inf, 1.5], np.float32))
