"""Parametrizations to use: weight norm, spectral norm, orthogonal matrices."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from minigrad.autograd import no_grad
from minigrad.nn.functional import normalize
from minigrad.nn.modules.module import Module
from minigrad.nn.utils.hooked_norms import output_dim
from minigrad.nn.utils.parametrize import register_parametrization
from minigrad.nn.utils.power_iteration import as_matrix, iterate, norm_except, sigma
from minigrad.ops.closeness import allclose
from minigrad.ops.creation import eye, zeros_like
from minigrad.ops.elementwise import where
from minigrad.ops.householder import geqrf, householder_product
from minigrad.ops.join import cat
from minigrad.ops.matrices import matrix_exp
from minigrad.ops.random import randn
from minigrad.ops.solving import solve
from minigrad.tensor import Tensor

_Module = TypeVar("_Module", bound=Module)


class _WeightNorm(Module):
    def __init__(self, dim: int = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except(weight, self.dim), weight


def weight_norm(module: _Module, name: str = "weight", dim: int = 0) -> _Module:
    """Learn the length and the direction of a weight apart: ``g * v / norm(v)``; return the module.

    Args:
        module: the module, which is changed.
        name: the parameter.
        dim: the dimension whose slices have a length each; None: one length.

    Source: ``torch.nn.utils.parametrizations.weight_norm``; T. Salimans and D. P. Kingma, "Weight
    Normalization", 2016.

    Example::

        >>> from minigrad import nn
        >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(20, 40))
        >>> layer.parametrizations.weight.original0.shape
        minigrad.Size([40, 1])
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + weight.dim()
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if weight.dim() > 1:
            matrix = as_matrix(weight.detach(), self.dim)
            for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
                drawn = matrix.new_empty(size).normal_(0, 1)
                self.register_buffer(name, normalize(drawn, dim=0, eps=eps))
            iterate(matrix, self._u, self._v, 15, eps, u_first=True)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.dim() == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            times = self.n_power_iterations
            iterate(matrix, self._u, self._v, times, self.eps, u_first=True)
        return weight / sigma(matrix, self._u.clone(), self._v.clone())

    def right_inverse(self, value: Any) -> Any:
        return value


def spectral_norm(
    module: _Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> _Module:
    """Divide a weight by its largest singular value; return the module.

    Args:
        module: the module, which is changed.
        name: the parameter.
        n_power_iterations: how often the singular vectors are refined for each training step.
        eps: norms are not below this.
        dim: the dimension of the outputs; default 0, and 1 for transposed convolutions.

    Raises ValueError if there is no such parameter, or for no iterations.

    Source: ``torch.nn.utils.parametrizations.spectral_norm``; T. Miyato et al., "Spectral
    Normalization for Generative Adversarial Networks", 2018.

    Example::

        >>> from minigrad import nn
        >>> layer = nn.utils.parametrizations.spectral_norm(nn.Linear(20, 40))
        >>> layer.weight.shape
        minigrad.Size([40, 20])
    """
    weight = getattr(module, name, None)
    if weight is None:
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    rule = _SpectralNorm(weight, n_power_iterations, output_dim(module, dim), eps)
    return register_parametrization(module, name, rule)


class _Orthogonal(Module):
    def __init__(
        self, weight: Tensor, orthogonal_map: str | None, use_trivialization: bool = True
    ) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        wide = X.size(-2) < X.size(-1)
        if wide:
            X = X.mT
        n, k = X.shape[-2:]
        if self.orthogonal_map == "householder":
            below = X.tril(-1)
            tau = 2.0 / (1.0 + (below * below).sum(-2))
            Q = householder_product(below, tau) * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            X = X.tril()
            if n != k:
                X = cat([X, X.new_zeros(*X.shape[:-1], n - k)], -1)
            A, one = X - X.mT, eye(n, dtype=X.dtype)
            if self.orthogonal_map == "matrix_exp":
                Q = matrix_exp(A)
            else:
                Q = solve(one - 0.5 * A, one + 0.5 * A)
            Q = Q[..., :k]
        if getattr(self, "base", None) is not None:
            Q = self.base @ Q
        return Q.mT if wide else Q

    @no_grad()
    def right_inverse(self, Q: Tensor) -> Tensor:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {Q.shape}."
            )
        original = Q
        wide = Q.size(-2) < Q.size(-1)
        if wide:
            Q = Q.mT
        n, k = Q.shape[-2:]
        if "base" not in self._buffers:
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley "
                    "parametrizations when use_trivialization=False."
                )
            A, tau = geqrf(Q)
            diagonal = A.diagonal(dim1=-2, dim2=-1)
            diagonal.copy_(where(tau == 0, -diagonal.sign(), diagonal.sign()))
            return A.mT if wide else A
        if n != k or not _is_orthogonal(Q):
            if n != k:  # complete it to a square
                Q = cat([Q, randn(*Q.shape[:-1], n - k, dtype=Q.dtype)], -1)
            Q = _orthogonalised(Q)
        self.base = Q.clone()
        # what forward turns into the identity, whichever the map is
        return zeros_like(original) - eye(*original.shape[-2:], dtype=original.dtype)


def _is_orthogonal(Q):
    """Whether the columns are orthonormal, up to rounding."""
    k = Q.size(-1)
    eps = 10 * k * np.finfo(Q.dtype.numpy).eps
    return allclose(Q.mT @ Q, eye(k, dtype=Q.dtype), atol=eps)


def _orthogonalised(A):
    """Return Q of the QR decomposition whose R has a positive diagonal."""
    reflections, tau = geqrf(A)
    signs = reflections.diagonal(dim1=-2, dim2=-1).sign()
    return householder_product(reflections, tau) * signs.unsqueeze(-2)


def orthogonal(
    module: _Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> _Module:
    """Keep a weight's columns (its rows, if it is wide) orthonormal; return the module.

    Args:
        module: the module, which is changed.
        name: the parameter, a matrix or a batch of them.
        orthogonal_map: how an orthogonal matrix is computed from the parameter: "matrix_exp",
            "cayley" or "householder"; by default the first for square matrices, else the last.
        use_trivialization: start from the weight made orthogonal, and learn a factor to it.

    Raises ValueError if there is no such parameter, it is no matrix, or for another map.

    Source: ``torch.nn.utils.parametrizations.orthogonal``; M. Lezcano-Casado, "Trivializations for
    Gradient-Based Optimization on Manifolds", 2019.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> w = nn.utils.parametrizations.orthogonal(nn.Linear(20, 40)).weight
        >>> minigrad.allclose(w.T @ w, minigrad.eye(20), atol=1e-5)
        True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
    rule = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return register_parametrization(module, name, rule, unsafe=True)
