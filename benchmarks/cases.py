"""The lines of the report: which workloads, on which shapes, in which groups."""

import math
from dataclasses import dataclass

from benchmarks.problems import NETWORKS

FLOAT = 4  # bytes
MEGABYTE = 1 << 20

# Batch norm.  One shape takes a few channels of a large image, one is odd on purpose
# (20x100x35x45), the last two are past the caches: per channel 0.4 MB (fits in L2) and 1.6 MB.
IMAGE_SHAPES = (
    (2, 3, 4, 4),
    (8, 16, 8, 8),
    (64, 16, 28, 28),
    (64, 32, 14, 14),
    (64, 64, 32, 32),
    (128, 128, 16, 16),
    (32, 256, 14, 14),
    (64, 512, 7, 7),
    (4, 3, 224, 224),
    (20, 100, 35, 45),
    (16, 64, 128),
    (32, 128, 1000),
    (2, 16, 8, 16, 16),
    (8, 32, 16, 32, 32),
    (32, 256, 56, 56),
    (32, 64, 112, 112),
)
FEATURE_SHAPES = (
    (8, 4),
    (64, 16),
    (128, 256),
    (256, 84),
    (1024, 1024),
    (4096, 512),
    (65536, 256),
)
QUICK_BATCHNORM = {(64, 16, 28, 28), (20, 100, 35, 45), (16, 64, 128), (64, 16), (4096, 512)}
BATCHNORM_MODES = {
    "forward": "training forward",
    "backward": "training forward + backward",
    "eval": "eval forward",
}
# Arrays that must be read or written: x, y; with backward also x and dy again and dx.
ARRAYS_MOVED = {"forward": 2, "backward": 5, "eval": 2}
# Additions and multiplications for an element: moments 4 and affine 3; backward two sums 5, dx 5.
BATCHNORM_FLOPS = {"forward": 7, "backward": 17, "eval": 3}

SMALL = (10,)
SIZES = {"100,000": (250, 400), "4,000,000": (2000, 2000)}
BINARY = ("add", "mul", "div")
UNARY = ("exp", "log", "sqrt", "tanh", "sigmoid", "relu", "gelu")
REDUCTIONS = (
    "sum",
    "mean",
    "sum over rows",
    "sum over columns",
    "max over columns",
    "var",
    "softmax",
    "log_softmax",
)
QUICK_OPERATIONS = {"add", "tanh", "sum", "softmax"}
MATMUL_SIZES = (16, 32, 64, 128, 256, 512, 1024)
QUICK_MATMUL = {16, 256}
# Batch, input channels, output channels, kernel, padding, image size: those of the networks.
CONVOLUTIONS = (
    (64, 1, 16, 3, 1, 28),
    (64, 16, 32, 3, 1, 14),
    (256, 1, 6, 5, 2, 28),
    (256, 6, 16, 5, 0, 14),
    (64, 3, 32, 3, 1, 32),
    (64, 32, 64, 3, 1, 16),
    (64, 64, 128, 3, 1, 8),
)


@dataclass(frozen=True)
class Case:
    """One line.  ``program`` and ``arguments`` say what every peer is to run."""

    suite: str
    group: str  # lines of one group share a table and a geometric mean
    name: str
    program: str
    arguments: dict
    tolerance: float = 1e-4  # how far the peers' results may lie apart, by norm
    bytes: int | None = None  # that must move to and from memory
    flops: int | None = None
    intensity: float | None = None  # operations per byte that must move, for the roofline
    yardstick: bool = False  # whether NumPy runs a comparable program
    quick: bool = False

    @property
    def copied_bytes(self) -> int | None:
        """Bytes that NumPy's program moves if it is a copy: x read, y written."""
        copies = self.program == "batchnorm" and self.yardstick
        return 2 * FLOAT * math.prod(self.arguments["shape"]) if copies else None


def by_times(shape) -> str:
    return "x".join(map(str, shape))


