"""Sums past NaN, both extremes, distances and covariances."""

from __future__ import annotations

import math
import warnings
from typing import Any

from minigrad import return_types
from minigrad.dtypes import bool_, dtype, float16
from minigrad.ops.elementwise import clamp_min, where
from minigrad.ops.linalg import matmul
from minigrad.ops.math import isnan, sqrt
from minigrad.ops.recorded import labelled, operands, recorded, tensor_operand
from minigrad.ops.reduce import amax, amin, norm
from minigrad.ops.reduce import sum as sum_
from minigrad.tensor import Tensor

# ---------------------------------------------------------------- reductions


def nansum(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """Return the sum over ``dim`` with NaN as 0.

    >>> import minigrad
    >>> minigrad.nansum(minigrad.tensor([1.0, minigrad.nan, 2.0]))
    tensor(3.)
    """
    x = tensor_operand(input, "nansum")
    known = x.masked_fill(isnan(x), 0.0) if x.dtype.is_floating_point else x
    return labelled(sum_(known, dim, keepdim, dtype=dtype), "NansumBackward0")


def nanmean(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """Return the mean over ``dim`` of what is not NaN, of a floating tensor."""
    x = tensor_operand(input, "nanmean")
    if not x.dtype.is_floating_point:
        raise RuntimeError(
            f"nanmean(): expected input to have floating point dtype but got {x.dtype}"
        )
    return nansum(x, dim, keepdim, dtype=dtype) / sum_(~isnan(x), dim, keepdim)


def aminmax(
    input: Tensor, *, dim: int | None = None, keepdim: bool = False
) -> return_types.aminmax:
    """Return (min, max) of all elements or along ``dim``.

    >>> import minigrad
    >>> low, high = minigrad.aminmax(minigrad.tensor([3.0, 1.0, 2.0]))
    >>> low, high
    (tensor(1.), tensor(3.))
    """
    x = tensor_operand(input, "aminmax")
    if x.numel() == 0 and dim is None:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
            "identity."
        )
    if isinstance(dim, tuple | list):
        raise TypeError(f"aminmax(): argument 'dim' must be int, not {type(dim).__name__}")
    dims = () if dim is None else dim
    pair = amin(x, dims, keepdim), amax(x, dims, keepdim)
    return return_types.aminmax(*(labelled(y, "AminmaxBackward0") for y in pair))


# ---------------------------------------------------------------- distances


def dist(input: Tensor, other: Tensor | float, p: float = 2) -> Tensor:
    """Return the p-norm of ``input - other``.

    >>> import minigrad
    >>> minigrad.dist(minigrad.tensor([3.0, 4.0]), minigrad.zeros(2))
    tensor(5.)
    """
    way = tensor_operand(input, "dist") - tensor_operand(other, "dist", "other")
    # of float16 by way of float32, whose squares do not overflow
    wide = way.float() if way.dtype is float16 else way
    return labelled(norm(wide, p).to(way.dtype), "DistBackward0")


def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Return the input with each slice along ``dim`` scaled to the p-norm ``maxnorm`` if its own is
    above that.

    >>> import minigrad
    >>> minigrad.renorm(minigrad.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    x = tensor_operand(input, "renorm")
    if not p > 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if not maxnorm >= 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if x.dim() < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {x.dim()} dimensions")
    dim = dim % x.dim()
    norms = norm(x, p, [i for i in range(x.dim()) if i != dim], True)
    scale = where(norms > maxnorm, maxnorm / (norms + 1e-7), 1.0)
    return labelled(x * scale, "RenormBackward0")


def cdist(
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:
    """Return the p-norm distance between each row of ``x1`` and each of ``x2``.

    Shapes: (..., n, d) and (..., m, d) -> (..., n, m), for floating tensors.  Above 25 rows the
    Euclidean distance comes from a matrix product, as in torch, unless ``compute_mode`` says not.

    >>> import minigrad
    >>> minigrad.cdist(minigrad.tensor([[0.0, 0.0]]), minigrad.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    a, b = tensor_operand(x1, "cdist", "x1"), tensor_operand(x2, "cdist", "x2")
    for name, x in (("X1", a), ("X2", b)):
        if not x.dtype.is_floating_point:
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {x.dtype}")
        if x.dim() < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x.dim()}D")
    if a.shape[-1] != b.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {a.shape[-1]} X2: {b.shape[-1]}"
        )
    if not p >= 0:
        raise RuntimeError(f"cdist only supports non-negative p values, but got {p}")
    modes = {
        "use_mm_for_euclid_dist_if_necessary": max(a.shape[-2], b.shape[-2]) > 25,
        "use_mm_for_euclid_dist": True,
        "donot_use_mm_for_euclid_dist": False,
    }
    if compute_mode not in modes:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    a, b = operands(a, b)
    if p == 2 and modes[compute_mode]:
        return _euclidean(a, b)
    return labelled(norm(a.unsqueeze(-2) - b.unsqueeze(-3), p, -1), "CdistBackward0")


def _euclidean(a, b):
    """Return the distances of rows through |a|^2 - 2 a b + |b|^2, a matrix product."""
    squares = sum_(a * a, -1, True).detach() + sum_(b * b, -1, True).detach().transpose(-1, -2)
    out = sqrt(clamp_min(squares - 2.0 * matmul(a.detach(), b.detach().transpose(-1, -2)), 0.0))

    def toward(g, x, y, out):
        """Return the sum over the rows of y of g (x - y) / |x - y|."""
        share = g / out.masked_fill(out == 0, math.inf)
        return sum_(share, -1, True) * x - matmul(share, y)

    def by_a(g, a, b, out):
        return toward(g, a, b, out)

    def by_b(g, a, b, out):
        return toward(g.transpose(-1, -2), b, a, out.transpose(-1, -2))

    return recorded(out.numpy(), "CdistBackward0", (a, b), (by_a, by_b), (a, b), True)


# ---------------------------------------------------------------- covariance


def _weights(name, given, count, whole):
    """Return the weights of observations, checked."""
    if given.dim() > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {given.dim()}"
        )
    if given.dtype.is_floating_point == whole:
        kind = "integral" if whole else "floating point"
        raise RuntimeError(
            f"cov(): expected {name} to have {kind} dtype but got {name} with {given.dtype} dtype"
        )
    if given.numel() != count:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input "
            f"but got {given.numel()} != {count}"
        )
    if bool((given < 0).any()):
        raise RuntimeError(f"cov(): {name} cannot be negative")
    return given


def cov(
    input: Tensor,
    *,
    correction: int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    """Return the covariances of variables, the rows of (variables, observations) or one variable.

    ``fweights`` says how often each observation occurs (integers), ``aweights`` how much it counts.

    >>> import minigrad
    >>> minigrad.cov(minigrad.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    x = tensor_operand(input, "cov")
    if x.dim() > 2:
        raise RuntimeError(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{x.dim()} dimensions"
        )
    if x.dtype is bool_:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = x if x.dim() == 2 else x.reshape(1, -1)
    count, weights = x.shape[1], None
    total: Any = count
    divisor: Any
    if fweights is not None:
        weights = _weights("fweights", fweights, count, True)
    if aweights is not None:
        given = _weights("aweights", aweights, count, False)
        weights = given if weights is None else weights * given
    if weights is None:
        mean = sum_(x, 1, True) / count
        divisor = total - correction
    else:
        total = sum_(weights)
        if not total:
            raise RuntimeError("cov(): weights sum to zero, can't be normalized")
        mean = sum_(x * weights, 1, True) / total
        if aweights is None or correction == 0:
            divisor = total - correction
        else:
            divisor = total - correction * sum_(weights * aweights) / total
    centred = x - mean
    products = matmul(centred if weights is None else centred * weights, centred.transpose(0, 1))
    if divisor <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number "
            "of observations.",
            stacklevel=2,
        )
    divisor = clamp_min(divisor, 0) if isinstance(divisor, Tensor) else max(divisor, 0)
    return (products / divisor).squeeze()


def corrcoef(input: Tensor) -> Tensor:
    """Return the correlations of variables, the rows of (variables, observations).

    >>> import minigrad
    >>> minigrad.corrcoef(minigrad.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if tensor_operand(input, "corrcoef").dim() > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input.dim()} dimensions"
        )
    c = cov(input)
    if c.dim() == 0:
        return c / c
    deviation = sqrt(c.diagonal())
    c = c / deviation.unsqueeze(-1) / deviation.unsqueeze(0)
    return c.clamp(-1.0, 1.0)
