"""Convolution in plain NumPy, tap by tap: the twin of ``minigrad.kernels.conv``."""

import numpy as np


def pad(x, pad_h, pad_w):
    """``x`` with zeros around each plane."""
    return np.pad(x, ((0, 0), (0, 0), (pad_h, pad_h), (pad_w, pad_w)))


def taps(y, weight, stride_h, stride_w, dil_h, dil_w):
    """Yield each (row, column) of the kernel and the part of the padded input it meets."""
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            rows = slice(i * dil_h, i * dil_h + (y.shape[2] - 1) * stride_h + 1, stride_h)
            columns = slice(j * dil_w, j * dil_w + (y.shape[3] - 1) * stride_w + 1, stride_w)
            yield i, j, (slice(None), slice(None), rows, columns)


def split(x, groups):
    """(N, C, H, W) as (N, groups, C / groups, H, W)."""
    n, c, h, w = x.shape
    return x.reshape(n, groups, c // groups, h, w)


def conv2d_forward(
    out, x, weight, bias, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, groups, n_threads
):
    """out = the convolution of x with weight, plus bias (or None)."""
    out[...] = 0 if bias is None else bias.reshape(-1, 1, 1)
    padded = pad(x, pad_h, pad_w)
    kernel = weight.reshape(groups, -1, *weight.shape[1:])
    for i, j, part in taps(out, weight, stride_h, stride_w, dil_h, dil_w):
        patch = split(padded[part], groups)
        out += np.einsum("gmc,ngchw->ngmhw", kernel[..., i, j], patch).reshape(out.shape)


def conv2d_infer(
    out,
    x,
    weight,
    bias,
    coefficients,
    low,
    pools,
    height,
    width,
    stride_h,
    stride_w,
    pad_h,
    pad_w,
    dil_h,
    dil_w,
    groups,
    n_threads,
):
    """The same, then batch norm, a lower limit, and perhaps the maximum over windows of 2 x 2."""
    y = np.empty((*out.shape[:2], height, width), out.dtype)
    conv2d_forward(
        y, x, weight, bias, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, groups, n_threads
    )
    if coefficients is not None:
        hi, scale, shift = coefficients.reshape(3, -1, 1, 1)
        y = (y - hi) * scale + shift
    y = np.where(y < low, np.asarray(low, y.dtype), y)
    if pools:
        rows, columns = out.shape[2:]
        windows = y[:, :, : 2 * rows, : 2 * columns].reshape(*y.shape[:2], rows, 2, columns, 2)
        y = windows.max((3, 5))
    out[...] = y
