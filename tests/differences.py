"""Where minigrad is meant to differ from torch's databases of operators and modules, and why.

The only list of them.  An entry that covers no difference any more fails the test of its operator.
"""

from databases import Allowed

# Results whose elements are whatever lies in the memory.
UNDEFINED = "empty empty_like new_empty empty_strided new_empty_strided empty_permuted".split()

CONVOLUTIONS = [f"nn.functional.conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)]


def _allowed(table):
    """Return {operator: [Allowed, ...]} from {(operators, ...): Allowed}."""
    found = {}
    for operators, entry in table:
        for name in operators.split() if isinstance(operators, str) else operators:
            found.setdefault(name, []).append(entry)
    return found


OPS = _allowed(
    [
        (CONVOLUTIONS, Allowed("convolves floats only", "raises", dtypes="int64")),
        (
            "clamp_min clamp_max",
            Allowed("limits numbers only: of bools use | and &", "raises", dtypes="bool"),
        ),
        (
            "nn.functional.adaptive_avg_pool2d nn.functional.adaptive_avg_pool3d",
            Allowed(
                "a wrong shape is a RuntimeError throughout; torch has a ValueError where the "
                "size is a tuple",
                "error",
                text="torch: ValueError: Input dimension should be at least",
            ),
        ),
        (
            "nn.functional.avg_pool3d",
            Allowed("means of integers are rounded twice", "values", dtypes="int64"),
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
            "cat",
            Allowed(
                "an empty part that is left out has no gradient instead of an empty one",
                "gradient",
                when=lambda args, kwargs: any(x.shape == (0,) for x in args[0]),
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
        ("norm-nuc", Allowed("no nuclear norm", "raises", text="nuc")),
        (
            "nn.functional.embedding nn.functional.embedding_bag",
            Allowed("no sparse gradients", "raises", text="sparse=True is not supported"),
        ),
    ]
)
MODULES = {}
