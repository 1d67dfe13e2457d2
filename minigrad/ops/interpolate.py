"""Interpolation: images and the like made larger or smaller.

One dimension after the other: each element of the result is a weighted sum of a few elements along
the dimension, whose places and weights (*taps*) are found in NumPy.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np

from minigrad.dtypes import float16, float32, uint8
from minigrad.ops.creation import from_numpy
from minigrad.ops.pool import adaptive_avg_pool1d, adaptive_avg_pool2d
from minigrad.ops.pool3d import adaptive_avg_pool3d
from minigrad.ops.recorded import labelled
from minigrad.ops.resample import resample
from minigrad.ops.rows import index_select
from minigrad.ops.spatial import check_tensor
from minigrad.tensor import Tensor, over_array
from minigrad.types import Ints

# The number of spatial dimensions that a mode is for, where it is for one only.
_RANKS = {"linear": 1, "bilinear": 2, "bicubic": 2, "lanczos": 2, "trilinear": 3}
_MODES = ("nearest", "nearest-exact", "area", *_RANKS)


def interpolate(
    input: Tensor,
    size: Ints | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Return ``input`` with another number of elements in its spatial dimensions.

    Args:
        input: (n, c, l), (n, c, h, w) or (n, c, d, h, w), floating; in some modes also uint8.
        size: the new sizes, an int or one for each dimension; or instead
        scale_factor: what to multiply the sizes by, a number or one for each dimension.
        mode: "nearest", "nearest-exact", "linear" (one dimension), "bilinear" and "bicubic" (two),
            "trilinear" (three), "area" (the mean of what a new element covers), or, only with
            ``antialias``, "lanczos".
        align_corners: for the linear and cubic modes, whether the first and the last elements stay
            where they are, rather than the outer edges.
        recompute_scale_factor: work out the factor from the sizes anew, rounded as they are.
        antialias: for "bilinear", "bicubic" and "lanczos": in images made smaller every old element
            counts, by a kernel as wide as what a new element covers.

    Raises ValueError for options that do not go together, NotImplementedError for an unknown mode
    or one that is not for such input, RuntimeError for sizes that are not positive.

    Source: torch.nn.functional.interpolate.

    >>> import minigrad
    >>> x = minigrad.tensor([[[1.0, 2.0]]])
    >>> minigrad.nn.functional.interpolate(x, scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    >>> minigrad.nn.functional.interpolate(x, size=4, mode="linear")
    tensor([[[1.0000, 1.2500, 1.7500, 2.0000]]])
    """
    check_tensor(input, "interpolate")
    n = input.dim() - 2
    if mode not in _MODES or n not in (1, 2, 3):
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.dim()}D) for the "
            f"modes: {' | '.join(_MODES)} (got {mode})"
        )
    if mode in _RANKS and _RANKS[mode] != n:
        raise NotImplementedError(
            f"Got {input.dim()}D input, but {mode} mode needs {_RANKS[mode] + 2}D input"
        )
    if align_corners is not None and mode not in _RANKS:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear "
            f"| bicubic | trilinear, but mode is {mode}"
        )
    if mode == "lanczos" and (align_corners or not antialias):
        raise ValueError("mode 'lanczos' needs antialias=True and no align_corners")
    if antialias and mode not in _KERNELS:
        raise ValueError(
            f"Anti-alias option is restricted to {' and '.join(_KERNELS)} modes and requires a 4-D "
            f"tensor as input, but mode is {mode}"
        )
    sizes, factors = _sizes(input, n, size, scale_factor)
    if recompute_scale_factor:
        if size is not None:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        factors = [None] * n
    bytes_too = mode.startswith("nearest") or _RANKS.get(mode) == 2
    if not input.is_floating_point() and not (input.dtype is uint8 and bytes_too):
        raise NotImplementedError(
            f"interpolate in mode {mode} is not implemented for {input.dtype}"
        )
    if min(sizes) <= 0 or 0 in input.shape[1:]:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input of size "
            f"{list(input.shape)} and output sizes {sizes}"
        )
    if mode == "area":
        pool = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}[n]
        return pool(input, sizes)
    if mode.startswith("nearest"):
        for d in reversed(range(n)):
            index = _nearest(input.shape[2 + d], sizes[d], factors[d], mode == "nearest-exact")
            input = index_select(input, 2 + d, from_numpy(index))
        exact = "Exact" if mode == "nearest-exact" else ""
        return labelled(input, f"UpsampleNearest{exact}{n}DBackward0")
    x = input.to(float32) if input.dtype is float16 else input
    real = np.float32 if x.dtype is float32 else np.float64
    take = _resample_bytes if x.dtype is uint8 else resample
    for d in reversed(range(n)):
        size, count = x.shape[2 + d], sizes[d]
        scale = _scale(real, size, count, factors[d], bool(align_corners))
        if antialias:
            taps = _averaged(*_KERNELS[mode], real, size, count, scale)
        else:
            find = _cubic if mode == "bicubic" else _linear
            taps = find(_positions(real, count, scale, bool(align_corners)), size)
        x = take(x, 2 + d, *taps)
    name = mode.capitalize() + (f"{n}DAa" if antialias else f"{n}D")
    return labelled(x.to(input.dtype), f"Upsample{name}Backward0")


