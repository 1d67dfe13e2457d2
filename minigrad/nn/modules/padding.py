"""Padding layers: elements added at both ends of the last one, two or three dimensions."""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.modules.conv import per_dimension
from minigrad.nn.modules.module import Module
from minigrad.tensor import Tensor
from minigrad.types import Ints


class _PadNd(Module):
    """Pads the last ``n`` dimensions in one mode of ``F.pad``."""

    n: int
    mode = "constant"

    def __init__(self, padding: Ints) -> None:
        super().__init__()
        self.padding = per_dimension(padding, 2 * self.n)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadNd(_PadNd):
    def __init__(self, padding: Ints, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPadNd(_ConstantPadNd):
    def __init__(self, padding: Ints) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _CircularPadNd(_PadNd):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (self.n + 1, self.n + 2):
            raise ValueError(
                f"expected {self.n + 1}D or {self.n + 2}D input (got {input.dim()}D input)"
            )
        return super().forward(input)


class ConstantPad1d(_ConstantPadNd):
    """Adds ``value`` at both ends of the last dimension.

    Args:
        padding: how many before and after; an int for both.
        value: what to add.

    Shape: (C, W) or (N, C, W).

    Source: ``torch.nn.ConstantPad1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ConstantPad1d((2, 1), 7)(minigrad.tensor([[1.0, 2.0, 3.0]])).tolist()
        [[7.0, 7.0, 1.0, 2.0, 3.0, 7.0]]
    """

    n = 1


class ConstantPad2d(_ConstantPadNd):
    """Adds ``value`` at both ends of the last two dimensions.

    As :class:`ConstantPad1d`, with ``padding`` an int or (left, right, top, bottom).

    Shape: (C, H, W) or (N, C, H, W).

    Source: ``torch.nn.ConstantPad2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ConstantPad2d((1, 2, 0, 3), 7)(minigrad.zeros(1, 4, 5)).shape
        minigrad.Size([1, 7, 8])
    """

    n = 2


class ConstantPad3d(_ConstantPadNd):
    """Adds ``value`` at both ends of the last three dimensions.

    As :class:`ConstantPad1d`, with ``padding`` an int or (left, right, top, bottom,
    front, back).

    Shape: (C, D, H, W) or (N, C, D, H, W).

    Source: ``torch.nn.ConstantPad3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ConstantPad3d((1, 2, 0, 3, 1, 1), 7)(minigrad.zeros(1, 4, 5, 6)).shape
        minigrad.Size([1, 6, 8, 9])
    """

    n = 3


class ReflectionPad1d(_PadNd):
    """Adds the elements mirrored at the outermost one at both ends of the last dimension.

    Args:
        padding: how many before and after; an int for both.

    Shape: (C, W) or (N, C, W).

    Source: ``torch.nn.ReflectionPad1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ReflectionPad1d((2, 1))(minigrad.tensor([[1.0, 2.0, 3.0]])).tolist()
        [[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]]
    """

    n = 1
    mode = "reflect"


class ReflectionPad2d(_PadNd):
    """Adds the elements mirrored at the outermost one at both ends of the last two dimensions.

    As :class:`ReflectionPad1d`, with ``padding`` an int or (left, right, top, bottom).

    Shape: (C, H, W) or (N, C, H, W).

    Source: ``torch.nn.ReflectionPad2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ReflectionPad2d((1, 2, 0, 3))(minigrad.zeros(1, 4, 5)).shape
        minigrad.Size([1, 7, 8])
    """

    n = 2
    mode = "reflect"


class ReflectionPad3d(_PadNd):
    """Adds the elements mirrored at the outermost one at both ends of the last three dimensions.

    As :class:`ReflectionPad1d`, with ``padding`` an int or (left, right, top, bottom,
    front, back).

    Shape: (C, D, H, W) or (N, C, D, H, W).

    Source: ``torch.nn.ReflectionPad3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ReflectionPad3d((1, 2, 0, 3, 1, 1))(minigrad.zeros(1, 4, 5, 6)).shape
        minigrad.Size([1, 6, 8, 9])
    """

    n = 3
    mode = "reflect"


class ReplicationPad1d(_PadNd):
    """Adds the outermost element at both ends of the last dimension.

    Args:
        padding: how many before and after; an int for both.

    Shape: (C, W) or (N, C, W).

    Source: ``torch.nn.ReplicationPad1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ReplicationPad1d((2, 1))(minigrad.tensor([[1.0, 2.0, 3.0]])).tolist()
        [[1.0, 1.0, 1.0, 2.0, 3.0, 3.0]]
    """

    n = 1
    mode = "replicate"


class ReplicationPad2d(_PadNd):
    """Adds the outermost element at both ends of the last two dimensions.

    As :class:`ReplicationPad1d`, with ``padding`` an int or (left, right, top, bottom).

    Shape: (C, H, W) or (N, C, H, W).

    Source: ``torch.nn.ReplicationPad2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ReplicationPad2d((1, 2, 0, 3))(minigrad.zeros(1, 4, 5)).shape
        minigrad.Size([1, 7, 8])
    """

    n = 2
    mode = "replicate"


class ReplicationPad3d(_PadNd):
    """Adds the outermost element at both ends of the last three dimensions.

    As :class:`ReplicationPad1d`, with ``padding`` an int or (left, right, top, bottom,
    front, back).

    Shape: (C, D, H, W) or (N, C, D, H, W).

    Source: ``torch.nn.ReplicationPad3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ReplicationPad3d((1, 2, 0, 3, 1, 1))(minigrad.zeros(1, 4, 5, 6)).shape
        minigrad.Size([1, 6, 8, 9])
    """

    n = 3
    mode = "replicate"


class ZeroPad1d(_ZeroPadNd):
    """Adds zeros at both ends of the last dimension.

    Args:
        padding: how many before and after; an int for both.

    Shape: (C, W) or (N, C, W).

    Source: ``torch.nn.ZeroPad1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ZeroPad1d((2, 1))(minigrad.tensor([[1.0, 2.0, 3.0]])).tolist()
        [[0.0, 0.0, 1.0, 2.0, 3.0, 0.0]]
    """

    n = 1


class ZeroPad2d(_ZeroPadNd):
    """Adds zeros at both ends of the last two dimensions.

    As :class:`ZeroPad1d`, with ``padding`` an int or (left, right, top, bottom).

    Shape: (C, H, W) or (N, C, H, W).

    Source: ``torch.nn.ZeroPad2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ZeroPad2d((1, 2, 0, 3))(minigrad.zeros(1, 4, 5)).shape
        minigrad.Size([1, 7, 8])
    """

    n = 2


class ZeroPad3d(_ZeroPadNd):
    """Adds zeros at both ends of the last three dimensions.

    As :class:`ZeroPad1d`, with ``padding`` an int or (left, right, top, bottom,
    front, back).

    Shape: (C, D, H, W) or (N, C, D, H, W).

    Source: ``torch.nn.ZeroPad3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ZeroPad3d((1, 2, 0, 3, 1, 1))(minigrad.zeros(1, 4, 5, 6)).shape
        minigrad.Size([1, 6, 8, 9])
    """

    n = 3


class CircularPad1d(_CircularPadNd):
    """Adds the elements of the other end at both ends of the last dimension.

    Args:
        padding: how many before and after; an int for both.

    Shape: (C, W) or (N, C, W).

    Source: ``torch.nn.CircularPad1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.CircularPad1d((2, 1))(minigrad.tensor([[1.0, 2.0, 3.0]])).tolist()
        [[2.0, 3.0, 1.0, 2.0, 3.0, 1.0]]
    """

    n = 1


class CircularPad2d(_CircularPadNd):
    """Adds the elements of the other end at both ends of the last two dimensions.

    As :class:`CircularPad1d`, with ``padding`` an int or (left, right, top, bottom).

    Shape: (C, H, W) or (N, C, H, W).

    Source: ``torch.nn.CircularPad2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.CircularPad2d((1, 2, 0, 3))(minigrad.zeros(1, 4, 5)).shape
        minigrad.Size([1, 7, 8])
    """

    n = 2


class CircularPad3d(_CircularPadNd):
    """Adds the elements of the other end at both ends of the last three dimensions.

    As :class:`CircularPad1d`, with ``padding`` an int or (left, right, top, bottom,
    front, back).

    Shape: (C, D, H, W) or (N, C, D, H, W).

    Source: ``torch.nn.CircularPad3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.CircularPad3d((1, 2, 0, 3, 1, 1))(minigrad.zeros(1, 4, 5, 6)).shape
        minigrad.Size([1, 6, 8, 9])
    """

    n = 3
