"""Arithmetic, comparison and selection: values, dtypes, broadcasting, gradients, errors."""

import operator

import numpy as np
import pytest
from support import (
    FLOATS,
    INTEGERS,
    assert_close,
    check_gradients,
    compare_with_torch,
    layouts,
)

import minigrad

# name: (NumPy's twin, integers too, whether its gradient is smooth where we look)
BINARY = {
    "add": (np.add, True),
    "sub": (np.subtract, True),
    "mul": (np.multiply, True),
    "div": (np.true_divide, False),
    "floor_divide": (np.floor_divide, True),
    "remainder": (np.remainder, True),
    "fmod": (np.fmod, True),
    "pow": (np.power, False),
    "atan2": (np.arctan2, False),
    "maximum": (np.maximum, True),
    "minimum": (np.minimum, True),
}
COMPARISONS = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
SHAPES = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((4,), (3, 1)),
    ((2, 1, 4), (3, 1)),
    ((3, 4), ()),
    ((), ()),
    ((), (2, 3)),
    ((0, 3), (3,)),
    ((2, 0), (1, 1)),
    ((1,), (5,)),
    ((2, 3, 1, 2), (4, 1)),
]


def numbers(rng, shape, dtype="float64", low=0.3, high=3.0):
    """Positive numbers without ties or whole quotients, or small integers for integer dtypes."""
    if np.dtype(dtype).kind == "f":
        return rng.uniform(low, high, shape).astype(dtype)
    return rng.integers(1, 12, shape).astype(dtype)


def binary(name):
    return lambda lib, a, b: getattr(lib, name)(a, b)


def binary_of_minigrad(name):
    return lambda a, b: getattr(minigrad, name)(a, b)


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", BINARY)
def test_binary_values(name, dtype, rng):
    twin = BINARY[name][0]
    for left, right in SHAPES:
        a, b = numbers(rng, left, dtype), numbers(rng, right, dtype)
        wide = np.float64 if dtype == "float64" else np.float32
        expected = np.asarray(twin(a.astype(wide), b.astype(wide)), dtype)
        x, y = minigrad.tensor(a), minigrad.tensor(b)
        assert_close(getattr(minigrad, name)(x, y), expected, what=f"{left} {right}")
        assert_close(getattr(x, name)(y), expected, what="as a method")


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", [name for name, (_, integers) in BINARY.items() if integers])
def test_binary_integers(name, dtype, rng):
    a, b = rng.integers(0, 120, (5, 4)).astype(dtype), rng.integers(1, 9, 4).astype(dtype)
    if dtype != "uint8":
        a, b = a - np.asarray(60, dtype), b * np.asarray([1, -1, 1, -1], dtype)
    with np.errstate(over="ignore"):
        expected = BINARY[name][0](a, b)
    assert_close(getattr(minigrad, name)(minigrad.tensor(a), minigrad.tensor(b)), expected)


@pytest.mark.parametrize("name", BINARY)
def test_binary_layouts(name, rng):
    """Strided, transposed and broadcast operands, below and above one tile of the kernel."""
    twin = BINARY[name][0]
    for shape in ((5, 6), (130, 35)):
        a, b = numbers(rng, shape, "float32"), numbers(rng, shape, "float32")
        expected = twin(a, b)
        for x in layouts(a).values():
            for y in layouts(b).values():
                out = getattr(minigrad, name)(minigrad.from_numpy(x), minigrad.from_numpy(y))
                assert_close(out, expected)


@pytest.mark.parametrize("dtype", [*FLOATS, "int64", "uint8", "bool"])
@pytest.mark.parametrize("name", BINARY)
def test_binary_against_torch(torch, name, dtype, rng):
    for left, right in SHAPES:
        a, b = numbers(rng, left, dtype), numbers(rng, right, dtype)
        if dtype == "bool" and name in ("sub", "remainder", "fmod", "floor_divide", "pow"):
            continue
        compare_with_torch(
            torch,
            binary(name),
            (a, b),
            double=dtype == "float64",
            gradient=name != "floor_divide",  # which has none
        )


