"""The normal distribution of vectors."""

import math

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import lazy_property


class MultivariateNormal(Distribution):
    """The normal distribution of vectors of mean ``loc``, given by one of its covariance matrix,
    the inverse of that, and its Cholesky factor ``scale_tril``.

    >>> import minigrad
    >>> minigrad.distributions.MultivariateNormal(minigrad.zeros(2), minigrad.eye(2)).entropy()
    tensor(2.8379)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc,
        covariance_matrix=None,
        precision_matrix=None,
        scale_tril=None,
        validate_args=None,
    ):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            what = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(
                f"{what} must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch_shape = minigrad.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        self.loc = loc.expand((*batch_shape, -1))
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._factor = _cholesky_factor(name, matrix)  # not repeated over the batch

    def expand(self, batch_shape, _instance=None):
        new = super().expand(batch_shape, _instance)
        new._factor = self._factor
        return new

    @lazy_property
    def scale_tril(self):
        """The Cholesky factor of the covariance matrix."""
        return self._repeated(self._factor)

    @lazy_property
    def covariance_matrix(self):
        """The covariance matrix."""
        return self._repeated(self._factor @ self._factor.mT)

    @lazy_property
    def precision_matrix(self):
        """The inverse of the covariance matrix."""
        return self._repeated(minigrad.cholesky_inverse(self._factor))

    def _repeated(self, matrix):
        return matrix.expand((*self.batch_shape, *self.event_shape, *self.event_shape))

    mean = mode = property(lambda self: self.loc)

    @property
    def variance(self):
        return self._factor.pow(2).sum(-1).expand(self.batch_shape + self.event_shape)

    def rsample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        noise = minigrad.empty(shape, dtype=self.loc.dtype).normal_()
        return self.loc + (self._factor @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value):
        self._check(value)
        away = squared_distance(self._factor, value - self.loc)
        constant = self.event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + away) - half_log_det(self._factor)

    def entropy(self):
        constant = 0.5 * self.event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (constant + half_log_det(self._factor)).expand(self.batch_shape)


def _cholesky_factor(name, matrix):
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


def half_log_det(factor):
    """Return half of the logarithm of the determinant of ``factor @ factor.T``."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def squared_distance(factor, x):
    """Return the square of the Mahalanobis distance: of the inverse of the factor times x."""
    solved = minigrad.linalg.solve_triangular(factor, x.unsqueeze(-1), upper=False)
    return solved.squeeze(-1).pow(2).sum(-1)
