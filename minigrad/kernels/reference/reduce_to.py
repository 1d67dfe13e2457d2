"""Reductions to a given shape in plain NumPy."""

import numpy as np

from minigrad.kernels.reference.reduce import FOLDS


def reduce_to(op, out, x, n_threads):
    """Reduce every axis where ``out`` has size 1 or that it lacks in front."""
    missing = x.ndim - out.ndim
    shape = (1,) * missing + out.shape
    axes = tuple(axis for axis in range(x.ndim) if shape[axis] == 1)
    with np.errstate(all="ignore"):
        out[...] = FOLDS[op](x.astype(np.float64), axis=axes).reshape(out.shape)
