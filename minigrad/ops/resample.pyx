"""Weighted sums of a few elements along a dimension, and where gradients of such sums go.

The two are linear and each other's gradients; ``interpolate`` is made of them.
"""

import numpy as np

from numpy cimport import_array

from minigrad.ops.common cimport shape_of
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


cdef class Taps:
    """Which elements of a dimension are summed: arrays of places and weights, one of each a tap."""
    cdef int dim
    cdef Py_ssize_t size
    cdef list places, weights


def resample(Tensor input, int dim, places, weights):
    """Return ``sum(input[places[k]] * weights[k])`` along ``dim``.

    ``places`` are int64 arrays of equal length, none decreasing, and ``weights`` arrays of that
    length in the dtype of ``input``, which is floating; nothing is checked here.

    >>> import minigrad
    >>> import numpy as np
    >>> from minigrad.ops.resample import resample
    >>> half = np.full(2, 0.5, np.float32)
    >>> resample(minigrad.tensor([1.0, 3.0, 5.0]), 0, [[0, 1], [1, 2]], [half, half])
    tensor([2., 4.])
    """
    cdef Taps taps = Taps.__new__(Taps)
    taps.dim = dim
    taps.size = shape_of(input)[dim]
    taps.places = [np.asarray(p, np.int64) for p in places]
    lined_up = (-1,) + (1,) * (len(shape_of(input)) - 1 - dim)
    taps.weights = [w.reshape(lined_up) for w in weights]
    return summed(input, taps)


cdef Tensor summed(Tensor x, Taps taps):
    cdef object total = None
    cdef Tensor out
    for places, weights in zip(taps.places, taps.weights):
        part = np.take(x.array, places, axis=taps.dim, mode="clip")
        part *= weights
        if total is None:
            total = part
        else:
            total += part
    out = wrap(total)
    if recording(x):
        record(out, "ResampleBackward0", summed_vjp, (x,), (), taps)
    return out


cdef summed_vjp(Node node, object g):
    return (returned(<Tensor>g, <Taps>node.extra),)


cdef Tensor returned(Tensor g, Taps taps):
    cdef object array = g.array, total
    cdef Tensor out
    shape = list(shape_of(g))
    shape[taps.dim] = taps.size
    total = np.zeros(shape, array.dtype)
    before = (slice(None),) * taps.dim
    for places, weights in zip(taps.places, taps.weights):
        # equal places lie side by side: one sum for each run of them
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        total[(*before, places[starts])] += np.add.reduceat(array * weights, starts, taps.dim)
    out = wrap(total)
    if recording(g):
        record(out, "ResampleReturnBackward0", returned_vjp, (g,), (), taps)
    return out


cdef returned_vjp(Node node, object g):
    return (summed(<Tensor>g, <Taps>node.extra),)