OPERATORS = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
]


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "int64", "float16", "float32", "float64"]
)
@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
def test_operators_with_numbers_against_torch(torch, op, dtype, rng):
    gradient = op not in (operator.floordiv, operator.mod)  # there is none of number % x
    for number in (2, 3.5, True, 1, 0.5):
        if op is operator.pow and number is True:
            continue  # torch fails an internal assertion
        a = numbers(rng, (2, 3), dtype)
        for function in (lambda lib, x, n=number: op(x, n), lambda lib, x, n=number: op(n, x)):
            try:
                function(torch, torch.from_numpy(a))
            except Exception as error:
                with pytest.raises(type(error)):
                    function(minigrad, minigrad.from_numpy(a))
            else:
                compare_with_torch(
                    torch, function, (a,), double=dtype == "float64", gradient=gradient
                )


@pytest.mark.parametrize("name", [*BINARY, *COMPARISONS])
def test_special_values_against_torch(torch, name):
    odd = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, np.inf, -np.inf, np.nan, 1e-40, 3e38])
    for dtype in ("float32", "float64"):
        a = np.repeat(odd, odd.size).astype(dtype)
        b = np.tile(odd, odd.size).astype(dtype)
        if name in ("remainder", "fmod"):  # torch's vector code gives NaN for quotients over 1e38
            kept = ~((np.abs(b) < 1) & (b != 0) & (np.abs(a) > 1e-40))
            a, b = a[kept], b[kept]
        compare_with_torch(torch, binary(name), (a, b), gradient=False)


@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod"])
def test_rounded_division_of_odd_quotients_against_torch(torch, name, rng):
    a = rng.integers(-50, 50, 400).astype("float32") / np.float32(10)
    b = rng.choice(np.float32([0.1, -0.1, 0.3, 0.7, -2.0, 5.0]), 400)
    compare_with_torch(torch, binary(name), (a, b), gradient=False)


def test_division_rounding_modes(torch, rng):
    a = rng.integers(-9, 9, (4, 5)).astype("int64")
    b = rng.choice([-4, -3, 2, 3], (4, 5)).astype("int64")
    for mode in (None, "floor", "trunc"):
        for dtype in ("int64", "int8", "float32", "float64"):
            compare_with_torch(
                torch,
                lambda lib, x, y, m=mode: lib.div(x, y, rounding_mode=m),
                (a.astype(dtype), b.astype(dtype)),
            )
    with pytest.raises(RuntimeError, match="rounding_mode"):
        minigrad.div(minigrad.ones(2), 2, rounding_mode="up")


def test_int_trunc_division_of_the_lowest_number():
    lowest = minigrad.tensor([-(2**63), 7], dtype=minigrad.int64)
    out = minigrad.div(lowest, minigrad.tensor([2, -2]), rounding_mode="trunc")
    assert out.tolist() == [-(2**62), -3]


# ---------------------------------------------------------------- gradients


DERIVABLE = [name for name in BINARY if name != "floor_divide"]


@pytest.mark.parametrize("name", DERIVABLE)
def test_binary_gradients(name, rng):
    for left, right in (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,)), ((), ())):
        a, b = numbers(rng, left), numbers(rng, right)
        check_gradients(binary_of_minigrad(name), a, b)
    a, b = numbers(rng, (2, 3)), numbers(rng, (3,))
    for wanted in ([0], [1]):
        check_gradients(binary_of_minigrad(name), a, b, wanted=wanted)


@pytest.mark.parametrize("name", DERIVABLE)
def test_gradient_of_a_broadcast_operand_is_summed(name, rng):
    a = minigrad.tensor(numbers(rng, (4, 2, 3)), requires_grad=True)
    b = minigrad.tensor(numbers(rng, (2, 1)), requires_grad=True)
    getattr(minigrad, name)(a, b).sum().backward()
    assert a.grad.shape == (4, 2, 3)
    assert b.grad.shape == (2, 1)


