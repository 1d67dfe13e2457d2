"""Weighted sums of a few elements along a dimension, what interpolation is made of.

    taps_sum      out[o, j, i] = sum over k of weights[j, k] * x[o, places[j, k], i]
    taps_return   dx[o, places[j, k], i] += weights[j, k] * g[o, j, i]

The second is the gradient of the first.  Terms are added in the order of j, then of k; everything
of one ``o`` belongs to one thread, so that the number of threads does not alter a bit.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.stdint cimport int64_t
from libc.string cimport memset
cimport numpy as cnp
from numpy cimport ndarray

cnp.import_array()


cdef struct Sizes:
    Py_ssize_t outer, size, inner, count, taps


cdef void sum_block(
    floating* out, const floating* x, const int64_t* places, const floating* weights, Sizes s,
    Py_ssize_t o
) noexcept nogil:
    cdef Py_ssize_t i, j, k
    cdef floating total, weight
    cdef const floating* row
    x += o * s.size * s.inner
    out += o * s.count * s.inner
    for j in range(s.count):
        if s.inner == 1:
            total = 0
            for k in range(s.taps):
                total += weights[k] * x[places[k]]
            out[j] = total
        else:
            for k in range(s.taps):
                row, weight = x + places[k] * s.inner, weights[k]
                if k == 0:
                    for i in range(s.inner):
                        out[i] = weight * row[i]
                else:
                    for i in range(s.inner):
                        out[i] += weight * row[i]
            out += s.inner
        places += s.taps
        weights += s.taps


cdef void return_block(
    floating* dx, const floating* g, const int64_t* places, const floating* weights, Sizes s,
    Py_ssize_t o
) noexcept nogil:
    cdef Py_ssize_t i, j, k
    cdef floating weight
    cdef floating* row
    dx += o * s.size * s.inner
    g += o * s.count * s.inner
    memset(dx, 0, s.size * s.inner * sizeof(floating))
    for j in range(s.count):
        for k in range(s.taps):
            row, weight = dx + places[k] * s.inner, weights[k]
            for i in range(s.inner):
                row[i] += weight * g[i]
        g += s.inner
        places += s.taps
        weights += s.taps


cdef void sum_all(
    floating* out, const floating* x, const int64_t* places, const floating* weights, Sizes s,
    int n_threads
) noexcept nogil:
    cdef Py_ssize_t o
    if n_threads == 1:
        for o in range(s.outer):
            sum_block(out, x, places, weights, s, o)
        return
    for o in prange(s.outer, num_threads=n_threads, schedule="static"):
        sum_block(out, x, places, weights, s, o)


cdef void return_all(
    floating* dx, const floating* g, const int64_t* places, const floating* weights, Sizes s,
    int n_threads
) noexcept nogil:
    cdef Py_ssize_t o
    if n_threads == 1:
        for o in range(s.outer):
            return_block(dx, g, places, weights, s, o)
        return
    for o in prange(s.outer, num_threads=n_threads, schedule="static"):
        return_block(dx, g, places, weights, s, o)


cdef Sizes sizes_of(ndarray places, Py_ssize_t outer, Py_ssize_t size, Py_ssize_t inner):
    return Sizes(outer, size, inner, cnp.PyArray_DIM(places, 0), cnp.PyArray_DIM(places, 1))


cpdef int taps_sum(
    ndarray out, ndarray x, ndarray places, ndarray weights, Py_ssize_t outer, Py_ssize_t size,
    Py_ssize_t inner, int n_threads
) except -1:
    """Sum the elements at ``places`` along the middle of (outer, size, inner), times weights."""
    cdef Sizes s = sizes_of(places, outer, size, inner)
    cdef const int64_t* at = <const int64_t*>cnp.PyArray_DATA(places)
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        sum_all(<float*>cnp.PyArray_DATA(out), <const float*>cnp.PyArray_DATA(x), at,
                <const float*>cnp.PyArray_DATA(weights), s, n_threads)
    else:
        sum_all(<double*>cnp.PyArray_DATA(out), <const double*>cnp.PyArray_DATA(x), at,
                <const double*>cnp.PyArray_DATA(weights), s, n_threads)
    return 0


cpdef int taps_return(
    ndarray dx, ndarray g, ndarray places, ndarray weights, Py_ssize_t outer, Py_ssize_t size,
    Py_ssize_t inner, int n_threads
) except -1:
    """The gradient of ``x`` in taps_sum from that of its result."""
    cdef Sizes s = sizes_of(places, outer, size, inner)
    cdef const int64_t* at = <const int64_t*>cnp.PyArray_DATA(places)
    if cnp.PyArray_TYPE(g) == cnp.NPY_FLOAT32:
        return_all(<float*>cnp.PyArray_DATA(dx), <const float*>cnp.PyArray_DATA(g), at,
                   <const float*>cnp.PyArray_DATA(weights), s, n_threads)
    else:
        return_all(<double*>cnp.PyArray_DATA(dx), <const double*>cnp.PyArray_DATA(g), at,
                   <const double*>cnp.PyArray_DATA(weights), s, n_threads)
    return 0
