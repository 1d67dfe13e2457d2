"""The negative binomial distribution."""

from __future__ import annotations

from collections.abc import Sequence

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.gamma import Gamma
from minigrad.distributions.two_outcomes import TwoOutcomes
from minigrad.distributions.utils import lazy_property
from minigrad.nn.functional import logsigmoid
from minigrad.tensor import Tensor


class NegativeBinomial(TwoOutcomes):
    """The negative binomial distribution: how many successes of probability ``probs`` come before
    ``total_count`` failures.

    >>> import minigrad
    >>> minigrad.distributions.NegativeBinomial(4.0, 0.5).mean
    tensor(4.)
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: int | Tensor,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        (self.total_count,) = self._set(probs, logits, total_count)
        self.total_count = self.total_count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.mean / (-self.logits).sigmoid()

    @lazy_property
    def _gamma(self) -> Gamma:
        """The distribution of the rates, which make a Poisson distribution this one."""
        return Gamma(self.total_count, (-self.logits).exp(), validate_args=False)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with minigrad.no_grad():
            return minigrad.poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        n, logits = self.total_count, self.logits
        powers = n * logsigmoid(-logits) + value * logsigmoid(logits)
        ways = (n + value).lgamma() - (1.0 + value).lgamma() - n.lgamma()
        return powers + ways.masked_fill(n + value == 0, 0.0)
