"""The logistic-normal distribution."""

from minigrad.distributions import constraints
from minigrad.distributions.normal import Normal
from minigrad.distributions.transformed_distribution import TransformedDistribution
from minigrad.distributions.transforms import StickBreakingTransform


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

    def __init__(self, loc, scale, validate_args=None):
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    loc = property(lambda self: self.base_dist.base_dist.loc)
    scale = property(lambda self: self.base_dist.base_dist.scale)
