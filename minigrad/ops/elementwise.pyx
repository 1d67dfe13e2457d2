"""Arithmetic and selection, element by element with broadcasting.

Every op here is a forward and, below it, its vjp: the gradients of the inputs from the gradient
``g`` of the output.  The vjps are written in these same ops, so they can be differentiated again.

    forward  c = a * b                      (shapes broadcast: (4, 3) * (3,) -> (4, 3))
    vjp      da = g * b,  db = g * a        (then summed over what was broadcast: (4, 3) -> (3,))
"""

import math
import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

from numpy cimport PyArray_NDIM, PyArray_TYPE, import_array, ndarray

from minigrad.dtypes cimport bool_, dtype_of, float16, uint8
from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels.elementwise cimport (
    ADD, CLAMP, CLAMP_BACKWARD, DIV, FLOOR_DIVIDE, FMOD, MAXIMUM, MAXIMUM_SHARE, MINIMUM,
    MINIMUM_SHARE, MUL, POW, REMAINDER, SUB, binary, binary_alpha,
)
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.shapes cimport same_shape, size_of
from minigrad.memory cimport empty_like_array
from minigrad.ops.broadcast cimport sum_to
from minigrad.ops.choice cimport chosen
from minigrad.ops.common cimport (
    broadcast_empty, cast, is_kernel_float, is_number, number_tensor, one_tensor, promoted,
    promoted_to_float, scaled, shape_of, tensor_argument, to_half, two_tensors, zeros_of,
)
from minigrad.ops.recorded import labelled, underivable
from minigrad.tape cimport Node, operations, record, recording, vjp_function
from minigrad.tensor cimport Tensor, wrap

import_array()


# ---------------------------------------------------------------- the one driver of two-input ops

# NumPy's functions, for integers, which the kernels do not take.
cdef dict ufuncs = {
    ADD: np.add, SUB: np.subtract, MUL: np.multiply, POW: np.power, REMAINDER: np.remainder,
    FLOOR_DIVIDE: np.floor_divide, FMOD: np.fmod, MAXIMUM: np.maximum, MINIMUM: np.minimum,
}


cdef ndarray combine(int op, ndarray a, ndarray b):
    """Return op(a, b): by the kernel for floats (float16 through float32), else by NumPy."""
    cdef ndarray out
    if is_kernel_float(a):
        if PyArray_NDIM(b) == 0 or same_shape(a, b):
            out = empty_like_array(a)
        else:
            out = broadcast_empty(a, b, dtype_of(a))
        binary(op, out, a, b, threads_for(size_of(out)))
        return out
    if dtype_of(a) is float16:
        return to_half(combine(op, a.astype(np.float32), b.astype(np.float32)))
    broadcast_empty(a, b, bool_)            # for the error, in torch's words
    with np.errstate(all="ignore"):
        return np.asarray(ufuncs[op](a, b))


cdef ndarray with_parameters(int op, ndarray a, ndarray b, double alpha, double beta):
    """Return op(a, b; alpha, beta) of floats, float16 through float32; as many ``b`` as ``a``, or
    one."""
    cdef ndarray out
    if not is_kernel_float(a):
        return to_half(
            with_parameters(op, a.astype(np.float32), b.astype(np.float32), alpha, beta))
    out = empty_like_array(a)
    binary_alpha(op, out, a, b, alpha, beta, threads_for(size_of(out)))
    return out


cdef object broadcast_shapes(Tensor a, Tensor b, Tensor out):
    """Return what ``unbroadcast`` needs: None if no input that wants a gradient was broadcast,
    else both shapes."""
    if ((not a.wants_grad or same_shape(a.array, out.array))
            and (not b.wants_grad or same_shape(b.array, out.array))):
        return None
    return shape_of(a), shape_of(b)


cdef object unbroadcast(Node node, object g, int i):
    """Return ``g`` summed to the shape of input ``i``, or None if that wants no gradient."""
    if not node.needs(i):
        return None
    if node.extra is None:
        return g
    return sum_to(<Tensor>g, <tuple>(<tuple>node.extra)[i])


