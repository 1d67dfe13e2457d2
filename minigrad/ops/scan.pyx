"""Products and running sums, whose vjps need shapes and splitting."""

import numpy as np

from numpy cimport PyArray_DIM, PyArray_NDIM, PyArray_SIZE, import_array, ndarray

from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport dtype_of, float16, float32
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.reduce cimport PROD, SUM
from minigrad.kernels.scan cimport scan, scan_extremes
from minigrad.memory cimport empty_like_array
from minigrad.ops.around cimport Around, around
from minigrad.ops.common cimport (
    accumulable, cast, contiguous, dims_tuple, is_kernel_float, to_half, zeros_of,
)
from minigrad.ops.fold cimport fold
from minigrad.ops.join import cat, narrow, stack
from minigrad.ops.recorded import labelled
from minigrad.ops.reduce cimport keepdim_shape
from minigrad.ops.shape import flip
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


def prod(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """Return the product over ``dim``, one dimension or all."""
    cdef Tensor x = <Tensor?>input, out
    x = accumulable(x, dtype)
    dim = dim if axis is None else axis
    if isinstance(dim, (tuple, list)):
        raise TypeError(f"prod(): argument 'dim' must be int, not {type(dim).__name__}")
    dims = dims_tuple(dim, PyArray_NDIM(x.array))
    keepdim = keepdim if keepdims is None else keepdims
    out = wrap(fold(PROD, x.array, dims, keepdim))
    if recording(x):
        record(out, "ProdBackward0" if dim is None else "ProdBackward1", prod_vjp, (x,), (x, out),
               (dims, keepdim_shape(x, dims), keepdim))
    return out


cdef prod_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    dims, kept, keepdim = node.extra
    product = node.tensor(1)
    if not keepdim:
        g, product = g.reshape(kept), product.reshape(kept)
    if np.all(x.array) and np.all(product.numpy(force=True)):
        return (g * product / x,)
    # The product of all the others, without dividing by what may be 0: what comes before an element
    # times what comes after it.  Several dimensions are flattened into one first.
    rest = [d for d in range(PyArray_NDIM(x.array)) if d not in dims]
    count = 1
    for d in dims:
        count *= x.shape[d]
    if count == 0:
        return (zeros_of(x),)
    moved = x.permute(*rest, *dims)
    factors = moved.reshape(*[x.shape[d] for d in rest], count)
    last = len(rest)
    one = wrap(np.ones((*factors.shape[:last], 1), x.array.dtype))
    before = cat([one, cumprod(narrow(factors, last, 0, count - 1), last)], last)
    after = flip(cat([one, cumprod(flip(narrow(factors, last, 1, count - 1), last), last)], last),
                 last)
    order = [0] * x.dim()
    for i, d in enumerate([*rest, *dims]):
        order[d] = i
    slope = (before * after).reshape(moved.shape).permute(*order)
    return (g * slope,)


# ---------------------------------------------------------------- running sums and products

cdef ndarray scanned(int op, ndarray x, int dim, bint backwards):
    """Return the sums or products so far along ``dim``: float16 through float32, integers by
    NumPy."""
    cdef ndarray out
    cdef Around a
    if dtype_of(x) is float16:
        return to_half(scanned(op, x.astype(np.float32), dim, backwards))
    if not is_kernel_float(x):
        run = np.cumsum if op == SUM else np.cumprod
        if backwards:
            return np.flip(run(np.flip(x, dim), axis=dim, dtype=x.dtype), dim).copy()
        return run(x, axis=dim, dtype=x.dtype)
    x = contiguous(x)
    out = empty_like_array(x)
    a = around(x, dim)
    scan(op, out, x, backwards, a.outer, a.size, a.inner, threads_for(PyArray_SIZE(x)))
    return out


cdef Tensor running_sum(Tensor x, int dim, bint backwards):
    cdef Tensor out = wrap(scanned(SUM, x.array, dim, backwards))
    if recording(x):
        record(out, "CumsumBackward0", cumsum_vjp, (x,), (), (dim, backwards))
    return out


cdef cumsum_vjp(Node node, object g):
    dim, backwards = node.extra
    return (running_sum(<Tensor>g, dim, not backwards),)


def cumsum(input, dim=None, *, dtype=None, axis=None):
    """Return the running sums along ``dim``.  Integers are summed as int64.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3]).cumsum(0)
    tensor([1, 3, 6])
    """
    cdef Tensor x = <Tensor?>input, out
    cdef int d = checked_dim(dim if axis is None else axis, PyArray_NDIM(x.array))
    x = accumulable(x, dtype)
    if PyArray_NDIM(x.array) == 0:
        return x.clone()
    return running_sum(x, d, False)


def cumprod(input, dim=None, *, dtype=None, axis=None):
    """Return the running products along ``dim``.  Integers are multiplied as int64."""
    cdef Tensor x = <Tensor?>input, out
    cdef int d = checked_dim(dim if axis is None else axis, PyArray_NDIM(x.array))
    x = accumulable(x, dtype)
    if PyArray_NDIM(x.array) == 0:
        return x.clone()
    if not recording(x):
        return wrap(scanned(PROD, x.array, d, False))
    if dtype_of(x.array) is float16:
        return cast(cumprod(cast(x, float32), d), float16)
    if (x.array == 0).any():        # the gradient cannot be divided by a factor: one by one
        parts, product = [], None
        for item in x.unbind(d):
            product = item if product is None else product * item
            parts.append(product)
        return labelled(stack(parts, d), "CumprodBackward0")
    out = wrap(scanned(PROD, x.array, d, False))
    record(out, "CumprodBackward0", cumprod_vjp, (x,), (x, out), d)
    return out


cdef cumprod_vjp(Node node, object g):
    # an element is a factor of all products from its own on
    return (running_sum(<Tensor>(g * node.tensor(1)), node.extra, True) / node.tensor(0),)


# ---------------------------------------------------------------- running extremes

def places_of_extremes(Tensor input not None, int dim, bint largest):
    """Return where the largest (or smallest) element so far is along ``dim``: an int64 array.

    The last of equals counts, and a NaN as the largest and as the smallest.

    >>> import minigrad
    >>> from minigrad.ops.scan import places_of_extremes
    >>> places_of_extremes(minigrad.tensor([1.0, 3.0, 2.0]), 0, True)
    array([0, 1, 1])
    """
    cdef ndarray x = input.array, places
    cdef Around a
    if not is_kernel_float(x):
        x = x.astype(np.float64) if dtype_of(x).is_floating_point else x
    if not is_kernel_float(x):
        found = (np.maximum if largest else np.minimum).accumulate(x, dim)
        count = np.arange(PyArray_DIM(x, dim)).reshape([-1] + [1] * (PyArray_NDIM(x) - 1 - dim))
        return np.maximum.accumulate(np.where(x == found, count, 0), dim)
    x = contiguous(x)
    a = around(x, dim)
    places = np.empty((<object>x).shape, np.int64)
    scan_extremes(places, x, largest, a.outer, a.size, a.inner, threads_for(PyArray_SIZE(x)))
    return places
