from minigrad.tensor cimport Tensor

cdef Tensor sum_dims(Tensor x, tuple dims, bint keepdim)
cdef tuple keepdim_shape(Tensor x, tuple dims)
