"""The less common functions of one or two numbers: numbers, dtypes, gradients, wrong inputs."""

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

# name: (NumPy's or the standard library's twin, the interval it is tried on)
UNARY = {
    "acosh": (np.arccosh, (1.1, 5)),
    "asinh": (np.arcsinh, (-3, 3)),
    "atanh": (np.arctanh, (-0.9, 0.9)),
    "deg2rad": (np.deg2rad, (-300, 300)),
    "rad2deg": (np.rad2deg, (-6, 6)),
    "sinc": (np.sinc, (-3, 3)),
    "logit": (lambda x: np.log(x / (1 - x)), (0.05, 0.95)),
    "lgamma": (np.vectorize(math.lgamma, otypes=[np.float64]), (0.2, 9)),
    "digamma": (None, (-2.8, 9)),
    "erfinv": (None, (-0.99, 0.99)),
    "i0": (np.i0, (-5, 5)),
    "angle": (np.angle, (-3, 3)),
}
BINARY = {
    "logaddexp": np.logaddexp,
    "logaddexp2": np.logaddexp2,
    "hypot": np.hypot,
    "copysign": np.copysign,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "xlogy": lambda x, y: x * np.log(y),
    "float_power": np.float_power,
}
ODD = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-30, 3.0, 88.0, -88.0, np.inf, -np.inf, np.nan]


def drawn(rng, name, shape=(3, 4)):
    return rng.uniform(*UNARY[name][1], shape)


@pytest.mark.parametrize("name", [n for n, (twin, _) in UNARY.items() if twin])
def test_values_of_one_number(name, rng):
    twin = UNARY[name][0]
    for array in layouts(drawn(rng, name)).values():
        ours = getattr(minigrad, name)(minigrad.from_numpy(array))
        assert_close(ours, twin(array))
        assert_close(getattr(minigrad.from_numpy(array), name)(), ours)


@pytest.mark.parametrize("name", BINARY)
def test_values_of_two_numbers(name, rng):
    a, b = rng.uniform(0.1, 3, (3, 1)), rng.uniform(0.1, 3, 4)
    ours = getattr(minigrad, name)(minigrad.from_numpy(a), minigrad.from_numpy(b))
    assert_close(ours, BINARY[name](a, b))


@pytest.mark.parametrize("name", [name for name in UNARY if name != "angle"])
def test_gradients_of_one_number(name, rng):
    check_gradients(getattr(minigrad, name), drawn(rng, name))


@pytest.mark.parametrize("name", BINARY)
def test_gradients_of_two_numbers(name, rng):
    check_gradients(getattr(minigrad, name), rng.uniform(0.5, 2, (3, 1)), rng.uniform(0.6, 3, 4))


def test_known_numbers():
    x = minigrad.tensor([1.0, 0.5, 10.0, -1.5], dtype=minigrad.float64)
    euler = 0.57721566490153286
    expected = [-euler, -euler - 2 * math.log(2), 2.2517525890667211, 0.70315664064524319]
    assert_close(minigrad.digamma(x), np.array(expected))
    expected = [math.pi**2 / 6, math.pi**2 / 2]
    assert_close(minigrad.polygamma(1, x[:2]), np.array(expected))
    apery = 1.2020569031595942
    assert_close(minigrad.polygamma(2, x[:1]), np.array([-2 * apery]))
    y = minigrad.linspace(-0.999, 0.999, 101, dtype=minigrad.float64)
    assert_close(minigrad.erf(minigrad.erfinv(y)), y)
    assert minigrad.erfinv(minigrad.tensor([1.0, -1.0])).tolist() == [math.inf, -math.inf]
    assert minigrad.erfinv(minigrad.tensor(1.5)).isnan().item()
    assert_close(minigrad.sinc(minigrad.zeros(1)), np.ones(1, np.float32))


def test_rules_for_zero_and_nan():
    zero, nan = minigrad.tensor([0.0]), minigrad.tensor([minigrad.nan])
    assert minigrad.xlogy(zero, zero).item() == 0
    assert minigrad.xlogy(zero, nan).isnan().item()
    assert minigrad.fmax(zero, nan).item() == 0 and minigrad.fmin(nan, zero).item() == 0
    assert minigrad.signbit(minigrad.tensor([-0.0, 0.0])).tolist() == [True, False]
    assert minigrad.copysign(zero + 1, -0.0).item() == -1
    assert minigrad.heaviside(minigrad.tensor([-1.0, 0.0, 2.0]), zero + 0.5).tolist() == [0, 0.5, 1]
    both = minigrad.full((1,), -minigrad.inf)
    assert minigrad.logaddexp(both, both).item() == -math.inf
    assert minigrad.angle(minigrad.tensor([-1.0, 1.0])).tolist() == [pytest.approx(math.pi), 0]


