"""Pooling over three spatial dimensions, in two steps: over height and width, then over depth;
and the norms of windows, which are made of means.

A maximum of maxima is the maximum of them all, and a mean of means of equally many the mean, so
that the ops of two dimensions do the work, forward and backward.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minigrad.dtypes import int64
from minigrad.ops.pool import adaptive_avg_pool2d, avg_pool1d, avg_pool2d, max_pool2d
from minigrad.ops.recorded import labelled
from minigrad.ops.spatial import check_output_size, check_rank, per_dimension
from minigrad.tensor import Tensor
from minigrad.types import Ints


def _volumes(input, function):
    """Return the input as (n * c, d, h, w) and a function that gives results its other shape."""
    check_rank(input, 3, function)
    *outer, depth, height, width = input.shape
    if 0 in input.shape[-4:]:
        raise RuntimeError(
            f"{function}(): Expected input to have non-zero size for non-batch dimensions, but it "
            f"has size {list(input.shape)}"
        )
    planes = input.reshape(-1, depth, height, width) if input.numel() else input.flatten(0, -4)
    return planes, lambda y, height, width: y.reshape(*outer, y.shape[-2], height, width)


def _triple(value, name):
    """Return an option as a depth and a pair of height and width."""
    depth, *flat = per_dimension(value, 3, name)
    return depth, tuple(flat)


def _windows(kernel_size, stride, padding):
    stride = kernel_size if stride is None or stride in ((), []) else stride
    return (
        _triple(kernel_size, "kernel_size"),
        _triple(stride, "stride"),
        _triple(padding, "padding"),
    )


def max_pool3d(
    input: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window; with ``return_indices`` also where it was found.

    Shapes: input (n, c, d, h, w) or (c, d, h, w), result likewise; sizes are ints or triples, as in
    ``max_pool2d`` otherwise.  An index counts through the d * h * w elements of a volume.
    RuntimeError for what does not fit.  Source: torch.nn.functional.max_pool3d.

    >>> import minigrad
    >>> minigrad.nn.functional.max_pool3d(minigrad.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    x, restored = _volumes(input, "max_pool3d")
    (deep, flat), (deep_step, flat_step), (deep_pad, flat_pad) = _windows(
        kernel_size, stride, padding
    )
    deep_dilation, flat_dilation = _triple(dilation, "dilation")
    y = max_pool2d(x, flat, flat_step, flat_pad, flat_dilation, ceil_mode, return_indices)
    y, places = y if return_indices else (y, y)
    count, depth, height, width = y.shape
    y = max_pool2d(
        y.reshape(count, 1, depth, height * width),
        *((deep, 1), (deep_step, 1), (deep_pad, 0), (deep_dilation, 1)),
        ceil_mode=ceil_mode,
        return_indices=return_indices,
    )
    y, levels = y if return_indices else (y, y)
    largest = labelled(restored(y, height, width), "MaxPool3DWithIndicesBackward0")
    if not return_indices:
        return largest
    area = x.shape[2] * x.shape[3]
    found = places.reshape(count, depth * height * width).gather(1, levels.flatten(1))
    indices = (levels // (height * width)) * area + found.reshape(levels.shape)
    return largest, restored(indices, height, width)


def avg_pool3d(
    input: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window.

    Shapes as in ``max_pool3d``, arguments as in ``avg_pool2d`` with triples for pairs.
    RuntimeError for what does not fit.  Source: torch.nn.functional.avg_pool3d.

    >>> import minigrad
    >>> minigrad.nn.functional.avg_pool3d(minigrad.arange(8.0).reshape(1, 2, 2, 2), 2)
    tensor([[[[3.5000]]]])
    """
    x, restored = _volumes(input, "avg_pool3d")
    if x.dtype is int64:  # rounded once, at the end
        means = avg_pool3d(
            input.double(), kernel_size, stride, padding, ceil_mode, count_include_pad,
            divisor_override,
        )  # fmt: skip
        return means.long()
    (deep, flat), (deep_step, flat_step), (deep_pad, flat_pad) = _windows(
        kernel_size, stride, padding
    )
    first = None if divisor_override is None else 1  # then these are sums
    y = avg_pool2d(x, flat, flat_step, flat_pad, ceil_mode, count_include_pad, first)
    count, depth, height, width = y.shape
    y = avg_pool2d(
        y.reshape(count, 1, depth, height * width),
        *((deep, 1), (deep_step, 1), (deep_pad, 0)),
        *(ceil_mode, count_include_pad, divisor_override),
    )
    return labelled(restored(y, height, width), "AvgPool3DBackward0")


def adaptive_avg_pool3d(input: Tensor, output_size: int | Sequence[int | None]) -> Tensor:
    """Return the means of ``output_size`` windows that cover each volume as evenly as they can.

    Shapes: input (n, c, d, h, w) or (c, d, h, w) -> (..., *output_size); an int stands for all
    three, and None keeps the input's size.  RuntimeError for what does not fit.
    Source: torch.nn.functional.adaptive_avg_pool3d.

    >>> import minigrad
    >>> minigrad.nn.functional.adaptive_avg_pool3d(minigrad.arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[3.5000]]]])
    """
    check_output_size(input, output_size)
    x, restored = _volumes(input, "adaptive_avg_pool3d")
    deep, flat = _triple(output_size, "output_size")
    if deep == 0 or 0 in flat:  # pooled to one element, which is then left out
        counts = [deep, *flat]
        y = adaptive_avg_pool3d(input, [c if c is None else max(c, 1) for c in counts])
        return y[(..., *(slice(c) for c in counts))]
    y = adaptive_avg_pool2d(x, flat)
    count, depth, height, width = y.shape
    y = adaptive_avg_pool2d(y.reshape(count, 1, depth, height * width), (deep, height * width))
    return labelled(restored(y, height, width), "AdaptiveAvgPool3DBackward0")


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: Ints,
    stride: Ints | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """Return the ``norm_type``-norm of each window: (n, c, l) or (c, l).  See ``lp_pool2d``."""
    return _norms(avg_pool1d, 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Ints,
    stride: Ints | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """Return the norm of each window: ``sum(x ** p) ** (1 / p)``, p being ``norm_type``.

    Shapes as in ``avg_pool2d``.  RuntimeError for what does not fit.
    Source: torch.nn.functional.lp_pool2d.

    >>> import minigrad
    >>> minigrad.nn.functional.lp_pool2d(minigrad.tensor([[[3.0, 4.0]]]), 2, (1, 2))
    tensor([[[5.]]])
    """
    return _norms(avg_pool2d, 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Ints,
    stride: Ints | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """Return the norm of each window of volumes (n, c, d, h, w) or (c, d, h, w).

    See ``lp_pool2d``.
    """
    return _norms(avg_pool3d, 3, input, norm_type, kernel_size, stride, ceil_mode)


def _norms(pool, n, input, norm_type, kernel_size, stride, ceil_mode):
    check_rank(input, n, f"lp_pool{n}d")
    means = pool(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    elements = math.prod(per_dimension(kernel_size, n, "kernel_size"))
    return (means.sign() * means.abs().relu() * elements).pow(1.0 / norm_type)
