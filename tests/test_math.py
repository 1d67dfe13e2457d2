"""Functions of one real variable: values, dtypes, layouts, gradients, kinks, odd values."""

import math

import numpy as np
import pytest
from support import (
    DTYPES,
    FLOATS,
    assert_close,
    check_gradients,
    compare_with_torch,
    layouts,
    skip_unless_in,
)

import minigrad

_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])

# name: (NumPy's twin, the interval it is tried on)
SMOOTH = {
    "square": (np.square, (-3, 3)),
    "sqrt": (np.sqrt, (0.1, 9)),
    "rsqrt": (lambda x: 1 / np.sqrt(x), (0.1, 9)),
    "reciprocal": (np.reciprocal, (0.2, 4)),
    "exp": (np.exp, (-5, 5)),
    "exp2": (np.exp2, (-5, 5)),
    "expm1": (np.expm1, (-3, 3)),
    "log": (np.log, (0.1, 9)),
    "log1p": (np.log1p, (-0.7, 5)),
    "log2": (np.log2, (0.1, 9)),
    "log10": (np.log10, (0.1, 9)),
    "sin": (np.sin, (-7, 7)),
    "cos": (np.cos, (-7, 7)),
    "tan": (np.tan, (-1.2, 1.2)),
    "asin": (np.arcsin, (-0.9, 0.9)),
    "acos": (np.arccos, (-0.9, 0.9)),
    "atan": (np.arctan, (-4, 4)),
    "sinh": (np.sinh, (-3, 3)),
    "cosh": (np.cosh, (-3, 3)),
    "tanh": (np.tanh, (-3, 3)),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), (-6, 6)),
    "erf": (_erf, (-3, 3)),
    "erfc": (_erfc, (-3, 3)),
    "neg": (np.negative, (-3, 3)),
}
KINKED = {
    "abs": (np.abs, (-3, 3)),
    "relu": (lambda x: np.maximum(x, 0), (-3, 3)),
    "sign": (np.sign, (-3, 3)),
    "floor": (np.floor, (-3, 3)),
    "ceil": (np.ceil, (-3, 3)),
    "trunc": (np.trunc, (-3, 3)),
    "round": (np.round, (-3, 3)),
    "frac": (lambda x: x - np.trunc(x), (-3, 3)),
}
ALL = {**SMOOTH, **KINKED}
FLAT = ("sign", "floor", "ceil", "trunc", "round")  # their gradient is zero
KEEP_INTEGERS = ("neg", "abs", "relu", "sign", "floor", "ceil", "trunc", "round", "square")
ODD = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    -1.5,
    2.5,
    1e-3,
    20.0,
    -20.0,
    90.0,
    -90.0,
    1e-40,
    3e38,
    np.inf,
    -np.inf,
    np.nan,
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ALL)
def test_values(name, dtype, rng):
    twin, bounds = ALL[name]
    for shape in ((), (1,), (0,), (3, 0), (17,), (5, 7)):
        x = rng.uniform(*bounds, shape).astype(dtype)
        expected = np.asarray(twin(x.astype(np.float64))).astype(dtype)
        assert_close(getattr(minigrad, name)(minigrad.from_numpy(x)), expected)
        assert_close(getattr(minigrad.from_numpy(x), name)(), expected)


@pytest.mark.parametrize("name", ALL)
def test_layouts(name, rng):
    twin, bounds = ALL[name]
    for shape in ((4, 5), (90, 41)):
        x = rng.uniform(*bounds, shape).astype("float32")
        expected = np.asarray(twin(x.astype(np.float64))).astype("float32")
        for array in layouts(x).values():
            assert_close(getattr(minigrad, name)(minigrad.from_numpy(array)), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*ALL, "isnan", "isinf", "isfinite"])
def test_dtypes_against_torch(torch, name, dtype):
    skip_unless_in(torch, name)
    x = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    try:
        expected = getattr(torch, name)(torch.from_numpy(x))
    except Exception as error:
        with pytest.raises(type(error)):
            getattr(minigrad, name)(minigrad.from_numpy(x))
    else:
        assert_close(getattr(minigrad, name)(minigrad.from_numpy(x)), expected)


@pytest.mark.parametrize("name", KEEP_INTEGERS)
def test_integers_stay_integers(name, rng):
    for dtype in ("int8", "int64"):
        x = rng.integers(-100, 100, (3, 4)).astype(dtype)
        with np.errstate(over="ignore"):
            expected = np.asarray(ALL[name][0](x)).astype(dtype)
        assert_close(getattr(minigrad, name)(minigrad.from_numpy(x)), expected)


