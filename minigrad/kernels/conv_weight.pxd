cimport numpy as cnp

# `dbias` may be None.
cpdef int conv2d_backward_weight(cnp.ndarray dweight, cnp.ndarray dbias, cnp.ndarray dy,
                                 cnp.ndarray x, Py_ssize_t stride_h, Py_ssize_t stride_w,
                                 Py_ssize_t pad_h, Py_ssize_t pad_w,
                                 Py_ssize_t dil_h, Py_ssize_t dil_w,
                                 Py_ssize_t groups, int n_threads) except -1
