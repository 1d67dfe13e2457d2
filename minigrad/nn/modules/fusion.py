"""What Sequential does in one pass where nothing is to be recorded, in inference.

A convolution takes a batch norm, a ReLU and a 2 x 2 maximum pooling behind it along, while its
results are in the cache; a batch norm takes a ReLU.  The numbers are the same as one by one.  That
is done for layers of exactly these classes only, where a call is nothing but their own ``forward``:
a subclass, a hook, a replaced ``forward`` or ``__call__`` wants to be called.
"""

from __future__ import annotations

from typing import Any

from minigrad.nn.modules.activation import ReLU
from minigrad.nn.modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from minigrad.nn.modules.conv import Conv2d
from minigrad.nn.modules.module import Module
from minigrad.nn.modules.pooling import MaxPool2d
from minigrad.ops.conv import conv2d_infer
from minigrad.tensor import Tensor

# What each class takes along, in this order, any of it left out.
FOLLOWERS: dict[type[Module], tuple[type[Module], ...]] = {
    BatchNorm1d: (ReLU,),
    BatchNorm2d: (ReLU,),
    BatchNorm3d: (ReLU,),
    Conv2d: (BatchNorm2d, ReLU, MaxPool2d),
}
KINDS: tuple[type[Module], ...] = (*FOLLOWERS, ReLU, MaxPool2d)
FORWARD = {kind: kind.forward for kind in KINDS}
CALL = Module.__call__


def infer(modules: Any, input: Tensor) -> Any:
    """Return what ``modules``, called one after the other, make of ``input``."""
    position = 0
    while position < len(modules):
        module = modules[position]
        kinds = FOLLOWERS.get(type(module))
        position += 1
        if kinds and _fits(module, input):
            taken = _take_along(modules, position, kinds)
            if taken:
                position += len(taken)
                input = _call_together(module, taken, input)
                continue
        input = module(input)
    return input


def _is_itself(module):
    """Whether calling the module does what its class was written to do."""
    kind = type(module)
    return module._is_plain() and kind.forward is FORWARD[kind] and Module.__call__ is CALL


def _fits(module, input):
    """Whether the module may take others along, for this input."""
    if type(module) is not Conv2d:
        return _is_itself(module)
    return (
        _is_itself(module)
        and module.padding_mode == "zeros"
        and isinstance(input, Tensor)
        and input.dim() == 4
        and input.dtype.itemsize > 2
    )


def _take_along(modules, position, kinds):
    """Return {class: module} of the modules from ``position`` on that may be taken along."""
    taken = {}
    for kind in kinds:
        if position == len(modules):
            break
        module = modules[position]
        if type(module) is not kind or not _is_itself(module):
            continue
        if kind is BatchNorm2d and (module.training or module.running_mean is None):
            break
        if kind is MaxPool2d and not _is_2x2(module):
            break
        taken[kind] = module
        position += 1
    return taken


def _is_2x2(pool):
    sizes = (pool.kernel_size, pool.stride, pool.padding, pool.dilation)
    pairs = [(size, size) if type(size) is int else size for size in sizes]
    return pairs == [(2, 2), (2, 2), (0, 0), (1, 1)] and not (pool.ceil_mode or pool.return_indices)


def _call_together(module, taken, input):
    if type(module) is not Conv2d:
        return module.forward_relu(input)
    norm = taken.get(BatchNorm2d)
    if norm is not None:
        norm = (norm.running_mean, norm.running_var, norm.weight, norm.bias, norm.eps)
    return conv2d_infer(
        input,
        module.weight,
        module.bias,
        module.stride,
        module.padding,
        module.dilation,
        module.groups,
        norm,
        ReLU in taken,
        MaxPool2d in taken,
    )
