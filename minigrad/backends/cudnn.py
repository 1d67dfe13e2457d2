"""cuDNN is not here.  Programs set these flags at their start; they change nothing."""

import contextlib
from collections.abc import Iterator

enabled = True
benchmark = False
benchmark_limit = None
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Return False."""
    return False


def is_acceptable(tensor) -> bool:
    """Return False."""
    return False


def version() -> None:
    """Return None: there is no cuDNN."""


@contextlib.contextmanager
def flags(
    enabled=False, benchmark=False, benchmark_limit=10, deterministic=False, allow_tf32=True,
    fp32_precision="none",
) -> Iterator[None]:  # fmt: skip
    """Do nothing in the block."""
    yield
