# Running sums and products of float32 and float64 arrays.  See scan.pyx.
#
# Arrays are C-contiguous and read as (outer, n, inner).  op is SUM or PROD of reduce.pxd.

from numpy cimport ndarray

cpdef int scan(
    int op, ndarray out, ndarray x, bint backwards, Py_ssize_t outer, Py_ssize_t n,
    Py_ssize_t inner, int n_threads) except -1
