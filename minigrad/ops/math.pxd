# How a function of one real variable is computed and recorded: see math.pyx.

from numpy cimport ndarray

from minigrad.tape cimport vjp_function
from minigrad.tensor cimport Tensor

cdef enum Keep:
    NOTHING
    INPUT
    OUTPUT

cdef ndarray apply_unary(int op, ndarray x)
cdef Tensor unary(int op, str label, vjp_function vjp, object input, Keep keep)
cdef int record_relu(Tensor out, Tensor input) except -1
cdef object fused(int op, object g, Tensor saved)
