"""torch.special's names: the functions that have no place among the common ones, and those that do.

Source: https://docs.pytorch.org/docs/stable/special.html
"""

from __future__ import annotations

import math

from minigrad.ops.bessel import (
    bessel_j0,
    bessel_j1,
    bessel_y0,
    bessel_y1,
    modified_bessel_k0,
    modified_bessel_k1,
    scaled_modified_bessel_k0,
    scaled_modified_bessel_k1,
    spherical_bessel_j0,
)
from minigrad.ops.elementwise import where
from minigrad.ops.gamma import igamma as gammainc
from minigrad.ops.gamma import igammac as gammaincc
from minigrad.ops.gamma import zeta
from minigrad.ops.math import erf, erfc, erfinv, exp2, expm1, log1p, round
from minigrad.ops.math import sigmoid as expit
from minigrad.ops.pointwise import logit, sinc, xlog1py, xlogy
from minigrad.ops.polynomials import (
    chebyshev_polynomial_t,
    chebyshev_polynomial_u,
    chebyshev_polynomial_v,
    chebyshev_polynomial_w,
    hermite_polynomial_h,
    hermite_polynomial_he,
    laguerre_polynomial_l,
    legendre_polynomial_p,
    shifted_chebyshev_polynomial_t,
    shifted_chebyshev_polynomial_u,
    shifted_chebyshev_polynomial_v,
    shifted_chebyshev_polynomial_w,
)
from minigrad.ops.public import publish
from minigrad.ops.recorded import float_operand, recorded
from minigrad.ops.reduce import logsumexp
from minigrad.ops.softmax import log_softmax_along as log_softmax
from minigrad.ops.softmax import softmax_along as softmax
from minigrad.ops.special import (
    digamma,
    erfcx,
    i0,
    i0e,
    i1,
    i1e,
    log_ndtr,
    ndtri,
    polygamma,
)
from minigrad.ops.special import digamma as psi
from minigrad.ops.special import i0 as modified_bessel_i0
from minigrad.ops.special import i1 as modified_bessel_i1
from minigrad.ops.special import lgamma as gammaln
from minigrad.ops.special import mvlgamma as multigammaln
from minigrad.tensor import Tensor

__all__ = [
    "bessel_j0",
    "bessel_j1",
    "bessel_y0",
    "bessel_y1",
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammainc",
    "gammaincc",
    "gammaln",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "modified_bessel_i0",
    "modified_bessel_i1",
    "modified_bessel_k0",
    "modified_bessel_k1",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
    "sinc",
    "softmax",
    "spherical_bessel_j0",
    "xlog1py",
    "xlogy",
    "zeta",
]


def entr(input: Tensor) -> Tensor:
    """Return ``-input * log(input)``: 0 at 0, -inf below.

    >>> import minigrad
    >>> minigrad.special.entr(minigrad.tensor([0.0, 0.5]))
    tensor([0.0000, 0.3466])
    """
    x = float_operand(input)
    value = where(x < 0, -math.inf, xlogy(-x, x)).numpy(force=True)
    slope = (lambda g, x: -g * (x.log() + 1.0),)  # inf at 0, NaN below
    return recorded(value, "SpecialEntrBackward0", (x,), slope, (x,))


def ndtr(input: Tensor) -> Tensor:
    """Return the part of a standard normal distribution below the input.

    >>> import minigrad
    >>> minigrad.special.ndtr(minigrad.tensor([0.0, 1.96]))
    tensor([0.5000, 0.9750])
    """
    return erfc(float_operand(input) * -math.sqrt(0.5)) * 0.5


publish(globals())
