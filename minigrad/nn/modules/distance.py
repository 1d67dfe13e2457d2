"""Distances and similarities as layers, and the bilinear layer."""

from __future__ import annotations

from typing import Any

from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor
from minigrad.types import Device


class PairwiseDistance(Module):
    """The p-norm of ``x1 - x2 + eps`` over the last dimension.

    Source: ``torch.nn.PairwiseDistance``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.PairwiseDistance()(minigrad.tensor([[3.0, 4.0]]), minigrad.zeros(1, 2))
        tensor([5.0000])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """The cosine of the angle between ``x1`` and ``x2`` along ``dim``.

    Source: ``torch.nn.CosineSimilarity``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.CosineSimilarity(dim=0)(minigrad.tensor([3.0, 4.0]), minigrad.tensor([1.0, 0.0]))
        tensor(0.6000)
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class Bilinear(Module):
    """``x1 @ weight[k] @ x2 + bias[k]``, for each output k.

    Args:
        in1_features, in2_features: sizes of the last dimensions of the inputs.
        out_features: size of the last dimension of the output.
        bias: whether to add a bias.
        device: None or the CPU.
        dtype: dtype of the parameters; default: the default dtype.

    Shape: ``(*, in1_features)`` and ``(*, in2_features)`` to ``(*, out_features)``.

    Attributes:
        weight: ``(out_features, in1_features, in2_features)``; starts uniform in
            ±1 / sqrt(in1_features).
        bias: ``(out_features,)``, likewise; or None.

    Raises ValueError if ``in1_features`` is not positive.  Source: ``torch.nn.Bilinear``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Bilinear(20, 30, 40)(minigrad.zeros(128, 20), minigrad.zeros(128, 30)).shape
        minigrad.Size([128, 40])
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        options: dict[str, Any] = {"device": device, "dtype": dtype}
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in1_features, in2_features, **options))
        if bias:
            self.bias = Parameter(empty(out_features, **options))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight and the bias anew."""
        bound = self.weight.shape[1] ** -0.5
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
