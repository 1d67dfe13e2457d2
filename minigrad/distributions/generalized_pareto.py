"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.constraints import Constraint
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import broadcast_all
from minigrad.tensor import Tensor


class GeneralizedPareto(Distribution):
    """The generalized Pareto distribution: what exceeds a high threshold ``loc``; exponential where
    ``concentration`` is 0, with an end where that is negative.

    >>> import minigrad
    >>> minigrad.distributions.GeneralizedPareto(1.0, 2.0, 0.5).mean
    tensor(5.)
    """

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        concentration: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Constraint:
        end = self.loc - self.scale / self.concentration
        end = end.masked_fill(self.concentration >= 0, math.inf)
        return constraints.interval(self.loc, end)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def mean(self) -> Tensor:
        mean = self.loc + self.scale / (1 - self.concentration)
        return mean.masked_fill(self.concentration >= 1, math.nan)

    @property
    def variance(self) -> Tensor:
        c = self.concentration
        variance = self.scale.pow(2) / ((1 - c).pow(2) * (1 - 2 * c))
        return variance.masked_fill(c >= 0.5, math.nan)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(minigrad.rand(shape, dtype=self.loc.dtype))

    def _tail(self, exponential, power):
        """Return the first where the concentration is 0, else the second, a function of it."""
        is_zero = self.concentration == 0
        c = self.concentration.masked_fill(is_zero, 1)  # for the branch that is not taken
        return minigrad.where(is_zero, exponential, power(c))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        y = (value - self.loc) / self.scale
        return self._tail(-y, lambda c: -(1 + 1 / c) * (c * y).log1p()) - self.scale.log()

    def cdf(self, value: Tensor) -> Tensor:
        self._check(value)
        y = (value - self.loc) / self.scale
        return -self._tail(-y, lambda c: -(c * y).log1p() / c).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        log_above = (-value).log1p()
        return self.loc + self.scale * self._tail(
            -log_above, lambda c: (-c * log_above).expm1() / c
        )

    def entropy(self) -> Tensor:
        return self.scale.log() + self.concentration + 1