cdef Tensor arithmetic(int op, str label, vjp_function vjp, object input, object other, Save save):
    """Compute a two-input op and record it; ``save`` says what its vjp reads."""
    cdef Tensor a, b, out
    cdef bint of_a, of_b
    cdef int wanted
    if (isinstance(input, Tensor) and isinstance(other, Tensor) and PyArray_TYPE(
            (<Tensor>input).array) == PyArray_TYPE((<Tensor>other).array)):
        a, b = <Tensor>input, <Tensor>other
    else:
        a, b = promoted(input, other)
    out = wrap(combine(op, a.array, b.array))
    of_a, of_b = recording(a), recording(b)
    if of_a or of_b:
        wanted = save & ((A_FOR_A | B_FOR_A if of_a else 0) | (A_FOR_B | B_FOR_B if of_b else 0))
        record(out, label, vjp, (a, b), () if wanted == 0 else (
            a if wanted & (A_FOR_A | A_FOR_B) else None,
            b if wanted & (B_FOR_A | B_FOR_B) else None,
        ), None if same_shape(a.array, b.array) else broadcast_shapes(a, b, out))
    return out


# ---------------------------------------------------------------- arithmetic

def add(input, other, *, alpha=1):
    """Return ``input + alpha * other``, broadcast.

    >>> import minigrad
    >>> minigrad.add(minigrad.tensor([1.0, 2.0]), 10)
    tensor([11., 12.])
    """
    if type(alpha) is not int or alpha != 1:
        other = scaled(input, other, alpha)
    return plus(input, other)


cdef object plus(object a, object b):
    return arithmetic(ADD, "AddBackward0", add_vjp, a, b, NOTHING)


cdef add_vjp(Node node, object g):
    return unbroadcast(node, g, 0), unbroadcast(node, g, 1)


def sub(input, other, *, alpha=1):
    """Return ``input - alpha * other``, broadcast.  Not for bools: use ``^`` or logical_xor."""
    if type(alpha) is not int or alpha != 1:
        no_bools(input, other)
        other = scaled(input, other, alpha)
    return minus(input, other)


cdef object minus(object a, object b):
    no_bools(a, b)
    label = "SubBackward0" if isinstance(a, Tensor) else "RsubBackward1"
    return arithmetic(SUB, label, sub_vjp, a, b, NOTHING)


cdef int no_bools(object a, object b) except -1:
    for x in (a, b):
        if x is True or x is False or (
                isinstance(x, Tensor) and dtype_of((<Tensor>x).array) is bool_):
            raise RuntimeError(
                "Subtraction, the `-` operator, with a bool tensor is not supported. If you are "
                "trying to invert a mask, use the `~` or `logical_not()` operator instead."
            )
    return 0


cdef sub_vjp(Node node, object g):
    return unbroadcast(node, g, 0), unbroadcast(node, -g, 1) if node.needs(1) else None


def mul(input, other):
    """Return ``input * other``, broadcast.

    >>> import minigrad
    >>> a = minigrad.tensor([1.0, 2.0], requires_grad=True)
    >>> minigrad.mul(a, a).sum().backward()
    >>> a.grad
    tensor([2., 4.])
    """
    return times(input, other)


cdef object times(object a, object b):
    return arithmetic(MUL, "MulBackward0", mul_vjp, a, b, EACH_OTHER)


cdef mul_vjp(Node node, object g):
    return (
        unbroadcast(node, g * node.tensor(1), 0) if node.needs(0) else None,
        unbroadcast(node, g * node.tensor(0), 1) if node.needs(1) else None,
    )


def div(input, other, *, rounding_mode=None):
    """Return ``input / other``, broadcast: true division, floating for integers too.

    ``rounding_mode`` "floor" rounds the quotient down, "trunc" towards zero; the gradient of a
    rounded quotient is zero.  Integer operands then stay integers.

    >>> import minigrad
    >>> minigrad.div(minigrad.tensor([7, -7]), 2)
    tensor([ 3.5000, -3.5000])
    >>> minigrad.div(minigrad.tensor([7, -7]), 2, rounding_mode="floor")
    tensor([ 3, -4])
    """
    if rounding_mode is not None:
        return rounded_div(input, other, rounding_mode)
    return over(input, other)


