"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Self

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.chi2 import Chi2
from minigrad.distributions.covariance import (
    OfCovariance,
    cholesky_factor,
    half_log_det,
    matrix_constraints,
    the_given,
)
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.exp_family import ExponentialFamily
from minigrad.tensor import Tensor


class Wishart(OfCovariance, ExponentialFamily):
    """The Wishart distribution of symmetric positive definite matrices: the sum of x x^T over
    ``df`` normal vectors x of the given covariance matrix.

    >>> import minigrad
    >>> minigrad.distributions.Wishart(3.0, minigrad.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    arg_constraints = {**matrix_constraints, "df": constraints.greater_than(0)}
    support = constraints.positive_definite
    has_rsample = True

    def __init__(
        self,
        df: Tensor | float,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        given = [covariance_matrix, precision_matrix, scale_tril]
        if sum(m is not None for m in given) != 1:
            raise AssertionError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        name, matrix = the_given(covariance_matrix, precision_matrix, scale_tril)
        if matrix.dim() < 2:
            raise ValueError(
                "scale_tril must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        n = matrix.shape[-1]
        df = df if isinstance(df, Tensor) else minigrad.tensor(df, dtype=matrix.dtype)
        if df.le(n - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        batch_shape = minigrad.broadcast_shapes(matrix.shape[:-2], df.shape)
        self.df = df.expand(batch_shape)
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        self.arg_constraints = {**self.arg_constraints, "df": constraints.greater_than(n - 1)}
        if self.df.lt(n).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 "
                "< df < ndim.",
                stacklevel=2,
            )
        super().__init__(batch_shape, (n, n), validate_args=validate_args)
        self._factor = cholesky_factor(name, matrix)
        # The squares of the diagonal of the factor of a draw
        self._chi2 = Chi2(self.df.unsqueeze(-1) - minigrad.arange(n, dtype=matrix.dtype))

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        new = super().expand(batch_shape, _instance)
        new._factor, new.arg_constraints = self._factor, self.arg_constraints
        new._chi2 = self._chi2.expand((*batch_shape, self.event_shape[0]))
        return new

    @property
    def _df(self) -> Tensor:
        return self.df.view((*self.batch_shape, 1, 1))

    @property
    def mean(self) -> Tensor:
        return self._df * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        factor = self._df - self.event_shape[0] - 1
        return factor.masked_fill(factor <= 0, math.nan) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        matrix = self.covariance_matrix
        diagonal = matrix.diagonal(dim1=-2, dim2=-1)
        return self._df * (matrix.pow(2) + diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2))

    def rsample(
        self, sample_shape: Sequence[int] = (), max_try_correction: int | None = None
    ) -> Tensor:
        """Draw by M. S. Bartlett's decomposition.

        torch looks for draws to correct, and finds all that are fine: the second one it takes, if
        ``max_try_correction`` is not 0.  So does this, for the same numbers.
        """
        first = self._bartlett(sample_shape)
        return first if max_try_correction == 0 else self._bartlett(sample_shape)

    def _bartlett(self, sample_shape):
        n = self.event_shape[0]
        diagonal = self._chi2.rsample(sample_shape).sqrt().diag_embed()
        below = minigrad.randn((*diagonal.shape[:-2], n * (n - 1) // 2), dtype=diagonal.dtype)
        rows, columns = minigrad.tril_indices(n, n, offset=-1)
        diagonal[..., rows, columns] = below
        factor = self._factor @ diagonal
        return factor @ factor.mT

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        n, half = self.event_shape[0], 0.5 * self.df
        constant = half * n * math.log(2) + half.mvlgamma(n) + self.df * half_log_det(self._factor)
        log_det = minigrad.linalg.slogdet(value).logabsdet
        trace = minigrad.cholesky_solve(value, self._factor).diagonal(dim1=-2, dim2=-1).sum(-1)
        return 0.5 * (self.df - n - 1) * log_det - 0.5 * trace - constant

    def entropy(self) -> Tensor:
        n, half = self.event_shape[0], 0.5 * self.df
        digammas = mvdigamma(half, n)
        return (
            (n + 1) * (half_log_det(self._factor) + 0.5 * n * math.log(2))
            + half.mvlgamma(n) - 0.5 * (self.df - n - 1) * digammas + half * n
        )  # fmt: skip


def mvdigamma(x: Tensor, n: int) -> Tensor:
    """Return the derivative of ``mvlgamma``: the sum of digamma(x - i / 2) over i < n."""
    return (x.unsqueeze(-1) - 0.5 * minigrad.arange(n, dtype=x.dtype)).digamma().sum(-1)
