# How an array is read around one of its dimensions: see around.pyx.

from numpy cimport ndarray


cdef struct Around:
    Py_ssize_t outer, size, inner


cdef Around around(ndarray x, int dim)
