"""How many elements there are of each value, or between edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad import return_types
from minigrad.dtypes import bool_, float32, float64
from minigrad.ops.recorded import tensor_operand, underivable
from minigrad.tensor import Tensor, over_array


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """Return how often each of 0, 1, 2, ... occurs among integers, or the sums of their weights.

    Shapes: input and weights (n), result (max(input) + 1) or ``minlength`` if that is more.

    >>> import minigrad
    >>> minigrad.bincount(minigrad.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    x = tensor_operand(input, "bincount")
    if x.dtype.is_floating_point or x.dtype is bool_:
        raise NotImplementedError(f"bincount only supports integers, but got {x.dtype}")
    array = x.numpy()
    if array.ndim != 1 or (array.size and array.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    heights = None
    if weights is not None:
        if weights.shape != x.shape:
            raise RuntimeError(
                "weights should be 1-d and have the same length as input: got "
                f"{list(weights.shape)} and {list(x.shape)}"
            )
        heights = weights.numpy(force=True)
    out: np.ndarray = np.bincount(array, heights, minlength)
    kept = np.float32 if heights is not None and heights.dtype == np.float32 else out.dtype
    out = out.astype(kept, copy=False)
    return over_array(out) if weights is None else underivable(out, "bincount", (weights,))


def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Return how many elements lie in each of ``bins`` equal parts of [min, max] (the range of the
    elements if both are 0), in the input's floating dtype.

    >>> import minigrad
    >>> minigrad.histc(minigrad.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    x = tensor_operand(input, "histc")
    if not x.dtype.is_floating_point:
        raise NotImplementedError(f"histc is defined for floating dtypes, but got {x.dtype}")
    if bins <= 0:
        raise RuntimeError("bins must be > 0")
    array = x.numpy(force=True).ravel()
    if min == max and array.size:
        min, max = array.min().item(), array.max().item()
    if min == max:
        min, max = min - 1, max + 1
    if not (math.isfinite(min) and math.isfinite(max)):
        raise RuntimeError(f"histc: range of [{min}, {max}] is not finite")
    if min > max:
        raise RuntimeError("max must be larger than min")
    array = array[(array >= min) & (array <= max)]
    places = (array - array.dtype.type(min)) / array.dtype.type(max - min) * bins
    counts = np.bincount(np.minimum(places.astype(np.int64), bins - 1), minlength=bins)
    return over_array(counts.astype(x.dtype.numpy))


def histogram(
    input: Tensor,
    bins: int | Tensor = 100,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> return_types.histogram:
    """Return (hist, bin_edges): how many elements (or how much ``weight``) each bin holds.

    ``bins`` is a number of equal ones in ``range`` (that of the elements unless given), or a 1-d
    tensor of edges; ``density`` divides by the whole and the bins' widths.

    >>> import minigrad
    >>> minigrad.histogram(minigrad.tensor([1.0, 2.0, 1.0]), 2, range=(0.0, 3.0)).hist
    tensor([2., 1.])
    """
    x = tensor_operand(input, "histogram")
    if weight is not None and weight.shape == x.shape:
        weight = weight.reshape(-1)
    points = x.detach().reshape(-1, 1)
    hist, edges = _counted("histogram", points, [bins], range, weight, density)
    given = (x,) if weight is None else (x, weight)
    return return_types.histogram(
        underivable(hist, "histogram", given), underivable(edges[0], "histogram", given)
    )


def histogramdd(
    input: Tensor,
    bins: int | Sequence[int] | Sequence[Tensor],
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> return_types.histogramdd:
    """Return (hist, bin_edges) of points, (..., n): how many, or what weight, each box holds.

    ``bins`` is a number of equal parts for all n coordinates, or a sequence of one for each, or of
    1-d tensors of edges.  ``range`` is the lowest and highest of each coordinate in a row (those of
    the points unless given); ``weight`` has one number for each point, (...).

    >>> import minigrad
    >>> points = minigrad.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> minigrad.histogramdd(points, [2, 2]).hist
    tensor([[0., 1.],
            [1., 1.]])
    """
    x = tensor_operand(input, "histogramdd")
    if x.dim() < 2:
        raise RuntimeError(
            f"histogramdd: input tensor should have at least 2 dimensions, but got {x.dim()}"
        )
    count = x.size(-1)
    every: list[Any] = [bins] * count if isinstance(bins, int) else list(bins)
    if len(every) != count:
        raise RuntimeError(
            "histogramdd: The size of bins must be equal to the innermost dimension of the input: "
            f"got {len(every)} and {count}"
        )
    if weight is not None and weight.shape == x.shape[:-1]:
        weight = weight.reshape(-1)
    points = x.detach().reshape(math.prod(x.shape[:-1]), count)
    hist, edges = _counted("histogramdd", points, every, range, weight, density)
    given = (x,) if weight is None else (x, weight)
    return return_types.histogramdd(
        underivable(hist, "_histogramdd_from_bin_cts", given),
        tuple(underivable(e, "_histogramdd_bin_edges", given) for e in edges),
    )


def _counted(name, points, bins, range, weight, density):
    """Return the histogram of points (m, n), and the n arrays of edges."""
    m, n = points.shape
    if points.dtype not in (float32, float64):
        raise NotImplementedError(f"{name} is defined for float and double, but got {points.dtype}")
    if range is not None and len(range) != 2 * n:
        raise RuntimeError(
            f"{name}: for a {n}-dimensional histogram range should have {2 * n} elements, but got "
            f"{len(range)}"
        )
    if weight is not None and weight.shape != (m,):
        raise RuntimeError(
            f"{name}: if weight tensor is provided it should have one number for each of the {m} "
            f"points, but got {list(weight.shape)}"
        )
    if weight is not None and weight.dtype is not points.dtype:
        raise RuntimeError(
            f"{name}: expected weight of the input's dtype {points.dtype}, but got {weight.dtype}"
        )
    array = points.numpy()
    edges = [
        _edges(name, i, array[:, i], parts, None if range is None else range[2 * i : 2 * i + 2])
        for i, parts in enumerate(bins)
    ]
    weights = None if weight is None else weight.numpy(force=True)
    hist = np.histogramdd(array, edges, weights=weights)[0].astype(array.dtype)
    if density:
        with np.errstate(invalid="ignore"):  # of nothing the density is NaN
            hist = hist / hist.sum()
        for i, e in enumerate(edges):
            hist = hist / np.diff(e).reshape(-1, *[1] * (n - 1 - i))
    return hist, [np.array(e) for e in edges]


def _edges(name, i, values, bins, limits):
    """Return the edges of the bins of coordinate ``i``."""
    if isinstance(bins, Tensor):
        edges = bins.numpy(force=True)
        if edges.dtype != values.dtype:
            raise RuntimeError(
                f"{name}: expected bins of the input's dtype {values.dtype}, but got {edges.dtype} "
                f"for dimension {i}"
            )
        return edges
    if bins <= 0:
        raise RuntimeError(f"{name}: bins must be > 0, but got {bins} for dimension {i}")
    low, high = limits or ((values.min(), values.max()) if values.size else (0.0, 1.0))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{name}: dimension {i}'s range [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(
            f"{name}: min should not exceed max, but got min {low} max {high} for dimension {i}"
        )
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1, dtype=values.dtype)
