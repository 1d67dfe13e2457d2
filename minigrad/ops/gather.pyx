"""One index for each element (gather, scatter), or for each item along a dimension.

To take and to add are linear and each other's vjps.
"""

import numpy as np

from numpy cimport (
    PyArray_DIM, PyArray_DIMS, PyArray_ITEMSIZE, PyArray_NDIM, PyArray_SIZE, PyArray_TYPE,
    import_array, ndarray, npy_intp,
)

from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport dtype_of, int32, int64
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.places cimport (
    add_items, add_rows, first_outside, put_items, take_items, take_rows,
)
from minigrad.memory cimport new_array
from minigrad.ops.common cimport (
    cast, contiguous, is_kernel_float, number_tensor, shape_of, tensor_argument,
)
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


cdef struct Around:
    # How an array is read around a dimension: (outer, size, inner)
    Py_ssize_t outer, size, inner


cdef Around around(ndarray x, int dim):
    cdef Around found = Around(1, PyArray_DIM(x, dim), 1)
    cdef int k
    for k in range(PyArray_NDIM(x)):
        if k < dim:
            found.outer *= PyArray_DIM(x, k)
        elif k > dim:
            found.inner *= PyArray_DIM(x, k)
    return found


cdef int outermost_threads(Py_ssize_t outer, Py_ssize_t items):
    return threads_for(items) if outer > 1 else 1


# ---------------------------------------------------------------- one index for each element

cdef bint differs_beside(ndarray index, ndarray x, int dim):
    """Whether the two have another size along some dimension beside ``dim``."""
    cdef int k
    for k in range(PyArray_NDIM(x)):
        if k != dim and PyArray_DIM(index, k) != PyArray_DIM(x, k):
            return True
    return False


cdef tuple full_index(ndarray index, int dim):
    """Return the index for NumPy that picks ``index`` along ``dim``, and stays in place beside."""
    grid = list(np.ogrid[tuple([slice(0, n) for n in (<object>index).shape])])
    grid[dim] = index
    return tuple(grid)


cdef ndarray cut_to(ndarray x, ndarray index):
    """Return the part of ``x`` that lies beside ``index``."""
    if differs_beside(index, x, -1):
        return contiguous(x[tuple([slice(0, n) for n in (<object>index).shape])])
    return contiguous(x)


cdef ndarray taken(ndarray x, int dim, ndarray index):
    """Return ``x[o, index[o, j, i], i]``, the index being contiguous."""
    cdef ndarray out = new_array(PyArray_NDIM(index), PyArray_DIMS(index), PyArray_TYPE(x))
    cdef Around a
    if differs_beside(index, x, dim):
        x = x[tuple([slice(None) if k == dim else slice(0, n)
                     for k, n in enumerate((<object>index).shape)])]
    a = around(x, dim)
    take_items(out, contiguous(x), index, a.outer, a.size, PyArray_DIM(index, dim), a.inner,
               outermost_threads(a.outer, PyArray_SIZE(index)))
    return out


cdef int add_taken(ndarray out, int dim, ndarray index, ndarray values) except -1:
    """Add ``values``, of the shape of ``index``, to the contiguous ``out`` at ``index``."""
    cdef Around a = around(out, dim)
    if is_kernel_float(out) and not differs_beside(index, out, dim):
        add_items(out, contiguous(values), index, a.outer, a.size, PyArray_DIM(index, dim), a.inner,
                  outermost_threads(a.outer, PyArray_SIZE(index)))
    else:
        np.add.at(out, full_index(index, dim), values)
    return 0


cdef class Places:
    """What the vjps need to know: the shape of what was read or written, and an index into it."""
    cdef tuple shape
    cdef int dim
    cdef ndarray index


cdef Places places_in(Tensor x, int dim, ndarray index):
    cdef Places p = Places.__new__(Places)
    p.shape, p.dim = shape_of(x), dim
    p.index = index.copy()              # safe from later writes
    return p


cdef Tensor gathered(Tensor x, Places p):
    cdef Tensor out = wrap(taken(x.array, p.dim, p.index))
    if recording(x):
        record(out, "GatherBackward0", gather_vjp, (x,), (), p)
    return out


cdef gather_vjp(Node node, object g):
    cdef Places p = <Places>node.extra
    cdef Tensor values = <Tensor>g, out = wrap(np.zeros(p.shape, values.array.dtype))
    add_taken(out.array, p.dim, p.index, values.array)
    if recording(values):
        record(out, "ScatterAddBackward0", gather_vjp_vjp, (values,), (), p)
    return (out,)


cdef gather_vjp_vjp(Node node, object g):
    return (gathered(<Tensor>g, <Places>node.extra),)


