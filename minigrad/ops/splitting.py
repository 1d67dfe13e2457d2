"""Splitting a tensor in more ways, each made of the ops of join."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.convert import checked_dim
from minigrad.ops.join import narrow, split
from minigrad.tensor import Tensor


def _where(name: str, given: tuple[Any, ...], sections: Any, indices: Any) -> Any:
    """Return what says where to split: how many sections, or indices, given one by one or not."""
    named = [x for x in (sections, indices) if x is not None]
    if len(named) + bool(given) != 1:
        raise TypeError(f"{name}(): expected either 'sections' or 'indices'")
    if named:
        return named[0]
    return given[0] if len(given) == 1 else given


def tensor_split(
    input: Tensor,
    indices_or_sections: int | Sequence[int] | Tensor | None = None,
    dim: int = 0,
    *,
    sections: int | None = None,
    indices: Sequence[int] | None = None,
    tensor_indices_or_sections: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """Return views of parts along ``dim``: so many of nearly one size, or split before indices.

    RuntimeError for fewer than one part.  Source: torch.tensor_split.

    >>> import minigrad
    >>> minigrad.tensor_split(minigrad.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    >>> minigrad.tensor_split(minigrad.arange(5), (1, 3))
    (tensor([0]), tensor([1, 2]), tensor([3, 4]))
    """
    if input.dim() == 0:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got 0-d")
    first = tensor_indices_or_sections if indices_or_sections is None else indices_or_sections
    where = _where("tensor_split", () if first is None else (first,), sections, indices)
    if isinstance(where, Tensor):
        if where.dtype.name != "int64" or where.dim() > 1:
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
                f"one-dimensional tensor of int64, but got {where.dtype} of {where.dim()} "
                "dimensions"
            )
        where = where.tolist()
    d = checked_dim(dim, input.dim())
    size = input.size(d)
    if isinstance(where, (int, np.integer)):
        if where <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {where}")
        if where > max(size, 2**20):
            raise RuntimeError(f"{where} sections of {size} elements are more than can be kept")
        ends = [(i + 1) * (size // where) + min(i + 1, size % where) for i in range(where)]
    else:
        ends = [slice(None, k).indices(size)[1] for k in where] + [size]
    starts = [0, *ends[:-1]]
    return tuple(
        narrow(input, d, start, max(0, end - start))
        for start, end in zip(starts, ends, strict=True)
    )


def _split_along(name: str, input: Tensor, where: Any, dim: int, rank: int) -> tuple[Tensor, ...]:
    if input.dim() < rank:
        raise RuntimeError(
            f"torch.{name} requires a tensor with at least {rank} "
            f"dimension{'s' * (rank > 1)}, but got a tensor with {input.dim()} dimensions!"
        )
    if isinstance(where, (int, np.integer)) and (where == 0 or input.size(dim) % where):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension "
            f"{input.size(dim)} is not divisible by the split_size {where}!"
        )
    return tensor_split(input, where, dim)


def hsplit(
    input: Tensor,
    *indices_or_sections: int | Sequence[int],
    sections: int | None = None,
    indices: Sequence[int] | None = None,
) -> tuple[Tensor, ...]:
    """Return views of parts along the second dimension (the only one of a vector).

    RuntimeError if the parts would not be of one size.  Source: torch.hsplit.

    >>> import minigrad
    >>> minigrad.hsplit(minigrad.arange(4), 2)
    (tensor([0, 1]), tensor([2, 3]))
    """
    where = _where("hsplit", indices_or_sections, sections, indices)
    return _split_along("hsplit", input, where, 0 if input.dim() == 1 else 1, 1)


def vsplit(
    input: Tensor,
    *indices_or_sections: int | Sequence[int],
    sections: int | None = None,
    indices: Sequence[int] | None = None,
) -> tuple[Tensor, ...]:
    """Return views of parts along the first dimension of at least two; otherwise as ``hsplit``.

    Source: torch.vsplit.

    >>> import minigrad
    >>> minigrad.vsplit(minigrad.eye(2), 2)
    (tensor([[1., 0.]]), tensor([[0., 1.]]))
    """
    where = _where("vsplit", indices_or_sections, sections, indices)
    return _split_along("vsplit", input, where, 0, 2)


def dsplit(
    input: Tensor,
    *indices_or_sections: int | Sequence[int],
    sections: int | None = None,
    indices: Sequence[int] | None = None,
) -> tuple[Tensor, ...]:
    """Return views of parts along the third dimension; otherwise as ``hsplit``.

    Source: torch.dsplit.

    >>> import minigrad
    >>> minigrad.dsplit(minigrad.zeros(1, 1, 2), 2)
    (tensor([[[0.]]]), tensor([[[0.]]]))
    """
    where = _where("dsplit", indices_or_sections, sections, indices)
    return _split_along("dsplit", input, where, 2, 3)


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Return ``split`` with a list of sizes.  Source: torch.split_with_sizes.

    >>> import minigrad
    >>> minigrad.arange(3).split_with_sizes([1, 2])
    (tensor([0]), tensor([1, 2]))
    """
    return split(input, list(split_sizes), dim)
