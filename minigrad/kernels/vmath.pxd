# The functions of vmath.h by fused type: exp(x) of a float is a float.

from cython cimport floating
from libc cimport math as libm

cdef inline floating exp(floating x) noexcept nogil:
    return libm.expf(x) if floating is float else libm.exp(x)

cdef inline floating exp2(floating x) noexcept nogil:
    return libm.exp2f(x) if floating is float else libm.exp2(x)

cdef inline floating expm1(floating x) noexcept nogil:
    return libm.expm1f(x) if floating is float else libm.expm1(x)

cdef inline floating log(floating x) noexcept nogil:
    return libm.logf(x) if floating is float else libm.log(x)

cdef inline floating log1p(floating x) noexcept nogil:
    return libm.log1pf(x) if floating is float else libm.log1p(x)

cdef inline floating log2(floating x) noexcept nogil:
    return libm.log2f(x) if floating is float else libm.log2(x)

cdef inline floating log10(floating x) noexcept nogil:
    return libm.log10f(x) if floating is float else libm.log10(x)

cdef inline floating sqrt(floating x) noexcept nogil:
    return libm.sqrtf(x) if floating is float else libm.sqrt(x)

cdef inline floating fabs(floating x) noexcept nogil:
    return libm.fabsf(x) if floating is float else libm.fabs(x)

cdef inline floating sin(floating x) noexcept nogil:
    return libm.sinf(x) if floating is float else libm.sin(x)

cdef inline floating cos(floating x) noexcept nogil:
    return libm.cosf(x) if floating is float else libm.cos(x)

cdef inline floating tan(floating x) noexcept nogil:
    return libm.tanf(x) if floating is float else libm.tan(x)

cdef inline floating asin(floating x) noexcept nogil:
    return libm.asinf(x) if floating is float else libm.asin(x)

cdef inline floating acos(floating x) noexcept nogil:
    return libm.acosf(x) if floating is float else libm.acos(x)

cdef inline floating atan(floating x) noexcept nogil:
    return libm.atanf(x) if floating is float else libm.atan(x)

cdef inline floating atan2(floating y, floating x) noexcept nogil:
    return libm.atan2f(y, x) if floating is float else libm.atan2(y, x)

cdef inline floating sinh(floating x) noexcept nogil:
    return libm.sinhf(x) if floating is float else libm.sinh(x)

cdef inline floating cosh(floating x) noexcept nogil:
    return libm.coshf(x) if floating is float else libm.cosh(x)

cdef inline floating tanh(floating x) noexcept nogil:
    return libm.tanhf(x) if floating is float else libm.tanh(x)

cdef inline floating erf(floating x) noexcept nogil:
    return libm.erff(x) if floating is float else libm.erf(x)

cdef inline floating erfc(floating x) noexcept nogil:
    return libm.erfcf(x) if floating is float else libm.erfc(x)

cdef inline floating pow(floating x, floating y) noexcept nogil:
    return libm.powf(x, y) if floating is float else libm.pow(x, y)

cdef inline floating fmod(floating x, floating y) noexcept nogil:
    return libm.fmodf(x, y) if floating is float else libm.fmod(x, y)

cdef inline floating floor(floating x) noexcept nogil:
    return libm.floorf(x) if floating is float else libm.floor(x)

cdef inline floating ceil(floating x) noexcept nogil:
    return libm.ceilf(x) if floating is float else libm.ceil(x)

cdef inline floating trunc(floating x) noexcept nogil:
    return libm.truncf(x) if floating is float else libm.trunc(x)

cdef inline floating rint(floating x) noexcept nogil:
    return libm.rintf(x) if floating is float else libm.rint(x)

# Activations and helpers made of them

cdef inline floating sign(floating x) noexcept nogil:
    # 0 for NaN, as in torch
    return <floating>(x > 0) - <floating>(x < 0)

cdef inline floating sigmoid(floating x) noexcept nogil:
    return 1 / (1 + exp(-x))

cdef inline floating silu_slope(floating x) noexcept nogil:
    cdef floating s = sigmoid(x)
    return s * (1 + x * (1 - s))

cdef inline floating softplus(floating x) noexcept nogil:
    # log(1 + exp(x)) without overflow: max(x, 0) + log1p(exp(-|x|))
    return (x if x > 0 else <floating>0) + log1p(exp(-fabs(x)))

cdef inline floating normal_cdf(floating x) noexcept nogil:
    return <floating>0.5 * (1 + erf(x * <floating>0.7071067811865476))

cdef inline floating normal_pdf(floating x) noexcept nogil:
    return <floating>0.3989422804014327 * exp(<floating>-0.5 * x * x)

cdef inline floating gelu_tanh_inner(floating x) noexcept nogil:
    return tanh(<floating>0.7978845608028654 * (x + <floating>0.044715 * x * x * x))

cdef inline floating gelu_tanh_slope(floating x) noexcept nogil:
    cdef floating t = gelu_tanh_inner(x)
    cdef floating inner = <floating>0.7978845608028654 * (1 + <floating>0.134145 * x * x)
    return <floating>0.5 * (1 + t) + <floating>0.5 * x * (1 - t * t) * inner

cdef inline floating maximum(floating a, floating b) noexcept nogil:
    return a if (a > b) | (a != a) else b

cdef inline floating minimum(floating a, floating b) noexcept nogil:
    return a if (a < b) | (a != a) else b

cdef inline floating remainder(floating a, floating b) noexcept nogil:
    # The result has the divisor's sign
    cdef floating r = fmod(a, b)
    return r + b if (r != 0) & ((r < 0) != (b < 0)) else r

cdef inline floating floor_divide(floating a, floating b) noexcept nogil:
    # floor(a / b) of the exact quotient, which the rounded one may pass: 1 // 0.1 is 9
    cdef floating r = fmod(a, b), quotient = (a - r) / b, whole
    if b == 0:
        return a / b
    if (r != 0) & ((r < 0) != (b < 0)):
        quotient -= 1
    if quotient == 0:
        return a / b * 0
    whole = floor(quotient)
    return whole + 1 if quotient - whole > <floating>0.5 else whole
