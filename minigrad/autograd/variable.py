"""Variable: what a tensor that may want a gradient was called before torch 0.4."""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.tensor import Tensor

__all__ = ["Variable"]


class _EveryTensor(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_EveryTensor):
    """``Variable(data, requires_grad=False)`` is a tensor over the memory of ``data``, a leaf.

    Every tensor is an instance of it.  For old programs: ``data.requires_grad_()`` does the same.

    >>> import minigrad
    >>> minigrad.autograd.Variable(minigrad.ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Any, requires_grad: bool = False, volatile: Any = None) -> Any:
        """Return the tensor; ``volatile`` no longer means anything, which a warning says."""
        if volatile:
            warnings.warn(
                "volatile was removed (Variable.volatile is always False), and now has no effect. "
                "Use `with no_grad():` instead.",
                stacklevel=2,
            )
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)
