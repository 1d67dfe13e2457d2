from typing import Any

from minigrad.dtypes import dtype
from minigrad.tensor import Tensor

def prod(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    axis: int | None = None,
    keepdims: bool | None = None,
) -> Tensor: ...
def cumsum(
    input: Tensor, dim: int | None = None, *, dtype: dtype | None = None, axis: int | None = None
) -> Tensor: ...
def cumprod(
    input: Tensor, dim: int | None = None, *, dtype: dtype | None = None, axis: int | None = None
) -> Tensor: ...
def places_of_extremes(input: Tensor, dim: int, largest: bool) -> Any: ...
