# The functions of vmath.h by fused type: exp(x) of a float is a float.  What is vectorised is
# written vm_ there; what calls libm for every number, scalar_.

from cython cimport floating
from libc cimport math as libm

cdef extern from "vmath.h" nogil:
    float vm_expf(float x) noexcept
    float vm_exp2f(float x) noexcept
    float vm_exp_negativef(float x) noexcept
    double vm_exp_negative(double x) noexcept
    float vm_exp_belowf(float x, float top) noexcept
    double vm_exp_below(double x, double top) noexcept
    float vm_expm1f(float x) noexcept
    float vm_logf(float x) noexcept
    float vm_log1pf(float x) noexcept
    float vm_log2f(float x) noexcept
    float vm_log10f(float x) noexcept
    float vm_sinf(float x) noexcept
    float vm_cosf(float x) noexcept
    float vm_tanf(float x) noexcept
    float vm_asinf(float x) noexcept
    float vm_acosf(float x) noexcept
    float vm_atan2f(float y, float x) noexcept
    float vm_sinhf(float x) noexcept
    float vm_coshf(float x) noexcept
    float vm_tanhf(float x) noexcept
    float vm_sigmoidf(float x) noexcept
    float vm_erff(float x) noexcept
    float vm_erfcf(float x) noexcept
    float vm_erfinvf(float x) noexcept
    double scalar_erfinv(double x) noexcept
    # Return types of functions to flatten: see vmath.h
    ctypedef int flat_int "FLAT int"
    ctypedef double flat_double "FLAT double"
    float vm_normal_cdff(float x) noexcept
    float vm_geluf(float x) noexcept
    float vm_gaussf(float x) noexcept
    float scalar_sinf(float x) noexcept
    float scalar_cosf(float x) noexcept
    float scalar_tanf(float x) noexcept
    float vm_softplusf(float x) noexcept
    double vm_softplus(double x) noexcept
    float vm_bce_logitsf(float x, float t) noexcept
    double vm_bce_logits(double x, double t) noexcept
    float vm_bce_logits_slopef(float x, float t) noexcept
    double vm_bce_logits_slope(double x, double t) noexcept
    double vm_exp(double x) noexcept
    double vm_exp2(double x) noexcept
    double vm_expm1(double x) noexcept
    double vm_log(double x) noexcept
    double vm_log1p(double x) noexcept
    double scalar_log2(double x) noexcept
    double scalar_log10(double x) noexcept
    double scalar_sin(double x) noexcept
    double vm_sin(double x) noexcept
    double vm_cos(double x) noexcept
    double scalar_cos(double x) noexcept
    double scalar_tan(double x) noexcept
    double scalar_asin(double x) noexcept
    double scalar_acos(double x) noexcept
    double scalar_atan2(double y, double x) noexcept
    double scalar_sinh(double x) noexcept
    double scalar_cosh(double x) noexcept
    double vm_tanh(double x) noexcept
    double vm_sigmoid(double x) noexcept
    double scalar_erf(double x) noexcept
    double scalar_erfc(double x) noexcept
    float vm_powf(float x, float y) noexcept
    double scalar_pow(double x, double y) noexcept
    float vm_fmodf(float x, float y) noexcept
    float scalar_fmodf(float x, float y) noexcept
    double scalar_fmod(double x, double y) noexcept
    float vm_hypotf(float x, float y) noexcept
    double scalar_hypot(double x, double y) noexcept

cdef inline floating exp(floating x) noexcept nogil:
    return vm_expf(x) if floating is float else vm_exp(x)

# exp(x) for x <= 0, quicker; 1 for x > 0
cdef inline floating exp_negative(floating x) noexcept nogil:
    return vm_exp_negativef(x) if floating is float else vm_exp_negative(x)

# exp(x - top) for x <= top
cdef inline floating exp_below(floating x, floating top) noexcept nogil:
    return vm_exp_belowf(x, top) if floating is float else vm_exp_below(x, top)

cdef inline floating exp2(floating x) noexcept nogil:
    return vm_exp2f(x) if floating is float else vm_exp2(x)

cdef inline floating expm1(floating x) noexcept nogil:
    return vm_expm1f(x) if floating is float else vm_expm1(x)

