from collections.abc import Sequence
from typing import Any

from minigrad.edges import GradientEdge
from minigrad.tape import Node
from minigrad.tensor import Tensor

class Walk:  # one walk under way
    @property
    def node(self) -> Node | None: ...
    @property
    def needed(self) -> dict[Any, bool] | None: ...
    def reaches(self, edges: Sequence[GradientEdge]) -> list[bool]: ...

def walk_under_way() -> Walk | None: ...
def backward(
    tensors: Tensor | GradientEdge | Sequence[Tensor] | Sequence[GradientEdge],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    *,
    inputs: Tensor | GradientEdge | Sequence[Tensor] | Sequence[GradientEdge] | None = None,
) -> None: ...
def grad(
    outputs: Tensor | GradientEdge | Sequence[Tensor] | Sequence[GradientEdge],
    inputs: Tensor | GradientEdge | Sequence[Tensor] | Sequence[GradientEdge],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]: ...
