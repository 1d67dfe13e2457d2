"""The reduction kernel against its NumPy twin: shapes, threads, NaN, long sums, large means."""

import inspect

import numpy as np
import pytest

from minigrad.kernels import arg_reduce, reduce, reduce_to
from minigrad.kernels.reduce import Reduction
from minigrad.kernels.reference import arg_reduce as reference_arg
from minigrad.kernels.reference import reduce as reference
from minigrad.kernels.reference import reduce_to as reference_to

FLOATS = [np.float32, np.float64]

# (outer, n, inner): short and long rows, narrow and wide columns, several chunks, nothing
SIZES = [
    (1, 10, 1),
    (64, 10, 1),
    (64, 1, 10),
    (1, 64, 16),
    (1, 100, 3),
    (5, 70, 1),
    (1, 200000, 1),
    (3, 70000, 1),
    (1, 3000, 300),
    (1, 3, 5000),
    (4, 1, 1),
    (4, 200, 2),
    (2, 65, 63),
    (1, 70000, 3),
    (2, 33, 1025),
    (1, 300, 3000),
    (0, 3, 4),
    (3, 4, 0),
    (3, 0, 2),
]
# x's shape, out's
TO = [
    ((64, 16), (16,)),
    ((5, 6, 7, 8), (1, 6, 1, 1)),
    ((5, 6, 7, 8), (6, 1, 1)),
    ((5, 6, 7, 8), (1, 6, 1, 8)),
    ((5, 6, 7, 8), ()),
    ((5, 6, 7, 8), (5, 6, 1, 1)),
    ((5, 6), (5, 6)),
    ((3, 4, 5, 6, 7), (1, 4, 1, 6, 1)),
    ((2, 3), (1, 1)),
    ((1, 4), (4,)),
    ((1,), ()),
    ((), ()),
    ((0, 3), (3,)),
]


def same_bits(run, *likes):
    """Run with 1, 2 and 3 threads into fresh arrays; return the results, equal bit for bit."""
    seen = []
    for threads in (1, 2, 3):
        results = [np.full_like(like, 7) for like in likes]
        run(*results, threads)
        seen.append([result.tobytes() for result in results])
    assert seen[0] == seen[1] == seen[2]
    return results


def draw(rng, sizes, dtype):
    x = rng.standard_normal(sizes).astype(dtype)
    return x, np.empty((sizes[0], sizes[2]), dtype)


