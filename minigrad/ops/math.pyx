"""Functions of one real variable: exp, log, sin, relu, ... and their derivatives.

``unary`` computes the forward for every one of them; what differs is one op code, and the vjp
below the function.  Where a vjp has a fused kernel (one pass instead of two or three) it is used
while the backward pass itself is not recorded.
"""

import math

import numpy as np

from cpython.object cimport PyObject
from numpy cimport PyArray_TYPE, import_array, ndarray

from minigrad.dtypes cimport bool_, dtype_of, float16, int64
from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels cimport elementwise as kernels
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.shapes cimport same_shape, size_of
from minigrad.memory cimport empty_like_array
from minigrad.ops.common cimport cast, float_operand, is_kernel_float, to_half, zeros_of
from minigrad.ops.elementwise cimport combine, with_parameters
from minigrad.ops.recorded import labelled
from minigrad.ops.recorded cimport named_slope
from minigrad.tape cimport Node, operations, record, recording, vjp_function
from minigrad.tensor cimport Tensor, wrap
from minigrad.walk cimport is_spare

import_array()


# ---------------------------------------------------------------- the one driver of these functions

cdef ndarray apply_unary(int op, ndarray x):
    """Return op(x); float16 goes through float32."""
    cdef ndarray out
    if not is_kernel_float(x) and dtype_of(x) is float16:
        return to_half(apply_unary(op, x.astype(np.float32)))
    out = empty_like_array(x)
    kernels.unary(op, out, x, threads_for(size_of(x)))
    return out


cdef Tensor unary(int op, str label, vjp_function vjp, object input, Keep keep):
    """Compute a function of a real variable and record it, saving its input or its output."""
    cdef Tensor x = float_operand(input), out
    out = wrap(apply_unary(op, x.array))
    if recording(x):
        record(out, label, vjp, (x,),
               () if keep == NOTHING else (x,) if keep == INPUT else (out,))
    return out


cdef object fused(int op, object g, Tensor saved):
    """Return a two-input gradient kernel's result as a tensor, for a walk that is not recorded.

    The result takes the place of ``g``, if nobody else holds that: its caller may not read it again.
    """
    cdef bint spare = is_spare(<PyObject *>g)       # before a variable here holds its array, too
    cdef ndarray slope = (<Tensor>g).array
    if (spare and is_kernel_float(slope) and same_shape(slope, saved.array)
            and PyArray_TYPE(slope) == PyArray_TYPE(saved.array)):
        kernels.binary(op, slope, slope, saved.array, threads_for(size_of(slope)))
        return wrap(slope)
    return wrap(combine(op, slope, saved.array))


cdef Tensor exact(object ufunc, int op, str label, vjp_function vjp, object input, Keep keep):
    """As ``unary`` for functions that integers have too (abs, sign, floor ...): they keep them."""
    cdef Tensor x = <Tensor?>input
    if dtype_of(x.array).is_floating_point:
        return unary(op, label, vjp, x, keep)
    if dtype_of(x.array) is bool_:
        name = label.removesuffix("Backward0").lower()
        raise NotImplementedError(f"{name} is not defined for bools")
    with np.errstate(all="ignore"):
        return wrap(np.asarray(ufunc(x.array), x.array.dtype))


# ---------------------------------------------------------------- sign and rounding

def neg(input):
    """Return ``-input``."""
    if dtype_of((<Tensor?>input).array) is bool_:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return exact(np.negative, kernels.NEG, "NegBackward0", neg_vjp, input, NOTHING)


cdef neg_vjp(Node node, object g):
    return (-g,)


def abs(input):
    """Return the absolute value.  The slope at 0 is 0.

    >>> import minigrad
    >>> minigrad.tensor([-1.5, 2.0]).abs()
    tensor([1.5000, 2.0000])
    """
    return exact(np.abs, kernels.ABS, "AbsBackward0", abs_vjp, input, INPUT)


cdef abs_vjp(Node node, object g):
    return (g * sign(node.tensor(0)),)


def sign(input):
    """Return -1, 0 or 1 with the sign of the input."""
    if dtype_of((<Tensor?>input).array) is bool_:
        return input.clone()
    return exact(np.sign, kernels.SIGN, "SignBackward0", flat_vjp, input, NOTHING)


