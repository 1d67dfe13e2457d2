from numpy cimport ndarray

from minigrad.tensor cimport Tensor

cdef ndarray eval_coefficients(Tensor x, object running_mean, object running_var, object weight,
                               object bias, double eps)
