"""What descriptions in torch's files may name: types of memory and tensors, functions, containers.

A function gets whatever a file passes to it: each of them checks its arguments, and goes through
nothing but what was written to the file.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import dtypes, nn
from minigrad.attributes import Size, device
from minigrad.nn import functional
from minigrad.nn.modules import attention
from minigrad.nn.parameter import Buffer, Parameter
from minigrad.ops.creation import from_numpy
from minigrad.tensor import Tensor, rebuild

__all__ = ["STORAGES", "Named", "called", "check_weight", "named", "part_of_a_model"]

# torch's names of typed memory, and how its elements lie there (little-endian).
STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
    "BFloat16Storage": "<u2",  # the upper halves of float32s, which they become
}
DTYPES = {d.name: d for d in dtypes.all_dtypes}
TYPES = {
    "torch.Tensor": Tensor,
    "torch.nn.parameter.Parameter": Parameter,
    "torch.nn.parameter.Buffer": Buffer,
}
LARGEST_KEY = 1000  # numbers and texts in a tuple that is a key
MOST_OF_ONE_HASH = 100  # keys of a dict or set, each of which is compared with all before it
MOST_ARGUMENTS = 32


class Named:
    """A function or class that the pickle names, such as "torch.FloatStorage"."""

    def __init__(self, name: str) -> None:
        self.name = name


def named(module, name):
    """Return what a pickle names: a dtype, a class of tensors, a Named, or None for what it may
    not name."""
    full = f"{module}.{name}"
    if module == "torch" and name in DTYPES:
        return DTYPES[name]
    if full in CALLABLE or (module == "torch" and name in STORAGES):
        return Named(full)
    return TYPES.get(full)


def part_of_a_model(module, name):
    """Return the layer or function that a whole model of torch names, or None if there is none."""
    if module in ("torch.nn.functional", "torch._C._nn"):
        return getattr(functional, name, None)
    if not module.startswith("torch.nn.modules."):
        return None
    return getattr(attention if name == "NonDynamicallyQuantizableLinear" else nn, name, None)


def called(function):
    """Return the function here that stands for the one that a pickle named."""
    return CALLABLE[function.name] if isinstance(function, Named) else function


def check_weight(key):
    """Return how much there is to hash in a key; raise if that is too much."""
    if isinstance(key, int):
        weight = key.bit_length() // 64
    elif isinstance(key, tuple):
        weight = sum(map(check_weight, key[:LARGEST_KEY]), len(key))
    else:
        weight = 0
    if weight > LARGEST_KEY:
        raise ValueError(f"a key of more than {LARGEST_KEY} parts")
    return weight


def _sizes(values):
    if not isinstance(values, tuple):
        raise TypeError(f"a {type(values).__name__} where sizes or strides are expected")
    for value in values:
        if type(value) is not int or not 0 <= value < 2**62:
            what = value if type(value) is int else f"a {type(value).__name__}"
            raise ValueError(f"{what} where a size or stride is expected")
    return values


def _tensor(storage, offset, shape, strides, requires_grad=False, *hooks_and_metadata):
    shape, strides, (offset,) = _sizes(shape), _sizes(strides), _sizes((offset,))
    if not isinstance(storage, np.ndarray) or len(shape) != len(strides) or len(shape) > 32:
        raise ValueError(f"not the description of a tensor: shape {shape}, strides {strides}")
    if 0 in shape:
        last = offset - 1
    else:
        last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if last >= len(storage):
        raise ValueError(f"a tensor of shape {shape} ends outside of its {len(storage)} elements")
    size = storage.itemsize
    array = np.ndarray(shape, storage.dtype, storage, offset * size, [s * size for s in strides])
    tensor = from_numpy(array)
    return tensor.requires_grad_() if requires_grad is True else tensor


def _parameter(data, requires_grad, hooks, attributes=None):
    return rebuild(Parameter, _array(data), requires_grad is True, _attributes(attributes))


def _of_class(function, cls, arguments, attributes):
    """Return a tensor that is of a subclass or has attributes of its own."""
    make = called(function)
    if make is not _tensor and make is not _parameter:
        raise TypeError("not the description of a tensor")
    tensor = make(*arguments)
    return rebuild(cls, _array(tensor), tensor.requires_grad, _attributes(attributes))


def _array(tensor):
    if not isinstance(tensor, Tensor):
        raise TypeError(f"expected a tensor, not a {type(tensor).__name__}")
    return tensor.detach().numpy()


def _attributes(found):
    if not isinstance(found, dict | None) or not all(isinstance(name, str) for name in found or ()):
        raise TypeError("not the attributes of a tensor")
    for name in found or ():
        if any(hasattr(vars(cls).get(name), "__set__") for cls in Parameter.__mro__):
            raise ValueError(f"a tensor whose {name} is set")  # "data", "__class__" ...
    return found or {}


def _container(kind):
    """Return a function that makes an OrderedDict, Counter or set of what was read."""

    def make(found=None):
        # Nothing but these is gone through: a tensor expanded from one element might take any time.
        if type(found) is dict and kind is Counter:
            keys = list(found)
        elif type(found) is list and kind is set:
            keys = found
        elif type(found) is list and kind is OrderedDict:
            if not all(type(pair) in (list, tuple) and len(pair) == 2 for pair in found):
                raise TypeError("an OrderedDict of what are no pairs")
            keys = [key for key, _ in found]
        elif found is None or found == ():
            keys = []
        else:
            raise TypeError(f"a {kind.__name__} of a {type(found).__name__}")
        for key in keys:
            check_weight(key)
        if len(set(map(hash, keys))) + MOST_OF_ONE_HASH < len(keys):
            raise ValueError(f"a {kind.__name__} has many keys of one hash")
        return kind(found or ())

    return make


def _bytes(text, encoding):
    if type(text) is not str or type(encoding) is not str:
        raise TypeError("not the description of bytes")
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"bytes in the encoding {encoding!r}")
    return text.encode("latin1")


def _bytearray(data=b"", encoding=None):
    if type(data) is bytes:
        return bytearray(data)
    return bytearray(_bytes(data, encoding))


CALLABLE: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,  # of torch before 0.4
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._tensor._rebuild_from_type_v2": _of_class,
    "torch.Size": lambda sizes: Size(_sizes(sizes)),
    "torch.device": lambda *place: device("cpu"),
    "collections.OrderedDict": _container(OrderedDict),
    "collections.Counter": _container(Counter),
    "_codecs.encode": _bytes,
    "builtins.bytes": lambda: b"",
    "builtins.bytearray": _bytearray,
    "builtins.complex": complex,
    "builtins.set": _container(set),
}
# Python 2's name of builtins, which torch's files use
CALLABLE |= {f"__builtin__{name[8:]}": f for name, f in CALLABLE.items() if name[:8] == "builtins"}
