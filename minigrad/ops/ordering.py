"""Sorting, and what sorting answers: the k largest, medians, quantiles, distinct values, places.

NaN counts as larger than every number.  Values are gathered by the indices found, so that their
gradient goes to the elements picked.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import return_types
from minigrad.dtypes import bool_, float32, float64, int64
from minigrad.ops.creation import full_like
from minigrad.ops.elementwise import clamp_min, where
from minigrad.ops.math import ceil, floor, isnan
from minigrad.ops.math import round as round_
from minigrad.ops.pointwise import lerp
from minigrad.ops.recorded import cast, labelled, recorded, tensor_operand
from minigrad.ops.top import few_places, sort_keys
from minigrad.tensor import Tensor, over_array


def _checked_dim(name, x, dim):
    """Return ``dim``, counted from the front; a 0-d tensor has a dim 0 in name only."""
    count = max(x.dim(), 1)
    if not -count <= dim < count:
        raise IndexError(
            f"{name}(): Dimension out of range (expected to be in range of [{-count}, "
            f"{count - 1}], but got {dim})"
        )
    return dim % count


def _order(x, dim, descending):
    """Return the places of the elements along ``dim`` in order; equals keep theirs."""
    keys = sort_keys(x, dim, descending)
    if keys is not None:
        keys.sort(axis=-1)
        return _places(keys, dim)
    array = np.moveaxis(x.numpy(force=True), dim, -1)
    if descending:  # the order of the reversed elements, reversed: equals keep their order
        order = array.shape[-1] - 1 - np.argsort(array[..., ::-1], axis=-1, kind="stable")
        order = order[..., ::-1]
    else:
        order = np.argsort(array, axis=-1, kind="stable")
    return np.moveaxis(order, -1, dim)


def _places(keys, dim):
    """Return the places that sorted keys hold, along ``dim`` again."""
    return np.moveaxis(np.bitwise_and(keys, 0xFFFFFFFF).view(np.int64), -1, dim)


def _place(x, dim, k):
    """Return the places of the ``k``-th smallest elements along ``dim``, k from 0."""
    keys = sort_keys(x, dim, False)
    if keys is None:
        return np.take(_order(x, dim, False), [k], axis=dim)
    keys.partition(k, axis=-1)
    return _places(keys[..., k : k + 1], dim)


def _picked(result, x, dim, places, keepdim=True):
    """Return the (values, indices) of the elements at ``places``, an array."""
    indices = over_array(np.ascontiguousarray(places, np.int64))
    values = x.gather(dim, indices)
    if keepdim:
        return result(values, indices)
    return result(values.squeeze(dim), indices.squeeze(dim))


def _scalar(result, x):
    """Return the (values, indices) of a tensor of no dimensions: itself, at 0."""
    return result(x.clone(), over_array(np.zeros((), np.int64)))


def _no_bools(name, input):
    x = tensor_operand(input, name)
    if x.dtype is bool_:
        raise NotImplementedError(f"{name} is not defined for bools")
    return x


def _not_empty(name, x, dim):
    if x.shape[dim] == 0:
        raise IndexError(
            f"{name}(): Expected reduction dim {dim} to have non-zero size, but got shape "
            f"{list(x.shape)}"
        )


# ---------------------------------------------------------------- sorting


def sort(
    input: Tensor,
    dim: int = -1,
    descending: bool = False,
    *,
    stable: bool | None = None,
    axis: int | None = None,
) -> return_types.sort:
    """Return (values, indices): the elements in order along ``dim``, and where they were.

    Equal elements keep their order, ``stable`` or not.

    >>> import minigrad
    >>> values, indices = minigrad.tensor([3.0, 1.0, 2.0]).sort()
    >>> values, indices
    (tensor([1., 2., 3.]), tensor([1, 2, 0]))
    """
    x = tensor_operand(input, "sort")
    dim = _checked_dim("sort", x, dim if axis is None else axis)
    if x.dim() == 0:
        return _scalar(return_types.sort, x)
    label = "SortBackward0" if stable is None else "SortBackward1"
    return labelled(_picked(return_types.sort, x, dim, _order(x, dim, descending)), label)


def argsort(
    input: Tensor,
    dim: int = -1,
    descending: bool = False,
    stable: bool = False,
    *,
    axis: int | None = None,
) -> Tensor:
    """Return the int64 places of the elements in order along ``dim``."""
    return sort(tensor_operand(input, "argsort").detach(), dim, descending, axis=axis).indices


def msort(input: Tensor) -> Tensor:
    """Return the elements in order along the first dimension."""
    return sort(input, 0).values


def topk(
    input: Tensor,
    k: int,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,
    *,
    axis: int | None = None,
) -> return_types.topk:
    """Return the (values, indices) of the ``k`` largest (or smallest) along ``dim``, in order.

    >>> import minigrad
    >>> minigrad.tensor([3.0, 1.0, 2.0]).topk(2).values
    tensor([3., 2.])
    """
    x = tensor_operand(input, "topk")
    if x.dtype is bool_:
        raise RuntimeError("topk does not support bool dtypes on CPU")
    dim = _checked_dim("topk", x, dim if axis is None else axis)
    if not 0 <= k <= (x.shape[dim] if x.dim() else 1):
        raise RuntimeError(f"selected index k out of range: {k} of shape {list(x.shape)}")
    if x.dim() == 0:
        return labelled(_scalar(return_types.topk, x), "TopkBackward0")
    places = few_places(x, k, dim, largest)
    if places is None:
        places = np.take(_order(x, dim, largest), range(k), axis=dim)
    return labelled(_picked(return_types.topk, x, dim, places), "TopkBackward0")


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> return_types.kthvalue:
    """Return the (values, indices) of the ``k``-th smallest along ``dim``, k from 1.

    >>> import minigrad
    >>> minigrad.tensor([3.0, 1.0, 2.0]).kthvalue(2).values
    tensor(2.)
    """
    x = _no_bools("kthvalue", input)
    dim = _checked_dim("kthvalue", x, dim)
    if x.dim():
        _not_empty("kthvalue", x, dim)
    if not 1 <= k <= (x.shape[dim] if x.dim() else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}: {k}")
    if x.dim() == 0:
        return labelled(_scalar(return_types.kthvalue, x), "KthvalueBackward0")
    found = _picked(return_types.kthvalue, x, dim, _place(x, dim, k - 1), keepdim)
    return labelled(found, "KthvalueBackward0")


# ---------------------------------------------------------------- medians and the most frequent


def _middle(name, result, x, dim, keepdim, skip_nan):
    """Return (values, indices) of the lower median along ``dim``."""
    dim = _checked_dim(name, x, dim)
    if x.dim() == 0:
        return _scalar(result, x)
    _not_empty(name, x, dim)
    unknown = np.isnan(x.numpy(force=True))
    if not unknown.any():
        return _picked(result, x, dim, _place(x, dim, (x.shape[dim] - 1) // 2), keepdim)
    order = _order(x, dim, False)
    count = x.shape[dim] - unknown.sum(dim, keepdims=True)  # NaNs come last in the order
    place = np.maximum(count - 1, 0) // 2
    if not skip_nan:
        place = np.where(count < x.shape[dim], count, place)
    return _picked(result, x, dim, np.take_along_axis(order, place, dim), keepdim)


def _median(name, result, input, dim, keepdim, skip_nan):
    x = _no_bools(name, input)
    if dim is not None:
        found = _middle(name, result, x, dim, keepdim, skip_nan)
        return labelled(found, f"{name.capitalize()}Backward1")
    array = x.numpy(force=True).ravel()
    unknown = np.isnan(array)
    if unknown.any():
        array = array[~unknown] if skip_nan else array[:0]
    if array.size:
        middle = (array.size - 1) // 2
        value = np.partition(array, middle)[middle]
    else:
        with np.errstate(invalid="ignore"):
            value = np.asarray(math.nan).astype(x.dtype.numpy)

    def gradient(g, x, y):
        at = (x == y) | (isnan(x) & isnan(y))
        return g * (at / at.sum()).to(x.dtype)

    label = f"{name.capitalize()}Backward0"
    return recorded(value, label, (x,), (gradient,), (x,), True)


def median(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, axis: int | None = None
) -> Any:
    """Return the lower median of all elements, or its (values, indices) along ``dim``; NaN if there
    is one.  The gradient of the median of all is shared among its equals.

    >>> import minigrad
    >>> minigrad.tensor([4.0, 1.0, 3.0, 2.0]).median()
    tensor(2.)
    """
    dim = dim if axis is None else axis
    return _median("median", return_types.median, input, dim, keepdim, False)


def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """Return the median of what is not NaN, otherwise as ``median``."""
    return _median("nanmedian", return_types.nanmedian, input, dim, keepdim, True)


def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> return_types.mode:
    """Return the most frequent value along ``dim`` (the smallest of several), and its last place.

    >>> import minigrad
    >>> minigrad.tensor([2, 1, 2, 3]).mode().values
    tensor(2)
    """
    x = tensor_operand(input, "mode")
    dim = _checked_dim("mode", x, dim)
    if x.dim() == 0:
        return labelled(_scalar(return_types.mode, x), "ModeBackward0")
    _not_empty("mode", x, dim)
    order = np.moveaxis(_order(x, dim, False), dim, -1)
    array = np.take_along_axis(np.moveaxis(x.numpy(force=True), dim, -1), order, -1)
    starts = np.ones(array.shape, np.bool_)
    starts[..., 1:] = array[..., 1:] != array[..., :-1]
    count = np.arange(array.shape[-1])
    length = count - np.maximum.accumulate(np.where(starts, count, 0), -1)  # of the run so far
    places = np.take_along_axis(order, length.argmax(-1)[..., None], -1)
    picked = _picked(return_types.mode, x, dim, np.moveaxis(places, -1, dim), keepdim)
    return labelled(picked, "ModeBackward0")


# ---------------------------------------------------------------- quantiles

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(name, input, q, dim, keepdim, interpolation, skip_nan):
    x = tensor_operand(input, name)
    if x.dtype not in (float32, float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if x.numel() == 0:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if isinstance(q, Tensor):
        if q.dim() > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor, but got {q.dim()}D")
        if q.dtype is not x.dtype:
            raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of {', '.join(_INTERPOLATIONS)}, but got "
            f"{interpolation}"
        )
    if not isinstance(q, Tensor):
        q = over_array(np.asarray(q, x.dtype.numpy))
    if not bool(((q >= 0) & (q <= 1)).all()):
        raise RuntimeError(f"{name}() q values must be in the range [0, 1], but got {q.tolist()}")
    kept = [1] * x.dim()
    if dim is None:
        moved = x.reshape(-1)
    else:
        dim = _checked_dim(name, x, dim)
        kept = [1 if i == dim else s for i, s in enumerate(x.shape)]
        moved = x.movedim(dim, -1) if x.dim() else x.reshape(1)
    ordered = sort(moved).values
    last = moved.shape[-1] - 1
    if skip_nan:  # the ranks count what is a number
        last = clamp_min((~isnan(moved)).sum(-1, True) - 1, 0)
    ranks = (q.reshape(-1) * last).expand(*moved.shape[:-1], q.numel())
    if not skip_nan:  # NaN comes last, and is picked where there is one
        ranks = where(isnan(ordered[..., -1:]), last, ranks)
    if interpolation in ("lower", "higher", "nearest"):
        ranks = {"lower": floor, "higher": ceil, "nearest": round_}[interpolation](ranks.detach())
    below = floor(ranks)
    weight = full_like(ranks, 0.5) if interpolation == "midpoint" else ranks - below
    low, high = (ordered.gather(-1, cast(places, int64)) for places in (below, ceil(ranks)))
    out = lerp(low, high, weight)
    out = out.movedim(-1, 0)
    shape = kept if keepdim else [s for i, s in enumerate(x.shape) if dim is not None and i != dim]
    return out.reshape(*q.shape, *shape)


def quantile(
    input: Tensor,
    q: Tensor | float,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """Return the ``q``-th quantiles (q from 0 to 1, a number or a 1-d tensor, whose dimension then
    comes first) of all elements or along ``dim``; NaN if there is one.

    ``interpolation`` between two elements: linear, lower, higher, midpoint or nearest.

    >>> import minigrad
    >>> minigrad.quantile(minigrad.tensor([1.0, 2.0, 3.0, 4.0]), 0.5)
    tensor(2.5000)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


def nanquantile(
    input: Tensor,
    q: Tensor | float,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """Return the ``q``-th quantiles of what is not NaN, otherwise as ``quantile``."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)
