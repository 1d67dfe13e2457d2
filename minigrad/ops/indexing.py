"""Writing at indices: along one dimension, at places, where a mask holds, and with a reduction.

Each returns a changed copy; the in-place forms are made of these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.convert import checked_dim
from minigrad.dtypes import bool_, dtype, int64
from minigrad.grad_mode import is_grad_enabled
from minigrad.ops.creation import full
from minigrad.ops.elementwise import where
from minigrad.ops.exact import valued
from minigrad.ops.gather import gather, scatter, scatter_add
from minigrad.ops.index import nonzero
from minigrad.ops.recorded import labelled
from minigrad.ops.shape import broadcast_tensors
from minigrad.tensor import Tensor, over_array


def _check_tensors(function: str, **tensors: Any) -> None:
    for name, x in tensors.items():
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{function}(): argument '{name}' must be Tensor, not {type(x).__name__}"
            )


def _same_dtype(function: str, input: Tensor, source: Tensor) -> None:
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"{function}(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype} and (source) {source.dtype}"
        )


# ---------------------------------------------------------------- along one dimension


def _line(function: str, input: Tensor, dim: int, index: Any, only: str = "") -> tuple[int, Tensor]:
    """Return the dimension, counted from the front, and the checked index as a vector."""
    _check_tensors(function, input=input, index=index)
    d = checked_dim(dim, input.dim())
    if index.dtype.name not in ([only] if only else ["int32", "int64"]):
        raise RuntimeError(
            f"{function}(): Expected dtype {only or 'int32/int64'} for index, but got {index.dtype}"
        )
    if index.dim() > 1:
        kind = RuntimeError if function == "index_fill" else IndexError
        raise kind(f"{function}(): Index should have dimension 1 or 0 (got {index.dim()})")
    size = input.size(d) if input.dim() else 1
    values = index.numpy().reshape(-1)
    if function == "index_fill":  # which alone counts from the end too
        values = np.where((values < 0) & (values >= -size), values + size, values)
    if values.size and (values.min() < 0 or values.max() >= size):
        bad = values[(values < 0) | (values >= size)][0]
        raise IndexError(
            f"{function}(): index {bad} is out of bounds for dimension {d} with size {size}"
        )
    return d, over_array(values.astype(np.int64))


def _beside(
    function: str, input: Tensor, dim: int, index: Any, source: Any
) -> tuple[int, Tensor, Tensor, Tensor]:
    """Return the dimension and, of at least one dimension, the input, an index for each element of
    the source, and the source."""
    d, line = _line(function, input, dim, index)
    _check_tensors(function, source=source)
    _same_dtype(function, input, source)
    wide = input if input.dim() else input.reshape(1)
    items = source if source.dim() else source.reshape(1)
    fits = (
        items.dim() == wide.dim()
        and items.size(d) == line.numel()
        and all(items.size(k) == wide.size(k) for k in range(wide.dim()) if k != d)
    )
    if not fits:
        raise RuntimeError(
            f"{function}(): the source must have the shape of self but for one item for each index "
            f"along dimension {d}: got self {list(input.shape)}, {line.numel()} indices and source "
            f"{list(source.shape)}"
        )
    places = line.reshape((-1,) + (1,) * (items.dim() - d - 1)).expand(items.shape)
    return d, wide, places, items


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """Return a copy with the items at ``index`` along ``dim`` replaced by those of ``source``.

    ``index`` is a vector of int64, ``source`` has an item for each.  IndexError for an index out of
    range, RuntimeError for shapes or dtypes that do not fit.  Source: torch.Tensor.index_copy.

    >>> import minigrad
    >>> minigrad.zeros(3).index_copy(0, minigrad.tensor([2, 0]), minigrad.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    _line("index_copy", input, dim, index, "int64")
    d, wide, places, items = _beside("index_copy", input, dim, index, source)
    return scatter(wide, d, places, items).reshape(input.shape)


def index_fill(input: Tensor, dim: int, index: Tensor, value: Tensor | float) -> Tensor:
    """Return a copy with ``value``, a number or 0-d tensor, as all items at ``index``.

    ``index`` is an int64 vector.  Errors as of ``index_add``.  Source: torch.Tensor.index_fill.

    >>> import minigrad
    >>> minigrad.zeros(3).index_fill(0, minigrad.tensor([0, 2]), 1)
    tensor([1., 0., 1.])
    """
    d, line = _line("index_fill", input, dim, index, "int64")
    if isinstance(value, Tensor) and value.dim():
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.dim()} dimension(s)."
        )
    label = "IndexFillBackward1"
    if not isinstance(value, Tensor):
        label = "IndexFillBackward0"
        value = input.new_full((), value)  # which must fit
    out = input.clone()
    part: tuple[Any, ...] = (slice(None),) * d + (over_array(np.unique(line.numpy())),)
    if input.dim() == 0:
        part = (...,) if line.numel() else (over_array(np.array(False)),)
    out[part] = value
    return labelled(out, label)


