"""The elementwise kernel: against its NumPy twin, in units in the last place, and in any layout."""

import inspect
import math

import numpy as np
import pytest
from support import layouts

from minigrad import kernels
from minigrad.kernels import elementwise
from minigrad.kernels.elementwise import Binary, BinaryAlpha, Unary
from minigrad.kernels.reference import elementwise as reference

FLOATS = [np.float32, np.float64]
TOLERANCE = {np.float32: {"rtol": 5e-6, "atol": 1e-6}, np.float64: {"rtol": 1e-13, "atol": 1e-14}}

# Broadcasting shapes: out, a, b.  Rows shorter and longer than a tile, bias, channels, scalars.
BROADCASTS = [
    ((64, 16), (64, 16), (16,)),
    ((64, 16), (16,), (64, 16)),
    ((5, 6, 7, 8), (5, 6, 7, 8), (1, 6, 1, 1)),
    ((5, 6, 7, 8), (6, 1, 1), (8,)),
    ((1000, 3), (1000, 3), (3,)),
    ((30, 5000), (30, 1), (5000,)),
    ((30, 5000), (), (5000,)),
    ((4, 5, 6), (1, 1, 1), (4, 1, 6)),
    ((3000, 2, 5), (2, 1), (3000, 1, 5)),
    ((7,), (1,), ()),
    ((0, 3), (3,), (0, 1)),
]

# In the functions' domains, away from where the relative error means nothing
INPUTS = {
    Unary.LOG: (1e-30, 1e30),
    Unary.LOG2: (1e-30, 1e30),
    Unary.LOG10: (1e-30, 1e30),
    Unary.LOG1P: (-0.99, 1e3),
    Unary.SQRT: (0, 1e6),
    Unary.RSQRT: (1e-6, 1e6),
    Unary.ASIN: (-1, 1),
    Unary.ACOS: (-0.9, 1),
    Unary.TANH: (-10, 10),
    Unary.ERF: (-4, 4),
    Unary.ERFC: (-4, 10),
    Unary.ERFINV: (-1, 1),
    Unary.EXP: (-86, 88),
    Unary.EXPM1: (-20, 88),
    Unary.EXP2: (-125, 127),
    Unary.SIN: (-1e5, 1e5),
    Unary.COS: (-1e5, 1e5),
    Unary.TAN: (-1e5, 1e5),
    Unary.GELU: (-8, 8),
    Unary.SILU: (-80, 80),
    Unary.SIGMOID: (-80, 80),
    Unary.SOFTPLUS: (-80, 80),
    Unary.LOGSIGMOID: (-80, 80),
    Unary.SINH: (-80, 80),
    Unary.COSH: (-80, 80),
}
VECTORISED = [
    Unary.EXP,
    Unary.EXP2,
    Unary.EXPM1,
    Unary.LOG,
    Unary.LOG1P,
    Unary.LOG2,
    Unary.LOG10,
    Unary.SIN,
    Unary.COS,
    Unary.TAN,
    Unary.SINH,
    Unary.COSH,
    Unary.TANH,
    Unary.SIGMOID,
    Unary.SOFTPLUS,
    Unary.LOGSIGMOID,
    Unary.ERF,
    Unary.ERFC,
    Unary.ERFINV,
    Unary.ASIN,
    Unary.ACOS,
    Unary.ATAN,
    Unary.RSQRT,
]


def draw(rng, shape, dtype):
    return np.asarray(rng.standard_normal(shape), dtype)


def compute(function, op, shape, dtype, *arguments, threads=1):
    out = np.full(shape, 7, dtype)
    function(op, out, *arguments, threads)
    return out


@pytest.mark.parametrize("name", ["unary", "binary", "binary_scalar", "binary_alpha"])
def test_twin_has_the_same_signature(name):
    ours, twin = getattr(elementwise, name), getattr(reference, name)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(twin).parameters)


def test_every_operation_has_a_twin():
    assert set(reference.UNARY) == set(Unary)
    assert set(reference.BINARY) == set(Binary)
    assert set(reference.BINARY_ALPHA) == set(BinaryAlpha)


def test_unknown_operation():
    x = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match="999"):
        elementwise.unary(999, x, x, 1)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", Unary, ids=str)
