"""How a draw of the gamma or the beta distribution moves with its concentration.

A draw x of concentration a keeps its quantile P(a, x) when a moves, so that its slope is
``dx/da = -(dP/da) / (dP/dx)``: the implicit gradient of M. Figurnov, S. Mohamed and A. Mnih,
"Implicit reparameterization gradients", 2018.  Here both derivatives are exact but for double
precision's rounding; torch's fits and expansions are right to three to five digits.

Source of the series and fractions: the NIST Digital Library of Mathematical Functions, 8.7.1,
8.9.2 and 8.17.22; of the expansion for large a: 8.12.3, inverted as in 8.12.22.
"""

import numpy as np

from libc.math cimport fabs, log, log1p
from numpy cimport PyArray_DATA, PyArray_SIZE, import_array, ndarray

from minigrad.ops.special cimport digamma_at

import_array()

cdef enum:
    MOST_TERMS = 1000000        # a few thousand are needed for the largest concentrations


# ---------------------------------------------------------------- numbers with their derivative

cdef struct Dual:
    double value
    double slope        # by the concentration


cdef inline Dual dual(double value, double slope) noexcept nogil:
    cdef Dual out
    out.value, out.slope = value, slope
    return out


cdef inline Dual plus(Dual a, Dual b) noexcept nogil:
    return dual(a.value + b.value, a.slope + b.slope)


cdef inline Dual times(Dual a, Dual b) noexcept nogil:
    return dual(a.value * b.value, a.slope * b.value + a.value * b.slope)


cdef inline Dual over(Dual a, Dual b) noexcept nogil:
    cdef double quotient = a.value / b.value
    return dual(quotient, (a.slope - quotient * b.slope) / b.value)


cdef struct Fraction:       # b0 + a1 / (b1 + a2 / (b2 + ...)) so far, and what Lentz's method keeps
    Dual value
    Dual c
    Dual d


cdef inline Fraction fraction(Dual start) noexcept nogil:
    cdef Fraction out
    out.value, out.c, out.d = start, start, dual(0.0, 0.0)
    return out


cdef inline bint extend(Fraction* f, Dual a, Dual b) noexcept nogil:
    """Add the next pair; return whether that changed the value or its slope."""
    cdef Dual step
    f.d = over(dual(1.0, 0.0), plus(b, times(a, f.d)))
    f.c = plus(b, over(a, f.c))
    step = times(f.c, f.d)
    f.value = times(f.value, step)
    return (fabs(step.value - 1.0) > 1e-15
            or fabs(step.slope * f.value.value) > 1e-15 * fabs(f.value.slope))


# ---------------------------------------------------------------- gamma

cdef double gamma_slope(double a, double x) noexcept nogil:
    """Each of the three forms is a sum of positive terms where it is used: no digits cancel."""
    if a > 1e5 and fabs(x - a) < 0.1 * a:
        return slope_of_large(a, x)
    if x < a + 0.5 or x < 2.0:
        return slope_from_below(a, x)
    return slope_from_above(a, x)


cdef double slope_from_below(double a, double x) noexcept nogil:
    """P over its density is the sum of x^(n+1) / (a (a+1) ... (a+n)) over n >= 0, and the
    derivative of P's logarithm turns each term t into t (log(x) - digamma(a + n + 1))."""
    cdef double logarithm = log(x), psi = digamma_at(a + 1.0), term = x / a, total = 0.0
    cdef int n
    for n in range(1, MOST_TERMS):
        total += term * (psi - logarithm)
        if x < a + n and term < 1e-17 * fabs(total):
            break
        psi += 1.0 / (a + n)
        term *= x / (a + n)
    return total


