"""torch.profiler's names: see minigrad/autograd/profiler.py for what is timed."""

import enum
from typing import Any

from minigrad.autograd.profiler import profile, record_function
from minigrad.refusal import refusal

__all__ = [
    "ProfilerActivity", "profile", "record_function", "schedule", "supported_activities",
    "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(enum.Enum):
    """What torch can time, of which the CPU is there."""

    CPU = 0
    CUDA = 2


def schedule(*, wait, warmup, active, repeat=0, skip_first=0, skip_first_wait=0) -> Any:
    """Return what to pass to ``profile`` as its schedule; all steps are timed nevertheless."""
    return None


def supported_activities() -> set[ProfilerActivity]:
    """Return the CPU."""
    return {ProfilerActivity.CPU}


tensorboard_trace_handler = refusal(
    "tensorboard_trace_handler",
    "profiler.tensorboard_trace_handler is not available: prof.export_chrome_trace(path) writes a "
    "file that Perfetto and Chrome show",
)