def _resample_bytes(x, dim, places, weights):
    """Return ``resample`` of bytes: exact sums with weights in 16 bits, rounded to bytes."""
    matrix = np.zeros((len(places[0]), x.shape[dim]))
    for place, weight in zip(places, weights, strict=True):
        np.add.at(matrix, (np.arange(len(place)), place), weight)
    unit = 2.0 ** min(22, math.floor(math.log2((2**15 - 0.5) / matrix.max())))
    matrix = np.trunc(matrix * unit + np.copysign(0.5, matrix))
    sums = np.tensordot(matrix, x.numpy().astype(np.float64), (1, dim))  # exact: whole numbers
    rounded = np.clip(np.floor(sums / unit + 0.5), 0, 255).astype(np.uint8)
    return over_array(np.moveaxis(rounded, 0, dim))


def _sizes(input, n, size, scale_factor):
    """Return the new sizes, and the factors as they were given or None."""
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    given, name = (size, "output size") if scale_factor is None else (scale_factor, "scale_factor")
    each = list(given) if isinstance(given, (tuple, list)) else [given] * n
    if len(each) != n:
        raise ValueError(
            "Input and output must have the same number of spatial dimensions, but got input with "
            f"spatial dimensions of {list(input.shape[2:])} and {name} of {given}"
        )
    if scale_factor is None:
        return each, [None] * n
    return [math.floor(float(s) * f) for s, f in zip(input.shape[2:], each, strict=True)], each


def _scale(real, size, count, factor, align_corners=False):
    """Return how many old elements one step from new element to new element is."""
    if align_corners:
        return real(size - 1) / real(count - 1) if count > 1 else real(0)
    return real(1.0 / factor) if factor else real(size) / real(count)


def _nearest(size, count, factor, exact):
    """Return the old element for each new one."""
    scale = _scale(np.float32, size, count, factor)
    places = np.arange(count, dtype=np.float32)
    places = (places + np.float32(0.5)) * scale if exact else places * scale
    return np.minimum(np.floor(places).astype(np.int64), size - 1)


def _positions(real, count, scale, align_corners):
    """Return where new elements lie among the old ones, which lie at 0, 1, 2, ..."""
    places = np.arange(count, dtype=real)
    return places * scale if align_corners else (places + real(0.5)) * scale - real(0.5)


def _linear(position, size):
    position = np.maximum(position, 0)
    low = np.minimum(np.floor(position), size - 1)
    weight = np.clip(position - low, 0, 1)
    low = low.astype(np.int64)
    return (low, np.minimum(low + 1, size - 1)), (1 - weight, weight)


def cubic_weights(t: Tensor) -> tuple:
    """Return the weights of the four elements around a place ``t`` past the second of them.

    The cubic convolution kernel with a = -0.75; for arrays and tensors alike.

    >>> from minigrad.ops.interpolate import cubic_weights
    >>> cubic_weights(0.5)
    (-0.09375, 0.59375, 0.59375, -0.09375)
    """
    a = -0.75
    return _far(t + 1, a), _near(t, a), _near(1 - t, a), _far(2 - t, a)


def _near(x, a):
    """Return the cubic convolution kernel at a distance of up to 1."""
    return ((a + 2) * x - (a + 3)) * x * x + 1


def _far(x, a):
    """Return the cubic convolution kernel at a distance from 1 to 2."""
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def _cubic(position, size):
    low = np.floor(position)
    places = low.astype(np.int64)
    return (
        [np.clip(places + i, 0, size - 1) for i in (-1, 0, 1, 2)],
        cubic_weights(position - low),
    )


def _triangle(x):
    return np.maximum(1 - x, 0)


def _smooth_cubic(x):
    """Return the cubic kernel that resizing with antialias uses: Keys's, with a = -0.5."""
    return np.where(x < 1, _near(x, -0.5), np.where(x < 2, _far(x, -0.5), 0))


def _lanczos(x):
    return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0)


# How far each reaches.
_KERNELS = {"bilinear": (1, _triangle), "bicubic": (2, _smooth_cubic), "lanczos": (3, _lanczos)}


def _averaged(reach, kernel, real, size, count, scale):
    """Return places and weights of a kernel as wide as ``scale`` old elements, if that is over 1.

    A new element may have fewer taps than others, at the ends: then some have no weight.
    """
    wide = max(scale, real(1))
    center = scale * (np.arange(count, dtype=real) + real(0.5))
    start = np.maximum((center - wide * reach + real(0.5)).astype(np.int64), 0)
    end = np.minimum((center + wide * reach + real(0.5)).astype(np.int64), size)
    places = start[:, None] + np.arange((end - start).max())
    distance = np.abs(places - center[:, None] + real(0.5)) / wide
    weights = np.where(places < end[:, None], kernel(distance), 0)
    weights = (weights / weights.sum(1, keepdims=True)).astype(real)
    return np.minimum(places, size - 1).T, weights.T


def upsample(
    input: Tensor,
    size: Ints | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """The older name of ``interpolate``; warns.  Source: torch.nn.functional.upsample."""
    _warn("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Tensor, size: Ints | None = None, scale_factor: float | Sequence[float] | None = None
) -> Tensor:
    """``interpolate`` in mode "nearest"; warns.  Source: torch.nn.functional.upsample_nearest."""
    _warn("upsample_nearest")
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(
    input: Tensor, size: Ints | None = None, scale_factor: float | Sequence[float] | None = None
) -> Tensor:
    """``interpolate`` in mode "bilinear" with ``align_corners``; warns.

    Source: torch.nn.functional.upsample_bilinear.
    """
    _warn("upsample_bilinear")
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)


def _warn(name):
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=3,
    )
