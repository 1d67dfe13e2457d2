"""Random tensors, as torch's CPU generator draws them: the same seed, the same numbers."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.attributes import layout, memory_format
from minigrad.dtypes import as_dtype_, dtype, get_default_dtype
from minigrad.ops.common import sizes as _sizes
from minigrad.ops.creation import empty, empty_like, on_cpu, tensor
from minigrad.ops.generator import Generator, dealt_out, pick
from minigrad.ops.inplace import overwrite
from minigrad.ops.recorded import constant, underivable
from minigrad.tensor import Tensor, over_array
from minigrad.types import Device, Ints


def _new(values, shape, dtype, requires_grad):
    dtype = get_default_dtype() if dtype is None else as_dtype_(dtype)
    out = over_array(np.asarray(values).reshape(shape).astype(dtype.numpy, copy=False))
    return out.requires_grad_() if requires_grad else out


def _float_dtype(dtype, name):
    dtype = get_default_dtype() if dtype is None else as_dtype_(dtype)
    if not dtype.is_floating_point:
        raise NotImplementedError(
            f'"{name}" not implemented for {dtype}; expected a floating dtype'
        )
    return dtype


def rand(
    *sizes: Ints,
    size: Ints | None = None,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return numbers uniform in [0, 1).

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.rand(2)
    tensor([0.4963, 0.7682])
    """
    on_cpu(device, layout, pin_memory)
    shape, dtype = _sizes(sizes if size is None else (size,)), _float_dtype(dtype, "rand")
    values = pick(generator)._uniform(math.prod(shape), dtype.numpy)
    return _new(values, shape, dtype, requires_grad)


