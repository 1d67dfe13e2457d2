"""Where a program's time goes: ``with profile() as prof: ...``, then ``prof.key_averages()``.

What is timed are the operations that are recorded for the backward pass, those of the backward
pass itself, and blocks of ``record_function``.  ``inspect.summary(model, x)`` has the times of a
model's layers instead.
"""

import contextlib
import enum
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from minigrad.tape import _set_observer

__all__ = ["ProfilerAction", "profile", "record_function"]

_COLUMNS = "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls"
_under_way: list["profile"] = []


@dataclass(frozen=True)
class Event:
    """One operation or block that was timed; seconds, from the begin of the profile."""

    name: str
    start: float
    end: float
    inside: float = 0.0  # seconds of other events in a block


class record_function(contextlib.ContextDecorator):
    """A block with a name, for profiles; without one under way it does nothing.

    >>> from minigrad.profiler import profile, record_function
    >>> with profile() as prof:
    ...     with record_function("sleep"):
    ...         pass
    >>> [(row.key, row.count) for row in prof.key_averages()]
    [('sleep', 1)]
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> Self:
        self._profile = _under_way[-1] if _under_way else None
        if self._profile is not None:
            self._profile._tick()
            self._before = len(self._profile._events)
            self._start = self._profile._now
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._profile is not None and self._profile._is_recording():
            events = self._profile._events
            self._profile._tick()
            inside = sum(e.end - e.start - e.inside for e in events[self._before :])
            events.append(Event(self.name, self._start, self._profile._now, inside))


class ProfilerAction(enum.Enum):
    """What a schedule has a profile do in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


_RECORDING = ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE


