"""Indices of extremes in plain NumPy, whose argmax also takes the first NaN, else the first."""

import numpy as np

from minigrad.kernels.reduce import Reduction


def arg_reduce(op, values, indices, x, outer, n, inner, n_threads):
    """The extremes (MAX or MIN) and where each comes first; a NaN wins."""
    x = x.reshape(outer, n, inner)
    found = (np.argmax if op == Reduction.MAX else np.argmin)(x, axis=1)
    indices.reshape(outer, inner)[...] = found
    if values is not None:
        chosen = np.take_along_axis(x, found[:, None], axis=1)
        values.reshape(outer, inner)[...] = chosen[:, 0]
