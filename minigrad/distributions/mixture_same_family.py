"""Mixtures of distributions of one family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import minigrad
from minigrad import Size
from minigrad.distributions import constraints
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.constraints import Constraint
from minigrad.distributions.distribution import Distribution
from minigrad.tensor import Tensor


class MixtureSameFamily(Distribution):
    """A mixture: one of the distributions along the last batch dimension of
    ``component_distribution``, picked by the Categorical ``mixture_distribution``.

    >>> import minigrad
    >>> from minigrad.distributions import Categorical, MixtureSameFamily, Normal
    >>> parts = Normal(minigrad.tensor([-1.0, 1.0]), minigrad.ones(2))
    >>> MixtureSameFamily(Categorical(minigrad.ones(2)), parts).variance
    tensor(2.)
    """

    arg_constraints = {}

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError("The Mixture distribution needs to be an instance of Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("The Component distribution needs to be an instance of Distribution")
        self._mixture, self._component = mixture_distribution, component_distribution
        own, batch = mixture_distribution.batch_shape, component_distribution.batch_shape
        if any(a != b and 1 not in (a, b) for a, b in zip(own[::-1], batch[-2::-1], strict=False)):
            raise ValueError(
                f"`mixture_distribution.batch_shape` ({own}) is not compatible with "
                f"`component_distribution.batch_shape`({batch[:-1]})"
            )
        count = mixture_distribution.logits.shape[-1]
        if count != batch[-1]:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({batch[-1]})"
            )
        event_shape = component_distribution.event_shape
        self._dim = -1 - len(event_shape)  # along which the components are
        super().__init__(batch[:-1], event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        new = self._get_checked_instance(_instance=_instance)
        new._mixture = self._mixture.expand(batch_shape)
        new._component = self._component.expand((*batch_shape, self._component.batch_shape[-1]))
        new._dim = self._dim
        return self._finish(new, batch_shape)

    @property
    def mixture_distribution(self) -> Categorical:
        return self._mixture

    @property
    def component_distribution(self) -> Distribution:
        return self._component

    @constraints.dependent_property
    def support(self) -> Constraint:
        return constraints.MixtureSameFamilyConstraint(self._component.support)

    def _mixed(self, values: Tensor) -> Tensor:
        """Return the mean of one value for each component."""
        probs = self._mixture.probs
        return (probs.view(probs.shape + (1,) * (-1 - self._dim)) * values).sum(self._dim)

    @property
    def mean(self) -> Tensor:
        return self._mixed(self._component.mean)

    @property
    def variance(self) -> Tensor:
        means = self._component.mean
        between = (means - self.mean.unsqueeze(self._dim)).pow(2)
        return self._mixed(self._component.variance) + self._mixed(between)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with minigrad.no_grad():
            picked = self._mixture.sample(sample_shape)
            values = self._component.sample(sample_shape)
            index = picked.view(picked.shape + (1,) * -self._dim)
            shape = Size((*values.shape[: self._dim], 1, *self.event_shape))
            return values.gather(self._dim, index.expand(shape)).squeeze(self._dim)

    def log_prob(self, x: Tensor) -> Tensor:
        self._check(x)
        log_probs = self._component.log_prob(x.unsqueeze(self._dim))
        return (log_probs + self._mixture.logits.log_softmax(-1)).logsumexp(-1)

    def cdf(self, x: Tensor) -> Tensor:
        self._check(x)
        return (self._component.cdf(x.unsqueeze(self._dim)) * self._mixture.probs).sum(-1)

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self._mixture},\n  {self._component})"
