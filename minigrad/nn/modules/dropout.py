"""Dropout layers: zeros at random while training, nothing in evaluation mode."""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.modules.module import Module
from minigrad.tensor import Tensor


class _DropoutNd(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """While training, sets each element to 0 with probability ``p`` and divides the rest by 1 - p.

    Args:
        p: probability of a zero.
        inplace: write the result into the input.

    Shape: any, kept.

    Raises ValueError if ``p`` is not in [0, 1].

    Source: ``torch.nn.Dropout``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> drop = nn.Dropout(p=0.2)
        >>> sorted(set(drop(minigrad.ones(100)).tolist()))
        [0.0, 1.25]
        >>> drop.eval()(minigrad.ones(3))
        tensor([1., 1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """Dropout of whole channels of ``(N, C, L)`` or ``(C, L)``.

    Arguments as for :class:`Dropout`.  Source: ``torch.nn.Dropout1d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Dropout1d(p=1.0)(minigrad.ones(2, 3))
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """Dropout of whole channels of ``(N, C, H, W)``.

    Arguments as for :class:`Dropout`.  Source: ``torch.nn.Dropout2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Dropout2d(p=0.2).eval()(minigrad.ones(1, 2, 1, 1)).flatten()
        tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """Dropout of whole channels of ``(N, C, D, H, W)``.

    Arguments as for :class:`Dropout`.  Source: ``torch.nn.Dropout3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Dropout3d(p=1.0)(minigrad.ones(1, 2, 1, 1, 1)).flatten()
        tensor([0., 0.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout for networks of SELUs: keeps mean 0 and variance 1.

    Arguments as for :class:`Dropout`; as in torch ``inplace`` changes nothing.  Source:
    ``torch.nn.AlphaDropout``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> drop = nn.AlphaDropout(p=0.2)
        >>> bool(drop(minigrad.randn(10000)).std().sub(1).abs() < 0.05)
        True
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """:class:`AlphaDropout` of whole channels of ``(N, C, *)``.

    Source: ``torch.nn.FeatureAlphaDropout``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.FeatureAlphaDropout(p=0.2).eval()(minigrad.ones(1, 2, 1)).flatten()
        tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training)
