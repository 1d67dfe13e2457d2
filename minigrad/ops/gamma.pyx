"""Special functions of two numbers: the incomplete gamma functions and Hurwitz's zeta function.

Source: the NIST Digital Library of Mathematical Functions, chapters 8 and 25.
"""

import numpy as np

from libc.math cimport INFINITY, NAN, exp, fabs, isinf, isnan, lgamma as c_lgamma, log
from numpy cimport PyArray_DATA, PyArray_SIZE, import_array, ndarray

from minigrad.ops.recorded import operands, recorded, tensor_operand
from minigrad.ops.shape import broadcast_tensors
from minigrad.ops.special cimport zeta_at
from minigrad.ops.special import lgamma
from minigrad.tensor cimport Tensor

import_array()


cdef double incomplete_gamma(double a, double x, bint upper) noexcept nogil:
    """The part of gamma(a) that comes from below x, or from above: the power series (DLMF 8.7.1)
    where x is small, the continued fraction (8.9.2) by Lentz's method where it is large."""
    cdef double front, term, total, b, c, d, step
    cdef int k = 1
    cdef bint all_below
    if isnan(a) or isnan(x) or a < 0.0 or x < 0.0:
        return NAN
    if a == 0.0 or isinf(x) or x == 0.0 or isinf(a):
        if (a == 0.0 and x == 0.0) or (isinf(a) and isinf(x)):
            return NAN
        all_below = a == 0.0 or isinf(x)
        return 1.0 if all_below != upper else 0.0
    front = exp(a * log(x) - x - c_lgamma(a))
    if x < a + 1.0:
        term = total = 1.0 / a
        while term > total * 1e-17:
            term *= x / (a + k)
            total += term
            k += 1
        return 1.0 - front * total if upper else front * total
    b = x + 1.0 - a
    c, d = 1e300, 1.0 / b
    total, step = d, 0.0
    while fabs(step - 1.0) > 1e-16 and k < 100000:
        term = k * (a - k)
        b += 2.0
        d = 1.0 / (term * d + b)
        c = b + term / c
        step = c * d
        total *= step
        k += 1
    return front * total if upper else 1.0 - front * total


cdef double lower_part(double a, double x) noexcept nogil:
    return incomplete_gamma(a, x, False)


cdef double upper_part(double a, double x) noexcept nogil:
    return incomplete_gamma(a, x, True)


# ---------------------------------------------------------------- the one driver of these functions

ctypedef double (*function_of_two)(double, double) noexcept nogil


cdef object each(function_of_two function, Tensor a, Tensor b):
    """Return the function of each pair of elements, broadcast, in the dtype of both."""
    cdef ndarray firsts, out
    cdef double *first
    cdef double *data
    cdef Py_ssize_t i, n
    firsts, out = [np.array(x.numpy(force=True), np.float64, order="C")
                   for x in broadcast_tensors(a, b)]
    first, data, n = <double *>PyArray_DATA(firsts), <double *>PyArray_DATA(out), PyArray_SIZE(out)
    with nogil:
        for i in range(n):
            data[i] = function(first[i], data[i])
    with np.errstate(all="ignore"):
        return out.astype((<object>a.array).dtype, copy=False)


def no_derivative(str name):
    """Return the gradient of the first number, which torch does not have either."""
    def gradient(g, a, b):
        raise NotImplementedError(f"the derivative for '{name}' is not implemented.")
    return gradient


def density(g, a, x):
    """Return ``g`` times the slope of ``igamma`` in its second number."""
    return g * ((a - 1.0) * x.log() - x - lgamma(a)).exp()


cdef object part_of_gamma(str name, function_of_two function, object gradient, object input,
                          object other):
    cdef Tensor a, x
    a, x = operands(tensor_operand(input, name), tensor_operand(other, name, "other"))
    if not a.dtype.is_floating_point:
        raise NotImplementedError(f"{name} is defined for floating dtypes, but got {a.dtype}")
    return recorded(each(function, a, x), name.capitalize() + "Backward0", (a, x),
                    (no_derivative(name + ": input"), gradient), (a, x))


def igamma(input, other):
    """Return the regularized lower incomplete gamma function P(input, other), of numbers >= 0.

    Only ``other`` has a gradient.  Source: torch.special.gammainc.

    >>> import minigrad
    >>> minigrad.igamma(minigrad.tensor([1.0]), minigrad.tensor([1.0]))
    tensor([0.6321])
    """
    return part_of_gamma("igamma", lower_part, density, input, other)


def igammac(input, other):
    """Return ``1 - igamma(input, other)``, exact where that is small."""
    return part_of_gamma("igammac", upper_part, lambda g, a, x: -density(g, a, x), input, other)


def zeta(input, other):
    """Return Hurwitz's zeta function, the sum of ``(other + k) ** -input`` over k >= 0.

    Only ``other`` has a gradient.  Source: torch.special.zeta.

    >>> import minigrad
    >>> minigrad.special.zeta(minigrad.tensor([2.0]), 1.0)
    tensor([1.6449])
    """
    cdef Tensor s, q
    if not isinstance(input, Tensor):
        tensor_operand(other, "special_zeta", "other")
    s, q = operands(input, other, True)
    return recorded(each(zeta_at, s, q), "SpecialZetaBackward0", (s, q),
                    (no_derivative("zeta"), lambda g, s, q: g * (-s * zeta(s + 1.0, q))), (s, q))
