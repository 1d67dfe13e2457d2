"""Maxima of windows that do not slide evenly, and the way back from the places of maxima.

Where the maxima lie is found in NumPy, on numbers without gradient; the op is then the gather of
what lies there, whose gradients are gather's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.dtypes import int64
from minigrad.ops.creation import from_numpy, zeros
from minigrad.ops.pool import max_pool1d, max_pool2d
from minigrad.ops.pool3d import max_pool3d
from minigrad.ops.random import rand
from minigrad.ops.recorded import labelled
from minigrad.ops.spatial import check_output_size, check_rank, check_tensor, per_dimension
from minigrad.tensor import Tensor
from minigrad.types import Ints

_SLIDING = {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}


def _largest(input, n, windows, return_indices):
    """Return the maxima of windows over the last ``n`` dimensions, and where they are if asked.

    ``windows`` has for each dimension the places its windows cover: an integer array (count,
    length), with a leading dimension for the planes if these have windows of their own.
    """
    sizes = input.shape[-n:]
    lead, counts = input.shape[:-n], tuple(w.shape[-2] for w in windows)
    places = np.zeros((1,) * (2 * n + 1), np.int64)
    for d, window in enumerate(windows):
        shape = [-1, *(1,) * (2 * n)]
        shape[1 + d], shape[1 + n + d] = window.shape[-2:]
        places = places * sizes[d] + window.reshape(shape)
    places = places.reshape(len(places), math.prod(counts), math.prod(places.shape[1 + n :]))
    values = input.numpy(force=True).reshape(math.prod(lead), 1, math.prod(sizes))
    rows = np.arange(len(values))[:, None, None]
    chosen = values[rows, 0, places].argmax(-1)
    indices = np.take_along_axis(
        np.broadcast_to(places, (len(values), *places.shape[1:])), chosen[..., None], -1
    )
    flat = from_numpy(indices.reshape(*lead, math.prod(counts)))
    largest = input.flatten(-n).gather(-1, flat).reshape(*lead, *counts)
    return (largest, flat.reshape(*lead, *counts)) if return_indices else largest


def _check_volumes(input, n, function):
    check_rank(input, n, function)
    if not input.is_floating_point():
        raise NotImplementedError(f"{function}() is not implemented for {input.dtype}")
    if 0 in input.shape[-n - 1 :]:
        raise RuntimeError(
            f"{function}(): Expected input to have non-zero size for non-batch dimensions, but "
            f"input has sizes {list(input.shape)}"
        )


def _adaptive(input, n, output_size, return_indices):
    function = f"adaptive_max_pool{n}d"
    check_output_size(input, output_size)
    _check_volumes(input, n, function)
    sizes = input.shape[-n:]
    wanted = [
        size if count is None else count
        for size, count in zip(sizes, per_dimension(output_size, n, "output_size"), strict=True)
    ]
    if min(wanted) < 0:
        raise RuntimeError(
            f"{function}(): elements of output_size must be greater than or equal to 0, but "
            f"received {output_size}"
        )
    if 0 in wanted:  # pooled to one element, which is then left out
        pooled = _adaptive(input, n, [max(count, 1) for count in wanted], return_indices)
        part = (..., *(slice(count) for count in wanted))
        return tuple(p[part] for p in pooled) if return_indices else pooled[part]
    pairs = list(zip(sizes, wanted, strict=True))
    if all(size % count == 0 for size, count in pairs):
        kernel = [size // count for size, count in pairs]
        return _SLIDING[n](input, kernel, return_indices=return_indices)
    windows = []
    for size, count in pairs:
        starts = np.arange(count) * size // count
        ends = -(-np.arange(1, count + 1) * size // count)
        longest = max(ends - starts)  # the shorter ones see their last element twice
        windows.append(np.minimum(starts[:, None] + np.arange(longest), ends[:, None] - 1))
    return _largest(input, n, windows, return_indices)


def adaptive_max_pool1d(input: Tensor, output_size: Ints, return_indices: bool = False) -> Any:
    """Return the maxima of ``output_size`` windows: (n, c, l) or (c, l) -> (..., output_size).

    As ``adaptive_max_pool2d``, in one dimension.
    """
    return labelled(_adaptive(input, 1, output_size, return_indices), "SqueezeBackward1")


def adaptive_max_pool2d(input: Tensor, output_size: Ints, return_indices: bool = False) -> Any:
    """Return the maxima of ``output_size`` windows that cover each image as evenly as they can.

    Shapes: input (n, c, h, w) or (c, h, w) -> (..., *output_size); an int makes a square, and
    None keeps the input's size.  With ``return_indices`` also the place of each maximum in its
    h * w plane, int64.  RuntimeError for what does not fit.
    Source: torch.nn.functional.adaptive_max_pool2d.

    >>> import minigrad
    >>> minigrad.nn.functional.adaptive_max_pool2d(minigrad.arange(9.0).reshape(1, 3, 3), 2)
    tensor([[[4., 5.],
             [7., 8.]]])
    """
    return labelled(_adaptive(input, 2, output_size, return_indices), "AdaptiveMaxPool2DBackward0")


def adaptive_max_pool3d(input: Tensor, output_size: Ints, return_indices: bool = False) -> Any:
    """Return the maxima of windows that cover volumes: (n, c, d, h, w) -> (..., *output_size).

    As ``adaptive_max_pool2d``, in three dimensions.
    """
    return labelled(_adaptive(input, 3, output_size, return_indices), "AdaptiveMaxPool3DBackward0")


def _fractional(input, n, kernel_size, output_size, output_ratio, return_indices, samples):
    function = f"fractional_max_pool{n}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{function} requires specifying either an output_size or an output_ratio")
    _check_volumes(input, n, function)
    sizes = input.shape[-n:]
    if output_size is None:
        ratios = per_dimension(output_ratio, n, "output_ratio")
        output_size = [int(size * ratio) for size, ratio in zip(sizes, ratios, strict=True)]
    counts = per_dimension(output_size, n, "output_size")
    kernel = per_dimension(kernel_size, n, "kernel_size")
    for d in range(n):
        if kernel[d] < 1 or counts[d] < 1 or counts[d] + kernel[d] - (n == 2) > sizes[d]:
            raise RuntimeError(
                f"{function}(): {counts[d]} windows of {kernel[d]} do not fit into dimension "
                f"{d - n} of input of size {list(input.shape)}"
            )
    batch = input.shape[0] if input.dim() == n + 2 else 1
    if samples is None:
        samples = rand(batch, input.shape[-n - 1], n, dtype=input.dtype)
    planes = math.prod(input.shape[:-n])  # of an input without batch the first ones
    drawn = samples.numpy(force=True).reshape(-1, n)[:planes]
    windows = []
    for d in range(n):
        u = drawn[:, n - 1 - d if n == 2 else d, None]  # as torch: of images the width comes first
        step = u.dtype.type((sizes[d] - kernel[d]) / max(counts[d] - 1, 1))
        starts = ((np.arange(counts[d]).astype(u.dtype) + u) * step).astype(np.int64)
        starts -= (u * step).astype(np.int64)
        starts[:, -1] = sizes[d] - kernel[d]
        windows.append(starts[..., None] + np.arange(kernel[d]))
    found = _largest(input, n, windows, return_indices)
    return labelled(found, f"FractionalMaxPool{n}DBackward0")


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Ints,
    output_size: Ints | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """Return the maxima of windows whose steps are drawn at random, one or the next integer.

    Shapes: input (n, c, h, w) or (c, h, w) -> (..., *output_size), or that fraction of h and w
    that ``output_ratio`` says.  With ``return_indices`` also the place of each maximum in its
    plane.  ``_random_samples``, (n, c, 2) from [0, 1), says where the steps fall.

    ValueError without a size or ratio, RuntimeError for what does not fit.
    Source: torch.nn.functional.fractional_max_pool2d; B. Graham, "Fractional Max-Pooling", 2014.

    >>> import minigrad
    >>> minigrad.nn.functional.fractional_max_pool2d(minigrad.rand(1, 9, 9), 2, (5, 6)).shape
    minigrad.Size([1, 5, 6])
    """
    return _fractional(
        input, 2, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Ints,
    output_size: Ints | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """As ``fractional_max_pool2d``, for volumes (n, c, d, h, w) or (c, d, h, w)."""
    return _fractional(
        input, 3, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )


def _unpool(input, indices, n, kernel_size, stride, padding, output_size):
    function = f"max_unpool{n}d"
    check_rank(input, n, function)
    check_tensor(indices, function, "indices")
    if indices.dtype is not int64:
        raise RuntimeError(f"elements in indices should be type int64 but got: {indices.dtype}")
    if indices.shape != input.shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor "
            f"({list(input.shape)}) but got indices tensor with shape: {list(indices.shape)}"
        )
    kernel = per_dimension(kernel_size, n, "kernel_size")
    stride = per_dimension(kernel_size if stride is None else stride, n, "stride")
    padding = per_dimension(padding, n, "padding")
    default = [
        (size - 1) * stride[d] + kernel[d] - 2 * padding[d]
        for d, size in enumerate(input.shape[-n:])
    ]
    sizes = default if output_size is None else list(output_size)[-n:]
    if output_size is not None and len(output_size) not in (n, n + 1, n + 2):
        raise ValueError(
            f"output_size should be a sequence containing {n}, {n + 1} or {n + 2} elements, but "
            f"it has a length of '{len(output_size)}'"
        )
    for d in range(n):
        if output_size is not None and abs(sizes[d] - default[d]) >= stride[d]:
            raise ValueError(
                f'invalid output_size "{tuple(sizes)}" (dim {d} must be between '
                f"{default[d] - stride[d]} and {default[d] + stride[d]})"
            )
    places, area = indices.flatten(-n), math.prod(sizes)
    if places.numel() and not 0 <= places.min().item() <= places.max().item() < area:
        raise RuntimeError(
            f"Found an invalid max index: {places.max().item()} or {places.min().item()}, "
            f"for output of size {sizes}"
        )
    lead = input.shape[:-n]
    flat = zeros(*lead, area, dtype=input.dtype).scatter(-1, places, input.flatten(-n))
    label = "SqueezeBackward1" if n == 1 else f"MaxUnpool{n}DBackward0"
    return labelled(flat.reshape(*lead, *sizes), label)


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    output_size: Ints | None = None,
) -> Tensor:
    """Put maxima back: (n, c, l) or (c, l) -> (..., l').  See ``max_unpool2d``."""
    return _unpool(input, indices, 1, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    output_size: Ints | None = None,
) -> Tensor:
    """Return zeros with the maxima that ``max_pool2d`` found at the places it found them.

    Shapes: input and indices (n, c, h, w) or (c, h, w) -> (..., *output_size), by default
    ``(h - 1) * stride - 2 * padding + kernel_size`` and likewise for the width.

    RuntimeError for indices of another shape or dtype or outside the result, ValueError for an
    ``output_size`` that pooling would not take to this input.
    Source: torch.nn.functional.max_unpool2d.

    >>> import minigrad
    >>> from minigrad.nn import functional as F
    >>> y, places = F.max_pool2d(minigrad.arange(4.0).reshape(1, 2, 2), 2, return_indices=True)
    >>> F.max_unpool2d(y, places, 2)
    tensor([[[0., 0.],
             [0., 3.]]])
    """
    return _unpool(input, indices, 2, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    output_size: Ints | None = None,
) -> Tensor:
    """Put maxima back: (n, c, d, h, w) -> (..., d', h', w').  See ``max_unpool2d``."""
    return _unpool(input, indices, 3, kernel_size, stride, padding, output_size)
