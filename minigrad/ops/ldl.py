"""The LDL factorisation of symmetric matrices, which need not be positive-definite.

``A == P @ L @ D @ L.T @ P.T`` with ones on the diagonal of L, and blocks of size 1 or 2 on that of
D.  The pivoting is Bunch's and Kaufman's ("Some stable methods for calculating inertia and solving
symmetric linear systems", 1977); factors and pivots are packed as LAPACK and torch do: L below the
blocks of D; ``pivots[k]`` is, counting from 1, the row that was swapped with row k.  For a block of
size 2 its second row was swapped, and both pivots are negative.
"""

import math

import numpy as np

from minigrad import return_types
from minigrad.dtypes import float16
from minigrad.ops.decomposition import LinAlgError
from minigrad.ops.matrices import check_matrices
from minigrad.ops.recorded import underivable
from minigrad.ops.solving import batched
from minigrad.tensor import Tensor, over_array

_ALPHA = (1 + math.sqrt(17)) / 8  # bounds the growth of the elements


def _pivot(a, k):
    """Return the size of the next block, and the row to swap with its last one."""
    n, own = len(a), abs(a[k, k])
    if k == n - 1:
        return 1, k
    row = k + 1 + int(np.abs(a[k + 1 :, k]).argmax())
    below = abs(a[row, k])
    if own >= _ALPHA * below:
        return 1, k
    others = max(np.abs(a[row, k:row]).max(), np.abs(a[row + 1 :, row]).max(initial=0))
    if own * others >= _ALPHA * below**2:
        return 1, k
    if abs(a[row, row]) >= _ALPHA * others:
        return 1, row
    return 2, row


def _factored(a):
    """Return the packed factors of one array (n, n), its pivots, and where D is zero first."""
    a, n = np.tril(a), len(a)
    pivots, info, k = np.empty(n, np.int32), 0, 0
    while k < n:
        size, row = _pivot(a, k)
        last, end = k + size - 1, k + size
        if row != last:  # swap both, of rows and columns, in the lower triangle
            a[row + 1 :, [last, row]] = a[row + 1 :, [row, last]]
            between = a[last + 1 : row, last].copy()
            a[last + 1 : row, last], a[row, last + 1 : row] = a[row, last + 1 : row], between
            a[[last, row], [last, row]] = a[[row, last], [row, last]]
            if size == 2:
                a[[last, row], k] = a[[row, last], k]
        pivots[k:end] = row + 1 if size == 1 else -(row + 1)
        block = a[k:end, k:end]
        block = np.tril(block) + np.tril(block, -1).T
        if not block.any():  # then so is the column below
            info = info or k + 1
        else:
            columns = a[end:, k:end].copy()
            a[end:, k:end] = np.linalg.solve(block, columns.T).T
            a[end:, end:] -= np.tril(a[end:, k:end] @ columns.T)
        k = end
    return a, pivots, info


def _solved(a, pivots, b):
    """Return X of one matrix from its packed factors."""
    x, n = np.array(b), len(a)
    starts, k = [], 0
    while k < n:
        starts.append(k)
        k += 1 if pivots[k] > 0 else 2

    def swap(k, end):
        row = abs(pivots[k]) - 1
        x[[end - 1, row]] = x[[row, end - 1]]

    ends = [*starts, n][1:]
    for k, end in zip(starts, ends, strict=True):
        swap(k, end)
        x[end:] -= a[end:, k:end] @ x[k:end]
        block = np.tril(a[k:end, k:end])
        block = block + np.tril(block, -1).T
        x[k:end] = np.linalg.solve(block, x[k:end]) if end - k == 2 else x[k:end] / block
    for k, end in zip(reversed(starts), reversed(ends), strict=True):
        x[k:end] -= a[end:, k:end].T @ x[end:]
        swap(k, end)
    return x


