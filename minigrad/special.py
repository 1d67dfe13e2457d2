"""torch.special's names: the functions that have no place among the common ones, and those that do.

Source: https://docs.pytorch.org/docs/stable/special.html
"""

import math

from minigrad.ops.elementwise import where
from minigrad.ops.gamma import igamma as gammainc
from minigrad.ops.gamma import igammac as gammaincc
from minigrad.ops.gamma import zeta
from minigrad.ops.math import erf, erfc, exp2, expm1, log1p, round
from minigrad.ops.math import sigmoid as expit
from minigrad.ops.pointwise import logit, sinc, xlog1py, xlogy
from minigrad.ops.recorded import float_operand
from minigrad.ops.reduce import logsumexp
from minigrad.ops.softmax import log_softmax, softmax
from minigrad.ops.special import (
    digamma,
    erfcx,
    erfinv,
    i0,
    i0e,
    i1,
    i1e,
    log_ndtr,
    ndtri,
    polygamma,
)
from minigrad.ops.special import digamma as psi
from minigrad.ops.special import lgamma as gammaln
from minigrad.ops.special import mvlgamma as multigammaln
from minigrad.tensor import Tensor

__all__ = [
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
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
    "zeta",
]


def entr(input) -> Tensor:
    """Return ``-input * log(input)``: 0 at 0, -inf below.

    >>> import minigrad
    >>> minigrad.special.entr(minigrad.tensor([0.0, 0.5]))
    tensor([0.0000, 0.3466])
    """
    x = float_operand(input)
    return where(x < 0, -math.inf, xlogy(-x, x))


def ndtr(input) -> Tensor:
    """Return the part of a standard normal distribution below the input.

    >>> import minigrad
    >>> minigrad.special.ndtr(minigrad.tensor([0.0, 1.96]))
    tensor([0.5000, 0.9750])
    """
    return erfc(float_operand(input) * -math.sqrt(0.5)) * 0.5
