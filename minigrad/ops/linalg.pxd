from minigrad.tensor cimport Tensor

cdef Tensor multiply(Tensor a, Tensor b)
