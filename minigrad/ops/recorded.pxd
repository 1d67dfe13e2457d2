from minigrad.tensor cimport Tensor

cpdef Tensor floating(object input, str function)
