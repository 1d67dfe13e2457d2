from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.attributes import layout
from minigrad.dtypes import dtype
from minigrad.tensor import Tensor
from minigrad.types import Device

def tensor(
    data: Any,
    *,
    dtype: dtype | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def as_tensor(data: Any, dtype: dtype | None = None, device: Device = None) -> Tensor: ...
def asarray(
    obj: Any,
    *,
    dtype: dtype | None = None,
    device: Device = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor: ...
def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor: ...
def from_dlpack(ext_tensor: Any, *, device: Device = None, copy: bool | None = None) -> Tensor: ...
def on_cpu(device: Any, layout: Any = None, pin_memory: Any = False) -> int: ...
def empty(
    *sizes: int | Sequence[int],
    size: int | Sequence[int] | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def zeros(
    *sizes: int | Sequence[int],
    size: int | Sequence[int] | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def ones(
    *sizes: int | Sequence[int],
    size: int | Sequence[int] | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def full(
    size: int | Sequence[int],
    fill_value: float,
    *,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def empty_like(
    input: Tensor,
    *,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def zeros_like(
    input: Tensor,
    *,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def ones_like(
    input: Tensor,
    *,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def full_like(
    input: Tensor,
    fill_value: float,
    *,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: object = None,
) -> Tensor: ...
def new_tensor(
    input: Tensor,
    data: Any,
    *,
    dtype: dtype | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def new_empty(
    input: Tensor,
    *sizes: int | Sequence[int],
    size: int | Sequence[int] | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def new_zeros(
    input: Tensor,
    *sizes: int | Sequence[int],
    size: int | Sequence[int] | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def new_ones(
    input: Tensor,
    *sizes: int | Sequence[int],
    size: int | Sequence[int] | None = None,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def new_full(
    input: Tensor,
    size: int | Sequence[int],
    fill_value: float,
    *,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def arange(
    start: float | None = None,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def linspace(
    start: Tensor | float,
    end: Tensor | float,
    steps: int,
    *,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def logspace(
    start: Tensor | float,
    end: Tensor | float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: dtype | None = None,
    layout: layout | None = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def meshgrid(
    *tensors: Tensor | Sequence[Tensor], indexing: str | None = None
) -> tuple[Tensor, ...]: ...
