"""The softmax kernel in plain NumPy."""

import numpy as np


def softmax_forward(out, x, log, outer, n, inner, n_threads):
    """``out`` = softmax (or its logarithm) of ``x`` over the middle of (outer, n, inner)."""
    x = x.reshape(outer, n, inner)
    with np.errstate(all="ignore"):
        shifted = x - x.max(axis=1, keepdims=True)
        total = np.exp(shifted).sum(axis=1, keepdims=True)
        result = shifted - np.log(total) if log else np.exp(shifted) / total
    out.reshape(outer, n, inner)[...] = result


def softmax_backward(dx, g, y, log, outer, n, inner, n_threads):
    """The gradient of softmax_forward's input from its output ``y`` and that one's, ``g``."""
    g, y = g.reshape(outer, n, inner), y.reshape(outer, n, inner)
    with np.errstate(all="ignore"):
        if log:
            result = g - np.exp(y) * g.sum(axis=1, keepdims=True)
        else:
            result = y * (g - (g * y).sum(axis=1, keepdims=True))
    dx.reshape(outer, n, inner)[...] = result


def logsumexp(out, x, outer, n, inner, n_threads):
    """``out`` = log(sum(exp(x))) over the middle of (outer, n, inner), without overflow."""
    x = x.reshape(outer, n, inner)
    with np.errstate(all="ignore"):
        largest = x.max(axis=1, keepdims=True)
        largest = np.where(np.isinf(largest), 0, largest)
        result = largest[:, 0] + np.log(np.exp(x - largest).sum(axis=1))
    out.reshape(outer, inner)[...] = result
