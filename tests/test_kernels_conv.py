"""Convolution kernels against their NumPy twins: shapes, strides, dtypes, threads."""

import concurrent.futures
import ctypes
import inspect
import mmap
import multiprocessing
import sys

import numpy as np
import pytest

from minigrad.kernels import batch_norm, conv, conv_input, conv_weight
from minigrad.kernels.reference import batch_norm as reference_norm
from minigrad.kernels.reference import conv as reference
from minigrad.kernels.reference import conv_input as reference_input
from minigrad.kernels.reference import conv_weight as reference_weight

# samples, in channels, height, width, out channels, kernel, stride, padding, dilation, groups
CASES = [
    (2, 1, 28, 28, 16, (5, 5), (1, 1), (2, 2), (1, 1), 1),
    (3, 3, 9, 11, 5, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 4, 9, 11, 6, (3, 2), (2, 1), (1, 0), (1, 1), 2),
    (2, 4, 9, 21, 6, (3, 3), (2, 3), (2, 1), (1, 2), 1),
    (1, 1, 1, 50, 3, (1, 5), (1, 2), (0, 4), (1, 1), 1),
    (2, 6, 8, 8, 6, (3, 3), (1, 1), (1, 1), (1, 1), 6),
    (2, 5, 7, 7, 33, (1, 1), (1, 1), (0, 0), (1, 1), 1),
    (2, 5, 7, 7, 9, (1, 1), (3, 3), (2, 2), (1, 1), 1),
    (35, 4, 6, 6, 5, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 64, 8, 8, 40, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (1, 40, 64, 64, 3, (3, 3), (1, 1), (1, 1), (2, 2), 1),
    (2, 24, 9, 9, 40, (3, 3), (2, 2), (1, 1), (1, 1), 1),
    (2, 34, 9, 9, 40, (3, 3), (1, 2), (1, 1), (1, 1), 2),
    (2, 3, 5, 5, 4, (5, 5), (1, 1), (0, 0), (1, 1), 1),
    (1, 2, 6, 5, 3, (2, 2), (3, 3), (0, 0), (3, 2), 1),
    (2, 3, 8, 16, 25, (3, 3), (1, 1), (4, 4), (1, 1), 1),
    (0, 2, 5, 5, 3, (3, 3), (1, 1), (0, 0), (1, 1), 1),
    # Widths that fill vectors badly: two rows share one, with many channels and with few.
    (2, 3, 14, 14, 8, (5, 5), (1, 1), (0, 0), (1, 1), 1),
    (2, 3, 12, 9, 12, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 2, 7, 19, 24, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (3, 2, 5, 3, 7, (2, 2), (1, 1), (1, 1), (1, 1), 1),
    (1, 4, 20, 81, 8, (3, 3), (1, 1), (1, 1), (1, 32), 1),
    (1, 4, 20, 17, 8, (3, 3), (1, 1), (1, 40), (1, 40), 1),
    (1, 32, 40, 70, 36, (3, 3), (1, 1), (1, 1), (1, 1), 2),
    # Rows of results for which some kernel rows, or all, read nothing but padding.
    (2, 40, 5, 6, 48, (5, 3), (1, 1), (4, 1), (1, 1), 1),
    (2, 40, 5, 6, 48, (3, 3), (1, 1), (6, 3), (1, 1), 1),
    (2, 48, 7, 6, 64, (3, 3), (2, 1), (3, 1), (2, 1), 2),
    (1, 32, 2, 8, 64, (7, 3), (3, 2), (5, 1), (1, 1), 1),
    (2, 6, 12, 14, 6, (5, 5), (1, 1), (4, 4), (2, 1), 1),
    # Columns of results for which some kernel columns, or all, read nothing but padding.
    (2, 34, 6, 5, 48, (3, 5), (1, 1), (1, 4), (1, 1), 1),
    (2, 40, 5, 6, 48, (3, 3), (1, 1), (0, 7), (1, 2), 1),
    (2, 48, 6, 7, 64, (3, 3), (1, 2), (0, 3), (1, 2), 2),
    (1, 32, 9, 14, 40, (1, 7), (1, 3), (0, 5), (1, 1), 1),
    (2, 36, 4, 1, 40, (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (2, 40, 6, 6, 40, (1, 1), (1, 1), (1, 1), (1, 1), 1),
    (2, 40, 6, 6, 40, (2, 2), (1, 1), (1, 1), (1, 1), 1),
    (2, 40, 5, 13, 40, (2, 3), (1, 1), (0, 1), (1, 2), 1),
    (1, 24, 3, 4, 40, (2, 19), (1, 1), (1, 9), (1, 1), 1),  # too many columns to choose from
    # Few output channels and wide rows: the weights' gradient has vectors along the rows.
    (40, 1, 28, 28, 6, (5, 5), (1, 1), (2, 2), (1, 1), 1),
    (2, 2, 20, 35, 7, (3, 3), (1, 2), (1, 0), (1, 1), 1),
    (2, 8, 18, 32, 8, (3, 3), (1, 1), (1, 1), (1, 1), 8),
    (2, 6, 9, 23, 3, (2, 1), (1, 1), (0, 1), (2, 1), 3),
    (1, 3, 70, 70, 5, (3, 3), (1, 1), (1, 1), (1, 1), 1),
]


def tensors(case, dtype, seed=0):
    n, c, h, w, m, kernel, stride, pad, dil, groups = case
    rng = np.random.default_rng(seed)
    out_h, out_w = (
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, p, d, k, s in zip((h, w), pad, dil, kernel, stride, strict=True)
    )
    x = rng.standard_normal((n, c, h, w)).astype(dtype)
    weight = rng.standard_normal((m, c // groups, *kernel)).astype(dtype)
    bias = rng.standard_normal(m).astype(dtype)
    dy = rng.standard_normal((n, m, out_h, out_w)).astype(dtype)
    return x, weight, bias, dy, (*stride, *pad, *dil, groups)


def compute(forward, backward_input, backward_weight, case, dtype, threads):
    x, weight, bias, dy, options = tensors(case, dtype)
    results = [np.full_like(like, np.nan) for like in (dy, dy, x, weight, bias, weight)]
    y, y_plain, dx, dweight, dbias, dweight_alone = results
    forward(y, x, weight, bias, *options, threads)
    forward(y_plain, x, weight, None, *options, threads)
    backward_input(dx, dy, weight, *options, threads)
    backward_weight(dweight, dbias, dy, x, *options, threads)
    backward_weight(dweight_alone, None, dy, x, *options, threads)
    return results


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES)
def test_against_the_twin(case, dtype):
    expected = compute(reference.conv2d_forward, reference_input.conv2d_backward_input,
                       reference_weight.conv2d_backward_weight, case, np.float64, 1)  # fmt: skip
    # The inputs of both, rounded to float32, differ by that rounding.
    limit = 2e-6 if dtype is np.float32 else 1e-14
    seen = []
    for threads in (1, 2, 4):
        results = compute(conv.conv2d_forward, conv_input.conv2d_backward_input,
                          conv_weight.conv2d_backward_weight, case, dtype, threads)  # fmt: skip
        for result, wanted in zip(results, expected, strict=True):
            scale = np.abs(wanted).max(initial=1)
            assert np.abs(result - wanted).max(initial=0) <= limit * scale
        seen.append([result.tobytes() for result in results])
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", [CASES[2], CASES[17], *CASES[-5:]])
def test_infinities_go_where_they_belong(case, dtype):
    """Where a row is read twice or a zero is put in, an infinity must not become NaN."""
    x, weight, _bias, dy, options = tensors(case, dtype)
    for at in (-1, -dy.shape[3] // 2):
        wild = x.copy(), dy.copy()
        wild[0][0, 0, -2, at] = np.inf
        wild[1][-1, 0, 1, at] = -np.inf
        for x_, dy_ in ((wild[0], dy), (x, wild[1])):
            found, expected = np.empty_like(weight), np.empty_like(weight)
            conv_weight.conv2d_backward_weight(found, None, dy_, x_, *options, 2)
            reference_weight.conv2d_backward_weight(expected, None, dy_, x_, *options, 1)
            np.testing.assert_array_equal(np.isposinf(found), np.isposinf(expected))
            np.testing.assert_array_equal(np.isneginf(found), np.isneginf(expected))
            np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))


@pytest.mark.parametrize("shape", [(2, 6, 14, 14, 16), (1, 8, 40, 9, 6), (1, 64, 9, 9, 96)])
def test_infinite_weights_give_the_same_bits_for_every_number_of_threads(shape):
    n, c, h, w, m = shape
    x, weight, bias, dy, options = tensors((n, c, h, w, m, (5, 5), (1, 1), (2, 2), (1, 1), 1), "f")
    weight[0, 0, 0, 0] = np.inf
    weight[-1, -1, -1, -1] = -np.inf
    seen = set()
    for threads in (1, 2, 3, 4, 8):
        dx, y = np.empty_like(x), np.empty_like(dy)
        conv_input.conv2d_backward_input(dx, dy, weight, *options, threads)
        conv.conv2d_forward(y, x, weight, bias, *options, threads)
        seen.add((np.nan_to_num(dx, nan=7e7).tobytes(), np.nan_to_num(y, nan=7e7).tobytes()))
    assert len(seen) == 1


def inferred(infer, coefficients_of, case, dtype, norm, low, pools, threads):
    x, weight, bias, y, options = tensors(case, dtype)
    coefficients = None
    if norm:
        rng = np.random.default_rng(1)
        numbers = [rng.uniform(0.5, 2, y.shape[1]).astype(dtype) for _ in range(4)]
        coefficients = np.empty((3, y.shape[1]), dtype)
        coefficients_of(coefficients, *numbers, 1e-5)
    step = 2 if pools else 1
    out = np.full((*y.shape[:2], y.shape[2] // step, y.shape[3] // step), np.nan, dtype)
    infer(out, x, weight, bias, coefficients, low, pools, *y.shape[2:], *options, threads)
    return out


@pytest.mark.parametrize("pools", [False, True])
@pytest.mark.parametrize("norm, low", [(True, 0), (True, -np.inf), (False, 0), (False, -np.inf)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", [case for case in CASES if case[2] > 1])
def test_inference_against_the_twin(case, dtype, norm, low, pools):
    options = case, dtype, norm, low, pools
    expected = inferred(reference.conv2d_infer, reference_norm.batch_norm_coefficients, *options, 1)
    results = [
        inferred(conv.conv2d_infer, batch_norm.batch_norm_coefficients, *options, threads)
        for threads in (1, 2, 4)
    ]
    limit = 5e-6 if dtype is np.float32 else 1e-14
    scale = np.abs(expected).max(initial=1)
    assert np.abs(results[0] - expected).max(initial=0) <= limit * scale
    assert results[0].tobytes() == results[1].tobytes() == results[2].tobytes()


@pytest.mark.parametrize("case", [*CASES[:6], CASES[9], CASES[24], *CASES[30:36]])
def test_nothing_is_written_outside_the_result(case):
    x, weight, bias, dy, options = tensors(case, np.float32)

    def framed(like):
        whole = np.full(like.size + 128, 7, np.float32)
        return whole, whole[64 : 64 + like.size].reshape(like.shape)

    for like, run in [
        (dy, lambda out: conv.conv2d_forward(out, x, weight, bias, *options, 2)),
        (x, lambda out: conv_input.conv2d_backward_input(out, dy, weight, *options, 2)),
        (
            dy,
            lambda out: conv.conv2d_infer(
                out, x, weight, bias, None, 0, False, *dy.shape[2:], *options, 2
            ),
        ),
        (
            dy[:, :, ::2, ::2][:, :, : dy.shape[2] // 2, : dy.shape[3] // 2],
            lambda out: conv.conv2d_infer(
                out, x, weight, bias, None, 0, True, *dy.shape[2:], *options, 2
            ),
        ),
        (weight, lambda out: conv_weight.conv2d_backward_weight(out, None, dy, x, *options, 2)),
    ]:
        whole, out = framed(like)
        run(out)
        assert (whole[:64] == 7).all()
        assert (whole[64 + like.size :] == 7).all()


def test_nan_and_infinity_reach_only_what_reads_them():
    x = np.ones((1, 1, 12, 20), np.float32)
    x[0, 0, 5, 19] = np.nan
    x[0, 0, 0, 0] = np.inf
    weight = np.ones((1, 1, 3, 3), np.float32)
    dy = np.ones((1, 1, 10, 18), np.float32)
    options = (1, 1, 0, 0, 1, 1, 1)
    for forward, backward in [
        (conv.conv2d_forward, conv_weight.conv2d_backward_weight),
        (reference.conv2d_forward, reference_weight.conv2d_backward_weight),
    ]:
        out, dweight = np.empty_like(dy), np.empty_like(weight)
        forward(out, x, weight, None, *options, 1)
        backward(dweight, None, dy, x, *options, 1)
        wanted = np.full_like(dy, 9)
        wanted[0, 0, 0, 0] = np.inf
        wanted[0, 0, 3:6, 17] = np.nan
        np.testing.assert_array_equal(out, wanted)
        wanted = np.full_like(weight, 180)
        wanted[0, 0, 0, 0] = np.inf
        wanted[0, 0, :, 2] = np.nan
        np.testing.assert_array_equal(dweight, wanted)


def test_signatures_are_the_twins():
    for compiled, twin in [
        (conv.conv2d_forward, reference.conv2d_forward),
        (conv.conv2d_infer, reference.conv2d_infer),
        (conv_input.conv2d_backward_input, reference_input.conv2d_backward_input),
        (conv_weight.conv2d_backward_weight, reference_weight.conv2d_backward_weight),
    ]:
        assert list(inspect.signature(compiled).parameters) == list(
            inspect.signature(twin).parameters
        )


def beside_a_guard(array, before):
    """Return a copy of ``array`` right behind memory that nobody may read, or right before it."""
    page = mmap.PAGESIZE
    size = -(-array.nbytes // page) * page
    area = mmap.mmap(-1, size + page)
    guard = ctypes.addressof(ctypes.c_char.from_buffer(area)) + (0 if before else size)
    assert ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(guard), page, 0) == 0
    start = page if before else size - array.nbytes
    copy = np.frombuffer(area, array.dtype, array.size, start).reshape(array.shape)
    copy[...] = array
    return copy


def read_beside_a_guard(case, dtype, before):
    """Run the kernels on inputs before or behind which a read is a crash; whether the results are
    numbers."""
    x, weight, bias, dy, options = tensors(case, dtype)
    x, weight, bias, dy = (beside_a_guard(a, before) for a in (x, weight, bias, dy))
    for threads in (1, 2):
        out, dx, dweight = np.empty_like(dy), np.empty_like(x), np.empty_like(weight)
        conv.conv2d_forward(out, x, weight, bias, *options, threads)
        conv.conv2d_infer(out, x, weight, bias, None, 0, False, *dy.shape[2:], *options, threads)
        conv_input.conv2d_backward_input(dx, dy, weight, *options, threads)
        conv_weight.conv2d_backward_weight(dweight, None, dy, x, *options, threads)
        if not all(np.isfinite(result).all() for result in (out, dx, dweight)):
            return False
    return True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs mprotect")
def test_nothing_is_read_before_or_behind_the_inputs():
    """In a process of its own: what it looks for would crash it."""
    cases = [case for case in CASES if case[0] and max(case[2:4]) < 60]
    cases += [(1, 1, 3, 3, 1, (1, 1), (1, 1), (0, 0), (1, 1), 1)]
    cases += [(2, 3, 4, 2, 17, (3, 1), (1, 1), (0, 0), (1, 1), 1)]
    # Images smaller than a vector: several of them lie within its reach.
    cases += [(40, 1, 1, 1, 1, (1, 1), (1, 1), (0, 0), (1, 1), 1)]
    cases += [(1, 64, 2, 2, 64, (1, 1), (1, 1), (0, 0), (1, 1), 64)]
    cases += [(1, 8, 3, 3, 8, (3, 3), (1, 1), (0, 0), (1, 1), 8)]
    cases += [(64, 1, 1, 5, 4, (1, 3), (1, 1), (0, 0), (1, 1), 1)]
    # Rows far apart: a vector of two of them reads on behind the gap.
    cases += [(1, 4, 3, 81, 8, (1, 65), (1, 1), (0, 0), (1, 1), 1)]
    context = multiprocessing.get_context("spawn")
    for dtype in (np.float32, np.float64):
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            for before in (False, True):
                repeated = [[given] * len(cases) for given in (dtype, before)]
                assert all(pool.map(read_beside_a_guard, cases, *repeated))
