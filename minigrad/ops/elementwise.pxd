# The drivers of two-input ops: see elementwise.pyx.

from numpy cimport ndarray

from minigrad.tape cimport Node, vjp_function
from minigrad.tensor cimport Tensor

# What the vjp of op(a, b) reads.  Only that is saved: the rest may be overwritten and is not kept.
cdef enum Save:
    NOTHING = 0
    A_FOR_A = 1         # the gradient of a reads a
    A_FOR_B = 2         # the gradient of b reads a
    B_FOR_A = 4
    B_FOR_B = 8
    EACH_OTHER = A_FOR_B | B_FOR_A      # as in a * b
    EVERYTHING = 15

cdef ndarray combine(int op, ndarray a, ndarray b)
cdef ndarray with_parameters(int op, ndarray a, ndarray b, double alpha, double beta)
cdef object broadcast_shapes(Tensor a, Tensor b, Tensor out)
cdef object unbroadcast(Node node, object g, int i)
cdef Tensor arithmetic(int op, str label, vjp_function vjp, object input, object other, Save save)
