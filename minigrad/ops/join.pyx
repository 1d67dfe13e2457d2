"""Joining tensors, and splitting one into views of its parts: each is the other's vjp."""

import numpy as np

from numpy cimport (
    PyArray_CopyInto, PyArray_DIM, PyArray_DIMS, PyArray_NDIM, import_array, ndarray, npy_intp,
)

from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport bool_, dtype, dtype_of, promote
from minigrad.memory cimport new_array
from minigrad.kernels.shapes cimport same_shape
from minigrad.ops.common cimport cast
from minigrad.ops.shape import reshape
from minigrad.tape cimport MULTIPLE, ORDINARY, Node, record, recording
from minigrad.tensor cimport Tensor, view_of, wrap

import_array()

cdef object concatenate = np.concatenate

cdef enum:
    MAX_NDIM = 64   # NumPy's limit


# ---------------------------------------------------------------- joining

cdef tuple tensor_tuple(str name, object tensors):
    """Return a sequence of tensors as a tuple."""
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}(): argument 'tensors' must be tuple of Tensors, not Tensor")
    tensors = tuple(tensors)
    for i, item in enumerate(tensors):
        if not isinstance(item, Tensor):
            raise TypeError(
                f"{name}(): expected Tensor as element {i} in argument 'tensors', but got "
                f"{type(item).__name__}"
            )
    return tensors


def cat(tensors, dim=0, *, axis=None):
    """Return tensors joined along dimension ``dim``; the other sizes must agree.

    >>> import minigrad
    >>> minigrad.cat([minigrad.ones(2), minigrad.zeros(1)])
    tensor([1., 1., 0.])
    """
    cdef Tensor first, x, out
    cdef ndarray array
    cdef dtype d
    cdef int k, dimension, ndim
    cdef npy_intp shape[MAX_NDIM]
    cdef npy_intp size = 0
    tensors = tensor_tuple("cat", tensors)
    if not tensors:
        raise ValueError("cat(): expected a non-empty list of Tensors")
    # an old habit of torch: an empty 1-d tensor joins with anything
    real = [x for x in tensors if PyArray_NDIM(x.array) != 1 or PyArray_DIM(x.array, 0)]
    real = real or [tensors[0]]
    first = real[0]
    ndim = PyArray_NDIM(first.array)
    if ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    dimension = checked_dim(dim if axis is None else axis, ndim)
    d = dtype_of(first.array)
    for x in tensors:
        d = promote(d, dtype_of(x.array))
    for k in range(ndim):
        shape[k] = PyArray_DIM(first.array, k)
    for i, x in enumerate(real):
        array = x.array
        if PyArray_NDIM(array) != ndim:
            raise RuntimeError(
                "Tensors must have same number of dimensions: got "
                f"{ndim} and {PyArray_NDIM(array)}"
            )
        for k in range(ndim):
            if k != dimension and PyArray_DIM(array, k) != shape[k]:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {dimension}. Expected size "
                    f"{shape[k]} but got size {PyArray_DIM(array, k)} for tensor number {i} in "
                    "the list."
                )
        size += PyArray_DIM(array, dimension)
    shape[dimension] = size
    parts = tuple([cast(x, d) for x in real])
    # torch's result is contiguous whatever its parts are; a new one of NumPy's would follow them
    array = new_array(ndim, shape, d.num)
    concatenate([(<Tensor>x).array for x in parts], dimension, array)
    out = wrap(array)
    for x in parts:
        if recording(x):
            record(out, "CatBackward0", cat_vjp, tuple([p for p in parts]), (),
                   (dimension, [PyArray_DIM((<Tensor>x).array, dimension) for x in parts]))
            break
    return out


cdef cat_vjp(Node node, object g):
    dimension, sizes = node.extra
    grads, start = [], 0
    for i, size in enumerate(sizes):
        grads.append(narrow(g, dimension, start, size) if node.needs(i) else None)
        start += size
    return tuple(grads)


def stack(tensors, dim=0, *, axis=None):
    """Return tensors of one shape joined along a new dimension ``dim``.

    >>> import minigrad
    >>> minigrad.stack([minigrad.ones(2), minigrad.zeros(2)])
    tensor([[1., 1.],
            [0., 0.]])
    """
    cdef Tensor x, out
    cdef dtype kind
    cdef ndarray first, array, item
    cdef npy_intp shape[MAX_NDIM]
    cdef int k, d, ndim
    cdef bint records = False
    tensors = tensor_tuple("stack", tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = (<Tensor>tensors[0]).array
    kind, ndim = dtype_of(first), PyArray_NDIM(first)
    for i, x in enumerate(tensors):
        if not same_shape(x.array, first):
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} at "
                f"entry 0 and {list(x.shape)} at entry {i}"
            )
        kind = promote(kind, dtype_of(x.array))
        records = records or recording(x)
    d = checked_dim(dim if axis is None else axis, ndim + 1)
    for k in range(ndim):
        shape[k if k < d else k + 1] = PyArray_DIM(first, k)
    shape[d] = len(tensors)
    array = new_array(ndim + 1, shape, kind.num)
    items = np.moveaxis(array, d, 0) if d else array
    for i, x in enumerate(tensors):
        item = items[i, ...]
        PyArray_CopyInto(item, x.array)
    out = wrap(array)
    if records:
        record(out, "StackBackward0", stack_vjp, tensors, (),
               (d, [dtype_of((<Tensor>x).array) for x in tensors]))
    return out


