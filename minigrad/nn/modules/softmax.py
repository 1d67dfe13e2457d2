"""Softmax and its kin as layers: what turns numbers into probabilities.

The source of each is the layer of that name in ``torch.nn``.
"""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.modules.activation import _Activation
from minigrad.tensor import Tensor


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

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim)


class Softmin(Softmax):
    """``softmax(-x)`` over dimension ``dim``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Softmin(dim=0)(minigrad.tensor([0.0, 1.0]))
        tensor([0.7311, 0.2689])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim)


class LogSoftmax(Softmax):
    """``log(softmax(x))`` over dimension ``dim``, computed so that it does not overflow.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.LogSoftmax(dim=0)(minigrad.tensor([0.0, 1.0]))
        tensor([-1.3133, -0.3133])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim)


class Softmax2d(_Activation):
    """Softmax over the channels of (N, C, H, W) or (C, H, W), at each place.

    Raises ValueError for an input of other dimensions.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Softmax2d()(minigrad.zeros(2, 1, 1)).flatten()
        tensor([0.5000, 0.5000])
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            )
        return F.softmax(input, -3)
