# Shapes and the order of dimensions: see shape.pyx.

from minigrad.tensor cimport Tensor

cdef Tensor reshape_to(Tensor x, tuple shape, str label=*)
cdef Tensor permute_to(Tensor x, tuple order, str label=*)
