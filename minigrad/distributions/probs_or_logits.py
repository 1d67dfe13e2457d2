"""What the distributions of discrete outcomes have in common: a parameter in one of two forms."""

from __future__ import annotations

from minigrad.attributes import Size
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import lazy_property, logits_to_probs, probs_to_logits
from minigrad.tensor import Tensor


class ProbsOrLogits(Distribution):
    """Parameters are ``probs`` or ``logits``; the one that is not given is computed when it is
    asked for."""

    _is_binary = False  # whether logits are log-odds, or logarithms over the last dimension

    @lazy_property
    def logits(self) -> Tensor:
        """The log-odds, or the logarithms of the probabilities."""
        return probs_to_logits(self.probs, self._is_binary)

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities."""
        return logits_to_probs(self.logits, self._is_binary)

    @property
    def _param(self) -> Tensor:
        return self.probs if "probs" in vars(self) else self.logits

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return self._param.size()
