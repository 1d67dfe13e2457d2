"""Flatten and Unflatten: layers that reshape."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.nn.modules.module import Module
from minigrad.tensor import Tensor


class Flatten(Module):
    """Joins dimensions ``start_dim`` to ``end_dim`` into one: by default all but the first.

    Shape: ``(N, a, b, ...)`` to ``(N, a * b * ...)``.

    Source: ``torch.nn.Flatten``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Flatten()(minigrad.zeros(32, 1, 5, 5)).shape
        minigrad.Size([32, 25])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits dimension ``dim`` into dimensions of the sizes ``unflattened_size``.

    Raises TypeError if ``unflattened_size`` is no tuple or list of ints.

    Source: ``torch.nn.Unflatten``; dimensions have no names here.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Unflatten(1, (2, 5))(minigrad.zeros(3, 10)).shape
        minigrad.Size([3, 2, 5])
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(
                "unflattened_size must be a tuple of ints, "
                f"but found type {type(unflattened_size).__name__}"
            )
        for i, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(
                    "unflattened_size must be tuple of ints, "
                    f"but found element of type {type(size).__name__} at pos {i}"
                )
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
