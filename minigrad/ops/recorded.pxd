from minigrad.tape cimport Node
from minigrad.tensor cimport Tensor

cpdef Tensor floating(object input, str function)
cpdef Tensor named_slope(Node node, Tensor slope, Tensor x=*)
