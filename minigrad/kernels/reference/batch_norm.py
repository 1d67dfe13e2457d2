"""Batch norm in plain NumPy: what ``minigrad/kernels/batch_norm.pyx`` computes.

``x`` is (N, C, *spatial); everything is computed in float64 and rounded once, on the way out.
"""

import numpy as np


def _dims(x):
    """The dimensions that are averaged over: all but C."""
    return (0, *range(2, x.ndim))


def _column(values, x):
    """One value for each channel, shaped to broadcast against ``x``."""
    return np.asarray(values, np.float64).reshape(1, -1, *[1] * (x.ndim - 2))


def _affine(xhat, weight, bias):
    y = xhat if weight is None else xhat * _column(weight, xhat)
    return y if bias is None else y + _column(bias, xhat)


def _invstd(var, eps):
    with np.errstate(divide="ignore"):
        return 1 / np.sqrt(var + eps)


def batch_norm_forward(
    out, mean, invstd, x, weight, bias, running_mean, running_var, momentum, eps, rectify,
    n_threads,
):  # fmt: skip
    """Normalise ``x`` with its own statistics and move the running ones towards them.

    With ``rectify``, negative results become 0.
    """
    if x.size == 0:
        return
    x = x.astype(np.float64)
    count = x.size // x.shape[1]
    batch_mean = x.mean(_dims(x))
    centred = x - _column(batch_mean, x)
    m2 = (centred**2).sum(_dims(x))
    mean[...] = batch_mean
    invstd[...] = scale = _invstd(m2 / count, eps)
    y = _affine(centred * _column(scale, x), weight, bias)
    out[...] = np.maximum(y, 0) if rectify else y
    if running_mean is not None:
        running_mean[...] = momentum * batch_mean + (1 - momentum) * running_mean
    if running_var is not None:
        running_var[...] = momentum * m2 / (count - 1) + (1 - momentum) * running_var


def batch_norm_eval(out, x, weight, bias, mean, var, eps, rectify, n_threads):
    """Normalise ``x`` with the given statistics; ``rectify`` as above."""
    invstd = _invstd(np.asarray(var, np.float64), eps)
    y = _affine((x - _column(mean, x)) * _column(invstd, x), weight, bias)
    out[...] = np.maximum(y, 0) if rectify else y


def batch_norm_coefficients(coefficients, weight, bias, mean, var, eps):
    """What batch_norm_eval computes with: (x - hi) * scale + shift."""
    mean = mean.astype(np.float64)
    hi = mean.astype(coefficients.dtype)
    scale = _invstd(var.astype(np.float64), eps) * (1 if weight is None else weight)
    coefficients[...] = hi, scale, (0 if bias is None else bias) - (mean - hi) * scale


def batch_norm_backward(dx, dweight, dbias, dy, x, weight, mean, invstd, training, n_threads):
    """Gradients of batch norm; any of the three outputs may be None."""
    if x.size == 0:
        return
    dy = dy.astype(np.float64)
    invstd = _column(invstd, x)
    xhat = (x - _column(mean, x)) * invstd
    if dweight is not None:
        dweight[...] = (dy * xhat).sum(_dims(x))
    if dbias is not None:
        dbias[...] = dy.sum(_dims(x))
    if dx is not None:
        scale = invstd if weight is None else invstd * _column(weight, x)
        if training:
            dims = _dims(x)
            dy = dy - dy.mean(dims, keepdims=True) - xhat * (dy * xhat).mean(dims, keepdims=True)
        dx[...] = dy * scale