cdef flat_vjp(Node node, object g):
    return (zeros_of(<Tensor>g),)


def floor(input):
    """Return the largest integer not above the input, in the input's dtype."""
    return exact(np.positive, kernels.FLOOR, "FloorBackward0", flat_vjp, input, NOTHING)


def ceil(input):
    """Return the smallest integer not below the input, in the input's dtype."""
    return exact(np.positive, kernels.CEIL, "CeilBackward0", flat_vjp, input, NOTHING)


def trunc(input):
    """Return the input without its fraction."""
    return exact(np.positive, kernels.TRUNC, "TruncBackward0", flat_vjp, input, NOTHING)


def round(input, *, decimals=0):
    """Return the nearest integer, halves to even; or to ``decimals`` digits after the point."""
    if decimals:
        if not input.is_floating_point():
            raise NotImplementedError(
                f"round: decimals={decimals} is for floating tensors, but got {input.dtype}")
        scale = 10.0 ** decimals
        return labelled(round(input * scale) / scale, "RoundBackward1")
    return exact(np.positive, kernels.ROUND, "RoundBackward0", flat_vjp, input, NOTHING)


def frac(input):
    """Return the fraction of a floating tensor, with the sign of the input."""
    if not dtype_of((<Tensor?>input).array).is_floating_point:
        raise NotImplementedError(f"frac is not defined for {dtype_of((<Tensor>input).array)}")
    return unary(kernels.FRAC, "FracBackward0", frac_vjp, input, NOTHING)


cdef frac_vjp(Node node, object g):
    return (g,)


# ---------------------------------------------------------------- powers

def square(input):
    """Return ``input * input``."""
    cdef Tensor x = <Tensor?>input
    if dtype_of(x.array) is bool_:
        return cast(x, int64)
    if not dtype_of(x.array).is_floating_point:
        return x * x
    return unary(kernels.SQUARE, "PowBackward0", square_vjp, x, INPUT)


cdef square_vjp(Node node, object g):
    if grad_enabled():
        return (g * (operations.pow(node.tensor(0), 1) * 2.0),)     # as any power, as in torch
    return (fused(kernels.SQUARE_BACKWARD, g, <Tensor>node.tensor(0)),)


def sqrt(input):
    """Return the square root; NaN below 0.

    >>> import minigrad
    >>> minigrad.sqrt(minigrad.tensor([4.0, 9.0]))
    tensor([2., 3.])
    """
    return unary(kernels.SQRT, "SqrtBackward0", sqrt_vjp, input, OUTPUT)


cdef sqrt_vjp(Node node, object g):
    if grad_enabled():
        return (g / (node.tensor(0) * 2.0),)
    return (fused(kernels.SQRT_BACKWARD, g, <Tensor>node.tensor(0)),)


def rsqrt(input):
    """Return one over the square root."""
    return unary(kernels.RSQRT, "RsqrtBackward0", rsqrt_vjp, input, OUTPUT)


cdef rsqrt_vjp(Node node, object g):
    y = node.tensor(0)
    return (g * (y * y * y * -0.5),)


def reciprocal(input):
    """Return ``1 / input``."""
    return unary(kernels.RECIPROCAL, "ReciprocalBackward0", reciprocal_vjp, input, OUTPUT)


cdef reciprocal_vjp(Node node, object g):
    y = node.tensor(0)
    return (-g * (y * y),)


# ---------------------------------------------------------------- exponentials and logarithms

def exp(input):
    """Return e to the power of the input.

    >>> import minigrad
    >>> minigrad.exp(minigrad.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """
    return unary(kernels.EXP, "ExpBackward0", exp_vjp, input, OUTPUT)


cdef exp_vjp(Node node, object g):
    return (g * node.tensor(0),)


def exp2(input):
    """Return 2 to the power of the input."""
    return unary(kernels.EXP2, "Exp2Backward0", exp2_vjp, input, OUTPUT)


cdef exp2_vjp(Node node, object g):
    return (g * (node.tensor(0) * math.log(2.0)),)


def expm1(input):
    """Return ``exp(input) - 1``, accurate near 0."""
    return unary(kernels.EXPM1, "Expm1Backward0", expm1_vjp, input, OUTPUT)


