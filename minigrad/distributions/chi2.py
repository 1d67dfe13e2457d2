"""The chi-squared distribution."""

from minigrad.distributions import constraints
from minigrad.distributions.gamma import Gamma


class Chi2(Gamma):
    """The chi-squared distribution: the sum of ``df`` squares of standard normal draws.

    >>> import minigrad
    >>> minigrad.distributions.Chi2(3.0).mean
    tensor(3.)
    """

    arg_constraints = {"df": constraints.positive}

    def __init__(self, df, validate_args=None):
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(_instance=_instance)
        new.concentration = self.concentration.expand(batch_shape)
        new.rate = self.rate.expand(batch_shape)
        return self._finish(new, batch_shape)

    df = property(lambda self: self.concentration * 2)
