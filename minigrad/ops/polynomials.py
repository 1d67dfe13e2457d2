"""Orthogonal polynomials of torch.special, by recurrence.  They have no gradient, as there.

Each takes the points ``input`` and the degrees ``n``, tensors or numbers of shapes that broadcast,
one of them a tensor.  Integers become the default floating dtype; a degree is cut off to an
integer, and a polynomial of negative degree is 0.

>>> import minigrad
>>> minigrad.special.chebyshev_polynomial_t(minigrad.tensor([0.5, 2.0]), 3)
tensor([-1., 26.])
>>> minigrad.special.legendre_polynomial_p(0.5, minigrad.tensor([0, 1, 2]))
tensor([ 1.0000,  0.5000, -0.1250])

Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", chapter 22.
"""

from __future__ import annotations

import numpy as np

from minigrad.dtypes import float16
from minigrad.ops.recorded import operands
from minigrad.ops.shape import broadcast_tensors
from minigrad.tensor import Tensor, over_array

_HIGHEST = 2**20


def _operands(input, n):
    """Return points and degrees as tensors of the result's dtype."""
    if not (isinstance(input, Tensor) or isinstance(n, Tensor)):
        raise TypeError("expected a Tensor of points and a number as the degree, or two Tensors")
    return operands(input, n, True)


def _values(name, input, n, first, following):
    """Return the polynomials that begin with 1 and ``first(x)``, and go on with
    ``following(k, x, q, p)``, which makes degree k + 1 of the degrees k and k - 1."""
    x, degree = (t.numpy(force=True) for t in broadcast_tensors(*_operands(input, n)))
    if x.dtype == np.float16:
        raise NotImplementedError(f"{name} is not implemented for {float16}")
    degree = np.trunc(degree)
    if not degree.max(initial=0) <= _HIGHEST:
        raise ValueError(
            f"{name}: expected degrees of at most {_HIGHEST}, one step each, but got {degree.max()}"
        )
    out = np.where(degree == 0, x.dtype.type(1), x.dtype.type(0))
    with np.errstate(all="ignore"):
        p, q = np.ones_like(x), first(x)
        for k in range(1, int(degree.max(initial=0)) + 1):
            out = np.where(degree == k, q, out)
            p, q = q, following(k, x, q, p)
    return over_array(out)


def _chebyshev(name, input, n, first):
    def following(k, x, q, p):
        return 2 * x * q - p

    return _values(name, input, n, first, following)


def chebyshev_polynomial_t(input: Tensor, n: Tensor | float) -> Tensor:
    """Return Chebyshev's polynomials of the first kind."""
    return _chebyshev("chebyshev_polynomial_t", input, n, lambda x: x)


def chebyshev_polynomial_u(input: Tensor, n: Tensor | float) -> Tensor:
    """Return Chebyshev's polynomials of the second kind."""
    return _chebyshev("chebyshev_polynomial_u", input, n, lambda x: 2 * x)


def chebyshev_polynomial_v(input: Tensor, n: Tensor | float) -> Tensor:
    """Return Chebyshev's polynomials of the third kind."""
    return _chebyshev("chebyshev_polynomial_v", input, n, lambda x: 2 * x - 1)


def chebyshev_polynomial_w(input: Tensor, n: Tensor | float) -> Tensor:
    """Return Chebyshev's polynomials of the fourth kind."""
    return _chebyshev("chebyshev_polynomial_w", input, n, lambda x: 2 * x + 1)


def shifted_chebyshev_polynomial_t(input: Tensor, n: Tensor | float) -> Tensor:
    """Return ``chebyshev_polynomial_t`` at ``2 * input - 1``: for [0, 1] instead of [-1, 1]."""
    return chebyshev_polynomial_t(_shifted(input, n), n)


def shifted_chebyshev_polynomial_u(input: Tensor, n: Tensor | float) -> Tensor:
    """Return ``chebyshev_polynomial_u`` at ``2 * input - 1``: for [0, 1] instead of [-1, 1]."""
    return chebyshev_polynomial_u(_shifted(input, n), n)


def shifted_chebyshev_polynomial_v(input: Tensor, n: Tensor | float) -> Tensor:
    """Return ``chebyshev_polynomial_v`` at ``2 * input - 1``: for [0, 1] instead of [-1, 1]."""
    return chebyshev_polynomial_v(_shifted(input, n), n)


def shifted_chebyshev_polynomial_w(input: Tensor, n: Tensor | float) -> Tensor:
    """Return ``chebyshev_polynomial_w`` at ``2 * input - 1``: for [0, 1] instead of [-1, 1]."""
    return chebyshev_polynomial_w(_shifted(input, n), n)


def _shifted(input, n):
    x, _ = _operands(input, n)  # integers might overflow
    return 2 * x - 1


def legendre_polynomial_p(input: Tensor, n: Tensor | float) -> Tensor:
    """Return Legendre's polynomials."""

    def following(k, x, q, p):
        return ((2 * k + 1) * x * q - k * p) / (k + 1)

    return _values("legendre_polynomial_p", input, n, lambda x: x, following)


def laguerre_polynomial_l(input: Tensor, n: Tensor | float) -> Tensor:
    """Return Laguerre's polynomials."""

    def following(k, x, q, p):
        return ((2 * k + 1 - x) * q - k * p) / (k + 1)

    return _values("laguerre_polynomial_l", input, n, lambda x: 1 - x, following)


def hermite_polynomial_h(input: Tensor, n: Tensor | float) -> Tensor:
    """Return the physicists' Hermite polynomials, orthogonal under ``exp(-x**2)``."""

    def following(k, x, q, p):
        return 2 * x * q - 2 * k * p

    return _values("hermite_polynomial_h", input, n, lambda x: 2 * x, following)


def hermite_polynomial_he(input: Tensor, n: Tensor | float) -> Tensor:
    """Return the statisticians' Hermite polynomials, orthogonal under ``exp(-x**2 / 2)``."""

    def following(k, x, q, p):
        return x * q - k * p

    return _values("hermite_polynomial_he", input, n, lambda x: x, following)
