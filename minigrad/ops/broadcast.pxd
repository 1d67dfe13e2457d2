# Views, and broadcasting with its inverse: see broadcast.pyx.

from numpy cimport ndarray, npy_intp

from minigrad.tape cimport vjp_function
from minigrad.tensor cimport Tensor

cdef enum:
    MAX_DIMS = 64

cdef int check_rank(int ndim) except -1
cdef ndarray strided(ndarray x, int ndim, npy_intp *shape, npy_intp *strides)
cdef Tensor viewed(Tensor x, ndarray array, str label, vjp_function vjp, object extra)
cdef Tensor expand_to(Tensor x, tuple shape)
cdef Tensor sum_to(Tensor x, tuple shape)
