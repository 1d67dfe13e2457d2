"""What the distributions of events that happen or not have in common."""

from minigrad.distributions import constraints
from minigrad.distributions.probs_or_logits import ProbsOrLogits
from minigrad.distributions.utils import broadcast_all, check_one_of


class TwoOutcomes(ProbsOrLogits):
    """Parameters are ``probs``, the probability that it happens, or ``logits``, its log-odds."""

    _is_binary = True
    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}

    def _set(self, probs, logits, *others):
        """Set what is given of probs and logits; return the others, broadcast with it."""
        check_one_of(probs, logits)
        if probs is not None:
            self.probs, *others = broadcast_all(probs, *others)
        else:
            self.logits, *others = broadcast_all(logits, *others)
        return others
