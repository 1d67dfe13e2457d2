from numpy cimport ndarray

cpdef int batch_norm_forward(ndarray out, ndarray mean, ndarray invstd, ndarray x, ndarray weight,
                             ndarray bias, ndarray running_mean, ndarray running_var,
                             double momentum, double eps, bint rectify,
                             int n_threads) except -1
cpdef int batch_norm_eval(ndarray out, ndarray x, ndarray weight, ndarray bias, ndarray mean,
                          ndarray var, double eps, bint rectify, int n_threads) except -1
cpdef int batch_norm_coefficients(ndarray coefficients, ndarray weight, ndarray bias, ndarray mean,
                                  ndarray var, double eps) except -1
cpdef int batch_norm_backward(ndarray dx, ndarray dweight, ndarray dbias, ndarray dy, ndarray x,
                              ndarray weight, ndarray mean, ndarray invstd, bint training,
                              int n_threads) except -1
