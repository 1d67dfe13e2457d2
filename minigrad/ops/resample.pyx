"""Weighted sums of a few elements along a dimension, and where gradients of such sums go.

The two are linear and each other's gradients; ``interpolate`` is made of them.
"""

import numpy as np

from numpy cimport PyArray_DIM, PyArray_SIZE, import_array, ndarray

from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.taps cimport taps_return, taps_sum
from minigrad.ops.around cimport Around, around
from minigrad.ops.common cimport contiguous, shape_of
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


cdef class Taps:
    """Which elements of a dimension are summed: tables of places and weights, a column a tap."""
    cdef int dim
    cdef Py_ssize_t size
    cdef ndarray places, weights


def resample(Tensor input not None, int dim, places, weights):
    """Return ``sum(input[places[k]] * weights[k])`` along ``dim``.

    ``places`` are int64 arrays of equal length and ``weights`` arrays of that length in the dtype
    of ``input``, which is float32 or float64; nothing is checked here.

    >>> import minigrad
    >>> import numpy as np
    >>> from minigrad.ops.resample import resample
    >>> half = np.full(2, 0.5, np.float32)
    >>> resample(minigrad.tensor([1.0, 3.0, 5.0]), 0, [[0, 1], [1, 2]], [half, half])
    tensor([2., 4.])
    """
    cdef Taps taps = Taps.__new__(Taps)
    taps.dim = dim
    taps.size = PyArray_DIM(input.array, dim)
    taps.places = np.stack([np.asarray(p, np.int64) for p in places], 1)
    taps.weights = np.stack(weights, 1)
    return summed(input, taps)


cdef ndarray empty_along(Tensor x, int dim, Py_ssize_t size):
    """Return a new array of the shape of ``x`` but for ``size`` along ``dim``."""
    cdef tuple shape = shape_of(x)
    return np.empty((*shape[:dim], size, *shape[dim + 1:]), x.array.dtype)


cdef Tensor summed(Tensor x, Taps taps):
    cdef Tensor out = wrap(empty_along(x, taps.dim, PyArray_DIM(taps.places, 0)))
    cdef Around a = around(x.array, taps.dim)
    taps_sum(out.array, contiguous(x.array), taps.places, taps.weights, a.outer, taps.size, a.inner,
             threads_for(PyArray_SIZE(out.array) * PyArray_DIM(taps.places, 1)))
    if recording(x):
        record(out, "ResampleBackward0", summed_vjp, (x,), (), taps)
    return out


cdef summed_vjp(Node node, object g):
    return (returned(<Tensor>g, <Taps>node.extra),)


cdef Tensor returned(Tensor g, Taps taps):
    cdef Tensor out = wrap(empty_along(g, taps.dim, taps.size))
    cdef Around a = around(g.array, taps.dim)
    taps_return(out.array, contiguous(g.array), taps.places, taps.weights, a.outer, taps.size,
                a.inner, threads_for(PyArray_SIZE(g.array) * PyArray_DIM(taps.places, 1)))
    if recording(g):
        record(out, "ResampleReturnBackward0", returned_vjp, (g,), (), taps)
    return out


cdef returned_vjp(Node node, object g):
    return (summed(<Tensor>g, <Taps>node.extra),)