def test_unary(op, dtype, rng):
    for shape in [(1,), (10,), (7, 5), (3, 1000), (2, 3, 20, 50), (0, 3)]:
        for layout, x in layouts(draw(rng, shape, dtype)).items():
            expected = compute(reference.unary, op, shape, np.float64, x.astype(np.float64))
            got = compute(elementwise.unary, op, shape, dtype, x)
            np.testing.assert_allclose(got, expected, **TOLERANCE[dtype], err_msg=layout)
            out = np.zeros(shape, dtype, order="F")
            elementwise.unary(op, out, x, 2)
            assert out.tobytes() == got.tobytes(), layout


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", Binary, ids=str)
def test_binary(op, dtype, rng):
    for shape in [(1,), (10,), (7, 5), (3, 1000), (2, 3, 20, 50)]:
        plain = draw(rng, shape, dtype), draw(rng, shape, dtype)
        wide = [x.astype(np.float64) for x in plain]
        expected = compute(reference.binary, op, shape, np.float64, *wide)
        scalar = compute(reference.binary_scalar, op, shape, np.float64, wide[0], 0.75, False)
        turned = compute(reference.binary_scalar, op, shape, np.float64, wide[0], 0.75, True)
        for (layout, a), b in zip(
            layouts(plain[0]).items(), layouts(plain[1]).values(), strict=True
        ):
            got = compute(elementwise.binary, op, shape, dtype, a, b)
            np.testing.assert_allclose(got, expected, **TOLERANCE[dtype], err_msg=layout)
            got = compute(elementwise.binary_scalar, op, shape, dtype, a, 0.75, False)
            np.testing.assert_allclose(got, scalar, **TOLERANCE[dtype], err_msg=layout)
            got = compute(elementwise.binary_scalar, op, shape, dtype, a, 0.75, True)
            np.testing.assert_allclose(got, turned, **TOLERANCE[dtype], err_msg=layout)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", BinaryAlpha, ids=str)
def test_binary_alpha(op, dtype, rng):
    for shapes in BROADCASTS:
        a, b = draw(rng, shapes[1], dtype), draw(rng, shapes[2], dtype)
        got = compute(elementwise.binary_alpha, op, shapes[0], dtype, a, b, 0.3, 0.9)
        expected = compute(reference.binary_alpha, op, shapes[0], np.float64, a, b, 0.3, 0.9)
        np.testing.assert_allclose(got, expected, **TOLERANCE[dtype])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shapes", BROADCASTS)
def test_broadcasting(shapes, order, rng):
    a, b = draw(rng, shapes[1], np.float32), draw(rng, shapes[2], np.float32)
    for op, exact in ((Binary.SUB, np.subtract), (Binary.DIV, np.divide)):
        for threads in (1, 2, 3):
            out = np.full(shapes[0], 7, np.float32, order=order)
            elementwise.binary(op, out, a, b, threads)
            np.testing.assert_array_equal(out, np.broadcast_to(exact(a, b), out.shape))


@pytest.mark.parametrize("n", [10, 3000])
def test_output_may_be_an_input(n, rng):
    a, b = draw(rng, (3, n), np.float32), draw(rng, (3, n), np.float32)
    for left, right, out in ((a, b, 0), (a, b, 1), (a, a, 0), (a, b[0], 0), (a.T, b.T, 0)):
        left, right = left.copy("K"), right.copy("K")
        if out == 0 and np.shares_memory(left, right):
            right = left
        expected = left - right
        target = (left, right)[out]
        elementwise.binary(Binary.SUB, target, left, right, 2)
        np.testing.assert_array_equal(target, expected)
    x = a.copy()
    elementwise.unary(Unary.EXP, x, x, 2)
    np.testing.assert_array_equal(x, compute(elementwise.unary, Unary.EXP, a.shape, a.dtype, a))


@pytest.mark.parametrize("op", VECTORISED, ids=str)
def test_the_same_bits_everywhere(op, rng):
    """A result depends neither on where its number stands nor on the number of threads."""
    low, high = INPUTS.get(op, (0.1, 3))
    x = rng.uniform(low, min(high, 1e4), 10000).astype(np.float32)
    whole = compute(elementwise.unary, op, x.shape, x.dtype, x)
    for threads in (2, 3, 4):
        assert compute(elementwise.unary, op, x.shape, x.dtype, x, threads=threads).tobytes() == (
            whole.tobytes()
        )
    for start, n in [(0, 1), (1, 5), (3, 16), (7, 17), (100, 31), (501, 100), (4000, 33)]:
        part = x[start : start + n]
        got = compute(elementwise.unary, op, part.shape, part.dtype, part)
        np.testing.assert_array_equal(got, whole[start : start + n])
    np.testing.assert_array_equal(
        compute(elementwise.unary, op, (5000,), x.dtype, x[::2]), whole[::2]
    )


