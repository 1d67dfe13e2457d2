"""Copies: clone, contiguous, and changes of dtype."""

from numpy cimport (
    NPY_KEEPORDER, NPY_ORDER, PyArray_Descr, PyArray_IS_C_CONTIGUOUS, PyArray_NDIM,
    PyArray_STRIDES, import_array, ndarray,
)

from minigrad.attributes import check_cpu, contiguous_format
from minigrad.attributes import memory_format as memory_format_type
from minigrad.dtypes cimport (
    as_dtype, bool_, dtype, dtype_of, float16, float32, float64, int16, int32, int64, int8, uint8,
)
from minigrad.dtypes import as_dtype_
from minigrad.ops.common cimport cast, contiguous_copy, copy_into
from minigrad.tape cimport Node, operations, record, recording
from minigrad.tensor cimport Tensor, wrap
from minigrad.tensor import device as device_type

import_array()


cdef extern from "numpy/arrayobject.h":         # (not in NumPy's own .pxd)
    ndarray PyArray_NewLikeArray(ndarray like, NPY_ORDER order, PyArray_Descr *dtype, int subok)


cdef ndarray copied(ndarray array):
    """Return a copy of ``array``, laid out likewise; what is expanded becomes contiguous."""
    cdef ndarray new
    cdef int d
    cdef bint expanded = False
    for d in range(PyArray_NDIM(array)):
        expanded |= PyArray_STRIDES(array)[d] == 0
    if PyArray_IS_C_CONTIGUOUS(array) or expanded:
        return contiguous_copy(array)
    new = PyArray_NewLikeArray(array, NPY_KEEPORDER, NULL, 0)
    copy_into(new, array)
    return new


operations.copied = copied


def row_by_row(memory_format, str name):
    """Return whether this memory_format asks for rows one after another, whatever the input's are.

    TypeError for what is no memory_format; None means ``preserve_format``.
    """
    if not (memory_format is None or isinstance(memory_format, memory_format_type)):
        raise TypeError(f"{name}(): argument 'memory_format' must be a memory_format, not "
                        f"{memory_format.__class__.__name__}")
    return memory_format is contiguous_format


def clone(input, *, memory_format=None):
    """Return a copy, through which gradients pass; laid out likewise unless ``memory_format`` is
    ``contiguous_format``."""
    cdef Tensor x = <Tensor?>input, out
    out = wrap(contiguous_copy(x.array) if row_by_row(memory_format, "clone") else copied(x.array))
    if recording(x):
        record(out, "CloneBackward0", clone_vjp, (x,))
    return out


cdef clone_vjp(Node node, object g):
    return (g,)


def contiguous(input, *, memory_format=None):
    """Return the tensor itself if it is contiguous, else a contiguous copy."""
    cdef Tensor x = <Tensor?>input, out
    if memory_format is not None and not row_by_row(memory_format, "contiguous"):
        raise RuntimeError(f"contiguous(): unsupported memory format {memory_format}")
    if PyArray_IS_C_CONTIGUOUS(x.array):
        return x
    out = wrap(contiguous_copy(x.array))
    if recording(x):
        record(out, "CloneBackward0", clone_vjp, (x,))
    return out


cdef Tensor converted(object input, dtype d, object memory_format, str name):
    """Return the tensor in a dtype: itself, or a copy laid out as ``memory_format`` says."""
    cdef Tensor x = <Tensor?>input, out = cast(x, d)
    return contiguous(out) if row_by_row(memory_format, name) and out is not x else out


def to(input, *args, dtype=None, device=None, copy=False, non_blocking=False, memory_format=None):
    """Return the tensor in another dtype (itself if it has it): ``to(dtype)``, ``to(device)``,
    ``to(device, dtype)`` or ``to(other)``.  The only device is the CPU.

    >>> import minigrad
    >>> minigrad.tensor([1, 2]).to(minigrad.float32)
    tensor([1., 2.])
    """
    cdef Tensor x = <Tensor?>input
    for given in args:
        if isinstance(given, Tensor):
            dtype = given.dtype
        elif isinstance(given, (str, device_type)):
            device = given
        elif given is True or given is False:
            copy = given
        elif given is not None:
            dtype = given
    if device is not None:
        check_cpu(device)
    out = converted(x, dtype_of(x.array) if dtype is None else as_dtype(dtype), memory_format, "to")
    return clone(out, memory_format=memory_format) if copy and out is x else out


def type_as(input, other):
    """Return ``input.to(other.dtype)``."""
    return cast(<Tensor?>input, dtype_of((<Tensor?>other).array))


# torch's old names of tensor types: "torch.FloatTensor" and its kin
cdef dict type_names = {
    "HalfTensor": float16, "FloatTensor": float32, "DoubleTensor": float64, "ByteTensor": uint8,
    "CharTensor": int8, "ShortTensor": int16, "IntTensor": int32, "LongTensor": int64,
    "BoolTensor": bool_,
}


def type(input, dtype=None, non_blocking=False, *, memory_format=None):
    """Return the tensor in ``dtype``; with none given, torch's name of this tensor's type.

    ``dtype`` may be a class such as FloatTensor, see legacy.py, or its name.
    """
    cdef Tensor x = <Tensor?>input
    if dtype is None:
        for name, d in type_names.items():
            if d is dtype_of(x.array):
                return f"torch.{name}"
    if isinstance(dtype, str):
        name = dtype.rpartition(".")[2]
        dtype = type_names[name] if name in type_names else as_dtype_(name)
    dtype = as_dtype(getattr(dtype, "tensor_dtype", dtype))
    return converted(x, dtype, memory_format, "type")


def half(input, *, memory_format=None):
    """Return the tensor in float16."""
    return converted(input, float16, memory_format, "half")


def float(input, *, memory_format=None):
    """Return the tensor in float32."""
    return converted(input, float32, memory_format, "float")


def double(input, *, memory_format=None):
    """Return the tensor in float64."""
    return converted(input, float64, memory_format, "double")


def byte(input, *, memory_format=None):
    """Return the tensor in uint8."""
    return converted(input, uint8, memory_format, "byte")


def char(input, *, memory_format=None):
    """Return the tensor in int8."""
    return converted(input, int8, memory_format, "char")


def short(input, *, memory_format=None):
    """Return the tensor in int16."""
    return converted(input, int16, memory_format, "short")


def int(input, *, memory_format=None):
    """Return the tensor in int32."""
    return converted(input, int32, memory_format, "int")


def long(input, *, memory_format=None):
    """Return the tensor in int64."""
    return converted(input, int64, memory_format, "long")


def bool(input, *, memory_format=None):
    """Return, as bools, whether each element is non-zero."""
    return converted(input, bool_, memory_format, "bool")


def cpu(input, memory_format=None):
    """Return the tensor itself: it is on the CPU."""
    row_by_row(memory_format, "cpu")
    return input


def cuda(input, device=None, non_blocking=False, memory_format=None):
    """Raise AssertionError, as torch does without CUDA: minigrad runs on the CPU."""
    check_cpu("cuda")
