"""Random numbers: torch's CPU generator, draw for draw.

torch draws from a Mersenne twister (mt19937) seeded as NumPy's legacy seeding does.  From the raw
32-bit draws it makes, and so do we:

* uniform float32: the low 24 bits times 2**-24; float64: 53 bits of two draws times 2**-53
* normal, 16 or more: Box-Muller on blocks of 16 uniforms, cosines first; fewer: one pair of
  float64 uniforms a sample pair, the second kept for the next call
* integers below n: the draw modulo n (two draws joined where n needs more than 32 bits)
* permutations: item i changes places with item i + draw % (n - i)
* bernoulli, and so dropout: a float64 uniform below p

so that the same seed gives the same weights, shuffles and dropout as torch.  The draws, and what
is made of many of them, are in kernels/random.pyx.
"""

import math
import operator
import os
from typing import Self

import numpy as np

from minigrad.attributes import device as _device
from minigrad.dtypes import as_dtype_, get_default_dtype
from minigrad.kernels.random import (
    draw_bernoulli,
    draw_integers,
    draw_normal,
    draw_uniform,
    seed_twister,
    shuffle,
)
from minigrad.ops.common import sizes as _sizes
from minigrad.ops.creation import empty, empty_like, tensor
from minigrad.ops.inplace import copy_
from minigrad.tensor import Tensor, over_array


