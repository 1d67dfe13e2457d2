"""The Bernoulli distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.exp_family import ExponentialFamily
from minigrad.distributions.two_outcomes import TwoOutcomes
from minigrad.nn.functional import binary_cross_entropy_with_logits
from minigrad.tensor import Tensor


class Bernoulli(TwoOutcomes, ExponentialFamily):
    """The Bernoulli distribution: 1 with probability ``probs``, else 0.

    >>> import minigrad
    >>> minigrad.distributions.Bernoulli(minigrad.tensor([0.0, 1.0])).sample()
    tensor([0., 1.])
    """

    support = constraints.boolean
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._set(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    @property
    def mode(self) -> Tensor:
        mode = (self.probs >= 0.5).to(self.probs.dtype)
        return mode.masked_fill(self.probs == 0.5, math.nan)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with minigrad.no_grad():
            return minigrad.bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        logits, value = minigrad.broadcast_tensors(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Tensor:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = minigrad.arange(2, dtype=self._param.dtype)
        values = values.view((-1,) + (1,) * len(self.batch_shape))
        return values.expand((-1, *self.batch_shape)) if expand else values
