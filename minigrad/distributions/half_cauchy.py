"""The half-Cauchy distribution."""

from __future__ import annotations

import math

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.cauchy import Cauchy
from minigrad.distributions.half import Half
from minigrad.tensor import Tensor


class HalfCauchy(Half):
    """The distribution of |x|, where x is from the Cauchy distribution around 0 with ``scale``.

    >>> import minigrad
    >>> minigrad.distributions.HalfCauchy(1.0).cdf(minigrad.tensor(1.0))
    tensor(0.5000)
    """

    arg_constraints = {"scale": constraints.positive}

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0, scale, validate_args=False), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return minigrad.full(self._extended_shape(), math.inf)

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance
