"""Linear equations: solved by the decompositions, by triangles, in the least squares' sense."""

import math
from collections.abc import Sequence

import numpy as np

from minigrad import return_types
from minigrad.ops import decomposition
from minigrad.ops.creation import eye
from minigrad.ops.decomposition import LinAlgError, inv, solve_matrices
from minigrad.ops.exact import valued
from minigrad.ops.linalg import matmul
from minigrad.ops.lu import lu_factor_ex, lu_solve
from minigrad.ops.matrices import check_matrices, matrix_rank, pinv, svdvals
from minigrad.ops.recorded import constant, labelled, recorded
from minigrad.ops.triangles import solve_triangle
from minigrad.tensor import Tensor, over_array


def is_vector(A: Tensor, B: Tensor) -> bool:
    """Whether the right-hand side of an equation counts as vectors, and not as matrices."""
    return B.dim() == 1 or (A.dim() - 1 == B.dim() and B.shape == A.shape[:-1])


def batched(name: str, A: Tensor, B: Tensor) -> tuple[Tensor, Tensor]:
    """Return both expanded to one batch of matrices."""
    if A.dtype is not B.dtype:
        raise RuntimeError(
            f"{name}: Expected A and B to have the same dtype, but found A of type {A.dtype} and B "
            f"of type {B.dtype} instead"
        )
    try:
        batch = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    except ValueError:
        raise RuntimeError(
            f"{name}: the batch dimensions of A {list(A.shape)} and B {list(B.shape)} do not "
            "broadcast"
        ) from None
    return A.expand(*batch, *A.shape[-2:]), B.expand(*batch, *B.shape[-2:])


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """Return X with ``A @ X == B``; ``X @ A == B`` if not ``left``.

    Shapes: A (..., n, n), B (..., n, k) or, as vectors, (n,) or (..., n); batches broadcast.
    LinAlgError for a singular matrix, RuntimeError for what does not fit.
    Source: torch.linalg.solve.

    >>> import minigrad
    >>> minigrad.linalg.solve(minigrad.tensor([[2.0, 0.0], [0.0, 4.0]]), minigrad.ones(2))
    tensor([0.5000, 0.2500])
    """
    check_matrices("linalg.solve", A, True)
    if not isinstance(B, Tensor):
        raise TypeError(f"linalg.solve(): argument 'B' must be Tensor, not {type(B).__name__}")
    vector = is_vector(A, B)
    if vector and not left:
        raise RuntimeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for "
            "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    columns = B.unsqueeze(-1) if vector else B
    if columns.dim() < 2 or columns.size(-2 if left else -1) != A.size(-1):
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'}: {list(A.shape)} and {list(B.shape)}"
        )
    A, columns = batched("linalg.solve", A, columns)
    if not left:
        return solve_matrices(A.mT, columns.mT).mT
    found = solve_matrices(A, columns)
    return labelled(found.squeeze(-1) if vector else found, "LinalgSolveExBackward0")


def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """Return X with ``A @ X == B``, reading only one triangle of A, with ones if ``unitriangular``.

    Shapes: A (..., n, n), B (..., n, k); ``X @ A == B`` if not ``left``.
    Source: torch.linalg.solve_triangular.

    >>> import minigrad
    >>> a, b = minigrad.tensor([[2.0, 9.0], [0.0, 4.0]]), minigrad.ones(2, 1)
    >>> minigrad.linalg.solve_triangular(a, b, upper=False)
    tensor([[0.5000],
            [0.2500]])
    """
    check_matrices("linalg.solve_triangular", A, True)
    check_matrices("linalg.solve_triangular", B)
    if A.size(-1) != B.size(-2 if left else -1):
        raise RuntimeError(
            f"linalg.solve_triangular: Incompatible shapes of A and B: {list(A.shape)} and "
            f"{list(B.shape)}"
        )
    A, B = batched("linalg.solve_triangular", A, B)
    if left:
        return solve_triangle(A, B, upper, unitriangular)
    return solve_triangle(A.mT, B.mT, not upper, unitriangular).mT


