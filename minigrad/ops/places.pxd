# How an index along a dimension names places of an array: see places.pyx.

from numpy cimport ndarray

from minigrad.tensor cimport Tensor


cdef class Places:
    cdef tuple shape
    cdef int dim
    cdef ndarray index


cdef int outermost_threads(Py_ssize_t outer, Py_ssize_t items) noexcept
cdef bint differs_beside(ndarray index, ndarray x, int dim) noexcept
cdef Places places_in(Tensor x, int dim, ndarray index)