cdef Tensor checked_index(Tensor x, int d, object index, str name):
    """Return the index, checked, with a contiguous array."""
    cdef Tensor i
    cdef Py_ssize_t at, size
    if isinstance(index, Tensor) and dtype_of((<Tensor>index).array) is int32:
        index = cast(<Tensor>index, int64)
    if isinstance(index, Tensor) and PyArray_SIZE((<Tensor>index).array) == 0:
        index = cast(<Tensor>index, int64)     # picks nothing, whatever its dtype
    if not isinstance(index, Tensor) or dtype_of((<Tensor>index).array) is not int64:
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    i = <Tensor>index
    if PyArray_SIZE(i.array) and max(PyArray_NDIM(i.array), 1) != max(PyArray_NDIM(x.array), 1):
        raise RuntimeError(
            "Index tensor must have the same number of dimensions as input tensor: got "
            f"{list(i.shape)} for input {list(x.shape)}"
        )
    i = wrap(contiguous(i.array))
    size = PyArray_DIM(x.array, d) if PyArray_NDIM(x.array) else 1
    at = first_outside(i.array, 0, size)
    if at >= 0:
        raise RuntimeError(
            f"index {i.array.flat[at]} is out of bounds for dimension {d} with size {size}")
    return i


def gather(input, dim, index, *, sparse_grad=False):
    """Return ``out[i][j] = input[index[i][j]][j]`` (for ``dim=0``): one pick for each element of
    ``index`` (int64), along ``dim``.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).gather(1, minigrad.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    cdef Tensor x = <Tensor?>input
    cdef int k, d = checked_dim(dim, PyArray_NDIM(x.array))
    cdef Tensor i = checked_index(x, d, index, "gather")
    if PyArray_SIZE(i.array) == 0:
        return x.reshape(-1)[:0].reshape(i.shape)
    if PyArray_NDIM(x.array) == 0 or PyArray_NDIM(i.array) == 0:
        return gather(x.reshape(-1), 0, i.reshape(-1)).reshape(i.shape)
    for k in range(PyArray_NDIM(x.array)):
        if k != d and PyArray_DIM(i.array, k) > PyArray_DIM(x.array, k):
            raise RuntimeError(
                f"Size does not match at dimension {k} expected index {list(i.shape)} to be no "
                f"larger than self {list(x.shape)} apart from dimension {d}"
            )
    if not recording(x):
        return wrap(taken(x.array, d, i.array))
    return gathered(x, places_in(x, d, i.array))


def take_along_dim(input, indices, dim=None):
    """Return ``gather`` with broadcasting; with no ``dim``, from the flattened input."""
    cdef Tensor x, i
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    d = checked_dim(dim, input.dim())
    if isinstance(indices, Tensor) and dtype_of((<Tensor>indices).array) is int64:
        i = <Tensor>indices
        if first_outside(contiguous(i.array), 0, 2 ** 62) >= 0:
            found, size = i.array, input.shape[d]       # here, and not in gather, -1 is the last
            indices = wrap(np.asarray(np.where(found < 0, found + size, found)))
    x, i = <Tensor?>input, <Tensor?>indices
    if PyArray_NDIM(x.array) == PyArray_NDIM(i.array) and not differs_beside(i.array, x.array, d):
        return gather(x, d, i)
    sizes = np.broadcast_shapes(
        tuple([1 if i == d else s for i, s in enumerate(input.shape)]),
        tuple([1 if i == d else s for i, s in enumerate(indices.shape)]))
    own = tuple([input.shape[d] if i == d else s for i, s in enumerate(sizes)])
    wanted = tuple([indices.shape[d] if i == d else s for i, s in enumerate(sizes)])
    return gather(input.expand(own), d, indices.expand(wanted))


cdef int check_source(Tensor x, int d, Tensor i, Tensor source, str name) except -1:
    """Raise unless every index has an item of ``source``, and a place in ``x``, beside it."""
    cdef bint fits = PyArray_NDIM(source.array) == PyArray_NDIM(x.array)
    cdef npy_intp size
    cdef int k
    if dtype_of(source.array) is not dtype_of(x.array):
        raise RuntimeError(
            f"{name}(): Expected self.dtype to be equal to src.dtype, but got {x.dtype} and "
            f"{source.dtype}"
        )
    for k in range(PyArray_NDIM(x.array) if fits else 0):
        size = PyArray_DIM(i.array, k)
        fits = (fits and size <= PyArray_DIM(source.array, k)
                and (k == d or size <= PyArray_DIM(x.array, k)))
    if not fits:
        raise RuntimeError(
            f"{name}(): Expected index {list(i.shape)} to be no larger than self {list(x.shape)} "
            f"apart from dimension {d} and to be no larger size than src {list(source.shape)}"
        )
    return 0


cdef Tensor beside(Tensor source, ndarray index):
    """Return the part of ``source`` that lies beside ``index``."""
    if differs_beside(index, source.array, -1):
        return source[tuple([slice(0, n) for n in (<object>index).shape])]
    return source


def scatter_add(input, dim, index, src):
    """Return a copy of the input with ``src`` added at ``index`` along ``dim``."""
    cdef Tensor x = <Tensor?>input, s = <Tensor?>src, out
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    cdef Tensor i = checked_index(x, d, index, "scatter_add")
    if PyArray_NDIM(x.array) == 0 or PyArray_NDIM(i.array) == 0:
        return scatter_add(x.reshape(-1), 0, i.reshape(-1), s.reshape(-1)).reshape(x.shape)
    if PyArray_SIZE(i.array) == 0:
        return x.clone()
    check_source(x, d, i, s, "scatter_add")
    s = beside(s, i.array)
    out = wrap(x.array.copy())
    add_taken(out.array, d, i.array, s.array)
    if recording(x) or recording(s):
        record(out, "ScatterAddBackward0", scatter_add_vjp, (x, s), (), places_in(x, d, i.array))
    return out


cdef scatter_add_vjp(Node node, object g):
    return (
        g if node.needs(0) else None,
        gathered(<Tensor>g, <Places>node.extra) if node.needs(1) else None,
    )


def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """Return a copy of the input with ``src`` (a tensor or number) written at ``index``.

    ``reduce`` "add" adds it there and "multiply" multiplies by it; in torch they are on their way
    out for ``scatter_reduce``, and the second has no gradient.
    """
    cdef Tensor x = <Tensor?>input
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    cdef Tensor i = checked_index(x, d, index, "scatter"), items
    src = value if src is None else src
    if PyArray_NDIM(x.array) == 0 or PyArray_NDIM(i.array) == 0:
        flat = src.reshape(-1) if isinstance(src, Tensor) else src
        return scatter(x.reshape(-1), 0, i.reshape(-1), flat, reduce=reduce).reshape(x.shape)
    if PyArray_SIZE(i.array) == 0:
        return x.clone()
    if not isinstance(src, Tensor):
        src = wrap(np.full((<object>i.array).shape, number_tensor(src, dtype_of(x.array)).array))
    items = <Tensor>src
    if reduce is not None:
        return scatter_with(reduce, x, d, i, items)
    check_source(x, d, i, items, "scatter")
    return written_at(x, beside(items, i.array), d, i.array)


cdef Tensor written_at(Tensor x, Tensor values, int d, ndarray index):
    cdef Tensor out = wrap(x.array.copy())
    cdef Around a = around(out.array, d)
    if differs_beside(index, x.array, d):
        out.array[full_index(index, d)] = values.array
    else:
        put_items(out.array, contiguous(values.array), index, a.outer, a.size,
                  PyArray_DIM(index, d), a.inner, outermost_threads(a.outer, PyArray_SIZE(index)))
    if recording(x) or recording(values):
        record(out, "ScatterBackward0", scatter_vjp, (x, values), (), places_in(x, d, index))
    return out


cdef scatter_vjp(Node node, object g):
    cdef Places p = <Places>node.extra
    return (
        scatter(g, p.dim, wrap(p.index), 0.0) if node.needs(0) else None,
        gathered(<Tensor>g, p) if node.needs(1) else None,
    )


cdef Tensor scatter_with(str reduce, Tensor x, int d, Tensor i, Tensor items):
    if reduce == "add":
        return scatter_add(x, d, i, items)
    if reduce != "multiply":
        raise RuntimeError(f"reduce argument must be either add or multiply, but got {reduce}")
    if recording(x) or recording(items):
        raise RuntimeError(
            "scatter with reduce='multiply' has no gradient: use scatter_reduce with 'prod'")
    check_source(x, d, i, items, "scatter")
    x = x.clone()
    np.multiply.at(x.array, full_index(i.array, d), cut_to(items.array, i.array))
    return x


# ---------------------------------------------------------------- one index for each item

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
    >>> from minigrad.ops.gather import rows_at
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
    out = wrap(x.array.copy())
    add_rows_taken(out.array, p, items.array)
    if recording(x) or recording(items):
        record(out, "IndexAddBackward0", index_add_vjp, (x, items), (), p)
    return out


cdef index_add_vjp(Node node, object g):
    return (
        g if node.needs(0) else None,
        rows_taken(<Tensor>g, <Places>node.extra) if node.needs(1) else None,
    )
