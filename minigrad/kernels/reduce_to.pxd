# Reductions of float32 and float64 arrays to a given shape.  See reduce_to.pyx.

from numpy cimport ndarray

# Reduce every axis where ``out`` has size 1 or that it lacks in front: reductions over any
# dimensions with keepdim, and the sum that undoes broadcasting.  x: any strides.
cpdef int reduce_to(int op, ndarray out, ndarray x, int n_threads) except -1
