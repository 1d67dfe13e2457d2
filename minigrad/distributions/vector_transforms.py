"""Transforms whose values are vectors and matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import minigrad
from minigrad import Size
from minigrad.distributions import constraints
from minigrad.distributions.constraints import Constraint
from minigrad.distributions.transform import OfItsKind, Transform, together
from minigrad.nn.functional import logsigmoid, pad, softplus
from minigrad.tensor import Tensor


class SoftmaxTransform(OfItsKind):
    """softmax(x) over the last dimension; ``inv`` gives the logarithms.

    >>> import minigrad
    >>> minigrad.distributions.SoftmaxTransform()(minigrad.zeros(2))
    tensor([0.5000, 0.5000])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        return x.softmax(-1)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def forward_shape(self, shape: Sequence[int]) -> Sequence[int]:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return shape

    inverse_shape = forward_shape


class StickBreakingTransform(OfItsKind):
    """n numbers made n + 1 probabilities: each breaks its share off what is left of a stick, of
    equal pieces for zeros.

    >>> import minigrad
    >>> minigrad.distributions.StickBreakingTransform()(minigrad.zeros(3))
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    def _log_pieces(self, x):
        """Return the logarithm of how many more pieces follow each one."""
        n = x.shape[-1]
        return minigrad.arange(n, 0, -1, dtype=x.dtype).log()

    def _call(self, x: Tensor) -> Tensor:
        info = minigrad.finfo(x.dtype)
        share = (x - self._log_pieces(x)).sigmoid().clamp(min=info.tiny, max=1.0 - info.eps)
        left = (1 - share).cumprod(-1)
        return pad(share, [0, 1], value=1) * pad(left, [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        pieces = y[..., :-1]
        left = (1 - pieces.cumsum(-1)).clamp(min=minigrad.finfo(y.dtype).tiny)
        return pieces.log() - left.log() + self._log_pieces(pieces)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return (logsigmoid(self._log_pieces(x) - x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Sequence[int]) -> Sequence[int]:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Sequence[int]) -> Sequence[int]:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return Size((*shape[:-1], shape[-1] - 1))


class CorrCholeskyTransform(OfItsKind):
    """n (n - 1) / 2 numbers made the Cholesky factor of a correlation matrix of size n: their tanh
    are the shares that each number has of what is left of its row's unit length.

    >>> import minigrad
    >>> minigrad.distributions.CorrCholeskyTransform()(minigrad.zeros(1))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        eps = minigrad.finfo(x.dtype).eps
        share = self._below_diagonal(x.tanh().clamp(min=-1 + eps, max=1 - eps))
        left = (1 - share.pow(2)).sqrt().cumprod(-1)
        identity = minigrad.eye(share.shape[-1], dtype=x.dtype)
        return (share + identity) * pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        rows, columns = self._places(y.shape[-1])
        return (y[..., rows, columns] / self._left(y).sqrt()).atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        # log(1 - tanh(x)**2), without the difference that loses all digits
        of_tanh = 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))
        return (0.5 * self._left(y).log() + of_tanh).sum(-1)

    def _below_diagonal(self, x):
        n = self.forward_shape(x.shape)[-1]
        matrix = x.new_zeros((*x.shape[:-1], n, n))
        rows, columns = self._places(n)
        matrix[..., rows, columns] = x
        return matrix

    def _left(self, y):
        """Return the square of what the numbers before each one leave of its row's length."""
        left = 1 - pad(y.pow(2).cumsum(-1)[..., :-1], [1, 0])
        rows, columns = self._places(y.shape[-1])
        return left[..., rows, columns]

    def _places(self, n):
        return minigrad.tril_indices(n, n, offset=-1)

    def forward_shape(self, shape: Sequence[int]) -> Sequence[int]:
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        count = shape[-1]
        n = round((0.25 + 2 * count) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != count:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return Size((*shape[:-1], n, n))

    def inverse_shape(self, shape: Sequence[int]) -> Sequence[int]:
        if len(shape) < 2:
            raise ValueError("Too few dimensions on input")
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        n = shape[-1]
        return Size((*shape[:-2], n * (n - 1) // 2))


class LowerCholeskyTransform(OfItsKind):
    """Any matrix made a Cholesky factor: its lower triangle, with the exponentials of the diagonal.

    >>> import minigrad
    >>> minigrad.distributions.LowerCholeskyTransform()(minigrad.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(OfItsKind):
    """Any matrix made a positive definite one, by way of its Cholesky factor.

    >>> import minigrad
    >>> minigrad.distributions.PositiveDefiniteTransform()(minigrad.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Tensor) -> Tensor:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: Tensor) -> Tensor:
        return LowerCholeskyTransform().inv(minigrad.linalg.cholesky(y))


class ReshapeTransform(Transform):
    """Values of ``in_shape`` made values of ``out_shape``.

    >>> import minigrad
    >>> t = minigrad.distributions.ReshapeTransform((4,), (2, 2))
    >>> t(minigrad.zeros(3, 4)).shape
    minigrad.Size([3, 2, 2])
    """

    bijective = True

    def __init__(
        self, in_shape: Sequence[int], out_shape: Sequence[int], cache_size: int = 0
    ) -> None:
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError("in_shape, out_shape have different numbers of elements")
        super().__init__(cache_size=cache_size)

    @property
    def domain(self) -> Constraint:
        return together(constraints.real, len(self.in_shape))

    @property
    def codomain(self) -> Constraint:
        return together(constraints.real, len(self.out_shape))

    def with_cache(self, cache_size: int = 1) -> Transform:
        same = self._cache_size == cache_size
        return self if same else ReshapeTransform(self.in_shape, self.out_shape, cache_size)

    def _call(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[: x.dim() - len(self.in_shape)] + self.out_shape)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.reshape(y.shape[: y.dim() - len(self.out_shape)] + self.in_shape)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x.new_zeros(x.shape[: x.dim() - len(self.in_shape)])

    def forward_shape(self, shape: Sequence[int]) -> Sequence[int]:
        return _exchanged(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Sequence[int]) -> Sequence[int]:
        return _exchanged(shape, self.out_shape, self.in_shape)


def _exchanged(shape, old, new):
    """Return a shape whose last sizes are new ones."""
    if len(shape) < len(old):
        raise ValueError("Too few dimensions on input")
    cut = len(shape) - len(old)
    if tuple(shape[cut:]) != tuple(old):
        raise ValueError(f"Shape mismatch: expected {shape[cut:]} but got {old}")
    return Size((*shape[:cut], *new))
