"""Where minigrad is meant to differ from torch's databases of operators and modules, and why.

The only list of them.  An entry that covers no difference any more fails the test of its operator.
"""

from databases import Allowed

# Results whose elements are whatever lies in the memory.
UNDEFINED = "empty empty_like new_empty empty_strided new_empty_strided empty_permuted".split()


def _allowed(table):
    """Return {operator: [Allowed, ...]} from {(operators, ...): Allowed}."""
    found = {}
    for operators, entry in table:
        for name in operators.split() if isinstance(operators, str) else operators:
            found.setdefault(name, []).append(entry)
    return found


OPS = _allowed(
    [
        (
            "clamp_min clamp_max",
            Allowed("limits numbers only: of bools use | and &", "raises", dtypes="bool"),
        ),
        (
            "nn.functional.hardsigmoid",
            Allowed(
                "torch's slope is 1/6 in single precision, off by 3e-8",
                "gradient",
                dtypes="float64",
            ),
        ),
        (
            "nn.functional.batch_norm",
            Allowed(
                "needs channels; torch does not look if empty",
                "raises",
                when=lambda args, kwargs: args[0].ndim < 2,
            ),
        ),
        (
            "__rmod__ __rpow__ __rsub__",
            Allowed(
                "called by name, they take tensors only, as the slots of any built-in type",
                "raises",
                "error",
                when=lambda args, kwargs: args == (2, 3),
            ),
        ),
        (
            "addbmm",
            Allowed(
                "torch's resizes the tensor, alone among operators in place", "raises", "in-place"
            ),
        ),
        (
            "kthvalue topk sort argsort",
            Allowed("which of equal elements comes first is not defined", "values"),
        ),
        (
            "svd linalg.svd linalg.eigh svd_lowrank pca_lowrank",
            Allowed(
                "vectors may have the other sign: LAPACK chooses it",
                "values, gradient, double gradient",
            ),
        ),
        (
            "linalg.norm-subgradients_at_zero",
            Allowed("the slope of a slope at zero is 0, in torch nan", "double gradient"),
        ),
        (
            "cov",
            Allowed(
                "rounding of weights in float32, magnified by differences",
                "double gradient, values",
            ),
        ),
        (
            "as_strided-partial_views",
            Allowed("a tensor over a NumPy array does not see what lies around it"),
        ),
        (
            "as_strided_scatter",
            Allowed(
                "torch has the gradient of the other part; its own gradcheck fails",
                "gradient, double gradient",
            ),
        ),
        (
            "nn.functional.interpolate-bilinear nn.functional.interpolate-bicubic",
            Allowed("rounding of halves in bytes", "values", dtypes="uint8"),
        ),
        (
            "round",
            Allowed(
                "torch.round takes integers, of which torch.special.round is another name",
                "accepts",
                "alias",
                dtypes="int64 uint8",
            ),
        ),
        (
            "nn.functional.scaled_dot_product_attention",
            Allowed(
                "scores of some hundreds: float32 leaves their exponentials few digits, in both",
                "values",
                dtypes="float32",
            ),
        ),
        (
            "special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1",
            Allowed("torch's are off by up to 1e-6 past 5", "values", dtypes="float64"),
        ),
        ("norm-nuc", Allowed("no nuclear norm", "raises", text="nuc")),
        (
            "nn.functional.embedding nn.functional.embedding_bag",
            Allowed("no sparse gradients", "raises", text="sparse=True is not supported"),
        ),
    ]
)
MODULES = _allowed(
    [
        (
            "CTCLoss",
            Allowed(
                "torch takes the input for log-probabilities; behind a softmax both agree",
                "gradient",
            ),
        ),
    ]
)
