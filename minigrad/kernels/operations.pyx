"""The table of elementwise operations: one loop over contiguous memory each, which GCC vectorises.

A branch or a call that is not inlined would end that: see vmath.h and ``choose``.
"""

from cython cimport floating

from minigrad.kernels.elementwise cimport (
    NEG, ABS, SIGN, SQUARE, CUBE, SQRT, RSQRT, RECIPROCAL, EXP, EXP2, EXPM1, LOG, LOG1P, LOG2, LOG10, SIN,
    COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, TANH, SIGMOID, LOGSIGMOID, SOFTPLUS, RELU, SILU, GELU,
    GELU_TANH, ERF, ERFC, ERFINV, HARDSIGMOID, HARDSWISH, FLOOR, CEIL, TRUNC, ROUND, FRAC, COPY, ADD,
    SUB, MUL, DIV, POW, MAXIMUM, MINIMUM, FLOOR_DIVIDE, REMAINDER, FMOD, ATAN2, HYPOT, COPYSIGN,
    LOGADDEXP, LT, LE, GT, GE, EQ, NE, MAXIMUM_SHARE, MINIMUM_SHARE, LEAKY_RELU, ELU, HARDSHRINK,
    SOFTSHRINK, ABS_BACKWARD, SQRT_BACKWARD, RSQRT_BACKWARD, RECIPROCAL_BACKWARD,
    SQUARE_BACKWARD, EXPM1_BACKWARD, LOG1P_BACKWARD, SIN_BACKWARD, COS_BACKWARD, ERF_BACKWARD,
    TANH_BACKWARD, SIGMOID_BACKWARD, LOGSIGMOID_BACKWARD, SOFTPLUS_BACKWARD, RELU_BACKWARD,
    SILU_BACKWARD, GELU_BACKWARD, GELU_TANH_BACKWARD, HARDSIGMOID_BACKWARD, HARDSWISH_BACKWARD,
    BCE_LOGITS, BCE_LOGITS_SLOPE,
    ADD_SCALED, LEAKY_RELU_BACKWARD, ELU_BACKWARD, SHRINK_BACKWARD, CLAMP, CLAMP_BACKWARD,
    HARDTANH_BACKWARD, NAN_TO_NUM,
)
from minigrad.kernels.vmath cimport (
    acos, asin, atan, atan2, bce_logits, bce_logits_slope, ceil, choose, copysign, cos, cosh, erf, erfc, erfinv, exp, exp2, expm1,
    fabs, far_cos, far_fmod, far_sin, far_tan, flat_int, floor, floor_divide, fmod, gelu,
    gelu_tanh_share, gelu_tanh_slope, hypot, is_far, is_far_quotient, limited, log, log10, log1p, log2,
    logaddexp, maximum, minimum, nan_to_num, normal_cdf, normal_pdf, pow, remainder, rint, sigmoid,
    sign, silu_slope, sin, sinh, softplus, sqrt, tan, tanh, trunc,
)


