from collections.abc import Iterable, Sequence
from typing import Any

from minigrad.tensor import Tensor

def sgd(
    params: Sequence[Tensor],
    state: Any,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> None: ...
def adam(
    params: Sequence[Tensor],
    state: dict[str, Any],
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    amsgrad: bool,
    maximize: bool,
) -> None: ...
def rmsprop(
    params: Sequence[Tensor],
    state: Any,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
    maximize: bool,
) -> None: ...
def norm(tensors: Sequence[Tensor], p: float | str = 2.0) -> float: ...
def scale_(tensors: Sequence[Tensor], factor: float) -> None: ...
def zero_(tensors: Sequence[Tensor]) -> None: ...
def increment_version(tensors: Tensor | Iterable[Tensor]) -> None: ...
