"""New tensors: from data, filled with a value, and sequences of numbers."""

import math

import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

from libc.math cimport fma
from numpy cimport PyArray_DATA, PyArray_ISWRITEABLE, import_array, ndarray

from minigrad.attributes import check_cpu, strided
from minigrad.convert cimport array_from
from minigrad.dtypes cimport (
    as_dtype, bool_, default_dtype, dtype, dtype_of, int64, supported,
)
from minigrad.ops.common cimport number_tensor
from minigrad.ops.common import sizes
from minigrad.ops.copy import row_by_row
from minigrad.tensor cimport Tensor, wrap

import_array()


# ---------------------------------------------------------------- from data

def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """Return a new tensor that holds a copy of ``data``: a number, nested sequences or an array.

    Python floats become float32 (the default dtype), ints int64, bools bool; arrays keep their
    dtype.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    on_cpu(device, None, pin_memory)
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach()."
            "clone() or sourceTensor.detach().clone().requires_grad_(True), rather than "
            "tensor(sourceTensor)."
        )
    return finished(np.array(array_of(data, dtype), order="C"), requires_grad)


def as_tensor(data, dtype=None, device=None):
    """Return ``data`` as a tensor; tensors and arrays are not copied if the dtype fits.

    >>> import minigrad
    >>> x = minigrad.ones(2)
    >>> minigrad.as_tensor(x) is x
    True
    """
    on_cpu(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(as_dtype(dtype))
    if isinstance(data, np.ndarray):
        warn_of_read_only(data)
    return wrap(array_of(data, dtype))


cdef object warn_of_read_only(ndarray array):
    if not PyArray_ISWRITEABLE(array):
        warnings.warn("The given NumPy array is not writable: writing to this tensor will be an "
                      "error. You may want to copy the array first.")


cdef ndarray array_of(object data, object d):
    return array_from(data, None if d is None else as_dtype(d))


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    """Return ``obj`` as a tensor: itself or over its memory where that can be, a copy if ``copy``.

    ValueError if ``copy`` is False and the result cannot be had without.

    >>> import minigrad
    >>> minigrad.asarray([1, 2])
    tensor([1, 2])
    """
    out = as_tensor(obj, dtype, device)
    source = (<Tensor>obj).array if isinstance(obj, Tensor) else obj
    shared = isinstance(source, np.ndarray) and np.may_share_memory(source, (<Tensor>out).array)
    if copy and shared:
        out = out.clone()
    elif copy is False and not shared:
        raise ValueError("can't alias arbitrary sequence into a tensor: copy must not be False")
    return out.requires_grad_() if requires_grad and not out.requires_grad else out


def from_numpy(ndarray):
    """Return a tensor over the memory of a NumPy array: writes to either show in both.

    >>> import minigrad
    >>> import numpy as np
    >>> minigrad.from_numpy(np.array([1.0, 2.0]))
    tensor([1., 2.], dtype=minigrad.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    for stride in ndarray.strides:
        if stride < 0:
            raise ValueError(
                "At least one stride in the given numpy array is negative, and tensors with "
                "negative strides are not currently supported. (You can probably work around this "
                "by making a copy of your array  with array.copy().) "
            )
        if stride % max(ndarray.itemsize, 1):
            raise ValueError(
                "given numpy array strides not a multiple of the element byte size. Copy the numpy "
                "array to reallocate the memory."
            )
    if supported(ndarray) is not ndarray:
        raise ValueError("given numpy array has byte order different from the native byte order")
    warn_of_read_only(ndarray)
    return wrap(ndarray)


def from_dlpack(ext_tensor, *, device=None, copy=None):
    """Return a tensor over the memory of any CPU array that speaks DLPack, or a copy of it.

    >>> import minigrad
    >>> import numpy as np
    >>> minigrad.from_dlpack(np.arange(3))
    tensor([0, 1, 2])
    """
    on_cpu(device)
    out = wrap(supported(np.from_dlpack(ext_tensor)))
    return out.clone() if copy else out


cpdef int on_cpu(object device, object layout=None, object pin_memory=False) except -1:
    """Raise for options that mean something on other devices, or other layouts, only."""
    if device is not None:
        check_cpu(device)
    if layout is not None and layout is not strided:
        raise RuntimeError(f"tensors are dense: layout must be {strided}, but got {layout}")
    if pin_memory:
        raise RuntimeError("pin_memory=True needs an accelerator, and minigrad runs on the CPU")
    return 0


# ---------------------------------------------------------------- filled

cdef Tensor finished(object array, bint requires_grad):
    cdef Tensor t = wrap(array)
    if requires_grad:
        t.requires_grad_()
    return t


cdef tuple checked_sizes(tuple given, object size):
    return sizes(given if size is None else (size,))


cdef object numpy_dtype(object d):
    return (default_dtype() if d is None else as_dtype(d)).numpy


def empty(*sizes, size=None, dtype=None, layout=None, device=None, requires_grad=False,
          pin_memory=False, memory_format=None):
    """Return an uninitialised tensor of the given sizes.

    >>> import minigrad
    >>> minigrad.empty(2, 3).shape
    minigrad.Size([2, 3])
    """
    on_cpu(device, layout, pin_memory)
    return finished(np.empty(checked_sizes(sizes, size), numpy_dtype(dtype)), requires_grad)


def zeros(*sizes, size=None, dtype=None, layout=None, device=None, requires_grad=False,
          pin_memory=False):
    """Return a tensor of zeros: ``zeros(2, 3)`` or ``zeros((2, 3))``.

    >>> import minigrad
    >>> minigrad.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    on_cpu(device, layout, pin_memory)
    return finished(np.zeros(checked_sizes(sizes, size), numpy_dtype(dtype)), requires_grad)


def ones(*sizes, size=None, dtype=None, layout=None, device=None, requires_grad=False,
         pin_memory=False):
    """Return a tensor of ones.

    >>> import minigrad
    >>> minigrad.ones(2, dtype=minigrad.int64)
    tensor([1, 1])
    """
    on_cpu(device, layout, pin_memory)
    return finished(np.ones(checked_sizes(sizes, size), numpy_dtype(dtype)), requires_grad)


def full(size, fill_value, *, dtype=None, layout=None, device=None, requires_grad=False,
         pin_memory=False):
    """Return a tensor of one value; without ``dtype``, of the dtype that value has.

    >>> import minigrad
    >>> minigrad.full((2,), 7.0)
    tensor([7., 7.])
    """
    on_cpu(device, layout, pin_memory)
    if isinstance(fill_value, (Tensor, np.generic)):
        fill_value = fill_value.item()
    if dtype is None and isinstance(fill_value, (bool, int)):
        dtype = bool_ if isinstance(fill_value, bool) else int64
    out = np.empty(checked_sizes((size,), None), numpy_dtype(dtype))
    return finished(filled(out, fill_value), requires_grad)


cdef object filled(ndarray out, object value):
    """Set every element of ``out`` to a number, which must fit its dtype."""
    if not isinstance(value, (int, float)):
        raise TypeError(f"fill_value must be a number, but got {type(value).__name__}")
    out[...] = number_tensor(value, dtype_of(out)).array
    return out


cdef ndarray like(object input, object d, object memory_format, str name):
    """Return an array of the input's shape and, but for what is asked, of its dtype and layout."""
    cdef Tensor x = <Tensor?>input
    expanded = 0 in (<object>x.array).strides       # which has no order of its own
    order = "C" if row_by_row(memory_format, name) or expanded else "K"
    return np.empty_like(x.array, dtype_of(x.array).numpy if d is None else as_dtype(d).numpy, order)


def empty_like(input, *, dtype=None, layout=None, device=None, requires_grad=False,
               pin_memory=False, memory_format=None):
    """Return an uninitialised tensor of the input's shape and dtype.

    >>> import minigrad
    >>> minigrad.empty_like(minigrad.ones(2, 3)).shape
    minigrad.Size([2, 3])
    """
    on_cpu(device, layout, pin_memory)
    return finished(like(input, dtype, memory_format, "empty_like"), requires_grad)


def zeros_like(input, *, dtype=None, layout=None, device=None, requires_grad=False,
               pin_memory=False, memory_format=None):
    """Return zeros of the input's shape and dtype.

    >>> import minigrad
    >>> minigrad.zeros_like(minigrad.tensor([1, 2]))
    tensor([0, 0])
    """
    on_cpu(device, layout, pin_memory)
    out = like(input, dtype, memory_format, "zeros_like")
    out.fill(0)
    return finished(out, requires_grad)


def ones_like(input, *, dtype=None, layout=None, device=None, requires_grad=False,
              pin_memory=False, memory_format=None):
    """Return ones of the input's shape and dtype.

    >>> import minigrad
    >>> minigrad.ones_like(minigrad.tensor([3.0, 4.0]))
    tensor([1., 1.])
    """
    on_cpu(device, layout, pin_memory)
    out = like(input, dtype, memory_format, "ones_like")
    out.fill(1)
    return finished(out, requires_grad)


def full_like(input, fill_value, *, dtype=None, layout=None, device=None, requires_grad=False,
              pin_memory=False, memory_format=None):
    """Return one value in the input's shape and dtype.

    >>> import minigrad
    >>> minigrad.full_like(minigrad.tensor([3.0, 4.0]), 7)
    tensor([7., 7.])
    """
    on_cpu(device, layout, pin_memory)
    value = fill_value.item() if isinstance(fill_value, (Tensor, np.generic)) else fill_value
    out = like(input, dtype, memory_format, "full_like")
    return finished(filled(out, value), requires_grad)


def new_tensor(input, data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """Return ``tensor(data)`` of this tensor's dtype."""
    return tensor(data, dtype=(<Tensor?>input).dtype if dtype is None else dtype, device=device,
                  requires_grad=requires_grad, pin_memory=pin_memory)


def new_empty(input, *sizes, size=None, dtype=None, layout=None, device=None, requires_grad=False,
              pin_memory=False):
    """Return an uninitialised tensor of the given sizes and this tensor's dtype."""
    return empty(*sizes, size=size, dtype=(<Tensor?>input).dtype if dtype is None else dtype,
                 layout=layout, device=device, requires_grad=requires_grad,
                 pin_memory=pin_memory)


def new_zeros(input, *sizes, size=None, dtype=None, layout=None, device=None, requires_grad=False,
              pin_memory=False):
    """Return zeros of the given sizes and this tensor's dtype."""
    return zeros(*sizes, size=size, dtype=(<Tensor?>input).dtype if dtype is None else dtype,
                 layout=layout, device=device, requires_grad=requires_grad,
                 pin_memory=pin_memory)


def new_ones(input, *sizes, size=None, dtype=None, layout=None, device=None, requires_grad=False,
             pin_memory=False):
    """Return ones of the given sizes and this tensor's dtype."""
    return ones(*sizes, size=size, dtype=(<Tensor?>input).dtype if dtype is None else dtype,
                layout=layout, device=device, requires_grad=requires_grad,
                pin_memory=pin_memory)


def new_full(input, size, fill_value, *, dtype=None, layout=None, device=None,
             requires_grad=False, pin_memory=False):
    """Return one value in the given sizes and this tensor's dtype."""
    return full(size, fill_value, dtype=(<Tensor?>input).dtype if dtype is None else dtype,
                layout=layout, device=device, requires_grad=requires_grad,
                pin_memory=pin_memory)


# ---------------------------------------------------------------- sequences

def arange(start=None, end=None, step=1, *, dtype=None, layout=None, device=None,
           requires_grad=False, pin_memory=False):
    """Return the numbers from ``start`` (0) up to, not including, ``end``, ``step`` apart.

    int64 if all three are ints, else the default dtype.

    >>> import minigrad
    >>> minigrad.arange(1, 6, 2)
    tensor([1, 3, 5])
    """
    on_cpu(device, layout, pin_memory)
    if dtype is not None and as_dtype(dtype) is bool_:
        raise NotImplementedError('"arange" not implemented for bool: expected a dtype of numbers')
    if end is None:
        start, end = None, start
    if start is None:
        start = 0
    start, end, step = [
        v.item() if isinstance(v, (Tensor, np.generic)) else v for v in (start, end, step)]
    for v in (start, end, step):
        if not isinstance(v, (int, float)):
            raise TypeError(f"arange(): expected numbers, but got {type(v).__name__}")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    exact = (start, end, step)              # by which torch counts, except for an int64
    if dtype is not None and not as_dtype(dtype).is_floating_point:
        start, end, step = int(start), int(end), int(step)
        if as_dtype(dtype) is int64:
            exact = (start, end, step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError(
            "upper bound and lower bound inconsistent with step sign: "
            f"arange({start}, {end}, {step})"
        )
    floating = any(isinstance(v, float) for v in (start, end, step))
    if dtype is None:
        dtype = default_dtype() if floating else int64
    n = -((start - end) // step)
    if floating or exact != (start, end, step):
        n = math.ceil((exact[1] - exact[0]) / exact[2])
    kind = np.float64 if floating else np.int64
    values = np.asarray(start, kind) + np.arange(n, dtype=kind) * np.asarray(step, kind)
    return finished(values.astype(as_dtype(dtype).numpy), requires_grad)


def linspace(start, end, steps, *, dtype=None, layout=None, device=None, requires_grad=False,
             pin_memory=False):
    """Return ``steps`` numbers evenly spaced from ``start`` to ``end``, both included.

    >>> import minigrad
    >>> minigrad.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    on_cpu(device, layout, pin_memory)
    if not hasattr(steps, "__index__"):
        raise TypeError(f"linspace(): argument 'steps' must be int, not {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, but got {steps}")
    for v in (start, end):
        if isinstance(v, Tensor) and v.dim():
            raise RuntimeError("linspace only supports 0-dimensional start and end tensors, but "
                               f"got one with {v.dim()} dimension(s).")
    start, end = [v.item() if isinstance(v, Tensor) else v for v in (start, end)]
    d = numpy_dtype(dtype)
    if d.kind != "f":
        start, end = int(start), int(end)
    if d == np.float16:
        return finished(linspace_of_halves(np.float16(start), np.float16(end), steps), requires_grad)
    # As torch: the first half counts from the start, the second from the end, by a step of the
    # result's own dtype; product and sum are rounded once.
    cdef double first = start, last = end, step = (end - start) / (steps - 1) if steps > 1 else 0.0
    cdef Py_ssize_t i, n = steps, half = n // 2 if n > 1 else n
    cdef ndarray values = np.empty(n, np.float64)
    cdef double *data = <double *>PyArray_DATA(values)
    if d == np.float32 and n > 1:
        first, last = <float>first, <float>last
        step = <float>(last - first) / <float>(n - 1)
    for i in range(half):
        data[i] = fma(step, i, first)
    for i in range(half, n):
        data[i] = fma(-step, n - 1 - i, last)
    return finished(values.astype(d), requires_grad)


cdef object linspace_of_halves(first, last, steps):
    """Return the numbers of ``linspace``, each operation of which is rounded to float16."""
    cdef Py_ssize_t half = steps // 2 if steps > 1 else steps
    with np.errstate(all="ignore"):
        step = (last - first) / np.float16(steps - 1)
        steps_from = np.arange(steps).astype(np.float16)
        steps_to = np.arange(steps)[::-1].astype(np.float16)
        rising, falling = first + step * steps_from, last - step * steps_to
    return np.concatenate([rising[:half], falling[half:]]) if steps > 1 else np.full(steps, first)


def logspace(start, end, steps, base=10.0, *, dtype=None, layout=None, device=None,
             requires_grad=False, pin_memory=False):
    """Return ``base`` to the power of ``linspace(start, end, steps)``.

    >>> import minigrad
    >>> minigrad.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    on_cpu(device, layout, pin_memory)
    with np.errstate(all="ignore"):
        values = base ** linspace(start, end, steps, dtype=np.float64).numpy()
        values = values.astype(numpy_dtype(dtype))
    return finished(values, requires_grad)


def eye(n, m=None, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """Return ones on the diagonal of an ``n`` by ``m`` (``n``) matrix, zeros elsewhere.

    >>> import minigrad
    >>> minigrad.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    on_cpu(device, layout, pin_memory)
    shape = checked_sizes((n, n if m is None else m), None)
    return finished(np.eye(*shape, dtype=numpy_dtype(dtype)), requires_grad)


def meshgrid(*tensors, indexing=None):
    """Return the coordinates of the grid that 1-d tensors span: one tensor each.

    The first tensor runs along the first dimension with ``indexing`` "ij", along the second with
    "xy".  Without it "ij" is meant, with a warning, as in torch.

    >>> import minigrad
    >>> rows, columns = minigrad.meshgrid(minigrad.arange(2), minigrad.arange(3), indexing="ij")
    >>> columns
    tensor([[0, 1, 2],
            [0, 1, 2]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if indexing is None:
        warnings.warn("meshgrid: in an upcoming release of torch, it will be required to pass the "
                      "indexing argument.")
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise RuntimeError(
            f'meshgrid(): indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    n = len(tensors)
    if not n:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for x in tensors:
        if x.dim() > 1:
            raise RuntimeError(f"meshgrid: Expected 0D or 1D tensor but got: {x}")
        if x.dtype is not tensors[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype, but got "
                               f"{tensors[0].dtype} and {x.dtype}")
    shape = [t.numel() for t in tensors]
    grids = []
    for i, x in enumerate(tensors):
        grids.append(x.reshape((1,) * i + (-1,) + (1,) * (n - i - 1)).expand(shape))
    if indexing == "xy" and n > 1:
        grids = [g.transpose(0, 1) for g in grids]
    return tuple(grids)
