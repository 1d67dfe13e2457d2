"""The categorical distribution with one-hot values."""

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.distribution import Distribution
from minigrad.nn.functional import one_hot


class OneHotCategorical(Distribution):
    """The categorical distribution, whose values are vectors with a single 1.

    >>> import minigrad
    >>> minigrad.distributions.OneHotCategorical(minigrad.tensor([0.0, 1.0])).sample()
    tensor([0., 1.])
    """

    arg_constraints = Categorical.arg_constraints
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(self, probs=None, logits=None, validate_args=None):
        self._categorical = Categorical(probs, logits)
        shape = self._param.shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(_instance=_instance)
        new._categorical = self._categorical.expand(batch_shape)
        return self._finish(new, batch_shape)

    _param = property(lambda self: self._categorical._param)
    probs = property(lambda self: self._categorical.probs)
    logits = property(lambda self: self._categorical.logits)
    param_shape = property(lambda self: self._categorical.param_shape)
    mean = property(lambda self: self.probs)
    variance = property(lambda self: self.probs * (1 - self.probs))

    @property
    def mode(self):
        return self._one_hot(self._categorical.mode)

    def _one_hot(self, indices):
        return one_hot(indices, self._categorical._num_events).to(self._param.dtype)

    def sample(self, sample_shape=()):
        return self._one_hot(self._categorical.sample(sample_shape))

    def log_prob(self, value):
        self._check(value)
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self):
        return self._categorical.entropy()

    def enumerate_support(self, expand=True):
        n = self.event_shape[0]
        values = minigrad.eye(n, dtype=self._param.dtype)
        values = values.view((n,) + (1,) * len(self.batch_shape) + (n,))
        return values.expand((n, *self.batch_shape, n)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """The same, with the gradient of the probabilities for the draws (Y. Bengio et al., 2013)."""

    has_rsample = True

    def rsample(self, sample_shape=()):
        drawn, probs = self.sample(sample_shape), self.probs
        return drawn + (probs - probs.detach())
