from collections.abc import Callable
from typing import Any

from minigrad.tape import Variable

def retain(v: Variable) -> None: ...
def add_hook(
    v: Variable, function: Callable[[Any], Any], turn: int = 0
) -> tuple[dict[int, Any], int]: ...
