"""The Dirichlet distribution."""

from __future__ import annotations

from collections.abc import Sequence

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.exp_family import ExponentialFamily
from minigrad.nn.functional import one_hot
from minigrad.ops.gamma_draws import standard_dirichlet
from minigrad.tensor import Tensor


class Dirichlet(ExponentialFamily):
    """The Dirichlet distribution of probabilities: of vectors whose positive numbers add to 1.

    >>> import minigrad
    >>> minigrad.distributions.Dirichlet(minigrad.tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def _total(self) -> Tensor:
        return self.concentration.sum(-1, keepdim=True)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self._total

    @property
    def mode(self) -> Tensor:
        more = (self.concentration - 1).clamp(min=0.0)
        mode = more / more.sum(-1, keepdim=True)
        # Where all concentrations are below 1, the density is largest in the corners
        corner = one_hot(mode.argmax(-1), self.event_shape[0]).to(mode.dtype)
        return minigrad.where((self.concentration < 1).all(-1, keepdim=True), corner, mode)

    @property
    def variance(self) -> Tensor:
        return self.mean * (1 - self.mean) / (self._total + 1)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return standard_dirichlet(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        return (self.concentration - 1.0).xlogy(value).sum(-1) - self._log_normalizer()

    def _log_normalizer(self) -> Tensor:
        return self.concentration.lgamma().sum(-1) - self.concentration.sum(-1).lgamma()

    def entropy(self) -> Tensor:
        total, count = self.concentration.sum(-1), self.event_shape[0]
        digammas = (self.concentration - 1.0) * self.concentration.digamma()
        return self._log_normalizer() + (total - count) * total.digamma() - digammas.sum(-1)
