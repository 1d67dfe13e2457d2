"""What the distributions of events that happen or not have in common."""

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import (
    broadcast_all,
    check_one_of,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
)


class TwoOutcomes(Distribution):
    """Parameters are ``probs``, the probability that it happens, or ``logits``, its log-odds; the
    one that is not given is computed when it is asked for."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}

    def _set(self, probs, logits, *others):
        """Set what is given of probs and logits; return the others, broadcast with it."""
        check_one_of(probs, logits)
        if probs is not None:
            self.probs, *others = broadcast_all(probs, *others)
        else:
            self.logits, *others = broadcast_all(logits, *others)
        return others

    @lazy_property
    def logits(self):
        """The log-odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self):
        """The probabilities."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def _param(self):
        return self.probs if "probs" in vars(self) else self.logits

    @property
    def param_shape(self):
        """The shape of the parameter."""
        return self._param.size()
