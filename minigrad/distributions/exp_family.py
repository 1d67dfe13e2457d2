"""Exponential families: distributions whose entropy follows from one function."""

from __future__ import annotations

from typing import Any

import minigrad
from minigrad.distributions.distribution import Distribution
from minigrad.tensor import Tensor


class ExponentialFamily(Distribution):
    """A distribution of the density ``exp(<natural parameters, t(x)> - log_normalizer + k(x))``.

    A subclass has the tuple ``_natural_params``, the method ``_log_normalizer`` of them, and
    ``_mean_carrier_measure``, the mean of k(x).  Source: F. Nielsen and R. Nock, "Entropies and
    cross-entropies of exponential families", 2010.

    >>> import minigrad
    >>> class Exponential(minigrad.distributions.ExponentialFamily):
    ...     arg_constraints = {}
    ...     _natural_params = (minigrad.tensor(-2.0),)
    ...     _mean_carrier_measure = 0
    ...     def _log_normalizer(self, x):
    ...         return -(-x).log()
    >>> Exponential().entropy().detach()
    tensor(0.3069)
    """

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return self._lacks()

    @property
    def _mean_carrier_measure(self) -> Tensor | float:
        return self._lacks()

    def _log_normalizer(self, *natural_params: Any) -> Tensor:
        return self._lacks()

    def entropy(self) -> Tensor:
        with minigrad.enable_grad():
            parameters = [p.detach().requires_grad_() for p in self._natural_params]
            normalizer = self._log_normalizer(*parameters)
            means = minigrad.autograd.grad(normalizer.sum(), parameters, create_graph=True)
        entropy = normalizer - self._mean_carrier_measure
        for parameter, mean in zip(parameters, means, strict=True):
            entropy = entropy - (parameter * mean).reshape((*self.batch_shape, -1)).sum(-1)
        return entropy
