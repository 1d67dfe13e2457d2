"""oneDNN is not here.  Programs set these flags; they change nothing."""

import contextlib
from collections.abc import Iterator

enabled = True
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Return False."""
    return False


@contextlib.contextmanager
def flags(
    enabled=False, deterministic=False, allow_tf32=True, fp32_precision="none"
) -> Iterator[None]:
    """Do nothing in the block."""
    yield
