# Indices of extremes in float32 and float64 arrays.  See arg_reduce.pyx.

from numpy cimport ndarray

# The extreme values (may be None) and their int64 indices: the first NaN, else the first extreme.
# op is MAX or MIN.
cpdef int arg_reduce(
    int op, ndarray values, ndarray indices, ndarray x, Py_ssize_t outer, Py_ssize_t n,
    Py_ssize_t inner, int n_threads) except -1
