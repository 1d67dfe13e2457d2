"""The half-normal distribution."""

from __future__ import annotations

import math

from minigrad.distributions import constraints
from minigrad.distributions.half import Half
from minigrad.distributions.normal import Normal
from minigrad.tensor import Tensor


class HalfNormal(Half):
    """The distribution of |x|, where x is normal around 0 with ``scale``.

    >>> import minigrad
    >>> minigrad.distributions.HalfNormal(1.0).mean
    tensor(0.7979)
    """

    arg_constraints = {"scale": constraints.positive}

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(Normal(0, scale, validate_args=False), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale.pow(2) * (1 - 2 / math.pi)
