"""Draws from distributions beyond the uniform and the normal: torch's numbers for torch's seed.

Each sample of the in-place functions is one function of one float64 draw; ``poisson`` and
``binomial`` take as many draws as their methods need.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad.ops.creation import empty_like
from minigrad.ops.generator import Generator, dealt_out, pick
from minigrad.ops.inplace import copy_, overwrite
from minigrad.ops.random import _float_dtype
from minigrad.ops.recorded import constant, underivable
from minigrad.tensor import Tensor, over_array


def _fill(label, input, values):
    """Write float64 draws into a tensor, in the order of its memory."""
    if input.dtype.name == "float16":
        values = values.astype(np.float32)  # rounded twice, as in torch
    with np.errstate(over="ignore"):
        values = values.astype(input.dtype.numpy)
    return overwrite(input, over_array(dealt_out(values, input)), label)


def _uniform(input, generator):
    return pick(generator)._uniform(input.numel(), np.float64)


def exponential_(
    input: Tensor, lambd: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers from the exponential distribution of rate ``lambd``, in place."""
    _float_dtype(input.dtype, "exponential_")
    if not lambd > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    return _fill("ExponentialBackward0", input, -np.log1p(-_uniform(input, generator)) / lambd)


def cauchy_(
    input: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers from the Cauchy distribution, in place.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.empty(3).cauchy_()
    tensor([10.5977,  0.7648, -0.1283])
    """
    _float_dtype(input.dtype, "cauchy_")
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    eps = np.finfo(np.float64).eps
    u = np.clip(_uniform(input, generator), eps, 1 - eps)
    return _fill("CauchyBackward0", input, median + sigma * np.tan(np.pi * (u - 0.5)))


def log_normal_(
    input: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers whose logarithm is normal with ``mean`` and ``std``, in place.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.empty(3).log_normal_(0.0, 1.0)
    tensor([4.6692, 0.7457, 0.1132])
    """
    _float_dtype(input.dtype, "log_normal_")
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    normal = pick(generator)._normal(input.numel(), np.float64, mean, std, one_by_one=True)
    return _fill("LogNormalBackward0", input, np.exp(normal))


def geometric_(input: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with the number of trials up to the first success of probability ``p``, in place.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.empty(4).geometric_(0.5)
    tensor([1., 1., 2., 1.])
    """
    if input.dtype.name == "bool":
        raise NotImplementedError('"geometric_" not implemented for bool')
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    with np.errstate(divide="ignore"):
        trials = np.ceil(np.log(_uniform(input, generator)) / math.log1p(-p))
    return _fill("GeometricBackward0", input, trials)


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Return a number from the Poisson distribution of each rate in ``input``.

    Rates from 10 by W. Hoermann's transformed rejection (1993), smaller ones by products of
    uniforms (Knuth), as torch.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.poisson(minigrad.tensor([0.0, 3.0, 30.0]))
    tensor([ 0.,  6., 27.])
    """
    _float_dtype(input.dtype, "poisson")
    rates = np.ascontiguousarray(input.detach().numpy()).reshape(-1).tolist()
    if not all(rate >= 0 for rate in rates):
        raise RuntimeError("poisson expects rates >= 0, but found a negative one or NaN")
    source = pick(generator)

    def uniform():
        return source._uniform(1, np.float64).item()

    values = [_poisson(rate, uniform) for rate in rates]
    drawn = np.array(values, input.dtype.numpy).reshape(tuple(input.shape))
    like = copy_(empty_like(input.detach()), over_array(drawn))
    return constant(like.numpy(), "PoissonBackward0", (input,))


def _poisson(rate, uniform):
    if rate == 0:
        return 0
    return _poisson_of_many(rate, uniform) if rate >= 10 else _poisson_of_few(rate, uniform)


def _poisson_of_few(rate, uniform):
    count, product, limit = 0, uniform(), math.exp(-rate)
    while product > limit:
        count += 1
        product *= uniform()
    return count


def _poisson_of_many(rate, uniform):
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    quick = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = uniform() - 0.5, uniform()
        us = 0.5 - abs(u)
        count = math.floor((2 * a / us + b) * u + rate + 0.43) if us else -1
        if us >= 0.07 and v <= quick:
            return count
        if count < 0 or (us < 0.013 and v > us):
            continue
        density = -rate + count * math.log(rate) - math.lgamma(count + 1)
        if math.log(v * inverse_alpha / (a / (us * us) + b)) <= density:
            return count


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """Return a number from the binomial distribution for each count of trials and probability.

    Where 10 successes or more are expected by W. Hoermann's transformed rejection (1993), else by
    the waiting times between successes, as torch.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.binomial(minigrad.tensor([0.0, 8.0, 100.0]), minigrad.tensor([0.5, 0.5, 0.5]))
    tensor([ 0.,  6., 48.])
    """
    _float_dtype(count.dtype, "binomial")
    if prob.dtype != count.dtype:
        raise RuntimeError(
            f"Found dtype {prob.dtype} but expected {count.dtype}: count and prob have one dtype"
        )
    counts, probs = np.broadcast_arrays(count.detach().numpy(), prob.detach().numpy())
    if not (counts >= 0).all():
        raise RuntimeError("binomial expects counts >= 0, but found a negative one or NaN")
    source = pick(generator)

    def uniform():
        return source._uniform(1, np.float64).item()

    pairs = zip(counts.reshape(-1).tolist(), probs.reshape(-1).tolist(), strict=True)
    values = [_binomial(n, p, uniform) for n, p in pairs]
    drawn = np.array(values, count.dtype.numpy).reshape(counts.shape)
    return underivable(drawn, "binomial", (count, prob))


def _binomial(n, p, uniform):
    if n <= 0 or p <= 0:
        return 0
    if p >= 1:
        return n
    if p > 0.5:
        return n - _binomial(n, 1 - p, uniform)
    if math.isnan(p):
        return p
    return _binomial_of_many(n, p, uniform) if n * p >= 10 else _binomial_of_few(n, p, uniform)


def _binomial_of_few(n, p, uniform):
    count, trials, log_fail = 0, 0, math.log1p(-p)
    while True:
        u = uniform()
        trials += math.ceil(math.log(u) / log_fail) if u else math.inf
        if trials > n:
            return count
        count += 1


def _binomial_of_many(n, p, uniform):
    spread = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    odds = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * spread
    quick = 0.92 - 4.2 / b
    mode = math.floor((n + 1) * p)
    while True:
        u, v = uniform() - 0.5, uniform()
        us = 0.5 - abs(u)
        count = math.floor((2 * a / us + b) * u + n * p + 0.5) if us else -1
        if us >= 0.07 and v <= quick:
            return count
        if not 0 <= count <= n:
            continue
        density = (
            math.lgamma(mode + 1) + math.lgamma(n - mode + 1)
            - math.lgamma(count + 1) - math.lgamma(n - count + 1)
            + (count - mode) * math.log(odds)
        )  # fmt: skip
        if math.log(v * alpha / (a / (us * us) + b)) <= density:
            return count
