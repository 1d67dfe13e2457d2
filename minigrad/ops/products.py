"""Products of matrices and vectors, made of the recorded ones."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.convert import checked_dim
from minigrad.dtypes import bool_
from minigrad.ops.creation import eye, ones_like
from minigrad.ops.decomposition import inv
from minigrad.ops.join import cat, stack
from minigrad.ops.linalg import bmm, dot, matmul, mm, mv
from minigrad.ops.recorded import labelled
from minigrad.ops.scan import cumprod
from minigrad.tensor import Tensor, over_array


def _check(function: str, rank: int, **tensors: Any) -> None:
    """Raise unless each argument is a tensor of ``rank`` dimensions (any, for -1)."""
    for name, x in tensors.items():
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{function}(): argument '{name}' must be Tensor, not {type(x).__name__}"
            )
        if rank >= 0 and x.dim() != rank:
            raise RuntimeError(
                f"{function}: Expected {rank}-D argument {name}, but got {x.dim()}-D"
            )


# ---------------------------------------------------------------- beta * input + alpha * product


def _plus(function: str, input: Any, product: Tensor, beta: float, alpha: float) -> Tensor:
    """Return ``beta * input + alpha * product``; with ``beta == 0`` NaN in ``input`` is ignored."""
    _check(function, -1, input=input)
    if input.dtype is not product.dtype:
        raise RuntimeError(
            f"{function}: expected input and the matrices to have the same dtype, but got "
            f"{input.dtype} and {product.dtype}"
        )
    if not product.is_floating_point():
        beta, alpha = int(beta), int(alpha)  # integers are multiplied by integers
    input = input.expand(product.shape)
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        nothing = input.masked_fill(over_array(np.array(True)), 0)
        out = product + nothing if input.requires_grad else product
    else:
        out = (input if beta == 1 else input * beta) + product
    return labelled(out, f"{function.capitalize()}Backward0")


def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Return ``beta * input + alpha * bmm(batch1, batch2)``.

    Shapes: (b, n, k) @ (b, k, m) -> (b, n, m), to which ``input`` broadcasts; one dtype.
    RuntimeError for what does not fit.  Source: torch.baddbmm.

    >>> import minigrad
    >>> minigrad.baddbmm(minigrad.ones(1), minigrad.ones(1, 1, 2), minigrad.ones(1, 2, 1))
    tensor([[[3.]]])
    """
    _check("baddbmm", 3, batch1=batch1, batch2=batch2)
    return labelled(_plus("baddbmm", input, bmm(batch1, batch2), beta, alpha), "BaddbmmBackward0")


