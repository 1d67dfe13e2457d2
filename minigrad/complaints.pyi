from typing import Any

def complaint(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception
) -> Exception | None: ...
def answer(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception
) -> Any: ...
def complain(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception
) -> Any: ...
