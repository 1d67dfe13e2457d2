"""Which kernel computes attention: there is one, whatever a program asks for."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from typing import Any

__all__ = ["SDPBackend", "sdpa_kernel"]


class SDPBackend(enum.IntEnum):
    """torch's ways to compute ``scaled_dot_product_attention``; MATH is what minigrad does.

    >>> from minigrad.nn.attention import SDPBackend
    >>> SDPBackend.MATH
    <SDPBackend.MATH: 0>
    """

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextlib.contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[None]:
    """Do nothing in the block: every backend would give the same attention.

    Args:
        backends: one SDPBackend, or a list of some.
        set_priority: accepted and without effect.

    AssertionError for anything else, or an empty list.

    >>> import minigrad
    >>> from minigrad.nn import functional as F
    >>> from minigrad.nn.attention import SDPBackend, sdpa_kernel
    >>> with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]):
    ...     F.scaled_dot_product_attention(*minigrad.ones(3, 1, 2))
    tensor([[1., 1.]])
    """
    given = [backends] if isinstance(backends, SDPBackend) else backends
    assert isinstance(given, list) and given and all(isinstance(b, SDPBackend) for b in given), (
        f"Backend must be an instance of SDPBackend or a non-empty list of some, got {backends!r}"
    )
    yield
