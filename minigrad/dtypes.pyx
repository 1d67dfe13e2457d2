"""Data types: torch's names over NumPy's dtypes, and torch's rules for mixing them."""

import numpy as np

cimport cython
from numpy cimport PyArray_TYPE, ndarray, import_array

from minigrad import attributes

import_array()

cdef enum:
    BOOL = 0
    INTEGER = 1
    FLOATING = 2


@cython.binding(False)          # descriptors of Python's own: they look what self is
@cython.embedsignature.format("clinic")
cdef class dtype:
    """The type of a tensor's elements: ``minigrad.float32``, ``minigrad.int64``, ...

    Attributes: ``is_floating_point``, ``is_signed``, ``is_complex`` (False), ``itemsize`` in bytes,
    ``name`` and ``numpy``, the NumPy dtype of the same elements.

    >>> import minigrad
    >>> minigrad.float32
    minigrad.float32
    >>> minigrad.zeros(2, dtype=minigrad.int64).dtype.is_floating_point
    False
    """

    is_complex = False

    def __init__(self, name, numpy_dtype):
        self.name = name
        self.numpy = np.dtype(numpy_dtype)
        self.num = self.numpy.num
        self.itemsize = self.numpy.itemsize
        self.category = {"b": BOOL, "u": INTEGER, "i": INTEGER, "f": FLOATING}[self.numpy.kind]
        self.is_floating_point = self.category == FLOATING
        self.is_signed = self.numpy.kind in "if"

    def __repr__(self):
        return f"{attributes.package}.{self.name}"

    def __reduce__(self):
        return (as_dtype_, (self.name,))


float16 = dtype("float16", np.float16)
float32 = dtype("float32", np.float32)
float64 = dtype("float64", np.float64)
uint8 = dtype("uint8", np.uint8)
int8 = dtype("int8", np.int8)
int16 = dtype("int16", np.int16)
int32 = dtype("int32", np.int32)
int64 = dtype("int64", np.int64)
bool_ = dtype("bool", np.bool_)

all_dtypes = (bool_, uint8, int8, int16, int32, int64, float16, float32, float64)

# The names above are C variables, for ops to cimport; these are for Python to import.
globals().update({"bool_" if d is bool_ else d.name: d for d in all_dtypes})

# NumPy has several type numbers for one width (C's long and long long), hence the byte order key.
cdef dict by_numpy = {d.numpy: d for d in all_dtypes}
cdef dict by_name = {d.name: d for d in all_dtypes}
cdef list by_num = [by_numpy.get(np.dtype(code)) if code not in "OSUVMm" else None
                    for code in "?bBhHiIlLqQfdgFDG"]
cdef dict by_python_type = {float: float64, int: int64, bool: bool_}

cdef dtype default_ = float32


cdef dtype default_dtype():
    return default_


def get_default_dtype():
    """Return the floating dtype that tensors get when none is named: float32 at first."""
    return default_


def set_default_dtype(d):
    """Make ``d``, a floating dtype, the one that tensors get when none is named."""
    global default_
    cdef dtype wanted = as_dtype(d)
    if not wanted.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d}")
    default_ = wanted


cdef dtype dtype_of(ndarray array):
    """Return the dtype of an array that some tensor holds."""
    cdef int num = PyArray_TYPE(array)
    return <dtype>by_num[num] if num < 17 else float16


cdef dtype as_dtype(object given):
    """Return ``given`` (a dtype, a numpy dtype or scalar type, float, int or bool) as a dtype."""
    if isinstance(given, dtype):
        return <dtype>given
    if given in by_python_type:
        return <dtype>by_python_type[given]
    if isinstance(given, np.dtype) or (isinstance(given, type) and issubclass(given, np.generic)):
        found = by_numpy.get(np.dtype(given))
        if found is not None:
            return <dtype>found
    raise TypeError(
        f"expected a dtype such as float32, but got {given!r}; minigrad has "
        + ", ".join(d.name for d in all_dtypes)
    )


def as_dtype_(given):
    """Return the dtype called ``given``, or as the C-level ``as_dtype``."""
    return by_name[given] if given in by_name else as_dtype(given)


cdef ndarray supported(ndarray array):
    """Return ``array`` as kernels want it, or raise if its type has no minigrad dtype.

    It is copied if it is not in native byte order, or has strides (in bytes) that are negative or
    no multiples of the size of an element.
    """
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.itemsize and any([s < 0 or s % array.itemsize for s in (<object>array).strides]):
        array = array.copy()
    if array.dtype not in by_numpy:
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype}. The only supported types are: "
            + ", ".join(d.name for d in all_dtypes)
        )
    return array


cdef dtype promote(dtype a, dtype b):
    """Return the dtype of the result where operands of dtype ``a`` and ``b`` meet."""
    if a is b:
        return a
    if a.category != b.category:
        return a if a.category > b.category else b
    if a.category == INTEGER and a.is_signed != b.is_signed:
        # uint8 with a signed type: the next wider signed type that holds both.
        signed_ = a if a.is_signed else b
        return int16 if signed_.itemsize == 1 else signed_
    return a if a.itemsize >= b.itemsize else b


def promote_types(type1, type2):
    """Return the smallest dtype that holds both, by torch's rules.

    >>> import minigrad
    >>> minigrad.promote_types(minigrad.int64, minigrad.float16)
    minigrad.float16
    """
    return promote(as_dtype(type1), as_dtype(type2))
