"""Layers that only rearrange channels and pixels."""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.modules.module import Module
from minigrad.tensor import Tensor


class PixelShuffle(Module):
    """Images r times as high and wide, made of groups of r * r channels.

    Shape: ``(*, C * r * r, H, W)`` to ``(*, C, H * r, W * r)``, r being ``upscale_factor``.

    Source: ``torch.nn.PixelShuffle``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.PixelShuffle(3)(minigrad.zeros(1, 9, 4, 4)).shape
        minigrad.Size([1, 1, 12, 12])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """The pixels of each r by r block as channels: :class:`PixelShuffle` undone.

    Shape: ``(*, C, H * r, W * r)`` to ``(*, C * r * r, H, W)``, r being ``downscale_factor``.

    Source: ``torch.nn.PixelUnshuffle``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.PixelUnshuffle(3)(minigrad.zeros(1, 1, 12, 12)).shape
        minigrad.Size([1, 9, 4, 4])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """The channels in another order: the first of each group, then the second, and so on.

    Shape: ``(N, C, *)``, and the output likewise.

    Source: ``torch.nn.ChannelShuffle``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ChannelShuffle(2)(minigrad.arange(4).reshape(1, 4, 1, 1)).flatten()
        tensor([0, 2, 1, 3])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
