"""The local rules of the chain rule, in words: what each node's vjp does.

A rule gives, for every input in turn, what is added to its gradient.  The inputs are called a, b,
c, ..., the output y, and g is dL/dy, the gradient that arrives.  ``ELEMENTWISE`` rules are
formulas in those letters, valid for each element by itself: the tests evaluate them, and the
viewer fills the numbers in.  ``OTHERS`` are read by people only.
"""

import re

# The inputs are in the order of the node, which is that of the subtraction in Rsub too.
# Functions that a formula may use have one name in Python (NumPy) and in JavaScript (Math).
ELEMENTWISE: dict[str, tuple[str, ...]] = {
    "Add": ("g", "g"),
    "Sub": ("g", "-g"),
    "Rsub": ("g", "-g"),
    "Mul": ("g * b", "g * a"),
    "Div": ("g / b", "-g * a / (b * b)"),
    "Neg": ("-g",),
    "Abs": ("g * sign(a)",),
    "Reciprocal": ("-g * y * y",),
    "Sqrt": ("g / (2 * y)",),
    "Rsqrt": ("-g * y * y * y / 2",),
    "Exp": ("g * y",),
    "Exp2": ("g * y * log(2)",),
    "Expm1": ("g * (y + 1)",),
    "Log": ("g / a",),
    "Log2": ("g / (a * log(2))",),
    "Log10": ("g / (a * log(10))",),
    "Log1P": ("g / (1 + a)",),
    "Sin": ("g * cos(a)",),
    "Cos": ("-g * sin(a)",),
    "Tan": ("g * (1 + y * y)",),
    "Asin": ("g / sqrt(1 - a * a)",),
    "Acos": ("-g / sqrt(1 - a * a)",),
    "Atan": ("g / (1 + a * a)",),
    "Atan2": ("g * b / (a * a + b * b)", "-g * a / (a * a + b * b)"),
    "Sinh": ("g * cosh(a)",),
    "Cosh": ("g * sinh(a)",),
    "Asinh": ("g / sqrt(a * a + 1)",),
    "Acosh": ("g / sqrt(a * a - 1)",),
    "Atanh": ("g / (1 - a * a)",),
    "Tanh": ("g * (1 - y * y)",),
    "Sigmoid": ("g * y * (1 - y)",),
    "LogSigmoid": ("g / (1 + exp(a))",),
    "Relu": ("g * (a > 0)",),
    "Softplus": ("g / (1 + exp(-a))",),
    "Erf": ("g * 2 / sqrt(PI) * exp(-a * a)",),
    "Erfc": ("-g * 2 / sqrt(PI) * exp(-a * a)",),
    "Sign": ("0 * g",),
    "Floor": ("0 * g",),
    "Ceil": ("0 * g",),
    "Round": ("0 * g",),
    "Trunc": ("0 * g",),
    "Hypot": ("g * a / y", "g * b / y"),
    "Maximum": ("g * ((a > b) + (a == b) / 2)", "g * ((b > a) + (a == b) / 2)"),
    "Minimum": ("g * ((a < b) + (a == b) / 2)", "g * ((b < a) + (a == b) / 2)"),
    "Logaddexp": ("g * exp(a - y)", "g * exp(b - y)"),
}

