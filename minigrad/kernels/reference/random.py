"""The random number kernels in plain Python: one draw after the other, as textbooks have them."""

import math

import numpy as np

N, M = 624, 397


def seed_twister(state, seed):
    """Start the stream of ``seed``, as the twister's authors do."""
    word = seed
    for i in range(N):
        state[i] = word
        word = (1812433253 * (word ^ (word >> 30)) + i + 1) % 2**32
    state[N] = N


def twist(words):
    """Put 624 new words in the place of those used up."""
    for i in range(N):
        joined = (words[i] & 0x80000000) | (words[(i + 1) % N] & 0x7FFFFFFF)
        words[i] = words[(i + M) % N] ^ (joined >> 1) ^ (0x9908B0DF if joined & 1 else 0)


def draw(state, n):
    """Return the next ``n`` draws of 32 bits, as uint64."""
    out = np.empty(n, np.uint64)
    for i in range(n):
        if state[N] >= N:
            words = state[:N].tolist()
            twist(words)
            state[:N], state[N] = words, 0
        word = int(state[state[N]])
        state[N] += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9D2C5680
        word ^= (word << 15) & 0xEFC60000
        out[i] = word ^ (word >> 18)
    return out


def draw_wide(state, n):
    """Return ``n`` times 64 bits, of two draws each."""
    high, low = draw(state, 2 * n).reshape(n, 2).T
    return (high << np.uint64(32)) | low


def unit(state, n, dtype):
    """Return numbers uniform in [0, 1), of all the bits that the dtype has."""
    if dtype == np.float32:
        return ((draw(state, n) % np.uint64(2**24)) * 2.0**-24).astype(np.float32)
    return (draw_wide(state, n) % np.uint64(2**53)) * 2.0**-53


def box_muller(u, mean, std):
    """Make normal numbers of uniform ones, in blocks of 16: 8 for radii, then 8 for angles."""
    one, two, pi = u.dtype.type(1), u.dtype.type(2), u.dtype.type(np.pi)
    radius, angle = u.reshape(-1, 2, 8).swapaxes(0, 1)
    radius = np.sqrt(-two * np.log(one - radius))
    angle = two * pi * angle
    values = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)
    return values * np.float64(u.dtype.type(std)) + np.float64(u.dtype.type(mean))


def draw_uniform(out, state, low, high):
    """``out`` = numbers uniform in [low, high)."""
    low, high = out.dtype.type(low), out.dtype.type(high)
    scale = np.float64(high - low)
    out[:] = unit(state, out.size, out.dtype).astype(np.float64) * scale + np.float64(low)
    out[out == high] = low


def draw_normal(out, state, mean, std):
    """``out`` (16 or more) = normal numbers, by Box and Muller's transform of uniform ones."""
    n = out.size
    u = unit(state, n, out.dtype)
    whole = n - n % 16
    out[:whole] = box_muller(u[:whole], mean, std)
    if n % 16:  # the last 16 are drawn anew, over part of the block before
        out[n - 16 :] = box_muller(unit(state, 16, out.dtype), mean, std)


def draw_bernoulli(out, state, p, yes):
    """``out`` = ``yes`` with probability ``p``, else 0."""
    out[:] = np.where(unit(state, out.size, np.float64) < p, yes, 0)


def draw_integers(out, state, low, span, wide):
    """``out`` = integers from ``low`` to ``low + span - 1``; ``wide`` takes two draws for each."""
    draws = draw_wide(state, out.size) if wide else draw(state, out.size)
    out[:] = np.int64(low) + (draws % np.uint64(span)).astype(np.int64)


def shuffle(out, state):
    """Let item i of ``out`` change places with item i + draw % (n - i), the last one excepted."""
    n = out.size
    for i, word in enumerate(draw(state, max(n - 1, 0)).tolist()):
        j = i + word % (n - i)
        out[i], out[j] = out[j], out[i]


def one_uniform(state):
    """Return a float in [0, 1)."""
    return unit(state, 1, np.float64).item()


def one_normal(state, spare):
    """Return one number of Box and Muller's pair; the other is kept in ``spare``."""
    value = spare[0].item()
    if not math.isnan(value):
        spare[0] = math.nan
        return value
    angle = 2 * math.pi * one_uniform(state)
    radius = math.sqrt(-2 * math.log1p(-one_uniform(state)))
    spare[0] = radius * math.sin(angle)
    return radius * math.cos(angle)


def one_gamma(shape, state, spare):
    """Return a draw by Marsaglia and Tsang's method: the cube of a normal, accepted or not."""
    scale, one = 1.0, type(shape)(1)  # torch adds to the shape in its own dtype
    if shape == 0:
        return 0.0
    if shape < 1:
        scale, shape = (1 - one_uniform(state)) ** float(one / shape), shape + one
    d = float(shape - np.float32(1 / 3))
    if not d >= 0:
        return math.nan  # nothing would ever be accepted
    c = 1 / math.sqrt(9 * d)
    while True:
        x = one_normal(state, spare)
        v = (1 + c * x) ** 3
        if v <= 0:
            continue
        u = 1 - one_uniform(state)
        if u < 1 - 0.0331 * x**4 or math.log(u) < 0.5 * x * x + d * (1 - v + math.log(v)):
            return scale * d * v


def draw_normal_pairs(out, state, spare):
    """``out`` = standard normal numbers, one after the other."""
    out[:] = [one_normal(state, spare) for _ in out]


def draw_gamma(out, shapes, state, spare):
    """``out`` = numbers of the gamma distributions of rate 1 with these shapes."""
    out[:] = [one_gamma(shape, state, spare) for shape in shapes]
