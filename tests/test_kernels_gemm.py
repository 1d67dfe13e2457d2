"""Matrix product kernels against their NumPy twins: shapes, strides, dtypes, threads."""

import inspect
import itertools

import numpy as np
import pytest

from minigrad.kernels import gemm as kernels
from minigrad.kernels.reference import gemm as reference

SHAPES = [
    (1, 1, 1), (3, 5, 7), (64, 16, 16), (13, 300, 33), (12, 16, 32), (128, 200, 130),
    (25, 17, 600), (30, 600, 520), (1, 50, 70), (50, 70, 1), (5, 0, 4), (0, 3, 4), (250, 513, 40),
    (2, 1, 97), (13, 1100, 33),
]  # fmt: skip
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-13}


def matrix(rng, rows, columns, layout, dtype):
    """A rows x columns matrix that is contiguous, transposed, or every other row and column."""
    if layout == "transposed":
        return rng.standard_normal((columns, rows)).astype(dtype).T
    if layout == "strided":
        return rng.standard_normal((2 * rows, 3 * columns)).astype(dtype)[::2, ::3]
    return rng.standard_normal((rows, columns)).astype(dtype)


def close(a, b, depth):
    a, b = np.asarray(a), np.asarray(b)
    limit = TOLERANCE[b.dtype.type] * max(depth, 1) ** 0.5 * 4
    assert a.shape == b.shape
    assert np.abs(a - b).max(initial=0) <= limit


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_gemm(m, k, n, dtype):
    rng = np.random.default_rng(0)
    layouts = ("contiguous", "transposed", "strided")
    for left, right in itertools.product(layouts, layouts):
        a, b = matrix(rng, m, k, left, dtype), matrix(rng, k, n, right, dtype)
        bias = rng.standard_normal(n).astype(dtype)
        expected = np.empty((m, n), dtype)
        reference.gemm(expected, a, b, False, 1)
        seen = []
        for threads in (1, 2, 4):
            out = np.full((m, n), np.nan, dtype)
            kernels.gemm(out, a, b, False, threads)
            close(out, expected, k)
            with_bias = np.full((m, n), np.nan, dtype)
            kernels.addmm(with_bias, a, b, bias, threads)
            close(with_bias, expected + bias, k)
            kernels.gemm(with_bias, a, b, True, threads)
            close(with_bias, expected + bias + expected, k)
            seen.append((out.tobytes(), with_bias.tobytes()))
        assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("m", "k", "n"), [*SHAPES, (3, 4, 2100)])
def test_linear_infer(m, k, n, dtype):
    rng = np.random.default_rng(0)
    a, b = matrix(rng, m, k, "contiguous", dtype), matrix(rng, k, n, "transposed", dtype)
    coefficients = rng.standard_normal((3, n)).astype(dtype)
    for bias in (None, rng.standard_normal(n).astype(dtype)):
        for low in (0, -np.inf):
            expected = np.empty((m, n), dtype)
            reference.linear_infer(expected, a, b, bias, coefficients, low, 1)
            seen = []
            for threads in (1, 2, 4):
                out = np.full((m, n), np.nan, dtype)
                kernels.linear_infer(out, a, b, bias, coefficients, low, threads)
                close(out / 4, expected / 4, k)  # (scales are up to 4)
                seen.append(out.tobytes())
            assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [0, 1, 3, 10, 1001])
def test_bmm(batch, dtype):
    rng = np.random.default_rng(1)
    a = rng.standard_normal((batch, 17, 9)).astype(dtype)
    b = rng.standard_normal((batch, 21, 9)).astype(dtype).transpose(0, 2, 1)
    repeated = np.broadcast_to(rng.standard_normal((9, 21)).astype(dtype), (batch, 9, 21))
    for right in (b, repeated):
        expected = np.empty((batch, 17, 21), dtype)
        reference.bmm(expected, a, right, 1)
        seen = []
        for threads in (1, 2, 4):
            out = np.full((batch, 17, 21), np.nan, dtype)
            kernels.bmm(out, a, right, threads)
            close(out, expected, 9)
            seen.append(out.tobytes())
        assert len(set(seen)) == 1


def test_bits_do_not_depend_on_threads_in_large_products():
    rng = np.random.default_rng(2)
    a = rng.standard_normal((300, 700)).astype(np.float32)
    b = rng.standard_normal((1100, 700)).astype(np.float32).T
    seen = []
    for threads in (1, 2, 3, 4, 6):
        out = np.empty((300, 1100), np.float32)
        kernels.gemm(out, a, b, False, threads)
        seen.append(out.tobytes())
    assert len(set(seen)) == 1
    close(out, a @ b, 700)


def test_nothing_is_written_outside_the_result():
    rng = np.random.default_rng(3)
    for m, n in itertools.product((1, 5, 13, 25), (1, 7, 16, 31, 33)):
        whole = np.full(m * n + 64, 7, np.float32)
        out = whole[32 : 32 + m * n].reshape(m, n)
        a, b = matrix(rng, m, 11, "", np.float32), matrix(rng, 11, n, "", np.float32)
        kernels.gemm(out, a, b, False, 2)
        close(out, a @ b, 11)
        assert (whole[:32] == 7).all()
        assert (whole[32 + m * n :] == 7).all()


def test_nan_and_infinity_stay_in_their_row_and_column():
    a = np.ones((13, 20), np.float32)
    b = np.ones((20, 37), np.float32)
    a[4, 3] = np.nan
    b[5, 33] = np.inf
    out = np.empty((13, 37), np.float32)
    kernels.gemm(out, a, b, False, 1)
    expected = np.full((13, 37), 20, np.float32)
    expected[:, 33] = np.inf
    expected[4] = np.nan
    np.testing.assert_array_equal(out, expected)


def test_signatures_are_the_twins():
    for name, twin in vars(reference).items():
        if inspect.isfunction(twin) and not name.startswith("_"):
            compiled = getattr(kernels, name)
            assert list(inspect.signature(compiled).parameters) == list(
                inspect.signature(twin).parameters
            )
