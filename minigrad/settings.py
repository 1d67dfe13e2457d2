"""Settings that programs for torch make at their start, and what there is to set here."""

from __future__ import annotations

from typing import Any

from minigrad.attributes import check_cpu
from minigrad.attributes import device as _device
from minigrad.types import Device

_settings: dict[str, Any] = {"deterministic": 0, "precision": "highest", "warn always": False}
_MODES = "default", "warn", "error"
_PRECISIONS = "highest", "high", "medium"


def set_default_device(device: Device) -> None:
    """Accept the CPU, the only device, or None; raise for any other.

    >>> import minigrad
    >>> minigrad.set_default_device("cpu")
    """
    if device is not None:
        check_cpu(device)


def get_default_device() -> _device:
    """Return ``device("cpu")``."""
    return _device("cpu")


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remember the wish.  Every algorithm here is deterministic, whatever the threads."""
    _settings["deterministic"] = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Return what ``use_deterministic_algorithms`` was told."""
    return _settings["deterministic"] != 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Return whether ``use_deterministic_algorithms`` was told ``warn_only``."""
    return _settings["deterministic"] == 1


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Remember "default", "warn" or "error", or their numbers 0, 1 and 2."""
    if debug_mode not in (*_MODES, 0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected one of {_MODES}, or 0, 1, 2")
    _settings["deterministic"] = _MODES.index(debug_mode) if debug_mode in _MODES else debug_mode


def get_deterministic_debug_mode() -> int:
    """Return 0, 1 or 2 for "default", "warn" and "error"."""
    return _settings["deterministic"]


def set_float32_matmul_precision(precision: str) -> None:
    """Remember "highest", "high" or "medium".  Products of float32 are computed in float32."""
    if precision not in _PRECISIONS:
        raise RuntimeError(f"expected one of {_PRECISIONS}, but got {precision!r}")
    _settings["precision"] = precision


def get_float32_matmul_precision() -> str:
    """Return what ``set_float32_matmul_precision`` was told, "highest" at first."""
    return _settings["precision"]


def set_num_interop_threads(n: float) -> None:
    """Accept a positive number: operations run one after the other."""
    if n <= 0:
        raise RuntimeError(f"expected a positive number of threads, but got {n}")


def get_num_interop_threads() -> int:
    """Return 1: operations run one after the other."""
    return 1


def set_flush_denormal(mode: bool) -> bool:
    """Return whether the wish is granted: denormal numbers are never flushed to zero."""
    return not mode


def set_warn_always(b: bool) -> None:
    """Remember the wish.  How often a warning is shown is what Python's filters say."""
    _settings["warn always"] = bool(b)


def is_warn_always_enabled() -> bool:
    """Return what ``set_warn_always`` was told, False at first."""
    return _settings["warn always"]