def test_integers():
    a, b = minigrad.tensor([12, -18, 0]), minigrad.tensor([8, 27, 5])
    assert minigrad.gcd(a, b).tolist() == [4, 9, 5]
    assert minigrad.lcm(a, b).tolist() == [24, 54, 0]
    assert minigrad.gcd(a.to(minigrad.int32), b.to(minigrad.int8)).dtype is minigrad.int32
    assert minigrad.ldexp(minigrad.tensor([3]), minigrad.tensor([2])).dtype is minigrad.float32
    assert minigrad.float_power(a, 2).dtype is minigrad.float64
    assert minigrad.rsub(a, 1, alpha=2).tolist() == [-23, 37, 1]


def test_frexp(rng):
    x = minigrad.from_numpy(rng.standard_normal(9)).requires_grad_()
    mantissa, exponent = minigrad.frexp(x)
    assert exponent.dtype is minigrad.int32
    assert_close(minigrad.ldexp(mantissa, exponent), x)
    mantissa.sum().backward()
    assert_close(x.grad, 1 / minigrad.pow(2.0, exponent.double()))
    assert repr(minigrad.frexp(minigrad.tensor(8.0))) == (
        "minigrad.return_types.frexp(\nmantissa=tensor(0.5000),\n"
        "exponent=tensor(4, dtype=minigrad.int32))"
    )


def test_in_place_forms(rng):
    a, b = rng.uniform(0.1, 0.9, 5), rng.uniform(0.1, 0.9, 5)
    for name in ("asinh", "deg2rad", "sinc", "logit", "lgamma", "erfinv"):
        x = minigrad.from_numpy(a.copy())
        assert getattr(x, name + "_")() is x
        assert_close(x, getattr(minigrad, name)(minigrad.from_numpy(a)))
    for name in ("hypot", "xlogy", "copysign", "float_power", "lt", "ge", "eq"):
        x, y = minigrad.from_numpy(a.copy()), minigrad.from_numpy(b)
        expected = getattr(minigrad, name)(x.clone(), y).double()
        assert_close(getattr(x, name + "_")(y), expected)


@pytest.mark.parametrize(
    "error, call",
    [
        (TypeError, lambda x: minigrad.fmax(x, 2)),
        (TypeError, lambda x: minigrad.copysign(2, x)),
        (TypeError, lambda x: minigrad.xlogy(2, 3)),
        (TypeError, lambda x: minigrad.acosh(2.0)),
        (NotImplementedError, lambda x: minigrad.gcd(x, x)),
        (NotImplementedError, lambda x: minigrad.hypot(x.long(), x.long())),
        (RuntimeError, lambda x: minigrad.heaviside(x, x.double())),
        (RuntimeError, lambda x: minigrad.positive(x > 0)),
        (RuntimeError, lambda x: minigrad.frexp(x.long())),
        (RuntimeError, lambda x: minigrad.polygamma(-1, x)),
        (RuntimeError, lambda x: minigrad.mvlgamma(x, 0)),
        (RuntimeError, lambda x: minigrad.hypot(x, x[:2])),
    ],
)
def test_wrong_inputs(error, call):
    with pytest.raises(error):
        call(minigrad.ones(3))


@pytest.mark.parametrize("name", [*UNARY, "isposinf", "isneginf", "isreal", "signbit"])
def test_one_number_as_in_torch(name, torch, rng):
    skip_unless_in(torch, name)
    for dtype in DTYPES:
        array = np.abs(drawn(rng, name) if name in UNARY else rng.normal(size=5)).astype(dtype)
        compare_with_torch(torch, lambda m, x: getattr(m, name)(x), [array], gradient=False)
    odd = np.array(ODD)
    if name == "i0":  # torch's i0 of infinity is NaN
        odd = odd[np.isfinite(odd)]
    if name == "logit":  # its slope at -0 is torch's at 0
        odd = odd[2:]
    compare_with_torch(
        torch, lambda m, x: getattr(m, name)(x), [odd], gradient=name not in ("acosh", "digamma")
    )


@pytest.mark.parametrize("name", [*BINARY, "ldexp", "nextafter"])
def test_two_numbers_as_in_torch(name, torch, rng):
    for dtype in FLOATS:
        arrays = [rng.uniform(0.1, 2, (3, 1)).astype(dtype), rng.uniform(0.1, 2, 4).astype(dtype)]
        graded = dtype != "float16" and name != "nextafter"
        compare_with_torch(
            torch,
            lambda m, a, b: getattr(m, name)(a, b),
            arrays,
            gradient=graded,
            double=graded and name != "float_power",
        )
    odd = np.array(np.meshgrid(ODD, ODD)).reshape(2, -1)
    compare_with_torch(
        torch, lambda m, a, b: getattr(m, name)(a, b), [*odd], gradient=name in ("fmax", "fmin")
    )


