"""A choice between two arrays, and triangles of matrices, in plain NumPy."""

import numpy as np


def choose(out, mask, a, b, n_threads):
    """``out = a where mask else b``; an ``a`` or ``b`` of one element stands for all."""
    a, b = (x.reshape(out.shape if x.size == out.size else ()) for x in (a, b))
    out[...] = np.where(mask.reshape(out.shape), a, b)


def triangle(out, x, diagonal, upper, n_threads):
    """``out`` = ``x``, with zeros below, or above, a diagonal of each matrix."""
    out[...] = (np.triu if upper else np.tril)(x, diagonal)
