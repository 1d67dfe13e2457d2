"""Arguments that ops on sequences, images and volumes share."""

from __future__ import annotations

from typing import Any

from minigrad.tensor import Tensor


def per_dimension(value: Any, n: int, name: str) -> tuple[Any, ...]:
    """Return an option as a tuple of ``n``: a number, or a sequence of one, stands for all.

    >>> from minigrad.ops.spatial import per_dimension
    >>> per_dimension(2, 3, "stride")
    (2, 2, 2)
    """
    if not isinstance(value, (tuple, list)):
        return (value,) * n
    if len(value) == 1:
        return tuple(value) * n
    if len(value) != n:
        raise RuntimeError(f"expected {name} to be a number or {n} of them, but got {value}")
    return tuple(value)


def check_tensor(given: Any, function: str, name: str = "input") -> None:
    """Raise TypeError unless an argument is a Tensor."""
    if not isinstance(given, Tensor):
        raise TypeError(
            f"{function}(): argument '{name}' must be Tensor, not {type(given).__name__}"
        )


def check_rank(input: Tensor, n: int, function: str) -> None:
    """Raise unless ``input`` is a Tensor (batch, channels, n sizes), the batch optional."""
    check_tensor(input, function)
    if input.dim() not in (n + 1, n + 2):
        raise RuntimeError(
            f"{function}(): Expected {n + 1}D or {n + 2}D input tensor, with or without a batch, "
            f"but got input of size {list(input.shape)}"
        )


def check_output_size(input: Tensor, output_size: Any) -> None:
    """Raise ValueError unless ``input`` has more dimensions than a tuple of sizes has numbers, and
    RuntimeError for a negative size."""
    if not isinstance(input, Tensor) or not isinstance(output_size, (tuple, list)):
        return
    if len(output_size) > 1 and input.dim() <= len(output_size):
        raise ValueError(
            f"Input dimension should be at least {len(output_size) + 1}, got {input.dim()}"
        )
    if any(isinstance(size, int) and size < 0 for size in output_size):
        raise RuntimeError(
            f"elements of output_size must be greater than or equal to 0, but got {output_size}"
        )
