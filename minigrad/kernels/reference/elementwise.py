"""The elementwise kernel in plain NumPy (the error function comes from ``math``)."""

import math
from statistics import NormalDist

import numpy as np

from minigrad.kernels.elementwise import Binary, BinaryAlpha, Unary

erf = np.vectorize(math.erf, otypes=[float])
erfc = np.vectorize(math.erfc, otypes=[float])
cos, exp, log1p, sin, sqrt, tanh = np.cos, np.exp, np.log1p, np.sin, np.sqrt, np.tanh


def sign(x):
    """-1, 0 or 1; 0 for NaN."""
    return np.where(x > 0, 1.0, 0.0) - np.where(x < 0, 1.0, 0.0)


def sigmoid(x):
    """1 / (1 + exp(-x)), by the form that does not overflow."""
    small = exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def softplus(x):
    """log(1 + exp(x)), without overflow."""
    return np.maximum(x, 0) + log1p(exp(-np.abs(x)))


def _erfinv(x):
    if not abs(x) < 1:
        return math.copysign(math.inf, x) if abs(x) == 1 else math.nan
    if abs(x) > 0.5:
        tail = NormalDist().inv_cdf((1 - abs(x)) / 2)
        return math.copysign(tail / math.sqrt(2), x)
    y = x
    for _ in range(8):  # Newton's steps
        y -= (math.erf(y) - x) * math.sqrt(math.pi) / 2 * math.exp(y * y)
    return y


erfinv = np.vectorize(_erfinv, otypes=[float])


def limited(x, low, high):
    """``x`` from ``low`` to ``high``."""
    return np.minimum(np.maximum(x, low), high)


def normal_cdf(x):
    """The probability that a standard normal variable is below ``x``."""
    return 0.5 * erfc(-x / math.sqrt(2))


def normal_pdf(x):
    """The density of the standard normal distribution."""
    return exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def gelu_tanh_inner(x):
    """The tanh that stands for 2 * normal_cdf(x) - 1."""
    return tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


def gelu_tanh_slope(x):
    """The derivative of GELU_TANH."""
    t = gelu_tanh_inner(x)
    inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner


def share(less, equal):
    """What an operand gets of a gradient: nothing where it lost, half of it in a tie."""
    return np.where(less, 0.0, np.where(equal, 0.5, 1.0))


UNARY = {
    Unary.NEG: np.negative,
    Unary.ABS: np.abs,
    Unary.SIGN: sign,
    Unary.SQUARE: np.square,
    Unary.CUBE: lambda x: x**3,
    Unary.COPY: np.positive,
    Unary.SQRT: sqrt,
    Unary.RSQRT: lambda x: 1 / sqrt(x),
    Unary.RECIPROCAL: lambda x: 1 / x,
    Unary.EXP: exp,
    Unary.EXP2: np.exp2,
    Unary.EXPM1: np.expm1,
    Unary.LOG: np.log,
    Unary.LOG1P: log1p,
    Unary.LOG2: np.log2,
    Unary.LOG10: np.log10,
    Unary.SIN: sin,
    Unary.COS: cos,
    Unary.TAN: np.tan,
    Unary.ASIN: np.arcsin,
    Unary.ACOS: np.arccos,
    Unary.ATAN: np.arctan,
    Unary.SINH: np.sinh,
    Unary.COSH: np.cosh,
    Unary.TANH: tanh,
    Unary.SIGMOID: sigmoid,
    Unary.LOGSIGMOID: lambda x: -softplus(-x),
    Unary.SOFTPLUS: softplus,
    Unary.RELU: lambda x: np.maximum(x, 0),
    Unary.SILU: lambda x: x * sigmoid(x),
    Unary.GELU: lambda x: x * normal_cdf(x),
    Unary.GELU_TANH: lambda x: 0.5 * x * (1 + gelu_tanh_inner(x)),
    Unary.ERF: erf,
    Unary.ERFC: erfc,
    Unary.ERFINV: erfinv,
    Unary.HARDSIGMOID: lambda x: limited(x + 3, 0, 6) / 6,
    Unary.HARDSWISH: lambda x: x * limited(x + 3, 0, 6) / 6,
    Unary.FLOOR: np.floor,
    Unary.CEIL: np.ceil,
    Unary.TRUNC: np.trunc,
    Unary.ROUND: np.rint,
    Unary.FRAC: lambda x: x - np.trunc(x),
}

