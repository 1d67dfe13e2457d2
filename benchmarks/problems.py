"""What the benchmarks compute on: networks, weights and arrays, made with NumPy from one seed.

A network is a list of layers written as torch.nn writes them (class name, arguments), from which
each peer builds its own.  The names of the weights are those of a torch ``state_dict``.
"""

from dataclasses import dataclass

import numpy as np

SEED = 20
POSITIVE = {"div", "log", "sqrt"}  # operations whose operands stay away from zero
LEARNING_RATE = {"sgd": 0.01, "adam": 0.001}
MOMENTUM = 0.9


@dataclass(frozen=True)
class Network:
    """A classifier: its layers, the batch size, the shape of one example, the number of classes."""

    layers: tuple[tuple, ...]
    batch: int
    example: tuple[int, ...]
    classes: int


def linear_block(inputs, outputs):
    return ("Linear", inputs, outputs), ("BatchNorm1d", outputs), ("ReLU",)


def conv_block(inputs, outputs, kernel=3, padding=1):
    """Convolution of stride 1, batch norm, ReLU and 2x2 max pooling."""
    conv = ("Conv2d", inputs, outputs, kernel, 1, padding)
    return conv, ("BatchNorm2d", outputs), ("ReLU",), ("MaxPool2d", 2)


NETWORKS = {
    "tiny MLP": Network(
        (*linear_block(2, 16), *linear_block(16, 16), ("Linear", 16, 2)), 64, (2,), 2
    ),
    "MLP": Network(
        (*linear_block(784, 256), *linear_block(256, 128), ("Linear", 128, 10)), 128, (784,), 10
    ),
    "CNN": Network(
        (*conv_block(1, 16), *conv_block(16, 32), ("Flatten",), ("Linear", 32 * 7 * 7, 10)),
        64,
        (1, 28, 28),
        10,
    ),
    "LeNet": Network(
        (
            *conv_block(1, 6, kernel=5, padding=2),
            *conv_block(6, 16, kernel=5, padding=0),
            ("Flatten",),
            *linear_block(16 * 5 * 5, 120),
            *linear_block(120, 84),
            ("Linear", 84, 10),
        ),
        256,
        (1, 28, 28),
        10,
    ),
    "CIFAR CNN": Network(
        (
            *conv_block(3, 32),
            *conv_block(32, 64),
            *conv_block(64, 128),
            ("Flatten",),
            ("Linear", 128 * 4 * 4, 10),
        ),
        64,
        (3, 32, 32),
        10,
    ),
}


def initial_weights(network: Network) -> dict[str, np.ndarray]:
    """Weights and biases of the linear and convolution layers, uniform as torch draws them.

    Batch norm starts as every engine starts it: weight 1, bias 0, statistics 0 and 1.
    """
    rng = np.random.default_rng(SEED)
    weights = {}
    for i, (layer, *arguments) in enumerate(network.layers):
        if layer not in ("Linear", "Conv2d"):
            continue
        inputs, outputs, *rest = arguments
        kernel = (rest[0], rest[0]) if layer == "Conv2d" else ()
        bound = (inputs * np.prod(kernel)) ** -0.5
        for name, shape in (("weight", (outputs, inputs, *kernel)), ("bias", (outputs,))):
            weights[f"{i}.{name}"] = rng.uniform(-bound, bound, shape).astype(np.float32)
    return weights


def batch(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """One batch: normal inputs (float32) and random labels (int64)."""
    rng = np.random.default_rng(SEED + 1)
    inputs = rng.standard_normal((network.batch, *network.example), dtype=np.float32)
    return inputs, rng.integers(network.classes, size=network.batch)


def arrays(*shapes, positive=False) -> list[np.ndarray]:
    """A normal float32 array for each shape; with ``positive`` their absolute values plus 0.5."""
    rng = np.random.default_rng(SEED + 2)
    made = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
    return [np.abs(array) + np.float32(0.5) for array in made] if positive else made


def batchnorm_arrays(shape) -> dict[str, np.ndarray]:
    """The input, the gradient of the output, and the parameters of a batch norm layer."""
    channels = (shape[1],)
    x, dy, weight, bias, mean, var = arrays(shape, shape, channels, channels, channels, channels)
    var = np.abs(var) + np.float32(0.5)
    return {"x": x * 2 + 1, "dy": dy, "weight": weight, "bias": bias, "mean": mean, "var": var}
