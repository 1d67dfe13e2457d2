"""Pooling in plain NumPy, window by window: the twin of ``minigrad.kernels.pool``."""

import numpy as np


def _flat(x):
    """Planes in one dimension: (N, C, H, W) as (N * C, H * W)."""
    return x.reshape(-1, x.shape[2] * x.shape[3])


def max_pool2d_forward(
    out, indices, x, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, n_threads
):
    """The largest number of each window, and where in its plane it is (None: not wanted)."""
    height, width = x.shape[2:]
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            rows = np.arange(kernel_h) * dil_h + i * stride_h - pad_h
            columns = np.arange(kernel_w) * dil_w + j * stride_w - pad_w
            rows = rows[(rows >= 0) & (rows < height)]
            columns = columns[(columns >= 0) & (columns < width)]
            places = (rows[:, None] * width + columns).ravel()
            window = x.reshape(*x.shape[:2], -1)[..., places]
            # The first of the largest numbers; but the last NaN, if there are any.
            first = np.where(np.isnan(window), -np.inf, window).argmax(-1)
            last_nan = len(places) - 1 - np.isnan(window)[..., ::-1].argmax(-1)
            best = np.where(np.isnan(window).any(-1), last_nan, first)
            out[..., i, j] = np.take_along_axis(window, best[..., None], -1)[..., 0]
            if indices is not None:
                indices[..., i, j] = places[best]


def max_pool2d_backward(dx, dy, indices, n_threads):
    """dx = zeros, plus each number of dy at its index; a window outside the plane gives nothing."""
    dx[...] = 0
    for plane, gradient, places in zip(_flat(dx), _flat(dy), _flat(indices), strict=True):
        inside = (places >= 0) & (places < plane.size)
        np.add.at(plane, places[inside], gradient[inside])


def max_pool2d_gather(out, x, indices, n_threads):
    """out = the numbers of x at the indices, plane by plane: the gradient of the backward."""
    places, planes = _flat(indices), _flat(x)
    inside = (places >= 0) & (places < planes.shape[1])
    _flat(out)[...] = np.where(
        inside, np.take_along_axis(planes, np.where(inside, places, 0), 1), 0
    )


def _sliding(size, out, kernel, stride, padding, count_include_pad):
    """(start, stop, count) of each window along one dimension of average pooling."""
    for i in range(out):
        start, stop = i * stride - padding, min(i * stride - padding + kernel, size + padding)
        inside = max(start, 0), min(stop, size)
        yield *inside, stop - start if count_include_pad else inside[1] - inside[0]


def _adaptive(size, out):
    """(start, stop, count) of each window along one dimension of adaptive average pooling."""
    for i in range(out):
        start, stop = i * size // out, -(-(i + 1) * size // out)
        yield start, stop, stop - start


def _average(x, rows, columns, divisor):
    for i, (top, bottom, height) in enumerate(rows):
        for j, (left, right, width) in enumerate(columns):
            yield i, j, x[..., top:bottom, left:right], divisor or height * width


def _windows(
    x, out, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, count_include_pad, divisor
):
    rows = _sliding(x.shape[2], out.shape[2], kernel_h, stride_h, pad_h, count_include_pad)
    columns = _sliding(x.shape[3], out.shape[3], kernel_w, stride_w, pad_w, count_include_pad)
    return _average(x, rows, list(columns), divisor)


def _adaptive_windows(x, out):
    columns = list(_adaptive(x.shape[3], out.shape[3]))
    return _average(x, _adaptive(x.shape[2], out.shape[2]), columns, 0)


def avg_pool2d_forward(
    out, x, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w,
    count_include_pad, divisor_override, n_threads,
):  # fmt: skip
    """The mean of each window.  ``divisor_override`` 0 divides by the number of elements."""
    windows = _windows(x, out, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w,
                       count_include_pad, divisor_override)  # fmt: skip
    for i, j, window, divisor in windows:
        out[..., i, j] = window.sum((2, 3)) / divisor


def avg_pool2d_backward(
    dx, dy, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w,
    count_include_pad, divisor_override, n_threads,
):  # fmt: skip
    """The gradient of ``avg_pool2d_forward``: every window spreads its share of dy evenly."""
    dx[...] = 0
    windows = _windows(dx, dy, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w,
                       count_include_pad, divisor_override)  # fmt: skip
    for i, j, window, divisor in windows:
        window += dy[..., i, j, None, None] / divisor


def adaptive_avg_pool2d_forward(out, x, n_threads):
    """The means of as many windows as ``out`` is large, which cover x as evenly as they can."""
    for i, j, window, divisor in _adaptive_windows(x, out):
        out[..., i, j] = window.sum((2, 3)) / divisor


def adaptive_avg_pool2d_backward(dx, dy, n_threads):
    """The gradient of ``adaptive_avg_pool2d_forward``."""
    dx[...] = 0
    for i, j, window, divisor in _adaptive_windows(dx, dy):
        window += dy[..., i, j, None, None] / divisor