cdef inline floating log(floating x) noexcept nogil:
    return vm_logf(x) if floating is float else vm_log(x)

cdef inline floating log1p(floating x) noexcept nogil:
    return vm_log1pf(x) if floating is float else vm_log1p(x)

cdef inline floating log2(floating x) noexcept nogil:
    return vm_log2f(x) if floating is float else scalar_log2(x)

cdef inline floating log10(floating x) noexcept nogil:
    return vm_log10f(x) if floating is float else scalar_log10(x)

cdef inline floating sin(floating x) noexcept nogil:
    return vm_sinf(x) if floating is float else vm_sin(x)

cdef inline floating cos(floating x) noexcept nogil:
    return vm_cosf(x) if floating is float else vm_cos(x)

cdef inline floating tan(floating x) noexcept nogil:
    return vm_tanf(x) if floating is float else scalar_tan(x)

# Beyond this many radians sin, cos and tan are wrong: take the far_ ones.
cdef inline bint is_far(floating x) noexcept nogil:
    return fabs(x) > 1048576

cdef inline floating far_sin(floating x) noexcept nogil:
    return scalar_sinf(x) if floating is float else scalar_sin(x)

cdef inline floating far_cos(floating x) noexcept nogil:
    return scalar_cosf(x) if floating is float else scalar_cos(x)

cdef inline floating far_tan(floating x) noexcept nogil:
    return scalar_tanf(x) if floating is float else scalar_tan(x)

cdef inline floating asin(floating x) noexcept nogil:
    return vm_asinf(x) if floating is float else scalar_asin(x)

cdef inline floating acos(floating x) noexcept nogil:
    return vm_acosf(x) if floating is float else scalar_acos(x)

cdef inline floating atan(floating x) noexcept nogil:
    return vm_atan2f(x, 1) if floating is float else scalar_atan2(x, 1)

cdef inline floating sinh(floating x) noexcept nogil:
    return vm_sinhf(x) if floating is float else scalar_sinh(x)

cdef inline floating cosh(floating x) noexcept nogil:
    return vm_coshf(x) if floating is float else scalar_cosh(x)

cdef inline floating tanh(floating x) noexcept nogil:
    return vm_tanhf(x) if floating is float else vm_tanh(x)

cdef inline floating sigmoid(floating x) noexcept nogil:
    return vm_sigmoidf(x) if floating is float else vm_sigmoid(x)

cdef inline floating softplus(floating x) noexcept nogil:
    return vm_softplusf(x) if floating is float else vm_softplus(x)

cdef inline floating bce_logits(floating x, floating t) noexcept nogil:
    return vm_bce_logitsf(x, t) if floating is float else vm_bce_logits(x, t)

cdef inline floating bce_logits_slope(floating x, floating t) noexcept nogil:
    return vm_bce_logits_slopef(x, t) if floating is float else vm_bce_logits_slope(x, t)

cdef inline floating erf(floating x) noexcept nogil:
    return vm_erff(x) if floating is float else scalar_erf(x)

cdef inline floating erfc(floating x) noexcept nogil:
    return vm_erfcf(x) if floating is float else scalar_erfc(x)

cdef inline floating erfinv(floating x) noexcept nogil:
    return vm_erfinvf(x) if floating is float else scalar_erfinv(x)

cdef inline floating sqrt(floating x) noexcept nogil:
    return libm.sqrtf(x) if floating is float else libm.sqrt(x)

cdef inline floating fabs(floating x) noexcept nogil:
    return libm.fabsf(x) if floating is float else libm.fabs(x)

cdef inline floating floor(floating x) noexcept nogil:
    return libm.floorf(x) if floating is float else libm.floor(x)

cdef inline floating ceil(floating x) noexcept nogil:
    return libm.ceilf(x) if floating is float else libm.ceil(x)

cdef inline floating trunc(floating x) noexcept nogil:
    return libm.truncf(x) if floating is float else libm.trunc(x)

cdef inline floating rint(floating x) noexcept nogil:
    return libm.rintf(x) if floating is float else libm.rint(x)

cdef inline floating copysign(floating x, floating y) noexcept nogil:
    return libm.copysignf(x, y) if floating is float else libm.copysign(x, y)

cdef inline floating atan2(floating y, floating x) noexcept nogil:
    return vm_atan2f(y, x) if floating is float else scalar_atan2(y, x)