def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Return ``beta * input + alpha *`` the sum of all matrices of ``bmm(batch1, batch2)``.

    Shapes: (b, n, k) @ (b, k, m) -> (n, m).  Errors as ``baddbmm``.  Source: torch.addbmm.

    >>> import minigrad
    >>> minigrad.addbmm(minigrad.ones(1, 1), minigrad.ones(3, 1, 2), minigrad.ones(3, 2, 1))
    tensor([[7.]])
    """
    _check("addbmm", 3, batch1=batch1, batch2=batch2)
    product = bmm(batch1, batch2)
    return _plus("addbmm", input, product.sum(0, dtype=product.dtype), beta, alpha)


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Return ``beta * input + alpha * mv(mat, vec)``: (n, k) @ (k,) -> (n,).

    ``input`` broadcasts.  RuntimeError for what does not fit.  Source: torch.addmv.

    >>> import minigrad
    >>> minigrad.addmv(minigrad.ones(2), minigrad.ones(2, 3), minigrad.ones(3))
    tensor([4., 4.])
    """
    _check("addmv", -1, mat=mat, vec=vec)
    return _plus("addmv", input, mv(mat, vec), beta, alpha)


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Return ``beta * input + alpha * outer(vec1, vec2)``: (n,), (m,) -> (n, m).

    ``input`` broadcasts; dtypes are promoted.  RuntimeError for what does not fit.
    Source: torch.addr.

    >>> import minigrad
    >>> minigrad.addr(minigrad.zeros(1), minigrad.tensor([1.0, 2.0]), minigrad.ones(2))
    tensor([[1., 1.],
            [2., 2.]])
    """
    _check("addr", -1, input=input)
    _check("addr", 1, vec1=vec1, vec2=vec2)
    product = outer(vec1, vec2)
    wide = product + input.new_zeros(1)
    if wide.dtype is bool_:
        first = input.expand(wide.shape) if beta else wide.new_zeros(wide.shape)
        return first | product if alpha else first.clone()
    if not wide.is_floating_point() and isinstance(alpha, float):
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    return _plus("addr", input.to(wide.dtype), product.to(wide.dtype), beta, alpha)


# ---------------------------------------------------------------- vectors


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Return all products of an element of each vector: (n,), (m,) -> (n, m).

    Dtypes are promoted; RuntimeError for what is no vector.  Source: torch.outer.

    >>> import minigrad
    >>> minigrad.outer(minigrad.tensor([1, 2]), minigrad.tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    _check("outer", 1, self=input, vec2=vec2)
    return input.unsqueeze(1) * vec2


def vdot(input: Tensor, other: Tensor) -> Tensor:
    """Return ``dot(input, other)``: tensors are real here.  Source: torch.vdot.

    >>> import minigrad
    >>> minigrad.vdot(minigrad.tensor([1.0, 2.0]), minigrad.tensor([3.0, 4.0]))
    tensor(11.)
    """
    return labelled(dot(input, other), "VdotBackward0")


def inner(input: Tensor, other: Tensor) -> Tensor:
    """Return the dot products of all rows of both: (..., k), (*, k) -> (..., *).

    A 0-d tensor multiplies.  RuntimeError for last sizes that differ.  Source: torch.inner.

    >>> import minigrad
    >>> minigrad.inner(minigrad.ones(2, 3), minigrad.tensor([1.0, 2.0, 3.0]))
    tensor([6., 6.])
    """
    _check("inner", -1, input=input, other=other)
    if input.dim() == 0 or other.dim() == 0:
        return input * other
    if input.size(-1) != other.size(-1):
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    return tensordot(input, other, ([-1], [-1]))


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Return the cross products of vectors of three elements along ``dim``, broadcast.

    RuntimeError where a size along ``dim`` is not 3.  Source: torch.linalg.cross.

    >>> import minigrad
    >>> x, y, z = minigrad.eye(3)
    >>> minigrad.linalg.cross(x, y)
    tensor([0., 0., 1.])
    """
    _check("linalg.cross", -1, input=input, other=other)
    if input.dim() != other.dim():
        raise RuntimeError(
            "linalg.cross: inputs must have the same number of dimensions, but got "
            f"{input.dim()} and {other.dim()}"
        )
    if input.dtype is not other.dtype:
        raise RuntimeError(
            f"linalg.cross: expected both inputs in one dtype, but got {input.dtype} and "
            f"{other.dtype}"
        )
    if input.dtype is bool_:
        raise NotImplementedError("linalg.cross is not defined for bools")
    d = checked_dim(dim, input.dim())
    if input.dim() == 0 or input.size(d) != 3 or other.size(d) != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    a, b = input.unbind(d), other.unbind(d)
    out = stack([a[i] * b[j] - a[j] * b[i] for i, j in ((1, 2), (2, 0), (0, 1))], d)
    return labelled(out, "LinalgCrossBackward0")


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Return ``linalg.cross``, by default along the first dimension of size 3.

    Source: torch.cross.

    >>> import minigrad
    >>> minigrad.cross(minigrad.tensor([1, 0, 0]), minigrad.tensor([0, 1, 0]), dim=0)
    tensor([0, 0, 1])
    """
    _check("cross", -1, input=input, other=other)
    if dim is None:
        warnings.warn(
            "Using cross without specifying the dim arg is deprecated. Please either pass the dim "
            "explicitly or simply use linalg.cross, whose default is the last dimension.",
            stacklevel=2,
        )
        if 3 not in input.shape:
            raise RuntimeError(f"no dimension of size 3 in input: {list(input.shape)}")
        dim = list(input.shape).index(3)
    return linalg_cross(input, other, dim=dim)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Return the powers N - 1 to 0 of the elements, a row each: (n,) -> (n, N), N = n by default.

    RuntimeError for what is no vector, and for a negative N.  Source: torch.vander.

    >>> import minigrad
    >>> minigrad.vander(minigrad.tensor([2, 3]), 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    _check("vander", -1, x=x)
    if x.dim() != 1:
        raise RuntimeError(f"x must be a one-dimensional tensor, but got {x.dim()} dimensions.")
    powers = _powers(x, x.numel() if N is None else N)
    return powers if increasing else powers.flip(1)


def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Return the powers 0 to N - 1 of the elements: (..., n) -> (..., n, N), N = n by default.

    Integers become int64.  RuntimeError for an N below 2.  Source: torch.linalg.vander.

    >>> import minigrad
    >>> minigrad.linalg.vander(minigrad.tensor([2.0, 3.0]), N=3)
    tensor([[1., 2., 4.],
            [1., 3., 9.]])
    """
    _check("linalg.vander", -1, x=x)
    x = x if x.dim() else x.reshape(1)
    n = x.size(-1) if N is None else N
    if n < 2:
        raise RuntimeError(f"N must be greater than 1, but got {n}.")
    return _powers(x, n)


