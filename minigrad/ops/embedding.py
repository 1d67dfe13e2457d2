"""Rows of a table looked up by their numbers, one by one or in bags that are summed up."""

from __future__ import annotations

import warnings

import numpy as np

from minigrad.dtypes import int32, int64
from minigrad.ops.creation import from_numpy
from minigrad.ops.elementwise import where
from minigrad.ops.math import isnan
from minigrad.ops.recorded import labelled
from minigrad.ops.rows import rows_at
from minigrad.tensor import Tensor


def _check_table(name, input, weight, sparse):
    """Check the arguments that both functions have; return the indices as an array."""
    for argument, given in (("input", input), ("weight", weight)):
        if not isinstance(given, Tensor):
            raise TypeError(
                f"{name}(): argument '{argument}' must be Tensor, not {type(given).__name__}"
            )
    if input.dtype is not int64 and input.dtype is not int32:
        raise RuntimeError(
            f"{name}(): expected indices of dtype {int64} or {int32}, but got {input.dtype}"
        )
    if weight.dim() != 2:
        raise RuntimeError(f"'weight' must be 2-D, but its shape is {list(weight.shape)}")
    if sparse:
        raise NotImplementedError(
            f"{name}(): sparse=True is not supported; with sparse=False the numbers are the same"
        )
    return input.numpy()


def _wrapped_padding(padding_idx, count, error, message):
    """Return ``padding_idx`` counted from the front, or None."""
    if padding_idx is None:
        return None
    if not -count <= padding_idx < count:
        raise error(message)
    return padding_idx % count


def _lookup(weight, indices, max_norm, norm_type, scale_grad_by_freq):
    """Return the rows ``weight[indices]``."""
    if max_norm is not None:
        _renormalise(weight, indices, max_norm, norm_type)
    rows = rows_at(weight, from_numpy(indices))
    if scale_grad_by_freq and rows.requires_grad:
        _, place, counts = np.unique(indices, return_inverse=True, return_counts=True)
        frequency = counts[place].reshape(*indices.shape, 1).astype(weight.dtype.numpy)
        fixed = rows.detach()  # x + (x - x) / n: the value of x, an n-th of its gradient
        rows = fixed + (rows - fixed) / from_numpy(frequency)
    return rows


