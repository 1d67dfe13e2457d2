"""Of what dtype a result would be, and whether two tensors are one."""

from functools import reduce
from typing import Any

import numpy as np

from minigrad.dtypes import as_dtype_, dtype, promote_types
from minigrad.tensor import Tensor, over_array


def _sample(function: str, x: Any) -> Any:
    """Return what stands for an operand: a number, or an element of its dtype and kind of shape."""
    if isinstance(x, Tensor):
        return over_array(np.zeros((1,) * min(x.dim(), 1), x.dtype.numpy))
    if isinstance(x, np.generic):
        x = x.item()
    if isinstance(x, (bool, int, float)):
        return type(x)(0)
    raise TypeError(f"{function}(): expected Tensors or numbers, but got {type(x).__name__}")


def result_type(tensor: Any, other: Any) -> dtype:
    """Return the dtype of an operation on two tensors or numbers.  Source: torch.result_type.

    >>> import minigrad
    >>> minigrad.result_type(minigrad.tensor([1, 2]), 1.0)
    minigrad.float32
    """
    first, second = _sample("result_type", tensor), _sample("result_type", other)
    if not isinstance(first, Tensor) and not isinstance(second, Tensor):
        first = over_array(np.array(first, as_dtype_(type(first)).numpy))
        if isinstance(tensor, float):
            first = first.to(as_dtype_("float32"))
    return (first * second).dtype


def common_dtype(*tensors: Tensor) -> dtype:
    """Return the dtype of an operation on tensors.

    Those of 0 dimensions count only where theirs is of a higher kind: bool, integer, floating.
    """
    first = tensors[0].dtype
    if all(x.dtype is first for x in tensors):
        return first
    ranked = [x.dtype for x in tensors if x.dim()], [x.dtype for x in tensors if not x.dim()]
    if not all(ranked):
        return reduce(promote_types, ranked[0] + ranked[1])
    row, number = (
        over_array(np.zeros(shape, reduce(promote_types, dtypes).numpy))
        for shape, dtypes in zip((1, ()), ranked, strict=True)
    )
    return result_type(row, number)


def can_cast(from_: dtype, to: dtype) -> bool:
    """Return whether results of dtype ``from_`` may be written into one of ``to``.

    Floating ones may not into integers, numbers not into bools.  Source: torch.can_cast.

    >>> import minigrad
    >>> minigrad.can_cast(minigrad.float64, minigrad.int32)
    False
    """
    order = "biuf"
    first, second = (as_dtype_(d).numpy.kind.replace("u", "i") for d in (from_, to))
    return order.index(first) <= order.index(second)


def is_set_to(input: Tensor, tensor: Tensor) -> bool:
    """Return whether both are the same memory, seen through the same shape and strides.

    Source: torch.Tensor.is_set_to.

    >>> import minigrad
    >>> x = minigrad.ones(2)
    >>> x.is_set_to(x.detach())
    True
    """
    return (
        input.data_ptr() == tensor.data_ptr()
        and input.shape == tensor.shape
        and input.stride() == tensor.stride()
    )


def numel(input: Tensor) -> int:
    """Return the number of elements of a tensor."""
    return input.numel()


def detach(input: Tensor) -> Tensor:
    """Return the tensor without its graph; see ``Tensor.detach``."""
    return input.detach()


def detach_(input: Tensor) -> Tensor:
    """Take the tensor out of its graph, in place; see ``Tensor.detach_``."""
    return input.detach_()


def is_floating_point(input: Tensor) -> bool:
    """Return whether a tensor's dtype is float16, float32 or float64."""
    return input.is_floating_point()
