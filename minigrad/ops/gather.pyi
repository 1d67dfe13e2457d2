from minigrad.tensor import Tensor

def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor: ...
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor: ...
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor: ...
def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Tensor | float | None = None,
    *,
    value: float | None = None,
    reduce: str | None = None,
) -> Tensor: ...
