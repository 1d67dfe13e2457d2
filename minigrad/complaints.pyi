from collections.abc import Callable
from typing import Any

def complaint(
    function: Callable[..., Any],
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    error: Exception,
) -> Exception | None: ...
def explained(home: str, name: str) -> Any: ...
def explain_all(names: dict[str, Any]) -> None: ...
