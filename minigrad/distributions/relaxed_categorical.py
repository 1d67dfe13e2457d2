"""The relaxed categorical distribution: the Gumbel-softmax."""

import math

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.transformed_distribution import TransformedDistribution
from minigrad.distributions.transforms import ExpTransform
from minigrad.distributions.utils import clamp_probs


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

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self._categorical, self.temperature = Categorical(probs, logits), temperature
        shape = self.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(_instance=_instance)
        new.temperature = self.temperature
        new._categorical = self._categorical.expand(batch_shape)
        return self._finish(new, batch_shape)

    probs = property(lambda self: self._categorical.probs)
    logits = property(lambda self: self._categorical.logits)
    param_shape = property(lambda self: self._categorical.param_shape)

    def rsample(self, sample_shape=()):
        logits = self.logits
        u = clamp_probs(minigrad.rand(self._extended_shape(sample_shape), dtype=logits.dtype))
        scores = (logits - (-u.log()).log()) / self.temperature
        return scores - scores.logsumexp(-1, keepdim=True)

    def log_prob(self, value):
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

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    temperature = property(lambda self: self.base_dist.temperature)
    logits = property(lambda self: self.base_dist.logits)
    probs = property(lambda self: self.base_dist.probs)
