"""Pooling layers beyond sliding maxima and means, and unpooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from minigrad.nn import functional as F
from minigrad.nn.modules.conv import per_dimension
from minigrad.nn.modules.module import Module
from minigrad.tensor import Tensor
from minigrad.types import Ints


class _LPPoolNd(Module):
    pool: Callable

    def __init__(
        self,
        norm_type: float,
        kernel_size: Ints,
        stride: Ints | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return self.pool(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class _AdaptiveMaxPoolNd(Module):
    pool: Callable

    def __init__(self, output_size: Ints, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Tensor:
        return self.pool(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _MaxUnpoolNd(Module):
    n: int
    unpool: Callable

    def __init__(self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0) -> None:
        super().__init__()
        self.kernel_size = per_dimension(kernel_size, self.n)
        self.stride = per_dimension(kernel_size if stride is None else stride, self.n)
        self.padding = per_dimension(padding, self.n)

    def forward(self, input: Tensor, indices: Tensor, output_size: Ints | None = None) -> Tensor:
        return self.unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _FractionalMaxPoolNd(Module):
    n: int
    pool: Callable

    def __init__(
        self,
        kernel_size: Ints,
        output_size: Ints | None = None,
        output_ratio: float | Sequence[float] | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                f"{self._get_name()} requires specifying either an output size or an output "
                f"ratio, but got {output_size=}, {output_ratio=}"
            )
        self.kernel_size = per_dimension(kernel_size, self.n)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else per_dimension(output_size, self.n)
        self.output_ratio = None if output_ratio is None else per_dimension(output_ratio, self.n)
        if output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio or ()):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Tensor:
        return self.pool(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class LPPool1d(_LPPoolNd):
    """The p-norm of each window over the last dimension.

    The arguments are those of :class:`LPPool2d`.

    Shape: ``(N, C, L)`` to ``(N, C, L')``, also without N.

    Source: ``torch.nn.LPPool1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.LPPool1d(2, 2)(minigrad.zeros(8, 3, 12)).shape
        minigrad.Size([8, 3, 6])
    """

    pool = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPoolNd):
    """The p-norm of each window over the last two dimensions.

    Args:
        norm_type: p, of ``sum(x ** p) ** (1 / p)``.
        kernel_size: size of the window: int, or one for each dimension.
        stride: step of the window; by default its size.
        ceil_mode: let the last window reach over the end rather than leave elements out.

    Shape: ``(N, C, H, W)`` to ``(N, C, H', W')``, also without N.

    Source: ``torch.nn.LPPool2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.LPPool2d(2, 2)(minigrad.zeros(8, 3, 12, 9)).shape
        minigrad.Size([8, 3, 6, 4])
    """

    pool = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPoolNd):
    """The p-norm of each window over the last three dimensions.

    The arguments are those of :class:`LPPool2d`.

    Shape: ``(N, C, D, H, W)`` to ``(N, C, D', H', W')``, also without N.

    Source: ``torch.nn.LPPool3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.LPPool3d(2, 2)(minigrad.zeros(8, 3, 6, 12, 9)).shape
        minigrad.Size([8, 3, 3, 6, 4])
    """

    pool = staticmethod(F.lp_pool3d)


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The maxima of as many windows as asked for, that together cover the last dimension.

    The arguments are those of :class:`AdaptiveMaxPool2d`.

    Shape: ``(N, C, L)`` to ``(N, C, L')``, also without N.

    Source: ``torch.nn.AdaptiveMaxPool1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.AdaptiveMaxPool1d(5)(minigrad.zeros(8, 3, 12)).shape
        minigrad.Size([8, 3, 5])
    """

    pool = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The maxima of as many windows as asked for, that together cover the last two dimensions.

    Args:
        output_size: (H', W'), where None keeps the size of the input; an int stands for both.
        return_indices: return also where each maximum was found.

    Shape: ``(N, C, H, W)`` to ``(N, C, H', W')``, also without N.

    Source: ``torch.nn.AdaptiveMaxPool2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.AdaptiveMaxPool2d(5)(minigrad.zeros(8, 3, 12, 9)).shape
        minigrad.Size([8, 3, 5, 5])
    """

    pool = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The maxima of as many windows as asked for, that together cover the last three dimensions.

    The arguments are those of :class:`AdaptiveMaxPool2d`.

    Shape: ``(N, C, D, H, W)`` to ``(N, C, D', H', W')``, also without N.

    Source: ``torch.nn.AdaptiveMaxPool3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.AdaptiveMaxPool3d(5)(minigrad.zeros(8, 3, 6, 12, 9)).shape
        minigrad.Size([8, 3, 5, 5, 5])
    """

    pool = staticmethod(F.adaptive_max_pool3d)


class MaxUnpool1d(_MaxUnpoolNd):
    """Zeros, with the maxima that :class:`MaxPool1d` found where it found them.

    The arguments are those of :class:`MaxUnpool2d`.

    Shape: ``(N, C, L')`` to ``(N, C, L)``, also without N.

    Source: ``torch.nn.MaxUnpool1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> y, indices = nn.MaxPool1d(2, return_indices=True)(minigrad.zeros(8, 3, 12))
        >>> nn.MaxUnpool1d(2)(y, indices).shape
        minigrad.Size([8, 3, 12])
    """

    n = 1
    unpool = staticmethod(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpoolNd):
    """Zeros, with the maxima that :class:`MaxPool2d` found where it found them.

    Args:
        kernel_size: size of the window that pooled: int, or one for each dimension.
        stride: its step; by default its size.
        padding: how far it reached over the ends.

    Called with the maxima, their indices and, to tell apart the sizes that pooling takes to the
    same size, ``output_size``.

    Shape: ``(N, C, H', W')`` to ``(N, C, H, W)``, also without N.

    Source: ``torch.nn.MaxUnpool2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> y, indices = nn.MaxPool2d((2, 3), return_indices=True)(minigrad.zeros(8, 3, 12, 9))
        >>> nn.MaxUnpool2d((2, 3))(y, indices).shape
        minigrad.Size([8, 3, 12, 9])
    """

    n = 2
    unpool = staticmethod(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpoolNd):
    """Zeros, with the maxima that :class:`MaxPool3d` found where it found them.

    The arguments are those of :class:`MaxUnpool2d`.

    Shape: ``(N, C, D', H', W')`` to ``(N, C, D, H, W)``, also without N.

    Source: ``torch.nn.MaxUnpool3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> y, places = nn.MaxPool3d((2, 2, 3), return_indices=True)(minigrad.zeros(8, 3, 6, 12, 9))
        >>> nn.MaxUnpool3d((2, 2, 3))(y, places).shape
        minigrad.Size([8, 3, 6, 12, 9])
    """

    n = 3
    unpool = staticmethod(F.max_unpool3d)


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """The maxima of windows over the last two dimensions, whose steps are drawn at random.

    Args:
        kernel_size: size of the window: int, or one for each dimension; likewise the next two.
        output_size: (H', W').
        output_ratio: or the fractions of H and W, between 0 and 1.
        return_indices: return also where each maximum was found.

    Shape: ``(N, C, H, W)`` to ``(N, C, H', W')``, also without N.

    Raises ValueError unless either a size or a ratio is given.

    Source: ``torch.nn.FractionalMaxPool2d``; B. Graham, "Fractional Max-Pooling", 2014.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.FractionalMaxPool2d(2, output_size=(7, 5))(minigrad.zeros(8, 3, 12, 9)).shape
        minigrad.Size([8, 3, 7, 5])
    """

    n = 2
    pool = staticmethod(F.fractional_max_pool2d)


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """The maxima of windows over the last three dimensions, whose steps are drawn at random.

    The arguments are those of :class:`FractionalMaxPool2d`.

    Shape: ``(N, C, D, H, W)`` to ``(N, C, D', H', W')``, also without N.

    Raises ValueError unless either a size or a ratio is given.

    Source: ``torch.nn.FractionalMaxPool3d``; B. Graham, "Fractional Max-Pooling", 2014.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.FractionalMaxPool3d(2, output_size=(4, 7, 5))(minigrad.zeros(8, 3, 6, 12, 9)).shape
        minigrad.Size([8, 3, 4, 7, 5])
    """

    n = 3
    pool = staticmethod(F.fractional_max_pool3d)