class Generator:
    """A stream of random numbers with a seed of its own.

    >>> import minigrad
    >>> g = minigrad.Generator().manual_seed(0)
    >>> minigrad.rand(2, generator=g)
    tensor([0.4963, 0.7682])
    """

    def __init__(self, device="cpu") -> None:
        self.device = _device(device)
        self._twister = np.empty(625, np.uint32)  # its words, and how many are used up
        self.manual_seed(67280421310721)  # torch's default seed

    def manual_seed(self, seed) -> Self:
        """Start the stream that belongs to ``seed``, an int, and return this generator."""
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise TypeError(f"manual_seed expects an int, but got {type(seed).__name__}")
        seed = seed.__index__()
        if not -(2**63) <= seed < 2**64:
            raise RuntimeError("Overflow when unpacking long long: the seed does not fit 64 bits")
        self._seed = seed % 2**64
        seed_twister(self._twister, self._seed % 2**32)
        self._next_normal = None
        return self

    def seed(self) -> int:
        """Seed from the operating system; return the seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """Return the seed that started the stream."""
        return self._seed

    def get_state(self) -> Tensor:
        """Return the state of the stream as a uint8 tensor, for ``set_state``."""
        words = np.empty(628, np.uint64)
        words[:625] = self._twister
        words[625] = self._seed
        words[626] = self._next_normal is not None
        words[627] = np.float64(self._next_normal or 0.0).view(np.uint64)
        return tensor(words.view(np.uint8))

    def set_state(self, new_state) -> None:
        """Continue a stream from a state that ``get_state`` returned."""
        data = new_state.numpy() if isinstance(new_state, Tensor) else np.asarray(new_state)
        if data.dtype != np.uint8 or data.size != 628 * 8:
            raise RuntimeError(
                f"RNG state is wrong size or type: expected {628 * 8} uint8 elements, but got "
                f"{data.size} of {data.dtype}"
            )
        words = np.ascontiguousarray(data).view(np.uint64)
        if words[624] > 624 or (words[:624] >> np.uint64(32)).any():
            raise RuntimeError("RNG state is not one that get_state() returned")
        self._twister[:] = words[:625]
        self._seed = int(words[625])
        self._next_normal = words[627:].view(np.float64)[0].item() if words[626] else None

    def clone_state(self):
        """Return a new generator that continues as this one would."""
        other = Generator()
        other.set_state(self.get_state())
        return other

    # -------- draws, as NumPy arrays of n

    def _uniform(self, n, dtype, low=0.0, high=1.0):
        out = np.empty(n, np.float64 if dtype == np.float64 else np.float32)
        draw_uniform(out, self._twister, low, high)
        if dtype == np.float16:
            high = out.dtype.type(high)
            out = out.astype(dtype)
            out[out == high] = low  # which rounding has made of some: torch does the same
        return out

    def _bernoulli(self, n, p, dtype, yes=1.0):
        """Return ``yes`` with probability ``p``, else 0."""
        out = np.empty(n, dtype if dtype == np.float32 else np.float64)
        draw_bernoulli(out, self._twister, p, yes)
        return out.astype(dtype, copy=False)

    def _normal(self, n, dtype, mean=0.0, std=1.0, one_by_one=False):
        if n < 16 or one_by_one:
            values = np.array([self._one_normal() for _ in range(n)], np.float64)
            return (values * float(std) + float(mean)).astype(dtype)
        out = np.empty(n, np.float64 if dtype == np.float64 else np.float32)
        if n % 16 and dtype == np.float16:  # torch draws nothing for the rest, then 16 anew
            draw_normal(out[: n - n % 16], self._twister, mean, std)
            draw_normal(out[n - 16 :], self._twister, mean, std)
        else:
            draw_normal(out, self._twister, mean, std)
        return out.astype(dtype, copy=False)

    def _one_normal(self):
        if self._next_normal is not None:
            value, self._next_normal = self._next_normal, None
            return value
        u1, u2 = self._uniform(2, np.float64).tolist()
        r, theta = math.sqrt(-2.0 * math.log1p(-u2)), 2.0 * math.pi * u1
        self._next_normal = r * math.sin(theta)
        return r * math.cos(theta)

    def _integers(self, low, high, n):
        out = np.empty(n, np.int64)
        span = high - low
        draw_integers(out, self._twister, low, span, span >= 2**28)
        return out

    def _any_integers(self, n, dtype):
        """Draw from all non-negative integers that ``dtype`` represents one by one."""
        if dtype.kind == "f":
            largest = 2 ** (np.finfo(dtype).nmant + 1)
        else:
            largest = 1 if dtype.kind == "b" else np.iinfo(dtype).max
        out = np.empty(n, np.int64)
        draw_integers(out, self._twister, 0, largest + 1, dtype.itemsize == 8)
        return out

    def _permutation(self, n):
        out = np.arange(n, dtype=np.int64)
        shuffle(out, self._twister)
        return out


default_generator = Generator()


def _pick(generator):
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"expected a minigrad.Generator, but got {type(generator).__name__}")
    return generator


def manual_seed(seed) -> Generator:
    """Seed the default generator, from which every random op draws; return it.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.randn(2)
    tensor([ 1.5410, -0.2934])
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator from the operating system; return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Return the state of the default generator as a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state) -> None:
    """Continue the default generator from a state that ``get_rng_state`` returned."""
    default_generator.set_state(new_state)


def _new(values, shape, dtype, device, requires_grad):
    if device is not None:
        _device(device)
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


def rand(*size, generator=None, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Return numbers uniform in [0, 1).

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.rand(2)
    tensor([0.4963, 0.7682])
    """
    shape, dtype = _sizes(size), _float_dtype(dtype, "rand")
    values = _pick(generator)._uniform(math.prod(shape), dtype.numpy)
    return _new(values, shape, dtype, device, requires_grad)


def randn(*size, generator=None, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Return numbers from the standard normal distribution.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.randn(2, 2).shape
    minigrad.Size([2, 2])
    """
    shape, dtype = _sizes(size), _float_dtype(dtype, "randn")
    values = _pick(generator)._normal(math.prod(shape), dtype.numpy)
    return _new(values, shape, dtype, device, requires_grad)


def _int64(bound):
    if isinstance(bound, bool) or not hasattr(bound, "__index__"):
        raise TypeError(f"randint() takes bounds that are ints, but got {bound!r}")
    value = operator.index(bound)
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"randint(): the bound {value} does not fit into 64 bits")
    return value


