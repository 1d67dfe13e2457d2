"""What torch kept of its early days: a class for each dtype, and questions about memory.

``isinstance(x, FloatTensor)`` asks for the dtype, ``FloatTensor(2, 3)`` and
``FloatTensor([1, 2])`` make a tensor of it, ``x.type(FloatTensor)`` changes to it.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from minigrad.attributes import Size, check_cpu, strided
from minigrad.dtypes import (
    as_dtype_,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from minigrad.ops.creation import empty, tensor
from minigrad.tensor import Tensor
from minigrad.types import Device


class TensorType(type):
    """The class of FloatTensor and its kin: what they do when called, and what is one of them."""

    tensor_dtype: object

    def __instancecheck__(cls, value: Tensor | float) -> bool:
        return isinstance(value, Tensor) and value.dtype is cls.tensor_dtype

    def __call__(cls, *args: Any) -> Any:
        return _make(cls.__name__, cls.tensor_dtype, args)


def _make(name, dtype, args):
    """Return a tensor of a dtype, of sizes, data, or the memory of another tensor."""
    if not args:
        return empty(0, dtype=dtype)
    if len(args) > 1 or (isinstance(args[0], int | Size) and not isinstance(args[0], bool)):
        return empty(*args, dtype=dtype)
    (data,) = args
    if isinstance(data, Tensor):
        if data.dtype is not dtype:
            raise TypeError(f"{name}() expects a tensor of {dtype}, but got one of {data.dtype}")
        return data.detach()
    if isinstance(data, bool | float):
        raise TypeError(f"{name}(): data must be a sequence (got {type(data).__name__})")
    return tensor(data, dtype=dtype)


def _type_of(name, dtype):
    doc = f"A tensor of {dtype}: ``{name}(sizes)`` uninitialised, or ``{name}(data)``."
    return TensorType(name, (), {"tensor_dtype": dtype, "__doc__": doc, "__module__": __name__})


HalfTensor: TensorType = _type_of("HalfTensor", float16)
FloatTensor: TensorType = _type_of("FloatTensor", float32)
DoubleTensor: TensorType = _type_of("DoubleTensor", float64)
ByteTensor: TensorType = _type_of("ByteTensor", uint8)
CharTensor: TensorType = _type_of("CharTensor", int8)
ShortTensor: TensorType = _type_of("ShortTensor", int16)
IntTensor: TensorType = _type_of("IntTensor", int32)
LongTensor: TensorType = _type_of("LongTensor", int64)
BoolTensor: TensorType = _type_of("BoolTensor", bool_)


def new(
    input: Tensor, *args: Any, size: Sequence[int] | None = None, device: Device = None
) -> Tensor:
    """Return a tensor of this one's dtype: ``x.new(2, 3)`` uninitialised, or ``x.new([1, 2])``.

    Source: torch.Tensor.new; ``new_empty`` and ``new_tensor`` say which of both is meant.

    >>> import minigrad
    >>> minigrad.ones(1, dtype=minigrad.int64).new([3, 4])
    tensor([3, 4])
    """
    if device is not None:
        check_cpu(device)
    return _make("new", input.dtype, args if size is None else (Size(size),))


def set_default_tensor_type(t: TensorType | str) -> None:
    """Make the dtype of ``t``, a class such as DoubleTensor or its name, the default one."""
    warnings.warn(
        "set_default_tensor_type() is deprecated: please use set_default_dtype().", stacklevel=2
    )
    kind: Any = globals().get(t.rpartition(".")[2]) if isinstance(t, str) else t
    if not isinstance(kind, TensorType):
        raise TypeError("invalid type object: expected a class such as DoubleTensor")
    set_default_dtype(as_dtype_(kind.tensor_dtype))


def pin_memory(input: Tensor, device: Device = None) -> Tensor:
    """Raise RuntimeError: memory is pinned for an accelerator, and there is none."""
    raise RuntimeError("pin_memory() needs an accelerator, and minigrad runs on the CPU")


def is_pinned(input: Tensor, device: Device = None) -> bool:
    """Return False: memory is pinned for an accelerator only."""
    return False


def is_inference(input: Tensor) -> bool:
    """Return False: ``inference_mode`` makes ordinary tensors."""
    return False


def is_signed(input: Tensor) -> bool:
    """Return whether the dtype holds negative numbers."""
    return as_dtype_(input.dtype).is_signed


def is_nonzero(input: Tensor) -> bool:
    """Return whether the one element of a tensor is not zero; RuntimeError if it has not one."""
    return bool(input.item() != 0)


def typename(obj: object) -> str:
    """Return the name of a tensor's type, as ``x.type()``, or of an object's class.

    >>> import minigrad
    >>> minigrad.typename(minigrad.ones(2))
    'torch.FloatTensor'
    """
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if isinstance(obj, type) else type(obj)
    module = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    return module + kind.__qualname__


is_cpu = property(lambda input: True, doc="True: the tensor is on the CPU.")
layout = property(lambda input: strided, doc="``minigrad.strided``: tensors are dense.")
is_sparse = is_sparse_csr = is_quantized = is_nested = property(
    lambda input: False, doc="False: tensors are dense and not quantised."
)
is_meta = is_mps = is_xpu = is_ipu = is_xla = is_mkldnn = property(
    lambda input: False, doc="False: tensors are on the CPU."
)