def fill(input: Tensor, value: Tensor | float) -> Tensor:
    """Return ``value``, a number or 0-d tensor, in the input's shape and dtype.

    Source: torch.fill.

    >>> import minigrad
    >>> minigrad.fill(minigrad.zeros(2), 3)
    tensor([3., 3.])
    """
    _check_tensors("fill", input=input)
    return input.clone().fill_(value)


_REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


def index_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
) -> Tensor:
    """Return a copy with the items of ``source`` reduced into those at ``index`` along ``dim``.

    ``reduce`` is "prod", "mean", "amax" or "amin"; otherwise as ``index_add`` and
    ``scatter_reduce``.  Source: torch.Tensor.index_reduce.

    >>> import minigrad
    >>> x, index = minigrad.ones(2), minigrad.tensor([0, 0])
    >>> x.index_reduce(0, index, minigrad.tensor([2.0, 3.0]), "prod")
    tensor([6., 1.])
    """
    if reduce not in _REDUCTIONS[1:]:
        raise RuntimeError(
            "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got "
            f"{reduce}"
        )
    d, wide, places, items = _beside("index_reduce", input, dim, index, source)
    out = scatter_reduce(wide, d, places, items, reduce, include_self=include_self)
    return out.reshape(input.shape)


# ---------------------------------------------------------------- one index for each element


def _lowest(kind: dtype) -> Any:
    if kind.is_floating_point:
        return -math.inf
    return False if kind is bool_ else np.iinfo(kind.numpy).min


def _highest(kind: dtype) -> Any:
    if kind.is_floating_point:
        return math.inf
    return True if kind is bool_ else np.iinfo(kind.numpy).max


def _extreme(input: Tensor, base: Tensor, dim: int, index: Tensor, src: Tensor, op: Any) -> Tensor:
    """Return the largest or smallest at each place; those that tie share the gradient."""
    key = list(np.ogrid[tuple(slice(0, s) for s in index.shape)])
    key[dim] = index.numpy()
    found = base.detach().clone().numpy()
    op.at(found, tuple(key), src.detach().numpy())
    result = over_array(found)
    wanted = is_grad_enabled() and (input.requires_grad or src.requires_grad)
    if not (wanted and input.is_floating_point()):
        return result
    own = base.detach() == result
    theirs = src.detach() == gather(result, dim, index)
    count = scatter_add(own.to(input.dtype), dim, index, theirs.to(input.dtype))
    share = (1.0 / count).nan_to_num(0.0, 0.0, 0.0)
    linear = where(own, base, 0.0) * share
    linear = scatter_add(linear, dim, index, where(theirs, src, 0.0) * gather(share, dim, index))
    return valued(linear, result)


