"""Losses that compare a score or a distance with a margin, and negative log-likelihoods.

All take ``reduction``: "mean", "sum" or "none"; ``size_average`` and ``reduce`` are torch's older
way to say the same.  The source of each is the function of that name in ``torch.nn.functional``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from minigrad.dtypes import int64
from minigrad.ops.activation import logsigmoid
from minigrad.ops.creation import from_numpy
from minigrad.ops.distance import pairwise_distance
from minigrad.ops.elementwise import minimum, where
from minigrad.ops.loss import reduced, reduction_name
from minigrad.ops.math import relu
from minigrad.ops.recorded import floating, labelled
from minigrad.tensor import Tensor


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return ``exp(input) - target * input``; ``input`` is the log of the rate.

    ``log_input=False``: it is the rate, ``input - target * log(input + eps)``.  ``full`` adds
    Stirling's approximation of ``log(target!)`` for targets above 1.

    >>> import minigrad
    >>> minigrad.nn.functional.poisson_nll_loss(minigrad.zeros(2), minigrad.tensor([1.0, 2.0]))
    tensor(1.)
    """
    reduction = reduction_name(size_average, reduce, reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        small = target <= 1
        t = target.masked_fill(small, 1.0)
        stirling = t * t.log() - t + 0.5 * (2 * math.pi * t).log()
        loss = loss + stirling.masked_fill(small, 0.0)
    return reduced(loss, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Return ``(log(var) + (input - target)**2 / var) / 2``, for a variance not below ``eps``.

    ``var``: a number, or a tensor of the shape of ``input``, or with its last dimension of size 1
    or missing.  ``full`` adds ``log(2 * pi) / 2``.

    Raises ValueError for a negative variance or one of another shape.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 3.0])
    >>> minigrad.nn.functional.gaussian_nll_loss(x, minigrad.zeros(2), minigrad.ones(2))
    tensor(2.5000)
    """
    if not isinstance(var, Tensor):
        var = input.detach() * 0 + var
    if (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = var.unsqueeze(-1)
        elif var.dim() != input.dim() or [
            size for size, whole in zip(var.shape, input.shape, strict=True) if size != whole
        ] != [1]:
            raise ValueError(
                f"var is of incorrect size: {list(var.shape)} for an input of {list(input.shape)}"
            )
    reduction = reduction_name(None, None, reduction)
    var = var.clone()
    var.detach().clamp_(min=eps)  # as in torch the gradient ignores it
    loss = 0.5 * (var.log() + (input - target).square() / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduced(loss, reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return ``input`` where ``target`` is 1, ``max(0, margin - input)`` where it is -1.

    >>> import minigrad
    >>> x, y = minigrad.tensor([0.25, 0.25]), minigrad.tensor([1, -1])
    >>> minigrad.nn.functional.hinge_embedding_loss(x, y, reduction="none")
    tensor([0.2500, 0.7500])
    """
    reduction = reduction_name(size_average, reduce, reduction)
    apart = where(target == 1, 0.0, (margin - input).clamp_min(0))
    return reduced(where(target == -1, 0.0, input) + apart, reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return ``1 - cos`` where ``target`` is 1, ``max(0, cos - margin)`` where it is -1.

    Shape: (N, D), (N, D) and (N,), or (D,), (D,) and ().  Raises RuntimeError for others.

    >>> import minigrad
    >>> x = minigrad.tensor([[1.0, 0.0]])
    >>> minigrad.nn.functional.cosine_embedding_loss(x, x, minigrad.tensor([-1]))
    tensor(1.)
    """
    reduction = reduction_name(size_average, reduce, reduction)
    if target.dim() > 1:
        raise RuntimeError(
            "0D or 1D target tensor expected, multi-target not supported, "
            f"but got {list(target.shape)}"
        )
    if input1.dim() != target.dim() + 1 or input2.dim() != target.dim() + 1:
        raise RuntimeError(
            f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found "
            f"inputs with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    tiny = 1e-12
    squares = (input1.square().sum(-1) + tiny) * (input2.square().sum(-1) + tiny)
    cosine = (input1 * input2).sum(-1) / squares.sqrt()
    apart = where(target == -1, (cosine - margin).clamp_min(0), 0.0)
    return reduced(where(target == 1, 1 - cosine, 0.0) + apart, reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return ``max(0, margin - target * (input1 - input2))``: 1 wants the first to be larger.

    Raises RuntimeError for different numbers of dimensions.

    >>> import minigrad
    >>> one, two = minigrad.tensor([1.0, 1.0]), minigrad.tensor([2.0, 2.0])
    >>> minigrad.nn.functional.margin_ranking_loss(one, two, minigrad.tensor([1, -1]))
    tensor(0.5000)
    """
    reduction = reduction_name(size_average, reduce, reduction)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return reduced((-target * (input1 - input2) + margin).clamp_min(0), reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return ``log(1 + exp(-target * input))``, without overflow.

    >>> import minigrad
    >>> minigrad.nn.functional.soft_margin_loss(minigrad.zeros(2), minigrad.tensor([1.0, -1.0]))
    tensor(0.6931)
    """
    reduction = reduction_name(size_average, reduce, reduction)
    return labelled(reduced(-logsigmoid(input * target), reduction), "SoftMarginLossBackward0")


# Losses over classes.


def _check_classes(name, input, target):
    if input.dim() > 2 or (input.dim() == 2 and input.shape[1] == 0):
        raise RuntimeError(
            f"{name}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}"
        )
    floating(input, name)
    if target.dtype is not int64:
        raise RuntimeError(f"{name}: expected a target of dtype {int64}, but got {target.dtype}")


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: float = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return the mean over classes c of ``max(0, margin - input[target] + input[c]) ** p``.

    The target's own class does not count.  ``weight``: a factor for each class of target.

    Shape: (N, C) and (N,), or (C,) and ().

    Raises ValueError if ``p`` is not 1 or 2, RuntimeError for shapes that do not fit and for a
    class out of range.

    >>> import minigrad
    >>> x = minigrad.tensor([[0.1, 0.2, 0.4, 0.8]])
    >>> minigrad.nn.functional.multi_margin_loss(x, minigrad.tensor([3]))
    tensor(0.3250)
    """
    reduction = reduction_name(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError(f"only p == 1 and p == 2 supported, got {p}")
    if weight is not None and weight.dim() != 1:
        raise ValueError(f"weight must be one-dimensional, got {list(weight.shape)}")
    _check_classes("multi_margin_loss", input, target)
    input = input.reshape(1) if input.dim() == 0 else input
    classes, samples = input.shape[-1], 1 if input.dim() == 1 else len(input)
    if weight is not None and len(weight) != classes:
        raise RuntimeError(
            f"inconsistent weight size, expected {classes} but got {list(weight.shape)}"
        )
    if target.dim() > 1 or target.numel() != samples:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{samples}], but got "
            f"{list(target.shape)}. Input has shape {list(input.shape)}."
        )
    numbers = target.numpy()
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < classes):
        raise RuntimeError(f"target out of range: expected classes from 0 to {classes - 1}")
    if input.dim() == 1:
        each = multi_margin_loss(
            input.unsqueeze(0), target.reshape(1), p, margin, weight, reduction="none"
        )
        out = reduced(each if target.dim() else each.squeeze(0), reduction)
        return labelled(out, "MultiMarginLossBackward0")
    own = target.unsqueeze(1)
    loss = relu(margin - input.gather(1, own) + input)  # whose slope at 0 is 0
    if p == 2:
        loss = loss.square()
    loss = loss.masked_fill(from_numpy(np.arange(classes) == own.numpy()), 0.0)
    if weight is not None:
        loss = loss * weight[own]
    return labelled(reduced(loss.sum(1) / classes, reduction), "MultiMarginLossBackward0")


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return the sum of ``max(0, 1 - input[t] + input[c])``, over the number of classes.

    t goes over the classes in ``target``, which end at the first -1, and c over all others.

    Shape: (N, C) and (N, C), or (C,) and (C,).

    Raises RuntimeError for shapes that differ and for a class out of range.

    >>> import minigrad
    >>> x, y = minigrad.tensor([[0.1, 0.2, 0.4, 0.8]]), minigrad.tensor([[3, 0, -1, 1]])
    >>> minigrad.nn.functional.multilabel_margin_loss(x, y)
    tensor(0.8500)
    """
    reduction = reduction_name(size_average, reduce, reduction)
    _check_classes("multilabel_margin_loss", input, target)
    if input.shape != target.shape and not input.numel() == target.numel() == 1:
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}"
        )
    if input.dim() == 0:
        input, target = input.reshape(1), target.reshape(1)
    classes, numbers = input.shape[-1], target.numpy()
    if numbers.size and not (numbers.min() >= -1 and numbers.max() < classes):
        raise RuntimeError(
            f"argument #2 'target' is out of range: expected classes from 0 to {classes - 1}, or -1"
        )
    counts = np.logical_and.accumulate(numbers >= 0, -1)
    safe = np.where(counts, numbers, 0)
    others = ~((safe[..., None] == np.arange(classes)) & counts[..., None]).any(-2)
    pairs = counts[..., :, None] & others[..., None, :]
    loss = relu(1 - input.gather(-1, from_numpy(safe)).unsqueeze(-1) + input.unsqueeze(-2))
    out = reduced(loss.masked_fill(from_numpy(~pairs), 0.0).sum((-2, -1)) / classes, reduction)
    return labelled(out, "MultilabelMarginLossBackward0")


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return binary cross entropy with logits, averaged over the last dimension.

    ``weight``: a factor for each class.

    >>> import minigrad
    >>> x, y = minigrad.zeros(1, 2), minigrad.tensor([[1.0, 0.0]])
    >>> minigrad.nn.functional.multilabel_soft_margin_loss(x, y)
    tensor(0.6931)
    """
    reduction = reduction_name(size_average, reduce, reduction)
    floating(input, "multilabel_soft_margin_loss")
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    loss = loss if weight is None else loss * weight
    return reduced(loss.mean(-1), reduction)