UNDERIVABLE = {
    "x // y": lambda lib, x, y: x // y,
    "x // number": lambda lib, x, y: x // 2,
    "number // x": lambda lib, x, y: 2 // x,
    "x //= y": lambda lib, x, y: operator.ifloordiv(x * 1, y),
    "floor_divide": lambda lib, x, y: lib.floor_divide(x, y),
    "floor_divide of a number": lambda lib, x, y: lib.floor_divide(7, y),
    "floor_divide_": lambda lib, x, y: x.clone().floor_divide_(2),
    "number % x": lambda lib, x, y: 2 % x,
    "of one": lambda lib, x, y: x.detach() // y,
    "heaviside": lambda lib, x, y: lib.heaviside(x, y),
    "ldl_factor": lambda lib, x, y: lib.linalg.ldl_factor(x.square().diag()).LD,
    "ldl_solve": lambda lib, x, y: lib.linalg.ldl_solve(
        *(t.detach() for t in lib.linalg.ldl_factor(x.square().diag())), y[:, None]
    ),
}


@pytest.mark.parametrize("name", UNDERIVABLE)
def test_gradients_that_torch_does_not_have(torch, name):
    """Asking for one is an error, where the result nevertheless wants a gradient."""
    inputs = []
    for lib in torch, minigrad:
        x, y = (lib.tensor(a, requires_grad=True) for a in ([7.0, -7.0], [2.0, 3.0]))
        out = UNDERIVABLE[name](lib, x, y)
        assert out.requires_grad and type(out.grad_fn).__name__ == "NotImplemented"
        inputs.append([type(fn).__name__ for fn, _ in out.grad_fn.next_functions])
        with pytest.raises(RuntimeError, match=r"derivative for aten::.* is not implemented"):
            out.sum().backward()
        assert x.grad is None and y.grad is None
    assert inputs[0] == inputs[1]


KINKS = {
    "maximum of a tie": lambda lib, a, b: lib.maximum(a, a * 1.0) + lib.maximum(a, b),
    "minimum of a tie": lambda lib, a, b: lib.minimum(a, b),
    "0 ** b": lambda lib, a, b: (a * 0) ** b,
    "a ** 0": lambda lib, a, b: a ** (b * 0),
    "a ** number": lambda lib, a, b: a**2 + a**3 + a**1 + a**0 + (a * a + 1) ** 0.5,
    "negative ** whole": lambda lib, a, b: (-a.abs() - 1) ** b.round(),
    "number ** b": lambda lib, a, b: 2.0**b + 0 ** b.abs(),
    "clamp at its bounds": lambda lib, a, b: a.clamp(-1, 1) + a.clamp(min=0.0) + a.clamp(max=2),
    "clamp by tensors": lambda lib, a, b: a.clamp(b, b + 1) + lib.clamp(a, max=b),
    "clamp, bounds crossed": lambda lib, a, b: a.clamp(1, -1) + a.clamp(b + 1, b - 1),
    "a / 0": lambda lib, a, b: a / (b * 0),
    "remainder": lambda lib, a, b: lib.remainder(a, b.abs() + 0.3) + a % 2.0,
    "fmod": lambda lib, a, b: lib.fmod(a, -b.abs() - 0.3),
    "atan2 at the origin": lambda lib, a, b: lib.atan2(a * 0, b * 0),
    "where": lambda lib, a, b: lib.where(a > b, a * b, b) + lib.where(a > 0, a, 1.0),
    "rounded division": lambda lib, a, b: lib.div(a, b.abs() + 0.3, rounding_mode="floor"),
    "lerp": lambda lib, a, b: lib.lerp(a, b, 0.3) + lib.lerp(a, b, b) + lib.lerp(a, b, 0.9),
    "addcmul": lambda lib, a, b: lib.addcmul(a, a, b, value=2) + lib.addcdiv(a, b, a + 9, value=3),
    "alpha": lambda lib, a, b: lib.add(a, b, alpha=2.5) + lib.sub(a, b, alpha=-1.5),
}


@pytest.mark.parametrize("name", KINKS)
def test_gradients_at_kinks_against_torch(torch, name):
    corners = np.array([0.0, 1.0, -1.0, 2.0, -2.0, 0.5])
    a, b = np.repeat(corners, corners.size), np.tile(corners, corners.size)
    # where torch's second gradients are NaN
    double = name not in ("0 ** b", "a ** 0", "a ** number", "number ** b", "atan2 at the origin")
    compare_with_torch(torch, KINKS[name], (a, b), double=double)


