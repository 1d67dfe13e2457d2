"""The half-normal distribution."""

import math

from minigrad.distributions import constraints
from minigrad.distributions.half import Half
from minigrad.distributions.normal import Normal


class HalfNormal(Half):
    """The distribution of |x|, where x is normal around 0 with ``scale``.

    >>> import minigrad
    >>> minigrad.distributions.HalfNormal(1.0).mean
    tensor(0.7979)
    """

    arg_constraints = {"scale": constraints.positive}

    def __init__(self, scale, validate_args=None):
        super().__init__(Normal(0, scale, validate_args=False), validate_args=validate_args)

    mean = property(lambda self: self.scale * math.sqrt(2 / math.pi))
    variance = property(lambda self: self.scale.pow(2) * (1 - 2 / math.pi))
