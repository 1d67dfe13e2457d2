"""Functions of nn.functional that are composed of other operations."""

from __future__ import annotations

from minigrad.ops.math import relu as _relu
from minigrad.tensor import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Return ``max(input, 0)``, with ``inplace`` in the input's own memory.

    Source: ``torch.nn.functional.relu``.

    >>> import minigrad
    >>> minigrad.nn.functional.relu(minigrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return input.relu_() if inplace else _relu(input)


def relu_(input: Tensor) -> Tensor:
    """The same as ``relu(input, inplace=True)``."""
    return input.relu_()


def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """Return ``input`` divided by its p-norm over ``dim``, or by ``eps`` if that is larger.

    ``out``: a tensor to write the result into.

    Source: ``torch.nn.functional.normalize``.

    >>> import minigrad
    >>> minigrad.nn.functional.normalize(minigrad.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    unit = input / input.norm(p, dim, keepdim=True).clamp_min(eps)
    return unit if out is None else out.copy_(unit)
