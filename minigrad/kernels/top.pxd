# Where the largest elements are, in float32 and float64 arrays.  See top.pyx.

from numpy cimport ndarray

# x is C-contiguous and read as (rows, n), indices (int64) are (rows, k), k <= n
cpdef int top_indices(
    ndarray indices, ndarray x, bint largest, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t k,
    int n_threads) except -1

# keys (uint64) and x (float32) are C-contiguous and read as (rows, n), n < 2^32
cpdef int order_keys(
    ndarray keys, ndarray x, bint descending, Py_ssize_t rows, Py_ssize_t n, int n_threads
) except -1
