"""The default generator's functions, under the names of torch.random."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from minigrad import (
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)

__all__ = [
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


@contextlib.contextmanager
def fork_rng(
    devices: Any = None, enabled: bool = True, device_type: str = "cuda"
) -> Iterator[None]:
    """Put the default generator back at the end of the block to where it was at its start.

    >>> import minigrad
    >>> with minigrad.random.fork_rng():
    ...     inside = minigrad.rand(3)
    >>> minigrad.equal(inside, minigrad.rand(3))
    True
    """
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)
