"""Along a dimension: running extremes, running sums of exponentials, differences, integrals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import return_types
from minigrad.dtypes import bool_, float32, uint8
from minigrad.ops.compare import logical_xor, lt
from minigrad.ops.creation import arange
from minigrad.ops.elementwise import where
from minigrad.ops.join import cat
from minigrad.ops.math import exp, log
from minigrad.ops.ordering import _checked_dim
from minigrad.ops.recorded import labelled, recorded, tensor_operand
from minigrad.ops.scan import cumsum, places_of_extremes
from minigrad.ops.shape import flip
from minigrad.tensor import Tensor, over_array
from minigrad.types import Ints

# ---------------------------------------------------------------- running extremes


def _running_extreme(name, largest, result, input, dim):
    x = tensor_operand(input, name)
    dim = _checked_dim(name, x, dim)
    if x.dim() == 0:
        found = result(x.clone(), over_array(np.zeros((), np.int64)))
    else:
        indices = over_array(places_of_extremes(x, dim, largest))
        found = result(x.gather(dim, indices), indices)
    return labelled(found, f"{name.capitalize()}Backward0")


def cummax(input: Tensor, dim: int) -> return_types.cummax:
    """Return the (values, indices) of the largest element so far along ``dim``.

    >>> import minigrad
    >>> minigrad.tensor([1.0, 3.0, 2.0]).cummax(0).values
    tensor([1., 3., 3.])
    """
    return _running_extreme("cummax", True, return_types.cummax, input, dim)


def cummin(input: Tensor, dim: int) -> return_types.cummin:
    """Return the (values, indices) of the smallest element so far along ``dim``."""
    return _running_extreme("cummin", False, return_types.cummin, input, dim)


def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """Return ``log(cumsum(exp(input)))`` along ``dim`` of a floating tensor, without overflow.

    >>> import minigrad
    >>> minigrad.tensor([0.0, 0.0]).logcumsumexp(0)
    tensor([0.0000, 0.6931])
    """
    x = tensor_operand(input, "logcumsumexp")
    dim = _checked_dim("logcumsumexp", x, dim)
    if not x.dtype.is_floating_point:
        raise NotImplementedError(f"logcumsumexp is defined for floats, but got {x.dtype}")
    if x.dim() == 0:
        return x.clone()

    def from_the_end(y):
        return flip(logcumsumexp(flip(y, dim), dim), dim)

    def gradient(g, x, y):
        # The sum over what is at or after an element, of g exp(x - y): by logarithms, of the
        # positive and the negative g apart.
        y = y.masked_fill(y == -math.inf, 0.0)  # nothing but x = -inf contributes there
        positive = log(where(lt(g, 0), 0.0, g))
        negative = log(where(lt(g, 0), -g, 0.0))
        return exp(from_the_end(positive - y) + x) - exp(from_the_end(negative - y) + x)

    with np.errstate(all="ignore"):
        out = np.logaddexp.accumulate(x.numpy(force=True), dim, np.float64)
    out = out.astype(x.dtype.numpy, copy=False)
    return recorded(out, "LogcumsumexpBackward0", (x,), (gradient,), (x,), True)


# ---------------------------------------------------------------- differences


def _but(shape, dim):
    return [*shape[:dim], *shape[dim + 1 :]]


def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Tensor:
    """Return the ``n``-th differences between neighbours along ``dim``; of bools, whether they
    differ.  ``prepend`` and ``append`` are tensors put before and behind the input first.

    >>> import minigrad
    >>> minigrad.diff(minigrad.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    x = tensor_operand(input, "diff")
    if x.dim() == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    dim = _checked_dim("diff", x, dim)
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    if n == 0:
        return x.clone()
    parts = [part for part in (prepend, x, append) if part is not None]
    for part in parts:
        if part.dim() != x.dim():
            raise RuntimeError(
                "diff expects prepend or append to be the same dimension as input: got "
                f"{list(part.shape)} and {list(x.shape)}"
            )
        if _but(part.shape, dim) != _but(x.shape, dim):
            raise RuntimeError(
                "diff expects the shape of tensor to prepend or append to match that of input: "
                f"got {list(part.shape)} and {list(x.shape)}"
            )
    x = cat(parts, dim) if len(parts) > 1 else x
    for _ in range(min(n, x.shape[dim])):  # after which nothing is left
        length = max(x.shape[dim] - 1, 0)
        after, before = x.narrow(dim, x.shape[dim] - length, length), x.narrow(dim, 0, length)
        x = logical_xor(after, before) if x.dtype is bool_ else after - before
    return x


# ---------------------------------------------------------------- integrals by the trapezoid rule


def _strips(name, y, x, dx, dim):
    """Return twice the area between each pair of neighbours along ``dim``, and ``dim``."""
    y = tensor_operand(y, name, "y")
    if y.dim() == 0:
        raise IndexError(f"{name}(): y must have at least one dimension")
    dim = _checked_dim(name, y, dim)
    if y.dtype is bool_ or (x is not None and x.dtype is bool_):
        raise RuntimeError(
            f"{name}: received a bool input for `x` or `y`, but bool is not supported"
        )
    length = max(y.shape[dim] - 1, 0)
    heights = y.narrow(dim, 0, length) + y.narrow(dim, y.shape[dim] - length, length)
    if x is None:
        if isinstance(dx, Tensor):
            raise RuntimeError(f"{name}: Currently, we only support dx as a real number.")
        return heights * dx, dim
    if x.dim() == 0:
        raise IndexError(f"{name}(): x must have at least one dimension")
    if x.dim() == 1:
        if x.shape[0] != y.shape[dim]:
            raise RuntimeError(
                f"{name}: There must be one `x` value for each sample point: got {x.shape[0]} and "
                f"{y.shape[dim]}"
            )
        x = x.reshape(-1, *[1] * (y.dim() - 1 - dim))
        return heights * diff(x, dim=0), dim
    x = x.reshape(*[1] * (y.dim() - x.dim()), *x.shape)
    return heights * diff(x, dim=dim), dim


def trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1
) -> Tensor:
    """Return the integral of ``y`` along ``dim`` by the trapezoid rule, at the places ``x`` or at
    equal distances ``dx`` (1).

    >>> import minigrad
    >>> minigrad.trapezoid(minigrad.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    strips, dim = _strips("trapezoid", y, x, 1 if dx is None else dx, dim)
    return strips.sum(dim) / 2.0


trapz = trapezoid


def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1
) -> Tensor:
    """Return the running integral of ``y`` along ``dim``, one element fewer; as ``trapezoid``."""
    strips, dim = _strips("cumulative_trapezoid", y, x, 1 if dx is None else dx, dim)
    return cumsum(strips, dim) / 2.0


# ---------------------------------------------------------------- slopes


def _slope(x, dim, places, order):
    """Return the slope of ``x`` along ``dim`` by central differences, one-sided at the ends.

    ``places`` is a 1-d tensor of where the elements are, or the distance between neighbours.
    """
    size = x.shape[dim]
    if size < order + 1:
        raise RuntimeError(
            "torch.gradient expected each dimension size to be at least edge_order+1, but got "
            f"size {size}"
        )
    at = places if isinstance(places, Tensor) else arange(size).to(x.dtype) * places
    step = diff(at).reshape(-1, *[1] * (x.dim() - 1 - dim))
    rise = diff(x, dim=dim) / step
    before, after = step[:-1], step[1:]
    low, high = rise.narrow(dim, 0, size - 2), rise.narrow(dim, 1, size - 2)
    if isinstance(places, Tensor):
        inner = (low * after + high * before) / (before + after)
    else:  # the element itself does not count: it may be NaN
        inner = (x.narrow(dim, 2, size - 2) - x.narrow(dim, 0, size - 2)) / (2 * places)
    first, last = rise.narrow(dim, 0, 1), rise.narrow(dim, size - 2, 1)
    if order == 2:  # the parabola through three points
        first = first + (first - rise.narrow(dim, 1, 1)) * (step[:1] / (step[:1] + step[1:2]))
        last = last + (last - rise.narrow(dim, size - 3, 1)) * (
            step[-1:] / (step[-1:] + step[-2:-1])
        )
    return cat((first, inner, last), dim)


def gradient(
    input: Tensor, *, spacing: Any = None, dim: Ints | None = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """Return the slopes along each dimension (or those in ``dim``), by central differences.

    ``spacing`` is the distance between neighbours (1), one for each dimension, or for each a 1-d
    tensor of the places; ``edge_order`` 1 or 2 is that of the one-sided differences at the ends.

    >>> import minigrad
    >>> minigrad.gradient(minigrad.tensor([1.0, 4.0, 9.0, 16.0]))
    (tensor([3., 4., 6., 7.]),)
    """
    x = tensor_operand(input, "gradient")
    if edge_order not in (1, 2):
        raise RuntimeError(
            f"torch.gradient only supports edge_order=1 and edge_order=2, but got {edge_order}"
        )
    if x.dtype in (bool_, uint8):
        raise RuntimeError(f"torch.gradient does not support {x.dtype} input.")
    if not x.dtype.is_floating_point:
        x = x.to(float32)
    dims = range(x.dim()) if dim is None else dim if isinstance(dim, (tuple, list)) else [dim]
    dims = [_checked_dim("gradient", x, d) for d in dims]
    if len(set(dims)) < len(dims):
        raise RuntimeError(f"gradient(): a dim appears multiple times in the list of dims {dims}")
    spacing = 1 if spacing is None else spacing
    places = spacing if isinstance(spacing, (tuple, list)) else [spacing] * len(dims)
    if len(places) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"{len(dims)}, but got a list of length {len(places)}"
        )
    return tuple(_slope(x, d, p, edge_order) for d, p in zip(dims, places, strict=True))
