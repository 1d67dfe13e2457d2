"""Reading images and volumes at places given by a grid: affine_grid and grid_sample."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence

import numpy as np

from minigrad.ops.creation import from_numpy, linspace, zeros
from minigrad.ops.elementwise import where
from minigrad.ops.interpolate import cubic_weights
from minigrad.ops.recorded import floating, labelled
from minigrad.ops.spatial import check_tensor
from minigrad.tensor import Tensor

_DEFAULT = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since torch "
    "1.3.0. Please specify align_corners=True if the old behavior is desired."
)


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """Return the grid for ``grid_sample`` that applies an affine map to images or volumes.

    Args:
        theta: (n, 2, 3) or (n, 3, 4): matrices from places in the result to places in the input.
        size: the size of the result, (n, c, h, w) or (n, c, d, h, w).
        align_corners: whether -1 and 1 are the middles of the first and last elements rather than
            their outer edges; default False, with a warning.

    Shape of the result: (n, h, w, 2) or (n, d, h, w, 3).

    Raises ValueError for another shape or dtype of ``theta``, NotImplementedError for another
    number of sizes.  Source: torch.nn.functional.affine_grid.

    >>> import minigrad
    >>> same = minigrad.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> minigrad.nn.functional.affine_grid(same, (1, 1, 1, 3), align_corners=True)
    tensor([[[[-1.,  0.],
              [ 0.,  0.],
              [ 1.,  0.]]]])
    """
    check_tensor(theta, "affine_grid", "theta")
    if align_corners is None:
        warnings.warn(_DEFAULT, stacklevel=2)
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    n = len(size) - 2
    if n not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {tuple(size)}."
        )
    if theta.dim() != 3 or theta.shape[1:] != (n, n + 1):
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size "
            f"{tuple(size)}. Got {theta.shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {tuple(size)}")
    if theta.shape[0] != size[0]:
        raise RuntimeError(
            f"Expected theta and size to agree on the batch, but got theta of size "
            f"{list(theta.shape)} and size {tuple(size)}"
        )
    real = np.dtype(theta.dtype.name)
    axes = [_axis(count, align_corners, real) for count in size[2:]]
    places = np.meshgrid(*axes, indexing="ij")[::-1]  # x before y before z
    base = np.stack([*places, np.ones_like(places[0])], -1).reshape(-1, n + 1)
    grid = from_numpy(base) @ theta.transpose(1, 2)
    return grid.reshape(size[0], *size[2:], n)


def _axis(count, align_corners, real):
    if count == 1:
        return np.zeros(1, real)
    axis = linspace(-1, 1, count, dtype=real).numpy()
    return axis if align_corners else axis * real.type(count - 1) / real.type(count)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Return the values of images or volumes at the places of a grid.

    Args:
        input: (n, c, h, w) or (n, c, d, h, w).
        grid: (n, h', w', 2) or (n, d', h', w', 3): places (x, y) or (x, y, z), from -1 to 1 over
            the input.
        mode: "bilinear", "nearest", or "bicubic" (of images).
        padding_mode: what lies outside: "zeros", "border" (the nearest element) or "reflection".
        align_corners: whether -1 and 1 are the middles of the first and last elements rather than
            their outer edges; default False, with a warning.

    Shape of the result: (n, c, h', w') or (n, c, d', h', w').

    Raises ValueError for other modes, RuntimeError for shapes or dtypes that do not fit.
    Source: torch.nn.functional.grid_sample.

    >>> import minigrad
    >>> image = minigrad.tensor([[[[1.0, 3.0]]]])
    >>> places = minigrad.tensor([[[[-1.0, 0.0], [0.0, 0.0]]]])
    >>> minigrad.nn.functional.grid_sample(image, places, align_corners=True)
    tensor([[[[1., 2.]]]])
    """
    check_tensor(input, "grid_sample")
    check_tensor(grid, "grid_sample", "grid")
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: {mode!r}"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: {padding_mode!r}"
        )
    if align_corners is None:
        warnings.warn(_DEFAULT, stacklevel=2)
    n = _check_sizes(input, grid, mode)
    taps = [
        _taps(grid[..., n - 1 - d], input.shape[2 + d], mode, padding_mode, bool(align_corners))
        for d in range(n)
    ]
    flat, total = input.flatten(2), zeros(1, dtype=input.dtype)
    for corner in itertools.product(*taps):
        place, weight = corner[0]
        for size, (index, part) in zip(input.shape[3:], corner[1:], strict=True):
            place, weight = place * size + index, weight * part
        index = from_numpy(place).flatten(1).unsqueeze(1)
        values = flat.gather(2, index.expand(-1, input.shape[1], -1))
        values = values.reshape(*input.shape[:2], *grid.shape[1:-1])
        total = total + values * weight.unsqueeze(1)
    return labelled(total, "GridSampler2DBackward0" if n == 2 else "GridSampler3DBackward0")


