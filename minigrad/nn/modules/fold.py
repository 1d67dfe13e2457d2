"""Fold and Unfold: images as columns of patches, and back."""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.modules.module import Module
from minigrad.tensor import Tensor
from minigrad.types import Ints


class Unfold(Module):
    """Every patch of an image as a column.

    Args:
        kernel_size: size of a patch: int, or one for each dimension; likewise the next three.
        dilation: distance between the elements of a patch.
        padding: zeros added at both ends.
        stride: step from patch to patch.

    Shape: ``(N, C, H, W)`` to ``(N, C * kernel height * kernel width, patches)``, also without N.

    Source: ``torch.nn.Unfold``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Unfold((2, 3))(minigrad.zeros(2, 5, 3, 4)).shape
        minigrad.Size([2, 30, 4])
    """

    def __init__(
        self, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


class Fold(Module):
    """The image that columns of patches make when each is added at its place.

    Args:
        output_size: height and width of the image; an int for both.
        kernel_size: as in :class:`Unfold`, likewise the rest.

    Shape: ``(N, C * kernel height * kernel width, patches)`` to ``(N, C, *output_size)``, also
    without N.

    Source: ``torch.nn.Fold``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Fold((4, 5), (2, 2))(minigrad.zeros(1, 3 * 2 * 2, 12)).shape
        minigrad.Size([1, 3, 4, 5])
    """

    def __init__(
        self,
        output_size: Ints,
        kernel_size: Ints,
        dilation: Ints = 1,
        padding: Ints = 0,
        stride: Ints = 1,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        return F.fold(
            *(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)
        )

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )
