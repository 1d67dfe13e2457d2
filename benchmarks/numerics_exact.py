"""What the operations of numerics_cases.py are in 50 digits, and how many ulps a result is off.

Every function takes float arrays and returns, for each of the operation's results, a pair of object
arrays of mpmath numbers: the exact result of exactly these inputs, and its *size*, in whose ulps an
error is counted.  The size of a result is the largest magnitude among itself and the terms whose
sum it is (of a sum over many numbers, the root of the sum of their squares, which is what its
partial sums are like), or that of its row where all of a row shares one rounded mean: what cancels
in the definition itself has no digits of its own.

``counts``: how often each column stands in the real input.  Of a million numbers but some hundred
are different, so that their sums are exact in reasonable time.
"""

import math

import mpmath
import numpy as np

DIGITS = 50
WORST = math.inf  # the error of a result that is not finite and should be, or the reverse

exp = np.frompyfunc(mpmath.exp, 1, 1)
log = np.frompyfunc(mpmath.log, 1, 1)
log1p = np.frompyfunc(mpmath.log1p, 1, 1)
root = np.frompyfunc(mpmath.sqrt, 1, 1)
exactly = np.frompyfunc(lambda value: mpmath.mpf(float(value)), 1, 1)


def ulps(found, exact, size) -> float:
    """The largest error of an array in ulps of its dtype at ``size``."""
    limits = np.finfo(found.dtype)
    digits, least, largest = limits.nmant + 1, int(limits.minexp), mpmath.mpf(float(limits.max))
    worst = 0.0
    exact, size = (np.broadcast_to(a, found.shape).ravel() for a in (exact, size))
    for value, truth, scale in zip(found.ravel().tolist(), exact, size, strict=True):
        top = max(abs(truth), abs(scale))
        exponent = max(mpmath.frexp(top)[1] - 1, least) if top > 0 else least
        ulp = mpmath.ldexp(1, int(exponent) - digits + 1)
        overflows = abs(truth) >= largest + ulp / 2
        if math.isfinite(value) and not overflows:
            worst = max(worst, float(abs(value - truth) / ulp))
        elif not (overflows and math.copysign(1, truth) * math.inf == value):
            return WORST
    return worst


def largest(*terms):
    """The largest magnitude among the terms, element by element."""
    result = abs(terms[0])
    for term in terms[1:]:
        result = np.maximum(result, abs(term))
    return result


def total(terms, counts, axis=1):
    """The sum along an axis, and its size."""
    result = (counts * terms).sum(axis, keepdims=True)
    return result, largest(result, root((counts * terms * terms).sum(axis, keepdims=True)))


# ---------------------------------------------------------------- element by element


def sigmoid(x, g):
    """The slope is y (1 - y), and 1 - y has the digits of 1."""
    x, g = exactly(x), exactly(g)
    small = exp(-abs(x))
    y = np.where(x < 0, small, 1) / (1 + small)
    dx = g * small / (1 + small) ** 2
    return (y, y), (dx, g * y)


def tanh(x, g):
    """The slope is 1 - y**2, which has the digits of 1."""
    x, g = exactly(x), exactly(g)
    y = np.frompyfunc(mpmath.tanh, 1, 1)(x)
    return (y, y), (g / np.frompyfunc(mpmath.cosh, 1, 1)(x) ** 2, g)


def gelu(x, g):
    x, g = exactly(x), exactly(g)
    below = np.frompyfunc(mpmath.erfc, 1, 1)(-x / mpmath.sqrt(2)) / 2
    density = exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)
    return (x * below, x * below), (g * (below + x * density), g * largest(below, x * density))


def bce_with_logits(x, target, g):
    x, t, g = exactly(x), exactly(target), exactly(g)
    small = exp(-abs(x))
    tail = log1p(small)
    up, down = (np.where(x > 0, x, 0) + tail) * (1 - t), (np.where(x < 0, -x, 0) + tail) * t
    above = np.where(x < 0, small, 1) / (1 + small) * (1 - t) * g
    below = np.where(x > 0, small, 1) / (1 + small) * t * g
    return (up + down, up + down), (above - below, largest(above, below))


# ---------------------------------------------------------------- rows


def parts_of(x, counts):
    """x - max, the logarithm of the sum of its exponentials, and its softmax."""
    top = x.max(1, keepdims=True)
    powers = exp(x - top)
    rest = (np.where(x == top, counts, 0)).sum(1, keepdims=True)  # of what is 1
    beside = (np.where(x == top, 0, counts * powers)).sum(1, keepdims=True)
    return top, log(rest) + log1p(beside / rest), powers / (rest + beside)


def softmax(x, g, counts):
    x, g = exactly(x), exactly(g)
    _, _, y = parts_of(x, counts)
    mean, size = total(g * y, counts)
    return (y, y), (y * (g - mean), y * largest(g, size))


def log_softmax(x, g, counts):
    x, g = exactly(x), exactly(g)
    top, rest, y = parts_of(x, counts)
    whole, size = total(g, counts)
    return (x - top - rest, largest(x - top, rest)), (g - y * whole, largest(g, y * size))


def logsumexp(x, g, counts):
    x, g = exactly(x), exactly(g)
    top, rest, y = parts_of(x, counts)
    return ((top + rest)[:, 0], largest(top, rest)[:, 0]), (g[:, None] * y, g[:, None] * y)


def cross_entropy(x, target, counts):
    """The mean over the rows.  The gradient at the target is a share less 1."""
    x = exactly(x)
    rows = np.arange(len(x))
    top, rest, y = parts_of(x, counts)
    loss = ((top + rest)[:, 0] - x[rows, target]).sum() / len(x)
    dx, size = y / len(x), y / len(x)
    dx[rows, target] -= mpmath.mpf(1) / len(x)
    size[rows, target] = mpmath.mpf(1) / len(x)
    return (loss, loss), (dx, size)


def variance(x, g, counts):
    x, g = exactly(x), exactly(g)
    n = int(counts.sum())
    off = x - (counts * x).sum(1, keepdims=True) / n
    var = (counts * off * off).sum(1) / (n - 1)
    dx = 2 * off * g[:, None] / (n - 1)
    return (var, var), (dx, largest(dx).max(1, keepdims=True))


def normalised(x, g, weight, bias, eps, counts, of_rows):
    """Rows normalised, times weight plus bias, of each row (batch norm) or column (layer norm)."""
    x, g, weight, bias, eps = (exactly(a) for a in (x, g, weight, bias, eps))
    n = int(counts.sum())
    weight, bias = (a[:, None] if of_rows else a for a in (weight, bias))
    off = x - (counts * x).sum(1, keepdims=True) / n
    invstd = 1 / root((counts * off * off).sum(1, keepdims=True) / n + eps)
    xhat, gw = off * invstd, g * weight
    mean, slope = ((counts * a).sum(1, keepdims=True) / n for a in (gw, gw * xhat))
    y, dx = xhat * weight + bias, (gw - mean - xhat * slope) * invstd
    axis, times = (1, counts) if of_rows else (0, 1)
    dw, _ = total(g * xhat, times, axis)
    _, dw_size = total(g * largest(xhat).max(1, keepdims=True), times, axis)
    db = total(g, times, axis)
    return (
        (y, largest(y, xhat * weight, bias + 0 * y).max(1, keepdims=True)),
        (dx, largest(gw * invstd).max(1, keepdims=True)),
        (dw.ravel(), largest(dw, dw_size).ravel()),
        (db[0].ravel(), db[1].ravel()),
    )
