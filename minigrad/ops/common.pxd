# What all op families share: see common.pyx.

from numpy cimport NPY_DOUBLE, NPY_FLOAT, PyArray_TYPE, ndarray

from minigrad.dtypes cimport dtype
from minigrad.tensor cimport Tensor


cdef inline bint is_kernel_float(ndarray array) noexcept:
    """Whether the compiled kernels take this dtype; NumPy does the others."""
    cdef int num = PyArray_TYPE(array)
    return num == NPY_FLOAT or num == NPY_DOUBLE


cdef bint is_number(object x) except -1
cdef Tensor number_tensor(object x, dtype d)
cdef Tensor operand_tensor(object x, dtype d)
cdef object scaled(object input, object other, object alpha)
cdef Tensor as_tensor(object given)
cdef tuple promoted(object x, object y)
cdef tuple promoted_to_float(object x, object y)
cdef Tensor cast(Tensor x, dtype d)
cdef ndarray integer_power(ndarray a, ndarray b)
cdef Tensor accumulable(Tensor x, object wanted)
cdef ndarray to_half(ndarray array)
cdef Tensor zeros_of(Tensor x)
cdef Tensor tensor_argument(object given, str function, str name)
cdef tuple two_tensors(str function, object input, object other)
cdef int one_tensor(str function, object input, object other) except -1
cdef Tensor float_operand(object x)
cdef ndarray broadcast_empty(ndarray a, ndarray b, dtype d)
cdef tuple dims_tuple(object dims, int ndim)
cdef tuple size_tuple(tuple sizes)
cdef tuple shape_of(Tensor x)
cdef ndarray contiguous(ndarray array)
cdef ndarray contiguous_copy(ndarray array)
cdef int copy_into(ndarray to, ndarray source) except -1
cdef ndarray dense(Tensor x)
cdef int threads_for_products(Py_ssize_t multiplications) noexcept
cdef tuple pair(object value, str name)
