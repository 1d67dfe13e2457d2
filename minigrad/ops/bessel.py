"""Bessel functions of torch.special.  They have no gradient, as there; all compute in float64.

Sources: Abramowitz and Stegun, "Handbook of Mathematical Functions", 9.1.21 (integrals), 9.1.88
(sums over orders), 9.2.5 (large arguments) and 9.6.24 (modified ones).  The trapezoidal rule is
exact to rounding for integrals over whole periods, and for integrands that vanish at both ends.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad.dtypes import float16
from minigrad.ops.recorded import float_operand, tensor_operand
from minigrad.tensor import Tensor, over_array

_FAR = 25.0  # from here on the series in 1 / x are exact to rounding
_ANGLES = np.linspace(0.0, math.pi / 2, 33)
_WEIGHTS = np.r_[0.5, np.ones(31), 0.5] / 32


def _applied(name, input, function):
    """Return ``function`` of the elements, computed in float64."""
    x = float_operand(tensor_operand(input, name))
    if x.dtype is float16:
        raise NotImplementedError(f"{name} is not implemented for {float16}")
    array = x.detach().numpy()
    with np.errstate(all="ignore"):
        return over_array(np.asarray(function(array.astype(np.float64)), array.dtype))


def _sum_of_orders(x, factors):
    """Return the sum of ``factor * J(order, x)``, {order: factor}, the orders all even or all odd.

    J of order k is the mean of ``cos(k * a) * cos(x * sin(a))`` over the angles a, or for odd
    orders of the product of the sines.
    """
    wave = np.sin if min(factors) % 2 else np.cos
    weights = _WEIGHTS * sum(f * wave(k * _ANGLES) for k, f in factors.items())
    return wave(np.multiply.outer(x, np.sin(_ANGLES))) @ weights


def _far(x, order):
    """Return J and Y of order 0 or 1 for large x."""
    p, q, term = np.zeros_like(x), np.zeros_like(x), np.ones_like(x)
    for k in range(24):
        sign = (-1) ** (k // 2)
        if k % 2:
            q += sign * term
        else:
            p += sign * term
        term = term * (4 * order**2 - (2 * k + 1) ** 2) / (8 * (k + 1) * x)
    c, s = np.cos(x), np.sin(x)
    c, s = (c + s, s - c) if order == 0 else (s - c, -s - c)  # of x - (order / 2 + 1 / 4) * pi
    size = np.sqrt(1 / (math.pi * x))
    return size * (p * c - q * s), size * (p * s + q * c)


def _j(x, order):
    size = np.abs(x)
    near = _sum_of_orders(np.minimum(size, _FAR), {order: 1.0})
    found = np.where(size < _FAR, near, _far(np.maximum(size, _FAR), order)[0])
    return found * np.sign(x) if order else found


def _y(x, order):
    near, far = np.minimum(x, _FAR), _far(np.maximum(x, _FAR), order)[1]
    rest = {order + 2 * k: (-1) ** k * (order + 2 * k) / (k * (order + k)) for k in range(1, 30)}
    logarithm = np.log(near / 2) + np.euler_gamma - order
    sums = logarithm * _sum_of_orders(near, {order: 1.0}) - _sum_of_orders(near, rest)
    if order:
        sums = sums - _sum_of_orders(near, {0: 1.0}) / near
    found = np.where(x < _FAR, 2 / math.pi * sums, far)
    return np.where(x == 0, -np.inf, found)


def _scaled_k(x, order):
    """Return ``exp(x) * K(order, x)``: the integral of exp(x - x cosh(t)) cosh(order t), t > 0."""
    usual = np.clip(x, 1e-8, 1e300)
    end = 2 * np.arcsinh(np.sqrt(22.5 / usual))  # where the exponential has fallen to exp(-45)
    total = np.zeros_like(x)
    for i in range(129):
        t = end * (i / 128)
        value = np.exp(-2 * usual * np.sinh(t / 2) ** 2) * np.cosh(order * t)
        total += value * (0.5 if i == 0 else 1.0)
    small = 1 / x if order else -np.log(x / 2) - np.euler_gamma
    found = np.where(x < 1e-8, small * np.exp(x), total * end / 128)
    found = np.where(np.isinf(x), 0.0, found)
    return np.where(x < 0, np.nan, np.where(x == 0, np.inf, found))


def _k(x, order):
    return np.exp(-x) * _scaled_k(x, order)


def bessel_j0(input: Tensor) -> Tensor:
    """Return the Bessel function of the first kind of order 0.

    >>> import minigrad
    >>> minigrad.special.bessel_j0(minigrad.tensor([0.0, 1.0]))
    tensor([1.0000, 0.7652])
    """
    return _applied("bessel_j0", input, lambda x: _j(x, 0))


def bessel_j1(input: Tensor) -> Tensor:
    """Return the Bessel function of the first kind of order 1."""
    return _applied("bessel_j1", input, lambda x: _j(x, 1))


def bessel_y0(input: Tensor) -> Tensor:
    """Return the Bessel function of the second kind of order 0; NaN below 0."""
    return _applied("bessel_y0", input, lambda x: _y(x, 0))


def bessel_y1(input: Tensor) -> Tensor:
    """Return the Bessel function of the second kind of order 1; NaN below 0."""
    return _applied("bessel_y1", input, lambda x: _y(x, 1))


def modified_bessel_k0(input: Tensor) -> Tensor:
    """Return the modified Bessel function of the second kind of order 0; NaN below 0."""
    return _applied("modified_bessel_k0", input, lambda x: _k(x, 0))


def modified_bessel_k1(input: Tensor) -> Tensor:
    """Return the modified Bessel function of the second kind of order 1; NaN below 0."""
    return _applied("modified_bessel_k1", input, lambda x: _k(x, 1))


def scaled_modified_bessel_k0(input: Tensor) -> Tensor:
    """Return ``exp(input) * modified_bessel_k0(input)``, without overflow."""
    return _applied("scaled_modified_bessel_k0", input, lambda x: _scaled_k(x, 0))


def scaled_modified_bessel_k1(input: Tensor) -> Tensor:
    """Return ``exp(input) * modified_bessel_k1(input)``, without overflow."""
    return _applied("scaled_modified_bessel_k1", input, lambda x: _scaled_k(x, 1))


def spherical_bessel_j0(input: Tensor) -> Tensor:
    """Return the spherical Bessel function of the first kind of order 0, ``sin(x) / x``."""
    return _applied(
        "spherical_bessel_j0", input, lambda x: np.where(np.isinf(x), 0.0, np.sinc(x / math.pi))
    )