def _renormalise(weight, indices, max_norm, norm_type):
    """Shrink the rows that are looked up to ``max_norm``, in place."""
    table = weight.detach()
    used = from_numpy(np.unique(indices))
    rows = rows_at(table, used)
    norms = rows.norm(norm_type, 1, keepdim=True)
    table[used] = where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Return the rows of ``weight`` whose numbers are in ``input``.

    Args:
        input: int64 or int32 tensor of any shape.
        weight: table of shape (V, D).
        padding_idx: a row that gets no gradient.
        max_norm: rows of a larger norm are first shrunk to that, in place.
        norm_type: which norm.
        scale_grad_by_freq: divide the gradient of a row by how often it is looked up.
        sparse: must be False.

    Shape: ``(*)`` to ``(*, D)``.

    Raises IndexError for an index out of range, RuntimeError for another dtype or a table that is
    not 2-D, AssertionError for ``padding_idx`` out of range, NotImplementedError for ``sparse``.

    Source: ``torch.nn.functional.embedding``.

    >>> import minigrad
    >>> table = minigrad.tensor([[1.0, 1.5], [2.0, 2.5]])
    >>> minigrad.nn.functional.embedding(minigrad.tensor([1, 0, 1]), table)
    tensor([[2.0000, 2.5000],
            [1.0000, 1.5000],
            [2.0000, 2.5000]])
    """
    indices = _check_table("embedding", input, weight, sparse)
    padding_idx = _wrapped_padding(
        padding_idx, len(weight), AssertionError, "Padding_idx must be within num_embeddings"
    )
    rows = _lookup(weight, indices, max_norm, norm_type, scale_grad_by_freq)
    if padding_idx is not None and rows.requires_grad:
        rows = where(from_numpy(np.asarray(indices != padding_idx)[..., None]), rows, rows.detach())
    return labelled(rows, "EmbeddingBackward0")


def _check_bags(indices, weight, offsets, mode, scale_grad_by_freq, samples, include_last_offset):
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"mode has to be one of sum, mean or max, but got {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if samples is not None:
        if tuple(samples.shape) != indices.shape:
            raise ValueError(
                f"embedding_bag: If per_sample_weights ({samples.shape}) is not None, then it must "
                f"have the same shape as the input ({list(indices.shape)})"
            )
        if mode != "sum":
            raise NotImplementedError(
                "embedding_bag: per_sample_weights is only supported for mode='sum' "
                f"(got mode={mode!r})"
            )
        if samples.dtype is not weight.dtype:
            raise RuntimeError(
                f"embedding_bag: expected per_sample_weights of dtype {weight.dtype}, but got "
                f"{samples.dtype}"
            )
    if indices.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                f"of fixed length sequences. However, found offsets of type {type(offsets)}"
            )
    elif indices.ndim == 1:
        if not isinstance(offsets, Tensor) or offsets.dim() != 1:
            raise ValueError(
                "offsets has to be a 1D Tensor but got "
                f"{offsets if offsets is None else list(offsets.shape)}"
            )
        if include_last_offset and not len(offsets):
            raise RuntimeError("include_last_offset: number of offset should be at least 1")
    else:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dim {indices.ndim}")


def _bags(indices, offsets, include_last_offset):
    """Return (where in the flat input each item of each bag is, whether there is such an item).

    Both are tables with a row for each bag, as long as the longest.
    """
    if indices.ndim == 2:
        places = np.arange(indices.size).reshape(indices.shape)
        return places, np.ones(indices.shape, bool)
    starts = offsets.numpy()
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {starts[0]}"
        )
    if starts.size and starts[-1] > indices.size:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {indices.size} but got offsets"
            f"[-1] of {starts[-1]}"
        )
    ends = starts[1:] if include_last_offset else np.append(starts[1:], indices.size)
    starts = starts[: len(ends)]
    lengths = ends - starts
    if (lengths < 0).any():
        raise RuntimeError(f"offsets must not decrease, but got {offsets.tolist()}")
    step = np.arange(lengths.max(initial=0))
    there = step < lengths[:, None]
    return np.where(there, starts[:, None] + step, 0), there


def _largest_first(rows, there):
    """Return what `embedding_bag` takes the maximum of: rows (B, N, D), of which items are there.

    As in torch, a NaN counts only as the first item of its bag, which it then stays the maximum of.
    """
    first = np.arange(there.shape[1]) == there.argmax(1)[:, None]
    passed = from_numpy(~there[..., None]) | (isnan(rows) & from_numpy(~first[..., None]))
    return rows.masked_fill(passed, -float("inf")).max(1).values


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Return sums, means or maxima of rows of ``weight``, one for each bag of row numbers.

    Args:
        input: int64 or int32; (B, N) is B bags of N numbers, (N,) is cut at ``offsets``.
        weight: table of shape (V, D).
        offsets: where in ``input`` each bag starts.
        max_norm, norm_type, scale_grad_by_freq, sparse: as for `embedding`.
        mode: "sum", "mean" or "max".  An empty bag gives zeros.
        per_sample_weights: factors of the shape of ``input``, for "sum" only.
        include_last_offset: whether ``offsets`` also holds the end of the last bag.
        padding_idx: a row that does not count.

    Shape: (B, D).

    Raises ValueError or RuntimeError for arguments that do not go together, for an index out of
    range, and NotImplementedError for ``sparse`` and for factors in another mode.

    Source: ``torch.nn.functional.embedding_bag``.

    >>> import minigrad
    >>> table = minigrad.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> numbers, starts = minigrad.tensor([0, 1, 1]), minigrad.tensor([0, 2])
    >>> minigrad.nn.functional.embedding_bag(numbers, table, starts)
    tensor([[2., 3.],
            [3., 4.]])
    """
    if isinstance(weight, Tensor) and weight.dtype is int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag("
            "weight, input, ...)` is deprecated, and should now be `embedding_bag(input, weight, "
            "...)`.",
            stacklevel=2,
        )
        input, weight = weight, input
    indices = _check_table("embedding_bag", input, weight, sparse)
    _check_bags(
        *(indices, weight, offsets, mode, scale_grad_by_freq),
        *(per_sample_weights, include_last_offset),
    )
    count = len(weight)
    padding_idx = _wrapped_padding(
        padding_idx,
        count,
        RuntimeError,
        f"padding_idx must be within the number of embeddings, -{count} through {count - 1}, "
        f"but got {padding_idx}",
    )
    if indices.size and not 0 <= indices.min() <= indices.max() < count:
        wrong = np.flatnonzero((indices < 0) | (indices >= count))
        raise RuntimeError(
            f"Index {wrong[0]} of input takes value {indices.flat[wrong[0]]} which is not in the "
            f"valid range [0, {count})"
        )
    if indices.ndim == 2 and indices.size and padding_idx is None:  # bags of one length
        rows = _lookup(weight, indices, max_norm, norm_type, scale_grad_by_freq)
        if per_sample_weights is not None:
            rows = rows * per_sample_weights.unsqueeze(-1)
        if mode == "max":
            out = _largest_first(rows, np.ones(indices.shape, bool))
        else:
            out = getattr(rows, mode)(1)
        return labelled(out, "EmbeddingBagBackward0")
    places, there = _bags(indices, offsets, include_last_offset)
    if not places.size:
        return weight[:0].sum(0).expand(len(places), -1) * 1
    flat = indices.ravel()
    if padding_idx is not None:
        there = there & (flat[places] != padding_idx)
    missing = from_numpy(~there[..., None])
    rows = _lookup(weight, flat, max_norm, norm_type, scale_grad_by_freq)[from_numpy(places)]
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1)[from_numpy(places)].unsqueeze(-1)
    if mode == "max":
        empty = from_numpy(~there.any(1)[:, None])
        largest = _largest_first(rows, there)
        return labelled(largest.masked_fill(empty, 0.0), "EmbeddingBagBackward0")
    total = rows.masked_fill(missing, 0.0).sum(1)
    if mode == "sum":
        return labelled(total, "EmbeddingBagBackward0")
    size = np.maximum(there.sum(1, keepdims=True), 1).astype(weight.dtype.numpy)
    return labelled(total / from_numpy(size), "EmbeddingBagBackward0")
