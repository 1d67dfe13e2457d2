"""Norms over the features of each sample: layer, group, instance, RMS and local response norm.

Layer and group norm have a kernel, see row_norm.pyx.  float16 is computed in float32.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.dtypes import float16, float32
from minigrad.ops.join import cat
from minigrad.ops.norm import batch_norm
from minigrad.ops.row_norm import row_norm
from minigrad.tensor import Tensor
from minigrad.types import Ints


def _check(name, input, **vectors):
    """Raise TypeError for what is no tensor, NotImplementedError for integers."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
    if not input.is_floating_point():
        raise NotImplementedError(
            f'"{name}" not implemented for {input.dtype}: expected a floating input'
        )
    for argument, given in vectors.items():
        if given is not None and not isinstance(given, Tensor):
            raise TypeError(
                f"{name}(): argument '{argument}' must be Tensor or None, "
                f"not {type(given).__name__}"
            )


def _check_dtypes(name, input, **vectors):
    for argument, given in vectors.items():
        if given is not None and given.dtype is not input.dtype:
            if input.dtype is float16 and given.dtype is float32:
                continue
            raise RuntimeError(
                f"{name}(): mixed dtype: {argument} is {given.dtype}, but the input is "
                f"{input.dtype}; expected {input.dtype}"
            )


def _check_eps(name, eps):
    if isinstance(eps, bool) or not isinstance(eps, (int, float)):
        raise TypeError(f"{name}(): argument 'eps' must be float, not {type(eps).__name__}")


def _widened(function, input, *vectors):
    """Compute ``function`` of float16 in float32."""
    wide = [v if v is None else v.to(float32) for v in vectors]
    return function(input.to(float32), *wide).to(float16)


def _normalized_shape(name, input, normalized_shape):
    if not isinstance(normalized_shape, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints, "
            f"not {type(normalized_shape).__name__}"
        )
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
            "one element, but got normalized_shape = []"
        )
    if tuple(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape "
            f"[*, {', '.join(map(str, shape))}], but got input of size {list(input.shape)}"
        )
    return shape


def _check_shapes(shape, **vectors):
    for argument, given in vectors.items():
        if given is not None and tuple(given.shape) != shape:
            raise RuntimeError(
                f"Expected {argument} to be of same shape as normalized_shape, but got {argument} "
                f"of shape {list(given.shape)} and normalized_shape = {list(shape)}"
            )


