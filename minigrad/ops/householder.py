"""Products of Householder reflections, which is how LAPACK keeps the Q of a QR factorisation.

Reflection i is ``1 - tau[i] * v @ v.T`` with v in column i: as given below the diagonal, one on it.
The product of all is ``1 - V @ T @ V.T`` with one small triangular T (Schreiber and Van Loan, "A
storage-efficient WY representation for products of Householder transformations", 1989).
"""

import numpy as np

from minigrad import return_types
from minigrad.dtypes import float32, float64
from minigrad.ops.creation import eye
from minigrad.ops.linalg import matmul
from minigrad.ops.matrices import check_matrices
from minigrad.ops.recorded import tensor_operand, underivable
from minigrad.ops.triangles import solve_triangle
from minigrad.tensor import Tensor


def geqrf(input: Tensor) -> return_types.geqrf:
    """Return LAPACK's QR factorisation: R and the reflections in one matrix, and their factors.

    Shapes: (..., m, n) -> (..., m, n), (..., min(m, n)).  There is no gradient: ``linalg.qr`` has.
    Source: torch.geqrf.

    >>> import minigrad
    >>> a = minigrad.tensor([[3.0], [4.0]])
    >>> reflections, tau = minigrad.geqrf(a)
    >>> minigrad.linalg.householder_product(reflections, tau)
    tensor([[-0.6000],
            [-0.8000]])
    """
    check_matrices("geqrf", input)
    turned, tau = np.linalg.qr(input.detach().numpy(), mode="raw")
    packed = np.ascontiguousarray(np.swapaxes(turned, -1, -2))
    return return_types.geqrf(
        *(underivable(found, "geqrf", (input,), "GeqrfBackward0") for found in (packed, tau))
    )


def _check(name: str, input: Tensor, tau: Tensor) -> None:
    tensor_operand(tau, name, "tau")
    check_matrices(name, input)
    if input.dtype not in (float32, float64):
        raise NotImplementedError(f"{name}: expected float32 or float64, but got {input.dtype}")
    if input.size(-2) < input.size(-1):
        raise RuntimeError(
            f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1], but the "
            f"matrices are {input.size(-2)} by {input.size(-1)}"
        )
    if tau.dtype is not input.dtype:
        raise RuntimeError(f"{name}: tau dtype {tau.dtype} does not match {input.dtype}")
    if tau.shape[:-1] != input.shape[:-2] or tau.size(-1) > input.size(-1):
        raise RuntimeError(
            f"{name}: expected one tau for each column or fewer, but got tau {list(tau.shape)} for "
            f"input {list(input.shape)}"
        )


def _reflected(input: Tensor, tau: Tensor, other: Tensor, transpose: bool) -> Tensor:
    """Return the product of the reflections, or its transpose, times ``other``."""
    k, kind = tau.size(-1), input.dtype
    v = input[..., :k].tril(-1) + eye(input.size(-2), k, dtype=kind)
    # T = inverse(diag(1 / tau) + triu(V.T @ V, 1)), written so that a tau may be 0
    scale = tau.unsqueeze(-1)
    t = solve_triangle(scale * matmul(v.mT, v).triu(1), scale * eye(k, dtype=kind), True, True)
    return other - matmul(v, matmul(t.mT if transpose else t, matmul(v.mT, other)))


def householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """Return the first n columns of the product of reflections: the Q of ``geqrf``.

    Shapes: (..., m, n) with m >= n, (..., k) with k <= n -> (..., m, n).
    Source: torch.linalg.householder_product.

    >>> import minigrad
    >>> minigrad.linalg.householder_product(minigrad.zeros(2, 1), minigrad.tensor([2.0]))
    tensor([[-1.],
            [ 0.]])
    """
    _check("linalg.householder_product", input, tau)
    first = eye(input.size(-2), input.size(-1), dtype=input.dtype)
    return _reflected(input, tau, first, False)


def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False
) -> Tensor:
    """Return ``Q @ other``, or ``other @ Q`` if not ``left``, with the square Q of ``geqrf``.

    Its transpose instead of Q if ``transpose``.  Shapes: input (..., m, n), tau (..., k), other
    (..., m, p), or (..., p, m) if not ``left``.  Source: torch.ormqr.

    >>> import minigrad
    >>> reflections, tau = minigrad.geqrf(minigrad.tensor([[3.0], [4.0]]))
    >>> minigrad.ormqr(reflections, tau, minigrad.tensor([[-5.0], [0.0]]))
    tensor([[3.],
            [4.]])
    """
    tensor_operand(tau, "ormqr", "tau")
    check_matrices("ormqr", input)
    check_matrices("ormqr", other)
    m = other.size(-2 if left else -1)
    if m != input.size(-2):
        raise RuntimeError(
            f"ormqr: other.shape[{-2 if left else -1}] must be equal to input.shape[-2], but got "
            f"{list(other.shape)} and {list(input.shape)}"
        )
    if tau.dim() == 0 or tau.size(-1) != min(m, input.size(-1)):
        raise RuntimeError(
            f"ormqr: tau.shape[-1] must be {min(m, input.size(-1))}, but tau is {list(tau.shape)}"
        )
    if not input.shape[:-2] == tau.shape[:-1] == other.shape[:-2]:
        raise RuntimeError(
            f"ormqr: expected the same batch dimensions, but got input {list(input.shape)}, tau "
            f"{list(tau.shape)} and other {list(other.shape)}"
        )
    if not input.dtype is tau.dtype is other.dtype:
        raise RuntimeError(
            f"ormqr: expected input, tau and other to have the same dtype, but got {input.dtype}, "
            f"{tau.dtype} and {other.dtype}"
        )
    if left:
        return _reflected(input, tau, other, transpose)
    return _reflected(input, tau, other.mT, not transpose).mT
