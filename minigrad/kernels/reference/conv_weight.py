"""The gradient of a convolution's weight in plain NumPy: the twin of its kernel."""

import numpy as np

from minigrad.kernels.reference.conv import pad, split, taps


def conv2d_backward_weight(
    dweight, dbias, dy, x, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, groups, n_threads
):
    """The gradients of the convolution's weight and bias (None: not wanted)."""
    padded = pad(x, pad_h, pad_w)
    for i, j, part in taps(dy, dweight, stride_h, stride_w, dil_h, dil_w):
        patch = split(padded[part], groups)
        share = np.einsum("ngmhw,ngchw->gmc", split(dy, groups), patch)
        dweight[:, :, i, j] = share.reshape(dweight.shape[:2])
    if dbias is not None:
        dbias[...] = dy.sum((0, 2, 3))
