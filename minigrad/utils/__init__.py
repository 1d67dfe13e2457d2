"""Data loading, checkpoints, DLPack and hooks."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["checkpoint", "data", "dlpack"]


def __getattr__(name: str) -> Any:
    # Programs that load no data are spared the import of data, and of the queues it needs.
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
