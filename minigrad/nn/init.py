"""Filling parameters with their first values.

Every function writes into the tensor it is given, outside of any graph, and returns it.  Those
that draw take a ``generator`` (default: the one that ``minigrad.manual_seed`` seeds) and draw what
torch draws in the same order, so that one seed gives the same weights in both.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.autograd import no_grad
from minigrad.dtypes import bool_
from minigrad.ops import creation
from minigrad.ops.creation import empty, empty_like, from_numpy, ones_like
from minigrad.ops.elementwise import where
from minigrad.ops.generator import Generator
from minigrad.ops.random import randperm
from minigrad.tensor import Tensor


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with draws from the uniform distribution on [a, b).

    Example::

        >>> import minigrad
        >>> from minigrad.nn import init
        >>> bool((init.uniform_(minigrad.empty(100), 2, 3) >= 2).all())
        True
    """
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with draws from the normal distribution of the given mean and standard deviation."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with draws from the normal distribution, drawn again while they are outside [a, b]."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )

    def below(x):
        return (1.0 + math.erf((x - mean) / (std * math.sqrt(2.0)))) / 2.0

    with no_grad():
        if below(b) - below(a) > 0.3:  # most draws are inside
            _redraw_outside(tensor, mean, std, a, b, generator)
        else:
            _accept_uniform(tensor, mean, std, a, b, generator)
    return tensor


