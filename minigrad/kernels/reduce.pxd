# Reductions of float32 and float64 arrays.  See reduce.pyx.
#
# ``x`` is C-contiguous, of any shape; the sizes say how it is read: (outer, n, inner), reduced
# over n.  The outputs are C-contiguous with outer * inner elements.

from numpy cimport ndarray

cpdef enum Reduction:
    SUM
    MEAN
    PROD
    MAX     # NaN if there is one, as torch.amax
    MIN

cpdef int reduce(
    int op, ndarray out, ndarray x, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads) except -1

# Sum of squared deviations from the mean / max(0, n - correction); its root if ``root``.
cpdef int var_mean(
    ndarray var, ndarray mean, ndarray x, double correction, bint root, Py_ssize_t outer,
    Py_ssize_t n, Py_ssize_t inner, int n_threads) except -1
