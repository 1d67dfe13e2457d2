"""The kernel of layer and group norm against its NumPy twin."""

import numpy as np
import pytest

from minigrad.kernels import row_norm
from minigrad.kernels.reference import row_norm as reference

SIZES = [  # samples, groups, channels, inner
    (5, 1, 64, 1),
    (200, 1, 7, 1),
    (3, 1, 1000, 1),
    (70, 4, 8, 1),
    (9, 3, 2, 35),
    (2, 2, 3, 1),
    (1, 1, 1, 1),
    (0, 1, 4, 1),
    (3, 1, 0, 1),
    (130, 1, 33, 1),
    (6, 1, 63, 1),
]
RTOL = {np.float32: 2e-5, np.float64: 1e-11}


def run(kernel, x, g, weight, bias, sizes, threads, with_dx=True, with_vectors=True):
    samples, groups, channels, _ = sizes
    out, dx = np.full_like(x, 7), np.full_like(x, 7) if with_dx else None
    mean, invstd = np.full(2 * samples * groups, 7.0), np.full(samples * groups, 7.0)
    vectors = [np.full(groups * channels, 7, x.dtype) if with_vectors else None for _ in range(2)]
    kernel.row_norm_forward(out, mean, invstd, x, weight, bias, 1e-5, *sizes, threads)
    kernel.row_norm_backward(dx, *vectors, g, x, weight, mean, invstd, *sizes, threads)
    return [a for a in (out, mean[: samples * groups], invstd, dx, *vectors) if a is not None]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("affine", ["", "weight", "weight and bias"])
@pytest.mark.parametrize("offset", [0, 1e4])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_as_the_twin_and_the_same_bits_for_every_number_of_threads(
    sizes, offset, affine, dtype, rng
):
    shape, width = sizes, sizes[1] * sizes[2]
    x = (rng.standard_normal(shape) + offset).astype(dtype)
    g = rng.standard_normal(shape).astype(dtype)
    weight = rng.standard_normal(width).astype(dtype) if affine else None
    bias = rng.standard_normal(width).astype(dtype) if "bias" in affine else None
    for wanted in ((True, True), (True, False), (False, True)):
        found = [run(row_norm, x, g, weight, bias, sizes, n, *wanted) for n in (1, 2, 3)]
        twin = run(reference, x, g, weight, bias, sizes, 1, *wanted)
        for one, two, three, expected in zip(*found, twin, strict=True):
            assert one.tobytes() == two.tobytes() == three.tobytes()
            np.testing.assert_allclose(one, expected, rtol=RTOL[dtype], atol=100 * RTOL[dtype])


def test_nan_and_infinity_stay_in_their_row():
    x = np.ones((4, 20), np.float32)
    x[1, 3], x[2, 3] = np.nan, np.inf
    x[3] = np.arange(20)
    (out, *_) = run(row_norm, x, np.ones_like(x), None, None, (4, 1, 20, 1), 1)
    assert np.isnan(out[1:3]).all() and (out[0] == 0).all() and np.isfinite(out[3]).all()
