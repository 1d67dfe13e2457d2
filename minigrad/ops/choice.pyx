"""A choice between two arrays, for ``where`` and ``masked_fill``."""

import numpy as np

from numpy cimport (
    PyArray_DIMS, PyArray_IS_C_CONTIGUOUS, PyArray_NDIM, PyArray_SIZE, PyArray_TYPE, import_array,
    ndarray,
)

from minigrad.kernels.choice cimport choose
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.shapes cimport same_shape
from minigrad.memory cimport new_array

import_array()

cdef enum:
    LARGE = 2048        # elements from which a broadcast copy costs less than NumPy's branches


cdef inline bint covers(ndarray x, ndarray mask) noexcept:
    """Whether ``x`` is one number, or contiguous and of the mask's shape."""
    if PyArray_NDIM(x) == 0:
        return True
    return PyArray_IS_C_CONTIGUOUS(x) and same_shape(x, mask)


cdef ndarray spread(ndarray x, tuple shape):
    """Return ``x`` broadcast to ``shape``, contiguous."""
    if (<object>x).shape == shape and PyArray_IS_C_CONTIGUOUS(x):
        return x
    return np.ascontiguousarray(np.broadcast_to(x, shape))


cdef ndarray chosen(ndarray mask, ndarray a, ndarray b):
    """Return ``a`` where the bools ``mask`` hold and ``b`` elsewhere, of one dtype, broadcast.

    ValueError if they do not broadcast.
    """
    cdef ndarray out
    if PyArray_SIZE(mask) >= LARGE or PyArray_SIZE(a) >= LARGE or PyArray_SIZE(b) >= LARGE:
        shape = np.broadcast_shapes(
            (<object>mask).shape, (<object>a).shape, (<object>b).shape)
        mask = spread(mask, shape)
        a = a if PyArray_NDIM(a) == 0 else spread(a, shape)
        b = b if PyArray_NDIM(b) == 0 else spread(b, shape)
    if PyArray_IS_C_CONTIGUOUS(mask) and covers(a, mask) and covers(b, mask):
        out = new_array(PyArray_NDIM(mask), PyArray_DIMS(mask), PyArray_TYPE(a))
        choose(out, mask, a, b, threads_for(PyArray_SIZE(out)))
        return out
    return np.asarray(np.where(mask, a, b))
