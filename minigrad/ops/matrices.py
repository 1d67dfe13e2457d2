"""Functions of matrices made of the decompositions: ranks, pseudo-inverses, exponentials, norms."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.convert import checked_dim
from minigrad.dtypes import as_dtype_, dtype, float16, promote_types
from minigrad.ops import decomposition, reduce
from minigrad.ops.creation import eye
from minigrad.ops.decomposition import inv
from minigrad.ops.elementwise import where
from minigrad.ops.linalg import matmul
from minigrad.ops.recorded import labelled, tensor_operand
from minigrad.tensor import Tensor, over_array


def check_matrices(name: str, A: Any, square: bool = False) -> None:
    """Raise unless A is a tensor of matrices of a floating dtype, of square ones if ``square``."""
    if not isinstance(A, Tensor):
        raise TypeError(f"{name}(): argument 'A' must be Tensor, not {type(A).__name__}")
    if A.dim() < 2:
        raise RuntimeError(
            f"{name}: The input tensor A must have at least 2 dimensions, but got {list(A.shape)}"
        )
    if square and A.size(-1) != A.size(-2):
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {A.size(-2)} by "
            f"{A.size(-1)} matrices"
        )
    if not A.is_floating_point():
        raise RuntimeError(f"{name}: Expected a floating point tensor as input. Got {A.dtype}")


def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """Return the singular values, falling: (..., m, n) -> (..., k).  Source: torch.linalg.svdvals.

    >>> import minigrad
    >>> minigrad.linalg.svdvals(minigrad.tensor([[0.0, 2.0], [1.0, 0.0]]))
    tensor([2., 1.])
    """
    return decomposition.svd(A, full_matrices=False, driver=driver).S


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """Return the eigenvalues of symmetric matrices, rising.  Source: torch.linalg.eigvalsh.

    >>> import minigrad
    >>> minigrad.linalg.eigvalsh(minigrad.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([1., 2.])
    """
    return decomposition.eigh(A, UPLO).eigenvalues


def _tolerance(A: Tensor, atol: Any, rtol: Any, largest: Any) -> Any:
    """Return up to which a singular value counts as zero: torch's and NumPy's default rule."""
    atol, rtol = (t.numpy() if isinstance(t, Tensor) else t for t in (atol, rtol))
    if rtol is None:
        some = atol is not None and np.any(np.asarray(atol) > 0)
        rtol = 0.0 if some else max(A.shape[-2:]) * np.finfo(A.dtype.numpy).eps
    return np.maximum(0.0 if atol is None else atol, rtol * largest)


def pinv(
    A: Tensor,
    rcond: Tensor | float | None = None,
    hermitian: bool = False,
    *,
    atol: Tensor | float | None = None,
    rtol: Tensor | float | None = None,
) -> Tensor:
    """Return the pseudo-inverses of matrices, (..., m, n) -> (..., n, m).

    Singular values up to ``max(atol, rtol * the largest)`` count as zero; by default ``rtol`` is
    max(m, n) times the dtype's epsilon.  Source: torch.linalg.pinv.

    >>> import minigrad
    >>> minigrad.linalg.pinv(minigrad.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    check_matrices("linalg.pinv", A, hermitian)
    if A.numel() == 0:
        return A.mT.clone()
    of = A.detach()
    if hermitian:  # only the lower triangle counts
        of = of.tril() + of.tril(-1).mT
    largest = decomposition.svd(of, full_matrices=False).S.numpy()[..., 0]
    limit = _tolerance(A, atol, rcond if rtol is None else rtol, largest)
    with np.errstate(all="ignore"):
        return decomposition.pseudo_inverse(A, np.where(largest > 0, limit / largest, 0.0), of)


def matrix_rank(
    input: Tensor,
    tol: Tensor | float | None = None,
    hermitian: bool = False,
    *,
    atol: Tensor | float | None = None,
    rtol: Tensor | float | None = None,
) -> Tensor:
    """Return how many singular values are not zero, int64: (..., m, n) -> (...).

    The limit is that of ``pinv``; ``tol`` is ``atol``.  Source: torch.linalg.matrix_rank.

    >>> import minigrad
    >>> minigrad.linalg.matrix_rank(minigrad.ones(3, 3))
    tensor(1)
    """
    check_matrices("linalg.matrix_rank", input, hermitian)
    if input.numel() == 0:
        return over_array(np.zeros(input.shape[:-2], np.int64))
    if hermitian:
        values = np.abs(decomposition.eigh(input.detach()).eigenvalues.numpy())
    else:
        values = decomposition.svd(input.detach(), full_matrices=False).S.numpy()
    limit = _tolerance(
        input, atol if tol is None else tol, rtol if tol is None else 0.0, values.max(-1)
    )
    return over_array(np.asarray((values > np.asarray(limit)[..., None]).sum(-1), np.int64))


def logdet(input: Tensor) -> Tensor:
    """Return the logarithm of determinants; NaN for negative ones.  Source: torch.logdet.

    >>> import minigrad
    >>> minigrad.logdet(minigrad.eye(2))
    tensor(0.)
    """
    sign, logarithm = decomposition.slogdet(input)
    return where(sign < 0, math.nan, logarithm)


def matrix_exp(input: Tensor) -> Tensor:
    """Return the exponentials of square matrices, (..., n, n), by scaling and Taylor's series.

    RuntimeError for what is not square and floating.  Source: torch.linalg.matrix_exp.

    >>> import minigrad
    >>> minigrad.linalg.matrix_exp(minigrad.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    check_matrices("linalg.matrix_exp", input, True)
    size = float(input.detach().abs().sum(-2).max()) if input.numel() else 0.0
    halvings = max(0, math.frexp(size)[1] + 1) if math.isfinite(size) else 0
    x = input.double() / 2.0**halvings  # now of norm at most 1/2
    total = x + eye(input.size(-1), dtype=x.dtype)
    term = x
    for k in range(2, 19):
        term = matmul(term, x) / k
        total = total + term
    for _ in range(halvings):
        total = matmul(total, total)
    return labelled(total.to(input.dtype), "LinalgMatrixExpBackward0")


# ---------------------------------------------------------------- norms


def _check_result(function, own, wanted):
    """Raise RuntimeError for a dtype in which a norm of numbers in ``own`` is not computed."""
    if not wanted.is_floating_point:
        raise RuntimeError(f"linalg.{function}: dtype should be floating point, but got {wanted}")
    if promote_types(own, wanted) is not wanted:
        raise RuntimeError(
            f"linalg.{function}: the dtype of the input ({own}) should be convertible without "
            f"narrowing to the specified dtype ({wanted})"
        )


def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
) -> Tensor:
    """Return the ``ord``-norms of vectors along ``dim``, by default of all elements.

    ``ord`` is any number or an infinity; 0 counts what is not zero.  RuntimeError for integers.
    Source: torch.linalg.vector_norm.

    >>> import minigrad
    >>> minigrad.linalg.vector_norm(minigrad.tensor([3.0, -4.0]))
    tensor(5.)
    """
    if isinstance(ord, Tensor) and ord.dim() == 0:
        ord = ord.item()
    if isinstance(ord, (str, bool)) or not isinstance(ord, (int, float)):
        raise TypeError(f"vector_norm(): argument 'ord' must be Number, not {type(ord).__name__}")
    if x.numel() == 0 and (ord < 0 or ord == math.inf):
        dims = range(x.dim()) if dim is None else [dim] if isinstance(dim, int) else dim
        if any(x.size(d) == 0 for d in dims):
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the "
                "operation does not have an identity"
            )
    if dtype is not None:
        _check_result("vector_norm", x.dtype, as_dtype_(dtype))
    if x.dtype is float16 and dtype is None:  # whose powers soon overflow
        return reduce.norm(x.float(), ord, dim, keepdim).half()
    return reduce.norm(x, ord, dim, keepdim, dtype=dtype)


def old_norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
) -> Tensor:
    """Return ``linalg.vector_norm`` of order p, "fro" meaning 2, or ``matrix_norm`` for "nuc".

    Source: torch.norm.

    >>> import minigrad
    >>> minigrad.tensor([3.0, 4.0]).norm()
    tensor(5.)
    """
    x = tensor_operand(input, "norm")
    if p is None or (isinstance(p, str) and p == "fro"):
        return vector_norm(x, 2, dim, keepdim, dtype=dtype)
    if isinstance(p, str):
        dims = range(x.dim()) if dim is None else [dim] if isinstance(dim, int) else dim
        return matrix_norm(x, p, dims, keepdim, dtype=dtype)
    return vector_norm(x, p, dim, keepdim, dtype=dtype)


def _extreme(x: Tensor, dim: int, largest: bool) -> Tensor:
    """Return the largest numbers along ``dim``, or the smallest; the largest of none is 0."""
    if largest and x.size(dim) == 0:
        return x.sum(dim, keepdim=True)
    return (reduce.amax if largest else reduce.amin)(x, dim, keepdim=True)


def matrix_norm(
    input: Tensor,
    ord: float | str = "fro",
    dim: Sequence[int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
) -> Tensor:
    """Return norms of the matrices in two dimensions.

    ``ord``: "fro", "nuc", 1 or -1 (largest or smallest sum of a column), inf or -inf (of a row), 2
    or -2 (largest or smallest singular value).  RuntimeError for anything else.
    Source: torch.linalg.matrix_norm.

    >>> import minigrad
    >>> minigrad.linalg.matrix_norm(minigrad.tensor([[1.0, -2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    """
    check_matrices("linalg.matrix_norm", input)
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {list(dim)}")
    row, column = (checked_dim(d, input.dim()) for d in dim)
    if row == column:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({row}, {column})")
    if dtype is not None:
        input = input.to(dtype)
    if ord == "fro":
        return vector_norm(input, 2, (row, column), keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        first, second = (row, column) if abs(ord) == 1 else (column, row)
        sums = input.abs().sum(first, keepdim=True)
        found = _extreme(sums, second, ord > 0)
    elif ord in ("nuc", 2, -2):
        values = svdvals(input.movedim((row, column), (-2, -1)))
        found = values.sum(-1) if ord == "nuc" else _extreme(values, -1, ord == 2).squeeze(-1)
        for d in sorted((row, column)):
            found = found.unsqueeze(d)
    else:
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    return found if keepdim else found.squeeze((row, column))


def norm(
    input: Tensor,
    ord: float | str | None = None,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
) -> Tensor:
    """Return a norm: of vectors along one ``dim``, of matrices in two, by default of all elements.

    With ``ord`` and no ``dim``, of a vector or a matrix.  Source: torch.linalg.norm.

    >>> import minigrad
    >>> minigrad.linalg.norm(minigrad.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    if ord is not None and dim is None and input.dim() not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{input.dim()}D."
        )
    plane: Sequence[int] = (-2, -1)[: 2 * (input.dim() == 2)] if dim is None else ()
    if dim is not None and not isinstance(dim, int):
        plane = dim
    if ord is not None and len(plane) == 2:
        return matrix_norm(input, ord, plane, keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(
            f"linalg.norm: the order {ord!r} is for matrices, and needs two dimensions"
        )
    return vector_norm(input, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


def cond(A: Tensor, p: float | str | None = None) -> Tensor:
    """Return the condition number of matrices in norm ``p`` (2 by default): (..., n, n) -> (...).

    Source: torch.linalg.cond.

    >>> import minigrad
    >>> minigrad.linalg.cond(minigrad.tensor([[4.0, 0.0], [0.0, 2.0]]))
    tensor(2.)
    """
    if A.numel() == 0:
        return A.new_zeros(A.shape[:-2])
    if p in (None, 2, -2):
        values = svdvals(A)
        first, last = values[..., 0], values[..., -1]
        return last / first if p == -2 else first / last
    return matrix_norm(A, p) * matrix_norm(inv(A), p)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Return the dot products along ``dim``; other dimensions broadcast.

    Source: torch.linalg.vecdot.

    >>> import minigrad
    >>> minigrad.linalg.vecdot(minigrad.ones(2, 3), minigrad.tensor([1.0, 2.0, 3.0]))
    tensor([6., 6.])
    """
    return (x * y).sum(dim)


def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return ``diagonal``, by default of the last two dimensions.  Source: torch.linalg.diagonal.

    >>> import minigrad
    >>> minigrad.linalg.diagonal(minigrad.ones(2, 3, 3)).shape
    minigrad.Size([2, 3])
    """
    return A.diagonal(offset, dim1, dim2)
