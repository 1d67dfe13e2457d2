"""The places of the few largest elements, for ``topk``, and keys by which all are sorted."""

import numpy as np

from numpy cimport (
    NPY_FLOAT, PyArray_DIM, PyArray_NDIM, PyArray_SIZE, PyArray_TYPE, import_array, ndarray,
)

from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.top cimport order_keys, top_indices
from minigrad.ops.common cimport contiguous, is_kernel_float
from minigrad.tensor cimport Tensor

import_array()

cdef enum:
    FEW = 64            # the most elements that are kept in order while a row is walked


def few_places(Tensor input not None, Py_ssize_t k, int dim, bint largest):
    """Return the places of the ``k`` largest (or smallest) elements along ``dim``, best first: an
    int64 array, or None where sorting all is as good.

    >>> import minigrad
    >>> from minigrad.ops.top import few_places
    >>> few_places(minigrad.tensor([1.0, 3.0, 2.0]), 2, 0, True)
    array([1, 2])
    """
    cdef ndarray x = input.array, places
    cdef Py_ssize_t n = PyArray_DIM(x, dim), rows
    cdef bint moves = dim != PyArray_NDIM(x) - 1
    if k > FEW or not is_kernel_float(x):
        return None
    x = contiguous(np.moveaxis(x, dim, -1) if moves else x)
    places = np.empty((*(<object>x).shape[:-1], k), np.int64)
    rows = PyArray_SIZE(x) // n if n else 0
    top_indices(places, x, largest, rows, n, k, threads_for(2 * PyArray_SIZE(x)))
    return np.moveaxis(places, -1, dim) if moves else places


def sort_keys(Tensor input not None, int dim, bint descending):
    """Return uint64 keys in the order of the elements along ``dim``, which is moved to the end: in
    their low halves are the elements' places.  None for other dtypes than float32.

    >>> import minigrad
    >>> from minigrad.ops.top import sort_keys
    >>> keys = sort_keys(minigrad.tensor([3.0, 1.0, 2.0]), 0, False)
    >>> keys.sort()
    >>> keys & 0xFFFFFFFF
    array([1, 2, 0], dtype=uint64)
    """
    cdef ndarray x = input.array, keys
    cdef Py_ssize_t n = PyArray_DIM(x, dim)
    if PyArray_TYPE(x) != NPY_FLOAT or n >= <Py_ssize_t>1 << 32:
        return None
    x = contiguous(x if dim == PyArray_NDIM(x) - 1 else np.moveaxis(x, dim, -1))
    keys = np.empty((<object>x).shape, np.uint64)
    order_keys(keys, x, descending, PyArray_SIZE(x) // n if n else 0, n,
               threads_for(PyArray_SIZE(x)))
    return keys