# By torch's whole name where its variants differ.  "@" is the matrix product, ".T" the transpose.
OTHERS: dict[str, tuple[str, ...]] = {
    # powers and formulas with a parameter
    "PowBackward0": ("g * n * a^(n - 1), n being the exponent",),
    "PowBackward1": ("g * b * a^(b - 1)", "g * y * log(a)"),
    "PowBackward2": ("g * y * log(n), n being the base",),
    "Clamp": ("g where a lies within the limits, else 0",),
    "Hardtanh": ("g where a lies within the limits, else 0",),
    "Threshold": ("g where a is above the threshold, else 0",),
    "LeakyRelu": ("g where a > 0, else slope * g",),
    "Elu": ("g where a > 0, else g * alpha * exp(a)",),
    "Celu": ("g where a > 0, else g * exp(a / alpha)",),
    "Gelu": ("g * (Phi(a) + a * phi(a)), Phi and phi of the normal distribution",),
    "Silu": ("g * s * (1 + a * (1 - s)), s being sigmoid(a)",),
    "RreluWithNoise": ("g * b", "none"),
    "Mish": ("g * d/da (a * tanh(softplus(a)))",),
    "Hardswish": ("g * (0, (2 * a + 3) / 6 or 1)",),
    "Hardsigmoid": ("g / 6 where -3 < a < 3, else 0",),
    "Hardshrink": ("g where |a| is above lambda, else 0",),
    "Softshrink": ("g where |a| is above lambda, else 0",),
    "PreluKernel": ("g where a > 0, else g * b", "sum of g * a where a < 0"),
    "Glu": ("g times the gate on one half, and the gate's slope times the other",),
    "Fmax": ("g where a is larger, or b NaN, else 0", "g elsewhere"),
    "Fmin": ("g where a is smaller, or b NaN, else 0", "g elsewhere"),
    "Deg2Rad": ("g * PI / 180",),
    "Rad2Deg": ("g * 180 / PI",),
    "Ldexp": ("g * 2 ** b", "g * a * log(2)"),
    "Where": ("g where the condition holds, else 0", "g where it does not, else 0"),
    "Lerp": ("g * (1 - w)", "g * w", "g * (b - a)"),
    "Addcmul": ("g", "g * value * c", "g * value * b"),
    "Addcdiv": ("g", "g * value / c", "-g * value * b / c^2"),
    "NanToNum": ("g where a is finite, else 0",),
    "Remainder": ("g", "-g * floor(a / b)"),
    "Fmod": ("g", "-g * trunc(a / b)"),
    "RoundBackward1": ("g / 10^decimals",),
    "DivBackward2": ("0", "0"),  # of a rounded quotient
    "NotImplemented": ("none: asking for it is an error",),
    "Frac": ("g",),
    "Frexp": ("g / 2^exponent",),
    "Nextafter": ("g", "0"),
    "Copysign": ("g * sign(a) * sign(y)", "0"),
    "Angle": ("0: the angle of a number is 0 or pi",),
    "Logit": ("g / (a * (1 - a))",),
    "Xlogy": ("g * log(b)", "g * a / b"),
    "SpecialXlog1Py": ("g * log(1 + b)", "g * a / (1 + b)"),
    "Sinc": ("g * (cos(pi * a) - y) / a",),
    "Logaddexp2": ("g * 2^(a - y)", "g * 2^(b - y)"),
    # special functions: their derivatives are others of the kind
    "Lgamma": ("g * digamma(a)",),
    "Digamma": ("g * polygamma(1, a)",),
    "Polygamma": ("g * polygamma(n + 1, a)",),
    "Erfinv": ("g * sqrt(pi) / 2 * exp(y^2)",),
    "SpecialErfcx": ("g * (2 * a * y - 2 / sqrt(pi))",),
    "I0": ("g * i1(a)",),
    "SpecialI0E": ("g * (i1e(a) - sign(a) * y)",),
    "SpecialI1": ("g * (i0(a) - y / a)",),
    "SpecialI1E": ("g * (i0e(a) - y * (sign(a) + 1 / a))",),
    "SpecialNdtri": ("g / phi(y), phi of the normal distribution",),
    "SpecialLogNdtr": ("g * phi(a) / Phi(a), of the normal distribution",),
    "SpecialZeta": ("not defined", "-g * a * zeta(a + 1, b)"),
    # sums and other reductions: what was summed gets the gradient of the sum
    "Sum": ("g, spread over what was summed",),
    "Nansum": ("g, spread over what was summed, 0 at NaN",),
    "Mean": ("g / n, spread over the n elements",),
    "Var": ("g * 2 * (a - mean) / (n - correction)",),
    "Std": ("g * (a - mean) / ((n - correction) * y)",),
    "Amax": ("g where a is the largest (shared if several are)",),
    "Amin": ("g where a is the smallest (shared if several are)",),
    "Aminmax": ("g where a is the extreme (shared if several are)",),
    "ValuedBackward0": ("g at the element that was picked",),
    "Prod": ("g * y / a (the product of all others)",),
    "Logsumexp": ("g * exp(a - y)",),
    "StdMean": ("as of the deviation or the mean, whichever this is",),
    "VarMean": ("as of the variance or the mean, whichever this is",),
    "Norm": ("g * a / y, for the Euclidean norm",),
    "Pdist": ("g * a / y, for p = 2; a: the differences of rows",),
    "LinalgVectorNorm": ("g * a / y, for the Euclidean norm",),
    "Dist": ("g * (a - b) / y, for p = 2", "-g * (a - b) / y"),
    "Cumsum": ("sums of g from here to the end",),
    "Logcumsumexp": ("exp(a) times the sum of g * exp(-y) from here to the end",),
    "Trace": ("g on the diagonal, else 0",),
    "Cdist": ("g * (a - b) / y, for p = 2, summed over the other points", "the same for b"),
    "Cumprod": ("sums of g * y from here to the end, over a",),
    "Softmax": ("y * (g - sum of g * y)",),
    "LogSoftmax": ("g - exp(y) * sum of g",),
    # shapes: the gradient goes back the way the numbers came
    "View": ("g, in the shape of a",),
    "UnsafeView": ("g, in the shape of a",),
    "Squeeze": ("g, in the shape of a",),
    "Unsqueeze": ("g, in the shape of a",),
    "Expand": ("g, summed over what was repeated",),
    "Repeat": ("g, summed over the copies",),
    "T": ("g.T",),
    "Transpose": ("g, transposed back",),
    "Permute": ("g, with its dimensions put back",),
    "Flip": ("g, flipped back",),
    "Roll": ("g, rolled back",),
    "Clone": ("g",),
    "Alias": ("g",),
    "ToCopy": ("g, in the dtype of a",),
    "Select": ("g at what was selected, else 0",),
    "Slice": ("g at what was taken, else 0",),
    "Index": ("g, added up at the indices, else 0",),
    "IndexSelect": ("g, added up at the indices, else 0",),
    "Gather": ("g, added up at the indices, else 0",),
    "Take": ("g, added up at the indices, else 0",),
    "Diagonal": ("g on the diagonal, else 0",),
    "AsStrided": ("g, added up at the places that were read",),
    "Unbind": ("each g at its slice",),
    "Split": ("each g at its part",),
    "SplitWithSizes": ("each g at its part",),
    "Cat": ("its part of g",),
    "Stack": ("its slice of g",),
    "DiagEmbed": ("0", "the diagonal of g"),
    "DiagonalScatter": ("g, but 0 where b was written", "g where it was written"),
    "IndexFill": ("g, but 0 where b was written", "g where it was written, summed"),
    "SelectScatter": ("g, but 0 where b was written", "g where it was written"),
    "SliceScatter": ("g, but 0 where b was written", "g where it was written"),
    "LinalgCross": ("its slice of g",),
    "Rot90": ("g, turned back",),
    "ConstantPadNd": ("g without the padding",),
    "PixelShuffle": ("g, with its elements put back",),
    "PixelUnshuffle": ("g, with its elements put back",),
    "Unfold": ("g, added up where windows overlap",),
    "Im2Col": ("g, added up where windows overlap",),
    "Windows": ("g, added up where windows overlap",),
    "Col2Im": ("g, read at the places that were added up",),
    "OverlapAdd": ("g, read at the places that were added up",),
    "IndexAdd": ("g", "g at the indices"),
    "Put": ("g where nothing was written, else 0", "g at the indices"),
    "Tril": ("g below the diagonal, else 0",),
    "Triu": ("g above the diagonal, else 0",),
    "MaskedFill": ("g where nothing was filled in, else 0",),
    "Fill": ("0", "sum of g"),
    **dict.fromkeys(
        "Zero Normal Uniform Bernoulli Poisson Random Exponential Cauchy LogNormal "
        "Geometric".split(),
        ("0, as nothing of it is left",),
    ),
    "MaskedSelect": ("g at what was selected, else 0",),
    "Scatter": ("g where nothing was written, else 0", "g at the indices"),
    "ScatterAdd": ("g", "g at the indices"),
    "ScatterReduce": ("as of the sum, product, mean or choice that it is",),
    "BlockDiag": ("its part of g",),
    "ChannelShuffle": ("g, with its channels put back",),
    "GridSampler2D": ("g, shared out by the weights of the last corner", "g"),
    "GridSampler3D": ("g, shared out by the weights of the last corner", "g"),
    "Renorm": ("g * b", "g * a, summed over each slice"),
    "IndexPut": ("g where nothing was written, else 0", "g at the indices"),
    "Sort": ("g, put back in the old order",),
    "Topk": ("g at what was picked, else 0",),
    "Kthvalue": ("g at what was picked, else 0",),
    "Mode": ("g at what was picked, else 0",),
    # products
    "Mm": ("g @ b.T", "a.T @ g"),
    "Bmm": ("g @ b.T, matrix by matrix", "a.T @ g, matrix by matrix"),
    "Mv": ("outer product of g and b", "a.T @ g"),
    "Dot": ("g * b", "g * a"),
    "Vdot": ("g * b", "g * a"),
    "Addmm": ("g, summed over what was broadcast", "g @ c.T", "b.T @ g"),
    "MmBackward0 (linear)": ("g @ b", "g.T @ a"),  # y = a @ b.T
    "AddmmBackward0 (linear)": ("sum of g over the rows", "g @ c", "g.T @ b"),  # y = a + b @ c.T
    "Baddbmm": ("g, summed over what was broadcast", "g @ c.T", "b.T @ g"),
    "Convolution": (
        "g, correlated with b turned round",
        "each patch of a times the g it led to, summed over positions and batch",
        "g, summed over positions and batch",
    ),
    "ConvolutionInput": ("g, convolved with b", "each patch of g times a, summed"),
    "ConvolutionWeight": ("g, correlated with b turned round", "g, convolved with a"),
    "EmbeddingBag": ("g, added up at the rows of each bag",),
    "Embedding": ("g, added up at the rows that were looked up",),
    # norms; lesson 4 derives the first
    "NativeBatchNorm": (
        "b * invstd * (g - mean(g) - xhat * mean(g * xhat)), means over each channel",
        "sum of g * xhat over each channel",
        "sum of g over each channel",
    ),
    "NativeLayerNorm": (
        "invstd * (bg - mean(bg) - xhat * mean(bg * xhat)), bg = b * g, means over each row",
        "sum of g * xhat over the rows",
        "sum of g over the rows",
    ),
    "NativeGroupNorm": (
        "as in layer norm, over each group of channels",
        "sum of g * xhat over each channel",
        "sum of g over each channel",
    ),
    # pooling
    "MaxPool2DWithIndices": ("g at the largest element of each window, else 0",),
    "AvgPool2D": ("g / n, spread over the n elements of each window",),
    "MaxPool2DScatter": ("g at the places that were written to",),
    "MaxPool2DGather": ("g, added up at the places that were read",),
    "AvgPool2DSpread": ("the means of g over each window",),
    "Resample": ("g, shared out by the weights that a went into y with",),
    "ResampleReturn": ("g, weighted as a is in the resampling this returns from",),
    "AvgPool3D": ("g / n, spread over the n elements of each window",),
    "AdaptiveAvgPool3D": ("g / n, spread over the n elements of each window",),
    "MaxPool3DWithIndices": ("g at the largest element of each window",),
    "AdaptiveMaxPool2D": ("g at the largest element of each window",),
    "AdaptiveMaxPool3D": ("g at the largest element of each window",),
    "AdaptiveAvgPool2D": ("g / n, spread over the n elements of each window",),
    # losses
    "NllLoss": ("-g * weight / total weight at the target class, else 0",),
    "NllLoss2D": ("-g * weight / total weight at the target class, else 0",),
    "MultiMarginLoss": ("g / n where the margin is not kept, minus their sum at the target",),
    "MultilabelMarginLoss": ("g / n where a margin is not kept, minus their sums at the targets",),
    "LstmStep": ("through the four gates of the step, as the chain rule has it",),
    "CtcLoss": ("g for each sample that has a target and a way to it",),
    "MseLoss": ("2 * g * (a - b) / n", "-2 * g * (a - b) / n"),
    "SmoothL1Loss": ("g * clamp((a - b) / beta, -1, 1) / n", "the negative of that"),
    "HuberLoss": ("g * clamp(a - b, -delta, delta) / n", "the negative of that"),
    "BinaryCrossEntropy": ("g * (a - b) / (a * (1 - a)) / n",),
    "BinaryCrossEntropyWithLogits": ("g * (sigmoid(a) - b) / n", "-g * a / n"),
    "SoftMarginLoss": ("-g * b * sigmoid(-a * b) / n",),
    "ScaledDotProductFlashAttentionForCpu": ("g @ b.T", "a.T @ g"),  # a: the weights, b: values
    # draws
    "StandardGamma": ("g * dy/da, where the probability of a draw below y stays the same",),
    "StandardGammaGrad": ("none: asking for it is an error", "none"),
    "DirichletGrad": ("none: asking for it is an error", "none"),
    # linear algebra: with X for a's inverse where there is one
    "LinalgInvEx": ("-y.T @ g @ y.T",),
    "LinalgPinv": ("-y.T @ g @ y.T, and what lies outside of a's range",),
    "LinalgDet": ("g * y * X.T",),
    "LinalgSlogdet": ("g * X.T",),
    "LinalgSolveEx": ("-(X.T @ g) @ y.T", "X.T @ g"),
    "CholeskySolve": ("-(L @ g) @ y.T, L being the inverse of a.T", "L @ g"),
    "CholeskyInverse": ("-(L @ g) @ y.T, L being the inverse of a.T", "L @ g"),
    "LinalgMatrixExp": ("g carried back through the last step of scaling and squaring",),
    "LinalgSolveTriangular": ("the triangle of -(X.T @ g) @ y.T", "X.T @ g"),
    "LinalgCholeskyEx": ("X.T @ triangle(y.T @ g) @ X, made symmetric; X the inverse of y",),
    "LinalgEigh": ("V @ (diag(g) + (V.T @ gV) / (differences of eigenvalues)) @ V.T",),
    "LinalgSvd": ("U, S and V put together again, each with its gradient",),
    "LinalgQr": ("(gQ + Q @ symmetric(R @ gR.T - gQ.T @ Q)) @ R^-T",),
    "LinalgLuFactorEx": ("the triangles' gradients, carried back through L and U",),
    "LinalgLstsq": ("0, as there are no residuals",),
    "Geqrf": ("as of the QR decomposition",),
}

