"""Ops that only rearrange channels and pixels."""

from __future__ import annotations

from minigrad.attributes import contiguous_format
from minigrad.ops.recorded import labelled
from minigrad.ops.spatial import check_tensor
from minigrad.tensor import Tensor


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Return images r times as high and wide, made of groups of r * r channels.

    Shapes: (*, c * r * r, h, w) -> (*, c, h * r, w * r), r being ``upscale_factor``.
    RuntimeError for fewer than three dimensions, and channels that r * r does not divide.
    Source: torch.nn.functional.pixel_shuffle; W. Shi and others, "Real-Time Single Image and Video
    Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016.

    >>> import minigrad
    >>> minigrad.pixel_shuffle(minigrad.arange(4).reshape(4, 1, 1), 2)
    tensor([[[0, 1],
             [2, 3]]])
    """
    _check("pixel_shuffle", input, "upscale_factor", upscale_factor)
    r = upscale_factor
    *outer, channels, height, width = input.shape
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    blocks = input.reshape(*outer, channels // (r * r), r, r, height, width)
    out = _copied(blocks.movedim((-4, -3), (-3, -1))).reshape(
        *outer, channels // (r * r), height * r, width * r
    )
    return labelled(out, "PixelShuffleBackward0")


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Return what ``pixel_shuffle`` makes its argument of: the pixels of a block as channels.

    Shapes: (*, c, h * r, w * r) -> (*, c * r * r, h, w), r being ``downscale_factor``.
    RuntimeError for fewer than three dimensions, and sizes that r does not divide.
    Source: torch.nn.functional.pixel_unshuffle.

    >>> import minigrad
    >>> minigrad.pixel_unshuffle(minigrad.arange(4).reshape(1, 2, 2), 2).flatten()
    tensor([0, 1, 2, 3])
    """
    _check("pixel_unshuffle", input, "downscale_factor", downscale_factor)
    r = downscale_factor
    *outer, channels, height, width = input.shape
    if height % r or width % r:
        raise RuntimeError(
            "pixel_unshuffle expects height and width to be divisible by downscale_factor, but "
            f"input of size {list(input.shape)} is not divisible by {r}"
        )
    blocks = input.reshape(*outer, channels, height // r, r, width // r, r)
    out = _copied(blocks.movedim((-3, -1), (-4, -3))).reshape(
        *outer, channels * r * r, height // r, width // r
    )
    return labelled(out, "PixelUnshuffleBackward0")


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Return the channels in another order: the first of each group, then the second, and so on.

    Shape: (n, c, *), and the result likewise.  RuntimeError for fewer than three dimensions and
    channels that ``groups`` does not divide.
    Source: torch.nn.functional.channel_shuffle; X. Zhang and others, "ShuffleNet", 2018.

    >>> import minigrad
    >>> minigrad.channel_shuffle(minigrad.arange(4).reshape(1, 4, 1), 2).flatten()
    tensor([0, 2, 1, 3])
    """
    check_tensor(input, "channel_shuffle")
    if input.dim() < 3:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got {list(input.shape)}"
        )
    n, channels, *sizes = input.shape
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    if channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and "
            f"{groups} groups."
        )
    grouped = input.reshape(n, groups, channels // groups, *sizes)
    out = grouped.transpose(1, 2).reshape(n, channels, *sizes)
    return labelled(out, "ChannelShuffleBackward0")


def _copied(x):
    """Return a copy, with the elements in the order of the dimensions."""
    return x.clone(memory_format=contiguous_format)


def _check(function, input, name, factor):
    check_tensor(input, function)
    if input.dim() < 3:
        raise RuntimeError(
            f"{function} expects input to have at least 3 dimensions, but got input with "
            f"{input.dim()} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{function} expects a positive {name}, but got {factor}")
