"""Running sums, products and extremes in plain NumPy."""

import numpy as np

from minigrad.kernels.reduce import Reduction


def scan(op, out, x, backwards, outer, n, inner, n_threads):
    """``out`` = the sums or products of all elements so far, or ``backwards`` of those to come."""
    wide = x.reshape(outer, n, inner).astype(np.float64)
    if backwards:
        wide = wide[:, ::-1]
    with np.errstate(all="ignore"):
        run = (np.cumsum if op == Reduction.SUM else np.cumprod)(wide, axis=1)
        out.reshape(outer, n, inner)[...] = run[:, ::-1] if backwards else run


def scan_extremes(indices, x, largest, outer, n, inner, n_threads):
    """``indices`` = where the largest, or smallest, so far is: the last of equals, or a NaN."""
    x = x.reshape(outer, n, inner)
    found = (np.maximum if largest else np.minimum).accumulate(x, 1)
    places = np.where((x == found) | np.isnan(x), np.arange(n)[:, None], 0)
    indices.reshape(outer, n, inner)[...] = np.maximum.accumulate(places, 1)
