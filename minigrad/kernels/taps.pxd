# Weighted sums of a few elements along a dimension, of float32 and float64.  See taps.pyx.
#
# Arrays are C-contiguous: x is read as (outer, size, inner), out as (outer, count, inner); places
# (int64, in range) and weights, of the dtype of x, are (count, taps).

from numpy cimport ndarray

cpdef int taps_sum(
    ndarray out, ndarray x, ndarray places, ndarray weights, Py_ssize_t outer, Py_ssize_t size,
    Py_ssize_t inner, int n_threads) except -1

cpdef int taps_return(
    ndarray dx, ndarray g, ndarray places, ndarray weights, Py_ssize_t outer, Py_ssize_t size,
    Py_ssize_t inner, int n_threads) except -1
