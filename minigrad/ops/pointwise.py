"""The less common functions of each element, or of each pair of elements.

Integers become the default floating dtype where the result is no integer.  Most are made of other
ops; what NumPy computes better has a gradient of its own beside it.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad import return_types
from minigrad.dtypes import bool_, float32, float64
from minigrad.ops.compare import ge, le
from minigrad.ops.creation import full_like, zeros_like
from minigrad.ops.elementwise import mul, sub, where
from minigrad.ops.inplace import in_place
from minigrad.ops.kinds import common_dtype
from minigrad.ops.math import cos, isnan, sigmoid, sqrt, square
from minigrad.ops.pairs import pow
from minigrad.ops.recorded import (
    cast,
    float_operand,
    labelled,
    operands,
    recorded,
    tensor_operand,
    underivable,
)
from minigrad.ops.shape import broadcast_tensors
from minigrad.tensor import Tensor, over_array


def _computed(function, *tensors):
    """Return a NumPy function of tensors of one dtype, in that dtype; float16 through float32."""
    arrays = [x.numpy(force=True) for x in tensors]
    dtype = arrays[0].dtype
    if dtype == np.float16:
        arrays = [a.astype(np.float32) for a in arrays]
    try:
        with np.errstate(all="ignore"):
            return np.asarray(function(*arrays)).astype(dtype, copy=False)
    except ValueError:
        shapes = " and ".join(str(list(a.shape)) for a in arrays)
        raise RuntimeError(f"shapes {shapes} do not broadcast") from None


def _unary(label, function, gradient, input):
    """Compute and record a function of a real; ``gradient`` takes that of the result, and x."""
    x = float_operand(input)
    return recorded(_computed(function, x), label, (x,), (gradient,), (x,))


def _pair(name, input, other):
    """Return two tensors in the dtype of the result; a number is a TypeError, as in torch."""
    return operands(tensor_operand(input, name), tensor_operand(other, name, "other"))


def _whole(name, input, other):
    """Return two tensors in the dtype of the result, which must be an integer one."""
    a, b = _pair(name, input, other)
    if a.dtype.is_floating_point or a.dtype is bool_:
        raise NotImplementedError(f"{name} is defined for integers, but got {a.dtype}")
    return a, b


def _real(name, input, other):
    """Return two tensors in the dtype of the result, which must be a floating one."""
    a, b = _pair(name, input, other)
    if not a.dtype.is_floating_point:
        raise NotImplementedError(f"{name} is defined for floating dtypes, but got {a.dtype}")
    return a, b


def _with_a_tensor(name, input, other):
    """Raise TypeError if both operands are numbers."""
    if not isinstance(input, Tensor):
        tensor_operand(other, name, "other")


# ---------------------------------------------------------------- inverse hyperbolic functions


def acosh(input: Tensor) -> Tensor:
    """Return the number, at least 0, whose hyperbolic cosine is the input; NaN below 1.

    >>> import minigrad
    >>> minigrad.acosh(minigrad.tensor([1.0, 2.0]))
    tensor([0.0000, 1.3170])
    """
    return _unary("AcoshBackward0", np.arccosh, lambda g, x: g / sqrt(square(x) - 1.0), input)


def asinh(input: Tensor) -> Tensor:
    """Return the number whose hyperbolic sine is the input."""
    return _unary("AsinhBackward0", np.arcsinh, lambda g, x: g / sqrt(square(x) + 1.0), input)


def atanh(input: Tensor) -> Tensor:
    """Return the number whose hyperbolic tangent is the input; NaN outside -1 to 1."""
    return _unary("AtanhBackward0", np.arctanh, lambda g, x: g / (1.0 - square(x)), input)


# ---------------------------------------------------------------- angles, sinc, logit


def deg2rad(input: Tensor) -> Tensor:
    """Return degrees as radians.

    >>> import minigrad
    >>> minigrad.deg2rad(minigrad.tensor([90.0, 180.0]))
    tensor([1.5708, 3.1416])
    """
    return labelled(float_operand(input) * (math.pi / 180.0), "Deg2RadBackward0")


def rad2deg(input: Tensor) -> Tensor:
    """Return radians as degrees."""
    return labelled(float_operand(input) * (180.0 / math.pi), "Rad2DegBackward0")


def sinc(input: Tensor) -> Tensor:
    """Return ``sin(pi * input) / (pi * input)``, 1 at 0.

    >>> import minigrad
    >>> minigrad.sinc(minigrad.tensor([0.0, 0.5]))
    tensor([1.0000, 0.6366])
    """

    def gradient(g, x, y):
        zero = x == 0
        return g * ((cos(x * math.pi) - y) / x.masked_fill(zero, 1.0)).masked_fill(zero, 0.0)

    x = float_operand(input)
    return recorded(_computed(np.sinc, x), "SincBackward0", (x,), (gradient,), (x,), True)


def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """Return ``log(input / (1 - input))``, the inverse of sigmoid; with ``eps`` the input is first
    limited to [eps, 1 - eps].  The slope is NaN outside 0 to 1, and 0 outside the limits.

    >>> import minigrad
    >>> minigrad.logit(minigrad.tensor([0.5, 0.9]))
    tensor([0.0000, 2.1972])
    """
    low, outside = (0.0, math.nan) if eps is None else (eps, 0.0)

    def gradient(g, x):
        beyond = (x < low) | (x > 1.0 - low)
        return where(beyond, outside, g / (x * (1.0 - x)))

    def function(x):
        if eps is not None:  # np.clip would take the upper limit first, where they cross
            x = np.where(x < eps, eps, np.where(x > 1 - eps, 1 - eps, x))
        return np.log(x / (1 - x))

    return _unary("LogitBackward0", function, gradient, input)


# ---------------------------------------------------------------- sums of exponentials, logarithms


def logaddexp2(input: Tensor, other: Tensor | float) -> Tensor:
    """Return ``log2(2 ** input + 2 ** other)`` of floating tensors without overflow."""
    a, b = _real("logaddexp2", input, other)
    scale = math.log(2.0)
    return recorded(
        _computed(np.logaddexp2, a, b),
        "Logaddexp2Backward0",
        (a, b),
        (
            lambda g, a, b: g * sigmoid((a - b) * scale),
            lambda g, a, b: g * sigmoid((b - a) * scale),
        ),
        (a, b),
    )


def _x_log(label, function, logarithm, shift, input, other):
    """Return ``input * logarithm(other)``, 0 where the input is 0 unless ``other`` is NaN.

    The logarithm is that of ``other + shift``, and ``function`` the one that is being computed.
    """
    _with_a_tensor(function.__name__, input, other)
    a, b = operands(input, other, True)
    out = _computed(lambda a, b: np.where((a == 0) & ~np.isnan(b), 0, a * logarithm(b)), a, b)

    def by_a(g, a, b):
        return function(g, b).masked_fill((a == 0) & le(b, -shift), 0.0)

    def by_b(g, a, b):
        return g * a / (b + shift)

    return recorded(out, label, (a, b), (by_a, by_b), (a, b))


def xlogy(input: Tensor, other: Tensor | float) -> Tensor:
    """Return ``input * log(other)``, 0 where the input is 0; NaN where ``other`` is.

    >>> import minigrad
    >>> minigrad.xlogy(minigrad.tensor([0.0, 2.0]), minigrad.tensor([0.0, minigrad.e]))
    tensor([0., 2.])
    """
    return _x_log("XlogyBackward0", xlogy, np.log, 0.0, input, other)


def xlog1py(input: Tensor, other: Tensor | float) -> Tensor:
    """Return ``input * log1p(other)``, 0 where the input is 0.  Source: torch.special.xlog1py."""
    return _x_log("SpecialXlog1PyBackward0", xlog1py, np.log1p, 1.0, input, other)


# ---------------------------------------------------------------- lengths, signs, steps


def signbit(input: Tensor) -> Tensor:
    """Return, as bools, whether each element has a minus sign (-0. has one)."""
    x = tensor_operand(input, "signbit").numpy(force=True)
    return over_array(np.asarray(np.signbit(x) if x.dtype.kind == "f" else x < 0))


def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """Return 0 where the input is negative, 1 where positive, ``values`` where it is 0.

    Both have one dtype, else RuntimeError.  The gradient is not implemented, as in torch.
    """
    a, b = tensor_operand(input, "heaviside"), tensor_operand(values, "heaviside", "values")
    if a.dtype is not b.dtype:
        raise RuntimeError(
            "heaviside is not yet implemented for tensors with different dtypes: "
            f"{a.dtype} and {b.dtype}"
        )
    steps = _computed(lambda a, b: np.where(a == 0, b, a > 0), a, b)
    return underivable(steps, "heaviside", (a, b))


def nextafter(input: Tensor, other: Tensor | float) -> Tensor:
    """Return the floating number after ``input`` on the way to ``other``.

    The gradient of ``input`` is passed on where it is not ``other`` already.
    """
    a, b = broadcast_tensors(*_real("nextafter", input, other))
    found = np.nextafter(a.numpy(force=True), b.numpy(force=True))
    moved = (lambda g, a, b: g.masked_fill(a == b, 0.0), None)
    return recorded(found, "NextafterBackward0", (a, b), moved, (a, b))


def isposinf(input: Tensor) -> Tensor:
    """Return, as bools, whether each element is +infinity."""
    return tensor_operand(input, "isposinf") == math.inf


def isneginf(input: Tensor) -> Tensor:
    """Return, as bools, whether each element is -infinity."""
    return tensor_operand(input, "isneginf") == -math.inf


def isreal(input: Tensor) -> Tensor:
    """Return True for each element: minigrad has no complex dtypes."""
    return full_like(tensor_operand(input, "isreal"), True, dtype=bool_)


def angle(input: Tensor) -> Tensor:
    """Return pi where the input is negative, else 0 (NaN stays NaN): the angle of a real number."""
    x = float_operand(input)

    def function(x):
        return np.where(np.isnan(x), x, np.where(x < 0, math.pi, 0.0))

    return recorded(_computed(function, x), "AngleBackward0", (x,), (lambda g: zeros_like(g),))


def positive(input: Tensor) -> Tensor:
    """Return the input itself, which must not be a bool tensor."""
    if tensor_operand(input, "positive").dtype is bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


# ---------------------------------------------------------------- arithmetic


def lerp(input: Tensor, end: Tensor, weight: Tensor | float) -> Tensor:
    """Return ``input + weight * (end - input)``, counted from the end that is nearer.

    TypeError unless ``end`` is a tensor; RuntimeError if it, or a ``weight`` that is a tensor, has
    another dtype than the input; NotImplementedError for integers.

    >>> import minigrad
    >>> minigrad.lerp(minigrad.tensor([0.0, 10.0]), minigrad.tensor([4.0, 20.0]), 0.75)
    tensor([ 3.0000, 17.5000])
    """
    x, y = tensor_operand(input, "lerp"), tensor_operand(end, "lerp", "end")
    if isinstance(weight, Tensor) and weight.dim() == 0:
        weight = cast(weight, x.dtype)
    for name, t in (("end", y), ("weight", weight)):
        if isinstance(t, Tensor) and t.dtype is not x.dtype:
            raise RuntimeError(f"expected dtype {x.dtype} for `{name}` but got dtype {t.dtype}")
    if not x.dtype.is_floating_point:
        raise NotImplementedError(f"lerp is not defined for {x.dtype}")
    way = y - x
    if isinstance(weight, Tensor):
        near = abs(weight) < 0.5
        return labelled(where(near, x + weight * way, y - (1 - weight) * way), "LerpBackward1")
    out = x + weight * way if abs(weight) < 0.5 else y - (1 - weight) * way
    return labelled(out, "LerpBackward0")


def _three(name, input, tensor1, tensor2):
    """Return the arguments of addcmul and addcdiv, which must be tensors, in one dtype."""
    tensors = (
        tensor_operand(input, name),
        tensor_operand(tensor1, name, "tensor1"),
        tensor_operand(tensor2, name, "tensor2"),
    )
    dtype = common_dtype(*tensors)
    return [cast(x, dtype) for x in tensors]


def addcmul(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Tensor | float = 1
) -> Tensor:
    """Return ``input + value * tensor1 * tensor2``; of integers, ``value`` counts as one too."""
    x, a, b = _three("addcmul", input, tensor1, tensor2)
    if x.dtype is bool_:
        raise NotImplementedError("addcmul is not defined for bools")
    if not x.is_floating_point():
        value = int(value)
    return labelled(x + value * a * b, "AddcmulBackward0")


def addcdiv(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Tensor | float = 1
) -> Tensor:
    """Return ``input + value * tensor1 / tensor2``; RuntimeError if both of these are integers."""
    x, a, b = _three("addcdiv", input, tensor1, tensor2)
    if not (tensor1.is_floating_point() or tensor2.is_floating_point()):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported: use floating tensors, or "
            f"div(rounding_mode=...); got {tensor1.dtype} and {tensor2.dtype}"
        )
    return labelled(x + value * a / b, "AddcdivBackward0")


def rsub(input: Tensor, other: Tensor | float, *, alpha: float = 1) -> Tensor:
    """Return ``other - alpha * input``.

    >>> import minigrad
    >>> minigrad.rsub(minigrad.tensor([1.0, 2.0]), 10)
    tensor([9., 8.])
    """
    if bool_ in (tensor_operand(input, "rsub").dtype, getattr(other, "dtype", None)):
        raise RuntimeError("Subtraction with a bool tensor is not supported: use ~ or logical_not")
    a, b = operands(input, other)
    return labelled(sub(b, a, alpha=alpha), f"RsubBackward{int(not isinstance(other, Tensor))}")


def float_power(input: Tensor, exponent: Tensor | float) -> Tensor:
    """Return ``input ** exponent`` in float64.

    >>> import minigrad
    >>> minigrad.float_power(minigrad.tensor([2, 3]), -1)
    tensor([0.5000, 0.3333], dtype=minigrad.float64)
    """
    _with_a_tensor("float_power", input, exponent)
    a, b = (cast(x, float64) if isinstance(x, Tensor) else float(x) for x in (input, exponent))
    return pow(a, b)


def float_power_(input: Tensor, exponent: Tensor | float) -> Tensor:
    """Write ``float_power(...)`` of this tensor, which must be float64, into it, and return it."""
    if tensor_operand(input, "float_power_").dtype is not float64:
        raise RuntimeError(f"the base given to float_power_ must be float64, but is {input.dtype}")
    return _float_power_(input, exponent)


_float_power_ = in_place(float_power, "float_power_")


def gcd(input: Tensor, other: Tensor | float) -> Tensor:
    """Return the greatest common divisor, not negative, of integers.

    >>> import minigrad
    >>> minigrad.gcd(minigrad.tensor([12, 18]), minigrad.tensor([8, 27]))
    tensor([4, 9])
    """
    return over_array(_computed(np.gcd, *_whole("gcd", input, other)))


def lcm(input: Tensor, other: Tensor | float) -> Tensor:
    """Return the least common multiple, not negative, of integers."""
    return over_array(_computed(np.lcm, *_whole("lcm", input, other)))


def ldexp(input: Tensor, other: Tensor | float) -> Tensor:
    """Return ``input * 2 ** other``.

    >>> import minigrad
    >>> minigrad.ldexp(minigrad.tensor([1.0]), minigrad.tensor([3]))
    tensor([8.])
    """
    x, exponent = _pair("ldexp", input, other)  # 2 ** exponent is float32, the result need not be
    out = cast(mul(x, pow(2.0, exponent)), x.dtype if x.is_floating_point() else float32)
    return labelled(out, "LdexpBackward0")


def frexp(input: Tensor) -> return_types.frexp:
    """Return (mantissa, exponent) with ``input == mantissa * 2 ** exponent``: the mantissa from 1/2
    to 1 in size, the exponent int32.  For floating tensors.

    >>> import minigrad
    >>> mantissa, exponent = minigrad.frexp(minigrad.tensor([8.0]))
    >>> mantissa, exponent
    (tensor([0.5000]), tensor([4], dtype=minigrad.int32))
    """
    x = tensor_operand(input, "frexp")
    if not x.dtype.is_floating_point:
        raise RuntimeError(f"frexp() only supports floating-point dtypes, but got {x.dtype}")
    fraction, power = np.frexp(x.numpy(force=True))
    exponent = over_array(np.asarray(power, np.int32))
    mantissa = recorded(
        np.asarray(fraction), "FrexpBackward0", (x,), (lambda g, e: g / pow(2.0, e),), (exponent,)
    )
    return return_types.frexp(mantissa, exponent)


def fmax(input: Tensor, other: Tensor | float) -> Tensor:
    """Return the larger of each pair, ignoring NaN; the gradient of a tie goes to ``input``.

    >>> import minigrad
    >>> minigrad.fmax(minigrad.tensor([1.0, minigrad.nan]), minigrad.tensor([0.5, 2.0]))
    tensor([1., 2.])
    """
    a, b = _pair("fmax", input, other)
    return labelled(where(ge(a, b) | isnan(b), a, b), "FmaxBackward0")


def fmin(input: Tensor, other: Tensor | float) -> Tensor:
    """Return the smaller of each pair, ignoring NaN; the gradient of a tie goes to ``input``."""
    a, b = _pair("fmin", input, other)
    return labelled(where(le(a, b) | isnan(b), a, b), "FminBackward0")
