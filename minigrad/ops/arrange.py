"""Joining and turning tensors in more ways, each made of the ops of shape and join."""

from collections.abc import Sequence
from itertools import chain
from itertools import combinations as subsets
from itertools import combinations_with_replacement as multisets
from math import comb, lgamma, log
from typing import Any

import numpy as np

from minigrad.attributes import Size
from minigrad.convert import checked_dim
from minigrad.ops.creation import meshgrid
from minigrad.ops.join import cat, stack, vstack
from minigrad.ops.kinds import common_dtype
from minigrad.ops.recorded import labelled
from minigrad.ops.rows import index_select
from minigrad.ops.shape import flip, reshape, transpose
from minigrad.tensor import Tensor, over_array

_MOST = 2**58  # elements of 8 bytes that an address reaches

# ---------------------------------------------------------------- joining

concat = cat
concatenate = cat
row_stack = vstack


def _at_least(rank: int, x: Tensor) -> Tensor:
    if not isinstance(x, Tensor):
        raise TypeError(f"atleast_{rank}d(): expected Tensors, but got {type(x).__name__}")
    if x.dim() >= rank:
        return x
    if x.dim() == 0:
        return x.reshape((1,) * rank)
    if rank == 2:
        return x.unsqueeze(0)
    return x.reshape(1, -1, 1) if x.dim() == 1 else x.unsqueeze(-1)


def _each_at_least(rank: int, tensors: tuple[Any, ...]) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return _at_least(rank, tensors[0])
    if len(tensors) == 1:
        tensors = tuple(tensors[0])
    return tuple(_at_least(rank, x) for x in tensors)


