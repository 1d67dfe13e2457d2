"""Draws from the gamma and the Dirichlet distribution: torch's numbers for torch's seed, and the
gradient that keeps a draw at its quantile.

Source: G. Marsaglia and W. Tsang, "A simple method for generating gamma variables", 2000, as in
torch; M. Figurnov, S. Mohamed and A. Mnih, "Implicit reparameterization gradients", 2018; the NIST
Digital Library of Mathematical Functions, chapter 8.
"""

import math

import numpy as np

from minigrad.ops.creation import ones_like, zeros_like
from minigrad.ops.elementwise import minimum, where
from minigrad.ops.gamma import igamma, igammac
from minigrad.ops.generator import pick
from minigrad.ops.random import _float_dtype
from minigrad.tensor import Tensor, over_array


def standard_gamma(input, generator=None) -> Tensor:
    """Return a number from the gamma distribution of rate 1 for each concentration in ``input``,
    with its gradient."""
    _float_dtype(input.dtype, "standard_gamma")
    drawn = over_array(_draw(input, input.dtype.numpy, generator).astype(input.dtype.numpy))
    if not input.requires_grad:
        return drawn
    return drawn + (input - input.detach()) * _gamma_slope(input.detach(), drawn)


def standard_dirichlet(input, generator=None) -> Tensor:
    """Return positive numbers that add to 1 along the last dimension, from the Dirichlet
    distribution of the concentrations in ``input``, with their gradient."""
    _float_dtype(input.dtype, "dirichlet")
    gammas = np.maximum(_draw(input, np.float64, generator), np.finfo(np.float64).tiny)
    info = np.finfo(input.dtype.numpy)
    shares = (gammas / gammas.sum(-1, keepdims=True)).astype(input.dtype.numpy)
    drawn = over_array(np.clip(shares, info.tiny, 1 - info.epsneg))
    if not input.requires_grad:
        return drawn
    # A concentration moves its own number; the others make room, and keep their proportions.
    moved = (input - input.detach()) * _dirichlet_slope(input.detach(), drawn)
    return drawn + moved - drawn * moved.sum(-1, keepdim=True)


def _draw(input, dtype, generator):
    """Return as float64 one draw of rate 1 for each concentration, which is taken in a dtype."""
    source = pick(generator)
    single = np.float64 if dtype == np.float64 else np.float32
    shapes = np.ascontiguousarray(input.detach().numpy(), single).reshape(-1)
    values = [_standard_gamma(shape, source) for shape in shapes]
    return np.array(values, np.float64).reshape(tuple(input.shape))


def _standard_gamma(shape, source):
    def uniform():
        return 1 - source._uniform(1, np.float64).item()

    scale, one = 1.0, type(shape)(1)  # torch adds to the shape in its own dtype
    if shape == 0:
        return 0.0
    if shape < 1:
        scale, shape = uniform() ** float(one / shape), shape + one
    d = float(shape - np.float32(1 / 3))
    c = 1 / math.sqrt(9 * d)
    while True:
        x = source._one_normal()
        v = (1 + c * x) ** 3
        if v <= 0:
            continue
        u = uniform()
        if u < 1 - 0.0331 * x**4 or math.log(u) < 0.5 * x * x + d * (1 - v + math.log(v)):
            return scale * d * v


# ---------------------------------------------------------------- how a draw moves


def _gamma_slope(shape, drawn):
    """Return dx / dshape where the probability below x stays: -dP/dshape over the density."""
    a, x = shape.double(), drawn.double().clamp(min=np.finfo(np.float32).tiny)
    step = 1e-4 * minimum(a, a.sqrt())
    # The smaller one of the two tails has the digits
    below = igamma(a + step, x) - igamma(a - step, x)
    above = igammac(a - step, x) - igammac(a + step, x)
    density = ((a - 1) * x.log() - x - a.lgamma()).exp()
    return (where(x < a, below, above) / (-2 * step * density)).to(shape.dtype)


def _dirichlet_slope(concentration, drawn):
    """Return dx / dconcentration of each number alone, over 1 - x.

    Alone a number is from the beta distribution of its concentration, and the sum b of the others.
    The slope is the change of one tail's probability over the density: of the one whose continued
    fraction is quick.
    """
    a, x = concentration.double(), drawn.double()
    b = a.sum(-1, keepdim=True) - a
    lower = x < (a + 1) / (a + b + 2)
    y = where(lower, x, 1 - x)

    def parameters(a):
        return where(lower, a, b), where(lower, b, a), y

    step = 1e-4 * minimum(a, a.sqrt())
    change = _log_beta_tail(*parameters(a + step)) - _log_beta_tail(*parameters(a - step))
    p, q, y = parameters(a)
    tail = where(lower, -x, x) / (p * _beta_fraction(p, q, y))  # over the density and 1 - x
    slope = tail * change / (2 * step)
    return where(b == 0, 0.0, slope).to(concentration.dtype)  # a number without others is 1


def _log_beta_tail(p, q, y):
    """Return the logarithm of the incomplete beta function I_y(p, q) (DLMF 8.17.22)."""
    front = p * y.log() + q * (-y).log1p() + (p + q).lgamma() - p.lgamma() - q.lgamma()
    return front - (p * _beta_fraction(p, q, y)).log()


def _beta_fraction(p, q, y):
    """Return the continued fraction 1 + d1 / (1 + d2 / (1 + ...)) of it, by Lentz's method."""
    value = c = ones_like(y)
    d = zeros_like(y)
    for k in range(1, 20_000):
        m = k // 2
        if k % 2:
            term = -(p + m) * (p + q + m) * y / ((p + 2 * m) * (p + 2 * m + 1))
        else:
            term = m * (q - m) * y / ((p + 2 * m - 1) * (p + 2 * m))
        d = 1 / (1 + term * d)
        c = 1 + term / c
        value = value * (c * d)
        if not ((c * d - 1).abs() > 1e-15).any():
            break
    return value