def layer_norm(
    input: Tensor,
    normalized_shape: Ints,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise the last dimensions of ``input``, of ``normalized_shape``; then scale and shift.

    ``weight``, ``bias``: of that shape and the input's dtype, or None.

    Raises RuntimeError for shapes and dtypes that do not fit, NotImplementedError for integers.

    Source: ``torch.nn.functional.layer_norm``; J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer
    Normalization", 2016.

    >>> import minigrad
    >>> minigrad.nn.functional.layer_norm(minigrad.tensor([[1.0, 3.0], [-9.0, 9.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    _check("layer_norm", input, weight=weight, bias=bias)
    shape = _normalized_shape("layer_norm", input, normalized_shape)
    _check_shapes(shape, weight=weight, bias=bias)
    _check_dtypes("layer_norm", input, weight=weight, bias=bias)
    _check_eps("layer_norm", eps)
    if input.dtype is float16:
        return _widened(lambda x, w, b: layer_norm(x, shape, w, b, eps), input, weight, bias)
    rows = math.prod(input.shape[: input.dim() - len(shape)])
    sizes = (rows, 1, math.prod(shape), 1)
    return row_norm(input, weight, bias, *sizes, eps, "NativeLayerNormBackward0")


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise ``num_groups`` groups of channels of each sample; then scale and shift channels.

    ``input``: (N, C, *).  ``weight``, ``bias``: (C,) of the input's dtype, or None.

    Raises RuntimeError for shapes and dtypes that do not fit, NotImplementedError for integers,
    ValueError for one value a group.

    Source: ``torch.nn.functional.group_norm``; Y. Wu and K. He, "Group Normalization", 2018.

    >>> import minigrad
    >>> minigrad.nn.functional.group_norm(minigrad.tensor([[1.0, 3.0, -9.0, 9.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    _check("group_norm", input, weight=weight, bias=bias)
    if input.dim() < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.dim()}"
        )
    if num_groups < 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    samples, channels = input.shape[:2]
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and tuple(given.shape) != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(given.shape)} and input of shape "
                f"{list(input.shape)}"
            )
    rows = samples * num_groups
    if rows and input.numel() == rows and samples == 1:
        raise ValueError(
            "Expected more than 1 value per channel when training, got input size "
            f"{list(input.shape)}"
        )
    _check_dtypes("group_norm", input, weight=weight, bias=bias)
    _check_eps("group_norm", eps)
    if input.dtype is float16:
        return _widened(lambda x, w, b: group_norm(x, num_groups, w, b, eps), input, weight, bias)
    sizes = (samples, num_groups, channels // max(num_groups, 1), math.prod(input.shape[2:]))
    return row_norm(input, weight, bias, *sizes, eps, "NativeGroupNormBackward0")


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise every channel of every sample of ``input``, (N, C, *); then scale and shift.

    ``running_mean``, ``running_var``: (C,); used in place of each sample's own statistics if not
    ``use_input_stats``, else moved, in place, towards the mean of those over the samples.

    Raises ValueError for one value a channel, RuntimeError for vectors of a wrong size, and for
    missing running statistics.

    Source: ``torch.nn.functional.instance_norm``; D. Ulyanov, A. Vedaldi and V. Lempitsky,
    "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016.

    >>> import minigrad
    >>> minigrad.nn.functional.instance_norm(minigrad.tensor([[[1.0, 3.0], [-9.0, 9.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """
    _check("instance_norm", input, weight=weight, bias=bias)
    if input.dim() < 2:
        raise RuntimeError(
            f"instance_norm(): expected input of shape (N, C, *), but got {list(input.shape)}"
        )
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when use_input_stats is false"
        )
    samples, channels = input.shape[:2]
    vectors = {
        "running_mean": running_mean,
        "running_var": running_var,
        "weight": weight,
        "bias": bias,
    }
    for name, given in vectors.items():
        if given is not None and tuple(given.shape) != (channels,):
            raise RuntimeError(
                f"instance_norm(): {name} should contain {channels} elements, one for each channel "
                f"of the input of size {list(input.shape)}, but its shape is {list(given.shape)}"
            )
    if samples == 0:
        return input.clone()
    repeated = {name: v if v is None else v.repeat(samples) for name, v in vectors.items()}
    out = batch_norm(
        input.reshape(1, samples * channels, *input.shape[2:]),
        training=use_input_stats,
        momentum=momentum,
        eps=eps,
        **repeated,
    )
    if use_input_stats:
        for given, moved in (
            (running_mean, repeated["running_mean"]),
            (running_var, repeated["running_var"]),
        ):
            if given is not None and moved is not None:
                given.copy_(moved.reshape(samples, channels).mean(0))
    return out.reshape(input.shape)


def rms_norm(
    input: Tensor, normalized_shape: Ints, weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """Divide the last dimensions of ``input`` by their root mean square; then scale.

    ``weight``: of ``normalized_shape``, or None.  ``eps`` is added to the mean of the squares;
    None means the machine epsilon of the dtype.

    Raises as `layer_norm` does.

    Source: ``torch.nn.functional.rms_norm``; B. Zhang and R. Sennrich, "Root Mean Square Layer
    Normalization", 2019.

    >>> import minigrad
    >>> minigrad.nn.functional.rms_norm(minigrad.tensor([3.0, 4.0, 0.0, 0.0]), (4,))
    tensor([1.2000, 1.6000, 0.0000, 0.0000])
    """
    _check("rms_norm", input, weight=weight)
    shape = _normalized_shape("rms_norm", input, normalized_shape)
    _check_shapes(shape, weight=weight)
    if eps is None:
        eps = float(np.finfo(np.float32 if input.dtype is float16 else input.dtype.numpy).eps)
    if input.dtype is float16:
        return _widened(lambda x, w: rms_norm(x, shape, w, eps), input, weight)
    dims = tuple(range(-len(shape), 0))
    scale = (input.square().mean(dims, keepdim=True) + eps).rsqrt()
    out = input * scale
    return out if weight is None else out * weight


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide by ``(k + alpha * mean(x ** 2)) ** beta``, the mean over ``size`` channels around.

    ``input``: (N, C, *).  Channels beyond the first and the last count as 0.

    Raises ValueError for an input of fewer than 3 dimensions.

    Source: ``torch.nn.functional.local_response_norm``; A. Krizhevsky, I. Sutskever and G. E.
    Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012.

    >>> import minigrad
    >>> minigrad.nn.functional.local_response_norm(minigrad.ones(1, 3, 1), 3, alpha=3.0).flatten()
    tensor([0.4387, 0.3536, 0.4387])
    """
    if input.dim() < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {input.dim()} dimensions)"
        )
    if input.numel() == 0:
        return input
    before = input.new_zeros(input.shape[0], size // 2, *input.shape[2:])
    after = input.new_zeros(input.shape[0], (size - 1) // 2, *input.shape[2:])
    squares = cat([before, input.square(), after], 1)
    window: Any = sum(squares.narrow(1, i, input.shape[1]) for i in range(size))
    mean = window / size if input.is_floating_point() else window // size  # in the input's dtype
    return input / (mean * alpha + k).pow(beta)
