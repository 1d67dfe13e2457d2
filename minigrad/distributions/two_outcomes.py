"""What the distributions of events that happen or not have in common."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad import Tensor
from minigrad.distributions import constraints
from minigrad.distributions.probs_or_logits import ProbsOrLogits
from minigrad.distributions.utils import broadcast_all, check_one_of


class TwoOutcomes(ProbsOrLogits):
    """Parameters are ``probs``, the probability that it happens, or ``logits``, its log-odds."""

    _is_binary = True
    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}

    def _set(
        self,
        probs: Tensor | float | None,
        logits: Tensor | float | None,
        *others: Tensor | float,
    ) -> Sequence[Tensor]:
        """Set what is given of probs and logits; return the others, broadcast with it."""
        check_one_of(probs, logits)
        if probs is not None:
            self.probs, *rest = broadcast_all(probs, *others)
        elif logits is not None:
            self.logits, *rest = broadcast_all(logits, *others)
        return rest