cdef object over(object a, object b):
    a, b = promoted_to_float(a, b)
    return arithmetic(DIV, "DivBackward0", div_vjp, a, b, <Save>(EACH_OTHER | B_FOR_B))


cdef div_vjp(Node node, object g):
    a, b = node.tensor(0), node.tensor(1)       # a is None unless b wants a gradient
    share = g / b
    return (
        unbroadcast(node, share, 0),
        unbroadcast(node, -share * (a / b), 1) if node.needs(1) else None,
    )


operations.add, operations.sub, operations.mul, operations.div = plus, minus, times, over


cdef Tensor rounded_div(object input, object other, object mode):
    cdef Tensor a, b, out
    if mode not in ("floor", "trunc"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' "
            f"but found '{mode}'"
        )
    a, b = promoted(input, other)
    check_integer_divisor(b)
    if mode == "floor":
        out = wrap(combine(FLOOR_DIVIDE, a.array, b.array))
    elif dtype_of(a.array).is_floating_point:
        out = (<object>wrap(combine(DIV, a.array, b.array))).trunc()
    else:
        with np.errstate(all="ignore"):
            quotient = np.asarray(np.floor_divide(a.array, b.array))
            below = (quotient * b.array != a.array) & ((a.array < 0) != (b.array < 0))
            out = wrap(np.asarray(quotient + below, a.array.dtype))
    if recording(a) or recording(b):
        record(out, "DivBackward2", zero_vjp, (a, b), (), broadcast_shapes(a, b, out))
    return out


cdef zero_vjp(Node node, object g):
    cdef Tensor zeros = zeros_of(<Tensor>g)
    return unbroadcast(node, zeros, 0), unbroadcast(node, zeros, 1)


cdef int check_integer_divisor(Tensor b) except -1:
    if dtype_of(b.array) is bool_:
        raise NotImplementedError("whole quotients and remainders are not defined for bools")
    if not dtype_of(b.array).is_floating_point and (b.array == 0).any():
        raise RuntimeError("ZeroDivisionError")
    return 0


def floor_divide(input, other):
    """Return ``input / other`` rounded down, broadcast.

    It has no gradient: asking for one is a RuntimeError, as in torch.  That of
    ``div(..., rounding_mode="floor")`` is zero.
    """
    cdef Tensor a, b
    a, b = promoted(input, other)
    check_integer_divisor(b)
    return underivable(combine(FLOOR_DIVIDE, a.array, b.array), "floor_divide", (a, b))


def remainder(input, other):
    """Return ``input - other * floor(input / other)``: the sign is the divisor's.

    As in torch there is no gradient of the remainders of a number.
    """
    cdef Tensor a, b
    one_tensor("remainder", input, other)
    a, b = promoted(input, other)
    check_integer_divisor(b)
    if not isinstance(input, Tensor):
        return underivable(combine(REMAINDER, a.array, b.array), "remainder", (b,))
    label = "RemainderBackward1" if isinstance(other, Tensor) else "RemainderBackward0"
    return arithmetic(REMAINDER, label, remainder_vjp, a, b, <Save>(A_FOR_B | B_FOR_B))


cdef remainder_vjp(Node node, object g):
    return (
        unbroadcast(node, g, 0),
        unbroadcast(node, -g * div(node.tensor(0), node.tensor(1), rounding_mode="floor"), 1)
        if node.needs(1) else None,
    )


def fmod(input, other):
    """Return C's remainder of ``input / other``: the sign is the dividend's."""
    cdef Tensor a, b
    a, b = promoted(tensor_argument(input, "fmod", "input"), other)
    check_integer_divisor(b)
    label = "FmodBackward1" if isinstance(other, Tensor) else "FmodBackward0"
    return arithmetic(FMOD, label, fmod_vjp, a, b, <Save>(A_FOR_B | B_FOR_B))


cdef fmod_vjp(Node node, object g):
    return (
        unbroadcast(node, g, 0),
        unbroadcast(node, -g * div(node.tensor(0), node.tensor(1), rounding_mode="trunc"), 1)
        if node.needs(1) else None,
    )


