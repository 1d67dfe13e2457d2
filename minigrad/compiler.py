"""torch.compile's names: what there is runs as it is written."""

from typing import Any

__all__ = ["compile", "disable", "is_compiling", "reset"]


def compile(
    model=None, *, fullgraph=False, dynamic=None, backend="inductor", mode=None, options=None,
    disable=False,
) -> Any:  # fmt: skip
    """Return the function or module unchanged: minigrad compiles nothing, every operation is
    compiled already.  Without one, return a decorator that does so.

    >>> import minigrad
    >>> minigrad.compile(minigrad.exp) is minigrad.exp
    True
    """
    return compile if model is None else model


def disable(fn=None, recursive=True, *, reason=None) -> Any:
    """Return the function unchanged, or a decorator that does so."""
    return disable if fn is None else fn


def is_compiling() -> bool:
    """Return False."""
    return False


def reset() -> None:
    """Do nothing: there are no compiled graphs to forget."""
