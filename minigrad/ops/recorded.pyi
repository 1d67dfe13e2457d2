from collections.abc import Callable
from typing import Any, TypeVar

from minigrad.dtypes import dtype as _dtype
from minigrad.tensor import Tensor

_Result = TypeVar("_Result")

def recorded(
    array: Any,
    label: str,
    inputs: tuple[Tensor, ...],
    gradients: tuple[Callable[..., Tensor] | None, ...],
    saved: tuple[Tensor, ...] = (),
    keep: bool = False,
) -> Tensor: ...
def operands(
    input: Tensor | float, other: Tensor | float, floating: bool = False
) -> tuple[Tensor, Tensor]: ...
def tensor_operand(input: object, function: str, name: str = "input") -> Tensor: ...
def floating(input: Any, function: str) -> Tensor: ...
def float_operand(input: object) -> Tensor: ...
def cast(input: Tensor, dtype: _dtype) -> Tensor: ...
def labelled(out: _Result, label: str) -> _Result: ...