def _powers(x, n):
    """Return the powers 0 to n - 1 of the elements, along a new last dimension."""
    if n < 0:
        raise RuntimeError(f"N must be non-negative, but got {n}.")
    x = x if x.is_floating_point() else x.long()
    column = x.unsqueeze(-1)
    if n == 0:
        return column[..., :0]
    first = ones_like(column)
    if n == 1:
        return first
    repeated = column.expand(*x.shape, n - 1)
    return cat([first, cumprod(repeated, -1)], -1)


# ---------------------------------------------------------------- matrices


def trace(input: Tensor) -> Tensor:
    """Return the sum of a matrix's diagonal; of integers, an int64.

    RuntimeError for what is no matrix.  Source: torch.trace.

    >>> import minigrad
    >>> minigrad.trace(minigrad.tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    _check("trace", -1, input=input)
    if input.dim() != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.dim()}")
    if input.dtype is bool_:
        raise NotImplementedError("trace is not defined for bools")
    return labelled(input.diagonal().sum(), "TraceBackward0")


def kron(input: Tensor, other: Tensor) -> Tensor:
    """Return the Kronecker product: each element of ``input`` times all of ``other``.

    Shapes: sizes multiply; the one of fewer dimensions gets leading ones.  Source: torch.kron.

    >>> import minigrad
    >>> minigrad.kron(minigrad.eye(2, dtype=minigrad.int64), minigrad.tensor([[1, 2]]))
    tensor([[1, 2, 0, 0],
            [0, 0, 1, 2]])
    """
    _check("kron", -1, input=input, other=other)
    rank = max(input.dim(), other.dim())
    a = (1,) * (rank - input.dim()) + tuple(input.shape)
    b = (1,) * (rank - other.dim()) + tuple(other.shape)
    left = input.reshape(tuple(s for size in a for s in (size, 1)))
    right = other.reshape(tuple(s for size in b for s in (1, size)))
    return (left * right).reshape(tuple(m * n for m, n in zip(a, b, strict=True)))


def _contracted(a: Tensor, b: Tensor, dims: Any) -> tuple[list[int], list[int]]:
    """Return the dimensions of each factor that ``tensordot`` sums over."""
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(
                f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims} for "
                f"{a.dim()} and {b.dim()} dimensions"
            )
        return list(range(a.dim() - dims, a.dim())), list(range(dims))
    left, right = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(left) != len(right):
        raise RuntimeError(
            f"both dimension lists should have same length, but got {left} and {right}"
        )
    left, right = ([checked_dim(d, x.dim()) for d in k] for x, k in ((a, left), (b, right)))
    for found in (left, right):
        if len(set(found)) < len(found):
            raise RuntimeError(f"a dim appears multiple times in the list of dims {found}")
    return left, right


def tensordot(
    a: Tensor, b: Tensor, dims: int | Sequence[Any] | Tensor = 2, out: None = None
) -> Tensor:
    """Return the sum of products over the last ``dims`` dimensions of ``a`` and first of ``b``.

    ``dims`` may be two lists instead: the dimensions of each, in pairs.  The result has what is
    left of ``a`` and then of ``b``.  RuntimeError for sizes that do not fit.
    Source: torch.tensordot.

    >>> import minigrad
    >>> minigrad.tensordot(minigrad.ones(2, 3, 4), minigrad.ones(3, 4, 5)).shape
    minigrad.Size([2, 5])
    """
    _check("tensordot", -1, a=a, b=b)
    left, right = _contracted(a, b, dims)
    if a.dtype is not b.dtype:
        raise RuntimeError(
            f"tensordot: expected both tensors to have the same dtype, but got {a.dtype} and "
            f"{b.dtype}"
        )
    for i, j in zip(left, right, strict=True):
        if a.size(i) == 1 != b.size(j):
            b = b.sum(j, keepdim=True, dtype=b.dtype)
        elif b.size(j) == 1 != a.size(i):
            a = a.sum(i, keepdim=True, dtype=a.dtype)
        elif a.size(i) != b.size(j):
            raise RuntimeError(
                "contracted dimensions need to match, but first has size "
                f"{a.size(i)} in dim {i} and second has size {b.size(j)} in dim {j}"
            )
    rows = [d for d in range(a.dim()) if d not in left]
    columns = [d for d in range(b.dim()) if d not in right]
    shape = [a.size(d) for d in rows] + [b.size(d) for d in columns]
    depth = width = height = 1
    for d in left:
        depth *= a.size(d)
    for d in rows:
        height *= a.size(d)
    for d in columns:
        width *= b.size(d)
    first = a.permute(*rows, *left).reshape(height, depth)
    second = b.permute(*right, *columns).reshape(depth, width)
    return mm(first, second).reshape(tuple(shape))


def matrix_power(input: Tensor, n: int) -> Tensor:
    """Return the ``n``-th power of square matrices; of their inverses, for a negative ``n``.

    Shapes: (..., m, m) -> the same.  RuntimeError for what is not square.
    Source: torch.linalg.matrix_power.

    >>> import minigrad
    >>> minigrad.matrix_power(minigrad.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    _check("linalg.matrix_power", -1, input=input)
    if input.dim() < 2 or input.size(-1) != input.size(-2):
        raise RuntimeError(
            "linalg.matrix_power: A must be batches of square matrices, but they are "
            f"{' by '.join(map(str, input.shape[-2:]))} matrices"
        )
    if not isinstance(n, (int, np.integer)):
        raise TypeError(f"matrix_power(): argument 'n' must be int, not {type(n).__name__}")
    if n < 0:
        return matrix_power(inv(input), -n)
    if n == 0:
        nothing = input.masked_fill(over_array(np.array(True)), 0)
        return nothing + eye(input.size(-1), dtype=input.dtype)
    if n == 1:
        return input.clone()
    half = matrix_power(input, n // 2)
    square = matmul(half, half)
    return matmul(square, input) if n % 2 else square


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """Return the product of several matrices, in the order that takes the least work.

    The first and the last may be vectors.  RuntimeError for fewer than two.
    Source: torch.linalg.multi_dot.

    >>> import minigrad
    >>> minigrad.linalg.multi_dot([minigrad.ones(2, 3), minigrad.ones(3, 4), minigrad.ones(4)])
    tensor([12., 12.])
    """
    factors = list(tensors)
    if len(factors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(factors)}")
    for i, x in enumerate(factors):
        _check("multi_dot", -1, **{f"tensors[{i}]": x})
        vector = i in (0, len(factors) - 1) and x.dim() == 1
        if x.dim() != 2 and not vector:
            raise RuntimeError(
                f"multi_dot(): tensor {i} must be 2D, or 1D if it is the first or last, but got "
                f"{x.dim()}D"
            )
    row, column = factors[0].dim() == 1, factors[-1].dim() == 1
    if row:
        factors[0] = factors[0].unsqueeze(0)
    if column:
        factors[-1] = factors[-1].unsqueeze(1)
    for i in range(len(factors) - 1):
        if factors[i].size(1) != factors[i + 1].size(0):
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(factors[i].shape)} and "
                f"{list(factors[i + 1].shape)} cannot be multiplied"
            )
    product = _multiply_in_order(factors)
    if row:
        product = product.squeeze(0)
    return product.squeeze(-1) if column else product


def _multiply_in_order(factors: list[Tensor]) -> Tensor:
    """Multiply matrices by the cheapest bracketing, found for ever longer runs of them."""
    n = len(factors)
    sizes = [x.size(0) for x in factors] + [factors[-1].size(1)]
    cost = {(i, i): (0, i) for i in range(n)}  # (first, last): (multiplications, split after)
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j] = min(
                (cost[i, k][0] + cost[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )

    def product(i: int, j: int) -> Tensor:
        if i == j:
            return factors[i]
        k = cost[i, j][1]
        return mm(product(i, k), product(k + 1, j))

    return product(0, n - 1)


def chain_matmul(*matrices: Tensor) -> Tensor:
    """Return the product of matrices given one by one: the older ``linalg.multi_dot``; warns.

    Source: torch.chain_matmul.
    """
    warnings.warn(
        "chain_matmul is deprecated. Use linalg.multi_dot instead, which accepts a list of two or "
        "more tensors rather than multiple parameters.",
        stacklevel=2,
    )
    if len(matrices) == 1:
        return matrices[0]
    return multi_dot(matrices)
