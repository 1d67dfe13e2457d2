"""The relaxed Bernoulli distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.transformed_distribution import TransformedDistribution
from minigrad.distributions.transforms import SigmoidTransform
from minigrad.distributions.two_outcomes import TwoOutcomes
from minigrad.distributions.utils import broadcast_all, clamp_probs
from minigrad.tensor import Tensor


class LogitRelaxedBernoulli(TwoOutcomes):
    """The log-odds of a relaxed Bernoulli distribution.

    >>> import minigrad
    >>> d = minigrad.distributions.relaxed_bernoulli.LogitRelaxedBernoulli(1.0, logits=0.0)
    >>> d.log_prob(minigrad.tensor(0.0))
    tensor(-1.3863)
    """

    support = constraints.real

    def __init__(
        self,
        temperature: Tensor | float,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        self._set(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        new = super().expand(batch_shape, _instance)
        new.temperature = self.temperature
        return new

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(minigrad.rand(shape, dtype=probs.dtype))
        odds = u.log() - (-u).log1p() + probs.log() - (-probs).log1p()
        return odds / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        logits, value = broadcast_all(self.logits, value)
        away = logits - value.mul(self.temperature)
        temperature = minigrad.as_tensor(self.temperature, dtype=logits.dtype)
        return temperature.log() + away - 2 * away.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """The Bernoulli distribution made continuous: draws in (0, 1), near the ends for a small
    ``temperature``, through which gradients flow (C. Maddison et al., 2016; E. Jang et al., 2016).

    >>> import minigrad
    >>> d = minigrad.distributions.RelaxedBernoulli(0.1, probs=minigrad.tensor([0.5]))
    >>> d.log_prob(minigrad.tensor([0.5]))
    tensor([-2.3026])
    """

    arg_constraints = TwoOutcomes.arg_constraints
    support = constraints.unit_interval
    has_rsample = True

    base_dist: LogitRelaxedBernoulli

    def __init__(
        self,
        temperature: Tensor | float,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Tensor | float:
        return self.base_dist.temperature

    @property
    def logits(self) -> Tensor:
        return self.base_dist.logits

    @property
    def probs(self) -> Tensor:
        return self.base_dist.probs
