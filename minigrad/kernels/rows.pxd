# Reductions of one contiguous row, and what they share with reductions of columns.  See rows.pyx.

from cython cimport floating
from libc.math cimport INFINITY

from minigrad.kernels.reduce cimport MAX, MIN, PROD
from minigrad.kernels.vmath cimport flat_double, flat_int

# One operation more than reduce.pxd has, for var_mean: a sum that the mean is made of.
cdef enum:
    VAR = 5

cdef flat_double reduce_row(int op, const floating* x, Py_ssize_t n) noexcept nogil
cdef flat_int reduce_each(
    int op, double* results, const floating* x, Py_ssize_t rows, Py_ssize_t n) noexcept nogil
cdef flat_double row_dot(const floating* x, const floating* y, Py_ssize_t n) noexcept nogil
cdef flat_double row_squares(
    const floating* x, Py_ssize_t n, double mean, double* off) noexcept nogil


cdef inline double start(int op) noexcept nogil:
    """What a reduction of nothing is."""
    if op == PROD:
        return 1
    if op == MAX:
        return -INFINITY
    return INFINITY if op == MIN else 0


cdef inline bint in_own_type(int op) noexcept nogil:
    """Whether four elements may be combined as floats, before a double takes the result.

    A product could overflow, and the mean that deviations are taken from wants all its digits.
    """
    return op != PROD and op != VAR


cdef inline floating combine(int op, floating total, floating value) noexcept nogil:
    cdef floating larger
    if op == PROD:
        return total * value
    if op == MAX or op == MIN:      # a NaN stays: no comparison with it holds
        if op == MAX:
            larger = value if value > total else total
        else:
            larger = value if value < total else total
        return value if value != value else larger
    return total + value


cdef inline floating combine_four(
    int op, floating a, floating b, floating c, floating d
) noexcept nogil:
    return combine[floating](op, combine[floating](op, a, b), combine[floating](op, c, d))
