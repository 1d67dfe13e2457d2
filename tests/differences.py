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
            "nn.functional.local_response_norm",
            Allowed("torch rounds the means of integers on the way", "values", dtypes="int64"),
        ),
        (
            "nn.functional.hardsigmoid",
            Allowed("torch's slope is 1/6 in single precision", "gradient", dtypes="float64"),
        ),
        (
            "nn.functional.batch_norm",
            Allowed("needs channels", "raises", when=lambda args, kwargs: args[0].ndim < 2),
        ),
        (
            "__rmod__ __rpow__ __rsub__",
            Allowed(
                "torch's reflected operators take two numbers when called by name",
                "raises",
                "error",
                when=lambda args, kwargs: args == (2, 3),
            ),
        ),
        (
            "nn.functional.embedding",
            Allowed(
                "one row, looked up by a number, lies in the table",
                "view",
                when=lambda args, kwargs: any(x.ndim == 0 for x in args),
            ),
        ),
        (
            "addbmm",
            Allowed("in place the result must have the tensor's shape", "raises", "in-place"),
        ),
        (
            "kthvalue topk sort argsort",
            Allowed("of equal elements another may come first", "values"),
        ),
        (
            "svd linalg.svd linalg.eigh",
            Allowed("vectors may have the other sign", "values, gradient, double gradient"),
        ),
        (
            "linalg.eigvalsh linalg.pinv-hermitian",
            Allowed(
                "both triangles of a matrix that is not symmetric count otherwise",
                "gradient, double gradient",
            ),
        ),
        (
            "linalg.norm-subgradients_at_zero",
            Allowed("the slope of a slope at zero is 0, in torch nan", "double gradient"),
        ),
        ("cov", Allowed("rounding of what is zero", "double gradient")),
        (
            "as_strided-partial_views",
            Allowed("a tensor over a NumPy array does not see what lies around it"),
        ),
        (
            "as_strided_scatter",
            Allowed("the part that is overwritten has no gradient", "gradient, double gradient"),
        ),
        (
            "nn.functional.interpolate-bilinear nn.functional.interpolate-bicubic",
            Allowed("rounding of halves in bytes", "values", dtypes="uint8"),
        ),
        (
            "nn.functional.margin_ranking_loss",
            Allowed("bytes wrap around in torch", "values", dtypes="uint8"),
        ),
        (
            "nn.functional.multi_margin_loss nn.functional.multilabel_margin_loss",
            Allowed("an input without dimensions is an error", "raises", text="non-empty vector"),
        ),
        (
            "nn.functional.multi_margin_loss",
            Allowed("the target is looked at before the weight", "error", text="weight must be"),
        ),
        ("nextafter", Allowed("has no gradient", "gradient, double gradient")),
        (
            "float_power",
            Allowed("in place rounds to the tensor's dtype", "accepts", dtypes="float32"),
        ),
        (
            "round",
            Allowed(
                "torch.special.round is for floats only", "accepts", "alias", dtypes="int64 uint8"
            ),
        ),
        (
            "gather",
            Allowed(
                "an index of another dtype, if empty", "raises", text="Expected dtype int32/int64"
            ),
        ),
        (
            "bool byte char double float half int long short",
            Allowed("no memory_format", "raises", text="memory_format"),
        ),
        ("normal-number_mean", Allowed("no layout", "raises", text="layout")),
        ("conj_physical", Allowed("not in place", "missing", "in-place")),
        (
            "nn.functional.feature_alpha_dropout-without_train",
            Allowed("channels are needed out of training too", "raises", text="at least 2 dim"),
        ),
        (
            "nn.functional.pixel_shuffle nn.functional.pixel_unshuffle",
            Allowed("a factor of 1 is a view", "view"),
        ),
        ("special.zeta", Allowed("takes two numbers", "accepts", "error")),
        (
            "nn.functional.scaled_dot_product_attention",
            Allowed("exponentials in single precision", "values", dtypes="float32"),
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
