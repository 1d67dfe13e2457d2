"""One index for each item along a dimension: items selected, embedded, added.

To take and to add are linear and each other's vjps.
"""

import numpy as np

from numpy cimport PyArray_DIM, PyArray_NDIM, PyArray_SIZE, import_array, ndarray

from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport dtype_of, int32, int64
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.places cimport add_rows, first_outside, put_items, take_rows
from minigrad.ops.around cimport Around, around
from minigrad.ops.common cimport (
    cast, contiguous, contiguous_copy, is_kernel_float, shape_of, tensor_argument,
)
from minigrad.ops.places cimport Places, differs_beside, outermost_threads, places_in
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


cdef Tensor rows_taken(Tensor x, Places p):
    """Return the items at ``p.index``, of any shape, which replaces the dimension ``p.dim``."""
    cdef tuple shape = p.shape[:p.dim] + (<object>p.index).shape + p.shape[p.dim + 1:]
    cdef Tensor out = wrap(np.empty(shape, x.array.dtype))
    cdef Around a = around(x.array, p.dim)
    take_rows(out.array, contiguous(x.array), p.index, a.outer, a.size, PyArray_SIZE(p.index),
              a.inner, outermost_threads(a.outer, PyArray_SIZE(out.array)))
    if recording(x):
        record(out, "IndexSelectBackward0", rows_vjp, (x,), (), p)
    return out


cdef rows_vjp(Node node, object g):
    cdef Places p = <Places>node.extra
    cdef Tensor values = <Tensor>g, out = wrap(np.zeros(p.shape, values.array.dtype))
    add_rows_taken(out.array, p, values.array)
    if recording(values):
        record(out, "IndexAddBackward0", rows_vjp_vjp, (values,), (), p)
    return (out,)


cdef rows_vjp_vjp(Node node, object g):
    return (rows_taken(<Tensor>g, <Places>node.extra),)


cdef int add_rows_taken(ndarray out, Places p, ndarray values) except -1:
    """Add ``values`` to the contiguous ``out`` at ``p.index`` along ``p.dim``."""
    cdef Around a = around(out, p.dim)
    if is_kernel_float(out):
        add_rows(out, contiguous(values), p.index, a.outer, a.size, PyArray_SIZE(p.index), a.inner,
                 threads_for(PyArray_SIZE(values)))
    else:
        np.add.at(out, (slice(None),) * p.dim + (p.index,), values)
    return 0


cdef Places checked_rows(Tensor x, int d, object index, str name):
    """Return the places along ``d`` that ``index`` names, after checks."""
    cdef Tensor i
    cdef Py_ssize_t at, size = PyArray_DIM(x.array, d) if PyArray_NDIM(x.array) else 1
    cdef Places p
    if not isinstance(index, Tensor):
        raise TypeError(
            f"{name}(): argument 'index' must be Tensor, not {type(index).__name__}")
    i = <Tensor>index
    if dtype_of(i.array) is int32:
        i = cast(i, int64)
    if dtype_of(i.array) is not int64:
        raise RuntimeError(
            f"{name}(): Expected dtype int32/int64 for index, but got {dtype_of(i.array)}")
    p = places_in(x, d, contiguous(i.array))
    at = first_outside(p.index, 0, size)
    if at >= 0:
        raise IndexError(
            f"{name}(): index out of range in self: {p.index.flat[at]} is not in [0, {size}), "
            f"dimension {d} of {list(x.shape)}"
        )
    return p


def index_select(input, dim, index):
    """Return the items at ``index`` (1-d integers) along ``dim``.

    IndexError for an index out of range, RuntimeError for one that is not int32 or int64.
    Source: torch.index_select.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).index_select(1, minigrad.tensor([1, 1]))
    tensor([[2, 2],
            [4, 4]])
    """
    cdef Tensor x = <Tensor?>input
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    cdef Places p = checked_rows(x, d, index, "index_select")
    if PyArray_NDIM(p.index) > 1:
        raise IndexError(
            "index_select(): Index is supposed to be a vector, but got dim "
            f"{PyArray_NDIM(p.index)}"
        )
    if PyArray_NDIM(x.array) == 0:
        return x.clone()
    p.index = p.index.reshape(-1)
    return rows_taken(x, p)


