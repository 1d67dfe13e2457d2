"""Names of torch that are there to say why they cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn


def refusal(
    name: str, message: str, error: type[Exception] = RuntimeError
) -> Callable[..., NoReturn]:
    """Return a function called ``name`` that raises ``error(message)``, whatever it is called with.

    >>> from minigrad.refusal import refusal
    >>> refusal("synchronize", "there is no accelerator")()
    Traceback (most recent call last):
        ...
    RuntimeError: there is no accelerator
    """

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise error(message)

    refuse.refuses = message  # type: ignore[attr-defined]
    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Raise {error.__name__}: {message}."
    return refuse


class AcceleratorError(RuntimeError):
    """What programs catch of a device's errors.  Nothing raises it."""


class OutOfMemoryError(RuntimeError):
    """What programs catch to try again with a smaller batch.  Nothing raises it: Python's own
    MemoryError says that the CPU's memory is used up."""
