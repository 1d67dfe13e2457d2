"""Matrix products in plain NumPy: the twin of ``minigrad.kernels.gemm``."""

import numpy as np


def gemm(out, a, b, accumulate, n_threads):
    """out = a @ b, or out += a @ b."""
    if accumulate:
        out += a @ b
    else:
        np.matmul(a, b, out=out)


def addmm(out, a, b, bias, n_threads):
    """out = a @ b + bias, where ``bias`` is one row."""
    np.matmul(a, b, out=out)
    out += bias


def linear_infer(out, a, b, bias, coefficients, low, n_threads):
    """out = a @ b + bias, then batch norm by batch_norm_coefficients, but at least ``low``."""
    hi, scale, shift = coefficients
    out[...] = np.maximum((a @ b + (0 if bias is None else bias) - hi) * scale + shift, low)


def bmm(out, a, b, n_threads):
    """out[i] = a[i] @ b[i]."""
    np.matmul(a, b, out=out)
