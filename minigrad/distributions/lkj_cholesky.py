"""The distribution of correlation matrices of D. Lewandowski, D. Kurowicka and H. Joe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.beta import Beta
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import broadcast_all
from minigrad.tensor import Tensor


class LKJCholesky(Distribution):
    """Cholesky factors of correlation matrices of size ``dim``, whose density is in proportion to
    ``det(matrix) ** (concentration - 1)``; all matrices are alike where ``concentration`` is 1.

    Drawn row by row, the onion method.  Source: D. Lewandowski, D. Kurowicka and H. Joe,
    "Generating random correlation matrices based on vines and extended onion method", 2009.

    >>> import minigrad
    >>> minigrad.distributions.LKJCholesky(3, 0.5).sample((4,)).shape
    minigrad.Size([4, 3, 3])
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(
        self, dim: int, concentration: Tensor | float = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        shape = self.concentration.shape
        # Of a row of i numbers before the diagonal, the sum of the squares is from a beta
        # distribution, of i / 2 and what the rows after it leave.
        before = minigrad.arange(dim, dtype=self.concentration.dtype)
        others = (before - 1).clamp(min=0)
        free = (self.concentration + 0.5 * (dim - 2)).unsqueeze(-1)
        self._beta = Beta(others + 0.5, free - 0.5 * others)
        super().__init__(shape, (dim, dim), validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        new = super().expand(batch_shape, _instance)
        new.dim = self.dim
        new._beta = self._beta.expand((*batch_shape, self.dim))
        return new

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with minigrad.no_grad():
            squares = self._beta.sample(sample_shape).unsqueeze(-1)
            shape = self._extended_shape(sample_shape)
            normal = minigrad.randn(shape, dtype=squares.dtype).tril(-1)
            length = normal.norm(dim=-1, keepdim=True)
            direction = minigrad.where(length > 0, normal / length, 0.0)  # the first row has none
            rows = squares.sqrt() * direction
            rest = (1 - rows.pow(2).sum(-1)).clamp(min=minigrad.finfo(rows.dtype).tiny)
            return rows + rest.sqrt().diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        n, free = self.dim - 1, self.concentration + 0.5 * (self.dim - 1)
        power = 2 * (self.concentration - 1).unsqueeze(-1) + minigrad.arange(n - 1, -1, -1)
        density = (power * value.diagonal(dim1=-2, dim2=-1)[..., 1:].log()).sum(-1)
        # The constant, page 1999 of the source, of the Cholesky factor's density
        constant = 0.5 * n * math.log(math.pi) + (free - 0.5).mvlgamma(n) - n * free.lgamma()
        return density - constant