def rows_at(input, index):
    """Return ``input[index]`` for integers of any shape, none negative: an embedding.

    >>> import minigrad
    >>> from minigrad.ops.rows import rows_at
    >>> rows_at(minigrad.tensor([[1, 2], [3, 4]]), minigrad.tensor([[1]]))
    tensor([[[3, 4]]])
    """
    cdef Tensor x = <Tensor?>input
    return rows_taken(x, checked_rows(x, 0, index, "embedding"))


def one_hot(tensor, num_classes=-1):
    """Return for each class index a row of 0 with a 1 at that index.

    Args:
        tensor: int64 Tensor of any shape.
        num_classes: length of the rows; -1 means just enough.

    Shape: ``(*)`` to ``(*, num_classes)``, int64.

    Raises RuntimeError if the dtype is not int64 or an index is negative or too large.

    Source: ``torch.nn.functional.one_hot``.

    >>> import minigrad
    >>> minigrad.nn.functional.one_hot(minigrad.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    cdef Tensor x = <Tensor?>tensor
    cdef ndarray index, out
    cdef Py_ssize_t at
    if dtype_of(x.array) is not int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of int64, got {tensor.dtype}"
        )
    index = contiguous(x.array)
    if PyArray_SIZE(index) == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if num_classes == -1:
        num_classes = int(index.max()) + 1
    at = first_outside(index, 0, num_classes)
    if at >= 0 and index.flat[at] < 0:
        raise RuntimeError(f"Class values must be non-negative, got {index.flat[at]}.")
    if at >= 0:
        raise RuntimeError(
            f"Class values must be smaller than num_classes: got {index.flat[at]} of {num_classes}."
        )
    out = np.zeros((*shape_of(x), num_classes), np.int64)
    put_items(out, np.ones_like(index), index, PyArray_SIZE(index), num_classes, 1, 1, 1)
    return wrap(out)


def index_add(input, dim, index, source, *, alpha=1):
    """Return a copy with ``alpha * source`` added to the items at ``index`` along ``dim``.

    ``index`` is a vector of int32 or int64, ``source`` has an item for each.  IndexError for an
    index out of range, RuntimeError for shapes or dtypes that do not fit.
    Source: torch.Tensor.index_add.

    >>> import minigrad
    >>> minigrad.zeros(3).index_add(0, minigrad.tensor([0, 2, 2]), minigrad.ones(3))
    tensor([1., 0., 2.])
    """
    cdef Tensor x = tensor_argument(input, "index_add", "input"), items, out
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    cdef Places p = checked_rows(x, d, index, "index_add")
    cdef ndarray s
    if PyArray_NDIM(p.index) > 1:
        raise IndexError(
            "index_add(): Index should have dimension 1 or 0 (got "
            f"{PyArray_NDIM(p.index)})"
        )
    items = tensor_argument(source, "index_add", "source")
    if dtype_of(items.array) is not dtype_of(x.array):
        raise RuntimeError(
            f"index_add(): self and source expected to have the same dtype, but got (self) "
            f"{x.dtype} and (source) {items.dtype}"
        )
    if isinstance(alpha, float) and not dtype_of(x.array).is_floating_point:
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    if PyArray_NDIM(x.array) == 0:
        flat = items.reshape(1) if PyArray_NDIM(items.array) == 0 else items
        return index_add(x.reshape(1), 0, index, flat, alpha=alpha).reshape(())
    if PyArray_NDIM(items.array) == 0:
        items = items.reshape(1)
    s = items.array
    if (PyArray_NDIM(s) != PyArray_NDIM(x.array) or differs_beside(s, x.array, d)
            or PyArray_DIM(s, d) != PyArray_SIZE(p.index)):
        raise RuntimeError(
            "index_add(): the source must have the shape of self but for one item for each index "
            f"along dimension {d}: got self {list(x.shape)}, {PyArray_SIZE(p.index)} indices and "
            f"source {list(source.shape)}"
        )
    p.index = p.index.reshape(-1)
    items = items if alpha == 1 else items * alpha
    out = wrap(contiguous_copy(x.array))
    add_rows_taken(out.array, p, items.array)
    if recording(x) or recording(items):
        record(out, "IndexAddBackward0", index_add_vjp, (x, items), (), p)
    return out


cdef index_add_vjp(Node node, object g):
    return (
        g if node.needs(0) else None,
        rows_taken(<Tensor>g, <Places>node.extra) if node.needs(1) else None,
    )