def units(got, exact):
    """The largest error of float32 or float64 results in units in the last place."""
    spacing = np.spacing(np.maximum(np.abs(exact.astype(got.dtype)), np.finfo(got.dtype).tiny))
    return float(np.max(np.abs(got.astype(exact.dtype) - exact) / spacing))


@pytest.mark.parametrize("op", VECTORISED, ids=str)
def test_accuracy_float32(op, rng):
    low, high = INPUTS.get(op, (-3, 3))
    if low > 0:
        x = np.exp(rng.uniform(math.log(low), math.log(high), 200000))
    else:
        x = np.concatenate(
            [
                rng.uniform(low, high, 100000),
                rng.uniform(max(low, -1), min(high, 1), 100000),
                rng.choice([-1, 1] if low <= -1 else [1], 1000) * np.exp(rng.uniform(-60, 0, 1000)),
            ]
        )
    x = x[(x >= low) & (x <= high)].astype(np.float32)
    exact = compute(reference.unary, op, x.shape, np.float64, x.astype(np.float64))
    got = compute(elementwise.unary, op, x.shape, np.float32, x)
    roundings_more = op == Unary.SIGMOID or kernels.level == "baseline"  # which has no fused ones
    assert units(got, exact) <= (2.3 if roundings_more else 2)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="no numbers longer than doubles")
@pytest.mark.parametrize(
    "op",
    [
        Unary.EXP,
        Unary.EXP2,
        Unary.EXPM1,
        Unary.LOG,
        Unary.LOG1P,
        Unary.SIN,
        Unary.COS,
        Unary.TANH,
        Unary.SIGMOID,
        Unary.SOFTPLUS,
    ],
    ids=str,
)
def test_accuracy_float64(op, rng):
    low, high = {Unary.EXP: (-700, 700), Unary.EXPM1: (-50, 700)}.get(op, INPUTS[op])
    x = rng.uniform(low, high, 100000)
    x = np.concatenate([x, rng.uniform(max(low, -1), min(high, 1), 100000)])
    exact = compute(reference.unary, op, x.shape, np.longdouble, x.astype(np.longdouble))
    got = compute(elementwise.unary, op, x.shape, np.float64, x)
    assert units(got, exact) <= 2.7


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", Unary, ids=str)
def test_special_values(op, dtype):
    """NaN, infinities, zeros and the ends of the range come out as NumPy's."""
    info = np.finfo(dtype)
    x = np.array(
        [
            np.nan,
            np.inf,
            -np.inf,
            0.0,
            -0.0,
            1.0,
            -1.0,
            info.max,
            -info.max,
            info.tiny,
            -info.tiny,
            info.smallest_subnormal,
            2.5,
            -2.5,
            0.5,
            1e6,
            1e10,
            -3e7,
        ],
        dtype,
    )
    with np.errstate(all="ignore"):
        expected = compute(reference.unary, op, x.shape, dtype, x)
    if op in (Unary.GELU, Unary.SILU, Unary.GELU_TANH):
        x[2] = expected[2] = 0  # -inf * 0
    got = compute(elementwise.unary, op, x.shape, dtype, x)
    np.testing.assert_allclose(
        got,
        expected,
        rtol=3e-6 if dtype == np.float32 else 1e-13,
        # the least denormal may be rounded to 0 or not
        atol=1e-6 if op == Unary.GELU_TANH else info.smallest_subnormal,
    )
    if op in (
        Unary.NEG,
        Unary.SQRT,
        Unary.EXPM1,
        Unary.LOG1P,
        Unary.SIN,
        Unary.TAN,
        Unary.TANH,
        Unary.ERF,
        Unary.SINH,
        Unary.FLOOR,
        Unary.ROUND,
    ):
        number = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(expected)[number])


@pytest.mark.parametrize("op", [Unary.EXP, Unary.EXP2, Unary.EXPM1, Unary.SIGMOID])
def test_denormal_results_and_overflow(op):
    x = np.linspace(-160, 140, 10001).astype(np.float32)
    with np.errstate(all="ignore"):
        expected = compute(reference.unary, op, x.shape, np.float64, x.astype(np.float64))
        expected = expected.astype(np.float32)
    got = compute(elementwise.unary, op, x.shape, np.float32, x)
    np.testing.assert_array_equal(np.isinf(got), np.isinf(expected))
    finite = np.isfinite(expected)
    np.testing.assert_allclose(got[finite], expected[finite], rtol=3e-7, atol=2e-45)


