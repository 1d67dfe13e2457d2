# Tensor: see tensor.pyx.

from numpy cimport ndarray, npy_intp

from minigrad.dtypes cimport dtype
from minigrad.tape cimport Variable


cdef class Tensor(Variable):
    cdef bint keeps_grad            # retain_grad() was called
    cdef dict attributes            # what users attach: t.name = value; None until then


cdef Tensor wrap(ndarray array)
cdef Tensor view_of(Tensor base, ndarray array)
cdef Tensor alias_of(Tensor source)
cdef Tensor as_tensor(object given)
cdef ndarray empty_array(int ndim, npy_intp *shape, dtype d)
cdef ndarray empty_like_array(ndarray array)
cdef object scalar_of(Tensor t)
