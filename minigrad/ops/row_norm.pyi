from minigrad.tensor import Tensor

class Rows: ...

def row_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    samples: int,
    groups: int,
    channels: int,
    inner: int,
    eps: float,
    label: str,
) -> Tensor: ...
