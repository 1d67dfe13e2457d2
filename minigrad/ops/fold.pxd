from numpy cimport ndarray

cdef ndarray fold(int op, ndarray x, tuple dims, bint keepdim)
cdef ndarray fold_to(int op, ndarray x, tuple shape)
cdef ndarray variance(ndarray x, tuple dims, bint keepdim, double correction, bint root)
cdef ndarray first_extreme(int op, ndarray x, int dim, bint keepdim)
cdef ndarray log_sum_exp(ndarray x, tuple dims, bint keepdim)
