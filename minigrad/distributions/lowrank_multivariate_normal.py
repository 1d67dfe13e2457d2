"""The normal distribution of vectors whose covariance is a diagonal and little more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.covariance import OfCovariance, half_log_det, squared_distance
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import lazy_property
from minigrad.tensor import Tensor


class LowRankMultivariateNormal(OfCovariance):
    """The normal distribution of vectors with the covariance W W^T + D, where W is ``cov_factor``,
    of few columns, and ``cov_diag`` the diagonal of D.

    Densities solve systems only of the size of W^T D^-1 W + 1, the capacitance (Woodbury's
    identity, and the lemma of the determinant).

    >>> import minigrad
    >>> d = minigrad.distributions.LowRankMultivariateNormal(
    ...     minigrad.zeros(2), minigrad.tensor([[1.0], [0.0]]), minigrad.ones(2)
    ... )
    >>> d.variance
    tensor([2., 1.])
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Tensor, cov_factor: Tensor, cov_diag: Tensor, validate_args: bool | None = None
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        (n,) = event_shape = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if cov_factor.shape[-2] != n:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {n} x m")
        if cov_diag.shape[-1:] != event_shape:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
        shapes = loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1]
        try:
            batch_shape = minigrad.broadcast_shapes(*shapes)
        except RuntimeError:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, "
                f"cov_diag {cov_diag.shape}"
            ) from None
        self.loc = loc.expand((*batch_shape, -1))
        self.cov_factor = cov_factor.expand((*batch_shape, -1, -1))
        self.cov_diag = cov_diag.expand((*batch_shape, -1))
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        self._unbroadcast = cov_factor, cov_diag  # not repeated over the batch

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        new = super().expand(batch_shape, _instance)
        new._unbroadcast = self._unbroadcast
        return new

    @property
    def mean(self) -> Tensor:
        return self.loc

    mode = mean

    @property
    def variance(self) -> Tensor:
        return self.cov_factor.pow(2).sum(-1) + self.cov_diag

    @lazy_property
    def _capacitance(self) -> Tensor:
        """The Cholesky factor of the capacitance."""
        factor, diagonal = self._unbroadcast
        columns = factor / diagonal.sqrt().unsqueeze(-1)
        identity = minigrad.eye(factor.shape[-1], dtype=factor.dtype)
        return minigrad.linalg.cholesky(columns.mT @ columns + identity)

    @lazy_property
    def _factor(self) -> Tensor:
        """The Cholesky factor of the whole, for who asks for that."""
        factor, diagonal = self._unbroadcast
        return minigrad.linalg.cholesky(factor @ factor.mT + diagonal.diag_embed())

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape, dtype = self._extended_shape(sample_shape), self.loc.dtype
        wide = minigrad.empty((*shape[:-1], self.cov_factor.shape[-1]), dtype=dtype).normal_()
        own = minigrad.empty(shape, dtype=dtype).normal_()
        shared = (self._unbroadcast[0] @ wide.unsqueeze(-1)).squeeze(-1)
        return self.loc + shared + self._unbroadcast[1].sqrt() * own

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        factor, diagonal = self._unbroadcast
        away = value - self.loc
        seen = (factor.mT @ (away / diagonal).unsqueeze(-1)).squeeze(-1)
        distance = (away.pow(2) / diagonal).sum(-1) - squared_distance(self._capacitance, seen)
        constant = self.event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + distance) - self._half_log_det()

    def _half_log_det(self):
        return half_log_det(self._capacitance) + 0.5 * self._unbroadcast[1].log().sum(-1)

    def entropy(self) -> Tensor:
        constant = 0.5 * self.event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (constant + self._half_log_det()).expand(self.batch_shape)
