"""Padding: elements added at the ends of the last dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad import dtypes
from minigrad.ops.creation import full
from minigrad.ops.recorded import recorded
from minigrad.ops.rows import index_select
from minigrad.ops.spatial import check_tensor
from minigrad.tensor import Tensor, over_array


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: Tensor | float | None = None
) -> Tensor:
    """Return ``input`` with elements added at the ends of its last dimensions.

    Args:
        input: Tensor.
        pad: how many before and after the last dimension, then before and after the one before
            it, and so on.  Negative numbers take away.
        mode: what to add: "constant" (``value``), "reflect" (the elements mirrored at the outermost
            one), "replicate" (the outermost one) or "circular" (those of the other end).  The
            last three are for (batch, channels, sizes) or (channels, sizes), and all the sizes.
        value: the constant; default 0.

    Raises RuntimeError if ``pad`` is longer than the dimensions or odd, or reaches farther than
    there are elements to mirror or repeat; NotImplementedError for another mode, or a mode that is
    not for such dimensions.

    Source: ``torch.nn.functional.pad``.

    >>> import minigrad
    >>> minigrad.nn.functional.pad(minigrad.tensor([1, 2, 3]), (1, 2))
    tensor([0, 1, 2, 3, 0, 0])
    >>> minigrad.nn.functional.pad(minigrad.tensor([[1, 2, 3]]), (2, 0), mode="reflect")
    tensor([[3, 2, 1, 2, 3]])
    """
    sides = _sides(input, pad)
    if mode == "constant":
        return _pad_constant(input, sides, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if value:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument, got {value}')
    if len(sides) not in (1, 2, 3) or input.ndim - len(sides) not in (1, 2):
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {input.ndim}D input tensor: mode "
            f"{mode!r} needs two numbers for each dimension after (batch,) channels"
        )
    if mode != "circular":
        if input.dtype is dtypes.bool_:
            raise NotImplementedError(f"pad in mode {mode!r} is not implemented for {input.dtype}")
        if 0 in input.shape[-len(sides) - 1 :]:
            raise RuntimeError(
                f"pad in mode {mode!r}: Expected non-zero dimensions except the batch, but got: "
                f"{list(input.shape)}"
            )
    for dim, before, after in sides:
        index = _padded_index(input.shape[dim], before, after, mode, dim)
        input = index_select(input, dim, over_array(index))
    return input


def constant_pad_nd(input: Tensor, pad: Sequence[int], value: Tensor | float = 0) -> Tensor:
    """Return ``nn.functional.pad`` in mode "constant".

    Source: torch.constant_pad_nd.

    >>> import minigrad
    >>> minigrad.constant_pad_nd(minigrad.tensor([1, 2]), (1, 0), 5)
    tensor([5, 1, 2])
    """
    return _pad_constant(input, _sides(input, pad), value)


def _sides(input, pad):
    """Return what ``pad`` says of each dimension: (dimension, before, after)."""
    check_tensor(input, "pad")
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise RuntimeError(
            f"Padding length must be divisible by 2 and needs two numbers for each of at most "
            f"{input.ndim} dimensions, but got {tuple(pad)}"
        )
    return [(input.ndim - 1 - i // 2, pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]


def _pad_constant(input, sides, value):
    """Pad the dimensions that ``sides`` name: (dimension, before, after) each."""
    shape = list(input.shape)
    target, source = [slice(None)] * input.ndim, [slice(None)] * input.ndim
    for dim, before, after in sides:
        size = input.shape[dim]
        start, end = max(-before, 0), size - max(-after, 0)
        if end < start:
            raise RuntimeError(
                f"pad: {(before, after)} takes more than the {size} elements of dimension {dim}"
            )
        shape[dim] = size + before + after
        source[dim] = slice(start, end)
        target[dim] = slice(max(before, 0), max(before, 0) + end - start)
    if input.dtype is dtypes.uint8 and value < 0:
        raise RuntimeError(f"value {value} cannot be converted to uint8 without overflow")
    out = full(shape, value, dtype=input.dtype).numpy()
    out[tuple(target)] = input.detach().numpy()[tuple(source)]
    taken = [(dim, -before, -after) for dim, before, after in sides]
    # what a side added has no gradient, and what it took away gets 0: padding the other way round
    return recorded(
        out, "ConstantPadNdBackward0", (input,), (lambda g: _pad_constant(g, taken, 0),)
    )


def _padded_index(size, before, after, mode, dim):
    """Return which element of a dimension of ``size`` each place of the padded one shows."""
    limit = {"reflect": size - 1, "circular": size}.get(mode)
    if limit is not None and max(before, after) > limit:
        raise RuntimeError(
            f"pad: {(before, after)} in mode {mode!r} is more than dimension {dim} of size {size} "
            f"allows, which is {limit}"
        )
    if size + before + after < (mode != "circular"):
        raise RuntimeError(
            f"pad: dimension {dim} of size {size} is too small: with {(before, after)} the "
            f"calculated output size is {size + before + after}"
        )
    places = np.arange(size + before + after, dtype=np.int64) - before
    if mode == "circular":  # what is taken away is not repeated
        kept = range(max(-before, 0), size - max(-after, 0))
        return kept.start + (places - kept.start) % max(len(kept), 1)
    if mode == "replicate":
        return places.clip(0, size - 1)
    return size - 1 - abs(size - 1 - abs(places))
