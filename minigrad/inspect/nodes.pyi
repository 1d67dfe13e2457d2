from typing import Any

import numpy as np

from minigrad.tape import Node

def saved_by(node: Node) -> list[tuple[Any, np.ndarray, int, bool]] | None: ...
def extra_of(node: Node) -> Any: ...