def sparse_(
    tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Tensor:
    """Fill a matrix with normal draws, and the part ``sparsity`` of each column with zeros.

    Raises ValueError for a tensor that is no matrix.

    Example::

        >>> import minigrad
        >>> from minigrad.nn import init
        >>> (init.sparse_(minigrad.empty(4, 3), sparsity=0.5) == 0).sum(0)
        tensor([2, 2, 2])
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got {tensor.ndim}")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[randperm(rows)[:zeros], column] = 0
    return tensor


def _redraw_outside(tensor, mean, std, a, b, generator):
    tensor.normal_(mean, std, generator=generator)
    while True:
        outside = (tensor < a) | (tensor > b)
        if not outside.any():
            return
        again = empty_like(tensor).normal_(mean, std, generator=generator)
        tensor.copy_(where(outside, again, tensor))


def _accept_uniform(tensor, mean, std, a, b, generator):
    """Draw uniformly in [a, b] and accept with the probability that the density there asks for."""
    mode = max(a, min(mean, b))
    log_peak = -0.5 * ((mode - mean) / std) ** 2
    draw = empty_like(tensor)
    chance = empty_like(tensor)
    pending = ones_like(tensor, dtype=bool_)
    while pending.any():
        draw.uniform_(a, b, generator=generator)
        tensor.copy_(where(pending, draw, tensor))
        log_density = ((draw - mean) / std).square() * -0.5 - log_peak
        chance.uniform_(generator=generator)
        pending = pending & (chance.log() > log_density)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with ``val``."""
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with 1 on the diagonal and 0 elsewhere.  Raises ValueError if it is none."""
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got {tensor.ndim}")
    with no_grad():
        return tensor.copy_(creation.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a convolution's weight so that it passes its input channels on as they are.

    Raises ValueError unless there are 3, 4 or 5 dimensions and ``groups`` divides the first.

    Example::

        >>> import minigrad
        >>> from minigrad.nn import init
        >>> init.dirac_(minigrad.empty(1, 1, 3))
        tensor([[[0., 1., 0.]]])
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(
            f"Only tensors with 3, 4, or 5 dimensions are supported, got {tensor.ndim}"
        )
    out_channels, in_channels, *kernel_size = tensor.shape
    if out_channels % groups != 0:
        raise ValueError(f"dim 0 must be divisible by groups: {out_channels} by {groups}")
    centre = tuple(size // 2 for size in kernel_size)
    per_group = out_channels // groups
    with no_grad():
        tensor.zero_()
        for first in range(0, out_channels, per_group):
            for channel in range(min(per_group, in_channels)):
                tensor[(first + channel, channel, *centre)] = 1
    return tensor


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor that keeps the variance of activations from layer to layer.

    Args:
        nonlinearity: "linear", "conv1d" ..., "sigmoid", "tanh", "relu", "leaky_relu", "selu".
        param: the negative slope of "leaky_relu"; default 0.01.

    Raises ValueError for another name or a slope that is no number.

    Example::

        >>> from minigrad.nn import init
        >>> init.calculate_gain("tanh")
        1.6666666666666667
    """
    if nonlinearity in ("linear", "sigmoid") or nonlinearity in (
        f"conv{transpose}{n}d" for transpose in ("", "_transpose") for n in (1, 2, 3)
    ):
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {slope} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def _calculate_fan_in_and_fan_out(tensor):
    """Return how many inputs feed an output of this weight, and how many outputs an input feeds."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    kernel = math.prod(tensor.shape[2:])
    return tensor.shape[1] * kernel, tensor.shape[0] * kernel


def _calculate_correct_fan(tensor, mode):
    """Return the fan that ``mode`` names: "fan_in" or "fan_out"."""
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode == "fan_in" else fan_out


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill uniformly in ±gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    Raises ValueError if there are fewer than 2 dimensions.
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normal draws of standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    Raises ValueError if there are fewer than 2 dimensions.
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill uniformly in ±gain * sqrt(3 / fan) (He et al., 2015).

    Args:
        tensor: the weight, of at least 2 dimensions.
        a: negative slope of the leaky ReLU that follows; used only with that nonlinearity.
        mode: "fan_in" keeps the variance on the way forward, "fan_out" on the way back.
        nonlinearity: what follows the layer, see :func:`calculate_gain`.
        generator: where the draws come from.

    Raises ValueError for fewer than 2 dimensions, an unknown mode or nonlinearity.
    """
    if tensor.numel() == 0:
        return _nothing_to_draw(tensor)
    bound = math.sqrt(3.0) * (
        calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    )
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normal draws of standard deviation gain / sqrt(fan).

    Arguments and errors are those of :func:`kaiming_uniform_`.
    """
    if tensor.numel() == 0:
        return _nothing_to_draw(tensor)
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    return normal_(tensor, 0.0, std, generator)


def _nothing_to_draw(tensor):
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
    return tensor


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with ``gain`` times a matrix of orthogonal rows, or columns if those are fewer.

    All dimensions after the first count as one.  Raises ValueError if there are fewer than 2.

    Example::

        >>> import minigrad
        >>> from minigrad.nn import init
        >>> w = init.orthogonal_(minigrad.empty(3, 5))
        >>> minigrad.allclose(w @ w.T, minigrad.eye(3), atol=1e-6)
        True
    """
    if tensor.ndim < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported, got {tensor.ndim}")
    if tensor.numel() == 0:
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    with no_grad():
        drawn = empty(rows, columns, dtype=tensor.dtype).normal_(generator=generator)
        matrix = drawn.numpy()
        q, r = np.linalg.qr(matrix.T if rows < columns else matrix)
        q *= np.sign(np.diag(r))  # makes the decomposition unique, and the draw uniform
        new = from_numpy(q.T if rows < columns else q)
        return tensor.copy_(new.reshape(tensor.shape).mul_(gain))


def _renamed(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return ``function`` under the name of old programs, from before writing had a ``_``."""
    name = function.__name__
    old = name.removesuffix("_")

    @functools.wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{name}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    renamed.__name__ = renamed.__qualname__ = old
    return renamed


uniform, normal, constant = _renamed(uniform_), _renamed(normal_), _renamed(constant_)
eye, dirac, orthogonal = _renamed(eye_), _renamed(dirac_), _renamed(orthogonal_)
sparse = _renamed(sparse_)
xavier_uniform, xavier_normal = _renamed(xavier_uniform_), _renamed(xavier_normal_)
kaiming_uniform, kaiming_normal = _renamed(kaiming_uniform_), _renamed(kaiming_normal_)
