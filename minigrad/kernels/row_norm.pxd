# Layer and group norm on float32 and float64 arrays.  See row_norm.pyx.
#
# Arrays are C-contiguous: x is read as (samples, groups, channels, inner), weight and bias have
# groups * channels elements or are None (a bias wants a weight).  invstd is float64 with an element
# for each of the samples * groups rows, mean with two: all means, then what their rounding lost.

from numpy cimport ndarray

cpdef int row_norm_forward(
    ndarray out, ndarray mean, ndarray invstd, ndarray x, ndarray weight, ndarray bias, double eps,
    Py_ssize_t samples, Py_ssize_t groups, Py_ssize_t channels, Py_ssize_t inner,
    int n_threads) except -1

# dweight and dbias may be None, both
cpdef int row_norm_backward(
    ndarray dx, ndarray dweight, ndarray dbias, ndarray g, ndarray x, ndarray weight, ndarray mean,
    ndarray invstd, Py_ssize_t samples, Py_ssize_t groups, Py_ssize_t channels, Py_ssize_t inner,
    int n_threads) except -1
