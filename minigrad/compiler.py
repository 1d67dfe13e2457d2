"""torch.compile's names: what there is runs as it is written."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from minigrad.nn.modules.module import Module

__all__ = [
    "allow_in_graph",
    "assume_constant_result",
    "compile",
    "cudagraph_mark_step_begin",
    "disable",
    "is_compiling",
    "is_dynamo_compiling",
    "is_exporting",
    "list_backends",
    "reset",
    "set_stance",
]


def compile(
    model: Module | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "inductor",
    mode: bool | None = None,
    options: Any = None,
    disable: bool = False,
) -> Any:
    """Return the function or module unchanged: minigrad compiles nothing, every operation is
    compiled already.  Without one, return a decorator that does so.

    >>> import minigrad
    >>> minigrad.compile(minigrad.exp) is minigrad.exp
    True
    """
    return compile if model is None else model


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Return the function unchanged, or a decorator that does so."""
    return disable if fn is None else fn


def allow_in_graph(fn: Any) -> Any:
    """Return the function unchanged."""
    return fn


def assume_constant_result(fn: Any) -> Any:
    """Return the function unchanged."""
    return fn


class set_stance(contextlib.ContextDecorator):
    """Do nothing, as a call, a decorator or in a ``with``: there is nothing to compile or not."""

    def __init__(
        self,
        stance: str = "default",
        *,
        skip_guard_eval_unsafe: bool = False,
        force_backend: Any = None,
    ) -> None:
        pass

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc_info: object) -> None:
        return None


def is_compiling() -> bool:
    """Return False."""
    return False


def is_dynamo_compiling() -> bool:
    """Return False."""
    return False


def is_exporting() -> bool:
    """Return False."""
    return False


def list_backends(exclude_tags: Sequence[str] | None = ("debug", "experimental")) -> list[str]:
    """Return an empty list: there is nothing that could compile."""
    return []


def reset() -> None:
    """Do nothing: there are no compiled graphs to forget."""


def cudagraph_mark_step_begin() -> None:
    """Do nothing: there are no graphs of a GPU."""