def atleast_1d(*tensors: Any) -> Any:
    """Return a view of at least one dimension: of one tensor, or a tuple of several.

    Source: torch.atleast_1d.

    >>> import minigrad
    >>> minigrad.atleast_1d(minigrad.tensor(1))
    tensor([1])
    """
    return _each_at_least(1, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """Return a view of at least two dimensions (a vector is a row): of one tensor, or several.

    Source: torch.atleast_2d.

    >>> import minigrad
    >>> minigrad.atleast_2d(minigrad.tensor([1, 2]))
    tensor([[1, 2]])
    """
    return _each_at_least(2, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """Return a view of at least three dimensions: (n,) -> (1, n, 1), (n, m) -> (n, m, 1).

    Source: torch.atleast_3d.

    >>> import minigrad
    >>> minigrad.atleast_3d(minigrad.ones(2, 3)).shape
    minigrad.Size([2, 3, 1])
    """
    return _each_at_least(3, tensors)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Return tensors joined along the third dimension, as ``atleast_3d`` gives them.

    Source: torch.dstack.

    >>> import minigrad
    >>> minigrad.dstack([minigrad.tensor([1, 2]), minigrad.tensor([3, 4])])
    tensor([[[1, 3],
             [2, 4]]])
    """
    if not tensors:
        raise RuntimeError("dstack expects a non-empty TensorList")
    return cat([_at_least(3, x) for x in tensors], 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Return tensors joined along the second dimension; vectors count as columns.

    Source: torch.column_stack.

    >>> import minigrad
    >>> minigrad.column_stack([minigrad.tensor([1, 2]), minigrad.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    if not tensors:
        raise RuntimeError("column_stack expects a non-empty TensorList")
    return cat([x if x.dim() > 1 else x.reshape(x.numel(), 1) for x in tensors], 1)


def block_diag(*tensors: Tensor) -> Tensor:
    """Return a matrix with the given ones along its diagonal, zeros elsewhere.

    Vectors count as rows; dtypes are promoted.  RuntimeError for more than two dimensions.
    Source: torch.block_diag.

    >>> import minigrad
    >>> minigrad.block_diag(minigrad.tensor([[1, 2]]), minigrad.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    blocks = []
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(f"block_diag(): expected Tensors, but got {type(x).__name__}")
        if x.dim() > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{i} has {x.dim()} dimensions"
            )
        blocks.append(_at_least(2, x))
    if not blocks:
        return over_array(np.zeros((1, 0), np.float32))
    blocks = [x.to(common_dtype(*tensors)) for x in blocks]
    width, before, rows = sum(x.size(1) for x in blocks), 0, []
    for x in blocks:
        after = width - before - x.size(1)
        rows.append(cat([x.new_zeros(x.size(0), before), x, x.new_zeros(x.size(0), after)], 1))
        before += x.size(1)
    return labelled(cat(rows, 0), "BlockDiagBackward0")


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Return all rows that take one element of each vector: (n,), (m,) -> (n * m, 2).

    Source: torch.cartesian_prod.

    >>> import minigrad
    >>> minigrad.cartesian_prod(minigrad.tensor([1, 2]), minigrad.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    for x in tensors:
        if x.dim() != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(x.shape)}")
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if len(tensors) == 1:
        return tensors[0]
    return stack([x.reshape(-1) for x in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Return all choices of ``r`` elements of a vector, a row each: (n,) -> (m, r).

    RuntimeError for what is no vector, and for a negative ``r``.  Source: torch.combinations.

    >>> import minigrad
    >>> minigrad.combinations(minigrad.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if input.dim() != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty(0)
    choose = multisets if with_replacement else subsets
    n = input.numel() + (r - 1 if with_replacement and input.numel() else 0)
    if r <= n and lgamma(n + 1) - lgamma(r + 1) - lgamma(n - r + 1) + log(max(r, 1)) > log(_MOST):
        raise RuntimeError(f"combinations: no memory holds the choices of r={r} of {n} elements")
    count = comb(n, r) * r
    rows = np.fromiter(chain.from_iterable(choose(range(input.numel()), r)), np.int64, count)
    return input[over_array(rows.reshape(comb(n, r), r))]


# ---------------------------------------------------------------- turning and repeating


def fliplr(input: Tensor) -> Tensor:
    """Return a copy with the columns in reverse order.  Source: torch.fliplr.

    >>> import minigrad
    >>> minigrad.fliplr(minigrad.tensor([[1, 2]]))
    tensor([[2, 1]])
    """
    if input.dim() < 2:
        raise RuntimeError(f"Input must be >= 2-d, but got {input.dim()}-d")
    return flip(input, 1)


def flipud(input: Tensor) -> Tensor:
    """Return a copy with the rows in reverse order.  Source: torch.flipud.

    >>> import minigrad
    >>> minigrad.flipud(minigrad.tensor([1, 2]))
    tensor([2, 1])
    """
    if input.dim() < 1:
        raise RuntimeError("Input must be >= 1-d, but got 0-d")
    return flip(input, 0)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Return a copy turned ``k`` times by 90 degrees, from the first of ``dims`` to the second.

    RuntimeError for what is not two different dimensions.  Source: torch.rot90.

    >>> import minigrad
    >>> minigrad.rot90(minigrad.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.dim() < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.dim()}")
    a, b = (checked_dim(d, input.dim()) for d in dims)
    if a == b:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}"
        )
    k %= 4
    if k == 0:
        out = input.clone()
    elif k == 2:
        out = flip(input, a, b)
    else:
        out = transpose(flip(input, b), a, b) if k == 1 else flip(transpose(input, a, b), b)
    return labelled(out, "Rot90Backward0")


def repeat_interleave(
    input: Tensor,
    repeats: int | Tensor | None = None,
    dim: int | None = None,
    *,
    output_size: int | None = None,
) -> Tensor:
    """Return each item along ``dim`` repeated ``repeats`` times (one number, or one for each).

    Without ``dim`` the flattened input.  Given only counts: each index as often as its count.
    RuntimeError for counts that are negative or not as many as items.
    Source: torch.repeat_interleave.

    >>> import minigrad
    >>> minigrad.tensor([1, 2]).repeat_interleave(2)
    tensor([1, 1, 2, 2])
    >>> minigrad.repeat_interleave(minigrad.tensor([5, 6]), minigrad.tensor([1, 2]))
    tensor([5, 6, 6])
    """
    if repeats is None:
        return over_array(_repeated(input.numel(), _counts(input)))
    if dim is None:
        input, dim = reshape(input, -1), 0
    if input.dim() == 0:
        input = input.reshape(1)
    d = checked_dim(dim, input.dim())
    size = input.size(d)
    if isinstance(repeats, Tensor):
        counts = _counts(repeats)
        if counts.size not in (1, size):
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{counts.size} and input.size({d}) = {size}"
            )
    elif repeats < 0:
        raise RuntimeError(f"Repeats must be non-negative, but got {repeats}")
    else:
        counts = np.asarray([repeats])
    index = _repeated(size, counts)
    if output_size is not None and output_size != index.size:
        raise RuntimeError(
            f"repeat_interleave: Invalid output_size, expected {index.size} but got {output_size}"
        )
    return index_select(input, d, over_array(index))


def _repeated(size: int, counts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return each of ``size`` numbers as often as its count, or as the only count, says."""
    total = float(counts.sum(dtype=np.float64)) * (size if counts.size == 1 else 1)
    if total > _MOST:  # NumPy does not look, and writes beyond its array
        raise RuntimeError(f"repeat_interleave: no memory holds {total:.0f} items")
    return np.repeat(np.arange(size), counts if counts.size == size else int(counts[0]))


def _counts(repeats: Tensor) -> np.ndarray[Any, Any]:
    if repeats.dim() > 1:
        raise RuntimeError(
            f"repeats must be 0-dim or 1-dim tensor, but got {repeats.dim()} dimensions"
        )
    if repeats.dtype.name not in ("int32", "int64"):
        raise NotImplementedError(f"repeats has to be Long or Int tensor, but got {repeats.dtype}")
    counts = repeats.numpy().reshape(-1)
    if (counts < 0).any():
        raise RuntimeError(f"repeats can not be negative, but got {counts.min()}")
    return counts


def adjoint(input: Tensor) -> Tensor:
    """Return ``input.mT``, a view: tensors are real here.  Source: torch.adjoint.

    >>> import minigrad
    >>> minigrad.ones(2, 3).adjoint().shape
    minigrad.Size([3, 2])
    """
    if input.dim() < 2:
        raise RuntimeError(
            f"tensor.adjoint() is only supported on matrices or batches of matrices. Got "
            f"{input.dim()}-D tensor."
        )
    return input.mT


def _h(input: Tensor) -> Tensor:
    """The transpose of a matrix (or of a number): tensors are real here."""
    if input.dim() not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {input.dim()}-D tensor."
        )
    return input.transpose(0, 1) if input.dim() else input.t()


def _mh(input: Tensor) -> Tensor:
    """The matrices in the last two dimensions, transposed: tensors are real here."""
    return adjoint(input)


H = property(_h)
mH = property(_mh)


def broadcast_shapes(*shapes: Any) -> Size:
    """Return the shape that shapes broadcast to.

    RuntimeError if they do not.  Source: torch.broadcast_shapes.

    >>> import minigrad
    >>> minigrad.broadcast_shapes((2, 1), (3,))
    minigrad.Size([2, 3])
    """
    try:
        return Size(np.broadcast_shapes(*shapes))
    except ValueError:
        raise RuntimeError(
            "Shape mismatch: objects cannot be broadcast to a single shape: "
            f"{', '.join(str(list(s) if isinstance(s, (tuple, list)) else s) for s in shapes)}"
        ) from None