def randn(
    *sizes: Ints,
    size: Ints | None = None,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return numbers from the standard normal distribution.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.randn(2, 2).shape
    minigrad.Size([2, 2])
    """
    on_cpu(device, layout, pin_memory)
    shape, dtype = _sizes(sizes if size is None else (size,)), _float_dtype(dtype, "randn")
    values = pick(generator)._normal(math.prod(shape), dtype.numpy)
    return _new(values, shape, dtype, requires_grad)


def _int64(bound):
    if isinstance(bound, bool) or not hasattr(bound, "__index__"):
        raise TypeError(f"randint() takes bounds that are ints, but got {bound!r}")
    value = operator.index(bound)
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"randint(): the bound {value} does not fit into 64 bits")
    return value


def _check_range(name, low, high, dtype):
    """Raise RuntimeError if an integer dtype does not hold all that may be drawn."""
    kind = np.dtype(np.int64) if dtype is None else as_dtype_(dtype).numpy
    if kind.kind == "f":
        return
    least, most = (0, 1) if kind.kind == "b" else (np.iinfo(kind).min, np.iinfo(kind).max)
    if low < least or high > most:
        raise RuntimeError(f"{name}: numbers from {low} to {high} are out of bounds for {kind}")


def randint(
    low: int = 0,
    high: int | Sequence[int] | None = None,
    size: Sequence[int] | None = None,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return integers uniform in [low, high): ``randint(high, size)`` or ``randint(low, high,
    size)``; int64 unless a dtype is given.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.randint(6, (3,))
    tensor([2, 3, 5])
    """
    on_cpu(device, layout, pin_memory)
    start: Any
    end: Any
    start, end, sizes = (0, low, high) if size is None else (low, high, size)
    if end is None:
        start, end = 0, low
    if sizes is None:
        raise TypeError("randint() missing the argument 'size'")
    start, end = _int64(start), _int64(end)
    if start >= end:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={start} >= to={end}"
        )
    _check_range("randint", start, end - 1, dtype)
    shape = _sizes((sizes,))
    values = pick(generator)._integers(start, end, math.prod(shape))
    return _new(values, shape, "int64" if dtype is None else dtype, requires_grad)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the integers from 0 to n - 1 in random order; int64 unless a dtype is given.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.randperm(5)
    tensor([4, 0, 1, 3, 2])
    """
    on_cpu(device, layout, pin_memory)
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    _check_range("randperm", 0, n - 1, dtype)
    values = pick(generator)._permutation(n)
    return _new(values, (n,), "int64" if dtype is None else dtype, requires_grad)


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:
    """Return ``rand`` of the input's shape and dtype.

    >>> import minigrad
    >>> minigrad.rand_like(minigrad.ones(2, 3)).shape
    minigrad.Size([2, 3])
    """
    on_cpu(device, layout, pin_memory)
    out = empty_like(input, dtype=dtype, memory_format=memory_format)
    return uniform_(out, generator=generator).requires_grad_(requires_grad)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:
    """Return ``randn`` of the input's shape and dtype.

    >>> import minigrad
    >>> minigrad.randn_like(minigrad.ones(2, 3)).shape
    minigrad.Size([2, 3])
    """
    on_cpu(device, layout, pin_memory)
    out = empty_like(input, dtype=dtype, memory_format=memory_format)
    return normal_(out, generator=generator).requires_grad_(requires_grad)


def randint_like(
    input: Tensor,
    low: int = 0,
    high: int | None = None,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:
    """Return ``randint`` of the input's shape and dtype.

    >>> import minigrad
    >>> minigrad.randint_like(minigrad.ones(2, 3), 5).dtype
    minigrad.float32
    """
    on_cpu(device, layout, pin_memory)
    low, high = (0, low) if high is None else (low, high)
    out = empty_like(input, dtype=dtype, memory_format=memory_format)
    random_(out, low, high, generator=generator)
    return out.requires_grad_(requires_grad)


def normal(
    mean: Tensor | float = 0.0,
    std: Tensor | float = 1.0,
    size: Sequence[int] | None = None,
    *,
    generator: Generator | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return normal numbers of the given mean and standard deviation (numbers or tensors).

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.normal(10.0, 1.0, (2,))
    tensor([11.5410,  9.7066])
    """
    on_cpu(device, layout, pin_memory)
    for limit in (std if isinstance(std, Tensor) else tensor(float(std))).reshape(-1).tolist():
        if limit < 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {limit}")
    if size is None:
        like = mean if isinstance(mean, Tensor) else std
        if not isinstance(like, Tensor):
            raise TypeError("normal() needs a size, or a tensor as mean or std")
        both: Any = mean + std
        size = both.shape
        dtype = like.dtype if dtype is None else dtype
    draws = randn(*size, generator=generator, dtype=dtype)
    given = tuple(x for x in (mean, std) if isinstance(x, Tensor))
    label = f"NormalBackward{isinstance(mean, Tensor) + 2 * isinstance(std, Tensor)}"
    drawn: Any = draws * std + mean
    out = constant(drawn.numpy(force=True), label, given)
    return out.requires_grad_() if requires_grad else out


def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None
) -> Tensor:
    """Return 1 with the probability that the input (or ``p``) gives, else 0."""
    if p is None:
        _float_dtype(input.dtype, "bernoulli")
    chance = input.detach() if p is None else p
    drawn = bernoulli_(empty(input.shape, dtype=input.dtype), chance, generator=generator).numpy()
    if p is None:
        return constant(drawn, "BernoulliBackward0", (input,))
    return underivable(drawn, "bernoulli", (input,))


