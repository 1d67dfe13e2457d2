"""Functions of two numbers beyond arithmetic: powers, angles, lengths, sums of exponentials."""

import math

import numpy as np

from minigrad.dtypes cimport bool_, dtype_of
from minigrad.kernels.elementwise cimport (
    ATAN2, COPYSIGN, CUBE, HYPOT, LOGADDEXP, POW, RECIPROCAL, RSQRT, SQRT,
)
from minigrad.ops.common cimport (
    integer_power, is_number, number_tensor, one_tensor, promoted, promoted_to_float,
    tensor_argument, two_tensors, zeros_of,
)
from minigrad.ops.elementwise cimport (
    EVERYTHING, arithmetic, broadcast_shapes, combine, unbroadcast,
)
from minigrad.ops.math cimport apply_unary
from minigrad.ops.elementwise import where
from minigrad.ops.math import sigmoid, square
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap


# ---------------------------------------------------------------- powers

def pow(input, exponent):
    """Return ``input ** exponent``, broadcast.

    Integers raised to a negative number are a RuntimeError; raised to negative integers in a
    tensor they are what is left of the fraction: 0, or 1 and -1 for a base of 1 and -1.

    >>> import minigrad
    >>> minigrad.tensor([1.0, 2.0, 3.0]) ** 2
    tensor([1., 4., 9.])
    """
    cdef Tensor a, b
    cdef bint of_b
    if is_number(exponent) and isinstance(input, Tensor) and (
            dtype_of((<Tensor>input).array).is_floating_point):
        return square(input) if exponent == 2 else number_power(<Tensor>input, exponent)
    one_tensor("pow", input, exponent)
    a, b = promoted(input, exponent)
    if dtype_of(a.array) is bool_:
        raise NotImplementedError("pow is not defined for bools")
    if not dtype_of(a.array).is_floating_point:
        if is_number(exponent) and exponent < 0:        # which would be large as a uint8
            raise RuntimeError("Integers to negative integer powers are not allowed.")
        if (b.array < 0).any():
            return wrap(integer_power(a.array, b.array))
    out = wrap(combine(POW, a.array, b.array))
    of_b = recording(b)
    if of_b or recording(a):
        label = "PowBackward0" if not isinstance(exponent, Tensor) else (
            "PowBackward1" if isinstance(input, Tensor) else "PowBackward2")
        record(out, label, pow_vjp, (a, b), (a, b, out if of_b else None),
               broadcast_shapes(a, b, out))
    return out


cdef pow_vjp(Node node, object g):
    a, b = <Tensor>node.tensor(0), <Tensor>node.tensor(1)
    da = db = None
    if node.needs(0):
        # 0 where the exponent is 0, also for a base of 0 or infinity
        da = where(b == 0, 0.0, g * b * pow(a, where(b == 0, 1.0, b - 1)))
    if node.needs(1):
        out = node.tensor(2)
        # d/db 0^b is 0 for b >= 0, though log(0) is not finite
        log_a = where((a == 0) & (b >= 0), 0.0, (<object>a).log())
        db = g * out * log_a
    return unbroadcast(node, da, 0), unbroadcast(node, db, 1)


# Exponents for which there is something quicker, as in torch
cdef dict quick = {3: CUBE, 0.5: SQRT, -0.5: RSQRT, -1: RECIPROCAL}


cdef Tensor number_power(Tensor x, object exponent):
    """Return the power of a floating tensor by a Python number."""
    cdef Tensor out
    op = quick.get(exponent)
    if op is None:
        out = wrap(combine(POW, x.array, number_tensor(exponent, dtype_of(x.array)).array))
    else:
        out = wrap(apply_unary(op, x.array))
    if recording(x):
        record(out, "PowBackward0", number_power_vjp, (x,), (x,), exponent)
    return out


cdef number_power_vjp(Node node, object g):
    exponent = node.extra
    if exponent == 0:
        return (zeros_of(<Tensor>g),)
    return (g * (pow(node.tensor(0), exponent - 1) * exponent),)


# ---------------------------------------------------------------- the plane

def atan2(input, other):
    """Return the angle of the point (other, input), in radians from -pi to pi."""
    input, other = two_tensors("atan2", input, other)
    a, b = promoted_to_float(input, other)
    return arithmetic(ATAN2, "Atan2Backward0", atan2_vjp, a, b, EVERYTHING)


cdef atan2_vjp(Node node, object g):
    a, b = node.tensor(0), node.tensor(1)
    length = square(a) + square(b)
    # 0 at the origin, as in torch; so is the gradient of that, which masking the quotient is not
    share = g / length.masked_fill(length == 0, math.inf)
    return (
        unbroadcast(node, share * b, 0),
        unbroadcast(node, -share * a, 1) if node.needs(1) else None,
    )


cdef tuple floats(str name, object input, object other):
    """Return two tensors in the dtype of the result, which must be a floating one."""
    cdef Tensor a, b
    input, other = two_tensors(name, input, other)
    a, b = promoted(input, other)
    if not dtype_of(a.array).is_floating_point:
        raise NotImplementedError(
            f"{name} is defined for floating dtypes, but got {dtype_of(a.array)}")
    return a, b


def hypot(input, other):
    """Return ``sqrt(input ** 2 + other ** 2)`` of floating tensors without overflow.

    >>> import minigrad
    >>> minigrad.hypot(minigrad.tensor([3.0]), minigrad.tensor([4.0]))
    tensor([5.])
    """
    a, b = floats("hypot", input, other)
    return arithmetic(HYPOT, "HypotBackward0", hypot_vjp, a, b, EVERYTHING)


cdef hypot_vjp(Node node, object g):
    a, b = node.tensor(0), node.tensor(1)
    length = hypot(a, b)
    return (
        unbroadcast(node, g * (a / length), 0) if node.needs(0) else None,
        unbroadcast(node, g * (b / length), 1) if node.needs(1) else None,
    )


def copysign(input, other):
    """Return the size of ``input`` with the sign of ``other`` (also that of -0).

    >>> import minigrad
    >>> minigrad.copysign(minigrad.tensor([1.0, -2.0]), -1.0)
    tensor([-1., -2.])
    """
    a, b = promoted_to_float(tensor_argument(input, "copysign", "input"), other)
    return arithmetic(COPYSIGN, "CopysignBackward0", copysign_vjp, a, b, EVERYTHING)


cdef copysign_vjp(Node node, object g):
    cdef Tensor a = node.tensor(0), b = node.tensor(1)
    cdef Tensor ratio = wrap(np.asarray(np.sign(a.array) * np.copysign(1, b.array)))
    return unbroadcast(node, g * ratio, 0), unbroadcast(node, zeros_of(<Tensor>g), 1)


# ---------------------------------------------------------------- sums of exponentials

def logaddexp(input, other):
    """Return ``log(exp(input) + exp(other))`` of floating tensors without overflow.

    >>> import minigrad
    >>> minigrad.logaddexp(minigrad.tensor([1000.0]), minigrad.tensor([1000.0]))
    tensor([1000.6932])
    """
    a, b = floats("logaddexp", input, other)
    return arithmetic(LOGADDEXP, "LogaddexpBackward0", logaddexp_vjp, a, b, EVERYTHING)


cdef logaddexp_vjp(Node node, object g):
    a, b = node.tensor(0), node.tensor(1)
    return (
        unbroadcast(node, g * sigmoid(a - b), 0) if node.needs(0) else None,
        unbroadcast(node, g * sigmoid(b - a), 1) if node.needs(1) else None,
    )
