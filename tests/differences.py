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
            "special.modified_bessel_i0 special.modified_bessel_i1",
            Allowed("torch does not differentiate these, but i0 and i1, which they are", "tape"),
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
            "round",
            Allowed(
                "torch.round takes integers, of which torch.special.round is another name",
                "accepts",
                "alias",
                dtypes="uint8 int8 int16 int32 int64",
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
        (
            "nn.functional.embedding nn.functional.embedding_bag",
            Allowed("no sparse gradients", "raises", text="sparse=True is not supported"),
        ),
    ]
)
# In the dtypes and layouts that only the long test looks at.
MORE = _allowed(
    [
        (
            "cholesky_inverse cholesky_solve geqrf qr linalg.qr linalg.svdvals norm-nuc logdet "
            "linalg.matrix_norm linalg.det linalg.householder_product linalg.cond linalg.lu "
            "linalg.lu_factor_ex linalg.solve_ex linalg.cholesky_ex",
            Allowed("equal columns make a matrix singular", layouts="expanded", everywhere=False),
        ),
        (
            "median nanmedian mode",
            Allowed("torch reads past an expanded dimension", layouts="expanded"),
        ),
        (
            "std std-unbiased std_mean std_mean-unbiased",
            Allowed("no deviation: no slope", "double gradient", layouts="expanded"),
        ),
        (
            "std std_mean var var_mean",
            Allowed("0 / 0 for a correction below 0", "values", layouts="no columns, no rows"),
        ),
        (
            "as_strided as_strided_scatter",
            Allowed(
                "a tensor over a NumPy array does not see what lies around it",
                layouts="reversed, spaced, expanded, no columns, no rows",
            ),
        ),
        (
            "take_along_dim",
            Allowed("torch needs a view of what it only reads", "accepts", text="view size"),
        ),
        (
            "addmv cholesky gradient index_copy index_select index_add "
            "index_reduce-mean index_reduce-prod index_reduce-amin index_reduce-amax renorm trapz "
            "trapezoid repeat_interleave linalg.matrix_rank-hermitian linalg.lstsq "
            "linalg.pinv-hermitian nn.functional.embedding nn.functional.embedding_bag "
            "nn.functional.batch_norm nn.functional.instance_norm nn.functional.pixel_unshuffle "
            "nn.functional.scaled_dot_product_attention linalg.lstsq-grad_oriented "
            "nn.functional.adaptive_avg_pool1d nn.functional.adaptive_avg_pool3d "
            "nn.functional.adaptive_max_pool1d nn.functional.adaptive_max_pool2d "
            "nn.functional.adaptive_max_pool3d nn.functional.multilabel_margin_loss",
            Allowed(
                "arguments that do not fit, of which torch sees less if there are no elements",
                "accepts, raises, error, shape, dtype",
                layouts="no columns, no rows",
            ),
        ),
        (
            "resize_ nn.functional.multi_margin_loss nn.functional.multilabel_margin_loss",
            Allowed("torch's are not initialised", "values", layouts="no columns, no rows"),
        ),
        (
            "matrix_exp nn.functional.soft_margin_loss",
            Allowed("torch's overflow on the way", "values", dtypes="float16"),
        ),
        ("mode", Allowed("of equal elements any counts", "values")),
        (
            "polygamma-polygamma_n_0 polygamma-polygamma_n_1 polygamma-polygamma_n_2 "
            "polygamma-polygamma_n_3 polygamma-polygamma_n_4 "
            "special.polygamma-special_polygamma_n_0",
            Allowed("rounding of poles", "values", dtypes="int8 int16"),
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
