"""What the distributions share: arguments made tensors, and probabilities made logits."""

from __future__ import annotations

from functools import cached_property
from numbers import Number
from typing import Any, Self, TypeVar, overload

import minigrad
from minigrad import Tensor

_Value = TypeVar("_Value")
euler_constant = 0.57721566490153286060  # Euler and Mascheroni's


def broadcast_all(*values: Tensor | float) -> tuple[Tensor, ...]:
    """Return numbers and tensors as tensors of one shape; numbers take the tensors' dtype.

    >>> import minigrad
    >>> minigrad.distributions.utils.broadcast_all(0.0, minigrad.ones(2))
    (tensor([0., 0.]), tensor([1., 1.]))
    """
    if not all(isinstance(value, Tensor | Number) for value in values):
        given = ", ".join(type(value).__name__ for value in values)
        raise ValueError(f"Input arguments must all be instances of Number or Tensor, got {given}")
    tensors = [value for value in values if isinstance(value, Tensor)]
    dtype = tensors[0].dtype if tensors else minigrad.get_default_dtype()
    made = [v if isinstance(v, Tensor) else minigrad.tensor(v, dtype=dtype) for v in values]
    return tuple(minigrad.broadcast_tensors(*made))


class lazy_property(cached_property[_Value]):
    """An attribute computed when it is first asked for, with its gradient, even under
    ``no_grad``: it may be asked for again where gradients count."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> _Value: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        with minigrad.enable_grad():
            return super().__get__(instance, owner)


def sum_rightmost(value: Tensor, dims: int) -> Tensor:
    """Return the sum over the last ``dims`` dimensions."""
    return value.flatten(-dims).sum(-1) if dims > 1 else value.sum(-1) if dims else value


def clamp_probs(probs: Tensor) -> Tensor:
    """Return probabilities away from 0 and 1 by the precision of their dtype."""
    eps = minigrad.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Return log-odds (if binary) or log-probabilities (over the last dimension)."""
    probs = clamp_probs(probs)
    return probs.log() - (-probs).log1p() if is_binary else probs.log()


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Return the probabilities that log-odds, or logits over the last dimension, stand for."""
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def check_one_of(probs: Tensor | float | None, logits: Tensor | float | None) -> None:
    """Raise ValueError unless exactly one of the two is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
