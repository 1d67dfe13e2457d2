"""Singular value decompositions of the larger part of a matrix, found by random projection.

After Halko, Martinsson and Tropp, "Finding structure with randomness" (2009).
"""

from minigrad.ops.decomposition import qr, svd
from minigrad.ops.linalg import matmul
from minigrad.ops.random import randn
from minigrad.tensor import Tensor


def svd_lowrank(
    A: Tensor, q: int = 6, niter: int = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return U, S and V with ``U @ diag(S) @ V.mT`` near A, or A - M: its ``q`` largest values.

    Shapes: (..., m, n) -> (..., m, q), (..., q), (..., n, q).  ``niter`` rounds of power iteration
    sharpen the random start.  ValueError for a ``q`` above min(m, n).  Source: torch.svd_lowrank.

    >>> import minigrad
    >>> u, s, v = minigrad.svd_lowrank(minigrad.ones(4, 3), q=1)
    >>> (u * s) @ v.mT
    tensor([[1.0000, 1.0000, 1.0000],
            [1.0000, 1.0000, 1.0000],
            [1.0000, 1.0000, 1.0000],
            [1.0000, 1.0000, 1.0000]])
    """
    if M is not None:
        A = A - M.expand(A.shape)
    m, n = A.shape[-2:]
    wide = m < n  # then of the transpose: the smaller side is what is projected
    if wide:
        A = A.mT
    basis = qr(matmul(A, randn(A.size(-1), q, dtype=A.dtype))).Q
    for _ in range(niter):
        basis = qr(matmul(A.mT, basis)).Q
        basis = qr(matmul(A, basis)).Q
    u, s, vh = svd(matmul(basis.mT, A), full_matrices=False)
    left, right = matmul(basis, u), vh.mT
    return (right, s, left) if wide else (left, s, right)


def pca_lowrank(
    A: Tensor, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """Return U, S and V of ``svd_lowrank``, of the columns less their means if ``center``.

    The columns of V are the principal directions of the rows of A.  ``q`` is by default 6, or the
    smaller side of A; ValueError for one above that.  Source: torch.pca_lowrank.

    >>> import minigrad
    >>> minigrad.pca_lowrank(minigrad.tensor([[1.0, 1.0], [3.0, 1.0]]))[1]
    tensor([1.4142, 0.0000])
    """
    m, n = A.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not 0 <= q <= min(m, n):
        raise ValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)
