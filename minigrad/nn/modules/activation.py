"""Activations: functions of one element, as layers.  Softmax is in softmax.py.

Each keeps the dtype of its input, and its shape (but GLU halves one dimension).  ``inplace=True``
writes the result into the input.  The source of each is the layer of that name in ``torch.nn``.
"""

from __future__ import annotations

import warnings

from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn.init import constant_
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor
from minigrad.types import Device


class _Activation(Module):
    """An activation whose repr shows the attributes named in ``settings``, and inplace if set."""

    settings: tuple[str, ...] = ()
    inplace = False  # of those, too, that torch stored whole without it

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self.settings]
        if self.inplace:
            shown.append("inplace=True")
        return ", ".join(shown)


class ReLU(_Activation):
    """``max(x, 0)``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ReLU()(minigrad.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, self.inplace)


class Hardtanh(_Activation):
    """``x`` held between ``min_val`` and ``max_val``, which once were ``min_value``, ``max_value``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Hardtanh()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-1.,  0.,  1.])
    """

    settings: tuple[str, ...] = ("min_val", "max_val")

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__(inplace)
        for old, new, value in (
            ("min_value", "min_val", min_value),
            ("max_value", "max_val", max_value),
        ):
            if value is not None:
                message = f"keyword argument `{old}` is deprecated and rename to `{new}`"
                warnings.warn(message, FutureWarning, stacklevel=2)
        min_val = min_val if min_value is None else min_value
        max_val = max_val if max_value is None else max_value
        if max_val <= min_val:
            raise AssertionError(f"max_val ({max_val}) must be greater than min_val ({min_val})")
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ReLU6()(minigrad.tensor([-2.0, 2.0, 8.0]))
        tensor([0., 2., 6.])
    """

    settings = ()

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class LeakyReLU(_Activation):
    """``x`` where positive, ``negative_slope * x`` elsewhere.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.LeakyReLU()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.0200,  0.0000,  2.0000])
    """

    settings = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class ELU(_Activation):
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.ELU()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.8647,  0.0000,  2.0000])
    """

    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)


class CELU(_Activation):
    """``x`` where positive, ``alpha * (exp(x / alpha) - 1)`` elsewhere.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.CELU()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.8647,  0.0000,  2.0000])
    """

    settings = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)


class SELU(_Activation):
    """ELU scaled so that normalised activations stay normalised from layer to layer.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.SELU()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-1.5202,  0.0000,  2.1014])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)


class GELU(_Activation):
    """``x * Phi(x)``, Phi the normal distribution function; "tanh" computes an approximation.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.GELU()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.0455,  0.0000,  1.9545])
    """

    settings = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, approximate=self.approximate)


class SiLU(_Activation):
    """``x * sigmoid(x)``, also called swish.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.SiLU()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.2384,  0.0000,  1.7616])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input, self.inplace)


class Mish(_Activation):
    """``x * tanh(softplus(x))``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Mish()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.2525,  0.0000,  1.9440])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.mish(input, self.inplace)


class Softplus(_Activation):
    """``log(1 + exp(beta * x)) / beta``, and x itself where ``beta * x > threshold``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Softplus()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([0.1269, 0.6931, 2.1269])
    """

    settings = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)


class Sigmoid(_Activation):
    """``1 / (1 + exp(-x))``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Sigmoid()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([0.1192, 0.5000, 0.8808])
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return F.sigmoid(input)


class LogSigmoid(_Activation):
    """``log(sigmoid(x))``, computed so that it does not overflow.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.LogSigmoid()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-2.1269, -0.6931, -0.1269])
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return F.logsigmoid(input)


class Hardsigmoid(_Activation):
    """``relu6(x + 3) / 6``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Hardsigmoid()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([0.1667, 0.5000, 0.8333])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""  # torch does not show inplace either


class Hardswish(_Activation):
    """``x * relu6(x + 3) / 6``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Hardswish()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.3333,  0.0000,  1.6667])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""  # torch does not show inplace either


class Tanh(_Activation):
    """``tanh(x)``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Tanh()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.9640,  0.0000,  0.9640])
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return F.tanh(input)


class Softsign(_Activation):
    """``x / (1 + abs(x))``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Softsign()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.6667,  0.0000,  0.6667])
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return F.softsign(input)


class Tanhshrink(_Activation):
    """``x - tanh(x)``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Tanhshrink()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-1.0360,  0.0000,  1.0360])
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return F.tanhshrink(input)


class Hardshrink(_Activation):
    """``x`` where ``abs(x) > lambd``, 0 elsewhere.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Hardshrink()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-2.,  0.,  2.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(Hardshrink):
    """``x`` moved towards 0 by ``lambd``, and 0 where it would pass it.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Softshrink()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-1.5000,  0.0000,  1.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softshrink(input, self.lambd)


class Threshold(_Activation):
    """``x`` where ``x > threshold``, ``value`` elsewhere.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Threshold(0.5, 9.0)(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([9., 9., 2.])
    """

    settings = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)


class PReLU(_Activation):
    """``x`` where positive, ``weight * x`` elsewhere; the weight is learned.

    Args:
        num_parameters: 1, or the number of channels (dimension 1) for a weight of each.
        init: what the weight starts at.
        device: None or the CPU.
        dtype: dtype of the weight; default: the default dtype.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.PReLU()(minigrad.tensor([-2.0, 0.0, 2.0])).detach()
        tensor([-0.5000,  0.0000,  2.0000])
    """

    settings = ("num_parameters",)

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight back to what it started at."""
        constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)


class GLU(_Activation):
    """The first half of dimension ``dim`` times the sigmoid of the second half.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.GLU()(minigrad.tensor([1.0, 2.0, 0.0, 0.0]))
        tensor([0.5000, 1.0000])
    """

    settings = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)


class RReLU(_Activation):
    """``x`` where positive, ``r * x`` elsewhere: r is drawn from [lower, upper] while training.

    In evaluation r is the middle of the two.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.RReLU(0.1, 0.3).eval()(minigrad.tensor([-2.0, 0.0, 2.0]))
        tensor([-0.4000,  0.0000,  2.0000])
    """

    settings = ("lower", "upper")

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__(inplace)
        self.lower = lower
        self.upper = upper

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)
