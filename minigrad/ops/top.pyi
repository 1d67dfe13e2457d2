from typing import Any

from minigrad.tensor import Tensor

def few_places(input: Tensor, k: int, dim: int, largest: bool) -> Any: ...