def _multiplied(base: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Return ``base`` times all that ``src`` has for each place: one pass for each of the first,
    second, ... that a place gets, so that a factor of zero does no harm to the gradient."""
    moved = np.moveaxis(index.numpy(), dim, -1)
    rank = np.zeros(moved.shape, np.int64)
    for k in range(1, moved.shape[-1]):
        rank[..., k] = (moved[..., :k] == moved[..., k : k + 1]).sum(-1)
    rank = np.moveaxis(rank, -1, dim)
    one = src.new_ones(1)
    for turn in range(int(rank.max()) + 1 if rank.size else 0):
        now = over_array(np.ascontiguousarray(rank == turn))
        # all but this turn's elements go to a place of their own, after the last
        size = base.size(dim)
        spare = list(base.shape)
        spare[dim] = size + 1
        factors = scatter(one.expand(spare), dim, where(now, index, size), src)
        base = base * factors.narrow(dim, 0, size)
    return base


_REDUCED = "ScatterReduceBackward0"


def scatter_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
) -> Tensor:
    """Return a copy with ``src`` reduced into the elements at ``index`` (int64) along ``dim``.

    ``reduce`` is "sum", "prod", "mean", "amax" or "amin".  ``include_self`` counts what the input
    has at a place as one more; otherwise it is replaced.  Shapes and errors as of ``scatter_add``.
    Source: torch.scatter_reduce.

    >>> import minigrad
    >>> x, index = minigrad.zeros(2), minigrad.tensor([0, 0, 1])
    >>> x.scatter_reduce(0, index, minigrad.tensor([1.0, 3.0, 2.0]), "mean", include_self=False)
    tensor([2., 2.])
    """
    _check_tensors("scatter_reduce", input=input, index=index, src=src)
    if reduce not in _REDUCTIONS:
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}."
        )
    if input.dim() == 0:
        wide = scatter_reduce(
            *(input.reshape(1), dim, index.reshape(-1), src.reshape(-1), reduce),
            include_self=include_self,
        )
        return wide.reshape(())
    d = checked_dim(dim, input.dim())
    scatter_add(input.detach(), d, index, src.detach())  # for its checks
    src = src[tuple(slice(0, n) for n in index.shape)]
    base = input
    if not include_self:
        first = {
            "prod": 1,
            "amax": _lowest(input.dtype) if reduce == "amax" else 0,
            "amin": _highest(input.dtype) if reduce == "amin" else 0,
        }.get(reduce, 0)
        base = scatter(input, d, index, first)
    if reduce == "sum":
        return labelled(scatter_add(base, d, index, src), _REDUCED)
    if reduce == "prod":
        return labelled(_multiplied(base, d, index, src), _REDUCED)
    if reduce == "mean":
        ones = src.new_ones(src.shape)
        start = input.new_ones(input.shape)
        if not include_self:
            start = scatter(start, d, index, 0)
        count = scatter_add(start, d, index, ones).clamp(min=1)
        total = scatter_add(base, d, index, src)
        return labelled(total / count, _REDUCED) if input.is_floating_point() else total // count
    chosen = np.maximum if reduce == "amax" else np.minimum
    return labelled(_extreme(input, base, d, index, src, chosen), _REDUCED)


# ---------------------------------------------------------------- at places


def _places(input: Tensor, indices: Sequence[Any]) -> Tensor:
    """Return, for each element of ``input[indices]``, its place in the flattened input."""
    everything = over_array(np.arange(input.numel()).reshape(input.shape))
    return everything[tuple(slice(None) if i is None else i for i in indices)]


def index_put(
    input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: bool = False
) -> Tensor:
    """Return a copy with ``values`` at ``input[indices]``; added there, if ``accumulate``.

    None stands for all of a dimension.  Errors as of ``x[...] = values``.
    Source: torch.Tensor.index_put.

    >>> import minigrad
    >>> index = (minigrad.tensor([1, 1]),)
    >>> minigrad.zeros(2).index_put(index, minigrad.tensor([1.0, 2.0]), accumulate=True)
    tensor([0., 3.])
    """
    _check_tensors("index_put", input=input, values=values)
    if values.dtype is not input.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{input.dtype} for the destination and {values.dtype} for the source."
        )
    places = _places(input, indices)
    try:
        values = values.expand(places.shape)
    except RuntimeError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to "
            f"indexing result of shape {list(places.shape)}"
        ) from None
    return _put_flat(input, places, values, accumulate)


def _put_flat(input: Tensor, places: Tensor, values: Tensor, accumulate: bool) -> Tensor:
    write = scatter_add if accumulate else scatter
    flat = write(input.reshape(-1), 0, places.reshape(-1), values.reshape(-1))
    return flat.reshape(input.shape)


def _flat_index(function: str, input: Tensor, index: Any) -> Tensor:
    """Return indices into the flattened input, counted from its front."""
    _check_tensors(function, input=input, index=index)
    if index.dtype.name != "int64":
        raise RuntimeError(f"{function}(): Expected a long tensor for index, but got {index.dtype}")
    size, values = input.numel(), index.numpy()
    wrong = (values < -size) | (values >= size)
    if wrong.any():
        raise IndexError(
            f"out of range: tried to access index {values[wrong][0]} on a tensor of {size} "
            "elements."
        )
    return over_array(np.asarray(np.where(values < 0, values + size, values)))


def take(input: Tensor, index: Tensor) -> Tensor:
    """Return the elements at ``index`` (int64) of the flattened input, in the shape of ``index``.

    IndexError for an index out of range.  Source: torch.take.

    >>> import minigrad
    >>> minigrad.take(minigrad.tensor([[1, 2], [3, 4]]), minigrad.tensor([0, -1]))
    tensor([1, 4])
    """
    places = _flat_index("take", input, index)
    out = gather(input.reshape(-1), 0, places.reshape(-1)).reshape(index.shape)
    return labelled(out, "TakeBackward0")


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Return a copy with the elements of ``source`` at ``index`` of the flattened input.

    They are added if ``accumulate``.  IndexError for an index out of range or
    another number of elements, RuntimeError for another dtype.  Source: torch.Tensor.put.

    >>> import minigrad
    >>> minigrad.zeros(2, 2).put(minigrad.tensor([0, 3]), minigrad.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    places = _flat_index("put_", input, index)
    _check_tensors("put_", source=source)
    _same_dtype("put_", input, source)
    if source.numel() != index.numel():
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.numel()}, index.numel() = {index.numel()}"
        )
    return _put_flat(input, places, source, accumulate)


# ---------------------------------------------------------------- masks


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Return a copy with the elements of ``source``, in order, where ``mask`` (bool) is True.

    Input and mask broadcast.  RuntimeError for another dtype or too few elements.
    Source: torch.Tensor.masked_scatter.

    >>> import minigrad
    >>> mask = minigrad.tensor([True, False, True])
    >>> minigrad.zeros(3).masked_scatter(mask, minigrad.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])
    """
    _check_tensors("masked_scatter", input=input, mask=mask, source=source)
    if mask.dtype.name != "bool":
        raise RuntimeError(
            f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}"
        )
    if source.dtype is not input.dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got "
            f"{input.dtype} and {source.dtype}"
        )
    input, mask = broadcast_tensors(input, mask)
    places = over_array(np.flatnonzero(mask.numpy()))
    if source.numel() < places.numel():
        raise RuntimeError(
            "masked_scatter: expected `source` to have at least as many elements as `mask` has "
            f"True, but got {source.numel()} and {places.numel()}"
        )
    return _put_flat(input, places, source.reshape(-1)[: places.numel()], False)


