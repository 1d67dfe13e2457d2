"""The cross entropy of a linear layer's outputs, in one call."""

from __future__ import annotations

import math
from typing import Any

from minigrad.ops.cross_entropy import cross_entropy
from minigrad.ops.linalg import linear
from minigrad.tensor import Tensor


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """Return ``cross_entropy(linear(input, linear_weight, linear_bias), target, ...)``.

    Args:
        input: (in_features) or (N, in_features).
        linear_weight: (C, in_features), or (C, d_1, ..., in_features) for a loss at each of these
            places, which needs N.
        target: classes, (), (N) or (N, d_1, ...), or probabilities of the outputs' shape.
        linear_bias: the shape of ``linear_weight`` without its last dimension.
        weight, reduction, label_smoothing: see ``cross_entropy``.
        ignore_index: the class that does not count, -100 by default; only with classes.
        options: accepted and without effect: the outputs are held as a whole.

    Raises RuntimeError for shapes that do not fit.

    Source: torch.nn.functional.linear_cross_entropy.

    >>> import minigrad
    >>> import minigrad.nn.functional as F
    >>> F.linear_cross_entropy(minigrad.ones(2), minigrad.zeros(4, 2), minigrad.tensor(1))
    tensor(1.3863)
    """
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if input.shape[-1:] != linear_weight.shape[-1:]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.shape[-1]} and {linear_weight.shape[-1]}, respectively"
        )
    if linear_weight.dim() > 2 and input.dim() != 2:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} "
            f"requires batched input, (N, {input.shape[-1]}), got unbatched input with shape "
            f"{tuple(input.shape)}"
        )
    if ignore_index is not None and target.is_floating_point():
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    bias = None if linear_bias is None else linear_bias.reshape(linear_bias.numel())
    shape = *input.shape[:-1], *linear_weight.shape[:-1]
    fits = tuple(target.shape) == shape if input.dim() == 1 else target.dim() == len(shape)
    if target.is_floating_point() and not fits:
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {target.dtype}")
    rows = math.prod(linear_weight.shape[:-1])
    outputs = linear(input, linear_weight.reshape(rows, input.shape[-1]), bias)
    return cross_entropy(
        outputs.reshape(shape),
        target,
        weight,
        ignore_index=-100 if ignore_index is None else ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )
