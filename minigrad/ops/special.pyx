"""The functions behind factorials, the error function's inverse, Bessel functions; torch.special.

Each is one C function of a double: a recurrence or a reflection brings the argument to where a
series converges fast.  Source: the NIST Digital Library of Mathematical Functions, chapters 5, 7,
10 and 25.  Results of float32 and float16 are computed in double precision and rounded once.
"""

import math

import numpy as np

from libc.math cimport (
    INFINITY, M_PI, NAN, cos, erfc, exp, fabs, floor, isinf, isnan, lgamma as c_lgamma, log, log1p,
    pow, sin, sqrt, tan,
)
from numpy cimport NPY_FLOAT, PyArray_DATA, PyArray_SIZE, PyArray_TYPE, import_array, ndarray

from minigrad.dtypes cimport bool_
from minigrad.memory cimport empty_like_array
from minigrad.ops.common cimport contiguous
from minigrad.ops.recorded import float_operand, recorded, tensor_operand
from minigrad.tensor cimport Tensor

import_array()


# ---------------------------------------------------------------- functions of one double

# Bernoulli's numbers B2, B4, ... B16.
cdef double[8] bernoulli = [
    1 / 6.0, -1 / 30.0, 1 / 42.0, -1 / 30.0, 5 / 66.0, -691 / 2730.0, 7 / 6.0, -3617 / 510.0,
]


cdef double log_gamma(double x) noexcept nogil:
    return INFINITY if isinf(x) else c_lgamma(x)


# The same over 2, 4, ... 16.
cdef double[8] digamma_terms = [
    1 / 12.0, -1 / 120.0, 1 / 252.0, -1 / 240.0, 1 / 132.0, -691 / 32760.0, 1 / 12.0,
    -3617 / 8160.0,
]


cdef double polynomial(const double* terms, double z) noexcept nogil:
    cdef double total = 0.0
    cdef int k
    for k in range(7, -1, -1):
        total = total * z + terms[k]
    return total


cdef double digamma_at(double x) noexcept nogil:
    """DLMF 5.5.4 (reflection), 5.5.2 (recurrence), 5.11.2 (series)."""
    cdef double total = 0.0, z
    if x == 0.0:
        return -INFINITY if not sign_bit(x) else INFINITY
    if x < 0.0:
        if x == floor(x):
            return NAN
        return digamma_at(1.0 - x) - M_PI / tan(M_PI * (x - floor(x)))
    while x < 10.0:
        total -= 1.0 / x
        x += 1.0
    z = 1.0 / (x * x)
    return total - polynomial(digamma_terms, z) * z + log(x) - 0.5 / x


cdef double trigamma_at(double x) noexcept nogil:
    """As ``digamma_at``, of which this is the derivative; DLMF 5.15.5, 5.15.6, 5.15.8."""
    cdef double total = 0.0, z
    if x < 0.5:
        return pow(M_PI / sin(M_PI * x), 2) - trigamma_at(1.0 - x)
    while x < 10.0:
        total += 1.0 / (x * x)
        x += 1.0
    z = 1.0 / (x * x)
    return total + (polynomial(bernoulli, z) * z + 1.0) / x + z / 2.0


cdef bint sign_bit(double x) noexcept nogil:
    return 1.0 / x < 0.0 if x == 0.0 else x < 0.0


cdef double zeta_at(double s, double q) noexcept nogil:
    """Hurwitz's sum of (q + k)^-s over k >= 0, by Euler and Maclaurin (DLMF 25.11.5)."""
    cdef double total = 0.0, term, a = q
    cdef int k
    if isnan(s) or isnan(q) or s < 1.0:
        return NAN
    if s == 1.0:
        return INFINITY
    if q <= 0.0:
        if q == floor(q):
            return INFINITY
        if s != floor(s):
            return NAN
    for k in range(10):
        total += pow(a, -s)
        a += 1.0
    while a < 10.0:
        total += pow(a, -s)
        a += 1.0
    total += pow(a, 1.0 - s) / (s - 1.0) + 0.5 * pow(a, -s)
    term = s * pow(a, -s - 1.0) / 2.0
    for k in range(8):
        total += bernoulli[k] * term
        term *= (s + 2 * k + 1) * (s + 2 * k + 2) / (a * a * (2 * k + 3) * (2 * k + 4))
    return total


cdef double polygamma_at(double n, double x) noexcept nogil:
    """The n-th derivative of digamma (DLMF 25.11.12)."""
    if n == 0.0:
        return digamma_at(x)
    return (1.0 if n % 2.0 else -1.0) * exp(c_lgamma(n + 1.0)) * zeta_at(n + 1.0, x)


