"""Convolution layers."""

from collections.abc import Callable

from minigrad.nn import functional as F
from minigrad.nn.modules.linear import reset_weight_and_bias
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def per_dimension(value, n):
    """Return one setting for each of ``n`` dimensions: a number stands for n of it."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * n


class _ConvNd(Module):
    """A convolution over the last ``n`` dimensions, by ``convolve``."""

    n: int
    convolve: Callable

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
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
        self.kernel_size = per_dimension(kernel_size, self.n)
        self.stride = per_dimension(stride, self.n)
        self.padding = padding if isinstance(padding, str) else per_dimension(padding, self.n)
        self.dilation = per_dimension(dilation, self.n)
        self.groups = groups
        self.padding_mode = padding_mode
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(
                    f"Invalid padding string {padding!r}, should be one of 'same', 'valid'"
                )
            if padding == "same" and any(step != 1 for step in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")

        options = {"device": device, "dtype": dtype}
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, **options))
        if bias:
            self.bias = Parameter(empty(out_channels, **options))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight and the bias anew."""
        reset_weight_and_bias(self.weight, self.bias)

    def forward(self, input) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._sides(), mode=self.padding_mode)
            padding = 0
        return self.convolve(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

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
        if self.groups != 1:
            shown += f", groups={self.groups}"
        if self.bias is None:
            shown += ", bias=False"
        if self.padding_mode != "zeros":
            shown += f", padding_mode={self.padding_mode}"
        return shown


class Conv1d(_ConvNd):
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


class Conv2d(_ConvNd):
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
