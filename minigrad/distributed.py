"""torch.distributed's questions: training runs in one process, whose program goes on alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from minigrad.refusal import refusal


def _refuse(name: str) -> Callable[..., NoReturn]:
    return refusal(
        name,
        f"distributed.{name}: training runs in one process; ask distributed.is_available() first",
    )


init_process_group, get_rank = _refuse("init_process_group"), _refuse("get_rank")
get_world_size, barrier = _refuse("get_world_size"), _refuse("barrier")
all_reduce, all_gather = _refuse("all_reduce"), _refuse("all_gather")
broadcast, destroy_process_group = _refuse("broadcast"), _refuse("destroy_process_group")


def is_available() -> bool:
    """Return False."""
    return False


def is_initialized() -> bool:
    """Return False."""
    return False


def is_gloo_available() -> bool:
    """Return False."""
    return False


def is_mpi_available() -> bool:
    """Return False."""
    return False


def is_nccl_available() -> bool:
    """Return False."""
    return False


def is_torchelastic_launched() -> bool:
    """Return False."""
    return False
