"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.exp_family import ExponentialFamily
from minigrad.distributions.two_outcomes import TwoOutcomes
from minigrad.distributions.utils import broadcast_all, clamp_probs
from minigrad.nn.functional import binary_cross_entropy_with_logits
from minigrad.tensor import Tensor


class ContinuousBernoulli(TwoOutcomes, ExponentialFamily):
    """The continuous Bernoulli distribution: of numbers x from 0 to 1, with a density in proportion
    to ``probs ** x * (1 - probs) ** (1 - x)`` (G. Loaiza-Ganem and J. P. Cunningham, 2019).

    Between the ``lims``, around 0.5, the formulas divide zero by zero, and their Taylor series are
    taken.

    >>> import minigrad
    >>> minigrad.distributions.ContinuousBernoulli(0.5).variance
    tensor(0.0833)
    """

    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        self._set(probs, logits)
        self._lims = lims
        super().__init__(self._param.shape, validate_args=validate_args)
        if probs is not None:
            self.probs = clamp_probs(self.probs)

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        new = super().expand(batch_shape, _instance)
        new._lims = self._lims
        return new

    def _outside(self):
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _formula(self, formula, near_half):
        """Return a formula of p and its log-odds outside the limits, a series of p - 0.5 inside."""
        outside = self._outside()
        p = minigrad.where(outside, self.probs, self._lims[0])
        x = minigrad.where(outside, 0.0, self.probs - 0.5)
        return minigrad.where(outside, formula(p, p.log() - (-p).log1p()), near_half(x))

    def _log_norm(self):
        return self._formula(
            lambda p, odds: (odds / (2 * p - 1)).log(),
            lambda x: math.log(2) + (4 / 3 + 104 / 45 * x**2) * x**2,
        )

    @property
    def mean(self) -> Tensor:
        return self._formula(
            lambda p, odds: p / (2 * p - 1) - 1 / odds,
            lambda x: 0.5 + (1 / 3 + 16 / 45 * x**2) * x,
        )

    @property
    def variance(self) -> Tensor:
        return self._formula(
            lambda p, odds: p * (p - 1) / (1 - 2 * p) ** 2 + 1 / odds**2,
            lambda x: 1 / 12 - (1 / 15 - 128 / 945 * x**2) * x**2,
        )

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(minigrad.rand(shape, dtype=self.probs.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        logits, value = broadcast_all(self.logits, value)
        entropy = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return self._log_norm() - entropy

    def cdf(self, value: Tensor) -> Tensor:
        self._check(value)
        inside = self._formula(
            lambda p, odds: (p**value * (1 - p) ** (1 - value) + p - 1) / (2 * p - 1),
            lambda x: value,
        )
        return inside.masked_fill(value <= 0, 0.0).masked_fill(value >= 1, 1.0)

    def icdf(self, value: Tensor) -> Tensor:
        return self._formula(
            lambda p, odds: ((-p + value * (2 * p - 1)).log1p() - (-p).log1p()) / odds,
            lambda x: value,
        )

    def entropy(self) -> Tensor:
        return -self.mean * self.logits - (-self.probs).log1p() - self._log_norm()
