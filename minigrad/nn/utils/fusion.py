"""Folding a batch norm in evaluation into the layer before it."""

from __future__ import annotations

import copy
from typing import TypeVar

from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


def _folded(weight, bias, mean, var, eps, bn_weight, bn_bias, channel_dim):
    """Return the weight and bias of a layer that computes batch norm of the layer."""
    scale = (var + eps).rsqrt()
    if bn_weight is not None:
        scale = scale * bn_weight
    shift = -mean if bias is None else bias - mean
    shift = shift * scale
    if bn_bias is not None:
        shift = shift + bn_bias
    ones = [1] * weight.dim()
    ones[channel_dim] = -1
    folded = (weight * scale.reshape(ones)).to(weight.dtype)
    dtype = weight.dtype if bias is None else bias.dtype
    return (
        Parameter(folded.detach(), weight.requires_grad),
        Parameter(shift.to(dtype).detach(), weight.requires_grad),
    )


_Module = TypeVar("_Module", bound=Module)


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Return the weight and bias of a convolution that computes ``batch_norm(conv(x))``.

    ``bn_w``, ``bn_b`` and ``conv_b`` may be None.  ``transpose``: the convolution is a transposed
    one, whose channels are dimension 1 of the weight.

    Source: ``torch.nn.utils.fuse_conv_bn_weights``.
    """
    return _folded(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 1 if transpose else 0)


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """Return the weight and bias of a linear layer that computes ``batch_norm(linear(x))``.

    ``bn_w``, ``bn_b`` and ``linear_b`` may be None.

    Source: ``torch.nn.utils.fuse_linear_bn_weights``.
    """
    return _folded(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 0)


def _copy_for_fusing(layer, bn):
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    return copy.deepcopy(layer)


def fuse_conv_bn_eval(conv: _Module, bn: Module, transpose: bool = False) -> _Module:
    """Return a copy of ``conv`` that computes ``bn(conv(x))``, both in evaluation mode.

    The batch norm may be without weight and bias.

    Raises AssertionError if one of them is in training mode, or there are no running statistics.

    Source: ``torch.nn.utils.fuse_conv_bn_eval``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> conv, bn = nn.Conv2d(2, 3, 3).eval(), nn.BatchNorm2d(3).eval()
        >>> fused = nn.utils.fuse_conv_bn_eval(conv, bn)
        >>> x = minigrad.randn(1, 2, 4, 4)
        >>> minigrad.allclose(fused(x), bn(conv(x)), atol=1e-6)
        True
    """
    fused = _copy_for_fusing(conv, bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        *(fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps),
        *(bn.weight, bn.bias, transpose),
    )
    return fused


def fuse_linear_bn_eval(linear: _Module, bn: Module) -> _Module:
    """Return a copy of ``linear`` that computes ``bn(linear(x))``, both in evaluation mode.

    The batch norm may be without weight and bias.

    Raises AssertionError if one of them is in training mode, there are no running statistics, or
    their sizes do not fit.

    Source: ``torch.nn.utils.fuse_linear_bn_eval``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> linear, bn = nn.Linear(2, 3).eval(), nn.BatchNorm1d(3, affine=False).eval()
        >>> fused = nn.utils.fuse_linear_bn_eval(linear, bn)
        >>> x = minigrad.randn(4, 2)
        >>> minigrad.allclose(fused(x), bn(linear(x)), atol=1e-6)
        True
    """
    fused = _copy_for_fusing(linear, bn)
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    fused.weight, fused.bias = fuse_linear_bn_weights(
        *(fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias)
    )
    return fused
