"""The source of random numbers: torch's CPU generator, draw for draw.

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

from __future__ import annotations

import os
from typing import Any, Self, SupportsInt

import numpy as np

from minigrad import attributes
from minigrad.attributes import check_cpu
from minigrad.attributes import device as device_type
from minigrad.kernels.random import (
    draw_bernoulli,
    draw_gamma,
    draw_integers,
    draw_normal,
    draw_normal_pairs,
    draw_uniform,
    seed_twister,
    shuffle,
)
from minigrad.ops.creation import tensor
from minigrad.tensor import Tensor
from minigrad.types import Device

SEEDED = 625  # in the place of how many words are used up: there are none yet to use

# What a state consists of, in torch's order.
STATE = np.dtype(
    {
        "names": "seed left seeded next words normal has_normal".split(),
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", 624), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": 5056,
    }
)


class Generator:
    """A stream of random numbers with a seed of its own.

    >>> import minigrad
    >>> g = minigrad.Generator().manual_seed(0)
    >>> minigrad.rand(2, generator=g)
    tensor([0.4963, 0.7682])
    """

    def __init__(self, device: Device = "cpu") -> None:
        check_cpu(device, RuntimeError)
        self.device = device_type(device)
        self._twister = np.empty(625, np.uint32)  # its words, and how many are used up
        self.manual_seed(67280421310721)  # torch's default seed

    def __repr__(self) -> str:
        return f"<{attributes.package}._C.Generator object at {id(self):#x}>"

    def manual_seed(self, seed: int) -> Self:
        """Start the stream that belongs to ``seed``, an int, and return this generator."""
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            raise TypeError(f"manual_seed expects an int, but got {type(seed).__name__}")
        seed = seed.__index__()
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long: the seed does not fit 64 bits")
        self._seed = seed % 2**64
        seed_twister(self._twister, self._seed % 2**32)
        self._twister[624] = SEEDED
        self._next_normal = np.full(1, np.nan)  # the second of a pair; NaN: there is none
        return self

    def seed(self) -> int:
        """Seed from the operating system; return the seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """Return the seed that started the stream."""
        return self._seed

    def get_state(self) -> Tensor:
        """Return the state of the stream as a uint8 tensor, byte for byte torch's."""
        state = np.zeros((), STATE)
        used = int(self._twister[624])
        state["seed"], state["seeded"], state["words"] = self._seed, True, self._twister[:624]
        state["left"], state["next"] = max(625 - used, 1), used % SEEDED
        if not np.isnan(self._next_normal):
            state["has_normal"], state["normal"] = True, self._next_normal[0]
        return tensor(np.frombuffer(state.tobytes(), np.uint8))

    def set_state(self, new_state: Tensor) -> None:
        """Continue a stream from a state that ``get_state`` returned, here or in torch."""
        data = new_state.numpy() if isinstance(new_state, Tensor) else np.asarray(new_state)
        if data.dtype != np.uint8:
            raise TypeError(f"RNG state must be a tensor of uint8, but got {data.dtype}")
        if data.size != STATE.itemsize:
            raise RuntimeError(
                f"RNG state is wrong size: expected {STATE.itemsize} bytes, but got {data.size}"
            )
        state = np.frombuffer(data.tobytes(), STATE)[0]
        left, used = int(state["left"]), int(state["next"])
        valid = used == 625 - left if left > 1 else left == 1 and used in (0, 624)
        if not valid or state["words"].max() >= 2**32:
            raise RuntimeError("RNG state is not one that get_state() returned")
        self._twister[:624] = state["words"]
        self._twister[624] = used or SEEDED
        self._seed = int(state["seed"])
        self._next_normal[0] = state["normal"] if state["has_normal"] else np.nan

    def clone_state(self) -> Generator:
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
            values = np.empty(n, np.float64)
            draw_normal_pairs(values, self._twister, self._next_normal)
            return (values * float(std) + float(mean)).astype(dtype)
        out = np.empty(n, np.float64 if dtype == np.float64 else np.float32)
        if n % 16 and dtype == np.float16:  # torch draws nothing for the rest, then 16 anew
            draw_normal(out[: n - n % 16], self._twister, mean, std)
            draw_normal(out[n - 16 :], self._twister, mean, std)
        else:
            draw_normal(out, self._twister, mean, std)
        return out.astype(dtype, copy=False)

    def _gamma(self, shapes):
        """Return as float64 a draw of rate 1 for each shape, which are float32 or float64."""
        out = np.empty(shapes.size, np.float64)
        draw_gamma(out, shapes, self._twister, self._next_normal)
        return out

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


def pick(generator: Generator | None) -> Generator:
    """Return the generator given, or the default one if None is."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"expected a Generator, but got {type(generator).__name__}")
    return generator


def manual_seed(seed: SupportsInt | str) -> Generator:
    """Seed the default generator, from which every random op draws, by ``int(seed)``; return it.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.randn(2)
    tensor([ 1.5410, -0.2934])
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator from the operating system; return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Return the state of the default generator as a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Continue the default generator from a state that ``get_rng_state`` returned."""
    default_generator.set_state(new_state)


def dealt_out(values: Any, input: Any) -> Any:
    """Return draws in the shape of ``input``, in the order of its memory, as torch draws them;
    an expanded one has no such order."""
    if input.is_contiguous() or 0 in input.stride():
        return values.reshape(tuple(input.shape))
    order = sorted(range(input.dim()), key=lambda d: -input.stride(d))
    return values.reshape([input.shape[d] for d in order]).transpose(np.argsort(order))
