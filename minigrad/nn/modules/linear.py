"""Linear, and Identity, the layer that does nothing."""

from __future__ import annotations

import math
from typing import Any

from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor
from minigrad.types import Device


class Identity(Module):
    """Returns its input.  Takes any arguments and ignores them, to stand in for another layer.

    Source: ``torch.nn.Identity``.

    Example::

        >>> from minigrad import nn
        >>> nn.Identity(54, unused=True)("as it was")
        'as it was'
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input


class Linear(Module):
    """``input @ weight.T + bias``, over the last dimension.

    Args:
        in_features: size of the last dimension of the input.
        out_features: size of the last dimension of the output.
        bias: whether to add a bias.
        device: None or the CPU.
        dtype: dtype of the parameters; default: the default dtype.

    Shape: ``(*, in_features)`` to ``(*, out_features)``, for any ``*``.

    Attributes:
        weight: ``(out_features, in_features)``; starts uniform in ±1 / sqrt(in_features).
        bias: ``(out_features,)``, likewise; None without a bias.

    Source: ``torch.nn.Linear``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Linear(20, 30)(minigrad.zeros(128, 20)).shape
        minigrad.Size([128, 30])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {"device": device, "dtype": dtype}
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in_features, **options))
        if bias:
            self.bias = Parameter(empty(out_features, **options))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight and the bias anew."""
        reset_weight_and_bias(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


def reset_weight_and_bias(weight: Tensor, bias: Tensor) -> None:
    """Draw both uniform in ±1 / sqrt(fan_in): how linear and convolution layers start."""
    # The bound of kaiming_uniform_ is gain * sqrt(3 / fan_in), and the gain of a leaky ReLU of
    # slope sqrt(5) is sqrt(2 / 6).
    init.kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        fan_in, _ = init._calculate_fan_in_and_fan_out(weight)
        bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
        init.uniform_(bias, -bound, bound)
