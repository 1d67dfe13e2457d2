"""The reduction kernel in plain NumPy.  The accumulators are float64, as the kernel's are."""

import numpy as np

from minigrad.kernels.reduce import Reduction


def mean_of(x, axis, keepdims=False):
    """The mean; of nothing it is NaN, without NumPy's warning."""
    total = np.sum(x, axis=axis, keepdims=keepdims)
    return total / np.float64(x.size // total.size if total.size else 0)


FOLDS = {
    Reduction.SUM: np.sum,
    Reduction.MEAN: mean_of,
    Reduction.PROD: np.prod,
    Reduction.MAX: np.max,
    Reduction.MIN: np.min,
}


def wide(x, outer, n, inner):
    """``x`` as float64 in the shape that the sizes say."""
    return x.reshape(outer, n, inner).astype(np.float64)


def reduce(op, out, x, outer, n, inner, n_threads):
    """``out = op(x)`` over the middle of (outer, n, inner)."""
    with np.errstate(all="ignore"):
        out.reshape(outer, inner)[...] = FOLDS[op](wide(x, outer, n, inner), axis=1)


def arg_reduce(op, values, indices, x, outer, n, inner, n_threads):
    """The extremes (MAX or MIN) and where each comes first; a NaN wins."""
    x = x.reshape(outer, n, inner)
    found = (np.argmax if op == Reduction.MAX else np.argmin)(x, axis=1)
    indices.reshape(outer, inner)[...] = found
    if values is not None:
        chosen = np.take_along_axis(x, found[:, None], axis=1)
        values.reshape(outer, inner)[...] = chosen[:, 0]


def var_mean(var, mean, x, correction, root, outer, n, inner, n_threads):
    """Means and the squared deviations from them over (n - correction), or that value's root."""
    x = wide(x, outer, n, inner)
    with np.errstate(all="ignore"):
        means = mean_of(x, 1, keepdims=True)
        spread = ((x - means) ** 2).sum(axis=1) / np.float64(max(0.0, n - correction))
        mean.reshape(outer, inner)[...] = means[:, 0]
        var.reshape(outer, inner)[...] = np.sqrt(spread) if root else spread


def reduce_to(op, out, x, n_threads):
    """Reduce every axis where ``out`` has size 1 or that it lacks in front."""
    missing = x.ndim - out.ndim
    shape = (1,) * missing + out.shape
    axes = tuple(axis for axis in range(x.ndim) if shape[axis] == 1)
    with np.errstate(all="ignore"):
        out[...] = FOLDS[op](x.astype(np.float64), axis=axes).reshape(out.shape)