def _check_sizes(input, grid, mode):
    """Return the number of spatial dimensions, or raise what is wrong."""
    sizes = f"input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    n = input.dim() - 2
    if not input.dim() or not grid.dim() or input.shape[0] != grid.shape[0]:
        raise RuntimeError(
            f"grid_sampler(): expected grid and input to have same batch size, but got {sizes}"
        )
    if n not in (2, 3) or grid.dim() != input.dim():
        raise RuntimeError(
            f"grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, "
            f"but got {sizes}"
        )
    if grid.shape[-1] != n:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {n} in last dimension, but got {sizes}"
        )
    if 0 in input.shape[2:]:
        raise RuntimeError(
            f"grid_sampler(): expected input to have non-empty spatial dimensions, but got {sizes}"
        )
    if mode == "bicubic" and n == 3:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    floating(input, "grid_sampler")
    if grid.dtype is not input.dtype:
        raise RuntimeError(
            f"grid_sampler(): expected input and grid of one dtype, but got "
            f"{input.dtype} and {grid.dtype}"
        )
    return n


def _taps(place, size, mode, padding_mode, align_corners):
    """Return the elements along one dimension that matter for each place: [(index, weight)]."""
    span = size - 1 if align_corners else size
    position = ((place + 1) * span - (0 if align_corners else 1)) / 2
    if mode != "bicubic":
        position = _inside(position, size, padding_mode, align_corners)
    if mode == "nearest":
        index, known = _tap(position.round().detach(), size, 1.0)
        return [(index, where(known < 0, position, known))]  # a gradient of zero, as torch's
    low = position.detach().floor()
    part = position - low
    if mode == "bilinear":
        return [_tap(low, size, 1 - part), _tap(low + 1, size, part)]
    return [
        _tap(_inside(low + i, size, padding_mode, align_corners), size, weight)
        for i, weight in zip((-1, 0, 1, 2), cubic_weights(part), strict=True)
    ]


def _tap(index, size, weight):
    """Return an index that can be read, and its weight: zero outside."""
    known = ((index >= 0) & (index <= size - 1)).to(index.dtype)
    readable = index.nan_to_num(-1.0).clamp(0, size - 1).numpy().astype(np.int64)
    return readable, known * weight


def _inside(position, size, padding_mode, align_corners):
    """Return places with those outside moved to the border, or mirrored at it."""
    if padding_mode == "zeros":
        return position
    if padding_mode == "reflection":
        position = _mirrored(position, size, align_corners)
    clipped = position.detach().clamp(0, size - 1)
    return where((position > 0) & (position < size - 1), position, clipped)


def _mirrored(position, size, align_corners):
    low, span = (0.0, size - 1.0) if align_corners else (-0.5, float(size))
    if span == 0:
        return position * 0
    away = position.numpy(force=True) - low
    distance = np.abs(away)
    flips = np.floor(distance / span)
    # the mirrored place is sign * position + offset, with numbers that jump but do not change
    sign = np.where(flips % 2 == 0, 1, -1).astype(away.dtype)
    offset = np.where(flips % 2 == 0, low - flips * span, low + (flips + 1) * span)
    direction = np.where(away < 0, -1, 1).astype(away.dtype)
    away = (position - low) * from_numpy(direction)
    return away * from_numpy(sign) + from_numpy(offset.astype(sign.dtype))
