"""A convolution's input gradient in plain NumPy: the twin of ``minigrad.kernels.conv_input``."""

import numpy as np

from minigrad.kernels.reference.conv import pad, split, taps


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
