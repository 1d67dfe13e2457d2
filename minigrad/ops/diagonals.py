"""Diagonals written: matrices from vectors; and the indices of triangles."""

import numpy as np

from minigrad.attributes import check_cpu
from minigrad.convert import checked_dim
from minigrad.dtypes import as_dtype_, dtype, int64
from minigrad.ops.recorded import labelled
from minigrad.ops.strided import diagonal, diagonal_scatter
from minigrad.tensor import Tensor, over_array


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return matrices, in the planes of two new dimensions, with the input on their diagonals.

    Shapes: (..., n) -> (..., n + |offset|, n + |offset|), for the default dimensions.
    RuntimeError if both dimensions are one.  Source: torch.diag_embed.

    >>> import minigrad
    >>> minigrad.diag_embed(minigrad.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    rank = input.dim() + 1
    a, b = checked_dim(dim1, rank), checked_dim(dim2, rank)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    size = input.size(-1) + abs(offset)
    shape = list(input.shape[:-1])
    for d in sorted((a, b)):
        shape.insert(d, size)
    out = diagonal_scatter(input.new_zeros(shape), input, offset, a, b)
    return labelled(out, "DiagEmbedBackward0")


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Return a copy of a matrix's diagonal, or a matrix with this vector on its diagonal.

    RuntimeError for other numbers of dimensions.  Source: torch.diag.

    >>> import minigrad
    >>> minigrad.diag(minigrad.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    if input.dim() not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.dim()}D")
    if input.dim() == 1:
        return diag_embed(input, diagonal)
    return _diagonal(input, diagonal).clone()


_diagonal = diagonal


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """Return a matrix with all elements of the input on its diagonal.  Source: torch.diagflat.

    >>> import minigrad
    >>> minigrad.diagflat(minigrad.tensor([[1], [2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(input.reshape(-1), offset)


def fill_diagonal_(input: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """Write ``fill_value`` on the main diagonal in place, and return the tensor.

    With ``wrap`` the diagonal of a matrix that is higher than wide begins anew below itself.
    RuntimeError for less than two dimensions, or for more of different sizes.
    Source: torch.Tensor.fill_diagonal_.

    >>> import minigrad
    >>> minigrad.zeros(2, 2).fill_diagonal_(5)
    tensor([[5., 0.],
            [0., 5.]])
    """
    if input.dim() < 2:
        raise RuntimeError(f"dimensions must larger than 1, but got {input.dim()}")
    if input.dim() > 2 and len(set(input.shape)) > 1:
        raise RuntimeError(f"all dimensions of input must be of equal length: {list(input.shape)}")
    height, width = input.size(0), input.size(1)
    places = np.arange(min(input.shape))
    rows, columns = places, places
    if wrap and height > width + 1 and width:
        flat = np.arange(0, height * width, width + 1)
        rows, columns = flat // width, flat % width
    index = (rows, columns) + (places,) * (input.dim() - 2)
    input[tuple(over_array(np.asarray(i)) for i in index)] = fill_value
    return input


def _triangle(
    name: str, keep: bool, row: int, col: int, offset: int, kind: dtype, place: object
) -> Tensor:
    if place is not None:
        check_cpu(place)
    if row < 0 or col < 0:
        raise RuntimeError(f"{name}: row and col must be non-negative, got {row} and {col}")
    kind = int64 if kind is None else kind
    if as_dtype_(kind).name not in ("int32", "int64"):
        raise NotImplementedError(f'"{name}" not implemented for {kind}: expected int32 or int64')
    rows, columns = np.indices((row, col)).reshape(2, -1)
    inside = columns - rows <= offset if keep else columns - rows >= offset
    found = np.stack([rows[inside], columns[inside]])
    return over_array(np.ascontiguousarray(found.astype(as_dtype_(kind).numpy)))


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: dtype = int64,
    device: object = None,
    layout: object = None,
) -> Tensor:
    """Return the rows and columns of a matrix's lower triangle: (2, n), ordered by rows.

    Source: torch.tril_indices.

    >>> import minigrad
    >>> minigrad.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle("tril_indices", True, row, col, offset, dtype, device)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: dtype = int64,
    device: object = None,
    layout: object = None,
) -> Tensor:
    """Return the rows and columns of a matrix's upper triangle: (2, n), ordered by rows.

    Source: torch.triu_indices.

    >>> import minigrad
    >>> minigrad.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle("triu_indices", False, row, col, offset, dtype, device)