BINARY = {
    Binary.ADD: np.add,
    Binary.SUB: np.subtract,
    Binary.MUL: np.multiply,
    Binary.DIV: np.divide,
    Binary.POW: np.power,
    Binary.MAXIMUM: np.maximum,
    Binary.MINIMUM: np.minimum,
    Binary.FLOOR_DIVIDE: np.floor_divide,
    Binary.REMAINDER: np.remainder,
    Binary.FMOD: np.fmod,
    Binary.ATAN2: np.arctan2,
    Binary.HYPOT: np.hypot,
    Binary.COPYSIGN: np.copysign,
    Binary.LOGADDEXP: np.logaddexp,
    Binary.LT: np.less,
    Binary.LE: np.less_equal,
    Binary.GT: np.greater,
    Binary.GE: np.greater_equal,
    Binary.EQ: np.equal,
    Binary.NE: np.not_equal,
    Binary.MAXIMUM_SHARE: lambda a, b: share(a < b, a == b),
    Binary.MINIMUM_SHARE: lambda a, b: share(a > b, a == b),
    Binary.LEAKY_RELU: lambda x, slope: np.where(x > 0, x, x * slope),
    Binary.ELU: lambda x, alpha: np.where(x < 0, np.expm1(x) * alpha, x),
    Binary.HARDSHRINK: lambda x, end: np.where(np.abs(x) <= end, 0, x),
    Binary.SOFTSHRINK: lambda x, end: x - limited(x, -end, end),
    Binary.ABS_BACKWARD: lambda g, x: g * sign(x),
    Binary.SQRT_BACKWARD: lambda g, y: g / (2 * y),
    Binary.RSQRT_BACKWARD: lambda g, y: -0.5 * g * y**3,
    Binary.RECIPROCAL_BACKWARD: lambda g, y: -g * y * y,
    Binary.SQUARE_BACKWARD: lambda g, x: 2 * g * x,
    Binary.EXPM1_BACKWARD: lambda g, y: g * (y + 1),
    Binary.LOG1P_BACKWARD: lambda g, x: g / (x + 1),
    Binary.SIN_BACKWARD: lambda g, x: g * cos(x),
    Binary.COS_BACKWARD: lambda g, x: -g * sin(x),
    Binary.ERF_BACKWARD: lambda g, x: 2 / math.sqrt(math.pi) * g * exp(-x * x),
    Binary.TANH_BACKWARD: lambda g, y: g * (1 - y * y),
    Binary.SIGMOID_BACKWARD: lambda g, y: g * (1 - y) * y,
    Binary.LOGSIGMOID_BACKWARD: lambda g, x: g * sigmoid(-x),
    Binary.SOFTPLUS_BACKWARD: lambda g, x: g * sigmoid(x),
    Binary.RELU_BACKWARD: lambda g, x: np.where(x <= 0, 0, g),
    Binary.SILU_BACKWARD: lambda g, x: g * sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    Binary.GELU_BACKWARD: lambda g, x: g * (normal_cdf(x) + x * normal_pdf(x)),
    Binary.GELU_TANH_BACKWARD: lambda g, x: g * gelu_tanh_slope(x),
    Binary.HARDSIGMOID_BACKWARD: lambda g, x: np.where(np.abs(x) < 3, g / 6, 0),
    Binary.HARDSWISH_BACKWARD: lambda g, x: np.where(
        x <= -3, 0, np.where(x < 3, g * (x / 3 + 0.5), g)
    ),
    Binary.BCE_LOGITS: lambda x, t: (1 - t) * softplus(x) + t * softplus(-x),
    Binary.BCE_LOGITS_SLOPE: lambda x, t: (1 - t) * sigmoid(x) - t * sigmoid(-x),
}

BINARY_ALPHA = {
    BinaryAlpha.ADD_SCALED: lambda a, b, alpha, _: a + alpha * b,
    BinaryAlpha.LEAKY_RELU_BACKWARD: lambda g, x, slope, _: np.where(x > 0, g, g * slope),
    BinaryAlpha.ELU_BACKWARD: lambda g, x, alpha, _: np.where(x <= 0, g * alpha * exp(x), g),
    BinaryAlpha.SHRINK_BACKWARD: lambda g, x, end, _: np.where(np.abs(x) <= end, 0, g),
    BinaryAlpha.CLAMP: lambda x, _, low, high: limited(x, low, high),
    BinaryAlpha.CLAMP_BACKWARD: lambda g, x, low, high: np.where((x >= low) & (x <= high), g, 0),
    BinaryAlpha.HARDTANH_BACKWARD: lambda g, x, low, high: np.where((x <= low) | (x >= high), 0, g),
    BinaryAlpha.NAN_TO_NUM: lambda x, nan, low, high: np.where(
        np.isnan(x), nan, np.where(x == np.inf, high, np.where(x == -np.inf, low, x))
    ),
}


def unary(op, out, x, n_threads):
    """``out = op(x)`` for a Unary operation."""
    with np.errstate(all="ignore"):
        out[...] = UNARY[op](x)


def binary(op, out, a, b, n_threads):
    """``out = op(a, b)`` for a Binary operation.  ``a`` and ``b`` broadcast to ``out``."""
    with np.errstate(all="ignore"):
        out[...] = BINARY[op](a, b)


def binary_scalar(op, out, a, scalar, reversed, n_threads):
    """``out = op(a, scalar)``, or ``op(scalar, a)`` if ``reversed``."""
    scalar = out.dtype.type(scalar)
    binary(op, out, scalar if reversed else a, a if reversed else scalar, n_threads)


def binary_alpha(op, out, a, b, alpha, beta, n_threads):
    """``out = op(a, b; alpha, beta)`` for a BinaryAlpha operation."""
    with np.errstate(all="ignore"):
        out[...] = BINARY_ALPHA[op](a, b, alpha, beta)