cdef double slope_from_above(double a, double x) noexcept nogil:
    """1 - P over its density is x over the fraction, and the derivative of its logarithm is
    log(x) - digamma(a) less that of the fraction's."""
    cdef Fraction f = fraction(dual(x + 1.0 - a, -1.0))
    cdef int k
    for k in range(1, MOST_TERMS):
        if not extend(&f, dual(k * (a - k), k), dual(x + 1.0 - a + 2 * k, -1.0)):
            break
    return x / f.value.value * (log(x) - digamma_at(a) - f.value.slope / f.value.value)


cdef double slope_of_large(double a, double x) noexcept nogil:
    """The first two terms of the expansion in 1 / a, with z = x / a - 1:
    (1 + z) (log(1 + z) / z + sum of (-z)^j / ((j + 2) (j + 3)) / a)."""
    cdef double z = (x - a) / a, power = 1.0, second = 0.0
    cdef int j
    for j in range(16):
        second += power / ((j + 2) * (j + 3))
        power *= -z
    return (1.0 + z) * ((log1p(z) / z if z else 1.0) + second / a)


# ---------------------------------------------------------------- beta

cdef double beta_slope(double a, double b, double x) noexcept nogil:
    """dx/da over 1 - x for x of the beta distribution.

    Of its two tails, I_x(a, b) and I_(1-x)(b, a), the one whose fraction is quick: it is
    ``front / (p * fraction)``, and ``front`` over the density is x (1 - x).
    """
    cdef bint lower = x < (a + 1.0) / (a + b + 2.0)
    cdef double p = a if lower else b, q = b if lower else a, y = x if lower else 1.0 - x
    cdef double dp = 1.0 if lower else 0.0, change
    cdef Dual term
    cdef Fraction f = fraction(dual(1.0, 0.0))
    cdef int k, m
    if b == 0.0:
        return 0.0          # a number without others is always 1
    for k in range(1, MOST_TERMS):
        m = k // 2
        if k % 2:
            term = over(dual(-(p + m) * (p + q + m) * y, -(dp * (p + q + m) + p + m) * y),
                        dual((p + 2 * m) * (p + k), dp * (2 * p + 2 * m + k)))
        else:
            term = over(dual(m * (q - m) * y, m * (1.0 - dp) * y),
                        dual((p + k - 1) * (p + k), dp * (2 * p + 2 * k - 1)))
        if not extend(&f, term, dual(1.0, 0.0)):
            break
    # the derivative of the tail's logarithm; digamma(a + 1) has the 1 / p in it
    change = log(x) + digamma_at(a + b) - digamma_at(a + 1.0 if lower else a)
    change -= f.value.slope / f.value.value
    return (-x if lower else x) * change / (p * f.value.value)


# ---------------------------------------------------------------- their faces

def gamma_slopes(ndarray concentration, ndarray drawn):
    """Return, as float64, the slope of each draw of rate 1.  Two contiguous float64 arrays."""
    cdef ndarray out = np.empty_like(drawn)
    cdef double* a = <double*>PyArray_DATA(concentration)
    cdef double* x = <double*>PyArray_DATA(drawn)
    cdef double* slope = <double*>PyArray_DATA(out)
    cdef Py_ssize_t i, n = PyArray_SIZE(out)
    with nogil:
        for i in range(n):
            slope[i] = gamma_slope(a[i], x[i])
    return out


def beta_slopes(ndarray concentration, ndarray others, ndarray drawn):
    """Return, as float64, the slope over 1 - x of each draw x, whose distribution is the beta one
    of its concentration and that of the others.  Contiguous float64 arrays."""
    cdef ndarray out = np.empty_like(drawn)
    cdef double* a = <double*>PyArray_DATA(concentration)
    cdef double* b = <double*>PyArray_DATA(others)
    cdef double* x = <double*>PyArray_DATA(drawn)
    cdef double* slope = <double*>PyArray_DATA(out)
    cdef Py_ssize_t i, n = PyArray_SIZE(out)
    with nogil:
        for i in range(n):
            slope[i] = beta_slope(a[i], b[i], x[i])
    return out
