"""The LU factorisation with partial pivoting: ``A == P @ L @ U``, packed, unpacked, to solve with.

Packed, L (below the diagonal; its ones are left out) and U share one matrix, and the pivots tell
row by row, counting from 1, with which row each was swapped: LAPACK's way, and torch's.
"""

import math
from typing import Any

import numpy as np

from minigrad import return_types
from minigrad.dtypes import float16, int32
from minigrad.ops.creation import eye
from minigrad.ops.decomposition import LinAlgError
from minigrad.ops.gather import take_along_dim
from minigrad.ops.join import cat
from minigrad.ops.linalg import matmul
from minigrad.ops.matrices import check_matrices
from minigrad.ops.recorded import recorded, tensor_operand
from minigrad.ops.triangles import solve_triangle
from minigrad.tensor import Tensor, over_array


def _factored(matrices: Any) -> tuple[Any, Any]:
    """Return the packed factors of arrays (..., m, n) and int32 pivots (..., min(m, n))."""
    *batch, m, n = matrices.shape
    k = min(m, n)
    lu = np.array(matrices).reshape(math.prod(batch), m, n)
    pivots = np.empty((len(lu), k), np.int32)
    each = np.arange(len(lu))
    with np.errstate(all="ignore"):
        for j in range(k):
            chosen = j + np.abs(lu[:, j:, j]).argmax(1)
            pivots[:, j] = chosen + 1
            lu[each, j], lu[each, chosen] = lu[each, chosen], lu[each, j]
            below, pivot = lu[:, j + 1 :, j], lu[:, j, None, j]
            np.divide(below, pivot, out=below, where=pivot != 0)
            lu[:, j + 1 :, j + 1 :] -= below[:, :, None] * lu[:, j, None, j + 1 :]
    return lu.reshape(matrices.shape), pivots.reshape(*batch, k)


def _order(pivots: Any, rows: int) -> Tensor:
    """Return which row of ``A`` comes where in ``L @ U``, int64: (..., k) -> (..., rows)."""
    *batch, k = pivots.shape
    swaps = pivots.reshape(math.prod(batch), k).astype(np.int64) - 1
    order = np.tile(np.arange(rows), (len(swaps), 1))
    each = np.arange(len(swaps))
    for j, other in enumerate(swaps.T):
        order[each, j], order[each, other] = order[each, other], order[each, j]
    return over_array(order.reshape(*batch, rows))


def _rows(x: Tensor, order: Tensor) -> Tensor:
    """Return the rows of matrices in an order: (..., n, k), (..., n) -> (..., n, k)."""
    return take_along_dim(x, order.unsqueeze(-1), -2)


def _gradient(g: Tensor, order: Tensor, lu: Tensor) -> Tensor:
    """Return the gradient of A from that of its packed factors."""
    m, n = lu.shape[-2:]
    k = min(m, n)
    square = lu[..., :k, :k]
    low, up = _parts(square)
    g_low, g_up = g[..., :k, :k].tril(-1), g[..., :k, :k].triu()
    rest = []
    if n > k:  # the columns to the right are solve(L, A) in U
        rest = [solve_triangle(square.mT, g[..., k:], True, True)]
        g_low = g_low - matmul(rest[0], lu[..., k:].mT)
    elif m > k:  # the rows below are A @ inverse(U) in L
        rest = [solve_triangle(square, g[..., k:, :].mT, True).mT]
        g_up = g_up - matmul(lu[..., k:, :].mT, rest[0])
    inner = matmul(low.mT, g_low).tril(-1) + matmul(g_up, up.mT).triu()
    half = solve_triangle(square.mT, inner, True, True)
    grad = solve_triangle(square, half.mT, True).mT
    return _rows(cat([grad, *rest], -1 if n > k else -2), order.argsort(-1))


def _parts(lu: Tensor) -> tuple[Tensor, Tensor]:
    """Return L and U of the packed factors."""
    m, n = lu.shape[-2:]
    k = min(m, n)
    return lu[..., :k].tril(-1) + eye(m, k, dtype=lu.dtype), lu[..., :k, :].triu()


def lu_factor_ex(
    A: Tensor, *, pivot: bool = True, check_errors: bool = False
) -> return_types.linalg_lu_factor_ex:
    """Return the packed L and U, int32 pivots, and which diagonal element of U is zero first.

    Shapes: (..., m, n) -> (..., m, n), (..., k), (...) with k = min(m, n); ``info`` is 0 if none is
    zero.  LinAlgError for one that is, if ``check_errors``.  Source: torch.linalg.lu_factor_ex.

    >>> import minigrad
    >>> minigrad.linalg.lu_factor_ex(minigrad.tensor([[1.0, 2.0], [2.0, 4.0]])).info
    tensor(2, dtype=minigrad.int32)
    """
    return _factor("torch.linalg.lu_factor_ex", A, pivot, check_errors)


def _factor(
    name: str, A: Tensor, pivot: bool, check_errors: bool
) -> return_types.linalg_lu_factor_ex:
    check_matrices(name, A)
    if A.dtype is float16:
        raise NotImplementedError(f"{name}: expected float32 or float64, but got {A.dtype}")
    if not pivot:
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU")
    factors, pivots = _factored(A.detach().numpy())
    zero = np.diagonal(factors, axis1=-2, axis2=-1) == 0
    info = np.where(zero.any(-1), zero.argmax(-1) + 1, 0) if zero.shape[-1] else zero.sum(-1)
    if check_errors and info.any():
        at = info[info > 0][0]
        raise LinAlgError(
            f"{name}: U[{at},{at}] is zero and using it on lu_solve would result in a division by "
            "zero. If you still want to perform the factorization, consider calling "
            "linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
        )
    order = _order(pivots, A.size(-2))
    packed = recorded(
        factors, "LinalgLuFactorExBackward0", (A,), (_gradient,), saved=(order,), keep=True
    )
    return return_types.linalg_lu_factor_ex(
        packed, over_array(pivots), over_array(np.asarray(info, np.int32))
    )


