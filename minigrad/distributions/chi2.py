"""The chi-squared distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.gamma import Gamma
from minigrad.tensor import Tensor


class Chi2(Gamma):
    """The chi-squared distribution: the sum of ``df`` squares of standard normal draws.

    >>> import minigrad
    >>> minigrad.distributions.Chi2(3.0).mean
    tensor(3.)
    """

    arg_constraints = {"df": constraints.positive}

    def __init__(self, df: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        new = self._get_checked_instance(_instance=_instance)
        new.concentration = self.concentration.expand(batch_shape)
        new.rate = self.rate.expand(batch_shape)
        return self._finish(new, batch_shape)

    @property
    def df(self) -> Tensor:
        return self.concentration * 2
