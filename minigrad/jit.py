"""torch.jit's names: what is scripted runs as it is written, and so gives the same numbers.

Nothing is traced, and there are no files of programs: these names say so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

from minigrad.nn import Module
from minigrad.refusal import refusal

__all__ = [
    "Final", "ScriptModule", "annotate", "export", "freeze", "ignore", "interface", "is_scripting",
    "is_tracing", "load", "save", "script", "script_method", "trace", "trace_module", "unused",
]  # fmt: skip


def _refuse(name: str) -> Callable[..., NoReturn]:
    return refusal(
        name,
        f"jit.{name} is not available: call the function or module itself, and save weights "
        "with save(module.state_dict(), path)",
    )


trace, trace_module, freeze = map(_refuse, ("trace", "trace_module", "freeze"))
save, load = map(_refuse, ("save", "load"))
ScriptModule = Module


def script(
    obj: Any,
    optimize: Any = None,
    _frames_up: int = 0,
    _rcb: Any = None,
    example_inputs: Any = None,
) -> Any:
    """Return a function, class or module unchanged: it runs as Python.

    >>> import minigrad
    >>> minigrad.jit.script(minigrad.exp) is minigrad.exp
    True
    """
    return obj


def script_method(fn: Any) -> Any:
    """Return the method of a module unchanged."""
    return fn


def interface(obj: Any) -> Any:
    """Return the class unchanged."""
    return obj


def annotate(the_type: Any, the_value: Any) -> Any:
    """Return the value."""
    return the_value


def is_scripting() -> bool:
    """Return False."""
    return False


def is_tracing() -> bool:
    """Return False."""
    return False


def ignore(drop: bool = False, **kwargs: Any) -> Any:
    """Return the function unchanged, or a decorator that does so."""
    return drop if callable(drop) else lambda function: function


def unused(fn: Any) -> Any:
    """Return the function unchanged."""
    return fn


def export(fn: Any) -> Any:
    """Return the function unchanged."""
    return fn