# -------------------------------------------------------------- the larger, the smaller, the chosen

def maximum(input, other):
    """Return the larger of each pair, NaN if either is.  A tie shares the gradient evenly.

    >>> import minigrad
    >>> minigrad.maximum(minigrad.tensor([1.0, 5.0]), minigrad.tensor([4.0, 2.0]))
    tensor([4., 5.])
    """
    a, b = two_tensors("maximum", input, other)
    return arithmetic(MAXIMUM, "MaximumBackward0", maximum_vjp, a, b, EVERYTHING)


cdef maximum_vjp(Node node, object g):
    return shared_by(node, g, MAXIMUM_SHARE)


def minimum(input, other):
    """Return the smaller of each pair, NaN if either is.  A tie shares the gradient evenly."""
    a, b = two_tensors("minimum", input, other)
    return arithmetic(MINIMUM, "MinimumBackward0", minimum_vjp, a, b, EVERYTHING)


cdef minimum_vjp(Node node, object g):
    return shared_by(node, g, MINIMUM_SHARE)


cdef tuple shared_by(Node node, object g, int op):
    """Return the gradients of maximum or minimum.

    ``op(a, b)`` is the share of a: 1 where a is chosen (or either is NaN), 0 where b is, 1/2 in a
    tie.
    """
    cdef Tensor a = node.tensor(0), b = node.tensor(1)
    return (
        unbroadcast(node, part_of(g, combine(op, a.array, b.array)), 0) if node.needs(0) else None,
        unbroadcast(node, part_of(g, combine(op, b.array, a.array)), 1) if node.needs(1) else None,
    )


cdef object part_of(object g, ndarray share):
    """Return ``g * share``; where the share is 0, 0, even of a gradient that is not finite."""
    part = g * wrap(share)
    if np.isfinite((<Tensor>g).array).all():
        return part
    return part.masked_fill(wrap(np.asarray(share == 0)), 0.0)


