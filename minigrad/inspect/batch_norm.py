"""Batch norm taken apart: its forward in four parts, its backward in three paths.

Forward, for each channel, over the batch and all positions (n numbers):

    mean      = sum(x) / n
    var       = sum((x - mean)^2) / n
    xhat     = (x - mean) * invstd,   invstd = 1 / sqrt(var + eps)
    scaled    = weight * xhat
    y         = scaled + bias

x reaches y by three paths: directly, and through the mean and the variance, which depend on every
x of the channel.  With h = weight * g, the gradient at xhat, the gradient of x is the sum of

    direct            h * invstd
    through the mean  -invstd * mean(h)
    through var       -invstd * xhat * mean(h * xhat)

(The mean depends on x, and so does the variance through it; that last dependence adds nothing,
because the deviations from the mean sum to zero.)  In evaluation the statistics are constants, and
only the direct path is there.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.inspect.nodes import extra_of, saved_by
from minigrad.inspect.picture import Picture
from minigrad.tape import Node


@dataclass
class Part:
    """One part: its name, the formula, and what came of it (a picture of all its numbers)."""

    name: str
    formula: str
    picture: Picture
    sums: list[float]  # over each channel


@dataclass
class BatchNormParts:
    """The parts of one batch norm, computed anew in float64 from what its node saved."""

    forward: list[Part]
    backward: list[Part]
    given: Picture | None  # dL/dx as the kernel gave it
    gap: float  # the largest difference between the sum of the paths and what the kernel gave


def take_apart(
    node: Node, bias: np.ndarray | None, grad: Any, results: Any, cells: int
) -> BatchNormParts | None:
    """Return the parts of a batch norm's node; None for any other.

    ``bias`` is that of the layer (the node does not need it), ``grad`` is the gradient that has
    arrived at it, ``results`` what its vjp made of that.
    """
    if node.name() != "NativeBatchNormBackward0":
        return None
    saved = saved_by(node)
    if not saved or not saved[0][3] or saved[0][1].shape != tuple(grad.shape):
        return None
    mean, invstd, trains, eps, _ = extra_of(node)
    x, g = saved[0][1].astype(np.float64), grad.detach().numpy().astype(np.float64)
    weight = saved[1][1].astype(np.float64) if len(saved) > 1 else np.ones(x.shape[1])
    along = tuple(i for i in range(x.ndim) if i != 1)

    def wide(per_channel):
        return np.asarray(per_channel).reshape([-1 if i == 1 else 1 for i in range(x.ndim)])

    def part(name, formula, values):
        sums = values.sum(along) if values.ndim == x.ndim else values
        return Part(name, formula, Picture.of(values, cells), sums.tolist())

    xhat = (x - wide(mean)) * wide(invstd)
    h = g * wide(weight)
    direct = h * wide(invstd)
    forward = [
        part("mean", "sum(x) / n" if trains else "running_mean", mean),
        part("var", "sum((x - mean)^2) / n" if trains else "running_var", 1 / invstd**2 - eps),
        part("normalise", "(x - mean) / sqrt(var + eps)", xhat),
        part("scale", "weight * xhat", xhat * wide(weight)),
    ]
    if bias is not None:
        y = xhat * wide(weight) + wide(bias)
        forward.append(part("shift", "weight * xhat + bias", y))
    backward = [part("direct", "h * invstd", direct)]
    if trains:
        through_mean = np.broadcast_to(-wide(invstd) * h.mean(along, keepdims=True), x.shape)
        through_var = -wide(invstd) * xhat * (h * xhat).mean(along, keepdims=True)
        backward += [
            part("through the mean", "-invstd * mean(h)", through_mean),
            part("through the variance", "-invstd * xhat * mean(h * xhat)", through_var),
        ]
        direct = direct + through_mean + through_var
    backward.append(part("their sum, dL/dx", "direct + mean + variance", direct))
    given = results[0]
    gap = 0.0 if given is None else float(np.abs(direct - given.detach().numpy()).max(initial=0))
    picture = None if given is None else Picture.of(given.detach().numpy(), cells)
    return BatchNormParts(forward, backward, picture, gap)