cdef flat_int loop(
    int op, floating* out, const floating* a, const floating* b, floating alpha, floating beta,
    Py_ssize_t n
) noexcept nogil:
    """``out[i] = op(a[i], b[i])``.  Returns -1 if there is no such operation."""
    cdef Py_ssize_t i
    # a literal 1 would make doubles of floats
    cdef floating zero = 0, half = 0.5, one = 1, two = 2, three = 3, six = 6
    cdef floating sixth = <floating>(1.0 / 6.0)
    # Unary
    if op == NEG:
        for i in range(n): out[i] = -a[i]
    elif op == ABS:
        for i in range(n): out[i] = fabs(a[i])
    elif op == SIGN:
        for i in range(n): out[i] = sign(a[i])
    elif op == SQUARE:
        for i in range(n): out[i] = a[i] * a[i]
    elif op == CUBE:
        for i in range(n): out[i] = a[i] * a[i] * a[i]
    elif op == SQRT:
        for i in range(n): out[i] = sqrt(a[i])
    elif op == RSQRT:
        for i in range(n): out[i] = one / sqrt(a[i])
    elif op == RECIPROCAL:
        for i in range(n): out[i] = one / a[i]
    elif op == EXP:
        for i in range(n): out[i] = exp(a[i])
    elif op == EXP2:
        for i in range(n): out[i] = exp2(a[i])
    elif op == EXPM1:
        for i in range(n): out[i] = expm1(a[i])
    elif op == LOG:
        for i in range(n): out[i] = log(a[i])
    elif op == LOG1P:
        for i in range(n): out[i] = log1p(a[i])
    elif op == LOG2:
        for i in range(n): out[i] = log2(a[i])
    elif op == LOG10:
        for i in range(n): out[i] = log10(a[i])
    elif op == SIN:
        for i in range(n): out[i] = sin(a[i])
    elif op == COS:
        for i in range(n): out[i] = cos(a[i])
    elif op == TAN:
        for i in range(n): out[i] = tan(a[i])
    elif op == ASIN:
        for i in range(n): out[i] = asin(a[i])
    elif op == ACOS:
        for i in range(n): out[i] = acos(a[i])
    elif op == ATAN:
        for i in range(n): out[i] = atan(a[i])
    elif op == SINH:
        for i in range(n): out[i] = sinh(a[i])
    elif op == COSH:
        for i in range(n): out[i] = cosh(a[i])
    elif op == TANH:
        for i in range(n): out[i] = tanh(a[i])
    elif op == SIGMOID:
        for i in range(n): out[i] = sigmoid(a[i])
    elif op == LOGSIGMOID:
        for i in range(n): out[i] = -softplus(-a[i])
    elif op == SOFTPLUS:
        for i in range(n): out[i] = softplus(a[i])
    elif op == RELU:
        for i in range(n): out[i] = 0 if a[i] < 0 else a[i]
    elif op == SILU:
        for i in range(n): out[i] = a[i] * sigmoid(a[i])
    elif op == GELU:
        for i in range(n): out[i] = gelu(a[i])
    elif op == GELU_TANH:
        for i in range(n): out[i] = a[i] * gelu_tanh_share(a[i])
    elif op == ERF:
        for i in range(n): out[i] = erf(a[i])
    elif op == ERFC:
        for i in range(n): out[i] = erfc(a[i])
    elif op == ERFINV:
        for i in range(n): out[i] = erfinv(a[i])
    elif op == HARDSIGMOID:
        for i in range(n): out[i] = limited(a[i] + three, zero, six) / six
    elif op == HARDSWISH:
        for i in range(n): out[i] = a[i] * limited(a[i] + three, zero, six) / six
    elif op == FLOOR:
        for i in range(n): out[i] = floor(a[i])
    elif op == CEIL:
        for i in range(n): out[i] = ceil(a[i])
    elif op == TRUNC:
        for i in range(n): out[i] = trunc(a[i])
    elif op == ROUND:
        for i in range(n): out[i] = rint(a[i])
    elif op == FRAC:
        for i in range(n): out[i] = a[i] - trunc(a[i])
    elif op == COPY:
        for i in range(n): out[i] = a[i]
    # Binary
    elif op == ADD:
        for i in range(n): out[i] = a[i] + b[i]
    elif op == SUB:
        for i in range(n): out[i] = a[i] - b[i]
    elif op == MUL:
        for i in range(n): out[i] = a[i] * b[i]
    elif op == DIV:
        for i in range(n): out[i] = a[i] / b[i]
    elif op == POW:
        for i in range(n): out[i] = pow(a[i], b[i])
    elif op == MAXIMUM:
        for i in range(n): out[i] = maximum(a[i], b[i])
    elif op == MINIMUM:
        for i in range(n): out[i] = minimum(a[i], b[i])
    elif op == FLOOR_DIVIDE:
        for i in range(n): out[i] = floor_divide(a[i], b[i], fmod(a[i], b[i]))
    elif op == REMAINDER:
        for i in range(n): out[i] = remainder(a[i], b[i], fmod(a[i], b[i]))
    elif op == FMOD:
        for i in range(n): out[i] = fmod(a[i], b[i])
    elif op == ATAN2:
        for i in range(n): out[i] = atan2(a[i], b[i])
    elif op == HYPOT:
        for i in range(n): out[i] = hypot(a[i], b[i])
    elif op == COPYSIGN:
        for i in range(n): out[i] = copysign(a[i], b[i])
    elif op == LOGADDEXP:
        for i in range(n): out[i] = logaddexp(a[i], b[i])
    elif op == LT:
        for i in range(n): out[i] = a[i] < b[i]
    elif op == LE:
        for i in range(n): out[i] = a[i] <= b[i]
    elif op == GT:
        for i in range(n): out[i] = a[i] > b[i]
    elif op == GE:
        for i in range(n): out[i] = a[i] >= b[i]
    elif op == EQ:
        for i in range(n): out[i] = a[i] == b[i]
    elif op == NE:
        for i in range(n): out[i] = a[i] != b[i]
    elif op == MAXIMUM_SHARE:
        for i in range(n): out[i] = one - (a[i] < b[i]) - half * (a[i] == b[i])
    elif op == MINIMUM_SHARE:
        for i in range(n): out[i] = one - (a[i] > b[i]) - half * (a[i] == b[i])
    elif op == LEAKY_RELU:
        for i in range(n): out[i] = choose(a[i] > 0, a[i], a[i] * b[i])
    elif op == ELU:
        for i in range(n): out[i] = choose(a[i] < 0, expm1(a[i]) * b[i], a[i])
    elif op == HARDSHRINK:
        for i in range(n): out[i] = choose(fabs(a[i]) <= b[i], zero, a[i])
    elif op == SOFTSHRINK:
        for i in range(n): out[i] = a[i] - limited(a[i], -b[i], b[i])
    elif op == ABS_BACKWARD:
        for i in range(n): out[i] = a[i] * sign(b[i])
    elif op == SQRT_BACKWARD:
        for i in range(n): out[i] = a[i] / (two * b[i])
    elif op == RSQRT_BACKWARD:
        for i in range(n): out[i] = -half * a[i] * b[i] * b[i] * b[i]
    elif op == RECIPROCAL_BACKWARD:
        for i in range(n): out[i] = -a[i] * b[i] * b[i]
    elif op == SQUARE_BACKWARD:
        for i in range(n): out[i] = two * a[i] * b[i]
    elif op == EXPM1_BACKWARD:
        for i in range(n): out[i] = a[i] * (b[i] + one)
    elif op == LOG1P_BACKWARD:
        for i in range(n): out[i] = a[i] / (b[i] + one)
    elif op == SIN_BACKWARD:
        for i in range(n): out[i] = a[i] * cos(b[i])
    elif op == COS_BACKWARD:
        for i in range(n): out[i] = -a[i] * sin(b[i])
    elif op == ERF_BACKWARD:
        for i in range(n):
            out[i] = <floating>1.1283791670955126 * a[i] * exp(-b[i] * b[i])
    elif op == TANH_BACKWARD:
        for i in range(n): out[i] = a[i] * (one - b[i] * b[i])
    elif op == SIGMOID_BACKWARD:
        for i in range(n): out[i] = a[i] * (one - b[i]) * b[i]
    elif op == LOGSIGMOID_BACKWARD:
        for i in range(n): out[i] = a[i] * sigmoid(-b[i])
    elif op == SOFTPLUS_BACKWARD:
        for i in range(n): out[i] = a[i] * sigmoid(b[i])
    elif op == RELU_BACKWARD:
        for i in range(n): out[i] = choose[floating](b[i] <= 0, 0, a[i])
    elif op == SILU_BACKWARD:
        for i in range(n): out[i] = a[i] * silu_slope(b[i])
    elif op == GELU_BACKWARD:
        for i in range(n):
            out[i] = a[i] * (normal_cdf(b[i]) + b[i] * normal_pdf(b[i]))
    elif op == GELU_TANH_BACKWARD:
        for i in range(n): out[i] = a[i] * gelu_tanh_slope(b[i])
    elif op == HARDSIGMOID_BACKWARD:
        for i in range(n): out[i] = choose(fabs(b[i]) < 3, a[i] * sixth, zero)
    elif op == HARDSWISH_BACKWARD:
        for i in range(n):
            out[i] = choose(
                b[i] <= -3, zero, choose(b[i] < 3, a[i] * (b[i] / three + half), a[i]))
    elif op == BCE_LOGITS:
        for i in range(n): out[i] = bce_logits(a[i], b[i])
    elif op == BCE_LOGITS_SLOPE:
        for i in range(n): out[i] = bce_logits_slope(a[i], b[i])
    # With a parameter
    elif op == ADD_SCALED:
        for i in range(n): out[i] = a[i] + alpha * b[i]
    elif op == LEAKY_RELU_BACKWARD:
        for i in range(n): out[i] = choose(b[i] > 0, a[i], a[i] * alpha)
    elif op == ELU_BACKWARD:
        for i in range(n): out[i] = choose(b[i] <= 0, a[i] * alpha * exp(b[i]), a[i])
    elif op == SHRINK_BACKWARD:
        for i in range(n): out[i] = choose(fabs(b[i]) <= alpha, zero, a[i])
    elif op == CLAMP:
        for i in range(n): out[i] = limited(a[i], alpha, beta)
    elif op == CLAMP_BACKWARD:
        for i in range(n): out[i] = choose((b[i] >= alpha) & (b[i] <= beta), a[i], zero)
    elif op == HARDTANH_BACKWARD:
        for i in range(n): out[i] = choose((b[i] <= alpha) | (b[i] >= beta), zero, a[i])
    elif op == NAN_TO_NUM:
        for i in range(n): out[i] = nan_to_num(a[i], b[i], alpha, beta)
    else:
        return -1
    if op == SIN or op == COS or op == TAN:
        redo_far(op, out, a, a, n)
    elif op == SIN_BACKWARD or op == COS_BACKWARD:
        redo_far(op, out, a, b, n)
    elif op == FMOD or op == REMAINDER or op == FLOOR_DIVIDE:
        redo_far_quotients(op, out, a, b, n)
    return 0