def test_maximum_with_nan_gives_its_gradient_as_torch(torch):
    a = np.array([np.nan, 1.0, np.nan, 2.0])
    b = np.array([1.0, np.nan, np.nan, 2.0])
    for name in ("maximum", "minimum"):
        compare_with_torch(torch, binary(name), (a, b))
    compare_with_torch(torch, lambda lib, x: x.clamp(0, 1), (a,))


# ---------------------------------------------------------------- comparison, logic, bits


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name, rng):
    for dtype in ("bool", "uint8", "int64", "float16", "float32", "float64"):
        for left, right in SHAPES:
            a = rng.integers(0, 2, left).astype(dtype)
            b = rng.integers(0, 2, right).astype(dtype)
            expected = np.asarray(COMPARISONS[name](a, b))
            x, y = minigrad.tensor(a), minigrad.tensor(b)
            assert_close(getattr(minigrad, name)(x, y), expected)
            assert_close(getattr(operator, name)(x, y), expected)
            assert_close(getattr(operator, name)(x, 1), np.asarray(COMPARISONS[name](a, 1)))


def test_comparison_with_what_cannot_be_compared():
    x = minigrad.ones(2)
    assert (x == None) is False  # noqa: E711
    assert (x != "a") is True
    with pytest.raises(TypeError):
        _ = x < None
    with pytest.raises(TypeError):
        _ = x < "a"


LOGIC = ["logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor"]


@pytest.mark.parametrize("name", LOGIC)
def test_logic_and_bits_against_torch(torch, name, rng):
    for first in ("bool", "uint8", "int8", "int64", "float32"):
        for second in ("bool", "uint8", "int64"):
            if name.startswith("bitwise") and first == "float32":
                continue
            a = rng.integers(0, 7, (3, 4)).astype(first)
            b = rng.integers(0, 7, (4,)).astype(second)
            compare_with_torch(torch, binary(name), (a, b), gradient=False)


def test_bit_operators_against_torch(torch, rng):
    a, b = rng.integers(0, 100, (2, 6)), rng.integers(0, 6, 6)
    for dtype in ("uint8", "int32", "int64", "bool"):
        x, y = a.astype(dtype), b.astype(dtype)
        for op in (operator.and_, operator.or_, operator.xor):
            compare_with_torch(torch, lambda lib, p, q, op=op: op(p, q), (x, y))
            compare_with_torch(torch, lambda lib, p, q, op=op: op(p, True), (x, y))
            compare_with_torch(torch, lambda lib, p, q, op=op: op(True, p), (x, y))
        compare_with_torch(torch, lambda lib, p: ~p, (x,))
        if dtype != "bool":
            for op in (operator.lshift, operator.rshift):
                compare_with_torch(torch, lambda lib, p, q, op=op: op(p, q), (x, y))
                compare_with_torch(torch, lambda lib, p, q, op=op: op(p, 2), (x, y))
    for op in (operator.and_, operator.lshift):
        with pytest.raises(RuntimeError):
            op(minigrad.ones(2), minigrad.ones(2))
    with pytest.raises((RuntimeError, TypeError)):
        _ = ~minigrad.ones(2)


def test_where_and_masks_against_torch(torch, rng):
    c = rng.integers(0, 2, (3, 4)).astype(bool)
    a, b = rng.normal(size=(3, 4)), rng.normal(size=(4,))
    compare_with_torch(torch, lambda lib, m, x, y: lib.where(m, x, y), (c, a, b), double=True)
    compare_with_torch(torch, lambda lib, m, x, y: x.where(m, y), (c, a, b), double=True)
    compare_with_torch(torch, lambda lib, m, x: lib.where(m, x, 0), (c, a.astype("float32")))
    compare_with_torch(torch, lambda lib, m: lib.where(m, 1, 0), (c,))
    compare_with_torch(torch, lambda lib, m: lib.where(m, 1.0, 2), (c,))
    compare_with_torch(torch, lambda lib, m: lib.where(m), (c,))
    compare_with_torch(
        torch, lambda lib, m, x, y: lib.where(m, x, y), (c, np.arange(4), a.astype("float32"))
    )
    with pytest.raises(RuntimeError, match="bool"):
        minigrad.where(minigrad.ones(2), minigrad.ones(2), minigrad.ones(2))
    with pytest.raises(RuntimeError, match="size"):
        minigrad.where(minigrad.ones(3) > 0, minigrad.ones(2), minigrad.ones(2))


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("name", [*BINARY, *COMPARISONS])
def test_shapes_that_do_not_broadcast(name):
    for dtype in (minigrad.float32, minigrad.int64):
        a = minigrad.ones(2, 3, dtype=dtype)
        with pytest.raises(RuntimeError, match=r"3.*2|2.*3"):
            getattr(minigrad, name)(a, minigrad.ones(2, dtype=dtype))


