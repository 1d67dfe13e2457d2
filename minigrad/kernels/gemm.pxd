cimport numpy as cnp

cpdef int gemm(cnp.ndarray out, cnp.ndarray a, cnp.ndarray b, bint accumulate,
               int n_threads) except -1
cpdef int addmm(cnp.ndarray out, cnp.ndarray a, cnp.ndarray b, cnp.ndarray bias,
                int n_threads) except -1
cpdef int bmm(cnp.ndarray out, cnp.ndarray a, cnp.ndarray b, int n_threads) except -1
cpdef int linear_infer(cnp.ndarray out, cnp.ndarray a, cnp.ndarray b, cnp.ndarray bias,
                       cnp.ndarray coefficients, double low, int n_threads) except -1
