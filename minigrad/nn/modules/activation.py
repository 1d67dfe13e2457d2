"""Activations: functions of one element, and softmax, as layers.

Each keeps the shape and dtype of its input.  ``inplace=True`` writes the result into the input.
The source of each is the layer of that name in ``torch.nn``.
"""

from minigrad.nn import functional as F
from minigrad.nn.modules.module import Module


class _Activation(Module):
    """An activation whose repr shows the attributes named in ``settings``, and inplace if set."""

    settings = ()

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def extra_repr(self):
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

    def forward(self, input):
        return F.relu(input, self.inplace)


class Hardtanh(_Activation):
    """``x`` held between ``min_val`` and ``max_val``."""

    settings = ("min_val", "max_val")

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False):
        super().__init__(inplace)
        if max_val <= min_val:
            raise AssertionError(f"max_val ({max_val}) must be greater than min_val ({min_val})")
        self.min_val = min_val
        self.max_val = max_val

    def forward(self, input):
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)``."""

    settings = ()

    def __init__(self, inplace=False):
        super().__init__(0.0, 6.0, inplace)


class LeakyReLU(_Activation):
    """``x`` where positive, ``negative_slope * x`` elsewhere."""

    settings = ("negative_slope",)

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input):
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class ELU(_Activation):
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere."""

    settings = ("alpha",)

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input):
        return F.elu(input, self.alpha, self.inplace)


class SELU(_Activation):
    """ELU scaled so that normalised activations stay normalised from layer to layer."""

    def forward(self, input):
        return F.selu(input, self.inplace)


class GELU(_Activation):
    """``x * Phi(x)``, Phi the normal distribution function; "tanh" computes an approximation."""

    settings = ("approximate",)

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        return F.gelu(input, approximate=self.approximate)


class SiLU(_Activation):
    """``x * sigmoid(x)``, also called swish."""

    def forward(self, input):
        return F.silu(input, self.inplace)


class Mish(_Activation):
    """``x * tanh(softplus(x))``."""

    def forward(self, input):
        return F.mish(input, self.inplace)


class Softplus(_Activation):
    """``log(1 + exp(beta * x)) / beta``, and x itself where ``beta * x > threshold``."""

    settings = ("beta", "threshold")

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input):
        return F.softplus(input, self.beta, self.threshold)


class Sigmoid(_Activation):
    """``1 / (1 + exp(-x))``."""

    def __init__(self):
        super().__init__()

    def forward(self, input):
        return F.sigmoid(input)


class LogSigmoid(_Activation):
    """``log(sigmoid(x))``, computed so that it does not overflow."""

    def __init__(self):
        super().__init__()

    def forward(self, input):
        return F.logsigmoid(input)


class Hardsigmoid(_Activation):
    """``relu6(x + 3) / 6``."""

    def forward(self, input):
        return F.hardsigmoid(input, self.inplace)


class Hardswish(_Activation):
    """``x * relu6(x + 3) / 6``."""

    def forward(self, input):
        return F.hardswish(input, self.inplace)


class Tanh(_Activation):
    """``tanh(x)``."""

    def __init__(self):
        super().__init__()

    def forward(self, input):
        return F.tanh(input)


class Softsign(_Activation):
    """``x / (1 + abs(x))``."""

    def __init__(self):
        super().__init__()

    def forward(self, input):
        return F.softsign(input)


class Softmax(_Activation):
    """``exp(x) / sum(exp(x))`` over dimension ``dim``: positive, with sum 1.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Softmax(dim=1)(minigrad.zeros(2, 4))
        tensor([[0.2500, 0.2500, 0.2500, 0.2500],
                [0.2500, 0.2500, 0.2500, 0.2500]])
    """

    settings = ("dim",)

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.softmax(input, self.dim)


class LogSoftmax(_Activation):
    """``log(softmax(x))`` over dimension ``dim``, computed so that it does not overflow."""

    settings = ("dim",)

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.log_softmax(input, self.dim)