@pytest.mark.parametrize("name", [*ALL, "isnan", "isinf", "isfinite"])
def test_odd_values_against_torch(torch, name):
    skip_unless_in(torch, name)
    for dtype in FLOATS:
        with np.errstate(over="ignore"):
            x = np.array(ODD).astype(dtype)
        compare_with_torch(
            torch,
            lambda lib, t: getattr(lib, name)(t),
            (x,),
            gradient=name not in ("isnan", "isinf", "isfinite"),
        )


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients(name, rng):
    for shape in ((3,), (2, 2), ()):
        check_gradients(getattr(minigrad, name), rng.uniform(*SMOOTH[name][1], shape))


@pytest.mark.parametrize("name", KINKED)
def test_gradients_between_kinks(name):
    x = np.array([-2.3, -1.2, -0.7, 0.3, 1.4, 2.2])
    check_gradients(getattr(minigrad, name), x, double=False)


@pytest.mark.parametrize("name", [*SMOOTH, "relu", "abs", "frac"])
def test_second_gradients_against_torch(torch, name, rng):
    skip_unless_in(torch, name)
    x = rng.uniform(*ALL[name][1], (3, 4))
    compare_with_torch(torch, lambda lib, t: getattr(lib, name)(t), (x,), double=True)


@pytest.mark.parametrize("name", FLAT)
def test_steps_have_a_zero_gradient_even_for_odd_values(name):
    x = minigrad.tensor([0.0, 1.5, np.inf, np.nan], requires_grad=True)
    (getattr(x, name)() * minigrad.tensor([1.0, np.nan, np.inf, 1.0])).sum().backward()
    assert x.grad.tolist() == [0.0] * 4


def test_gradients_by_hand_at_kinks():
    """relu and abs have slope 0 at 0; sqrt an infinite one; relu lets NaN through."""

    def slope(name, *values):
        x = minigrad.tensor(values, requires_grad=True)
        getattr(x, name)().sum().backward()
        return x.grad.tolist()

    assert slope("relu", -1.0, 0.0, 2.0) == [0, 0, 1]
    assert slope("abs", -1.0, 0.0, 2.0) == [-1, 0, 1]
    assert slope("sqrt", 0.0) == [math.inf]
    assert math.isnan(minigrad.tensor([math.nan]).relu().item())


@pytest.mark.parametrize("name", ["relu", "abs", "square", "sqrt", "tanh", "sigmoid"])
def test_fused_and_composed_gradients_agree(name, rng):
    """A walk that is not recorded may use a fused kernel; a recorded one is made of ops."""
    values = rng.uniform(0.2, 2, (5, 6))
    for dtype in FLOATS:
        grads = []
        for create_graph in (False, True):
            x = minigrad.tensor(values.astype(dtype), requires_grad=True)
            y = getattr(x, name)()
            (g,) = minigrad.autograd.grad(y, x, minigrad.ones_like(y), create_graph=create_graph)
            grads.append(g)
        assert_close(grads[0], grads[1])


def test_round_to_decimals(torch):
    x = np.array([1.2345, -2.5, 0.5, 1.5, 1234.567])
    for decimals in (0, 1, 2, -2):
        compare_with_torch(torch, lambda lib, t, d=decimals: lib.round(t, decimals=d), (x,))


def test_nan_to_num_against_torch(torch):
    x = np.array([1.0, np.nan, np.inf, -np.inf, 0.0])
    for dtype in FLOATS:
        compare_with_torch(torch, lambda lib, t: lib.nan_to_num(t), (x.astype(dtype),))
        compare_with_torch(
            torch,
            lambda lib, t: lib.nan_to_num(t, nan=2.0, posinf=5.0, neginf=-7.0),
            (x.astype(dtype),),
        )
    compare_with_torch(torch, lambda lib, t: lib.nan_to_num(t), (np.arange(3),))


def test_float16_is_computed_in_float32():
    """exp(11) overflows float16 only at the end: tanh of it is exact."""
    x = minigrad.tensor([5.0, -5.0], dtype=minigrad.float16)
    assert x.sigmoid().dtype is minigrad.float16
    assert x.sigmoid().tolist() == np.float16(1 / (1 + np.exp(-np.float64([5, -5])))).tolist()


@pytest.mark.parametrize("name", ALL)
def test_what_is_no_tensor_is_a_type_error(name):
    for wrong in (None, 1.0, "a", [1.0], np.ones(2)):
        with pytest.raises(TypeError):
            getattr(minigrad, name)(wrong)


@pytest.mark.parametrize("name", ALL)
def test_the_input_is_not_written(name, rng):
    x = minigrad.tensor(rng.uniform(0.3, 0.9, 8))
    before = x.tolist()
    getattr(minigrad, name)(x)
    assert x.tolist() == before
    assert x._version == 0


def test_in_place_forms(rng):
    for name in ALL:
        values = rng.uniform(0.3, 0.9, (2, 3))
        expected = getattr(minigrad, name)(minigrad.tensor(values))
        x = minigrad.tensor(values)
        returned = getattr(x, name + "_")()
        assert returned is x
        assert x._version == 1
        assert_close(x, expected, what=name)
