"""What Sequential does in fewer passes over memory than its layers would one by one.

A batch norm takes a ReLU behind it along, and both are recorded.  In inference, where nothing is,
a convolution takes a batch norm, a ReLU and a 2 x 2 maximum pooling along, and a linear layer a
batch norm and a ReLU, while the results are in the cache.  The numbers are the same as one by one.
That is done for layers of exactly these classes only, where a call is nothing but their own
``forward``: a subclass, a hook, a replaced ``forward`` or ``__call__`` wants to be called, and so
do functions that somebody overrides.  Who watches the tape wants to see each layer.
"""

from __future__ import annotations

from typing import Any

from minigrad.grad_mode import is_grad_enabled
from minigrad.nn.modules.activation import ReLU
from minigrad.nn.modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from minigrad.nn.modules.conv import Conv2d
from minigrad.nn.modules.linear import Linear
from minigrad.nn.modules.module import Module
from minigrad.nn.modules.pooling import MaxPool2d
from minigrad.ops.conv import conv2d_infer
from minigrad.ops.linalg import linear_infer
from minigrad.overrides import entered_modes, has_torch_function, overriding
from minigrad.tape import _is_watched
from minigrad.tensor import Tensor

NORMS: tuple[type[Module], ...] = (BatchNorm1d, BatchNorm2d, BatchNorm3d)
# What is taken along in inference, in this order, any of it left out; and what may come first.
BEHIND: dict[type[Module], tuple[type[Module], ...]] = {
    Conv2d: (BatchNorm2d, ReLU, MaxPool2d),
    Linear: (BatchNorm1d, ReLU),
}
NEXT = {Conv2d: BEHIND[Conv2d], Linear: (BatchNorm1d,)}
KINDS: tuple[type[Module], ...] = (*NORMS, *BEHIND, ReLU, MaxPool2d)
FORWARD = {kind: kind.forward for kind in KINDS}
CALL = Module.__call__


def call_all(modules: dict[str, Any], names: list[str], input: Any) -> Any:
    """Return what the modules of these names, called one after the other, make of ``input``."""
    position, last = 0, len(names) - 1
    while position <= last:
        module = modules[names[position]]
        position += 1
        kind = type(module)
        if position <= last and kind in FORWARD:
            if kind in NORMS:
                relu = modules[names[position]]
                plain = type(relu) is ReLU and _is_itself(module) and _is_itself(relu)
                if plain and _is_nobodys(input, module):
                    input = module.forward_relu(input)
                    position += 1
                    continue
            elif (
                kind in NEXT
                and type(modules[names[position]]) in NEXT[kind]
                and not is_grad_enabled()
                and _fits(module, input)
            ):
                taken = _take_along(kind, [modules[name] for name in names[position:]])
                if taken and _is_nobodys(input, module, *taken.values()):
                    input = _infer_together(module, taken, input)
                    position += len(taken)
                    continue
        input = module(input)
    return input


def _is_nobodys(input, *modules):
    """Whether nobody has a say in what functions make of these tensors, or watches the tape."""
    if type(input) is not Tensor or entered_modes or _is_watched():
        return False
    return not overriding or not has_torch_function(
        [value for module in modules for value in (*module.parameters(), *module.buffers())]
    )


def _is_itself(module):
    """Whether calling the module does what its class was written to do."""
    kind = type(module)
    return module._is_plain() and kind.forward is FORWARD[kind] and Module.__call__ is CALL


def _fits(module, input):
    """Whether a convolution or linear layer may take others along, for this input."""
    return (
        _is_itself(module)
        and getattr(module, "padding_mode", "zeros") == "zeros"
        and type(input) is Tensor
        and input.dim() == module.weight.dim() == (4 if type(module) is Conv2d else 2)
        and input.dtype.is_floating_point
        and input.dtype.itemsize > 2
    )


def _take_along(first, modules):
    """Return {class: module} of the first modules, as far as one of class ``first`` takes them."""
    taken = {}
    for kind in BEHIND[first]:
        if len(taken) == len(modules):
            break
        module = modules[len(taken)]
        if type(module) is not kind or not _is_itself(module):
            continue
        if kind in NORMS and (module.training or module.running_mean is None):
            break
        if kind is MaxPool2d and not _is_2x2(module):
            break
        taken[kind] = module
    return taken


def _is_2x2(pool):
    sizes = (pool.kernel_size, pool.stride, pool.padding, pool.dilation)
    pairs = [(size, size) if type(size) is int else size for size in sizes]
    return pairs == [(2, 2), (2, 2), (0, 0), (1, 1)] and not (pool.ceil_mode or pool.return_indices)


def _infer_together(module, taken, input):
    norm = taken.get(BatchNorm1d, taken.get(BatchNorm2d))
    if norm is not None:
        norm = (norm.running_mean, norm.running_var, norm.weight, norm.bias, norm.eps)
    if type(module) is Linear:
        return linear_infer(input, module.weight, module.bias, norm, ReLU in taken)
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
