"""Distinct values, membership, and places in a sorted sequence.  None has a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.convert import checked_dim
from minigrad.ops.recorded import operands, tensor_operand, underivable
from minigrad.tensor import Tensor, over_array


def _outputs(input, name, values, inverse, counts, return_inverse, return_counts):
    """Return the values, alone or in a tuple with what else was asked for."""
    label = f"{name.title().replace('_', '')}Backward0"
    found = [underivable(np.asarray(values, order="C"), name, (input,), label)]
    found += [over_array(inverse)] if return_inverse else []
    found += [over_array(counts)] if return_counts else []
    return tuple(found) if len(found) > 1 else found[0]


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Return the distinct elements in order, or the distinct slices along ``dim``.

    With ``return_inverse`` also each element's place among them, with ``return_counts`` also how
    often each occurs (int64).

    >>> import minigrad
    >>> minigrad.unique(minigrad.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    x = tensor_operand(input, "unique").numpy(force=True)
    if dim is not None:
        dim = checked_dim(dim, x.ndim)
    if dim is not None and x.ndim == 0:
        x = x.reshape(1)
    if dim is not None and x.size == 0 and x.shape[dim] != 0:
        raise RuntimeError(
            f"unique(): there are zero sized dimensions of {list(x.shape)}, so unique cannot be "
            "applied"
        )
    values, inverse, counts = np.unique(
        x, return_inverse=True, return_counts=True, axis=dim, equal_nan=False
    )
    inverse = inverse.reshape(x.shape if dim is None else -1)
    name = "_unique2" if dim is None else "unique_dim"
    return _outputs(input, name, values, inverse, counts, return_inverse, return_counts)


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """Return the elements (or slices along ``dim``) without those equal to the one before.

    >>> import minigrad
    >>> minigrad.unique_consecutive(minigrad.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    x = tensor_operand(input, "unique_consecutive").numpy(force=True)
    if dim is not None:
        dim = checked_dim(dim, x.ndim)
    rows = x.reshape(-1) if dim is None else np.moveaxis(x, dim, 0)
    if len(rows) and rows.size == 0:
        raise RuntimeError(
            "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
        )
    starts = np.ones(len(rows), np.bool_)
    starts[1:] = (rows[1:] != rows[:-1]).any(tuple(range(1, rows.ndim)))
    inverse = np.cumsum(starts) - 1
    counts = np.diff(np.append(np.nonzero(starts)[0], len(rows)))
    values = x.reshape(-1)[starts] if dim is None else np.compress(starts, x, dim)
    inverse = inverse.reshape(x.shape if dim is None else -1)
    name = "unique_consecutive"
    return _outputs(input, name, values, inverse, counts, return_inverse, return_counts)


def isin(
    elements: Tensor | float,
    test_elements: Tensor | float,
    *,
    assume_unique: bool = False,
    invert: bool = False,
) -> Tensor:
    """Return, as bools, whether each of ``elements`` is among ``test_elements``.

    Either may be a number.

    >>> import minigrad
    >>> minigrad.isin(minigrad.tensor([1, 2, 3]), minigrad.tensor([2, 5]))
    tensor([False,  True, False])
    """
    if not isinstance(elements, Tensor):
        tensor_operand(test_elements, "isin", "test_elements")
    a, b = (x.numpy(force=True) for x in operands(elements, test_elements))
    if a.dtype == np.bool_:
        raise RuntimeError("Unsupported input type encountered for isin(): Bool")
    return over_array(np.asarray(np.isin(a, b, assume_unique=False, invert=invert)))


def _order(sorter, shape):
    """Return what sorts a sequence, checked, as an array."""
    order = tensor_operand(sorter, "searchsorted", "sorter").numpy()
    if order.shape != shape or order.dtype != np.int64:
        raise RuntimeError(
            "searchsorted(): sorter must be an int64 tensor of the shape of the sequence, but got "
            f"{sorter.dtype} of {list(order.shape)} for {list(shape)}"
        )
    if order.size and not 0 <= order.min() <= order.max() < shape[-1]:
        raise RuntimeError("searchsorted(): sorter index out of range")
    return order


def searchsorted(
    sorted_sequence: Tensor,
    input: Tensor,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Return where each element of ``input`` would go into the sorted sequence: before its equals,
    or after them if ``right`` (or ``side="right"``).

    A sequence of several dimensions is searched row by row: ``input`` has the same ones but the
    last.  ``sorter`` holds the indices that sort the sequence.  int64, or int32 if asked for.

    >>> import minigrad
    >>> minigrad.searchsorted(minigrad.tensor([1.0, 3.0, 5.0]), minigrad.tensor([3.0, 4.0]))
    tensor([1, 2])
    """
    if side not in (None, "left", "right"):
        raise RuntimeError(f"searchsorted(): side can only be 'left' or 'right' but got {side}")
    if right and side == "left":
        raise RuntimeError(
            "searchsorted(): side and right can't be set to opposites, got side of left while "
            "right was True"
        )
    sequence = tensor_operand(sorted_sequence, "searchsorted", "sorted_sequence")
    values = input if isinstance(input, Tensor) else over_array(np.asarray(input))
    rows, wanted = sequence.numpy(force=True), values.numpy(force=True)
    if rows.ndim == 0 or (rows.ndim > 1 and rows.shape[:-1] != wanted.shape[:-1]):
        raise RuntimeError(
            "searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions "
            "of boundaries tensor and input value tensor must match, but we got boundaries tensor "
            f"{list(rows.shape)} and input value tensor {list(wanted.shape)}"
        )
    if sorter is not None:
        rows = np.take_along_axis(rows, _order(sorter, rows.shape), -1)
    place: Any = side or ("right" if right else "left")
    dtype = np.int32 if out_int32 else np.int64
    if rows.ndim == 1:
        return over_array(np.asarray(np.searchsorted(rows, wanted, place), dtype))
    out = np.empty(wanted.shape, dtype)
    for at in np.ndindex(rows.shape[:-1]):
        out[at] = np.searchsorted(rows[at], wanted[at], place)
    return over_array(out)


def bucketize(
    input: Tensor, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """Return the number of the bucket between sorted ``boundaries`` that each element lies in.

    >>> import minigrad
    >>> minigrad.bucketize(minigrad.tensor([0.5, 3.0]), minigrad.tensor([1.0, 2.0]))
    tensor([0, 2])
    """
    if tensor_operand(boundaries, "bucketize", "boundaries").dim() != 1:
        raise RuntimeError(
            f"bucketize(): boundaries tensor must be 1 dimension, but got dim({boundaries.dim()})"
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)