class profile:
    """A context manager that times what is done in it.

    The time of an operation counts from the end of the one before, so Python's own time is in it.

    Args:
        schedule: a function from the number of a step to what to do in it, a ``ProfilerAction``,
            such as ``profiler.schedule`` returns; None: everything is timed.  ``step()`` ends one.
        on_trace_ready: a function that is called with the profile whenever steps to be saved are
            over, and when it ends while it records.
        activities, record_shapes, ...: torch's arguments, which change nothing: there is the CPU.

    Source: ``torch.profiler.profile``.

    >>> import minigrad
    >>> from minigrad.profiler import profile
    >>> w = minigrad.ones(3, requires_grad=True)
    >>> with profile() as prof:
    ...     (w * 2).sum().backward()
    >>> [(row.key, row.count) for row in prof.key_averages() if "Mul" in row.key]
    [('Mul', 1), ('MulBackward0', 1)]
    """

    def __init__(
        self,
        *,
        activities: Any = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[["profile"], Any] | None = None,
        **options: Any,
    ) -> None:
        self._ready = on_trace_ready
        self._schedule = schedule
        self._events: list[Event] = []
        self._block: Any = None  # the step that is under way, if there is a schedule
        self.step_num = 0
        self.current_action = ProfilerAction.RECORD if schedule is None else schedule(0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin, outside of a ``with``."""
        _under_way.append(self)
        self._observed = _set_observer(self)
        self._begin = time.perf_counter()
        self._now = 0.0
        self._begin_step()

    def stop(self) -> None:
        """End, outside of a ``with``."""
        self._end_step()
        _set_observer(self._observed)
        _under_way.remove(self)
        if self._ready is not None and self._is_recording():
            self._ready(self)

    def step(self) -> None:
        """Say that a step of the training is over, and do what the schedule says of the next."""
        self._end_step()
        before = self.current_action
        self.step_num += 1
        if self._schedule is not None:
            self.current_action = self._schedule(self.step_num)
        if before is ProfilerAction.RECORD_AND_SAVE and self._ready is not None:
            self._ready(self)
        if self._is_recording() and before is not ProfilerAction.RECORD:
            self._events = []
        self._begin_step()

    def _is_recording(self):
        return self.current_action in _RECORDING

    def _begin_step(self):
        if self._schedule is not None:
            self._block = record_function(f"ProfilerStep#{self.step_num}").__enter__()

    def _end_step(self):
        if self._block is not None:
            self._block.__exit__()

    def _tick(self):
        """Return the time since the last call."""
        before, self._now = self._now, time.perf_counter() - self._begin
        return before

    # -------- what the tape calls

    def recorded(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Note an operation that was recorded just now."""
        if self._is_recording():
            name = node.name().partition("Backward")[0]
            self._events.append(Event(name, self._tick(), self._now))
        if self._observed is not None:
            self._observed.recorded(node, inputs, outputs)

    def walked(self, node: Any, grad: Any, results: Any) -> None:
        """Note an operation of the backward pass."""
        if self._is_recording():
            self._events.append(Event(node.name(), self._tick(), self._now))
        if self._observed is not None:
            self._observed.walked(node, grad, results)

    def failed(self, node: Any, error: Exception) -> None:
        """Pass on that one has failed."""
        if self._observed is not None:
            self._observed.failed(node, error)

    # -------- what was found

    def events(self) -> list[Event]:
        """Return everything that was timed."""
        return list(self._events)

    def key_averages(self, *args: Any, **options: Any) -> "Averages":
        """Return sums for each name; ``print(....table())`` shows them."""
        found: dict[str, list[Event]] = {}
        for event in self._events:
            name = "ProfilerStep*" if event.name.startswith("ProfilerStep#") else event.name
            found.setdefault(name, []).append(event)
        return Averages(
            Average(
                name,
                len(its),
                1e6 * sum(e.end - e.start for e in its),
                1e6 * sum(e.end - e.start - e.inside for e in its),
            )
            for name, its in found.items()
        )

    def export_chrome_trace(self, path: str | os.PathLike[str]) -> None:
        """Write what was timed as a file that Chrome's about:tracing and Perfetto show."""
        events = [
            {"name": e.name, "ph": "X", "pid": 0, "tid": 0, "ts": 1e6 * e.start,
             "dur": 1e6 * (e.end - e.start)}
            for e in self._events
        ]  # fmt: skip
        Path(path).write_text(json.dumps({"traceEvents": events}), encoding="utf-8")


@dataclass(frozen=True)
class Average:
    """The sums of one name, in microseconds; ``self_cpu_time_total`` without what is in it."""

    key: str
    count: int
    cpu_time_total: float
    self_cpu_time_total: float

    @property
    def cpu_time(self) -> float:
        """The mean time."""
        return self.cpu_time_total / self.count


class Averages(list[Average]):
    """The sums of all names."""

    @property
    def self_cpu_time_total(self) -> float:
        """The time of everything, in microseconds."""
        return sum(row.self_cpu_time_total for row in self)

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """Return a table; the largest first by ``sort_by``: "cpu_time_total",
        "self_cpu_time_total", "cpu_time" or "count"."""
        rows = list(self)
        if sort_by is not None:
            name = sort_by.replace("cuda", "cpu").replace("device", "cpu")
            rows.sort(key=lambda row: getattr(row, name), reverse=True)
        total = self.self_cpu_time_total
        cells = [("Name", *_COLUMNS)]
        for row in rows[: row_limit if row_limit >= 0 else None]:
            cells.append((
                row.key,
                _share(row.self_cpu_time_total, total), _shown(row.self_cpu_time_total),
                _share(row.cpu_time_total, total), _shown(row.cpu_time_total),
                _shown(row.cpu_time), str(row.count),
            ))  # fmt: skip
        widths = [max(12, *(len(row[i]) for row in cells)) for i in range(len(cells[0]))]
        rule = "  ".join("-" * width for width in widths)
        lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells]
        body = [rule, lines[0], rule, *lines[1:], rule]
        return "\n".join([*body, f"Self CPU time total: {_shown(total)}", ""])

    def __str__(self) -> str:
        return self.table()


def _share(part, whole):
    return f"{100 * part / whole:.2f}%" if whole else "0.00%"


def _shown(microseconds):
    for limit, unit in ((1e3, "us"), (1e6, "ms")):
        if microseconds < limit:
            return f"{microseconds * 1e3 / limit:.3f}{unit}"
    return f"{microseconds / 1e6:.3f}s"
