# Questions about shapes that every op asks, inline: on ten numbers a call takes as long as a loop.

from numpy cimport PyArray_DIMS, PyArray_IS_C_CONTIGUOUS, PyArray_NDIM, ndarray


cdef inline Py_ssize_t size_of(ndarray array) noexcept:
    """The number of elements."""
    cdef Py_ssize_t size = 1
    cdef int d
    for d in range(PyArray_NDIM(array)):
        size *= PyArray_DIMS(array)[d]
    return size


cdef inline bint same_shape(ndarray a, ndarray b) noexcept:
    cdef int d
    if PyArray_NDIM(a) != PyArray_NDIM(b):
        return False
    for d in range(PyArray_NDIM(a)):
        if PyArray_DIMS(a)[d] != PyArray_DIMS(b)[d]:
            return False
    return True


cdef inline bint is_flat(ndarray array, Py_ssize_t size) noexcept:
    """Whether the array is ``size`` elements without a gap, in the order of their indices."""
    return PyArray_IS_C_CONTIGUOUS(array) and size_of(array) == size