cdef stack_vjp(Node node, object g):
    d, kinds = node.extra
    return tuple([
        cast(<Tensor>select(g, d, i), kind) if node.needs(i) else None
        for i, kind in enumerate(kinds)
    ])


def hstack(tensors):
    """Return tensors joined along the second dimension (the first, if they have only one)."""
    tensors = [x if x.dim() else reshape(x, 1) for x in tensor_tuple("hstack", tensors)]
    if not tensors:
        raise RuntimeError("hstack expects a non-empty TensorList")
    return cat(tensors, 0 if tensors[0].dim() == 1 else 1)


def vstack(tensors):
    """Return tensors joined along the first dimension; 1-d tensors count as rows."""
    tensors = tensor_tuple("vstack", tensors)
    if not tensors:
        raise RuntimeError("vstack expects a non-empty TensorList")
    return cat([x if x.dim() > 1 else reshape(x, 1, -1) for x in tensors], 0)


# ---------------------------------------------------------------- splitting: views of parts

def narrow(input, dim, start, length):
    """Return the view of ``length`` items from ``start`` on along ``dim``."""
    cdef Tensor x = <Tensor?>input
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    if PyArray_NDIM(x.array) == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    size = PyArray_DIMS(x.array)[d]
    if isinstance(start, Tensor) and (
            start.dim() or start.dtype is bool_ or start.is_floating_point()):
        raise RuntimeError(
            f"narrow(): start must be an 0-dim integral Tensor, but got {start.dtype} of shape "
            f"{list(start.shape)}"
        )
    start = int(start)
    if not -size <= start <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {start})"
        )
    start = start + size if start < 0 else start
    if length < 0 or start + length > size:
        raise RuntimeError(
            f"start ({start}) + length ({length}) exceeds dimension size ({size})."
        )
    return x[(slice(None),) * d + (slice(start, start + length),)]


def select(input, dim, index):
    """Return the view of item ``index`` along ``dim``, without that dimension."""
    cdef Tensor x = <Tensor?>input
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    if PyArray_NDIM(x.array) == 0:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    return x[(slice(None),) * d + (index,)]


cdef tuple together(Tensor x, list parts, str label, int dim, list sizes):
    """Return views ``parts`` of ``x`` as what one op has made, recorded as one node.

    The tape does not follow writes to any of them.  ``sizes`` are theirs along ``dim``; None means
    that they are without it.
    """
    cdef Tensor part
    cdef Node node
    cdef int k
    for part in parts:
        if part.origin == ORDINARY:
            part.origin = MULTIPLE
    if parts and recording(x):
        node = record(<Tensor>parts[0], label, parts_vjp, (x,), (),
                      (dim, sizes, [p.shape for p in parts], x.array.dtype))
        node.n_outputs = len(parts)
        for k, part in enumerate(parts):
            part.node, part.output, part.wants_grad = node, k, True
    return tuple(parts)


cdef parts_vjp(Node node, object grads):
    """Join the gradients of the parts; one that has none counts as zeros."""
    dim, sizes, shapes, dtype = node.extra
    if node.n_outputs == 1:
        grads = [grads]
    grads = [wrap(np.zeros(shape, dtype)) if g is None else g for g, shape in zip(grads, shapes)]
    return (stack(grads, dim) if sizes is None else cat(grads, dim),)


def unbind(input, dim=0, *, axis=None):
    """Return a tuple of the views of all items along ``dim``."""
    cdef Tensor x = <Tensor?>input
    cdef int d = checked_dim(dim if axis is None else axis, PyArray_NDIM(x.array))
    if PyArray_NDIM(x.array) == 0:
        raise IndexError("unbind() cannot be applied to a 0-dim tensor")
    before = (slice(None),) * d
    parts = [view_of(x, x.array[before + (i, ...)]) for i in range(PyArray_DIMS(x.array)[d])]
    return together(x, parts, "UnbindBackward0", d, None)


def split(tensor, split_size_or_sections, dim=0):
    """Return a tuple of views along ``dim``: of one size (the last may be smaller), or of a list
    of sizes.

    >>> import minigrad
    >>> minigrad.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    cdef Tensor x = <Tensor?>tensor
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    if not PyArray_NDIM(x.array):
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    size = x.shape[d]
    if isinstance(split_size_or_sections, (int, np.integer)):
        label = "SplitBackward0"
        step = split_size_or_sections
        if step < 0 or (step == 0 and size):
            raise RuntimeError(f"split expects split_size be non-negative, but got {step}")
        sizes = [min(step, size - i) for i in range(0, size, step)] if step and size else [0]
    else:
        label = "SplitWithSizesBackward0"
        sizes = list(split_size_or_sections)
        if sizes and min(sizes) < 0:
            raise RuntimeError(
                "split_with_sizes expects split_sizes have only non-negative entries, but got "
                f"split_sizes={sizes}"
            )
        if sum(sizes) != size:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's "
                f"size at dimension {d}), but got split_sizes={sizes}"
            )
    before, parts, start = (slice(None),) * d, [], 0
    for length in sizes:
        parts.append(view_of(x, x.array[before + (slice(start, start + length),)]))
        start += length
    return together(x, parts, label, d, sizes)


def chunk(input, chunks, dim=0):
    """Return the input in at most ``chunks`` views of one size along ``dim``."""
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    if not input.dim():
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    size = input.size(dim)
    if size == 0:
        return split(input, [0] * chunks, dim)
    return split(input, max(1, -(-size // chunks)), dim)
