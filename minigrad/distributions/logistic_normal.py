"""The logistic-normal distribution."""

from __future__ import annotations

from typing import Any

from minigrad.distributions import constraints
from minigrad.distributions.normal import Normal
from minigrad.distributions.transformed_distribution import TransformedDistribution
from minigrad.distributions.transforms import StickBreakingTransform
from minigrad.tensor import Tensor


class LogisticNormal(TransformedDistribution):
    """The distribution of probabilities that a stick broken at normal places gives: one more of
    them than ``loc`` and ``scale`` have numbers.

    >>> import minigrad
    >>> d = minigrad.distributions.LogisticNormal(minigrad.zeros(2), minigrad.ones(2))
    >>> d.sample().shape
    minigrad.Size([3])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    has_rsample = True

    base_dist: Any  # Independent, of a Normal distribution

    def __init__(
        self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None
    ) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    @property
    def loc(self) -> Tensor:
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Tensor:
        return self.base_dist.base_dist.scale
