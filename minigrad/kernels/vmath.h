/* Elementary functions of one number, written so that GCC vectorises loops over them: straight
 * arithmetic, integers for the exponents, selections in place of branches, no calls.
 *
 * They give the same bits wherever in an array a number stands, and pass NaN, infinities and
 * denormals as libm does.  Errors, measured in tests/test_kernels_elementwise.py, stay below 2
 * units in the last place (2.3 for sigmoid; 2.7 for doubles; 8 for gelu and the normal distribution's
 * lower tail, more where they are nearly denormal).  The polynomials are Chebyshev fits
 * (mpmath.chebyfit at 40 digits) on the intervals named beside them.
 *
 * What is called scalar_* goes to libm, one number at a time.
 */
#ifndef MINIGRAD_VMATH_H
#define MINIGRAD_VMATH_H

/* A function that begins with FLAT has every call in it inlined, however long that makes it (a loop
 * over a function that was not inlined is not vectorised), and is not itself inlined (in a long
 * function GCC keeps fewer numbers in registers). */
#if defined(__GNUC__) && !defined(__clang__)
#define FLAT __attribute__((flatten, noinline))
#pragma GCC diagnostic ignored "-Wattributes"   /* Cython writes the return type of a local, too */
#else
#define FLAT                                    /* (what is an error to clang) */
#endif
#ifdef __GNUC__
#define ALONE __attribute__((noinline))
#else
#define ALONE
#endif

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float float_of(uint32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
static inline uint32_t bits_of(float x) { uint32_t bits; memcpy(&bits, &x, 4); return bits; }
static inline double double_of(uint64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
static inline uint64_t long_bits_of(double x) { uint64_t bits; memcpy(&bits, &x, 8); return bits; }

/* Adding 1.5 * 2^23 (2^52) leaves no bits for a fraction: it rounds to the nearest integer, which
 * then stands in the low bits of the sum. */
#define ROUND_F 12582912.0f
#define ROUND_D 6755399441055744.0
#define LN2_HIGH_F 0.693359375f                 /* few bits: its small multiples are exact */
#define LN2_LOW_F -2.12194440055e-4f
#define LN2_HIGH_D 0.6931467056274414
#define LN2_LOW_D 4.7493250390316723e-7
#define LOG2_E 1.4426950408889634

/* 2^n for the n in the low bits of a sum with ROUND */
static inline float power_of_two_f(float rounded) {
    return float_of((bits_of(rounded) + 127) << 23);
}
static inline double power_of_two_d(double rounded) {
    return double_of((long_bits_of(rounded) + 1023) << 52);
}

/* exp(r) - 1 for |r| <= ln(2) / 2 */
static inline float exp_tail_f(float r) {
    float q = 1.392692661e-3f;
    q = q * r + 8.363773874e-3f;
    q = q * r + 4.166655011e-2f;
    q = q * r + 1.666657338e-1f;
    q = q * r + 0.5f;
    return q * r * r + r;
}
static inline double exp_tail_d(double r) {
    double q = 2.5101346928350340e-8;
    q = q * r + 2.7621338669142924e-7;
    q = q * r + 2.7557266418612304e-6;
    q = q * r + 2.4801518641395994e-5;
    q = q * r + 1.9841269864380513e-4;
    q = q * r + 1.3888888918939168e-3;
    q = q * r + 8.3333333333297935e-3;
    q = q * r + 4.1666666666620639e-2;
    q = q * r + 1.6666666666666668e-1;
    q = q * r + 0.5;
    return q * r * r + r;
}

/* exp(x + low), low small: x = n ln(2) + r.  2^n comes in two factors, so that a result beyond
 * the largest number becomes infinite and one below the smallest normal number denormal. */
static inline float exp_sum_f(float x, float low) {
    float t, n, half, r;
    x = x > 89.0f ? 89.0f : x;
    x = x < -104.0f ? -104.0f : x;
    t = x * (float)LOG2_E + ROUND_F;
    n = t - ROUND_F;
    half = n * 0.5f + ROUND_F;
    r = x - n * LN2_HIGH_F - n * LN2_LOW_F + low;
    return (exp_tail_f(r) + 1.0f) * power_of_two_f(half)
        * power_of_two_f(n - (half - ROUND_F) + ROUND_F);
}
static inline double exp_sum_d(double x, double low) {
    double t, n, half, r;
    x = x > 710.0 ? 710.0 : x;
    x = x < -746.0 ? -746.0 : x;
    t = x * LOG2_E + ROUND_D;
    n = t - ROUND_D;
    half = n * 0.5 + ROUND_D;
    r = x - n * LN2_HIGH_D - n * LN2_LOW_D + low;
    return (exp_tail_d(r) + 1.0) * power_of_two_d(half)
        * power_of_two_d(n - (half - ROUND_D) + ROUND_D);
}
/* exp(x + low) for x <= 0: here one factor of 2^n does, given an offset of 2^32.  (159 = 32 + 127:
 * the sum's low bits are the factor's exponent as it is stored.) */
#define SCALE_BACK_F 2.3283064365386963e-10f  /* 2^-32 */
static inline float scaled_exp_negative_f(float x, float low) {  /* 2^32 exp(x + low), x >= -104 */
    float t = x * (float)LOG2_E + (ROUND_F + 159.0f), n = t - (ROUND_F + 159.0f);
    float r = x - n * LN2_HIGH_F - n * LN2_LOW_F + low;
    return (exp_tail_f(r) + 1.0f) * float_of(bits_of(t) << 23);
}
static inline float exp_sum_negative_f(float x, float low) {
    return scaled_exp_negative_f(x < -104.0f ? -104.0f : x, low) * SCALE_BACK_F;
}
static inline double exp_sum_negative_d(double x, double low) {
    double t, n, r;
    x = x < -746.0 ? -746.0 : x;
    t = x * LOG2_E + ROUND_D;
    n = t - ROUND_D;
    r = x - n * LN2_HIGH_D - n * LN2_LOW_D + low;
    return (exp_tail_d(r) + 1.0) * power_of_two_d(t + 64.0) * 5.421010862427522e-20;
}
static inline float vm_expf(float x) { return exp_sum_f(x, 0.0f); }
static inline double vm_exp(double x) { return exp_sum_d(x, 0.0); }

/* exp(x) for x <= 0, as in a softmax; for x > 0 it is 1 */
static inline float vm_exp_negativef(float x) { return exp_sum_negative_f(x > 0.0f ? 0.0f : x, 0.0f); }
static inline double vm_exp_negative(double x) { return exp_sum_negative_d(x > 0.0 ? 0.0 : x, 0.0); }

/* exp(x - top) for x <= top: of doubles with what the difference loses to rounding.  (That of floats
 * is as large, but there the time matters more.) */
static inline float vm_exp_belowf(float x, float top) { return vm_exp_negativef(x - top); }
static inline double vm_exp_below(double x, double top) {
    double d = x - top, own = d - x, low = (x - (d - own)) - (top + own);
    low = fabs(low) < 1e-13 ? low : 0.0;                        /* NaN where x is infinite */
    return exp_sum_negative_d(d > 0.0 ? 0.0 : d, low);
}

static inline float vm_exp2f(float x) {
    float t, n, half;
    x = x > 129.0f ? 129.0f : x;
    x = x < -151.0f ? -151.0f : x;
    t = x + ROUND_F;
    n = t - ROUND_F;
    half = n * 0.5f + ROUND_F;
    return (exp_tail_f((x - n) * 0.6931471806f) + 1.0f) * power_of_two_f(half)
        * power_of_two_f(n - (half - ROUND_F) + ROUND_F);
}

static inline double vm_exp2(double x) {
    double t, n, half;
    x = x > 1025.0 ? 1025.0 : x;
    x = x < -1076.0 ? -1076.0 : x;
    t = x + ROUND_D;
    n = t - ROUND_D;
    half = n * 0.5 + ROUND_D;
    return (exp_tail_d((x - n) * 0.6931471805599453) + 1.0) * power_of_two_d(half)
        * power_of_two_d(n - (half - ROUND_D) + ROUND_D);
}

/* exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), as twice its half because 2^128 is no float */
static inline float vm_expm1f(float x) {
    float t, n, r, s;
    x = x > 89.0f ? 89.0f : x;
    x = x < -30.0f ? -30.0f : x;
    t = x * (float)LOG2_E + ROUND_F;
    n = t - ROUND_F;
    r = x - n * LN2_HIGH_F - n * LN2_LOW_F;
    s = power_of_two_f(n - 1.0f + ROUND_F);
    return fabsf(x) < 1e-8f ? x : (s * exp_tail_f(r) + (s - 0.5f)) * 2.0f;
}
static inline double vm_expm1(double x) {
    double t, n, r, s;
    x = x > 710.0 ? 710.0 : x;
    x = x < -60.0 ? -60.0 : x;
    t = x * LOG2_E + ROUND_D;
    n = t - ROUND_D;
    r = x - n * LN2_HIGH_D - n * LN2_LOW_D;
    s = power_of_two_d(n - 1.0 + ROUND_D);
    return fabs(x) < 1e-17 ? x : (s * exp_tail_d(r) + (s - 0.5)) * 2.0;
}

/* log(x) + low: x = 2^e (1 + f) with 1 + f from sqrt(1/2) to sqrt(2), low small */
static inline float log_sum_f(float x, float low) {
    int tiny = x < 1.17549435e-38f;
    uint32_t bits = bits_of(tiny ? x * 33554432.0f : x) + (0x3f800000 - 0x3f3504f3);
    float e = (float)(int32_t)(bits >> 23) - (tiny ? 152.0f : 127.0f);
    float f = float_of((bits & 0x007fffff) + 0x3f3504f3) - 1.0f;
    float p = 6.961009006e-2f, y;
    p = p * f + -1.148445325e-1f;
    p = p * f + 1.169113206e-1f;
    p = p * f + -1.242542174e-1f;
    p = p * f + 1.424850761e-1f;
    p = p * f + -1.666779735e-1f;
    p = p * f + 2.000073026e-1f;
    p = p * f + -2.499999713e-1f;
    p = p * f + 3.333333112e-1f;
    p = p * f * f * f + (e * LN2_LOW_F + low);
    y = (p - 0.5f * f * f) + f + e * LN2_HIGH_F;
    y = x == INFINITY ? x : y;
    y = x == 0.0f ? -INFINITY : y;
    return x >= 0.0f ? y : NAN;
}
static inline double log_sum_d(double x, double low) {
    int tiny = x < 2.2250738585072014e-308;
    uint64_t bits = long_bits_of(tiny ? x * 18014398509481984.0 : x)
        + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
    double e = double_of((bits >> 52) | 0x4330000000000000)     /* 2^52 + the integer */
        - (tiny ? 4503599627370496.0 + 1077.0 : 4503599627370496.0 + 1023.0);
    double f = double_of((bits & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd) - 1.0;
    double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f, p = 1.4621885923046002e-1, y;
    p = p * z + 1.5331280811137394e-1;
    p = p * z + 1.8182902409658548e-1;
    p = p * z + 2.2222210952099322e-1;
    p = p * z + 2.8571428627096913e-1;
    p = p * z + 3.9999999999897027e-1;
    p = p * z + 6.6666666666666698e-1;
    p = s * (half + p * z) + (e * LN2_LOW_D + low);
    y = (p - half) + f + e * LN2_HIGH_D;
    y = x == (double)INFINITY ? x : y;
    y = x == 0.0 ? -(double)INFINITY : y;
    return x >= 0.0 ? y : (double)NAN;
}
static inline float vm_logf(float x) { return log_sum_f(x, 0.0f); }
static inline double vm_log(double x) { return log_sum_d(x, 0.0); }

/* log(1 + x): of the rounded sum u, and to first order of what the rounding lost */
static inline float vm_log1pf(float x) {
    float u = 1.0f + x, low = (x - (u - 1.0f)) / u;
    low = u > 0.0f && u < INFINITY ? low : 0.0f;
    return x == 0.0f ? x : log_sum_f(u, low);
}
static inline double vm_log1p(double x) {
    double u = 1.0 + x, low = (x - (u - 1.0)) / u;
    low = u > 0.0 && u < (double)INFINITY ? low : 0.0;
    return x == 0.0 ? x : log_sum_d(u, low);
}

/* Floats for which doubles are at hand */
static inline float vm_log2f(float x) { return (float)(vm_log(x) * LOG2_E); }
static inline float vm_log10f(float x) { return (float)(vm_log(x) * 0.4342944819032518); }
static inline float vm_sinhf(float x) {
    double e = vm_exp(x);
    return fabsf(x) < 1e-4f ? x : (float)(0.5 * (e - 1.0 / e));
}
static inline float vm_coshf(float x) {
    double e = vm_exp(fabsf(x));
    return (float)(0.5 * (e + 1.0 / e));
}

/* x to the power y: exp(y log|x|) in doubles, with the sign of odd powers of negative numbers.
 * Where a negative x has no power, its logarithm makes the NaN. */
static inline float vm_powf(float x, float y) {
    uint32_t near = fabsf(y) < 16777216.0f;                     /* beyond, all floats are even */
    float small = float_of(bits_of(y) & (0 - near));
    int32_t whole = (int32_t)small;
    float a = fabsf(x), base, p;
    uint32_t sign = bits_of(x) & 0x80000000;
    uint32_t broken = (small != (float)whole) & (a != INFINITY);
    base = float_of(bits_of(a) | (sign & broken << 31));
    p = (float)vm_exp((double)y * vm_log(base));
    p = float_of(bits_of(p) ^ (sign & (uint32_t)whole << 31));
    p = ((a == 1.0f) & (fabsf(y) == INFINITY)) ? 1.0f : p;
    p = y == 0.0f ? 1.0f : p;
    return x == 1.0f ? 1.0f : p;
}

/* sin and cos: x = n pi/2 + r with |r| <= pi/4, and the quarter n & 3 says which series, with
 * which sign.  Beyond 2^20 n times pi/2's first part is not exact: there the callers turn to libm.
 * Floats are computed in doubles, with shorter series. */
static inline double quarter_wave_f(double x, uint64_t shift) {
    double t = x * 0.63661977236758134 + ROUND_D, n = t - ROUND_D;
    double r = x - n * 1.5707963267341256 - n * 6.077100506506192e-11, z = r * r;
    uint64_t quarter = long_bits_of(t) + shift;
    double s = 2.7246868722877945e-6, c = 2.4545419078353295e-5, y;
    s = s * z + -1.9840063040804117e-4;
    s = s * z + 8.3333183062942840e-3;
    s = s * z + -1.6666666663741368e-1;
    c = c * z + -1.3888291300556933e-3;
    c = c * z + 4.1666664598827980e-2;
    y = quarter & 1 ? c * z * z - 0.5 * z + 1.0 : s * z * r + r;
    return double_of(long_bits_of(y) ^ (quarter & 2) << 62);
}
static inline double quarter_wave_d(double x, uint64_t shift) {
    double t = x * 0.63661977236758134 + ROUND_D, n = t - ROUND_D;
    double r = x - n * 1.5707963267341256 - n * 6.077100506303966e-11 - n * 2.0222662487959506e-21;
    double z = r * r, s = 1.5916726193889337e-10, c = -1.1381754653662936e-11, y;
    uint64_t quarter = long_bits_of(t) + shift;
    s = s * z + -2.5051112272573243e-8;
    s = s * z + 2.7557316008171551e-6;
    s = s * z + -1.9841269836575709e-4;
    s = s * z + 8.3333333333308270e-3;
    s = s * z + -1.6666666666666664e-1;
    c = c * z + 2.0876134024090146e-9;
    c = c * z + -2.7557317212686590e-7;
    c = c * z + 2.4801587298651291e-5;
    c = c * z + -1.3888888888887321e-3;
    c = c * z + 4.1666666666666653e-2;
    y = quarter & 1 ? c * z * z - 0.5 * z + 1.0 : s * z * r + r;
    return double_of(long_bits_of(y) ^ (quarter & 2) << 62);
}
static inline float vm_sinf(float x) { return x == 0.0f ? x : (float)quarter_wave_f(x, 0); }
static inline float vm_cosf(float x) { return (float)quarter_wave_f(x, 1); }
static inline float vm_tanf(float x) {
    return x == 0.0f ? x : (float)(quarter_wave_f(x, 0) / quarter_wave_f(x, 1));
}
static inline double vm_sin(double x) { return x == 0.0 ? x : quarter_wave_d(x, 0); }
static inline double vm_cos(double x) { return quarter_wave_d(x, 1); }

/* Near 0 x + x^3 P(x^2), else 1 - 2 e / (1 + e) with e = exp(-2|x|) */
static inline float vm_tanhf(float x) {
    float a = fabsf(x), z = x * x, p = 2.324515517e-3f, e = exp_sum_negative_f(-2.0f * a, 0.0f);
    p = p * z + -8.371526868e-3f;
    p = p * z + 2.177720499e-2f;
    p = p * z + -5.396026139e-2f;
    p = p * z + 1.333330772e-1f;
    p = p * z + -3.333333320e-1f;
    return copysignf(a < 0.6f ? p * z * a + a : 1.0f - 2.0f * e / (1.0f + e), x);
}
/* The same with exp(-2|x|) - 1 in place of the polynomial: -t / (2 + t) where t = e - 1 */
static inline double vm_tanh(double x) {
    double a = fabs(x), t, n, r, tail, s, e, q;
    a = a > 30.0 ? 30.0 : a;
    t = -2.0 * a * LOG2_E + ROUND_D;
    n = t - ROUND_D;
    r = -2.0 * a - n * LN2_HIGH_D - n * LN2_LOW_D;
    tail = exp_tail_d(r);
    s = power_of_two_d(t);
    e = s * tail + s;
    q = (a > 1.0 ? 2.0 * e : s * tail + (s - 1.0)) / (1.0 + e);
    return copysign(a > 1.0 ? 1.0 - q : -q, x);
}

/* 1 / (1 + exp(-x)), or exp(x) / (1 + exp(x)) for negative x: no overflow, no cancellation */
static inline float vm_sigmoidf(float x) {
    float e = exp_sum_negative_f(-fabsf(x), 0.0f);
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}
static inline double vm_sigmoid(double x) {
    double e = exp_sum_negative_d(-fabs(x), 0.0);
    return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

/* log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)) */
static inline float vm_softplusf(float x) {
    float e = exp_sum_negative_f(-fabsf(x), 0.0f), u = 1.0f + e;
    float y = log_sum_f(u, (e - (u - 1.0f)) / u);
    return x > 0.0f ? x + y : y;
}
static inline double vm_softplus(double x) {
    double e = exp_sum_negative_d(-fabs(x), 0.0), u = 1.0 + e;
    double y = log_sum_d(u, (e - (u - 1.0)) / u);
    return x > 0.0 ? x + y : y;
}

/* The cross-entropy of a target t and sigmoid(x), (1 - t) softplus(x) + t softplus(-x), and its slope
 * (1 - t) sigmoid(x) - t sigmoid(-x).  For t of 0 and 1 nothing cancels. */
static inline float vm_bce_logitsf(float x, float t) {
    float e = exp_sum_negative_f(-fabsf(x), 0.0f), u = 1.0f + e;
    float y = log_sum_f(u, (e - (u - 1.0f)) / u), a = fabsf(x);
    a = x > 0.0f ? a * (1.0f - t) : x < 0.0f ? a * t : x;
    return a + y;
}
static inline double vm_bce_logits(double x, double t) {
    double e = exp_sum_negative_d(-fabs(x), 0.0), u = 1.0 + e;
    double y = log_sum_d(u, (e - (u - 1.0)) / u), a = fabs(x);
    a = x > 0.0 ? a * (1.0 - t) : x < 0.0 ? a * t : x;
    return a + y;
}
static inline float vm_bce_logits_slopef(float x, float t) {
    float e = exp_sum_negative_f(-fabsf(x), 0.0f);
    float up = x < 0.0f ? e : 1.0f, down = x < 0.0f ? 1.0f : e;
    return ((1.0f - t) * up - t * down) / (1.0f + e);
}
static inline double vm_bce_logits_slope(double x, double t) {
    double e = exp_sum_negative_d(-fabs(x), 0.0);
    double up = x < 0.0 ? e : 1.0, down = x < 0.0 ? 1.0 : e;
    return ((1.0 - t) * up - t * down) / (1.0 + e);
}

/* 2^32 exp(-x*x/2) for |x| up to 14.4, the square taken in two exact parts.  (Scaled lest it be
 * rounded before its last factor, where it is less than the least normal number.) */
static inline float scaled_gauss_f(float x) {
    float half = -0.5f * x;
#ifdef __FMA__
    float square = half * x, low = __builtin_fmaf(half, x, -square);
#else
    float high = float_of(bits_of(x) & 0xfffff000), square = -0.5f * high * high;
    float low = (half + 0.5f * high) * (x + high);
#endif
    return scaled_exp_negative_f(square, low);
}
/* Beyond 14.4 all this is less than the least number that is not 0. */
static inline float clamp_tail_f(float x) {
    x = fabsf(x);
    return x > 14.4f ? 14.4f : x;
}
static inline float vm_gaussf(float x) { return scaled_gauss_f(clamp_tail_f(x)) * SCALE_BACK_F; }

/* The normal distribution's upper tail, P(X > x) for x from 0 to 14.4: exp(-x*x/2) p(x) / q(x), a
 * fit to 2e-8 in which all terms are positive, so that nothing cancels */
static inline float normal_tail_f(float x) {
    float p = 0.39894698515303106f, q = x + 9.877781139831484f;
    p = p * x + 3.940412111658704f;
    q = q * x + 45.54528901200829f;
    p = p * x + 17.776842890598925f;
    q = q * x + 116.69784156298314f;
    p = p * x + 42.537067264534414f;
    q = q * x + 162.54564179530786f;
    p = p * x + 48.54804266779121f;
    q = q * x + 97.09608476994984f;
    return p * SCALE_BACK_F / q * scaled_gauss_f(x);
}
static inline float vm_normal_cdff(float x) {
    float tail = normal_tail_f(clamp_tail_f(x));
    return x < 0.0f ? tail : 1.0f - tail;
}
/* x P(X <= x), with no 1 - tail to be rounded */
static inline float vm_geluf(float x) {
    float a = clamp_tail_f(x);
    return (x < 0.0f ? -0.0f : x) - a * normal_tail_f(a);
}
static inline float vm_erff(float x) {
    float z = x * x, p = 8.849965148e-5f, a = fabsf(x);
    float far = 1.0f - 2.0f * normal_tail_f(clamp_tail_f(x * 1.41421356f));
    p = p * z + -8.247284637e-4f;
    p = p * z + 5.209544369e-3f;
    p = p * z + -2.686257511e-2f;
    p = p * z + 1.128374874e-1f;
    p = p * z + -3.761263697e-1f;
    p = p * z + 1.283791670e-1f;
    return a < 0.84f ? p * x + x : copysignf(far, x);
}
/* exp(-x*x) g(u) / (x + 2.5) with u = (x - 2.5) / (x + 2.5), in doubles */
static inline float vm_erfcf(float x) {
    double a = fabsf(x) > 10.3f ? 10.3 : fabsf(x), u = (a - 2.5) / (a + 2.5), tail;
    double g = -2.85421317179550199e-05;
    g = g * u + -1.00861300093522903e-04;
    g = g * u + 7.04573750746884098e-05;
    g = g * u + 7.01578054383289007e-04;
    g = g * u + -4.43714719528430436e-04;
    g = g * u + -4.81947490069390815e-03;
    g = g * u + 8.39371425118981898e-03;
    g = g * u + 2.83617147455294989e-02;
    g = g * u + -1.71251182229105597e-01;
    g = g * u + 4.53914106649051241e-01;
    g = g * u + -8.04651848966268624e-01;
    g = g * u + 1.05403182039593801e+00;
    tail = g / (a + 2.5) * vm_exp_negative(-a * a);
    return (float)(x < 0.0f ? 2.0 - tail : x == x ? tail : x);
}

/* The y with erf(y) = x, over x: a polynomial in w = -log(1 - x*x), or in sqrt(w) where w > 5.
 * Doubles start from it, and Halley's step takes an error of 1e-8 to the third power of that. */
static inline double erfinv_ratio(double w) {
    double p, q, s = sqrt(w) - 4.0, t = w - 2.5;
    q = 6.63728647224867409e-09;
    q = q * s + -3.01307648476136524e-08;
    q = q * s + -4.16435764508006847e-08;
    q = q * s + 4.28093927415070094e-07;
    q = q * s + -5.84325482805237550e-07;
    q = q * s + -8.62028292034774509e-07;
    q = q * s + 3.84893590360046336e-06;
    q = q * s + -8.24848551985749251e-06;
    q = q * s + 1.74507407932625045e-05;
    q = q * s + -3.30810626349604682e-05;
    q = q * s + 5.66488564966173807e-05;
    q = q * s + -1.17613831029071689e-04;
    q = q * s + 3.20570743643951324e-04;
    q = q * s + -8.69048390134262005e-04;
    q = q * s + 1.25990549587855650e-03;
    q = q * s + 1.00949325722950989e+00;
    q = q * s + 3.83978379595432662e+00;
    p = 1.23465771145025734e-10;
    p = p * t + 4.34062680385399313e-10;
    p = p * t + -1.08617612715943431e-08;
    p = p * t + 1.65036440412137305e-08;
    p = p * t + 4.78689708455885844e-07;
    p = p * t + -3.42626620973426814e-06;
    p = p * t + -4.99600011014395566e-06;
    p = p * t + 2.18264125215522598e-04;
    p = p * t + -1.25270795735577022e-03;
    p = p * t + -4.17732508045776281e-03;
    p = p * t + 2.46640276748584242e-01;
    p = p * t + 1.50140935174817636e+00;
    return w < 5.0 ? p : q;
}
static inline float vm_erfinvf(float x) {
    double y = x * erfinv_ratio(-vm_log((1.0 - x) * (1.0 + x)));
    return fabsf(x) == 1.0f ? x * INFINITY : (float)y;
}
static ALONE double scalar_erfinv(double x) {
    double a = fabs(x), y = a * erfinv_ratio(-log((1.0 - a) * (1.0 + a))), error;
    if (!(a < 1.0)) return a == 1.0 ? x * (double)INFINITY : (double)NAN;
    error = (a < 0.5 ? erf(y) - a : (1.0 - a) - erfc(y)) * 0.88622692545275801 * exp(y * y);
    return copysign(y - error / (1.0 + y * error), x);
}

/* The angle of the point (x, y), and from it asin, acos and atan: y / x is folded into the eighth
 * of a circle around 0, where atan(r) = r + r^3 P(r^2), and unfolded by whole eighths. */
static inline double angle_f(double y, double x) {
    double a = fabs(y), b = fabs(x), low, high, top, bottom, r, z, p, eighths;
    int steep, middle, left = copysign(1.0, x) < 0.0;
    a = a > 1e300 ? 1e300 : a;                                  /* infinities as equals */
    b = b > 1e300 ? 1e300 : b;
    steep = a > b;
    low = steep ? b : a;
    high = steep ? a : b;
    middle = low > 0.41421356237309503 * high;
    top = middle ? low - high : low;
    bottom = middle ? low + high : high;
    r = bottom == 0.0 ? top : top / bottom;
    z = r * r;
    p = -6.4519282081217488e-2;
    p = p * z + 1.0743731490791084e-1;
    p = p * z + -1.4263955597984640e-1;
    p = p * z + 1.9999540483648964e-1;
    p = p * z + -3.3333331761168522e-1;
    r = p * z * r + r;
    eighths = middle ? 1.0 : 0.0;
    eighths = steep ? 2.0 - eighths : eighths;
    r = steep ? -r : r;
    eighths = left ? 4.0 - eighths : eighths;
    r = left ? -r : r;
    return copysign(r + eighths * 0.78539816339744831, y);
}
static inline double other_side(double x) { return sqrt((1.0 - x) * (1.0 + x)); }
static inline float vm_atan2f(float y, float x) { return (float)angle_f(y, x); }
static inline float vm_asinf(float x) { return (float)angle_f(x, other_side(x)); }
static inline float vm_acosf(float x) { return (float)angle_f(other_side(x), x); }

/* What is left of x after whole multiples of y, for |x / y| < 2^28: of the nearest multiple, then
 * one more if that was too large.  All this is exact in doubles. */
static inline float vm_fmodf(float x, float y) {
    double a = fabs((double)x), b = fabs((double)y), n, r;
    b = b > 3.5e38 ? 1e300 : b;                                 /* infinity: x is left */
    n = (a / b + ROUND_D) - ROUND_D;
    r = a - n * b;
    r = r < 0.0 ? r + b : r;
    return copysignf((float)r, x);
}

static inline float vm_hypotf(float x, float y) {
    double a = fabs((double)x), b = fabs((double)y);
    float length = (float)sqrt(a * a + b * b);
    return ((a > 3.5e38) | (b > 3.5e38)) ? INFINITY : length;     /* whatever the other is, NaN too */
}

/* libm, one number at a time.  Out of line, lest GCC take glibc's vector variants: those would
 * round differently from the rest of an array, and want another library. */
#define SCALAR(name) \
    static ALONE float scalar_##name##f(float x) { return name##f(x); } \
    static ALONE double scalar_##name(double x) { return name(x); }
#define SCALAR2(name) \
    static ALONE float scalar_##name##f(float x, float y) \
        { return name##f(x, y); } \
    static ALONE double scalar_##name(double x, double y) \
        { return name(x, y); }
SCALAR(log2) SCALAR(log10) SCALAR(sin) SCALAR(cos) SCALAR(tan) SCALAR(asin)
SCALAR(acos) SCALAR(sinh) SCALAR(cosh) SCALAR(erf) SCALAR(erfc)
SCALAR2(pow) SCALAR2(fmod) SCALAR2(atan2) SCALAR2(hypot)

#endif