def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Return ``num_samples`` indices a row, drawn with the probabilities in ``input``."""
    _float_dtype(input.dtype, "multinomial")
    if not 1 <= input.dim() <= 2:
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, but got shape {list(input.shape)}")
    if num_samples < 1:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples, but got {num_samples}")
    weights = np.atleast_2d(input.detach().numpy())
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (weights.sum(1) <= 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if not replacement and num_samples > weights.shape[1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    source = pick(generator)
    if not replacement or num_samples == 1:
        # The smallest of exponential draws over the weights: torch's way
        u = dealt_out(source._uniform(weights.size, np.float64), input).reshape(weights.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            keys = weights / (-np.log1p(-u)).astype(weights.dtype)
        picks = np.argsort(-keys, axis=1, kind="stable")[:, :num_samples]
    else:
        wide = np.float32 if weights.dtype == np.float16 else weights.dtype
        cumulative = np.cumsum(weights, axis=1, dtype=wide)
        cumulative /= cumulative[:, -1:]
        u = source._uniform(weights.shape[0] * num_samples, np.float64)
        u = u.reshape(weights.shape[0], num_samples)
        picks = np.empty(u.shape, np.int64)
        for found, c, row in zip(picks, cumulative, u, strict=True):
            found[:] = np.searchsorted(c, row)
        picks = np.minimum(picks, weights.shape[1] - 1)
    return _new(picks, (num_samples,) if input.dim() == 1 else picks.shape, "int64", False)


# ---------------------------------------------------------------- filling a tensor in place


def uniform_(
    input: Tensor,
    from_: float = 0.0,
    to: float = 1.0,
    *,
    generator: Generator | None = None,
    **bounds: Any,
) -> Tensor:
    """Fill with numbers uniform in [from, to), in place, and return the tensor."""
    low = bounds.pop("from", from_)
    if bounds:
        raise TypeError(f"uniform_() got an unexpected argument {next(iter(bounds))!r}")
    if not low <= to:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={to}"
        )
    dtype = _float_dtype(input.dtype, "uniform_").numpy
    values = pick(generator)._uniform(input.numel(), dtype, low, to)
    return overwrite(input, over_array(dealt_out(values, input)), "UniformBackward0")


def normal_(
    input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with normal numbers, in place, and return the tensor."""
    if not std >= 0:
        raise RuntimeError(f"normal_ expects std >= 0.0, but found std {std}")
    dtype = _float_dtype(input.dtype, "normal_").numpy
    values = pick(generator)._normal(
        input.numel(), dtype, mean, std, one_by_one=not input.is_contiguous()
    )
    return overwrite(input, over_array(dealt_out(values, input)), "NormalBackward0")


def bernoulli_(
    input: Tensor, p: Tensor | float = 0.5, *, generator: Generator | None = None
) -> Tensor:
    """Fill with 1 with probability ``p``, else 0, in place, and return the tensor."""
    if isinstance(p, Tensor):
        chance = p.detach().expand_as(input).numpy()
        if not ((chance >= 0) & (chance <= 1)).all():
            raise RuntimeError("bernoulli expects every p to be in [0, 1]")
        kind = np.float64 if chance.dtype == np.float64 else np.float32
        u = pick(generator)._uniform(input.numel(), kind)
        drawn = np.asarray(dealt_out(u, input) < chance).astype(input.dtype.numpy)
        return overwrite(input, constant(drawn, "BernoulliBackward1", (p,)), "BernoulliBackward1")
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    values = pick(generator)._bernoulli(input.numel(), p, input.dtype.numpy)
    return overwrite(input, over_array(dealt_out(values, input)), "BernoulliBackward2")


def random_(
    input: Tensor,
    from_: int | None = None,
    to: int | None = None,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with integers uniform in [from, to), in place, and return the tensor.

    ``random_(to)`` starts at 0; without bounds: all non-negative integers that the dtype can hold
    without rounding.
    """
    if from_ is None:
        values = pick(generator)._any_integers(input.numel(), input.dtype.numpy)
    else:
        low, high = (0, from_) if to is None else (from_, to)
        values = randint(low, high, (input.numel(),), generator=generator).numpy()
    drawn = over_array(dealt_out(values.astype(input.dtype.numpy), input))
    labels = "RandomBackward0", "RandomBackward1", "RandomBackward2"
    return overwrite(input, drawn, labels[(from_ is None) + (to is None)])
