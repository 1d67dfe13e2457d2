"""Whether there is any device beside the CPU: there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from minigrad.refusal import AcceleratorError as AcceleratorError
from minigrad.refusal import refusal


def _none_there(name: str) -> Callable[..., NoReturn]:
    return refusal(
        name, f"accelerator.{name}: minigrad runs on the CPU; ask accelerator.is_available() first"
    )


synchronize, empty_cache = _none_there("synchronize"), _none_there("empty_cache")
current_device_index = _none_there("current_device_index")
set_device_index = _none_there("set_device_index")


def is_available() -> bool:
    """Return False."""
    return False


def device_count() -> int:
    """Return 0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """Return None."""
