# Convolutions, for what is made of their products: see conv.pyx.

from numpy cimport npy_intp

from minigrad.dtypes cimport dtype
from minigrad.tensor cimport Tensor


cdef class Geometry:
    cdef Py_ssize_t stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, groups
    cdef npy_intp x_shape[4]
    cdef npy_intp weight_shape[4]
    cdef npy_intp y_shape[4]

    cdef int threads(self) noexcept
    cdef int set_steps(self, tuple stride, tuple dilation) except -1


cdef dtype computed_in(dtype own)
cdef Tensor to_input(Tensor dy, Tensor weight, Geometry geometry)
cdef int check_operands(Tensor x, Tensor weight, Tensor bias, str function, int spatial,
                        Py_ssize_t groups) except -1
cdef object single(object value, str name)
