"""The relaxed categorical distribution: the Gumbel-softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import minigrad
from minigrad.attributes import Size
from minigrad.distributions import constraints
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.transformed_distribution import TransformedDistribution
from minigrad.distributions.transforms import ExpTransform
from minigrad.distributions.utils import clamp_probs
from minigrad.tensor import Tensor


class ExpRelaxedCategorical(Distribution):
    """The logarithms of a relaxed one-hot categorical distribution.

    >>> import minigrad
    >>> from minigrad.distributions.relaxed_categorical import ExpRelaxedCategorical
    >>> ExpRelaxedCategorical(0.5, logits=minigrad.zeros(3)).rsample((4,)).shape
    minigrad.Size([4, 3])
    """

    arg_constraints = Categorical.arg_constraints
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        temperature: Tensor | float,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical, self.temperature = Categorical(probs, logits), temperature
        shape = self.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        new = self._get_checked_instance(_instance=_instance)
        new.temperature = self.temperature
        new._categorical = self._categorical.expand(batch_shape)
        return self._finish(new, batch_shape)

    @property
    def probs(self) -> Tensor:
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        return self._categorical.logits

    @property
    def param_shape(self) -> Size:
        return self._categorical.param_shape

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        logits = self.logits
        u = clamp_probs(minigrad.rand(self._extended_shape(sample_shape), dtype=logits.dtype))
        scores = (logits - (-u.log()).log()) / self.temperature
        return scores - scores.logsumexp(-1, keepdim=True)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        logits, value = minigrad.broadcast_tensors(self.logits, value)
        n = self.event_shape[0]
        temperature = minigrad.as_tensor(self.temperature, dtype=logits.dtype)
        constant = math.lgamma(n) + (n - 1) * temperature.log()
        scores = logits - value.mul(self.temperature)
        return (scores - scores.logsumexp(-1, keepdim=True)).sum(-1) + constant


class RelaxedOneHotCategorical(TransformedDistribution):
    """The one-hot categorical distribution made continuous: draws are positive and add to one,
    near one-hot for a small ``temperature``, and gradients flow through them (C. Maddison et al.,
    2016; E. Jang et al., 2016).

    >>> import minigrad
    >>> d = minigrad.distributions.RelaxedOneHotCategorical(0.5, logits=minigrad.zeros(3))
    >>> d.rsample((4,)).shape
    minigrad.Size([4, 3])
    """

    arg_constraints = Categorical.arg_constraints
    support = constraints.simplex
    has_rsample = True

    base_dist: ExpRelaxedCategorical

    def __init__(
        self,
        temperature: Tensor | float,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Tensor | float:
        return self.base_dist.temperature

    @property
    def logits(self) -> Tensor:
        return self.base_dist.logits

    @property
    def probs(self) -> Tensor:
        return self.base_dist.probs
