# Softmax on float32 and float64 arrays.  See softmax.pyx.
#
# Arrays are C-contiguous; the sizes say how they are read: (outer, n, inner), where n counts the
# classes; logsumexp's result has outer * inner elements.

from numpy cimport ndarray

cpdef int softmax_forward(
    ndarray out, ndarray x, bint log, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads) except -1

# y is the forward's output
cpdef int softmax_backward(
    ndarray dx, ndarray g, ndarray y, bint log, Py_ssize_t outer, Py_ssize_t n,
    Py_ssize_t inner, int n_threads) except -1

cpdef int logsumexp(
    ndarray out, ndarray x, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads) except -1
