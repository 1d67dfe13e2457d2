"""Timing statements: ``Timer("x + y", globals={"x": x, "y": y}).blocked_autorange()``."""

import statistics
import textwrap
import time
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minigrad import get_num_threads, set_num_threads

__all__ = ["Compare", "Measurement", "Timer", "timer"]

timer = time.perf_counter


@dataclass(repr=False)
class Measurement:
    """Times of a statement; ``print`` shows their median.

    ``raw_times`` are those of runs of ``number_per_run`` each, ``times`` are per run; ``median``,
    ``mean`` and ``iqr`` (the distance of their quartiles) are in seconds.
    """

    number_per_run: int
    raw_times: list[float]
    title: str
    setup: str = "pass"
    num_threads: int = 1
    label: str | None = None
    row: str = ""  # and column, of a table: see Compare
    description: str | None = None

    @property
    def times(self) -> list[float]:
        """The time of one run, in each measurement."""
        return [seconds / self.number_per_run for seconds in self.raw_times]

    @property
    def median(self) -> float:
        """The median of the times."""
        return statistics.median(self.times)

    @property
    def mean(self) -> float:
        """The mean of the times."""
        return statistics.fmean(self.times)

    @property
    def iqr(self) -> float:
        """The distance of the quartiles of the times."""
        low, high = self._quartiles()
        return high - low

    def _quartiles(self):
        if len(self.raw_times) == 1:
            return self.times * 2
        low, _, high = statistics.quantiles(self.times, method="inclusive")
        return low, high

    def __repr__(self) -> str:
        runs, n = self.number_per_run, len(self.raw_times)
        lines = [f"<{type(self).__module__}.{type(self).__name__} object at {id(self):#x}>"]
        lines.append(self.title)
        if self.setup != "pass":
            lines.append(f"setup: {self.setup}")
        if n == 1:
            lines += [
                f"  {_shown(self.median)}",
                f"  1 measurement, {runs} runs , {self._threads()}",
            ]
            return "\n".join(lines)
        low, high = self._quartiles()
        unit, factor = _unit(self.median)
        lines += [
            f"  Median: {_shown(self.median)}",
            f"  IQR:    {self.iqr * factor:.2f} {unit} ({low * factor:.2f} to {high * factor:.2f})",
            f"  {n} measurements, {runs} runs per measurement, {self._threads()}",
        ]
        if self.iqr > 0.1 * self.median:
            share = 100 * self.iqr / self.median
            lines.append(
                f"  WARNING: Interquartile range is {share:.1f}% of the median measurement."
            )
        return "\n".join(lines)

    def _threads(self):
        return f"{self.num_threads} thread{'s' * (self.num_threads > 1)}"


def _unit(seconds):
    """Return the unit in which to show a time, and how many of it a second has."""
    for limit, unit, factor in ((1e-6, "ns", 1e9), (1e-3, "us", 1e6), (1.0, "ms", 1e3)):
        if seconds < limit:
            return unit, factor
    return "s", 1.0


def _shown(seconds):
    unit, factor = _unit(seconds)
    return f"{seconds * factor:.2f} {unit}"


