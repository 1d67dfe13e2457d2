"""Activations that draw at random, and the names under which activations write into their input."""

from __future__ import annotations

import warnings

import numpy as np

from minigrad.dtypes import float64
from minigrad.ops.activation import celu, elu, hardtanh, leaky_relu, selu
from minigrad.ops.activation import threshold as _threshold
from minigrad.ops.creation import empty, zeros_like
from minigrad.ops.recorded import floating, labelled
from minigrad.ops.softmax import softmax
from minigrad.tensor import Tensor, over_array


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """Return the input where it is positive, else the input times a slope.

    In training each slope is drawn from [lower, upper]; else it is their mean.

    Raises RuntimeError if ``lower`` is above ``upper``.  Source: ``torch.nn.functional.rrelu``.

    >>> import minigrad
    >>> minigrad.nn.functional.rrelu(minigrad.tensor([-1.0, 2.0]), 0.1, 0.3)
    tensor([-0.2000,  2.0000])
    """
    floating(input, "rrelu")
    if lower > upper:
        raise RuntimeError(
            f"Lower bound should be less than or equal to the upper bound, got {lower} and {upper}"
        )
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    array = input.detach().numpy()
    slopes = np.ones(array.shape, array.dtype)
    negative = array <= 0
    draws = empty(int(negative.sum()), dtype=float64).uniform_(lower, upper)
    slopes[negative] = draws.numpy()
    out = input.mul_(over_array(slopes)) if inplace else input * over_array(slopes)
    return labelled(out, "RreluWithNoiseBackward0")


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """Return a draw from the Gumbel-softmax distribution: nearly one-hot for a small ``tau``.

    ``hard``: one-hot, with the gradient of the soft draw.

    Source: ``torch.nn.functional.gumbel_softmax``; E. Jang, S. Gu and B. Poole, "Categorical
    Reparameterization with Gumbel-Softmax", 2016.

    >>> import minigrad
    >>> minigrad.nn.functional.gumbel_softmax(minigrad.zeros(2, 5), hard=True).sum(1)
    tensor([1., 1.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -empty(*logits.shape, dtype=logits.dtype).exponential_().log()
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    chosen = soft.detach().max(dim, keepdim=True).indices
    one_hot = zeros_like(soft.detach()).scatter_(dim, chosen, 1.0)
    return one_hot - soft.detach() + soft


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """The same as ``elu(input, alpha, inplace=True)``."""
    return elu(input, alpha, True)


def selu_(input: Tensor) -> Tensor:
    """The same as ``selu(input, inplace=True)``."""
    return selu(input, True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """The same as ``celu(input, alpha, inplace=True)``."""
    return celu(input, alpha, True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """The same as ``leaky_relu(input, negative_slope, inplace=True)``."""
    return leaky_relu(input, negative_slope, True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """The same as ``hardtanh(input, min_val, max_val, inplace=True)``."""
    return hardtanh(input, min_val, max_val, True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """The same as ``threshold(input, threshold, value, inplace=True)``."""
    return _threshold(input, threshold, value, True)


def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    """The same as ``rrelu(input, lower, upper, training, inplace=True)``."""
    return rrelu(input, lower, upper, training, True)
