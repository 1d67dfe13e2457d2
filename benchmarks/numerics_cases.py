"""The inputs of the table of errors, and its operations as minigrad and torch both run them."""

import zlib

import numpy as np

from benchmarks import numerics_exact as exact

DTYPES = ("float32", "float64", "float16")

# Means and scales that are hard for a dtype: two means (of the second the deviations keep a few
# digits), a number whose square overflows, a denormal one.
HARD = {
    "float32": (1e4, 1e6, 1e30, 1e-40),
    "float64": (1e8, 1e12, 1e200, 1e-310),
    "float16": (64.0, 1024.0, 1e4, 1e-6),
}
MILLION = 1_000_000
DIFFERENT = 500  # numbers among a million


def inputs(dtype: str) -> dict:
    """The kinds of numbers, each a function of a random generator and a shape."""
    mean, far, big, tiny = HARD[dtype]
    step = float(np.finfo(dtype).eps)
    return {
        "normal": lambda rng, shape: rng.standard_normal(shape),
        "30 normal": lambda rng, shape: 30 * rng.standard_normal(shape),
        f"{mean:g} + normal": lambda rng, shape: mean + rng.standard_normal(shape),
        f"{far:g} + normal": lambda rng, shape: far + rng.standard_normal(shape),
        "1 + few ulps": lambda rng, shape: 1 + step * rng.integers(0, 8, shape),
        "all 0.1": lambda rng, shape: np.full(shape, 0.1),
        f"{big:g} normal": lambda rng, shape: big * rng.standard_normal(shape).clip(-3, 3),
        f"{tiny:g} normal": lambda rng, shape: tiny * rng.standard_normal(shape),
    }


class Operation:
    """One line of operations: how an engine runs it, and what its results are exactly."""

    def __init__(self, shape, run, truth, results=("y", "dx"), million=(1, DIFFERENT)):
        self.shape, self.run, self.truth, self.results = shape, run, truth, results
        self.million = million  # the shape of its different numbers; None: element by element


def leaf(engine, array):
    return engine.from_numpy(array.copy()).requires_grad_()


def results_of(y, g, *leaves):
    """The output and the leaves' gradients, as arrays."""
    y.backward(g)
    return [y.detach().numpy(), *(x.grad.numpy() for x in leaves)]


def elementwise(function):
    def run(engine, data):
        x = leaf(engine, data["x"])
        return results_of(function(engine, x), engine.from_numpy(data["g"]), x)

    return run


def along_rows(function):
    """Of (rows, columns), reduced or not; ``g`` has the shape of the result."""

    def run(engine, data):
        x = leaf(engine, data["x"])
        y = function(engine, x)
        g = data["g"] if y.shape == x.shape else data["g"][:, 0].copy()
        return results_of(y, engine.from_numpy(g), x)

    return run


def run_bce(engine, data):
    x, t = leaf(engine, data["x"]), engine.from_numpy(data["target"])
    loss = engine.nn.functional.binary_cross_entropy_with_logits(x, t, reduction="none")
    return results_of(loss, engine.from_numpy(data["g"]), x)


def run_cross_entropy(engine, data):
    x = leaf(engine, data["x"])
    loss = engine.nn.functional.cross_entropy(x, engine.from_numpy(data["classes"]))
    return results_of(loss, None, x)


def run_layer_norm(engine, data):
    x, w, b = (leaf(engine, data[name]) for name in ("x", "weight", "bias"))
    y = engine.nn.functional.layer_norm(x, x.shape[1:], w, b, data["eps"])
    return results_of(y, engine.from_numpy(data["g"]), x, w, b)


def batch_norm(*spatial):
    """Rows are the channels here, of ``spatial`` pixels each."""

    def turned(rows):  # to (N, C, *spatial), and back
        return np.ascontiguousarray(np.moveaxis(rows.reshape(len(rows), -1, *spatial), 0, 1))

    def run(engine, data):
        x = leaf(engine, turned(data["x"]))
        w, b = (leaf(engine, data[name]) for name in ("weight", "bias"))
        y = engine.nn.functional.batch_norm(x, None, None, w, b, training=True, eps=data["eps"])
        y, dx, dw, db = results_of(y, engine.from_numpy(turned(data["g"])), x, w, b)
        return [*(np.moveaxis(a, 1, 0).reshape(len(w), -1) for a in (y, dx)), dw, db]

    return run


def norm_truth(of_rows):
    def truth(d):
        return exact.normalised(
            d["x"], d["g"], d["weight"], d["bias"], d["eps"], d["counts"], of_rows
        )

    return truth


def row_truth(function, reduces=False):
    return lambda d: function(d["x"], d["g"][:, 0] if reduces else d["g"], d["counts"])


