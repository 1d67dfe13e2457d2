# The driver of two-input ops: see elementwise.pyx.

from numpy cimport ndarray

cdef ndarray combine(int op, ndarray a, ndarray b)