def test_comparison_of_nan():
    nan, one = np.full(3, np.nan, np.float32), np.ones(3, np.float32)
    for op in (Binary.MAXIMUM, Binary.MINIMUM):
        for a, b in ((nan, one), (one, nan), (nan, nan)):
            assert np.isnan(compute(elementwise.binary, op, (3,), np.float32, a, b)).all()
    assert np.isnan(compute(elementwise.unary, Unary.RELU, (3,), np.float32, nan)).all()
    for op in (Binary.LT, Binary.LE, Binary.GT, Binary.GE, Binary.EQ):
        assert not compute(elementwise.binary, op, (3,), np.float32, nan, one).any()


def test_powers(rng):
    values = np.array(
        [
            0,
            -0.0,
            1,
            -1,
            2,
            -2,
            0.5,
            -0.5,
            3,
            -3,
            np.inf,
            -np.inf,
            np.nan,
            1e30,
            -1e30,
            1e-30,
            2**24 + 2,
            2**24 - 1,
            1 - 2**24,
            0.3,
            1e-45,
        ],
        np.float32,
    )
    a, b = (x.ravel() for x in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        expected = np.power(a, b)
    got = compute(elementwise.binary, Binary.POW, a.shape, a.dtype, a, b)
    np.testing.assert_allclose(got, expected, rtol=2e-7)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(expected)[number])
    a, b = rng.uniform(0.01, 10, 100000), rng.uniform(-18, 18, 100000)
    a, b = a.astype(np.float32), b.astype(np.float32)
    exact = np.power(a.astype(np.float64), b.astype(np.float64))
    assert units(compute(elementwise.binary, Binary.POW, a.shape, a.dtype, a, b), exact) <= 0.6


@pytest.mark.parametrize("dtype", FLOATS)
def test_floor_divide_and_remainder(dtype, torch):
    values = [-7, -2.5, -0.0, 0.0, 1, 2.5, 5, np.inf, -np.inf, np.nan, 0.1, 1e30, 3e9]
    values = np.array(values, dtype)
    a, b = (x.ravel() for x in np.meshgrid(values, values))
    for op, name in (
        (Binary.FLOOR_DIVIDE, "floor_divide"),
        (Binary.REMAINDER, "remainder"),
        (Binary.FMOD, "fmod"),
    ):
        expected = getattr(torch, name)(torch.from_numpy(a), torch.from_numpy(b)).numpy()
        got = compute(elementwise.binary, op, a.shape, a.dtype, a, b)
        np.testing.assert_array_equal(got, expected, err_msg=name)


@pytest.mark.parametrize("op", [Binary.FMOD, Binary.REMAINDER, Binary.FLOOR_DIVIDE], ids=str)
def test_remainders_are_exact(op, rng):
    """Those of floats come from vector code for quotients below 2^28, and from libm beyond."""
    a = rng.standard_normal(20000) * np.exp2(rng.uniform(-40, 40, 20000))
    b = rng.standard_normal(20000) * np.exp2(rng.uniform(-40, 40, 20000))
    a[::5] = np.round(a[::5]) * 3
    b[::5] = 3
    b[1::5] *= 1e-40  # denormal in floats
    a, b = a.astype(np.float32), b.astype(np.float32)
    got = compute(elementwise.binary, op, a.shape, a.dtype, a, b)
    np.testing.assert_array_equal(got, compute(reference.binary, op, a.shape, a.dtype, a, b))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", [Binary.ATAN2, Binary.HYPOT, Binary.LOGADDEXP], ids=str)
def test_pairs_of_special_values(op, dtype, rng):
    info = np.finfo(dtype)
    special = [0, 1, 3, info.max, info.max / 3, info.tiny, info.smallest_subnormal, np.inf, 1e30]
    values = np.array([*special, *(-np.array(special)), np.nan], dtype)
    a, b = (x.ravel() for x in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        expected = compute(reference.binary, op, a.shape, dtype, a, b)
    got = compute(elementwise.binary, op, a.shape, dtype, a, b)
    np.testing.assert_allclose(got, expected, rtol=4 * info.eps)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(expected)[number])
    a, b = (rng.standard_normal(100000).astype(dtype) for _ in range(2))
    exact = compute(reference.binary, op, a.shape, np.longdouble, a.astype(np.longdouble), b)
    if op != Binary.LOGADDEXP:  # which is near 0 where its terms cancel
        assert units(got=compute(elementwise.binary, op, a.shape, dtype, a, b), exact=exact) <= 2
