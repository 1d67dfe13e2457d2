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


def conv2d_backward_input(
    dx, dy, weight, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, groups, n_threads
):
    """dx = the gradient of the convolution's input."""
    padded = pad(np.zeros_like(dx), pad_h, pad_w)
    kernel = weight.reshape(groups, -1, *weight.shape[1:])
    for i, j, part in taps(dy, weight, stride_h, stride_w, dil_h, dil_w):
        share = np.einsum("gmc,ngmhw->ngchw", kernel[..., i, j], split(dy, groups))
        padded[part] += share.reshape(padded[part].shape)
    dx[...] = padded[:, :, pad_h : pad_h + dx.shape[2], pad_w : pad_w + dx.shape[3]]
