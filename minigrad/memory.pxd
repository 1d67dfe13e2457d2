# New arrays: see memory.pyx.

from cpython.object cimport PyObject
from numpy cimport ndarray, npy_intp

cdef ndarray new_array(int ndim, npy_intp *shape, int num)
cdef ndarray empty_like_array(ndarray array)
cdef bint is_private(PyObject *array) noexcept
cdef void recycle(PyObject *array) noexcept
