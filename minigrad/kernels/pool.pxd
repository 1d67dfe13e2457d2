from cython cimport floating
from libc.stdint cimport int32_t
cimport numpy as cnp


cdef struct Planes:
    # `count` planes of height x width are pooled to out_height x out_width.
    Py_ssize_t count, height, width, out_height, out_width


# One plane, behind which `more` lie that come later: the maximum over windows of 2 x 2, side by
# side; indices may be NULL.
cdef void max_plane_2x2(Planes* s, floating* out, int32_t* indices, const floating* x,
                        Py_ssize_t more) noexcept nogil

cpdef int max_pool2d_forward(cnp.ndarray out, cnp.ndarray indices, cnp.ndarray x,
                             Py_ssize_t kernel_h, Py_ssize_t kernel_w,
                             Py_ssize_t stride_h, Py_ssize_t stride_w,
                             Py_ssize_t pad_h, Py_ssize_t pad_w,
                             Py_ssize_t dil_h, Py_ssize_t dil_w, int n_threads) except -1
cpdef int max_pool2d_backward(cnp.ndarray dx, cnp.ndarray dy, cnp.ndarray indices,
                              int n_threads) except -1
cpdef int max_pool2d_gather(cnp.ndarray out, cnp.ndarray x, cnp.ndarray indices,
                            int n_threads) except -1
cpdef int avg_pool2d_forward(cnp.ndarray out, cnp.ndarray x,
                             Py_ssize_t kernel_h, Py_ssize_t kernel_w,
                             Py_ssize_t stride_h, Py_ssize_t stride_w,
                             Py_ssize_t pad_h, Py_ssize_t pad_w,
                             bint count_include_pad, Py_ssize_t divisor_override,
                             int n_threads) except -1
cpdef int avg_pool2d_backward(cnp.ndarray dx, cnp.ndarray dy,
                              Py_ssize_t kernel_h, Py_ssize_t kernel_w,
                              Py_ssize_t stride_h, Py_ssize_t stride_w,
                              Py_ssize_t pad_h, Py_ssize_t pad_w,
                              bint count_include_pad, Py_ssize_t divisor_override,
                              int n_threads) except -1
cpdef int adaptive_avg_pool2d_forward(cnp.ndarray out, cnp.ndarray x, int n_threads) except -1
cpdef int adaptive_avg_pool2d_backward(cnp.ndarray dx, cnp.ndarray dy, int n_threads) except -1