FOUR = ("y", "dx", "dweight", "dbias")
OPERATIONS = {
    "sigmoid": Operation(
        (8, 16), elementwise(lambda e, x: e.sigmoid(x)), lambda d: exact.sigmoid(d["x"], d["g"]),
        million=None,
    ),
    "BCE with logits": Operation(
        (8, 16), run_bce, lambda d: exact.bce_with_logits(d["x"], d["target"], d["g"]),
        million=None,
    ),
    "softmax": Operation(
        (4, 40), along_rows(lambda e, x: e.softmax(x, 1)), row_truth(exact.softmax)
    ),
    "log_softmax": Operation(
        (4, 40), along_rows(lambda e, x: e.log_softmax(x, 1)), row_truth(exact.log_softmax)
    ),
    "logsumexp": Operation(
        (4, 40), along_rows(lambda e, x: e.logsumexp(x, 1)), row_truth(exact.logsumexp, True)
    ),
    "cross entropy": Operation(
        (4, 40), run_cross_entropy,
        lambda d: exact.cross_entropy(d["x"], d["classes"], d["counts"]),
    ),
    "var": Operation(
        (4, 40), along_rows(lambda e, x: e.var(x, 1)), row_truth(exact.variance, True)
    ),
    "layer norm": Operation((4, 40), run_layer_norm, norm_truth(False), FOUR),
    "batch norm": Operation((3, 64), batch_norm(), norm_truth(True), FOUR),
    "batch norm of images": Operation(
        (2, 512), batch_norm(16, 16), norm_truth(True), FOUR, million=None
    ),
}  # fmt: skip


def data_of(operation: str, dtype: str, kind: str) -> dict:
    """The arrays of one case, which depend on nothing but its names."""
    op = OPERATIONS[operation]
    rng = np.random.default_rng(zlib.crc32(f"{operation} {kind}".encode()))
    million = kind.startswith("million")
    shape = op.million if million else op.shape
    rows, columns = shape
    x = inputs(dtype)[kind.removeprefix("million of ")](rng, shape).astype(dtype)
    data = {"x": x, "g": rng.standard_normal(shape).astype(dtype)}
    data["target"] = rng.choice([0.0, 1.0, 0.25], shape).astype(dtype)
    data["classes"] = rng.integers(0, columns, rows)
    per = rows if operation.startswith("batch norm") else columns
    data["weight"], data["bias"] = rng.standard_normal((2, per)).astype(dtype)
    data["eps"] = 1e-12 if kind == "1 + few ulps" else 1e-5
    data["counts"] = np.ones(columns, int)
    if million:
        data["places"] = np.concatenate(
            [np.arange(columns), rng.integers(0, columns, MILLION - columns)]
        )
        data["counts"] = np.bincount(data["places"])
    return data


def expanded(data: dict, operation: str) -> dict:
    """The arrays an engine gets: of a million numbers, all of them."""
    if "places" not in data:
        return data
    names = ["x", "g"] + (["weight", "bias"] if operation == "layer norm" else [])
    return data | {name: data[name][..., data["places"]].copy() for name in names}


def folded(found: np.ndarray, data: dict) -> list[np.ndarray]:
    """The least and the greatest of what the same number became, if it stands there often."""
    if "places" not in data or found.shape[-1:] != data["places"].shape:
        return [found]
    order = np.argsort(data["places"], kind="stable")
    starts = np.concatenate([[0], np.cumsum(data["counts"])[:-1]])
    return [pick.reduceat(found[..., order], starts, axis=-1) for pick in (np.minimum, np.maximum)]


def kinds_of(operation: str, dtype: str) -> list[str]:
    kinds = list(inputs(dtype))
    if OPERATIONS[operation].million is not None:
        kinds += [f"million of {kind}" for kind in (kinds[0], kinds[2])]
    return kinds


def cases() -> list[tuple[str, str, str]]:
    return [
        (operation, dtype, kind)
        for operation in OPERATIONS
        for dtype in DTYPES
        for kind in kinds_of(operation, dtype)
    ]


def truth_of(case: tuple[str, str, str]):
    return OPERATIONS[case[0]].truth(data_of(*case))


def results(engine, case: tuple[str, str, str]) -> list[list[np.ndarray]]:
    """What an engine makes of a case: of each result one array, or the least and the greatest."""
    data = data_of(*case)
    found = OPERATIONS[case[0]].run(engine, expanded(data, case[0]))
    return [folded(np.asarray(array), data) for array in found]


def errors(found: list[list[np.ndarray]], truth) -> list[float]:
    """The worst error of each of a case's results, given ``truth_of`` it."""
    return [
        max(exact.ulps(part, *of) for part in parts) for parts, of in zip(found, truth, strict=True)
    ]