def solve_ex(
    A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False
) -> return_types.linalg_solve_ex:
    """Return ``solve`` and, for each matrix, 0, or which pivot of a singular one is zero.

    A named tuple (result, info), of infinities and NaN where a matrix is singular; LinAlgError for
    one if ``check_errors``.  Source: torch.linalg.solve_ex.

    >>> import minigrad
    >>> minigrad.linalg.solve_ex(minigrad.zeros(1, 1), minigrad.ones(1)).info
    tensor(1, dtype=minigrad.int32)
    """
    try:
        found = solve(A, B, left=left)
        return return_types.linalg_solve_ex(found, over_array(np.zeros(A.shape[:-2], np.int32)))
    except LinAlgError:
        if check_errors:
            raise
    vector = is_vector(A, B)
    factors, pivots, info = lu_factor_ex(A)
    found = lu_solve(factors, pivots, B.unsqueeze(-1) if vector else B, left=left)
    return return_types.linalg_solve_ex(found.squeeze(-1) if vector else found, info)


def inv_ex(A: Tensor, *, check_errors: bool = False) -> return_types.linalg_inv_ex:
    """Return ``inv`` and, for each matrix, 0, or which pivot of a singular one is zero.

    A named tuple (inverse, info), of infinities and NaN where a matrix is singular; LinAlgError for
    one if ``check_errors``.  Source: torch.linalg.inv_ex.

    >>> import minigrad
    >>> minigrad.linalg.inv_ex(minigrad.eye(1)).info
    tensor(0, dtype=minigrad.int32)
    """
    try:
        return return_types.linalg_inv_ex(inv(A), over_array(np.zeros(A.shape[:-2], np.int32)))
    except LinAlgError:
        if check_errors:
            raise
    found, info = solve_ex(A, eye(A.size(-1), dtype=A.dtype).expand(A.shape))
    return return_types.linalg_inv_ex(found, info)


def cholesky_ex(
    A: Tensor, *, upper: bool = False, check_errors: bool = False
) -> return_types.linalg_cholesky_ex:
    """Return ``cholesky`` and, for each matrix, 0, or 1 and NaN where it is not positive-definite.

    A named tuple (L, info).  Source: torch.linalg.cholesky_ex.

    >>> import minigrad
    >>> minigrad.linalg.cholesky_ex(-minigrad.eye(1)).info
    tensor(1, dtype=minigrad.int32)
    """
    info = np.zeros(A.shape[:-2], np.int32)
    try:
        return return_types.linalg_cholesky_ex(
            decomposition.cholesky(A, upper=upper), over_array(info)
        )
    except LinAlgError:
        if check_errors:
            raise
    found = np.full(A.shape, math.nan, A.dtype.numpy)
    for place in np.ndindex(*info.shape):
        try:
            found[place] = decomposition.cholesky(A.detach()[place], upper=upper).numpy()
        except LinAlgError:
            info[place] = 1
    lower = recorded(found, "LinalgCholeskyExBackward0", (A,), (lambda g: g * math.nan,))
    return return_types.linalg_cholesky_ex(lower, over_array(info))


def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """Return X with ``A @ X == input``, given ``input2``, the Cholesky factor of A.

    Source: torch.cholesky_solve.

    >>> import minigrad
    >>> minigrad.cholesky_solve(minigrad.ones(1, 1), minigrad.tensor([[2.0]]))
    tensor([[0.2500]])
    """
    check_matrices("cholesky_solve", input2, True)
    check_matrices("cholesky_solve", input)
    B, L = input, input2.mT if upper else input2
    if B.size(-2) != L.size(-1):
        raise RuntimeError(
            f"cholesky_solve: Incompatible matrix sizes: {list(L.shape)} and {list(B.shape)}"
        )
    # only the triangle counts, but the gradient is that of all elements, as in torch
    L, B = batched("cholesky_solve", valued(L, L.detach().tril()), B)
    return labelled(solve_matrices(L.mT, solve_matrices(L, B)), "CholeskySolveBackward0")