# Triplets.


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return ``max(0, d(anchor, positive) - d(anchor, negative) + margin)``.

    d is `pairwise_distance`.  ``swap`` takes d(positive, negative) where that is smaller than
    d(anchor, negative).

    Raises ValueError if ``margin`` is not positive, RuntimeError for different numbers of
    dimensions.

    >>> import minigrad
    >>> a, p, n = minigrad.zeros(1, 2), minigrad.tensor([[3.0, 4.0]]), minigrad.ones(1, 2)
    >>> minigrad.nn.functional.triplet_margin_loss(a, p, n)
    tensor(4.5858)
    """
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction_name(size_average, reduce, reduction),
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """Return `triplet_margin_loss` with a distance of one's own.

    ``distance_function``: takes two tensors; default `pairwise_distance`.

    >>> import minigrad
    >>> a, p, n = minigrad.zeros(1, 2), minigrad.tensor([[3.0, 4.0]]), minigrad.ones(1, 2)
    >>> minigrad.nn.functional.triplet_margin_with_distance_loss(
    ...     a, p, n, distance_function=lambda x, y: (x - y).abs().amax(-1)
    ... )
    tensor(4.)
    """
    reduction = reduction_name(None, None, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.dim() == positive.dim() == negative.dim():
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.dim()}D, positive {positive.dim()}D, and "
            f"negative {negative.dim()}D inputs"
        )
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced((margin + near - far).clamp_min(0), reduction)
