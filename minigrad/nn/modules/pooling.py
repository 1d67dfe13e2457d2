"""Pooling layers: the largest or the mean of each window."""

from __future__ import annotations

from collections.abc import Callable

from minigrad.nn import functional as F
from minigrad.nn.modules.conv import per_dimension
from minigrad.nn.modules.module import Module
from minigrad.tensor import Tensor
from minigrad.types import Ints


class _MaxPoolNd(Module):
    pool: Callable

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        dilation: Ints = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return self.pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """The largest value of each window over the last dimension.

    The arguments are those of :class:`MaxPool2d`.

    Shape: ``(N, C, L)`` to ``(N, C, L')``, also without N.

    Source: ``torch.nn.MaxPool1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.MaxPool1d(2)(minigrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
        tensor([[3., 2.]])
    """

    pool = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPoolNd):
    """The largest value of each window over the last two dimensions.

    Args:
        kernel_size: size of the window: int, or one for each dimension; likewise the next three.
        stride: step of the window; by default its size.
        padding: how far windows may reach over the ends, at most half of their size.
        dilation: distance between the elements of a window.
        return_indices: return also where each maximum was found.
        ceil_mode: let the last window reach over the end rather than leave elements out.

    Shape: ``(N, C, H, W)`` to ``(N, C, H', W')``, also without N, where
    ``H' = (H + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1``.

    Source: ``torch.nn.MaxPool2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.MaxPool2d(2)(minigrad.zeros(32, 8, 28, 28)).shape
        minigrad.Size([32, 8, 14, 14])
    """

    pool = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPoolNd):
    """The largest value of each window over the last three dimensions.

    The arguments are those of :class:`MaxPool2d`.

    Shape: ``(N, C, D, H, W)`` to ``(N, C, D', H', W')``, also without N.

    Source: ``torch.nn.MaxPool3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.MaxPool3d(2)(minigrad.zeros(32, 8, 4, 28, 28)).shape
        minigrad.Size([32, 8, 2, 14, 14])
    """

    pool = staticmethod(F.max_pool3d)


class _AvgPoolNd(Module):
    pool: Callable
    divisor_override = None  # which torch's AvgPool1d lacks

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return self.pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """The mean of each window over the last dimension.

    The arguments are those of :class:`AvgPool2d`, save the last.

    Shape: ``(N, C, L)`` to ``(N, C, L')``, also without N.

    Source: ``torch.nn.AvgPool1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.AvgPool1d(2)(minigrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
        tensor([[2., 1.]])
    """

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(
            per_dimension(kernel_size, 1),
            per_dimension(kernel_size if stride is None else stride, 1),
            per_dimension(padding, 1),
            ceil_mode,
            count_include_pad,
        )

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )


class AvgPool2d(_AvgPoolNd):
    """The mean of each window over the last two dimensions.

    Args:
        kernel_size: size of the window: int, or one for each dimension; likewise the next two.
        stride: step of the window; by default its size.
        padding: zeros added at both ends.
        ceil_mode: let the last window reach over the end rather than leave elements out.
        count_include_pad: whether the added zeros count in the mean.
        divisor_override: divide by this instead of the number of elements.

    Shape: ``(N, C, H, W)`` to ``(N, C, H', W')``, also without N, where
    ``H' = (H + 2 * padding - kernel_size) // stride + 1``.

    Source: ``torch.nn.AvgPool2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.AvgPool2d(3, stride=2)(minigrad.zeros(20, 16, 50, 32)).shape
        minigrad.Size([20, 16, 24, 15])
    """

    pool = staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPoolNd):
    """The mean of each window over the last three dimensions.

    The arguments are those of :class:`AvgPool2d`.

    Shape: ``(N, C, D, H, W)`` to ``(N, C, D', H', W')``, also without N.

    Source: ``torch.nn.AvgPool3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.AvgPool3d(2)(minigrad.zeros(20, 16, 8, 50, 32)).shape
        minigrad.Size([20, 16, 4, 25, 16])
    """

    pool = staticmethod(F.avg_pool3d)


class _AdaptiveAvgPoolNd(Module):
    pool: Callable

    def __init__(self, output_size: Ints) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return self.pool(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """The means of ``output_size`` windows that together cover the last dimension.

    Shape: ``(N, C, L)`` to ``(N, C, output_size)``, also without N.

    Source: ``torch.nn.AdaptiveAvgPool1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.AdaptiveAvgPool1d(2)(minigrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
        tensor([[2., 1.]])
    """

    pool = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """The means of H' by W' windows that together cover the last two dimensions.

    Args:
        output_size: (H', W'), where None keeps the size of the input; an int stands for both.

    Shape: ``(N, C, H, W)`` to ``(N, C, H', W')``, also without N.

    Source: ``torch.nn.AdaptiveAvgPool2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.AdaptiveAvgPool2d((5, None))(minigrad.zeros(1, 64, 8, 9)).shape
        minigrad.Size([1, 64, 5, 9])
    """

    pool = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """The means of D' by H' by W' windows that together cover the last three dimensions.

    Args:
        output_size: (D', H', W'), where None keeps the size of the input; an int stands for all.

    Shape: ``(N, C, D, H, W)`` to ``(N, C, D', H', W')``, also without N.

    Source: ``torch.nn.AdaptiveAvgPool3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.AdaptiveAvgPool3d((5, None, 2))(minigrad.zeros(1, 64, 8, 9, 10)).shape
        minigrad.Size([1, 64, 5, 9, 2])
    """

    pool = staticmethod(F.adaptive_avg_pool3d)
