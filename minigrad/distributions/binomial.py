"""The binomial distribution."""

from __future__ import annotations

from collections.abc import Sequence

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.constraints import Constraint
from minigrad.distributions.two_outcomes import TwoOutcomes
from minigrad.tensor import Tensor


class Binomial(TwoOutcomes):
    """The binomial distribution: how often an event of probability ``probs`` happens in
    ``total_count`` trials.

    >>> import minigrad
    >>> minigrad.distributions.Binomial(4, minigrad.tensor([0.0, 0.5, 1.0])).mean
    tensor([0., 2., 4.])
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        **TwoOutcomes.arg_constraints,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: int | Tensor = 1,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        (self.total_count,) = self._set(probs, logits, total_count)
        self.total_count = self.total_count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Constraint:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with minigrad.no_grad():
            return minigrad.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        n, logits = self.total_count, self.logits
        # n log(1 + exp(logits)), which does not overflow, with its slope of n / 2 at 0
        size = logits.abs()
        scale = n * ((logits + size) / 2) + n * (-size).exp().log1p() - (n + 1).lgamma()
        return value * logits - (value + 1).lgamma() - (n - value + 1).lgamma() - scale

    def entropy(self) -> Tensor:
        self._count("entropy")
        log_prob = self.log_prob(self.enumerate_support(expand=False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = minigrad.arange(1 + self._count("enumerate_support"), dtype=self._param.dtype)
        values = values.view((-1,) + (1,) * len(self.batch_shape))
        return values.expand((-1, *self.batch_shape)) if expand else values

    def _count(self, name):
        """Return the number of trials, which must be the same everywhere."""
        count = int(self.total_count.max())
        if not (self.total_count == count).all():
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{name}`.")
        return count
