"""One index for each element: gather and scatter.  rows.pyx has one index for each item.

To take and to add are linear and each other's vjps.
"""

import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

from numpy cimport (
    PyArray_DIM, PyArray_DIMS, PyArray_NDIM, PyArray_SIZE, PyArray_TYPE, import_array, ndarray,
    npy_intp,
)

from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport dtype_of, int32, int64
from minigrad.kernels.places cimport add_items, first_outside, put_items, take_items
from minigrad.memory cimport new_array
from minigrad.ops.around cimport Around, around
from minigrad.ops.common cimport (
    cast, contiguous, contiguous_copy, is_kernel_float, number_tensor, shape_of,
)
from minigrad.ops.places cimport Places, differs_beside, outermost_threads, places_in
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


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
    if not isinstance(index, Tensor):
        raise TypeError(
            f"{name}(): argument 'index' must be Tensor, not {type(index).__name__}")
    if dtype_of((<Tensor>index).array) is not int64:
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
    if PyArray_NDIM(x.array) != PyArray_NDIM(i.array):
        raise RuntimeError(
            "take_along_dim(): input and indices should have the same number of dimensions, but "
            f"got {x.ndim} dimensions for input, and {i.ndim} dimensions for indices")
    if not differs_beside(i.array, x.array, d):
        return gather(x, d, i)
    sizes = np.broadcast_shapes(
        tuple([1 if k == d else s for k, s in enumerate(input.shape)]),
        tuple([1 if k == d else s for k, s in enumerate(indices.shape)]))
    own = tuple([input.shape[d] if k == d else s for k, s in enumerate(sizes)])
    wanted = tuple([indices.shape[d] if k == d else s for k, s in enumerate(sizes)])
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
    out = wrap(contiguous_copy(x.array))
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
    if reduce is not None and isinstance(src, Tensor):
        warnings.warn("The reduce argument of scatter with Tensor src is deprecated: use "
                      "scatter_reduce instead, which has more reductions.")
    if PyArray_NDIM(x.array) == 0 or PyArray_NDIM(i.array) == 0:
        flat = src.reshape(-1) if isinstance(src, Tensor) else src
        return scatter(x.reshape(-1), 0, i.reshape(-1), flat, reduce=reduce).reshape(x.shape)
    if PyArray_SIZE(i.array) == 0:
        return x.clone()
    if not isinstance(src, Tensor):
        src = wrap(np.full(shape_of(i), number_tensor(src, dtype_of(x.array)).array))
    items = <Tensor>src
    if reduce is not None:
        return scatter_with(reduce, x, d, i, items)
    check_source(x, d, i, items, "scatter")
    return written_at(x, beside(items, i.array), d, i.array)


cdef Tensor written_at(Tensor x, Tensor values, int d, ndarray index):
    cdef Tensor out = wrap(contiguous_copy(x.array))
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