def lu_factor(A: Tensor, *, pivot: bool = True) -> return_types.linalg_lu_factor:
    """Return L and U packed into one matrix, and int32 pivots: what ``lu_solve`` takes.

    Shapes: (..., m, n) -> (..., m, n), (..., min(m, n)).  LinAlgError if a diagonal element of U is
    zero.  Source: torch.linalg.lu_factor.

    >>> import minigrad
    >>> minigrad.linalg.lu_factor(minigrad.tensor([[1.0, 1.0], [2.0, 4.0]])).LU
    tensor([[ 2.0000,  4.0000],
            [ 0.5000, -1.0000]])
    """
    return return_types.linalg_lu_factor(*_factor("torch.linalg.lu_factor", A, pivot, True)[:2])


def lu(A: Tensor, *, pivot: bool = True) -> return_types.linalg_lu:
    """Return P, L and U with ``A == P @ L @ U``: a permutation and two triangular matrices.

    Shapes: (..., m, n) -> (..., m, m), (..., m, k), (..., k, n) with k = min(m, n).
    Source: torch.linalg.lu.

    >>> import minigrad
    >>> p, l, u = minigrad.linalg.lu(minigrad.tensor([[1.0, 1.0], [2.0, 4.0]]))
    >>> u
    tensor([[ 2.,  4.],
            [ 0., -1.]])
    """
    factors, pivots, _ = _factor("torch.linalg.lu", A, pivot, False)
    return return_types.linalg_lu(*lu_unpack(factors, pivots))


def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> return_types.lu_unpack:
    """Return P, L and U of what ``lu_factor`` packed; empty ones for what is not to be unpacked.

    RuntimeError for pivots that are not int32 or not between 1 and the number of rows.
    Source: torch.lu_unpack.

    >>> import minigrad
    >>> packed = minigrad.linalg.lu_factor(minigrad.tensor([[1.0, 1.0], [2.0, 4.0]]))
    >>> minigrad.lu_unpack(*packed).P
    tensor([[0., 1.],
            [1., 0.]])
    """
    data, pivots = tensor_operand(LU_data, "lu_unpack"), tensor_operand(LU_pivots, "lu_unpack")
    if unpack_pivots and pivots.dtype is not int32:
        raise RuntimeError(
            "lu_unpack: LU_pivots is expected to be a tensor of int32, as linalg.lu_factor returns "
            f"it, but got {pivots.dtype}"
        )
    empty = data.new_empty(0)
    permutation, low, up = empty, empty, empty
    if unpack_data:
        low, up = _parts(data)
    if unpack_pivots:
        rows = data.size(-2)
        places = pivots.numpy()
        if ((places < 1) | (places > rows)).any():
            raise RuntimeError(
                "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive. "
                "Did you properly pass the result of lu_factor?"
            )
        permutation = eye(rows, dtype=data.dtype)[_order(places, rows)].mT.contiguous()
    return return_types.lu_unpack(permutation, low, up)


def lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Tensor:
    """Return X with ``A @ X == B``, given what ``lu_factor`` made of A.

    ``X @ A == B`` if not ``left``; A transposed if ``adjoint``.  Shapes: LU (..., n, n), pivots
    (..., n), B (..., n, k), or (..., k, n) if not ``left``.  Source: torch.linalg.lu_solve.

    >>> import minigrad
    >>> packed = minigrad.linalg.lu_factor(minigrad.tensor([[0.0, 2.0], [4.0, 0.0]]))
    >>> minigrad.linalg.lu_solve(*packed, minigrad.ones(2, 1))
    tensor([[0.2500],
            [0.5000]])
    """
    check_matrices("linalg.lu_solve", LU, True)
    check_matrices("linalg.lu_solve", B)
    if LU.dtype is not B.dtype:
        raise RuntimeError(
            "linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type "
            f"{LU.dtype} and B of type {B.dtype} instead"
        )
    if pivots.dtype is not int32:
        raise RuntimeError(f"linalg.lu_solve: pivots should be of int32, but got {pivots.dtype}")
    if pivots.shape != LU.shape[:-1]:
        raise RuntimeError(
            "linalg.lu_solve: Number of pivots per batch should be same as the dimension of the "
            f"matrix: got {list(pivots.shape)} for LU {list(LU.shape)}"
        )
    if LU.size(-1) != B.size(-2 if left else -1):
        raise RuntimeError(
            f"linalg.lu_solve: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'}: {list(LU.shape)} and {list(B.shape)}"
        )
    if not left:  # the same equation, transposed
        return lu_solve(LU, pivots, B.mT, adjoint=not adjoint).mT
    order = _order(pivots.numpy(), LU.size(-1))
    batch = np.broadcast_shapes(LU.shape[:-2], B.shape[:-2])
    B, order = B.expand(*batch, *B.shape[-2:]), order.expand(*batch, LU.size(-1))
    if adjoint:
        found = solve_triangle(LU.mT, solve_triangle(LU.mT, B, False), True, True)
        return _rows(found, order.argsort(-1))
    return solve_triangle(LU, solve_triangle(LU, _rows(B, order), False, True), True)


def old_lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """Return ``linalg.lu_solve(LU_data, LU_pivots, input)``.  Source: torch.lu_solve.

    >>> import minigrad
    >>> packed = minigrad.linalg.lu_factor(minigrad.tensor([[4.0]]))
    >>> minigrad.lu_solve(minigrad.ones(1, 1), *packed)
    tensor([[0.2500]])
    """
    return lu_solve(LU_data, LU_pivots, input)
