"""A linear layer and the cross entropy of its outputs in one."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn.modules.linear import Linear
from minigrad.nn.modules.module import Module
from minigrad.tensor import Tensor
from minigrad.types import Device


@dataclasses.dataclass
class LinearCrossEntropyOptions:
    """How torch divides the work of :class:`LinearCrossEntropyLoss` to save memory.

    It is accepted and has no effect: the outputs are held as a whole.

    >>> from minigrad import nn
    >>> nn.LinearCrossEntropyOptions().chunking_method
    'auto'
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None


class LinearCrossEntropyLoss(Module):
    """The cross entropy of what ``self.linear``, a Linear of its own, makes of the input.

    Args:
        in_features: size of each sample.
        num_classes: C.
        out_features: sizes (d_1, ...) of the places that have a loss each.
        bias: whether the linear layer has one.
        weight, reduction, ignore_index, label_smoothing, options: see
            :func:`~minigrad.nn.functional.linear_cross_entropy`.

    Shape: input ``(in_features)`` or ``(N, in_features)``; target as there.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> loss = nn.LinearCrossEntropyLoss(3, 5)
        >>> loss(minigrad.zeros(2, 3), minigrad.tensor([0, 4])).item() - minigrad.tensor(5.0).log()
        tensor(0.)
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: Sequence[int] = (),
        bias: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        super().__init__()
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise RuntimeError(
                f"expected weight shape to be ({num_classes},), got {tuple(weight.shape)}"
            )
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(
                f"expected label_smoothing to be in range [0, 1], got {label_smoothing}"
            )
        self.in_features = in_features
        self.num_classes = num_classes
        self.out_features: tuple[int, ...] = tuple(out_features)
        self.bias = bias
        self.reduction = reduction
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.options = options
        self.weight: Tensor | None
        self.register_buffer("weight", weight)
        outputs = num_classes * math.prod(self.out_features)
        self.linear = Linear(in_features, outputs, bias=bias, device=device, dtype=dtype)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        shape = self.num_classes, *self.out_features
        bias = self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*shape, self.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        shown = (
            "in_features num_classes out_features bias reduction ignore_index label_smoothing "
            "options"
        )
        return ", ".join(f"{name}={getattr(self, name)}" for name in shown.split())
