from collections.abc import Callable
from typing import Any

def complaint(
    function: Callable[..., Any],
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    error: Exception,
) -> Exception | None: ...
def answer(
    function: Callable[..., Any],
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    error: Exception,
) -> Any: ...
def explained(home: str, name: str) -> Any: ...
def explain_all(names: dict[str, Any]) -> None: ...

faces: list[Callable[[Any, str, str], Any]]

def public(function: Any, home: str, name: str) -> Any: ...
