"""Functions of nn.functional that are composed of other operations."""

from minigrad.dtypes import int64
from minigrad.ops.creation import zeros
from minigrad.ops.math import relu as _relu
from minigrad.tensor import Tensor


def relu(input, inplace=False) -> Tensor:
    """Return ``max(input, 0)``, with ``inplace`` in the input's own memory.

    Source: ``torch.nn.functional.relu``.

    >>> import minigrad
    >>> minigrad.nn.functional.relu(minigrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return input.relu_() if inplace else _relu(input)


def relu_(input):
    """The same as ``relu(input, inplace=True)``."""
    return input.relu_()


def one_hot(tensor, num_classes=-1) -> Tensor:
    """Return for each class index a row of 0 with a 1 at that index.

    Args:
        tensor: int64 Tensor of any shape.
        num_classes: length of the rows; -1 means just enough.

    Shape: ``(*)`` to ``(*, num_classes)``, int64.

    Raises RuntimeError if the dtype is not int64 or an index is negative or too large.

    Source: ``torch.nn.functional.one_hot``.

    >>> import minigrad
    >>> minigrad.nn.functional.one_hot(minigrad.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.dtype is not int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of int64, got {tensor.dtype}"
        )
    if tensor.numel() == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    smallest, largest = (tensor.min().item(), tensor.max().item()) if tensor.numel() else (0, 0)
    if smallest < 0:
        raise RuntimeError(f"Class values must be non-negative, got {smallest}.")
    if num_classes == -1:
        num_classes = largest + 1
    elif largest >= num_classes:
        raise RuntimeError(
            f"Class values must be smaller than num_classes: got {largest} of {num_classes}."
        )
    rows = zeros(*tensor.shape, num_classes, dtype=int64)
    return rows.scatter(-1, tensor.unsqueeze(-1), 1)


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None) -> Tensor:
    """Return ``input`` divided by its p-norm over ``dim``, or by ``eps`` if that is larger.

    ``out``: a tensor to write the result into.

    Source: ``torch.nn.functional.normalize``.

    >>> import minigrad
    >>> minigrad.nn.functional.normalize(minigrad.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    unit = input / input.norm(p, dim, keepdim=True).clamp_min(eps)
    return unit if out is None else out.copy_(unit)