_LETTERS = "abcdefgh"


def rule_of(name: str) -> tuple[str, ...] | None:
    """Return the rule of a node by its name, such as "MulBackward0", or None if none is known.

    >>> from minigrad.inspect.rules import rule_of
    >>> rule_of("MulBackward0")
    ('g * b', 'g * a')
    """
    op = op_of(name)
    for table, key in ((OTHERS, name), (ELEMENTWISE, op), (OTHERS, op)):
        if key in table:
            return table[key]
    return None


def is_elementwise(name: str) -> bool:
    """Return whether a node's rule is a formula that holds for each element by itself.

    >>> from minigrad.inspect.rules import is_elementwise
    >>> is_elementwise("MulBackward0"), is_elementwise("SumBackward0")
    (True, False)
    """
    return op_of(name) in ELEMENTWISE


def op_of(name: str) -> str:
    """Return a node's name without what all of them end in.

    >>> from minigrad.inspect.rules import op_of
    >>> op_of("MulBackward0")
    'Mul'
    """
    return name.partition("Backward")[0] or name


def in_words(name: str, wanted: list[bool]) -> str:
    """Return the rule of a node as a sentence, for those inputs that want a gradient.

    >>> from minigrad.inspect.rules import in_words
    >>> in_words("MulBackward0", [True, False])
    'dL/da += dL/dy * b'
    """
    rule = rule_of(name)
    if rule is None:
        return ""
    parts = []
    for i, wants in enumerate(wanted):
        text = rule[min(i, len(rule) - 1)]
        if wants:
            parts.append(f"dL/d{_LETTERS[min(i, 7)]} += {_spelled(text)}")
    return ";  ".join(parts)


def _spelled(formula):
    """Return a formula with dL/dy for the letter g."""
    return re.sub(r"(?<![\w.])g(?![\w(])", "dL/dy", formula)