@pytest.mark.parametrize("n", range(5))
def test_polygamma_as_in_torch(n, torch, rng):
    compare_with_torch(
        torch, lambda m, x: m.polygamma(n, x), [rng.uniform(0.3, 20, 9)], double=True, rtol=1e-7
    )


@pytest.mark.parametrize("eps", [None, 0.2])
def test_logit_as_in_torch(eps, torch):
    array = np.array([-0.5, 0.0, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0, 1.5])
    compare_with_torch(torch, lambda m, x: m.logit(x, eps), [array])


def test_questions_about_complex_numbers_and_python_functions():
    x = minigrad.tensor([1.0, -2.0])
    assert minigrad.real(x) is x and x.conj() is x and x.resolve_conj() is x
    assert not (minigrad.is_complex(x) or x.is_conj() or minigrad.is_neg(x))
    with pytest.raises(RuntimeError, match="non-complex"):
        minigrad.imag(x)
    assert minigrad.is_same_size(x, x + 1) and not x.is_same_size(x[:1])
    assert x.apply_(abs) is x and x.tolist() == [1, 2]
    assert x.map_(minigrad.tensor(3.0), lambda a, b: a - b).tolist() == [-2, -1]
    with pytest.raises(TypeError, match="requires grad"):
        x.requires_grad_().apply_(abs)
    assert minigrad.tensor(minigrad.nan).nan_to_num().item() == 0
    with pytest.raises(RuntimeError, match="rtol"):
        minigrad.isclose(x, x, rtol=-1)


def test_incomplete_gamma_and_zeta():
    a = minigrad.tensor([1.0, 0.5, 30.0, 3.0], dtype=minigrad.float64)
    x = minigrad.tensor([1.0, 4.0, 20.0, 9.0], dtype=minigrad.float64)
    lower = [1 - math.exp(-1), math.erf(2), 0.0218182, 1 - math.exp(-9) * (1 + 9 + 81 / 2)]
    assert_close(minigrad.igamma(a, x), np.array(lower), atol=1e-7)
    assert_close(minigrad.igamma(a, x) + minigrad.igammac(a, x), np.ones(4))
    check_gradients(minigrad.igamma, a.numpy(), x.numpy(), wanted=[1])
    zeta = minigrad.special.zeta
    assert_close(
        zeta(minigrad.tensor([2.0, 4.0]), 1.0).double(), np.array([1.644934, 1.082323]), rtol=1e-6
    )
    check_gradients(zeta, a.numpy() + 1, x.numpy(), wanted=[1])
    with pytest.raises(NotImplementedError, match="derivative"):
        zeta(a.requires_grad_(), x).sum().backward()


def special_function(name):
    return lambda m, *tensors: getattr(m.special, name)(*tensors)


@pytest.mark.parametrize("name", ["gammainc", "gammaincc", "zeta"])
def test_special_functions_of_two_as_in_torch(name, torch, rng):
    a, x = rng.uniform(0.1, 30, 40), rng.uniform(0.1, 40, 40)
    compare_with_torch(
        torch,
        lambda m, x: getattr(m.special, name)(m.from_numpy(a) + 1.1, x),
        [x],
        double=True,
        rtol=1e-8,  # torch's igamma near input == other is good to 1e-9
    )
    odd = np.array(np.meshgrid([0.0, 1, 2.5, np.inf, -1], [0.0, 1, 9, np.inf, -2]))
    odd = odd.reshape(2, -1)
    if name != "zeta":
        compare_with_torch(torch, special_function(name), [*odd], gradient=False)


@pytest.mark.parametrize("name", "erfcx log_ndtr ndtr ndtri entr i0e i1 i1e xlog1py".split())
def test_special_functions_as_in_torch(name, torch, rng):
    arrays = [rng.uniform(0.05, 0.95, 9)] * (2 if name == "xlog1py" else 1)
    if name not in ("ndtri", "entr", "xlog1py"):
        arrays = [np.linspace(-9, 9, 19)]
    compare_with_torch(torch, special_function(name), arrays, double=True, rtol=1e-8)
    compare_with_torch(torch, special_function(name), [a.astype(np.float32) for a in arrays])


def test_nextafter_passes_the_gradient_on():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    minigrad.nextafter(x, minigrad.tensor([1.0, 3.0])).sum().backward()
    assert x.grad.tolist() == [0, 1]


def test_float_power_in_place_is_for_float64():
    x = minigrad.tensor([2.0], dtype=minigrad.float64)
    assert x.float_power_(3) is x and x.item() == 8
    with pytest.raises(RuntimeError, match="float64"):
        minigrad.ones(1).float_power_(2)


@pytest.mark.parametrize("name", ["isclose", "allclose", "igamma", "nextafter"])
def test_shapes_that_do_not_broadcast(name):
    with pytest.raises(RuntimeError, match="broadcast"):
        getattr(minigrad, name)(minigrad.ones(3), minigrad.ones(4))
