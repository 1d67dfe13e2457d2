"""Convolution layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn.modules.linear import reset_weight_and_bias
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor
from minigrad.types import Device, Ints

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def per_dimension(value: Any, n: int) -> tuple[Any, ...]:
    """Return one setting for each of ``n`` dimensions: a number stands for n of it."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * n


class _ConvNd(Module):
    """What convolutions of all kinds have in common, with torch's arguments: settings are tuples,
    one for each of the last ``n`` dimensions."""

    convolve: Callable[..., Tensor]

    @property
    def n(self) -> int:
        """How many dimensions the kernel has."""
        return len(self.kernel_size)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: str | tuple[int, ...],
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError(f"in_channels must be divisible by groups: {in_channels} by {groups}")
        if out_channels % groups != 0:
            raise ValueError(
                f"out_channels must be divisible by groups: {out_channels} by {groups}"
            )
        if padding_mode not in _PADDING_MODES:
            raise ValueError(
                f"padding_mode must be one of {_PADDING_MODES}, but got {padding_mode=}"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string {padding!r}, should be one of 'same', 'valid'"
                )
            if padding == "same" and any(step != 1 for step in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")

        options: dict[str, Any] = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(*self._weight_shape(), **options))
        if bias:
            self.bias = Parameter(empty(out_channels, **options))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _weight_shape(self):
        if self.transposed:
            return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw the weight and the bias anew."""
        reset_weight_and_bias(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the convolution of ``input`` by another weight, for layers made from this one."""
        padding: int | str | tuple[int, ...] = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._sides(), mode=self.padding_mode)
            padding = 0
        return self.convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    @property
    def _reversed_padding_repeated_twice(self):
        return self._sides()  # under torch's name

    def _sides(self):
        """Return the padding as F.pad takes it: before and after, of the last dimension first."""
        sides = []
        for i in reversed(range(self.n)):
            if self.padding == "valid":
                before = after = 0
            elif self.padding == "same":
                both = self.dilation[i] * (self.kernel_size[i] - 1)
                before, after = both // 2, both - both // 2
            else:
                before = after = self.padding[i]
            sides += [before, after]
        return sides

    def extra_repr(self) -> str:
        shown = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != (0,) * self.n:
            shown += f", padding={self.padding}"
        if self.dilation != (1,) * self.n:
            shown += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self.n:
            shown += f", output_padding={self.output_padding}"
        if self.groups != 1:
            shown += f", groups={self.groups}"
        if self.bias is None:
            shown += ", bias=False"
        if self.padding_mode != "zeros":
            shown += f", padding_mode={self.padding_mode}"
        return shown


