"""Draws from the gamma and the Dirichlet distribution: torch's numbers for torch's seed, and the
gradient that keeps a draw at its quantile.

Source: G. Marsaglia and W. Tsang, "A simple method for generating gamma variables", 2000, as in
torch; M. Figurnov, S. Mohamed and A. Mnih, "Implicit reparameterization gradients", 2018.
"""

from __future__ import annotations

import numpy as np

from minigrad.ops.draw_slopes import beta_slopes, gamma_slopes
from minigrad.ops.generator import Generator, pick
from minigrad.ops.random import _float_dtype
from minigrad.ops.recorded import recorded
from minigrad.tensor import Tensor


def standard_gamma(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Return a number from the gamma distribution of rate 1 for each concentration in ``input``,
    with its gradient."""
    _float_dtype(input.dtype, "standard_gamma")
    drawn = _draw(input, input.dtype.numpy, generator).astype(input.dtype.numpy)

    def gradient(g, concentration, x):
        return g * _gamma_slope(concentration, x)

    return recorded(drawn, "StandardGammaBackward0", (input,), (gradient,), (input,), True)


def standard_dirichlet(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Return positive numbers that add to 1 along the last dimension, from the Dirichlet
    distribution of the concentrations in ``input``, with their gradient."""
    _float_dtype(input.dtype, "dirichlet")
    gammas = np.maximum(_draw(input, np.float64, generator), np.finfo(np.float64).tiny)
    info = np.finfo(input.dtype.numpy)
    shares = (gammas / gammas.sum(-1, keepdims=True)).astype(input.dtype.numpy)
    drawn = np.clip(shares, info.tiny, 1 - info.epsneg)

    def gradient(g, concentration, x):
        # A concentration moves its own number; the others make room, and keep their proportions.
        return _dirichlet_slope(concentration, x) * (g - (x * g).sum(-1, keepdim=True))

    return recorded(drawn, "_DirichletBackward", (input,), (gradient,), (input,), True)


_standard_gamma, _sample_dirichlet = standard_gamma, standard_dirichlet  # what torch calls them


def _draw(input, dtype, generator):
    """Return as float64 one draw of rate 1 for each concentration, which is taken in a dtype."""
    single = np.float64 if dtype == np.float64 else np.float32
    shapes = np.ascontiguousarray(input.detach().numpy(), single)
    return pick(generator)._gamma(shapes).reshape(tuple(input.shape))


# ---------------------------------------------------------------- how a draw moves


def _no_derivative(g, concentration, x):
    raise NotImplementedError("the second derivative of a draw is not implemented, as in torch")


def _doubles(x):
    return np.ascontiguousarray(x.numpy(force=True), np.float64)


def _gamma_slope(concentration, drawn):
    """Return dx / dconcentration where the probability below x stays."""
    x = np.maximum(_doubles(drawn), np.finfo(np.float32).tiny)
    slopes = gamma_slopes(_doubles(concentration), x).astype(concentration.dtype.numpy)
    both = concentration, drawn
    return recorded(slopes, "StandardGammaGradBackward0", both, (_no_derivative,) * 2, both)


def _dirichlet_slope(concentration, drawn):
    """Return dx / dconcentration of each number alone, over 1 - x.

    Alone a number is from the beta distribution of its concentration, and the sum of the others.
    """
    a, x = _doubles(concentration), _doubles(drawn)
    slopes = beta_slopes(a, a.sum(-1, keepdims=True) - a, x).astype(concentration.dtype.numpy)
    both = concentration, drawn
    return recorded(slopes, "DirichletGradBackward0", both, (_no_derivative,) * 2, both)
