"""What Sequential does in one pass where nothing is to be recorded, in inference.

A convolution takes a batch norm, a ReLU and a 2 x 2 maximum pooling behind it along, while its
results are in the cache; a batch norm takes a ReLU.  The numbers are the same as one by one.  Only
layers of exactly these classes are, called in no other way than by their own ``forward``: a
subclass, a hook or a replaced ``forward`` wants to be called.
"""

from minigrad.nn.modules.activation import ReLU
from minigrad.nn.modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from minigrad.nn.modules.conv import Conv2d
from minigrad.nn.modules.pooling import MaxPool2d
from minigrad.ops.conv import conv2d_infer

# What each class takes along, in this order, any of it left out.
FOLLOWERS = {
    BatchNorm1d: (ReLU,),
    BatchNorm2d: (ReLU,),
    BatchNorm3d: (ReLU,),
    Conv2d: (BatchNorm2d, ReLU, MaxPool2d),
}


def infer(modules, input):
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


def _fits(module, input):
    if not module._is_plain():
        return False
    if type(module) is Conv2d:
        return module.padding_mode == "zeros" and input.dim() == 4 and input.dtype.itemsize > 2
    return True


def _take_along(modules, position, kinds):
    """Return {class: module} of the modules from ``position`` on that may be taken along."""
    taken = {}
    for kind in kinds:
        if position == len(modules):
            break
        module = modules[position]
        if type(module) is not kind or not module._is_plain():
            continue
        if kind is BatchNorm2d and (module.training or module.running_mean is None):
            break
        if kind is MaxPool2d and not _is_2x2(module):
            break
        taken[kind] = module
        position += 1
    return taken


def _is_2x2(pool):
    return (
        pool.kernel_size in (2, (2, 2))
        and pool.stride in (2, (2, 2))
        and pool.padding in (0, (0, 0))
        and pool.dilation in (1, (1, 1))
        and not pool.ceil_mode
        and not pool.return_indices
    )


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