class Timer:
    """Measure how long a statement takes, after it has run once to warm up.

    Args:
        stmt: the statement, a text.
        setup: another one, run before, once for each measurement.
        globals: the names that they can use; a measured module of the program is ``__main__``.
        label, sub_label, description: what to print instead of the statement.
        num_threads: how many threads operations may use meanwhile.

    Source: ``torch.utils.benchmark.Timer``.

    >>> import minigrad
    >>> from minigrad.utils import benchmark
    >>> x = minigrad.ones(8, 8)
    >>> found = benchmark.Timer("x @ x", globals={"x": x}).timeit(10)
    >>> 0 < found.median < 1, found.number_per_run
    (True, 10)
    """

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", global_setup: str = "",
        timer: Callable[[], float] = timer, globals: dict[str, Any] | None = None,
        label: str | None = None, sub_label: str | None = None, description: str | None = None,
        env: str | None = None, num_threads: int = 1, language: Any = "python",
    ) -> None:  # fmt: skip
        if str(language).lower() not in ("python", "language.python", "py"):
            raise ValueError(f"only statements in Python are timed, but got language={language!r}")
        self.num_threads = num_threads
        self.setup = textwrap.dedent(setup).strip()
        stmt = textwrap.dedent(stmt).strip()
        self.place = label, sub_label or stmt, description
        if label or "\n" not in stmt:
            self.title = f"{label or stmt}: {sub_label}" if sub_label else label or stmt
        else:
            head = f"stmt: ({sub_label})" if sub_label else "stmt:"
            self.title = f"{head}\n{textwrap.indent(stmt, '  ')}\n"
        if description:
            self.title += f"\n{description}"
        self._timer = timeit.Timer(stmt, self.setup, timer, globals=dict(globals or {}))

    def _measured(self, number, times):
        return Measurement(number, times, self.title, self.setup, self.num_threads, *self.place)

    def _run(self, number):
        """Return the seconds of ``number`` runs."""
        before = get_num_threads()
        set_num_threads(self.num_threads)
        try:
            return self._timer.timeit(number)
        finally:
            set_num_threads(before)

    def timeit(self, number: int = 1000000) -> Measurement:
        """Return one measurement of ``number`` runs."""
        self._run(max(number // 100, 2))
        return self._measured(number, [self._run(number)])

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Return measurements that together take ``min_run_time`` seconds or more.

        ``callback(number, seconds)`` is called after each.
        """
        number, times = self._number(min_run_time), list[float]()
        while sum(times) < min_run_time or len(times) < 2:
            times.append(self._run(number))
            if callback is not None:
                callback(number, times[-1])
        return self._measured(number, times)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Return measurements until their ``iqr`` is below ``threshold`` times their median, or
        ``max_run_time`` seconds are over."""
        number, times = self._number(min_run_time), list[float]()
        while True:
            times.append(self._run(number))
            if callback is not None:
                callback(number, times[-1])
            found = self._measured(number, times)
            steady = len(times) > 2 and found.iqr < threshold * found.median
            if sum(times) > max_run_time or (sum(times) > min_run_time and steady):
                return found

    def _number(self, min_run_time: float) -> int:
        """Return how many runs take about a thousandth of ``min_run_time``."""
        number = 1
        while self._run(number) < min_run_time / 1000 and number < 10**9:
            number *= 10
        return number

    def __getattr__(self, name: str) -> Any:
        if name == "collect_callgrind":
            raise NotImplementedError("instructions are not counted: use timeit")
        raise AttributeError(f"'Timer' object has no attribute {name!r}")


class Compare:
    """A table of measurements: one for each ``label``, with a row for each ``sub_label`` (or
    statement) and number of threads, and a column for each ``description``; it shows medians.

    Source: ``torch.utils.benchmark.Compare``.
    """

    def __init__(self, results: list[Measurement]) -> None:
        self._results: list[Measurement] = []
        self.extend_results(results)

    def extend_results(self, results: list[Measurement]) -> None:
        """Add measurements."""
        for found in results:
            if not isinstance(found, Measurement):
                raise ValueError(
                    f"Expected an instance of `Measurement`, got {type(found)} instead."
                )
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Do nothing: a digit after the point is shown."""

    def colorize(self, rowwise: bool = False) -> None:
        """Do nothing: the table has no colours."""

    def highlight_warnings(self) -> None:
        """Do nothing: a measurement that varies says so when it is printed itself."""

    def print(self) -> None:
        """Print the tables."""
        print(self)

    def __str__(self) -> str:
        labels = dict.fromkeys(found.label for found in self._results)
        return "\n".join(
            _table(label, [found for found in self._results if found.label == label])
            for label in labels
        )


_UNITS = {
    "ns": ("nanosecond", 1e-9),
    "us": ("microsecond", 1e-6),
    "ms": ("millisecond", 1e-3),
    "s": ("second", 1.0),
}


def _table(label: str | None, results: list[Measurement]) -> str:
    times: dict[tuple[int, str], dict[Any, list[float]]] = {}
    for found in results:
        of_row = times.setdefault((found.num_threads, found.row), {})
        of_row.setdefault(found.description, []).extend(found.times)
    rows = sorted(times.items(), key=lambda row: row[0][0])
    medians = [{c: statistics.median(its) for c, its in found.items()} for _, found in rows]
    columns = list(dict.fromkeys(found.description for found in results))
    unit, _ = _unit(min(min(found.values()) for found in medians))
    name_of_unit, scale = _UNITS[unit]
    cells = [["", *(column or "" for column in columns)]]
    for ((_, name), _), its in zip(rows, medians, strict=True):
        shown = [f"{its[c] / scale:.1f}" if c in its else "" for c in columns]
        cells.append([f"      {name}", *shown])
    for j in range(1, len(cells[0])):  # the numbers of a column end at one place
        width = max(len(row[j]) for row in cells[1:])
        for row in cells[1:]:
            row[j] = row[j].rjust(width)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  |  ".join(c.center(w) for c, w in zip(cells[0], widths, strict=True))]
    before = None
    for ((threads, _), _), row in zip(rows, cells[1:], strict=True):
        if threads != before:
            lines.append(f"{threads} threads: ".ljust(len(lines[0]), "-"))
            before = threads
        numbers = [c.center(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        lines.append("  |  ".join([row[0].ljust(widths[0]), *numbers]))
    title = f" {label or ''} ".center(len(lines[0]) - 2, "-")
    return "\n".join([f"[{title}]", *lines, "", f"Times are in {name_of_unit}s ({unit}).", ""])
