"""cuDNN is not here.  Programs set these flags at their start; they change nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from minigrad.tensor import Tensor

enabled = True
benchmark = False
benchmark_limit = None
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Return False."""
    return False


def is_acceptable(tensor: Tensor) -> bool:
    """Return False."""
    return False


def version() -> None:
    """Return None: there is no cuDNN."""


@contextlib.contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> Iterator[None]:
    """Do nothing in the block."""
    yield
