"""The normal distribution of vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.covariance import (
    OfCovariance,
    cholesky_factor,
    half_log_det,
    matrix_constraints,
    squared_distance,
    the_given,
)
from minigrad.distributions.distribution import Distribution
from minigrad.tensor import Tensor


class MultivariateNormal(OfCovariance):
    """The normal distribution of vectors of mean ``loc``, given by one of its covariance matrix,
    the inverse of that, and its Cholesky factor ``scale_tril``.

    >>> import minigrad
    >>> minigrad.distributions.MultivariateNormal(minigrad.zeros(2), minigrad.eye(2)).entropy()
    tensor(2.8379)
    """

    arg_constraints = {"loc": constraints.real_vector, **matrix_constraints}
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = the_given(covariance_matrix, precision_matrix, scale_tril)
        if matrix.dim() < 2:
            what = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(
                f"{what} must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch_shape = minigrad.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        self.loc = loc.expand((*batch_shape, -1))
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._factor = cholesky_factor(name, matrix)  # not repeated over the batch

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        new = super().expand(batch_shape, _instance)
        new._factor = self._factor
        return new

    @property
    def mean(self) -> Tensor:
        return self.loc

    mode = mean

    @property
    def variance(self) -> Tensor:
        return self._factor.pow(2).sum(-1).expand(self.batch_shape + self.event_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = minigrad.empty(shape, dtype=self.loc.dtype).normal_()
        return self.loc + (self._factor @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        away = squared_distance(self._factor, value - self.loc)
        constant = self.event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + away) - half_log_det(self._factor)

    def entropy(self) -> Tensor:
        constant = 0.5 * self.event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (constant + half_log_det(self._factor)).expand(self.batch_shape)
