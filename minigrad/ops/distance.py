"""Distances and similarities of vectors, and the bilinear form."""

from __future__ import annotations

import numpy as np

from minigrad.dtypes import promote_types
from minigrad.ops.creation import from_numpy
from minigrad.ops.recorded import labelled
from minigrad.ops.shape import broadcast_tensors
from minigrad.tensor import Tensor


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """Return the p-norm of ``x1 - x2 + eps`` over the last dimension.

    Source: ``torch.nn.functional.pairwise_distance``.

    >>> import minigrad
    >>> minigrad.pairwise_distance(minigrad.tensor([[3.0, 4.0]]), minigrad.zeros(1, 2))
    tensor([5.0000])
    """
    return labelled((x1 - x2 + eps).norm(p, -1, keepdim=keepdim), "NormBackward1")


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Return the cosine of the angle between ``x1`` and ``x2`` along ``dim``.

    Norms below ``eps`` count as ``eps``.  The inputs broadcast.  Raises RuntimeError for integers.

    Source: ``torch.nn.functional.cosine_similarity``.

    >>> import minigrad
    >>> minigrad.cosine_similarity(minigrad.tensor([3.0, 4.0]), minigrad.tensor([1.0, 0.0]), dim=0)
    tensor(0.6000)
    """
    dtype = promote_types(x1.dtype, x2.dtype)
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {dtype}"
        )
    if not eps >= 0:
        raise RuntimeError(f"eps must be non-negative, got: {eps}")
    x1, x2 = broadcast_tensors(x1.to(dtype), x2.to(dtype))
    x1, x2 = (x / x.norm(2, dim, keepdim=True).clamp_min(eps) for x in (x1, x2))
    return (x1 * x2).sum(dim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """Return the p-norm distances of all pairs of rows of ``input``, (N, M), in order.

    Shape: (N * (N - 1) / 2,), for the pairs (0, 1), (0, 2), ..., (N - 2, N - 1).

    Raises RuntimeError for an input that is not 2-D or not floating, and for a negative ``p``.

    Source: ``torch.nn.functional.pdist``.

    >>> import minigrad
    >>> minigrad.pdist(minigrad.tensor([[0.0], [1.0], [3.0]]))
    tensor([1., 3., 2.])
    """
    if input.dim() != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.dim()}D")
    if not input.is_floating_point():
        raise RuntimeError(f"pdist only supports floating-point dtypes, got {input.dtype}")
    if not p >= 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    first, second = np.triu_indices(len(input), 1)
    apart = input[from_numpy(first)] - input[from_numpy(second)]
    return labelled(apart.norm(p, 1) if input.size(1) else apart.sum(1), "PdistBackward0")


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``input1 @ weight[k] @ input2`` for each k, plus ``bias``.

    Shape: (*, A), (*, B), (K, A, B) and (K,) to (*, K).  Raises RuntimeError if they do not fit.

    Source: ``torch.nn.functional.bilinear``.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0])
    >>> minigrad.bilinear(x, x, minigrad.ones(3, 2, 2))
    tensor([9., 9., 9.])
    """
    if input1.dim() != input2.dim():
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: got {input1.dim()} and {input2.dim()}"
        )
    if weight.dim() != 3:
        raise RuntimeError(f"bilinear(): expected a 3-D weight, but got {list(weight.shape)}")
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(
            "bilinear(): input batch dimensions do not match: got "
            f"{list(input1.shape[:-1])} and {list(input2.shape[:-1])}"
        )
    for i, x in ((1, input1), (2, input2)):
        if x.shape[-1] != weight.shape[i]:
            raise RuntimeError(
                f"bilinear(): input{i} size does not match weight size: got {x.shape[-1]} but "
                f"expected {weight.shape[i]}"
            )
    outputs = len(weight)
    if bias is not None and bias.shape != (outputs,):
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {list(bias.shape)} but "
            f"expected {outputs}"
        )
    flat = weight.permute(1, 0, 2).reshape(weight.shape[1], -1)
    left = (input1 @ flat).reshape(*input1.shape[:-1], outputs, weight.shape[2])
    out = (left @ input2.unsqueeze(-1)).squeeze(-1)
    return out if bias is None else out + bias
