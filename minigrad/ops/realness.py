"""What complex numbers would need and real ones have for nothing; Python functions on elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.ops.recorded import tensor_operand
from minigrad.tensor import Tensor, over_array


def real(input: Tensor) -> Tensor:
    """Return the input itself: minigrad has no complex dtypes.

    >>> import minigrad
    >>> minigrad.real(minigrad.tensor([1.0]))
    tensor([1.])
    """
    return tensor_operand(input, "real")


def conj(input: Tensor) -> Tensor:
    """Return the input itself, as ``real`` does."""
    return real(input)


def conj_physical_(input: Tensor) -> Tensor:
    """Return the input, which is its own conjugate."""
    return real(input)


def imag(input: Tensor) -> Tensor:
    """Raise RuntimeError, as torch does for real tensors."""
    dtype = tensor_operand(input, "imag").dtype
    raise RuntimeError(f"imag is not implemented for tensors with non-complex dtypes: {dtype}")


real_part = property(real, doc="The tensor itself.")
imaginary_part = property(imag, doc="RuntimeError: real tensors have none.")


def is_complex(input: Tensor) -> bool:
    """Return False: minigrad has no complex dtypes."""
    return tensor_operand(input, "is_complex").is_complex()


def is_conj(input: Tensor) -> bool:
    """Return False: no tensor waits to be conjugated, or (``is_neg``) negated."""
    return is_complex(input)


def is_same_size(input: Tensor, other: Tensor | float) -> bool:
    """Return whether two tensors have the same shape."""
    a, b = (tensor_operand(x, "is_same_size") for x in (input, other))
    return bool(a.shape == b.shape)


def apply_(input: Tensor, callable: Callable[..., Any]) -> Tensor:
    """Write ``callable`` of each element, a Python number, into the tensor, and return it.

    >>> import minigrad
    >>> minigrad.tensor([1.0, 2.0]).apply_(lambda x: x + 1)
    tensor([2., 3.])
    """
    return map_(input, None, callable)


def map_(input: Tensor, other: Tensor | None, callable: Callable[..., Any]) -> Tensor:
    """Write ``callable(a, b)`` of each pair of elements into the tensor, and return it.

    >>> import minigrad
    >>> minigrad.tensor([1.0, 2.0]).map_(minigrad.tensor([3.0, 4.0]), lambda a, b: a * b)
    tensor([3., 8.])
    """
    if input.requires_grad:
        raise TypeError("can't call map_() or apply_() on a tensor that requires grad")
    own = input.numpy(force=True)
    columns = [own.ravel().tolist()]
    if other is not None:
        columns.append(np.broadcast_to(other.numpy(force=True), own.shape).ravel().tolist())
    values = [callable(*row) for row in zip(*columns, strict=True)]
    return input.copy_(over_array(np.array(values, own.dtype).reshape(own.shape)))