cdef expm1_vjp(Node node, object g):
    return (g * (node.tensor(0) + 1.0),)


def log(input):
    """Return the natural logarithm; -inf at 0, NaN below.

    >>> import minigrad
    >>> minigrad.log(minigrad.tensor([1.0, minigrad.e]))
    tensor([0., 1.])
    """
    return unary(kernels.LOG, "LogBackward0", log_vjp, input, INPUT)


cdef log_vjp(Node node, object g):
    return (g / node.tensor(0),)


def log1p(input):
    """Return ``log(1 + input)``, accurate near 0."""
    return unary(kernels.LOG1P, "Log1PBackward0", log1p_vjp, input, INPUT)


cdef log1p_vjp(Node node, object g):
    return (g / (node.tensor(0) + 1.0),)


def log2(input):
    """Return the logarithm to base 2."""
    return unary(kernels.LOG2, "Log2Backward0", log2_vjp, input, INPUT)


cdef log2_vjp(Node node, object g):
    return (g / (node.tensor(0) * math.log(2.0)),)


def log10(input):
    """Return the logarithm to base 10."""
    return unary(kernels.LOG10, "Log10Backward0", log10_vjp, input, INPUT)


cdef log10_vjp(Node node, object g):
    return (g / (node.tensor(0) * math.log(10.0)),)


# ---------------------------------------------------------------- trigonometry

def sin(input):
    """Return the sine of radians."""
    return unary(kernels.SIN, "SinBackward0", sin_vjp, input, INPUT)


cdef sin_vjp(Node node, object g):
    return (g * cos(node.tensor(0)),)


def cos(input):
    """Return the cosine of radians."""
    return unary(kernels.COS, "CosBackward0", cos_vjp, input, INPUT)


cdef cos_vjp(Node node, object g):
    return (-g * sin(node.tensor(0)),)


def tan(input):
    """Return the tangent of radians."""
    return unary(kernels.TAN, "TanBackward0", tan_vjp, input, OUTPUT)


cdef tan_vjp(Node node, object g):
    y = node.tensor(0)
    return (g * (y * y + 1.0),)


def asin(input):
    """Return the angle, in radians, whose sine is the input."""
    return unary(kernels.ASIN, "AsinBackward0", asin_vjp, input, INPUT)


cdef asin_vjp(Node node, object g):
    return (g * rsqrt(1.0 - square(node.tensor(0))),)


def acos(input):
    """Return the angle, in radians, whose cosine is the input."""
    return unary(kernels.ACOS, "AcosBackward0", acos_vjp, input, INPUT)


cdef acos_vjp(Node node, object g):
    return (-g * rsqrt(1.0 - square(node.tensor(0))),)


def atan(input):
    """Return the angle, in radians, whose tangent is the input."""
    return unary(kernels.ATAN, "AtanBackward0", atan_vjp, input, INPUT)


cdef atan_vjp(Node node, object g):
    return (g / (square(node.tensor(0)) + 1.0),)


def sinh(input):
    """Return the hyperbolic sine."""
    return unary(kernels.SINH, "SinhBackward0", sinh_vjp, input, INPUT)


cdef sinh_vjp(Node node, object g):
    return (g * cosh(node.tensor(0)),)


def cosh(input):
    """Return the hyperbolic cosine."""
    return unary(kernels.COSH, "CoshBackward0", cosh_vjp, input, INPUT)


cdef cosh_vjp(Node node, object g):
    return (g * sinh(node.tensor(0)),)


# ---------------------------------------------------------------- squashing functions

def tanh(input):
    """Return the hyperbolic tangent.

    >>> import minigrad
    >>> minigrad.tanh(minigrad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """
    return unary(kernels.TANH, "TanhBackward0", tanh_vjp, input, OUTPUT)


cdef tanh_vjp(Node node, object g):
    y = node.tensor(0)
    if grad_enabled():
        return (named_slope(node, g * (1.0 - y * y)),)
    return (fused(kernels.TANH_BACKWARD, g, <Tensor>y),)


def sigmoid(input):
    """Return ``1 / (1 + exp(-input))``.

    >>> import minigrad
    >>> minigrad.sigmoid(minigrad.tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
    """
    return unary(kernels.SIGMOID, "SigmoidBackward0", sigmoid_vjp, input, OUTPUT)