def ldl_factor_ex(
    A: Tensor, *, hermitian: bool = False, check_errors: bool = False
) -> return_types.linalg_ldl_factor_ex:
    """Return packed factors of symmetric matrices, int32 pivots, and where D is zero first.

    Shapes: (..., n, n) -> (..., n, n), (..., n), (...); only the lower triangle is read.  ``info``
    is 0 if D is not zero anywhere; LinAlgError if it is and ``check_errors``.  It has no gradient.
    Source: torch.linalg.ldl_factor_ex.

    >>> import minigrad
    >>> minigrad.linalg.ldl_factor_ex(minigrad.zeros(2, 2)).info
    tensor(1, dtype=minigrad.int32)
    """
    return _factor("torch.linalg.ldl_factor_ex", A, check_errors)


def _factor(name: str, A: Tensor, check_errors: bool) -> return_types.linalg_ldl_factor_ex:
    check_matrices(name, A, True)
    if A.dtype is float16:
        raise NotImplementedError(f"{name}: expected float32 or float64, but got {A.dtype}")
    array = A.detach().numpy()
    factors = np.empty_like(array)
    pivots = np.empty(array.shape[:-1], np.int32)
    info = np.zeros(array.shape[:-2], np.int32)
    for i in np.ndindex(*info.shape):
        factors[i], pivots[i], info[i] = _factored(array[i])
    if check_errors and info.any():
        raise LinAlgError(
            f"{name}: D[{info[info > 0][0]}] is zero: using it to solve would divide by zero"
        )
    packed = underivable(factors, "linalg_ldl_factor_ex", (A,))
    return return_types.linalg_ldl_factor_ex(packed, over_array(pivots), over_array(info))


def ldl_factor(A: Tensor, *, hermitian: bool = False) -> return_types.linalg_ldl_factor:
    """Return packed factors of symmetric matrices and int32 pivots: what ``ldl_solve`` takes.

    LinAlgError for singular matrices, RuntimeError for what is not square and floating.
    Source: torch.linalg.ldl_factor.

    >>> import minigrad
    >>> minigrad.linalg.ldl_factor(minigrad.tensor([[2.0, 1.0], [1.0, 2.0]])).LD
    tensor([[2.0000, 0.0000],
            [0.5000, 1.5000]])
    """
    return return_types.linalg_ldl_factor(*_factor("torch.linalg.ldl_factor", A, True)[:2])


def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """Return X with ``A @ X == B``, given what ``ldl_factor`` made of A.  It has no gradient.

    Shapes: (..., n, n), (..., n), (..., n, k) -> (..., n, k).  Source: torch.linalg.ldl_solve.

    >>> import minigrad
    >>> packed = minigrad.linalg.ldl_factor(minigrad.tensor([[0.0, 2.0], [2.0, 0.0]]))
    >>> minigrad.linalg.ldl_solve(*packed, minigrad.tensor([[2.0], [4.0]]))
    tensor([[2.],
            [1.]])
    """
    name = "torch.linalg.ldl_solve"
    check_matrices(name, LD, True)
    check_matrices(name, B)
    if LD.dtype is float16:
        raise NotImplementedError(f"{name}: expected float32 or float64, but got {LD.dtype}")
    if LD.size(-1) != B.size(-2):
        raise RuntimeError(
            f"{name}: Incompatible matrix sizes: each A matrix is {LD.size(-1)} by {LD.size(-1)} "
            f"but each b matrix is {B.size(-2)} by {B.size(-1)}"
        )
    if pivots.shape != LD.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with "
            f"shape {list(pivots.shape)} for LD {list(LD.shape)}"
        )
    if pivots.is_floating_point():
        raise RuntimeError(f"{name}: Expected pivots to be integers. Got {pivots.dtype}")
    given = (LD, B)
    LD, B = batched(name, LD, B)
    batch = LD.shape[:-2]
    a, b = LD.detach().numpy(), B.detach().numpy()
    rows = np.broadcast_to(pivots.numpy(), (*batch, LD.size(-1)))
    found = np.empty_like(b)
    with np.errstate(all="ignore"):
        for i in np.ndindex(*batch):
            found[i] = _solved(a[i], rows[i], b[i])
    return underivable(found, "linalg_ldl_solve", given)