def argwhere(input: Tensor) -> Tensor:
    """Return the indices of the elements that are not zero, as ``nonzero``.

    Source: torch.argwhere.

    >>> import minigrad
    >>> minigrad.argwhere(minigrad.tensor([[0, 1], [1, 0]]))
    tensor([[0, 1],
            [1, 0]])
    """
    return nonzero(input)


def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """Return the first ``size`` rows of ``nonzero``; rows of ``fill_value`` where there are fewer.

    Source: torch.nonzero_static.

    >>> import minigrad
    >>> minigrad.nonzero_static(minigrad.tensor([0, 1, 2]), size=3)
    tensor([[ 1],
            [ 2],
            [-1]])
    """
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    found = nonzero(input)[:size]
    out = full((size, found.size(1)), fill_value, dtype=int64)
    out[: len(found)] = found
    return out


def unravel_index(indices: Tensor, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Return, for indices into a flattened tensor of ``shape``, one index for each dimension.

    TypeError for what is no integer.  Source: torch.unravel_index.

    >>> import minigrad
    >>> minigrad.unravel_index(minigrad.tensor([1, 5]), (2, 3))
    (tensor([0, 1]), tensor([1, 2]))
    """
    _check_tensors("unravel_index", indices=indices)
    if indices.dtype.name not in ("uint8", "int8", "int16", "int32", "int64"):
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    found, values = [], indices.numpy().astype(np.int64)
    for size in reversed(shape):
        found.append(over_array(np.asarray(values % size)))
        values = values // size
    return tuple(reversed(found))
