# Tensor: see tensor.pyx.

from numpy cimport ndarray

from minigrad.operators cimport Operators


cdef class Tensor(Operators):
    pass


cdef Tensor wrap(ndarray array)
cdef Tensor view_of(Tensor base, ndarray array)
cdef Tensor alias_of(Tensor source)
