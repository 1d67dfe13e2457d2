# Cross-entropy on float32 and float64 arrays.  See cross_entropy.pyx.
#
# Arrays are C-contiguous; the sizes say how they are read: (outer, n, inner), where n counts the
# classes; what has one value a sample has outer * inner elements.

from libc.stdint cimport int64_t
from numpy cimport ndarray

cpdef enum Reduced:
    NONE
    MEAN
    SUM

# target: int64 classes.  weight: a value a class, or None.
# loss: one value (MEAN, SUM) or one a sample (NONE).
# total_weight: one value, what MEAN divides by.
# stats: two values a sample, which the backward wants: all maxima, then the inverses of all sums of
# exponentials.
# Raises IndexError for a target that is neither a class nor ignore_index.
cpdef int cross_entropy_forward(
    ndarray loss, ndarray total_weight, ndarray stats, ndarray logits, ndarray target,
    ndarray weight, int64_t ignore_index, double label_smoothing, int reduction,
    Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner, int n_threads) except -1

# g: the gradient of loss, one value or one a sample
cpdef int cross_entropy_backward(
    ndarray dlogits, ndarray g, ndarray total_weight, ndarray stats, ndarray logits,
    ndarray target, ndarray weight, int64_t ignore_index, double label_smoothing, int reduction,
    Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner, int n_threads) except -1

# The same for inputs that are logarithms of probabilities already
cpdef int nll_forward(
    ndarray loss, ndarray total_weight, ndarray log_probs, ndarray target, ndarray weight,
    int64_t ignore_index, int reduction, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads) except -1

cpdef int nll_backward(
    ndarray dlog_probs, ndarray g, ndarray total_weight, ndarray target, ndarray weight,
    int64_t ignore_index, int reduction, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads) except -1