def where(condition, input=None, other=None):
    """Return ``input`` where ``condition`` (bool) holds and ``other`` elsewhere, broadcast.

    With the condition alone: the indices where it holds, a tuple of one int64 tensor a dimension.

    >>> import minigrad
    >>> x = minigrad.tensor([-1.0, 2.0])
    >>> minigrad.where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    cdef Tensor c, a, b, out
    if not isinstance(condition, Tensor):
        raise TypeError(f"where expects a Tensor condition, but got {type(condition).__name__}")
    if (input is None) != (other is None):
        raise TypeError("where() takes a condition, or a condition and two operands, but got one")
    if input is None:
        return tuple([wrap(i) for i in np.nonzero(np.atleast_1d((<Tensor>condition).array))])
    if dtype_of((<Tensor>condition).array) is uint8:
        warnings.warn("where received a uint8 condition tensor. This behavior is deprecated. Use a "
                      "boolean condition instead.")
    c = <Tensor>condition
    if dtype_of(c.array) is uint8:
        c = cast(c, bool_)
    if dtype_of(c.array) is not bool_:
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{dtype_of(c.array)}"
        )
    a, b = promoted(input, other)
    if is_number(input):
        a = number_tensor(input, dtype_of(a.array))     # which must fit, as in full()
    if is_number(other):
        b = number_tensor(other, dtype_of(b.array))
    broadcast_empty(broadcast_empty(a.array, b.array, bool_), c.array, bool_)
    out = wrap(chosen(c.array, a.array, b.array))
    if recording(a) or recording(b):
        record(out, "WhereBackward0", where_vjp, (a, b), (c,),
               (shape_of(a), shape_of(b)))
    return out


cdef where_vjp(Node node, object g):
    c = node.tensor(0)
    return (
        unbroadcast(node, where(c, g, 0.0), 0) if node.needs(0) else None,
        unbroadcast(node, where(c, 0.0, g), 1) if node.needs(1) else None,
    )


def where_method(input, condition, other):
    """Return ``input`` where ``condition`` (bool) holds and ``other`` elsewhere, broadcast."""
    return where(condition, input, other)


def clamp(input, min=None, max=None):
    """Return ``input`` limited to [min, max], each a number, a tensor or None.

    The gradient passes where ``min <= input <= max``.

    >>> import minigrad
    >>> minigrad.tensor([-2.0, 0.5, 3.0]).clamp(0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    cdef Tensor x
    cdef ndarray array
    if min is None and max is None:
        raise RuntimeError("clamp(): At least one of 'min' or 'max' must not be None")
    if not isinstance(input, Tensor):
        raise TypeError(f"clamp expects a Tensor, but got {type(input).__name__}")
    x = <Tensor>input
    for limit in (min, max):
        if limit is not None:
            x = promoted(x, limit)[0]
    if dtype_of(x.array) is bool_ and not (     # as in torch: only one tensor may limit them
            min is None and isinstance(max, Tensor) or max is None and isinstance(min, Tensor)):
        raise NotImplementedError("clamp is not defined for bools")
    if not ((min is None or is_number(min)) and (max is None or is_number(max))):
        return clamp_between(x, min, max)
    array = x.array
    if is_kernel_float(array) and min == min and max == max:        # limits that are not NaN
        array = limited(CLAMP, array, array, min, max)
    else:
        if min is not None:
            array = combine(MAXIMUM, array, number_tensor(min, dtype_of(array)).array)
        if max is not None:
            array = combine(MINIMUM, array, number_tensor(max, dtype_of(array)).array)
    cdef Tensor result = wrap(array)
    if recording(x):
        record(result, "ClampBackward1", clamp_vjp, (x,), (x,), (min, max))
    return result


cdef ndarray limited(int op, ndarray a, ndarray x, object low, object high):
    """Return a kernel op(a, x; low, high), where None is no limit."""
    return with_parameters(
        op, a, x, -math.inf if low is None else low, math.inf if high is None else high)


cdef clamp_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    low, high = node.extra
    if is_kernel_float(x.array) and not grad_enabled():
        return (wrap(limited(CLAMP_BACKWARD, (<Tensor>g).array, x.array, low, high)),)
    inside = np.ones(shape_of(x), np.bool_)
    if low is not None:
        inside &= x.array >= low
    if high is not None:
        inside &= x.array <= high
    return (where(wrap(inside), g, 0.0),)


cdef Tensor clamp_between(Tensor x, object low, object high):
    """Compute ``clamp`` where at least one limit is a tensor, which may want a gradient."""
    cdef Tensor out
    low = None if low is None else promoted(x, low)[1]
    high = None if high is None else promoted(x, high)[1]
    array = x.array
    if low is not None:
        array = combine(MAXIMUM, array, (<Tensor>low).array)
    if high is not None:
        array = combine(MINIMUM, array, (<Tensor>high).array)
    out = wrap(array)
    inputs = (x, low, high)
    if recording(x) or any([v is not None and recording(<Tensor>v) for v in (low, high)]):
        record(out, "ClampBackward0", clamp_between_vjp, (x, low, high), inputs,
               tuple([None if v is None else (<object>(<Tensor>v).array).shape for v in inputs]))
    return out


cdef clamp_between_vjp(Node node, object g):
    x, low, high = node.tensor(0), node.tensor(1), node.tensor(2)
    low = -math.inf if low is None else low
    high = math.inf if high is None else high
    return (
        unbroadcast(node, where((x >= low) & (x <= high), g, 0.0), 0) if node.needs(0) else None,
        unbroadcast(node, where((x < low) & (low < high), g, 0.0), 1) if node.needs(1) else None,
        unbroadcast(node, where((x > high) | (low > high), g, 0.0), 2) if node.needs(2) else None,
    )


def clamp_min(input, min):
    """Return ``clamp(input, min=min)``."""
    return labelled(clamp(input, min=min), f"ClampMinBackward{int(isinstance(min, Tensor))}")


def clamp_max(input, max):
    """Return ``clamp(input, max=max)``."""
    return labelled(clamp(input, max=max), f"ClampMaxBackward{int(isinstance(max, Tensor))}")
