# Tensor: see tensor.pyx.

from numpy cimport ndarray

from minigrad.operators cimport Operators


cdef class Tensor(Operators):
    cdef bint keeps_grad            # retain_grad() was called
    cdef dict attributes            # what users attach: t.name = value; None until then


cdef Tensor wrap(ndarray array)
cdef Tensor view_of(Tensor base, ndarray array)
cdef Tensor alias_of(Tensor source)
