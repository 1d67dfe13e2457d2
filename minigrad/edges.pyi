from typing import Any, NamedTuple

from minigrad.tape import Node
from minigrad.tensor import Tensor

class AccumulateGrad(Node):
    @property
    def variable(self) -> Any: ...

def following(node: Node) -> list[tuple[Any, int]]: ...
def contains(vjp: int, names: dict[int, str]) -> None: ...
def next_functions(node: Node) -> tuple[tuple[Any, int], ...]: ...

class ByIdentity:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

class GradientEdge(NamedTuple):
    node: Node
    output_nr: int
    ownership_token: Any = None
    @property
    def like(self) -> Tensor | None: ...

def get_gradient_edge(tensor: Tensor) -> GradientEdge: ...
