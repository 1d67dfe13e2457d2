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


def var_mean(var, mean, x, correction, root, outer, n, inner, n_threads):
    """Means and the squared deviations from them over (n - correction), or that value's root."""
    x = wide(x, outer, n, inner)
    with np.errstate(all="ignore"):
        means = mean_of(x, 1, keepdims=True)
        spread = ((x - means) ** 2).sum(axis=1) / np.float64(max(0.0, n - correction))
        mean.reshape(outer, inner)[...] = means[:, 0]
        var.reshape(outer, inner)[...] = np.sqrt(spread) if root else spread