def randint(
    low, high=None, size=None, *, generator=None, dtype=None, device=None, requires_grad=False
) -> Tensor:
    """Return integers uniform in [low, high): ``randint(high, size)`` or ``randint(low, high,
    size)``; int64 unless a dtype is given.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.randint(6, (3,))
    tensor([2, 3, 5])
    """
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if size is None:
        raise TypeError("randint() missing the argument 'size'")
    low, high = _int64(low), _int64(high)
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    shape = _sizes((size,))
    values = _pick(generator)._integers(low, high, math.prod(shape))
    return _new(values, shape, "int64" if dtype is None else dtype, device, requires_grad)


def randperm(n, *, generator=None, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Return the integers from 0 to n - 1 in random order; int64 unless a dtype is given.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.randperm(5)
    tensor([4, 0, 1, 3, 2])
    """
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    values = _pick(generator)._permutation(n)
    return _new(values, (n,), "int64" if dtype is None else dtype, device, requires_grad)


def rand_like(
    input, *, dtype=None, device=None, requires_grad=False, generator=None, memory_format=None
) -> Tensor:
    """Return ``rand`` of the input's shape and dtype.

    >>> import minigrad
    >>> minigrad.rand_like(minigrad.ones(2, 3)).shape
    minigrad.Size([2, 3])
    """
    out = empty_like(input, dtype=dtype, device=device, memory_format=memory_format)
    return uniform_(out, generator=generator).requires_grad_(requires_grad)


def randn_like(
    input, *, dtype=None, device=None, requires_grad=False, generator=None, memory_format=None
) -> Tensor:
    """Return ``randn`` of the input's shape and dtype.

    >>> import minigrad
    >>> minigrad.randn_like(minigrad.ones(2, 3)).shape
    minigrad.Size([2, 3])
    """
    out = empty_like(input, dtype=dtype, device=device, memory_format=memory_format)
    return normal_(out, generator=generator).requires_grad_(requires_grad)


def randint_like(
    input, low, high=None, *, dtype=None, device=None, requires_grad=False, memory_format=None
) -> Tensor:
    """Return ``randint`` of the input's shape and dtype.

    >>> import minigrad
    >>> minigrad.randint_like(minigrad.ones(2, 3), 5).dtype
    minigrad.float32
    """
    low, high = (0, low) if high is None else (low, high)
    out = empty_like(input, dtype=dtype, device=device, memory_format=memory_format)
    return random_(out, low, high).requires_grad_(requires_grad)


def normal(
    mean=0.0,
    std=1.0,
    size=None,
    *,
    generator=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    pin_memory=False,
) -> Tensor:
    """Return normal numbers of the given mean and standard deviation (numbers or tensors).

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.normal(10.0, 1.0, (2,))
    tensor([11.5410,  9.7066])
    """
    for limit in (std if isinstance(std, Tensor) else tensor(float(std))).reshape(-1).tolist():
        if limit < 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {limit}")
    if size is None:
        like = mean if isinstance(mean, Tensor) else std
        if not isinstance(like, Tensor):
            raise TypeError("normal() needs a size, or a tensor as mean or std")
        size = (mean + std).shape
        dtype = like.dtype if dtype is None else dtype
    draws = randn(*size, generator=generator, dtype=dtype, device=device)
    out = (draws * std + mean).detach() + _without_slope(mean) + _without_slope(std)
    return out.requires_grad_() if requires_grad else out


def bernoulli(input, p=None, *, generator=None) -> Tensor:
    """Return 1 with the probability that the input (or ``p``) gives, else 0."""
    if p is None:
        _float_dtype(input.dtype, "bernoulli")
    out = empty(input.shape, dtype=input.dtype)
    return bernoulli_(out, input if p is None else p, generator=generator) + _without_slope(input)


def _without_slope(x):
    """Return zero with a gradient of zero: what is drawn does not follow what it is drawn from."""
    if not isinstance(x, Tensor) or not x.requires_grad:
        return 0
    return x.masked_fill(over_array(np.ones(x.shape, np.bool_)), 0)


def multinomial(input, num_samples, replacement=False, *, generator=None) -> Tensor:
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
    source = _pick(generator)
    if not replacement or num_samples == 1:
        # The smallest of exponential draws over the weights: torch's way
        u = source._uniform(weights.size, np.float64).reshape(weights.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            keys = weights / (-np.log1p(-u)).astype(weights.dtype)
        picks = np.argsort(-keys, axis=1, kind="stable")[:, :num_samples]
    else:
        wide = np.float32 if weights.dtype == np.float16 else weights.dtype
        cumulative = np.cumsum(weights, axis=1, dtype=wide)
        cumulative /= cumulative[:, -1:]
        u = source._uniform(weights.shape[0] * num_samples, np.float64)
        u = u.reshape(weights.shape[0], num_samples)
        picks = np.stack([np.searchsorted(c, row) for c, row in zip(cumulative, u, strict=True)])
        picks = np.minimum(picks, weights.shape[1] - 1)
    return _new(picks, (num_samples,) if input.dim() == 1 else picks.shape, "int64", None, False)


# ---------------------------------------------------------------- filling a tensor in place


def _dealt_out(values, input):
    """Return draws in the shape of ``input``, in the order of its memory, as torch draws them."""
    if input.is_contiguous():
        return values.reshape(tuple(input.shape))
    order = sorted(range(input.dim()), key=lambda d: -input.stride(d))
    return values.reshape([input.shape[d] for d in order]).transpose(np.argsort(order))


def uniform_(input, from_=0.0, to=1.0, *, generator=None, **bounds) -> Tensor:
    """Fill with numbers uniform in [from, to), in place, and return the tensor."""
    low = bounds.pop("from", from_)
    if bounds:
        raise TypeError(f"uniform_() got an unexpected argument {next(iter(bounds))!r}")
    if low > to:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={to}"
        )
    dtype = _float_dtype(input.dtype, "uniform_").numpy
    values = _pick(generator)._uniform(input.numel(), dtype, low, to)
    return copy_(input, over_array(_dealt_out(values, input)))


def normal_(input, mean=0.0, std=1.0, *, generator=None) -> Tensor:
    """Fill with normal numbers, in place, and return the tensor."""
    if std < 0:
        raise RuntimeError(f"normal_ expects std >= 0.0, but found std {std}")
    dtype = _float_dtype(input.dtype, "normal_").numpy
    values = _pick(generator)._normal(
        input.numel(), dtype, mean, std, one_by_one=not input.is_contiguous()
    )
    return copy_(input, over_array(_dealt_out(values, input)))


def bernoulli_(input, p=0.5, *, generator=None) -> Tensor:
    """Fill with 1 with probability ``p``, else 0, in place, and return the tensor."""
    if isinstance(p, Tensor):
        chance = p.detach().expand_as(input).numpy()
        if not ((chance >= 0) & (chance <= 1)).all():
            raise RuntimeError("bernoulli expects every p to be in [0, 1]")
        kind = np.float64 if chance.dtype == np.float64 else np.float32
        u = _pick(generator)._uniform(input.numel(), kind)
        drawn = np.asarray(_dealt_out(u, input) < chance).astype(input.dtype.numpy)
    else:
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
        values = _pick(generator)._bernoulli(input.numel(), p, input.dtype.numpy)
        drawn = _dealt_out(values, input)
    return copy_(input, over_array(drawn))


def random_(input, from_=None, to=None, *, generator=None) -> Tensor:
    """Fill with integers uniform in [from, to), in place, and return the tensor.

    ``random_(to)`` starts at 0; without bounds: all non-negative integers that the dtype can hold
    without rounding.
    """
    if from_ is None:
        values = _pick(generator)._any_integers(input.numel(), input.dtype.numpy)
    else:
        low, high = (0, from_) if to is None else (from_, to)
        values = randint(low, high, (input.numel(),), generator=generator).numpy()
    return copy_(input, over_array(_dealt_out(values.astype(input.dtype.numpy), input)))
