# Running sums, products and extremes of float32 and float64 arrays.  See scan.pyx.
#
# Arrays are C-contiguous and read as (outer, n, inner).  op is SUM or PROD of reduce.pxd.

from numpy cimport ndarray

cpdef int scan(
    int op, ndarray out, ndarray x, bint backwards, Py_ssize_t outer, Py_ssize_t n,
    Py_ssize_t inner, int n_threads) except -1

# Where the largest, or smallest, element so far is.  indices are int64.
cpdef int scan_extremes(
    ndarray indices, ndarray x, bint largest, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads) except -1
