# Elementwise loops on float32 and float64 arrays.  See elementwise.pyx.
#
# All arrays of one call have one dtype.  ``out`` may be one of the inputs (the same memory and
# strides) but must not overlap one in any other way.  The operations of the three enumerations
# are numbered in one series.

from numpy cimport ndarray

cpdef enum Unary:
    NEG = 0
    ABS
    SIGN
    SQUARE
    CUBE
    SQRT
    RSQRT
    RECIPROCAL
    EXP
    EXP2
    EXPM1
    LOG
    LOG1P
    LOG2
    LOG10
    SIN
    COS
    TAN
    ASIN
    ACOS
    ATAN
    SINH
    COSH
    TANH
    SIGMOID
    LOGSIGMOID
    SOFTPLUS
    RELU
    SILU
    GELU             # x * Phi(x), exact
    GELU_TANH        # its tanh approximation
    ERF
    ERFC
    ERFINV
    HARDSIGMOID
    HARDSWISH
    FLOOR
    CEIL
    TRUNC
    ROUND            # half to even
    FRAC
    COPY

cpdef enum Binary:
    ADD = 64
    SUB
    MUL
    DIV
    POW
    MAXIMUM          # NaN if either is
    MINIMUM
    FLOOR_DIVIDE     # Python's sign conventions, as torch.floor_divide and torch.remainder
    REMAINDER
    FMOD             # C's
    ATAN2
    HYPOT
    COPYSIGN
    LOGADDEXP
    # Comparisons as 1 and 0 in the operands' dtype: masks for gradients
    LT
    LE
    GT
    GE
    EQ
    NE
    # The share of maximum's (minimum's) gradient that ``a`` receives: 1, 0, or 1/2 in a tie
    MAXIMUM_SHARE
    MINIMUM_SHARE
    # Activations with a parameter: (x, parameter)
    LEAKY_RELU
    ELU
    HARDSHRINK
    SOFTSHRINK
    # Gradients: (g, x) where x is the input, (g, y) where y is the output of the forward
    ABS_BACKWARD         # (g, x)
    SQRT_BACKWARD        # (g, y)
    RSQRT_BACKWARD       # (g, y)
    RECIPROCAL_BACKWARD  # (g, y)
    SQUARE_BACKWARD      # (g, x)
    EXPM1_BACKWARD       # (g, y)
    LOG1P_BACKWARD       # (g, x)
    SIN_BACKWARD         # (g, x)
    COS_BACKWARD         # (g, x)
    ERF_BACKWARD         # (g, x)
    TANH_BACKWARD        # (g, y)
    SIGMOID_BACKWARD     # (g, y)
    LOGSIGMOID_BACKWARD  # (g, x)
    SOFTPLUS_BACKWARD    # (g, x)
    RELU_BACKWARD        # (g, x or y)
    SILU_BACKWARD        # (g, x)
    GELU_BACKWARD        # (g, x)
    GELU_TANH_BACKWARD   # (g, x)
    HARDSIGMOID_BACKWARD # (g, x)
    HARDSWISH_BACKWARD   # (g, x)
    # Binary cross-entropy of (logits, targets), and its slope
    BCE_LOGITS
    BCE_LOGITS_SLOPE

cpdef enum BinaryAlpha:
    ADD_SCALED = 128           # a + alpha * b
    LEAKY_RELU_BACKWARD  # (g, x), alpha is the negative slope
    ELU_BACKWARD         # (g, x)
    SHRINK_BACKWARD      # (g, x) of both shrinks
    # With two: from alpha to beta
    CLAMP                # (x, anything)
    CLAMP_BACKWARD       # (g, x), which passes on the limits too
    HARDTANH_BACKWARD    # (g, x), which does not
    NAN_TO_NUM           # (x, what NaN becomes); infinities become alpha and beta

# out = op(x).  Same shape, any strides.
cpdef int unary(int op, ndarray out, ndarray x, int n_threads) except -1

# out = op(a, b).  a and b broadcast to out's shape.
cpdef int binary(int op, ndarray out, ndarray a, ndarray b, int n_threads) except -1

# out = op(a, scalar), or op(scalar, a) if reversed.  a broadcasts to out's shape.
cpdef int binary_scalar(
    int op, ndarray out, ndarray a, double scalar, bint reversed, int n_threads) except -1

# out = op(a, b; alpha, beta).  op is a BinaryAlpha.  a and b broadcast to out's shape.
cpdef int binary_alpha(
    int op, ndarray out, ndarray a, ndarray b, double alpha, double beta, int n_threads) except -1
