from collections.abc import Sequence
from typing import Any

from minigrad.tensor import Tensor

class Taps: ...

def resample(input: Tensor, dim: int, places: Sequence[Any], weights: Sequence[Any]) -> Tensor: ...
