from numpy cimport ndarray

cdef ndarray fold(str name, ndarray x, tuple dims, bint keepdim, double correction=*)