class _Conv(_ConvNd):
    """A convolution over the last ``n`` dimensions, by ``convolve``."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: str | Ints = 0,
        dilation: Ints = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            per_dimension(kernel_size, self.n),
            per_dimension(stride, self.n),
            padding if isinstance(padding, str) else per_dimension(padding, self.n),
            per_dimension(dilation, self.n),
            False,
            (0,) * self.n,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )


class Conv1d(_Conv):
    """Convolution (cross-correlation) over the last dimension.

    The arguments are those of :class:`Conv2d`.

    Shape: ``(N, in_channels, L)`` to ``(N, out_channels, L')``, also without N.

    Source: ``torch.nn.Conv1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Conv1d(16, 33, 3, stride=2)(minigrad.zeros(20, 16, 50)).shape
        minigrad.Size([20, 33, 24])
    """

    n = 1
    convolve = staticmethod(F.conv1d)


class Conv2d(_Conv):
    """Convolution (cross-correlation) over the last two dimensions.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: int, or one for each dimension; likewise the next three.
        stride: step of the window.
        padding: zeros added at both ends; "same" keeps the size (with stride 1), "valid" adds none.
        dilation: distance between the elements of the kernel.
        groups: number of groups the channels fall into; each is convolved by itself.
        bias: whether to add a bias.
        padding_mode: what to add instead of "zeros": "reflect", "replicate" or "circular".
        device: None or the CPU.
        dtype: dtype of the parameters; default: the default dtype.

    Shape: ``(N, in_channels, H, W)`` to ``(N, out_channels, H', W')``, also without N, where
    ``H' = (H + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1``.

    Attributes:
        weight: ``(out_channels, in_channels / groups, *kernel_size)``; starts uniform in
            ±1 / sqrt(in_channels / groups * kernel height * kernel width).
        bias: ``(out_channels,)``, likewise; None without a bias.

    Raises ValueError if groups do not divide the channels, for an unknown padding or padding mode,
    and for "same" with a stride.

    Source: ``torch.nn.Conv2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Conv2d(1, 8, kernel_size=3, padding=1)(minigrad.zeros(32, 1, 28, 28)).shape
        minigrad.Size([32, 8, 28, 28])
    """

    n = 2
    convolve = staticmethod(F.conv2d)


class Conv3d(_Conv):
    """Convolution (cross-correlation) over the last three dimensions.

    The arguments are those of :class:`Conv2d`.

    Shape: ``(N, in_channels, D, H, W)`` to ``(N, out_channels, D', H', W')``, also without N.

    Source: ``torch.nn.Conv3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Conv3d(1, 8, kernel_size=3, padding=1)(minigrad.zeros(2, 1, 4, 9, 9)).shape
        minigrad.Size([2, 8, 4, 9, 9])
    """

    n = 3
    convolve = staticmethod(F.conv3d)


class _ConvTransposeNd(_ConvNd):
    """A transposed convolution over the last ``n`` dimensions, by ``convolve``."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: Ints = 0,
        output_padding: Ints = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Ints = 1,
        padding_mode: str = "zeros",
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(
                f'Only "zeros" padding mode is supported for {self._get_name()}, but got '
                f"{padding_mode!r}"
            )
        if isinstance(padding, str):
            raise ValueError(f"padding of {self._get_name()} must be numbers, but got {padding!r}")
        super().__init__(
            in_channels,
            out_channels,
            per_dimension(kernel_size, self.n),
            per_dimension(stride, self.n),
            per_dimension(padding, self.n),
            per_dimension(dilation, self.n),
            True,
            per_dimension(output_padding, self.n),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        output_padding = self.output_padding
        if output_size is not None:
            output_padding = self._output_padding(input, list(output_size))
        return self.convolve(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            output_padding,
            self.groups,
            self.dilation,
        )

    def _output_padding(self, input, output_size):
        """Return the output padding that leads to ``output_size``, with or without channels."""
        n = self.n
        if len(output_size) == input.dim():
            output_size = output_size[-n:]
        if len(output_size) != n:
            raise ValueError(
                f"{self._get_name()}: for {input.dim()}D input, output_size must have {n} or "
                f"{input.dim()} elements (got {len(output_size)})"
            )
        smallest = [
            (size - 1) * self.stride[d]
            - 2 * self.padding[d]
            + self.dilation[d] * (self.kernel_size[d] - 1)
            + 1
            for d, size in enumerate(input.shape[-n:])
        ]
        largest = [size + step - 1 for size, step in zip(smallest, self.stride, strict=True)]
        extra = [size - least for size, least in zip(output_size, smallest, strict=True)]
        if any(not 0 <= more < step for more, step in zip(extra, self.stride, strict=True)):
            raise ValueError(
                f"requested an output size of {tuple(output_size)}, but valid sizes range from "
                f"{smallest} to {largest} (for an input of {input.shape[-n:]})"
            )
        return extra


class ConvTranspose1d(_ConvTransposeNd):
    """Transposed convolution over the last dimension.

    The arguments are those of :class:`ConvTranspose2d`.

    Shape: ``(N, in_channels, L)`` to ``(N, out_channels, L')``, also without N.

    Source: ``torch.nn.ConvTranspose1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ConvTranspose1d(16, 33, 3, stride=2)(minigrad.zeros(20, 16, 24)).shape
        minigrad.Size([20, 33, 49])
    """

    n = 1
    convolve = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTransposeNd):
    """Transposed convolution over the last two dimensions: the shapes of :class:`Conv2d` undone.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: int, or one for each dimension; likewise the sizes that follow.
        stride: distance between the kernels that neighbouring input elements add to the output.
        padding: rows and columns taken away at both ends.
        output_padding: rows and columns added at one end, to tell apart the sizes that a strided
            convolution takes to the same size.  A call may give ``output_size`` instead.
        groups: number of groups the channels fall into; each is convolved by itself.
        bias: whether to add a bias.
        dilation: distance between the elements of the kernel.
        padding_mode: "zeros".
        device: None or the CPU.
        dtype: dtype of the parameters; default: the default dtype.

    Shape: ``(N, in_channels, H, W)`` to ``(N, out_channels, H', W')``, also without N, where
    ``H' = (H - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1``.

    Attributes:
        weight: ``(in_channels, out_channels / groups, *kernel_size)``; starts uniform in
            ±1 / sqrt(out_channels / groups * kernel height * kernel width).
        bias: ``(out_channels,)``, likewise; None without a bias.

    Raises ValueError if groups do not divide the channels, for another padding mode, and for an
    ``output_size`` that is out of reach.

    Source: ``torch.nn.ConvTranspose2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> up = nn.ConvTranspose2d(8, 1, kernel_size=3, stride=2, padding=1)
        >>> up(minigrad.zeros(32, 8, 14, 14), output_size=(28, 28)).shape
        minigrad.Size([32, 1, 28, 28])
    """

    n = 2
    convolve = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTransposeNd):
    """Transposed convolution over the last three dimensions.

    The arguments are those of :class:`ConvTranspose2d`.

    Shape: ``(N, in_channels, D, H, W)`` to ``(N, out_channels, D', H', W')``, also without N.

    Source: ``torch.nn.ConvTranspose3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ConvTranspose3d(8, 1, 2, stride=2)(minigrad.zeros(1, 8, 2, 3, 4)).shape
        minigrad.Size([1, 1, 4, 6, 8])
    """

    n = 3
    convolve = staticmethod(F.conv_transpose3d)