cdef sigmoid_vjp(Node node, object g):
    y = node.tensor(0)
    if grad_enabled():
        return (named_slope(node, g * (y * (1.0 - y))),)
    return (fused(kernels.SIGMOID_BACKWARD, g, <Tensor>y),)


def relu(input):
    """Return the input where it is positive, else 0.  The slope at 0 is 0; NaN stays NaN.

    >>> import minigrad
    >>> minigrad.relu(minigrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return exact(lambda x: np.maximum(x, 0), kernels.RELU, "ReluBackward0", relu_vjp, input, OUTPUT)


cdef int record_relu(Tensor out, Tensor input) except -1:
    """Record that ``out`` is the relu of ``input``, for an op that has computed it on the way.

    ``input`` may be ``out`` itself, with what came before recorded, as after a write in place.
    """
    record(out, "ReluBackward0", relu_vjp, (input,), (out,))
    return 0


cdef relu_vjp(Node node, object g):
    return (relu_slope(<Tensor>g, <Tensor>node.tensor(0)),)


cdef Tensor relu_slope(Tensor g, Tensor y):
    """Return ``g`` where ``y``, a relu, is positive, else 0; recorded, as torch's is, by both."""
    cdef Tensor out = fused(kernels.RELU_BACKWARD, g, y)
    if recording(g) or recording(y):
        record(out, "ThresholdBackwardBackward0", relu_slope_vjp, (g, y), (y,))
    return out


cdef relu_slope_vjp(Node node, object g):
    return (
        relu_slope(<Tensor>g, <Tensor>node.tensor(0)) if node.needs(0) else None,
        zeros_of(<Tensor>g) if node.needs(1) else None,
    )


def erf(input):
    """Return the error function."""
    return unary(kernels.ERF, "ErfBackward0", erf_vjp, input, INPUT)


cdef erf_vjp(Node node, object g):
    return (g * (exp(-square(node.tensor(0))) * (2.0 / math.sqrt(math.pi))),)


def erfc(input):
    """Return ``1 - erf(input)``, accurate where that is small."""
    return unary(kernels.ERFC, "ErfcBackward0", erfc_vjp, input, INPUT)


cdef erfc_vjp(Node node, object g):
    return (g * (exp(-square(node.tensor(0))) * (-2.0 / math.sqrt(math.pi))),)


def erfinv(input):
    """Return the inverse of ``erf``, on -1 to 1; NaN outside.  Source: torch.erfinv.

    >>> import minigrad
    >>> minigrad.erfinv(minigrad.tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.4769,    inf])
    """
    return unary(kernels.ERFINV, "ErfinvBackward0", erfinv_vjp, input, OUTPUT)


cdef erfinv_vjp(Node node, object g):
    return (g * (exp(square(node.tensor(0))) * (math.sqrt(math.pi) / 2.0)),)


# ---------------------------------------------------------------- tests of a number: bools

cdef Tensor is_kind(object ufunc, object input):
    return wrap(np.asarray(ufunc((<Tensor?>input).array)))


def isnan(input):
    """Return, as bools, whether each element is NaN."""
    return is_kind(np.isnan, input)


def isinf(input):
    """Return, as bools, whether each element is infinite."""
    return is_kind(np.isinf, input)


def isfinite(input):
    """Return, as bools, whether each element is neither infinite nor NaN."""
    return is_kind(np.isfinite, input)


def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    """Return the input with NaN and infinities replaced (infinities by the dtype's extremes)."""
    cdef Tensor x = <Tensor?>input, out
    nan = 0.0 if nan is None else float(nan)
    if is_kernel_float(x.array):
        limits = np.finfo(x.array.dtype)
        out = wrap(with_parameters(
            kernels.NAN_TO_NUM, x.array, np.array(nan, x.array.dtype),
            limits.min if neginf is None else neginf, limits.max if posinf is None else posinf))
    else:
        out = wrap(np.asarray(np.nan_to_num(x.array, nan=nan, posinf=posinf, neginf=neginf)))
    if recording(x):
        record(out, "NanToNumBackward0", nan_to_num_vjp, (x,), (x,))
    return out


cdef nan_to_num_vjp(Node node, object g):
    return (g.masked_fill(~isfinite(node.tensor(0)), 0.0),)
