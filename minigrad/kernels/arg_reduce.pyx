"""Where the extremes are: argmax and argmin along the middle of (outer, n, inner).

First the extremes themselves, which ``reduce`` finds at the speed of memory; then a search for the
first element equal to each.  A NaN wins over every number, so that the first NaN is found there.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.stdint cimport int64_t
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.reduce cimport reduce

cnp.import_array()

cdef enum:
    BLOCK = 64          # elements looked at together


cdef Py_ssize_t first_equal(const floating* x, floating value, Py_ssize_t n) noexcept nogil:
    """The index of the first element that is ``value``, or NaN where ``value`` is NaN."""
    cdef Py_ssize_t i = 0, j
    cdef int hits
    while i + BLOCK <= n:        # a vectorised look at a block of elements, then into the block
        hits = 0
        for j in range(BLOCK):
            hits |= (x[i + j] == value) | (x[i + j] != x[i + j])
        if hits:
            break
        i += BLOCK
    while i < n - 1 and not (x[i] == value or x[i] != x[i]):
        i += 1
    return i


cdef void find_rows(
    int64_t* indices, const floating* values, const floating* x, Py_ssize_t n, Py_ssize_t inner
) noexcept nogil:
    """``indices[j]`` = the first i with x[i, j] equal to values[j]: backwards, the last hit."""
    cdef Py_ssize_t i, j
    for i in range(n - 1, -1, -1):
        for j in range(inner):
            if (x[i * inner + j] == values[j]) | (x[i * inner + j] != x[i * inner + j]):
                indices[j] = i


cdef inline void find(
    int64_t* indices, const floating* values, const floating* x, Py_ssize_t o, Py_ssize_t n,
    Py_ssize_t inner
) noexcept nogil:
    if inner == 1:
        indices[o] = first_equal(x + o * n, values[o], n)
    else:
        find_rows(indices + o * inner, values + o * inner, x + o * n * inner, n, inner)


cdef void find_all(
    int64_t* indices, const floating* values, const floating* x, Py_ssize_t outer, Py_ssize_t n,
    Py_ssize_t inner, int n_threads
) noexcept nogil:
    cdef Py_ssize_t o
    if n_threads == 1:
        for o in range(outer):
            find(indices, values, x, o, n, inner)
        return
    for o in prange(outer, num_threads=n_threads, schedule="static"):
        find(indices, values, x, o, n, inner)


cpdef int arg_reduce(
    int op, ndarray values, ndarray indices, ndarray x, Py_ssize_t outer, Py_ssize_t n,
    Py_ssize_t inner, int n_threads
) except -1:
    """The extremes (MAX or MIN) and where each comes first; a NaN wins."""
    cdef cnp.npy_intp results = outer * inner
    cdef int64_t* where = <int64_t*>cnp.PyArray_DATA(indices)
    if values is None:
        values = cnp.PyArray_EMPTY(1, &results, cnp.PyArray_TYPE(x), 0)
    reduce(op, values, x, outer, n, inner, n_threads)
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        find_all(where, <const float*>cnp.PyArray_DATA(values),
                 <const float*>cnp.PyArray_DATA(x), outer, n, inner, n_threads)
    else:
        find_all(where, <const double*>cnp.PyArray_DATA(values),
                 <const double*>cnp.PyArray_DATA(x), outer, n, inner, n_threads)
    return 0