cdef inline floating hypot(floating x, floating y) noexcept nogil:
    return vm_hypotf(x, y) if floating is float else scalar_hypot(x, y)

cdef inline floating pow(floating x, floating y) noexcept nogil:
    return vm_powf(x, y) if floating is float else scalar_pow(x, y)

cdef inline floating fmod(floating x, floating y) noexcept nogil:
    return vm_fmodf(x, y) if floating is float else scalar_fmod(x, y)

# Beyond this quotient fmod is wrong: take far_fmod.
cdef inline bint is_far_quotient(floating x, floating y) noexcept nogil:
    return floating is float and (fabs(x) >= 268435456 * fabs(y)) & (y != 0)

cdef inline floating far_fmod(floating x, floating y) noexcept nogil:
    return scalar_fmodf(x, y) if floating is float else scalar_fmod(x, y)

# Activations and helpers made of them

cdef inline floating choose(bint condition, floating yes, floating no) noexcept nogil:
    # Both are computed, where a conditional expression would load one of them only, and branch
    return yes if condition else no

cdef inline floating sign(floating x) noexcept nogil:
    # 0 for NaN, as in torch
    return <floating>(x > 0) - <floating>(x < 0)

cdef inline floating silu_slope(floating x) noexcept nogil:
    cdef floating s = sigmoid(x)
    return s * (<floating>1 + x * (<floating>1 - s))

cdef inline floating gelu(floating x) noexcept nogil:
    return vm_geluf(x) if floating is float else x * (0.5 * scalar_erfc(-x * 0.7071067811865476))

cdef inline floating normal_cdf(floating x) noexcept nogil:
    return vm_normal_cdff(x) if floating is float else 0.5 * scalar_erfc(-x * 0.7071067811865476)

cdef inline floating normal_pdf(floating x) noexcept nogil:
    return <floating>0.3989422804014327 * (
        vm_gaussf(x) if floating is float else vm_exp(-0.5 * x * x))

cdef inline floating gelu_tanh_share(floating x) noexcept nogil:
    # (1 + tanh(u)) / 2 is sigmoid(2 u)
    return sigmoid(<floating>1.5957691216057308 * (x + <floating>0.044715 * x * x * x))

cdef inline floating gelu_tanh_slope(floating x) noexcept nogil:
    cdef floating s = gelu_tanh_share(x), rest = <floating>1 - s
    cdef floating inner = <floating>1.5957691216057308 * (
        <floating>1 + <floating>0.134145 * x * x)
    return s + x * s * rest * inner

cdef inline floating limited(floating x, floating low, floating high) noexcept nogil:
    # NaN stays; limits that are NaN do nothing
    x = choose(x < low, low, x)
    return choose(x > high, high, x)

cdef inline floating maximum(floating a, floating b) noexcept nogil:
    return a if (a > b) | (a != a) else b

cdef inline floating minimum(floating a, floating b) noexcept nogil:
    return a if (a < b) | (a != a) else b

cdef inline floating remainder(floating a, floating b, floating r) noexcept nogil:
    # Of r = fmod(a, b), with the divisor's sign
    return r + b if (r != 0) & ((r < 0) != (b < 0)) else r

cdef inline floating floor_divide(floating a, floating b, floating r) noexcept nogil:
    # floor(a / b) of the exact quotient, which the rounded one may pass: 1 // 0.1 is 9
    cdef floating quotient = (a - r) / b, whole
    quotient = choose((r != 0) & ((r < 0) != (b < 0)), quotient - 1, quotient)
    whole = floor(quotient)
    whole = choose(quotient - whole > <floating>0.5, whole + 1, whole)
    whole = choose(quotient == 0, a / b * 0, whole)
    return choose(b == 0, a / b, whole)

cdef inline floating logaddexp(floating a, floating b) noexcept nogil:
    # infinities of one sign are no distance apart
    return maximum(a, b) + softplus(choose(a == b, <floating>0, -fabs(a - b)))

cdef inline floating nan_to_num(
    floating x, floating nan, floating low, floating high
) noexcept nogil:
    cdef floating y = choose(x == libm.INFINITY, high, x)
    y = choose(x == -libm.INFINITY, low, y)
    return choose(x != x, nan, y)
