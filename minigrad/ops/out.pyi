from collections.abc import Callable
from typing import Any

class WithOut:
    __name__: str
    __qualname__: str
    __wrapped__: Callable[..., Any]
    def __init__(self, function: Callable[..., Any], name: str) -> None: ...
    def __call__(self, *args: Any, out: Any = ..., **kwargs: Any) -> Any: ...