@pytest.mark.parametrize("name", BINARY)
def test_operands_that_are_no_numbers(name):
    for other in (None, "a", [1.0, 2.0], object(), {}, 1j):
        with pytest.raises(TypeError):
            getattr(minigrad, name)(minigrad.ones(2), other)


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
def test_operators_leave_foreign_types_to_themselves(op):
    class Friendly:
        def answer(self, other):
            return "mine"

        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rpow__ = answer

    assert op(minigrad.ones(2), Friendly()) == "mine"
    for other in (None, "a"):
        with pytest.raises(TypeError):
            op(minigrad.ones(2), other)


def test_arithmetic_errors():
    flags, whole = minigrad.tensor([True, False]), minigrad.tensor([3, 4])
    with pytest.raises(RuntimeError, match="bool"):
        _ = flags - flags
    with pytest.raises(RuntimeError, match="bool"):
        _ = 1 - flags
    with pytest.raises(RuntimeError, match="negative integer powers"):
        _ = whole**-1
    for name in ("floor_divide", "remainder", "fmod"):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            getattr(minigrad, name)(whole, 0)
    with pytest.raises(RuntimeError, match="min"):
        whole.clamp()


def test_numpy_operands():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    array = np.array([3.0, 4.0], np.float32)
    for out in (x * array, array * x, x * np.float32(2), np.float32(2) * x):
        assert isinstance(out, minigrad.Tensor)
        assert out.requires_grad
    assert (array + x).tolist() == [4.0, 6.0]


def test_integers_that_do_not_fit_wrap_around():
    small = minigrad.ones(1, dtype=minigrad.int8)
    assert [(small * 300).item(), (300 - small).item(), (small + minigrad.tensor(300)).item()] == [
        44,
        43,
        45,
    ]
    assert (small == 257).item() and (small < 300).item() and not (small // 300).item()
    assert (minigrad.ones(1, dtype=minigrad.uint8) - 2).item() == 255
    assert (minigrad.ones(2, dtype=minigrad.int64) + 2**70).tolist() == [1, 1]
    out = minigrad.ones(2) * 2**70
    assert out.tolist() == [2.0**70] * 2


def test_alpha_of_integers_is_an_integer(torch):
    for lib in minigrad, torch:
        i, b, f = lib.tensor([1, 2]), lib.tensor([True, False]), lib.tensor([1.0, 2.0])
        for function, other, alpha in (
            (lib.add, i, 1.5),
            (lib.add, 2, 1.0),
            (lib.sub, 2, 0.5),
            (lib.Tensor.add_, b, 1.5),
            (lib.Tensor.sub_, 2, 1.5),
        ):
            with pytest.raises(RuntimeError, match="argument alpha must not be a floating point"):
                function(i, other, alpha=alpha)
        assert lib.add(i, f, alpha=1.5).tolist() == [2.5, 5.0]
        assert lib.add(i, 2.0, alpha=1.5).tolist() == [4.0, 5.0]
        assert lib.add(i, b, alpha=2).tolist() == [3, 2]


def test_inverting_a_floating_tensor():
    with pytest.raises(TypeError, match="only implemented on integer and Boolean-type tensors"):
        ~minigrad.ones(1)
    with pytest.raises(NotImplementedError, match="integer or bool"):
        minigrad.bitwise_not(minigrad.ones(1))
