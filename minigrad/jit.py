"""torch.jit's names: nothing is scripted or traced, and what would be says so."""

from typing import Any

from minigrad.refusal import refusal


def _refuse(name):
    return refusal(
        name,
        f"jit.{name} is not available: call the function or module itself, and save weights "
        "with save(module.state_dict(), path)",
    )


script, trace, freeze, save, load = map(_refuse, ("script", "trace", "freeze", "save", "load"))


def is_scripting() -> bool:
    """Return False."""
    return False


def is_tracing() -> bool:
    """Return False."""
    return False


def ignore(drop=False, **kwargs) -> Any:
    """Return the function unchanged, or a decorator that does so."""
    return drop if callable(drop) else lambda function: function


def unused(fn) -> Any:
    """Return the function unchanged."""
    return fn


def export(fn) -> Any:
    """Return the function unchanged."""
    return fn
