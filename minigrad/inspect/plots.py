"""Pictures with matplotlib: a loss over the steps, and the numbers in a model.

matplotlib is imported when one is drawn (``pip install "minigrad[examples]"`` has it).
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.nn import Module
from minigrad.tensor import Tensor


def plot_curves(curves: Mapping[str, Sequence[float]], path: Any = None, smooth: int = 0) -> Any:
    """Draw numbers over the steps of a training, such as losses; return matplotlib's figure.

    Args:
        curves: a dict of names and sequences of numbers (or of tensors of one element).
        path: a file to write the picture to, in the format of its suffix.
        smooth: draw the mean of so many numbers over each curve, which is then pale.

    Example::

        inspect.plot_curves({"loss": losses}, "loss.png", smooth=20)
    """
    figure, axes = _figure(1, 1)
    for name, curve in curves.items():
        values = np.array([float(value) for value in curve])
        (line,) = axes[0].plot(values, label=name, alpha=0.3 if smooth > 1 else 1.0)
        if 1 < smooth <= len(values):
            means = np.convolve(values, np.ones(smooth) / smooth, "valid")
            axes[0].plot(np.arange(smooth - 1, len(values)), means, color=line.get_color())
    axes[0].set_xlabel("step")
    axes[0].grid(alpha=0.3)
    axes[0].legend()
    return _written(figure, path)


def plot_histograms(model: Module | Mapping[str, Tensor], path: Any = None) -> Any:
    """Draw a histogram of every parameter of a model, and of its gradient where it has one.

    ``model`` is a Module or a dict of tensors, ``path`` a file to write the picture to.  NaN and
    Inf are left out, and counted in the title.  Returns matplotlib's figure.

    Example::

        loss.backward()
        inspect.plot_histograms(model, "parameters.png")
    """
    tensors = dict(model.named_parameters() if isinstance(model, Module) else model)
    if not tensors:
        raise ValueError("there is no tensor to draw: the model has no parameters")
    columns = 2 if any(tensor.grad is not None for tensor in tensors.values()) else 1
    figure, axes = _figure(len(tensors), columns)
    for i, (name, tensor) in enumerate(tensors.items()):
        _histogram(axes[columns * i], name, tensor)
        if tensor.grad is not None:
            _histogram(axes[columns * i + 1], f"{name}.grad", tensor.grad)
        elif columns == 2:
            axes[columns * i + 1].set_axis_off()
    return _written(figure, path)


def _histogram(axes, name, tensor):
    values = tensor.detach().numpy().astype(np.float64).reshape(-1)
    finite = values[np.isfinite(values)]
    lost = values.size - finite.size
    axes.hist(finite, bins=40)
    axes.set_title(f"{name}{f' ({lost} NaN or Inf)' if lost else ''}", fontsize=9, loc="left")
    axes.tick_params(labelsize=8)


def _figure(rows, columns):
    """Return a figure, and its axes row by row."""
    figures = importlib.import_module("matplotlib.figure")  # no window, and no state of pyplot's
    height = 3.6 if rows == 1 else 1.7 * rows
    figure = figures.Figure(figsize=(3.4 * columns + 2.8, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def _written(figure, path):
    if path is not None:
        figure.savefig(path, dpi=120)
    return figure
