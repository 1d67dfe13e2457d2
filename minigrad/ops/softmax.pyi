from minigrad.dtypes import dtype
from minigrad.tensor import Tensor

def softmax(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: dtype | None = None,
) -> Tensor: ...
def log_softmax(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: dtype | None = None,
) -> Tensor: ...
def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None
) -> Tensor: ...
def softmax_along(
    input: Tensor, dim: int | None = None, dtype: dtype | None = None, *, axis: int | None = None
) -> Tensor: ...
def log_softmax_along(
    input: Tensor, dim: int | None = None, dtype: dtype | None = None, *, axis: int | None = None
) -> Tensor: ...
