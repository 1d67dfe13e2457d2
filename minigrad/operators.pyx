"""What Python's syntax means for a tensor: operators, indexing, iteration, conversion to numbers.

This layer knows no op: ``a + b`` calls what ``minigrad.ops`` has put into the table
``operations`` as ``add``.
"""

import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

cimport cython
from cpython.object cimport PyObject
from numpy cimport PyArray_DIMS, PyArray_NDIM, PyArray_SIZE, import_array

from minigrad.dtypes cimport bool_, dtype_of
from minigrad.tape cimport Variable, binary_function, operations, wants

import_array()


cdef object operate(object operation, object a, object b):
    """Return operation(a, b), or NotImplemented, so that Python asks the other operand's type."""
    try:
        return operation(a, b)
    except TypeError:
        return NotImplemented


cdef object calculate(binary_function operation, object a, object b):
    """Do what ``operate`` does for an operation that is a C function."""
    if type(a) is type(b):      # two tensors, of which neither knows more than the other
        return operation(a, b)
    try:
        return operation(a, b)
    except TypeError:
        return NotImplemented


cdef object number_of(Variable v):
    """Return the one element of ``v``, or raise ValueError, as Python's conversions do."""
    if PyArray_SIZE(v.array) != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    return v.array.item()


cdef object scalar_of(Variable v):
    """Return ``number_of``, with a warning if that loses a gradient."""
    if wants(v):
        warnings.warn(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected "
            "behavior. Consider using tensor.detach() first."
        )
    return number_of(v)


@cython.binding(False)          # descriptors of Python's own: they look what self is
@cython.embedsignature.format("clinic")
cdef class Operators(Variable):
    """Python's operators and protocols, the part of ``Tensor`` that has no names of its own."""

    # -------- arithmetic and bits

    def __add__(self, other): return calculate(operations.add, self, other)
    def __radd__(self, other): return calculate(operations.add, self, other)
    def __iadd__(self, other): return operations.add_(self, other)
    def __sub__(self, other): return calculate(operations.sub, self, other)
    def __rsub__(self, other): return calculate(operations.sub, other, self)
    def __isub__(self, other): return operations.sub_(self, other)
    def __mul__(self, other): return calculate(operations.mul, self, other)
    def __rmul__(self, other): return calculate(operations.mul, self, other)
    def __imul__(self, other): return operations.mul_(self, other)
    def __truediv__(self, other): return calculate(operations.div, self, other)
    def __rtruediv__(self, other):
        if isinstance(other, (int, float)):     # as torch, to the bit, and to the name of grad_fn
            return operations.mul(operations.reciprocal(self), other)
        return calculate(operations.div, other, self)

    def __itruediv__(self, other): return operations.div_(self, other)
    def __floordiv__(self, other): return operate(operations.floor_divide, self, other)
    def __rfloordiv__(self, other): return operate(operations.floor_divide, other, self)
    def __ifloordiv__(self, other): return operations.floor_divide_(self, other)
    def __mod__(self, other): return operate(operations.remainder, self, other)
    def __rmod__(self, other): return operate(operations.remainder, other, self)
    def __imod__(self, other): return operations.remainder_(self, other)

    def __pow__(self, other, modulo):
        return operate(operations.pow, self, other) if modulo is None else NotImplemented

    def __rpow__(self, other, modulo):
        return operate(operations.pow, other, self) if modulo is None else NotImplemented

    def __ipow__(self, other): return operations.pow_(self, other)
    def __matmul__(self, other): return operate(operations.matmul, self, other)
    def __rmatmul__(self, other): return operate(operations.matmul, other, self)
    def __neg__(self): return operations.neg(self)

    def __pos__(self):
        if dtype_of(self.array) is bool_:
            raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
        return self

    def __abs__(self): return operations.abs(self)

    def __invert__(self):
        if dtype_of(self.array).is_floating_point:
            raise TypeError(
                "~ (operator.invert) is only implemented on integer and Boolean-type tensors, but "
                f"this one is {dtype_of(self.array)}"
            )
        return operations.bitwise_not(self)

    def __and__(self, other): return operate(operations.bitwise_and, self, other)
    def __rand__(self, other): return operate(operations.bitwise_and, other, self)
    def __iand__(self, other): return operations.bitwise_and_(self, other)
    def __or__(self, other): return operate(operations.bitwise_or, self, other)
    def __ror__(self, other): return operate(operations.bitwise_or, other, self)
    def __ior__(self, other): return operations.bitwise_or_(self, other)
    def __xor__(self, other): return operate(operations.bitwise_xor, self, other)
    def __rxor__(self, other): return operate(operations.bitwise_xor, other, self)
    def __ixor__(self, other): return operations.bitwise_xor_(self, other)
    def __lshift__(self, other): return operate(operations.bitwise_left_shift, self, other)
    def __rlshift__(self, other): return operate(operations.bitwise_left_shift, other, self)
    def __ilshift__(self, other): return operations.bitwise_left_shift_(self, other)
    def __rshift__(self, other): return operate(operations.bitwise_right_shift, self, other)
    def __rrshift__(self, other): return operate(operations.bitwise_right_shift, other, self)
    def __irshift__(self, other): return operations.bitwise_right_shift_(self, other)

    # -------- comparison, element by element; as the key of a dict a tensor equals only itself

    def __eq__(self, other): return operate(operations.eq, self, other)
    def __ne__(self, other): return operate(operations.ne, self, other)
    def __lt__(self, other): return operate(operations.lt, self, other)
    def __le__(self, other): return operate(operations.le, self, other)
    def __gt__(self, other): return operate(operations.gt, self, other)
    def __ge__(self, other): return operate(operations.ge, self, other)

    def __hash__(self):
        return <Py_ssize_t><PyObject *>self >> 4

    # -------- a tensor as a sequence of its parts along the first dimension

    def __getitem__(self, index): return operations.getitem(self, index)
    def __setitem__(self, index, value): operations.setitem(self, index, value)

    def __delitem__(self, index):
        raise TypeError("Tensor does not support deleting items")

    def __len__(self):
        if PyArray_NDIM(self.array) == 0:
            raise TypeError("len() of a 0-d tensor")
        return PyArray_DIMS(self.array)[0]

    def __iter__(self):
        if PyArray_NDIM(self.array) == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(operations.unbind(self, 0))

    def __reversed__(self):
        return operations.flip(self, 0) if PyArray_NDIM(self.array) else self

    def __contains__(self, element):
        if isinstance(element, (Variable, int, float)):
            wanted = (<Variable>element).array if isinstance(element, Variable) else element
            return bool((self.array == wanted).any())
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in {type(element)}"
        )

    # -------- a tensor of one element as a number

    def __bool__(self):
        if PyArray_SIZE(self.array) != 1:
            raise RuntimeError(
                "Boolean value of Tensor with "
                + ("no values" if PyArray_SIZE(self.array) == 0 else "more than one value")
                + " is ambiguous"
            )
        return bool(self.array.item())

    def __int__(self):
        return int(number_of(self))

    def __float__(self):
        return float(scalar_of(self))

    def __complex__(self):
        return complex(scalar_of(self))

    def __index__(self):
        if PyArray_SIZE(self.array) != 1 or dtype_of(self.array).is_floating_point:
            raise TypeError(
                "only integer tensors of a single element can be converted to an index"
            )
        return int(self.array.item())