@pytest.mark.parametrize(
    ("compiled", "twins"),
    [(reduce, reference), (arg_reduce, reference_arg), (reduce_to, reference_to)],
)
def test_twins_have_the_same_signatures(compiled, twins):
    names = {"reduce", "var_mean", "arg_reduce", "reduce_to"} & set(dir(twins))
    for name in names:
        ours, twin = (
            list(inspect.signature(getattr(m, name)).parameters) for m in (compiled, twins)
        )
        assert ours == twin


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", Reduction, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_reduce(sizes, op, dtype, rng):
    if sizes[1] == 0 and op in (Reduction.MAX, Reduction.MIN):
        return  # the callers' error
    x, expected = draw(rng, sizes, dtype)
    if op == Reduction.PROD:
        x = 1 + x / 1000
    for nan in (False, True):
        if nan and x.size:
            x.flat[x.size // 2] = np.nan
        reference.reduce(op, expected, x, *sizes, 1)
        (got,) = same_bits(lambda out, n: reduce.reduce(op, out, x, *sizes, n), expected)
        # Four elements at a time are added in float32, which rounds twice
        np.testing.assert_allclose(
            got,
            expected,
            rtol=4e-7 if dtype == np.float32 else 1e-11,
            atol=3e-7 * max(1, sizes[1]) ** 0.5,
        )


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", [Reduction.MAX, Reduction.MIN], ids=str)
@pytest.mark.parametrize("sizes", [s for s in SIZES if s[1]], ids=str)
def test_arg_reduce(sizes, op, dtype, rng):
    x, values = draw(rng, sizes, dtype)
    indices = np.empty(values.shape, np.int64)
    ties, nan = x.round(), x.copy()
    if x.size > 1:
        nan.flat[x.size // 2 :: 7] = np.nan
    for given in (x, ties, nan):
        reference_arg.arg_reduce(op, values, indices, given, *sizes, 1)
        got = same_bits(
            lambda v, i, n, x=given: arg_reduce.arg_reduce(op, v, i, x, *sizes, n), values, indices
        )
        np.testing.assert_array_equal(got[0], values)
        np.testing.assert_array_equal(got[1], indices)
        (alone,) = same_bits(
            lambda i, n, x=given: arg_reduce.arg_reduce(op, None, i, x, *sizes, n), indices
        )
        np.testing.assert_array_equal(alone, indices)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_var_mean(sizes, dtype, rng):
    x, var = draw(rng, sizes, dtype)
    mean = var.copy()
    for correction, root in ((1, False), (0, True), (2.5, False)):
        reference.var_mean(var, mean, x, correction, root, *sizes, 1)
        got = same_bits(
            lambda v, m, n, c=correction, r=root: reduce.var_mean(v, m, x, c, r, *sizes, n),
            var,
            mean,
        )
        np.testing.assert_allclose(got[0], var, rtol=3e-7)
        np.testing.assert_allclose(got[1], mean, rtol=3e-7, atol=1e-9)


@pytest.mark.parametrize("sizes", [(1, 100000, 1), (1, 5000, 40), (50, 100, 1)], ids=str)
@pytest.mark.parametrize(("offset", "scale"), [(1e6, 1), (0, 1e30), (1e-30, 1e-35), (3, 0)])
def test_variance_keeps_its_accuracy(sizes, offset, scale, rng):
    x, std = draw(rng, sizes, np.float32)
    x = (x * scale + offset).astype(np.float32)
    mean = std.copy()
    reduce.var_mean(std, mean, x, 1, True, *sizes, 2)
    wide = x.astype(np.float64)
    np.testing.assert_allclose(std, wide.std(1, ddof=1), rtol=2e-7)
    np.testing.assert_allclose(mean, wide.mean(1), rtol=2e-7, atol=abs(scale) * 1e-9)


def test_long_sum_is_exact(rng):
    x = np.full(2**24 + 1000, 0.1, np.float32)
    out = np.empty((), np.float32)
    reduce.reduce(Reduction.SUM, out, x, 1, x.size, 1, 2)
    assert out == np.float32(np.float64(np.float32(0.1)) * x.size)


@pytest.mark.parametrize("op", Reduction, ids=str)
@pytest.mark.parametrize("shapes", TO, ids=str)
def test_reduce_to(shapes, op, rng):
    if 0 in shapes[0] and op in (Reduction.MAX, Reduction.MIN):
        return
    x = np.asarray(rng.standard_normal(shapes[0]), np.float32)
    layouts = {
        "contiguous": x,
        "transposed": np.asfortranarray(x),
        "reversed": x[::-1] if x.ndim else x,
        "broadcast": np.broadcast_to(x[:1], x.shape) if x.ndim else x,
        "constant": np.broadcast_to(np.float32(1.5), x.shape),
    }
    if x.ndim > 2:
        layouts["permuted"] = np.ascontiguousarray(np.moveaxis(x, 1, 0)).swapaxes(0, 1)
    for layout, x in layouts.items():
        expected = np.empty(shapes[1], np.float32)
        reference_to.reduce_to(op, expected, x, 1)
        (got,) = same_bits(lambda out, n, x=x: reduce_to.reduce_to(op, out, x, n), expected)
        np.testing.assert_allclose(
            got, expected, rtol=2e-5 if op == Reduction.PROD else 2e-6, atol=1e-6, err_msg=layout
        )
