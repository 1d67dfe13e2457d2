from collections.abc import Callable
from typing import Any

from minigrad.attributes import RemovableHandle
from minigrad.tape import Node, Variable

def retain(v: Variable) -> None: ...
def add_hook(
    v: Variable, function: Callable[[Any], Any], turn: int = 0
) -> tuple[dict[int, Any], int]: ...
def add_node_hook(node: Node, function: Callable[..., Any], turn: int) -> RemovableHandle: ...
