"""The largest singular value of a weight, kept up to date by power iteration, and weight norm."""

from __future__ import annotations

from minigrad.autograd import no_grad
from minigrad.nn.functional import normalize
from minigrad.tensor import Tensor


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """Return ``weight`` as a matrix whose rows are dimension ``dim``."""
    return weight.movedim(dim, 0).reshape(weight.shape[dim], -1)


def iterate(matrix: Tensor, u: Tensor, v: Tensor, times: int, eps: float, u_first: bool) -> None:
    """Move ``u`` and ``v`` in place towards the first singular vectors of ``matrix``."""
    with no_grad():
        matrix = matrix.detach()
        for _ in range(times):
            if u_first:
                u.copy_(normalize(matrix.mv(v), dim=0, eps=eps))
            v.copy_(normalize(matrix.t().mv(u), dim=0, eps=eps))
            if not u_first:
                u.copy_(normalize(matrix.mv(v), dim=0, eps=eps))


def sigma(matrix: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Return the singular value that ``u`` and ``v`` belong to."""
    return u.dot(matrix.mv(v))


def norm_except(v: Tensor, dim: int | None) -> Tensor:
    """Return the norms of the slices of ``v`` along ``dim``; of all of it if that is None."""
    if dim is None or dim == -1:
        return v.norm()
    return v.norm(2, [i for i in range(v.dim()) if i != dim % v.dim()], keepdim=True)
