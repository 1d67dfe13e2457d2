"""The CPU as a device: the only one."""

from __future__ import annotations

from minigrad.types import Device


def is_available() -> bool:
    """Return True."""
    return True


def device_count() -> int:
    """Return 1."""
    return 1


def current_device() -> str:
    """Return "cpu"."""
    return "cpu"


def synchronize(device: Device = None) -> None:
    """Do nothing: operations are done when they return."""
