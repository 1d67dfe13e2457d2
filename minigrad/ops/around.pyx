"""How a contiguous array is read around one of its dimensions: as (outer, size, inner)."""

from numpy cimport PyArray_DIM, PyArray_NDIM, import_array, ndarray

import_array()


cdef Around around(ndarray x, int dim):
    """Return how many elements there are before, along and after ``dim``; 1 where ``x`` has no
    dimension."""
    cdef Around found = Around(1, 1, 1)
    cdef int k
    for k in range(PyArray_NDIM(x)):
        if k < dim:
            found.outer *= PyArray_DIM(x, k)
        elif k > dim:
            found.inner *= PyArray_DIM(x, k)
        else:
            found.size = PyArray_DIM(x, k)
    return found
