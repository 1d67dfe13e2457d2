"""Linear equations of triangular matrices: what all factorisations are solved with."""

from typing import Any

import numpy as np

from minigrad.ops.linalg import matmul
from minigrad.ops.recorded import recorded
from minigrad.tensor import Tensor


def _solved(t: Any, b: Any, upper: bool, unit: bool) -> Any:
    """Return the array X with ``t @ X == b``.

    LAPACK finds no pivot in an upper triangle but the diagonal, and only substitutes.  A lower one
    is an upper one read backwards.
    """
    if b.size == 0:
        return _substituted(t, b, upper, unit)
    square = np.triu(t) if upper else np.tril(t)
    if unit:
        places = np.arange(t.shape[-1])
        square[..., places, places] = 1
    if not upper:
        square, b = square[..., ::-1, ::-1], b[..., ::-1, :]
    try:
        x = np.linalg.solve(square, b)
    except np.linalg.LinAlgError:
        x = None
    if x is None or not np.isfinite(x).all():
        return _substituted(t, b if upper else b[..., ::-1, :], upper, unit)
    return x if upper else np.ascontiguousarray(x[..., ::-1, :])


def _substituted(t: Any, b: Any, upper: bool, unit: bool) -> Any:
    """The same row by row; zeros on the diagonal give infinities."""
    n = t.shape[-1]
    batch = np.broadcast_shapes(t.shape[:-2], b.shape[:-2])
    x = np.array(np.broadcast_to(b, (*batch, *b.shape[-2:])))
    with np.errstate(all="ignore"):
        for i in reversed(range(n)) if upper else range(n):
            known = slice(i + 1, n) if upper else slice(0, i)
            x[..., i, :] -= (t[..., i : i + 1, known] @ x[..., known, :])[..., 0, :]
            if not unit:
                x[..., i, :] /= t[..., i, i, None]
    return x


def solve_triangle(A: Tensor, B: Tensor, upper: bool, unitriangular: bool = False) -> Tensor:
    """Return X with ``A @ X == B``, reading one triangle of A, with ones if ``unitriangular``.

    Shapes: A (..., n, n), B (..., n, k) of one dtype; batches broadcast.

    >>> import minigrad
    >>> from minigrad.ops.triangles import solve_triangle
    >>> solve_triangle(minigrad.tensor([[2.0, 9.0], [0.0, 4.0]]), minigrad.ones(2, 1), False)
    tensor([[0.5000],
            [0.2500]])
    """

    def back(g: Tensor, A: Tensor) -> Tensor:
        return solve_triangle(A.mT, g, not upper, unitriangular)

    def to_a(g: Tensor, A: Tensor, X: Tensor) -> Tensor:
        full = -matmul(back(g, A), X.mT)
        return full.triu(unitriangular) if upper else full.tril(-unitriangular)

    return recorded(
        _solved(A.detach().numpy(), B.detach().numpy(), upper, unitriangular),
        "LinalgSolveTriangularBackward0",
        (A, B),
        (to_a, lambda g, A, X: back(g, A)),
        saved=(A,),
        keep=True,
    )