cdef double erfc_inverse(double p) noexcept nogil:
    """The y with erfc(y) = p <= 1: Winitzki's approximation, then Halley's steps."""
    cdef double square, y, error
    cdef int k
    if isnan(p) or p < 0.0:
        return NAN
    if p == 0.0:
        return INFINITY
    square = log(p) + log1p(1.0 - p)                # log(1 - x^2) for x = 1 - p
    y = 2.0 / (M_PI * 0.147) + square / 2.0
    y = sqrt(sqrt(y * y - square / 0.147) - y)
    for k in range(3):
        error = (p - erfc(y)) / (-2.0 / sqrt(M_PI) * exp(-y * y))
        y += error / (1.0 + y * error)
    return y


cdef double normal_quantile(double p) noexcept nogil:
    if p < 0.5:
        return -sqrt(2.0) * erfc_inverse(2.0 * p)
    return sqrt(2.0) * erfc_inverse(2.0 * (1.0 - p))


cdef double erfc_scaled(double x) noexcept nogil:
    """exp(x^2) erfc(x); for large x by the continued fraction (DLMF 7.9.1), from its end."""
    cdef double tail
    cdef int k
    if x < 10.0:
        return exp(x * x) * erfc(x)
    tail = x
    for k in range(30, 0, -1):
        tail = x + k / 2.0 / tail
    return 1.0 / (sqrt(M_PI) * tail)


cdef double log_normal_cdf(double x) noexcept nogil:
    if x < -1.0:
        return log(erfc_scaled(-x / sqrt(2.0)) / 2.0) - x * x / 2.0
    return log1p(-erfc(x / sqrt(2.0)) / 2.0)


cdef double bessel(double x, int order, bint scaled) noexcept nogil:
    """Modified Bessel functions of order 0 and 1, over e^|x| if ``scaled``: the power series
    (DLMF 10.25.2), whose terms are all positive, or the one for large arguments (10.40.1)."""
    cdef double term, total, size = fabs(x)
    cdef int k
    if isinf(x):
        total = 0.0 if scaled else INFINITY
        return -total if order == 1 and x < 0.0 else total
    if size < 40.0:
        term = total = 1.0 if order == 0 else size / 2.0
        k = 1
        while term > total * 1e-17:
            term *= size * size / (4.0 * k * (k + order))
            total += term
            k += 1
        total *= exp(-size) if scaled else 1.0
    else:
        term = total = 1.0
        for k in range(1, 25):
            term *= ((2 * k - 1) ** 2 - 4 * order * order) / (8.0 * size * k)
            total += term
        total /= sqrt(2.0 * M_PI * size)
        if not scaled:
            total = total * exp(size / 2.0) * exp(size / 2.0)
    return -total if order == 1 and x < 0.0 else total


cdef double i0_at(double x) noexcept nogil:
    return bessel(x, 0, False)


cdef double i0e_at(double x) noexcept nogil:
    return bessel(x, 0, True)


cdef double i1_at(double x) noexcept nogil:
    return bessel(x, 1, False)


cdef double i1e_at(double x) noexcept nogil:
    return bessel(x, 1, True)


# ---------------------------------------------------------------- the one driver of these functions

ctypedef double (*real_function)(double) noexcept nogil


cdef object each(real_function function, Tensor x):
    """Return the function of each element, in the dtype of ``x``."""
    cdef ndarray out, given
    cdef double *data
    cdef float *narrow
    cdef const float *source
    cdef Py_ssize_t i, n = PyArray_SIZE(x.array)
    if PyArray_TYPE(x.array) == NPY_FLOAT:
        given = contiguous(x.array)
        out = empty_like_array(given)
        source, narrow = <const float *>PyArray_DATA(given), <float *>PyArray_DATA(out)
        with nogil:
            for i in range(n):
                narrow[i] = <float>function(source[i])
        return out
    out = np.array(x.array, np.float64, order="C")
    data = <double *>PyArray_DATA(out)
    with nogil:
        for i in range(n):
            data[i] = function(data[i])
    with np.errstate(all="ignore"):
        return out.astype((<object>x.array).dtype, copy=False)


cdef object unary(real_function function, str label, object gradient, object input, bint keep=False):
    """Compute and record a function; ``gradient`` takes g and the input, or with ``keep`` the
    result."""
    cdef Tensor x = float_operand(input)
    return recorded(each(function, x), label, (x,), (gradient,), () if keep else (x,), keep)


def lgamma(input):
    """Return ``log |gamma(input)|``.  Source: torch.lgamma.

    >>> import minigrad
    >>> minigrad.lgamma(minigrad.tensor([1.0, 5.0]))
    tensor([0.0000, 3.1781])
    """
    return unary(log_gamma, "LgammaBackward0", lambda g, x: g * digamma(x), input)


def digamma(input):
    """Return the derivative of ``lgamma``.  Source: torch.digamma.

    >>> import minigrad
    >>> minigrad.digamma(minigrad.tensor([1.0, 2.0]))
    tensor([-0.5772,  0.4228])
    """
    return unary(digamma_at, "DigammaBackward0", lambda g, x: g * polygamma(1, x), input)