cdef void redo_far(
    int op, floating* out, const floating* g, const floating* angle, Py_ssize_t n
) noexcept nogil:
    """Compute once more, by libm, what the vectorised sin, cos and tan are not made for."""
    cdef Py_ssize_t i
    cdef int far = 0
    for i in range(n):
        far |= is_far(angle[i])
    if not far:
        return
    for i in range(n):
        if is_far(angle[i]):
            if op == SIN:
                out[i] = far_sin(angle[i])
            elif op == COS:
                out[i] = far_cos(angle[i])
            elif op == TAN:
                out[i] = far_tan(angle[i])
            elif op == SIN_BACKWARD:
                out[i] = g[i] * far_cos(angle[i])
            else:
                out[i] = -g[i] * far_sin(angle[i])


cdef void redo_far_quotients(
    int op, floating* out, const floating* a, const floating* b, Py_ssize_t n
) noexcept nogil:
    """Compute once more, by libm, the remainders of quotients that the vectorised ones lose."""
    cdef Py_ssize_t i
    cdef int far = 0
    for i in range(n):
        far |= is_far_quotient(a[i], b[i])
    if not far:
        return
    for i in range(n):
        if is_far_quotient(a[i], b[i]):
            if op == FMOD:
                out[i] = far_fmod(a[i], b[i])
            elif op == REMAINDER:
                out[i] = remainder(a[i], b[i], far_fmod(a[i], b[i]))
            else:
                out[i] = floor_divide(a[i], b[i], far_fmod(a[i], b[i]))
