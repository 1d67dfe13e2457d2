# The table of elementwise operations.  See operations.pyx.

from cython cimport floating

from minigrad.kernels.vmath cimport flat_int

# ``out`` overlaps neither input.  Unary operations look at ``a`` alone, binary ones not at
# ``alpha`` and ``beta``.
cdef flat_int loop(
    int op, floating* out, const floating* a, const floating* b, floating alpha, floating beta,
    Py_ssize_t n
) noexcept nogil