def polygamma(n, input):
    """Return the ``n``-th derivative of ``digamma``.  Source: torch.polygamma.

    >>> import minigrad
    >>> minigrad.polygamma(1, minigrad.tensor([1.0]))
    tensor([1.6449])
    """
    cdef Tensor x
    cdef ndarray out
    cdef double *data
    cdef Py_ssize_t i
    cdef double order
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, but got {n}")
    if n == 1:
        return unary(trigamma_at, "PolygammaBackward0", lambda g, x: g * polygamma(2, x), input)
    x = float_operand(input)
    order = n
    out = np.array(x.array, np.float64, order="C")
    data = <double *>PyArray_DATA(out)
    for i in range(PyArray_SIZE(out)):
        data[i] = polygamma_at(order, data[i])
    with np.errstate(all="ignore"):
        return recorded(out.astype((<object>x.array).dtype, copy=False), "PolygammaBackward0", (x,),
                        (lambda g, x: g * polygamma(n + 1, x),), (x,))


def mvlgamma(input, p):
    """Return the logarithm of the multivariate gamma function of dimension ``p``.

    The input must be above (p - 1) / 2.  Source: torch.mvlgamma.

    >>> import minigrad
    >>> minigrad.mvlgamma(minigrad.tensor([3.0]), 2)
    tensor([1.5502])
    """
    if tensor_operand(input, "mvlgamma").dtype is bool_:
        raise RuntimeError("The input tensor may not be a boolean tensor.")
    if p < 1:
        raise RuntimeError(f"p has to be greater than or equal to 1, but got {p}")
    x = float_operand(input).unsqueeze(-1)
    shifts = recorded(np.arange(p) * -0.5, "", (), ()).to(x.dtype)
    return lgamma(x + shifts).sum(-1) + p * (p - 1) / 4.0 * math.log(math.pi)


def ndtri(input):
    """Return the inverse of ``ndtr``, on 0 to 1.  Source: torch.special.ndtri.

    >>> import minigrad
    >>> minigrad.special.ndtri(minigrad.tensor([0.5, 0.975]))
    tensor([0.0000, 1.9600])
    """
    return unary(normal_quantile, "SpecialNdtriBackward0",
                 lambda g, y: g * ((y * y / 2.0).exp() * math.sqrt(2.0 * math.pi)), input, True)


def erfcx(input):
    """Return ``exp(input ** 2) * erfc(input)``, which does not vanish.  Source:
    torch.special.erfcx.

    >>> import minigrad
    >>> minigrad.special.erfcx(minigrad.tensor([0.0, 100.0]))
    tensor([1.0000, 0.0056])
    """
    return unary(erfc_scaled, "SpecialErfcxBackward0",
                 lambda g, x: g * (2.0 * x * erfcx(x) - 2.0 / math.sqrt(math.pi)), input)


def log_ndtr(input):
    """Return the logarithm of ``ndtr``, exact where that vanishes.  Source:
    torch.special.log_ndtr.

    >>> import minigrad
    >>> minigrad.special.log_ndtr(minigrad.tensor([0.0, -50.0]))
    tensor([-6.9315e-01, -1.2548e+03])
    """
    return unary(log_normal_cdf, "SpecialLogNdtrBackward0",
                 lambda g, x: g / erfcx(x * -math.sqrt(0.5)) * math.sqrt(2.0 / math.pi), input)


def i0(input):
    """Return the modified Bessel function of the first kind, order 0.  Source: torch.i0.

    >>> import minigrad
    >>> minigrad.i0(minigrad.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return unary(i0_at, "I0Backward0", lambda g, x: g * i1(x), input)


def i0e(input):
    """Return ``exp(-|input|) * i0(input)``.  Source: torch.special.i0e."""
    cdef Tensor x = float_operand(input)
    return recorded(each(i0e_at, x), "SpecialI0EBackward0", (x,),
                    (lambda g, x, y: g * (i1e(x) - x.sign() * y),), (x,), True)


def i1(input):
    """Return the modified Bessel function of the first kind, order 1.  Source:
    torch.special.i1."""
    return unary(i1_at, "SpecialI1Backward0", lambda g, x: g * (i0(x) - over(i1(x), x)), input)


def i1e(input):
    """Return ``exp(-|input|) * i1(input)``.  Source: torch.special.i1e."""
    return unary(i1e_at, "SpecialI1EBackward0",
                 lambda g, x: g * (i0e(x) - x.sign() * i1e(x) - over(i1e(x), x)), input)


cdef object over(object y, object x):
    """Return y / x where that is 1/2 at 0."""
    zero = x == 0
    return (y / x.masked_fill(zero, 1.0)).masked_fill(zero, 0.5)
