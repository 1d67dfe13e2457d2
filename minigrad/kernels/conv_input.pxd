cimport numpy as cnp

# Weights are (out channels, in channels / groups, height, width).
cpdef int conv2d_backward_input(cnp.ndarray dx, cnp.ndarray dy, cnp.ndarray weight,
                                Py_ssize_t stride_h, Py_ssize_t stride_w,
                                Py_ssize_t pad_h, Py_ssize_t pad_w,
                                Py_ssize_t dil_h, Py_ssize_t dil_w,
                                Py_ssize_t groups, int n_threads) except -1
