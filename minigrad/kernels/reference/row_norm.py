"""Layer and group norm in plain NumPy."""

import numpy as np


def _by_channel(vector, groups, channels):
    return 1.0 if vector is None else vector.astype(np.float64).reshape(groups, channels, 1)


def row_norm_forward(
    out, mean, invstd, x, weight, bias, eps, samples, groups, channels, inner, n_threads
):
    """Normalise the rows, by the biased variance; ``mean`` and ``invstd`` are for the backward."""
    wide = x.astype(np.float64).reshape(samples, groups, channels, inner)
    with np.errstate(all="ignore"):
        centre = wide.mean((2, 3), keepdims=True)
        scale = 1 / np.sqrt(np.square(wide - centre).mean((2, 3), keepdims=True) + eps)
        result = (wide - centre) * scale * _by_channel(weight, groups, channels)
        if bias is not None:
            result = result + _by_channel(bias, groups, channels)
    out.reshape(result.shape)[...] = result
    mean.reshape(2, -1)[:] = [centre.ravel(), 0 * centre.ravel()]
    invstd[...] = scale.ravel()


def row_norm_backward(
    dx, dweight, dbias, g, x, weight, mean, invstd, samples, groups, channels, inner, n_threads
):
    """The gradients from that of the output, ``g``; any of them may be None."""
    shape, rows = (samples, groups, channels, inner), (samples, groups, 1, 1)
    g, scale = g.astype(np.float64).reshape(shape), invstd.reshape(rows)
    with np.errstate(all="ignore"):
        xhat = (x.reshape(shape) - mean.reshape(2, *rows).sum(0)) * scale
        gw = g * _by_channel(weight, groups, channels)
        along = xhat * (gw * xhat).mean((2, 3), keepdims=True)
        if dx is not None:
            dx.reshape(shape)[...] = (gw - gw.mean((2, 3), keepdims=True) - along) * scale
        if dweight is not None:
            dweight[...] = (g * xhat).sum((0, 3)).ravel()
            dbias[...] = g.sum((0, 3)).ravel()
