"""Comparison, logic and bits, element by element with broadcasting.  None has a gradient."""

import numpy as np

from numpy cimport import_array

from minigrad.dtypes cimport bool_, dtype_of
from minigrad.ops.common cimport (
    as_tensor, broadcast_empty, one_tensor, promoted, tensor_argument, two_tensors,
)
from minigrad.tensor cimport Tensor, wrap

import_array()


# ---------------------------------------------------------------- comparison

cdef Tensor compare(object ufunc, object input, object other):
    cdef Tensor a, b
    a, b = promoted(tensor_argument(input, ufunc.__name__, "input"), other)
    broadcast_empty(a.array, b.array, bool_)
    return wrap(np.asarray(ufunc(a.array, b.array)))


def eq(input, other):
    """Return, as bools, whether each pair is equal.

    >>> import minigrad
    >>> minigrad.tensor([1, 2]) == minigrad.tensor([1, 3])
    tensor([ True, False])
    """
    return compare(np.equal, input, other)


def ne(input, other):
    """Return, as bools, whether each pair differs."""
    return compare(np.not_equal, input, other)


def lt(input, other):
    """Return, as bools, whether each ``input < other``."""
    return compare(np.less, input, other)


def le(input, other):
    """Return, as bools, whether each ``input <= other``."""
    return compare(np.less_equal, input, other)


def gt(input, other):
    """Return, as bools, whether each ``input > other``."""
    return compare(np.greater, input, other)


def ge(input, other):
    """Return, as bools, whether each ``input >= other``."""
    return compare(np.greater_equal, input, other)


# ---------------------------------------------------------------- logic

cdef Tensor logic(object ufunc, object input, object other):
    cdef Tensor a, b
    a, b = two_tensors(ufunc.__name__, input, other)
    broadcast_empty(a.array, b.array, bool_)
    return wrap(np.asarray(ufunc(a.array, b.array)))


def logical_and(input, other):
    """Return, as bools, whether both of each pair are non-zero."""
    return logic(np.logical_and, input, other)


def logical_or(input, other):
    """Return, as bools, whether either of each pair is non-zero."""
    return logic(np.logical_or, input, other)


def logical_xor(input, other):
    """Return, as bools, whether exactly one of each pair is non-zero."""
    return logic(np.logical_xor, input, other)


def logical_not(input):
    """Return, as bools, whether each element is zero."""
    return wrap(np.asarray(np.logical_not(as_tensor(input).array)))


# ---------------------------------------------------------------- bits

cdef Tensor bitwise(object ufunc, object input, object other):
    cdef Tensor a, b
    one_tensor(ufunc.__name__, input, other)
    a, b = promoted(input, other)
    if dtype_of(a.array).is_floating_point:
        raise NotImplementedError(
            f"{ufunc.__name__} expects integer or bool tensors, but got {dtype_of(a.array)}"
        )
    return compare(ufunc, a, b)


cdef Tensor shift(object ufunc, object input, object other):
    cdef Tensor a, b
    one_tensor(ufunc.__name__, input, other)
    a, b = promoted(input, other)
    if dtype_of(a.array) is bool_:
        raise NotImplementedError(f"{ufunc.__name__} expects integer tensors, but got bools")
    return bitwise(ufunc, a, b)


def bitwise_and(input, other):
    """Return the bits set in both; for bools, logical and."""
    return bitwise(np.bitwise_and, input, other)


def bitwise_or(input, other):
    """Return the bits set in either; for bools, logical or."""
    return bitwise(np.bitwise_or, input, other)


def bitwise_xor(input, other):
    """Return the bits set in exactly one; for bools, logical exclusive or."""
    return bitwise(np.bitwise_xor, input, other)


def bitwise_not(input):
    """Return the bits inverted; for bools, logical not."""
    cdef Tensor x = as_tensor(input)
    if dtype_of(x.array).is_floating_point:
        raise NotImplementedError(
            f"bitwise_not expects an integer or bool tensor, but got {dtype_of(x.array)}"
        )
    return wrap(np.asarray(np.invert(x.array)))


def bitwise_left_shift(input, other):
    """Return the bits of integers shifted to the left."""
    return shift(np.left_shift, input, other)


def bitwise_right_shift(input, other):
    """Return the bits of integers shifted to the right."""
    return shift(np.right_shift, input, other)