def batchnorm_cases():
    for mode, title in BATCHNORM_MODES.items():
        for kind, shapes in (("images", IMAGE_SHAPES), ("(N, C)", FEATURE_SHAPES)):
            for shape in shapes:
                array = FLOAT * math.prod(shape)
                yield Case(
                    suite="batchnorm",
                    group=f"batch norm {title}, {kind}",
                    name=by_times(shape),
                    program="batchnorm",
                    arguments={"mode": mode, "shape": shape},
                    bytes=ARRAYS_MOVED[mode] * array,
                    intensity=BATCHNORM_FLOPS[mode] / (ARRAYS_MOVED[mode] * FLOAT),
                    yardstick=array >= MEGABYTE,
                    quick=shape in QUICK_BATCHNORM,
                )


def operation_case(group, name, operation, shapes, backward, **options):
    keywords = options.pop("keywords", {})
    return Case(
        suite="ops",
        group=f"{group}, {'forward + backward' if backward else 'forward'}",
        name=name,
        program="operation",
        arguments={"name": operation, "shapes": shapes, "backward": backward, **keywords},
        **options,
    )


def ops_cases():
    for backward in (False, True):
        for name in ("add", "mul", "tanh", "sum"):
            shapes = [SMALL] * (2 if name in BINARY else 1)
            yield operation_case("10 elements", name, name, shapes, backward, quick=True)
    for size, shape in SIZES.items():
        for backward in (False, True):
            for names, kind in ((BINARY + UNARY, "elementwise"), (REDUCTIONS, "reductions")):
                for name in names:
                    yield operation_case(
                        f"{kind}, {size} elements",
                        name,
                        name,
                        [shape] * (2 if name in BINARY else 1),
                        backward,
                        quick=size == "100,000" and name in QUICK_OPERATIONS,
                    )
    for backward in (False, True):
        for n in MATMUL_SIZES:
            flops = (3 if backward else 1) * 2 * n**3
            yield operation_case(
                "matmul",
                f"{n}x{n} @ {n}x{n}",
                "matmul",
                [(n, n), (n, n)],
                backward,
                flops=flops,
                intensity=flops / ((8 if backward else 3) * FLOAT * n**2),
                yardstick=not backward,
                quick=n in QUICK_MATMUL,
            )
    for backward in (False, True):
        for n, inputs, outputs, kernel, padding, size in CONVOLUTIONS:
            positions = n * (size + 2 * padding - kernel + 1) ** 2
            flops = (3 if backward else 1) * 2 * positions * inputs * outputs * kernel**2
            x, y = n * inputs * size**2, positions * outputs
            moved = FLOAT * (3 * (x + y) if backward else x + y)  # weights are few
            yield operation_case(
                "conv2d",
                f"{n}x{inputs}x{size}x{size}, {outputs} of {kernel}x{kernel}",
                "conv2d",
                [(n, inputs, size, size), (outputs, inputs, kernel, kernel)],
                backward,
                keywords={"padding": padding},
                flops=flops,
                intensity=flops / moved,
                quick=inputs == 16,
            )


def steps_cases():
    for name in NETWORKS:
        for optimizer in ("sgd", "adam") if name == "tiny MLP" else ("sgd",):
            yield Case(
                suite="steps",
                group="training step",
                name=f"{name}, {'SGD' if optimizer == 'sgd' else 'Adam'}",
                program="train",
                arguments={"network": name, "optimizer": optimizer},
                tolerance=1e-3,
                quick=True,
            )
    for name in NETWORKS:
        yield Case(
            suite="steps",
            group="inference",
            name=name,
            program="infer",
            arguments={"network": name},
            quick=True,
        )


SUITES = {"batchnorm": batchnorm_cases, "ops": ops_cases, "steps": steps_cases}


def cases_of(suite: str, quick: bool = False) -> list[Case]:
    """The cases of a suite; with ``quick`` a small selection of them."""
    return [case for case in SUITES[suite]() if case.quick or not quick]
