"""Distributions that have a covariance matrix, and its Cholesky factor."""

from __future__ import annotations

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import lazy_property
from minigrad.tensor import Tensor

# What the covariance matrix may be given by
matrix_constraints = {
    "covariance_matrix": constraints.positive_definite,
    "precision_matrix": constraints.positive_definite,
    "scale_tril": constraints.lower_cholesky,
}


class OfCovariance(Distribution):
    """A subclass has ``_factor``, the Cholesky factor, not repeated over the batch; from it follow
    the matrices that were not given, when they are asked for."""

    _factor: Tensor

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of the covariance matrix."""
        return self._repeated(self._factor)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance matrix."""
        return self._repeated(self._factor @ self._factor.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance matrix."""
        return self._repeated(minigrad.cholesky_inverse(self._factor))

    def _repeated(self, matrix: Tensor) -> Tensor:
        return matrix.expand((*self.batch_shape, *matrix.shape[-2:]))


def the_given(
    covariance_matrix: Tensor | None, precision_matrix: Tensor | None, scale_tril: Tensor | None
) -> tuple[str, Tensor]:
    """Return name and value of the one of three matrices that is given."""
    every = (covariance_matrix, precision_matrix, scale_tril)
    given = [(n, m) for n, m in zip(matrix_constraints, every, strict=True) if m is not None]
    if len(given) != 1:
        raise ValueError(
            "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
        )
    return given[0]


def cholesky_factor(name: str, matrix: Tensor) -> Tensor:
    """Return L with L @ L.T the covariance matrix."""
    if name == "scale_tril":
        return matrix
    if name == "covariance_matrix":
        return minigrad.linalg.cholesky(matrix)
    # Reversed, the factor of the precision is the inverse of an upper triangle: turn it round.
    reversed_factor = minigrad.linalg.cholesky(matrix.flip((-2, -1)))
    inverse = reversed_factor.flip((-2, -1)).mT
    identity = minigrad.eye(matrix.shape[-1], dtype=matrix.dtype)
    return minigrad.linalg.solve_triangular(inverse, identity, upper=False)


def half_log_det(factor: Tensor) -> Tensor:
    """Return half of the logarithm of the determinant of ``factor @ factor.T``."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def squared_distance(factor: Tensor, x: Tensor) -> Tensor:
    """Return the square of the Mahalanobis distance: of the inverse of the factor times x."""
    solved = minigrad.linalg.solve_triangular(factor, x.unsqueeze(-1), upper=False)
    return solved.squeeze(-1).pow(2).sum(-1)
