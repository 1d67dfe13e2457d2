"""A choice between two arrays, of elements, and of triangles, in plain NumPy."""

import numpy as np


def choose(out, mask, a, b, n_threads):
    """``out = a where mask else b``; an ``a`` or ``b`` of one element stands for all."""
    a, b = (x.reshape(out.shape if x.size == out.size else ()) for x in (a, b))
    out[...] = np.where(mask.reshape(out.shape), a, b)


def take_where(out, x, mask):
    """``out`` = the elements of ``x`` where ``mask`` holds, in order."""
    out[...] = x[mask]


def put_where(out, values, mask):
    """``out`` = zeros, with ``values`` in order where ``mask`` holds."""
    out[...] = 0
    out[mask] = values


def triangle(out, x, diagonal, upper, n_threads):
    """``out`` = ``x``, with zeros below, or above, a diagonal of each matrix."""
    out[...] = (np.triu if upper else np.tril)(x, diagonal)
