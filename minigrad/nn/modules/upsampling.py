"""Upsampling layers."""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.modules.module import Module
from minigrad.tensor import Tensor
from minigrad.types import Ints


class Upsample(Module):
    """Another number of elements in the spatial dimensions: ``F.interpolate`` as a layer.

    Args:
        size: the new sizes, an int or one for each dimension; or instead
        scale_factor: what to multiply the sizes by, a number or one for each dimension.
        mode: "nearest", "linear", "bilinear", "bicubic" or "trilinear".
        align_corners: for all but "nearest", whether the first and the last elements stay where
            they are, rather than the outer edges.
        recompute_scale_factor: work out the factor from the sizes anew, rounded as they are.

    Shape: ``(N, C, L)``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``, and the output likewise.

    Source: ``torch.nn.Upsample``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Upsample(scale_factor=2)(minigrad.tensor([[[[1.0, 2.0]]]]))
        tensor([[[[1., 1., 2., 2.],
                  [1., 1., 2., 2.]]]])
    """

    def __init__(
        self,
        size: Ints | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        self.scale_factor: float | tuple[float, ...] | None
        if isinstance(scale_factor, (tuple, list)):
            self.scale_factor = tuple(float(factor) for factor in scale_factor)
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            recompute_scale_factor=self.recompute_scale_factor,
        )

    def extra_repr(self) -> str:
        if self.scale_factor is not None:
            return f"scale_factor={self.scale_factor!r}, mode={self.mode!r}"
        return f"size={self.size!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Images of another size, each element the nearest one of the input.

    Args:
        size: height and width, an int for both; or instead
        scale_factor: what to multiply them by.

    Shape: ``(N, C, H, W)`` to ``(N, C, H', W')``.

    Source: ``torch.nn.UpsamplingNearest2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.UpsamplingNearest2d(scale_factor=2)(minigrad.zeros(1, 3, 4, 5)).shape
        minigrad.Size([1, 3, 8, 10])
    """

    def __init__(
        self, size: Ints | None = None, scale_factor: float | tuple[float, ...] | None = None
    ) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Images of another size, by linear interpolation with the corners where they are.

    Args:
        size: height and width, an int for both; or instead
        scale_factor: what to multiply them by.

    Shape: ``(N, C, H, W)`` to ``(N, C, H', W')``.

    Source: ``torch.nn.UpsamplingBilinear2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.UpsamplingBilinear2d(3)(minigrad.tensor([[[[0.0, 1.0], [2.0, 3.0]]]]))
        tensor([[[[0.0000, 0.5000, 1.0000],
                  [1.0000, 1.5000, 2.0000],
                  [2.0000, 2.5000, 3.0000]]]])
    """

    def __init__(
        self, size: Ints | None = None, scale_factor: float | tuple[float, ...] | None = None
    ) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
