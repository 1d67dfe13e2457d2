"""Sliding windows laid side by side, and the sum of such windows where they overlap.

The two are linear and each other's gradients.  They are what lies under ``unfold`` and ``fold``,
and under convolutions of three dimensions.
"""

import numpy as np

from numpy cimport import_array, ndarray

from minigrad.ops.common cimport shape_of
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


cdef class Geometry:
    """How windows lie over the dimensions after the first two: tuples of an int for each."""
    cdef tuple sizes, counts, kernel, stride, padding, dilation

    cdef ndarray seen(self, object padded):
        """Return a view (n, c, *kernel, *counts) of an array (n, c, *padded sizes)."""
        steps = padded.strides
        return np.lib.stride_tricks.as_strided(
            padded,
            (*padded.shape[:2], *self.kernel, *self.counts),
            (*steps[:2], *[s * d for s, d in zip(steps[2:], self.dilation)],
             *[s * d for s, d in zip(steps[2:], self.stride)]))

    cdef ndarray padded(self, tuple outer, object dtype):
        """Return zeros with room for the padding."""
        return np.zeros((*outer, *[s + 2 * p for s, p in zip(self.sizes, self.padding)]), dtype)

    cdef tuple inside(self):
        """Return the index of what is not padding."""
        return (..., *[slice(p, p + s) for s, p in zip(self.sizes, self.padding)])


def windows(Tensor input, kernel, stride, padding, dilation):
    """Return all windows of (n, c, *sizes): (n, c, *kernel, *counts), with zeros around.

    The other arguments are tuples of an int for each of ``sizes``, of which one window at least
    must fit; nothing is checked here.  Any dtype.

    >>> import minigrad
    >>> from minigrad.ops.windows import windows
    >>> windows(minigrad.arange(4).reshape(1, 1, 4), (2,), (1,), (0,), (1,))
    tensor([[[[0, 1, 2],
              [1, 2, 3]]]])
    """
    cdef Geometry geometry = Geometry.__new__(Geometry)
    geometry.sizes = shape_of(input)[2:]
    geometry.kernel, geometry.stride = kernel, stride
    geometry.padding, geometry.dilation = padding, dilation
    geometry.counts = tuple([
        (size + 2 * pad - gap * (k - 1) - 1) // step + 1
        for size, k, step, pad, gap in zip(geometry.sizes, kernel, stride, padding, dilation)])
    return spread_out(input, geometry)


def overlap_add(Tensor input, sizes, stride, padding, dilation):
    """Return the sum of windows (n, c, *kernel, *counts) at their places in (n, c, *sizes).

    The gradient of ``windows`` with the same arguments.

    >>> import minigrad
    >>> from minigrad.ops.windows import overlap_add
    >>> overlap_add(minigrad.ones(1, 1, 2, 3), (4,), (1,), (0,), (1,))
    tensor([[[1., 2., 2., 1.]]])
    """
    cdef Geometry geometry = Geometry.__new__(Geometry)
    geometry.sizes = sizes
    geometry.kernel = shape_of(input)[2:2 + len(sizes)]
    geometry.counts = shape_of(input)[2 + len(sizes):]
    geometry.stride, geometry.padding, geometry.dilation = stride, padding, dilation
    return added(input, geometry)


cdef Tensor spread_out(Tensor x, Geometry geometry):
    cdef object source = x.array
    cdef Tensor out
    if any(geometry.padding):
        source = geometry.padded(shape_of(x)[:2], source.dtype)
        source[geometry.inside()] = x.array
    out = wrap(geometry.seen(source).copy())
    if recording(x):
        record(out, "WindowsBackward0", spread_out_vjp, (x,), (), geometry)
    return out


cdef spread_out_vjp(Node node, object g):
    return (added(<Tensor>g, <Geometry>node.extra),)


cdef Tensor added(Tensor y, Geometry geometry):
    cdef object total = geometry.padded(shape_of(y)[:2], y.array.dtype), places
    cdef Tensor out
    places = geometry.seen(total)
    for offset in np.ndindex(*geometry.kernel):  # the places of one element do not overlap
        places[(slice(None), slice(None), *offset)] += y.array[(slice(None), slice(None), *offset)]
    out = wrap(total[geometry.inside()].copy() if any(geometry.padding) else total)
    if recording(y):
        record(out, "OverlapAddBackward0", added_vjp, (y,), (), geometry)
    return out


cdef added_vjp(Node node, object g):
    return (spread_out(<Tensor>g, <Geometry>node.extra),)
