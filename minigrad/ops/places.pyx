"""How an index along a dimension names places of an array: what gather.pyx and rows.pyx share."""

from numpy cimport PyArray_DIM, PyArray_NDIM, import_array, ndarray

from minigrad.kernels.openmp cimport threads_for
from minigrad.ops.common cimport shape_of
from minigrad.tensor cimport Tensor

import_array()


cdef int outermost_threads(Py_ssize_t outer, Py_ssize_t items) noexcept:
    return threads_for(items) if outer > 1 else 1


cdef bint differs_beside(ndarray index, ndarray x, int dim) noexcept:
    """Whether the two have another size along some dimension beside ``dim``."""
    cdef int k
    for k in range(PyArray_NDIM(x)):
        if k != dim and PyArray_DIM(index, k) != PyArray_DIM(x, k):
            return True
    return False


cdef class Places:
    """What the vjps need to know: the shape of what was read or written, and an index into it."""


cdef Places places_in(Tensor x, int dim, ndarray index):
    cdef Places p = Places.__new__(Places)
    p.shape, p.dim = shape_of(x), dim
    p.index = index.copy()              # safe from later writes
    return p
