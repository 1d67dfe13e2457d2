"""torch.profiler's names: see minigrad/autograd/profiler.py for what is timed."""

import enum
import os
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from minigrad.autograd.profiler import ProfilerAction, profile, record_function

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule",
    "supported_activities", "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(enum.Enum):
    """What torch can time, of which the CPU is there."""

    CPU = 0
    CUDA = 2


def schedule(
    *,
    wait: int,
    warmup: int,
    active: int,
    repeat: int = 0,
    skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Callable[[int], ProfilerAction]:
    """Return what ``profile`` takes as its schedule: what to do in a step of a given number.

    After ``skip_first`` steps, ``wait`` steps are left out, ``warmup`` steps thrown away and
    ``active`` steps timed, and so on: ``repeat`` times, 0: to the end.  ``skip_first_wait``, if
    not 0: without the first wait.

    >>> from minigrad import profiler
    >>> plan = profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> [plan(step).name for step in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} "
            f"(need >= 0), active={active} (need > 0), repeat={repeat} (need >= 0), "
            f"skip_first={skip_first} (need >= 0)."
        )
    if warmup == 0:
        warnings.warn(
            "Profiler won't be using warmup, this can skew profiler results", stacklevel=2
        )
    cycle, first = wait + warmup + active, wait if skip_first_wait else 0

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        step += first - skip_first
        if step < first or (repeat and step >= repeat * cycle) or step % cycle < wait:
            return ProfilerAction.NONE
        step %= cycle
        if step < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if step < cycle - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


def supported_activities() -> set[ProfilerActivity]:
    """Return the CPU."""
    return {ProfilerActivity.CPU}


def tensorboard_trace_handler(
    dir_name: str | os.PathLike[str], worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """Return what ``profile`` takes as ``on_trace_ready``: it writes a trace into a folder.

    The file is one that TensorBoard's plugin, Perfetto and Chrome show; it is made anew each time.
    """
    if use_gzip:
        raise NotImplementedError("traces are written as they are: leave out use_gzip")
    Path(dir_name).mkdir(parents=True, exist_ok=True)
    worker = worker_name or f"{platform.node()}_{os.getpid()}"

    def write(prof: profile) -> None:
        prof.export_chrome_trace(Path(dir_name, f"{worker}.{time.time_ns()}.pt.trace.json"))

    return write
