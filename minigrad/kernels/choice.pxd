# A choice between two arrays, element by element.  See choice.pyx.
#
# Arrays are C-contiguous.  out has elements of 1, 2, 4 or 8 bytes of any kind, a and b the same kind
# and as many elements, or one that stands for all; mask is of bools, as many as out has.

from numpy cimport ndarray

cpdef int choose(ndarray out, ndarray mask, ndarray a, ndarray b, int n_threads) except -1

# out and x are matrices (..., height, columns) of one dtype, any
cpdef int triangle(
    ndarray out, ndarray x, Py_ssize_t diagonal, bint upper, int n_threads) except -1

# x (out) and mask have as many elements, out (values) as many as the mask has that hold
cpdef int take_where(ndarray out, ndarray x, ndarray mask) except -1
cpdef int put_where(ndarray out, ndarray values, ndarray mask) except -1
