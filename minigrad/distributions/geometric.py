"""The geometric distribution."""

from __future__ import annotations

from collections.abc import Sequence

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.two_outcomes import TwoOutcomes
from minigrad.nn.functional import binary_cross_entropy_with_logits
from minigrad.tensor import Tensor


class Geometric(TwoOutcomes):
    """The geometric distribution: how often an event of probability ``probs`` fails to happen
    before it happens.

    >>> import minigrad
    >>> minigrad.distributions.Geometric(0.25).mean
    tensor(3.)
    """

    support = constraints.nonnegative_integer

    def __init__(
        self,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._set(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)
        if self._validate_args and "probs" in vars(self) and not (self.probs > 0).all():
            raise ValueError(
                f"Expected parameter probs (Tensor of shape {tuple(self.probs.shape)}) of "
                f"distribution {self!r} to be positive but found invalid values:\n"
                f"{self.probs[~(self.probs > 0)]}"
            )

    @property
    def mean(self) -> Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        return minigrad.zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        dtype = self.probs.dtype
        with minigrad.no_grad():
            u = minigrad.empty(self._extended_shape(sample_shape), dtype=dtype).uniform_()
            u = u.clamp(min=minigrad.finfo(dtype).tiny)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        value, probs = minigrad.broadcast_tensors(value, self.probs)
        sure = (probs == 1) & (value == 0)  # where 0 * log(0) is 0
        return value * (-probs.masked_fill(sure, 0)).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        logits, probs = self.logits, self.probs
        return binary_cross_entropy_with_logits(logits, probs, reduction="none") / probs