def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """Return the inverse of A, given its Cholesky factor.  Source: torch.cholesky_inverse.

    >>> import minigrad
    >>> minigrad.cholesky_inverse(minigrad.tensor([[2.0]]))
    tensor([[0.2500]])
    """
    check_matrices("cholesky_inverse", input, True)
    found = cholesky_solve(eye(input.size(-1), dtype=input.dtype), input, upper)
    return labelled(found, "CholeskyInverseBackward0")


def lstsq(
    A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None
) -> return_types.linalg_lstsq:
    """Return X with the smallest ``norm(A @ X - B)``, and the rank of A among other things.

    Shapes: A (..., m, n), B (..., m, k) or (..., m).  A named tuple (solution, residuals, rank,
    singular_values), of which the last only the drivers "gelsd" and "gelss" give.
    Source: torch.linalg.lstsq.

    >>> import minigrad
    >>> a = minigrad.tensor([[1.0], [0.0]])
    >>> minigrad.linalg.lstsq(a, minigrad.tensor([[2.0], [3.0]])).solution
    tensor([[2.]])
    """
    check_matrices("linalg.lstsq", A)
    vector = is_vector(A, B)
    columns = B.unsqueeze(-1) if vector else B
    if columns.size(-2) != A.size(-2):
        raise RuntimeError(
            f"torch.linalg.lstsq: input.size(-2) should match other.size(-2), but got "
            f"{list(A.shape)} and {list(B.shape)}"
        )
    found = matmul(pinv(A, rtol=rcond), columns)
    rank = matrix_rank(A, rtol=rcond)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), "
            f"but got {driver}"
        )
    if driver == "gels" and bool((rank < min(A.shape[-2:])).any()):
        raise LinAlgError(
            "torch.linalg.lstsq: driver gels needs matrices of full rank; others do without"
        )
    values = A.new_empty(0)
    rest = constant(values.numpy(), "LinalgLstsqBackward0", (A, B))
    if driver in ("gelsd", "gelss"):
        values = svdvals(A.detach())
    if A.size(-2) > A.size(-1) and bool((rank == A.size(-1)).all()):
        rest = (matmul(A, found) - columns).square().sum(-2)
    if driver == "gels":
        rank = rank.new_empty(0)
    found = found.squeeze(-1) if vector else found
    return return_types.linalg_lstsq(found, rest, rank, values)


def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """Return the inverse of ``tensordot(A, x, x.dim())``: ``tensordot(tensorinv(A), that, ind)``.

    The product of the first ``ind`` sizes must be that of the others, which come first in the
    result.  Source: torch.linalg.tensorinv.

    >>> import minigrad
    >>> minigrad.linalg.tensorinv(minigrad.eye(6).reshape(2, 3, 6)).shape
    minigrad.Size([6, 2, 3])
    """
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    first, others = A.shape[:ind], A.shape[ind:]
    size = math.prod(first)
    if size != math.prod(others):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {math.prod(others)} != {size}"
        )
    return inv(A.reshape(size, size)).reshape(*others, *first)


def tensorsolve(A: Tensor, B: Tensor, dims: Sequence[int] | None = None) -> Tensor:
    """Return X with ``tensordot(A, X, X.dim()) == B``.

    The first sizes of A must be those of B, after its dimensions ``dims`` were moved to the end.
    Source: torch.linalg.tensorsolve.

    >>> import minigrad
    >>> a = 2 * minigrad.eye(6).reshape(2, 3, 6)
    >>> minigrad.linalg.tensorsolve(a, minigrad.ones(2, 3))
    tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000])
    """
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(A.dim() - len(dims), A.dim())))
    others = A.shape[B.dim() :]
    if math.prod(others) != B.numel():
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {math.prod(others)} != {B.numel()}"
        )
    return solve(A.reshape(B.numel(), B.numel()), B.ravel()).reshape(others)
