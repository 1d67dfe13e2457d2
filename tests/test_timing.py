"""utils.benchmark and profiler: that they time what they say, not how long it takes."""

import json
import re
import time

import pytest

import minigrad
from minigrad import nn
from minigrad.profiler import ProfilerActivity, profile, record_function, schedule
from minigrad.utils import benchmark


def without_numbers(text):
    return re.sub(r"\d+\.\d+ \ws?|0x\w+|\d+\.\d+%", "#", str(text)).replace("minigrad.utils", "")


TIMERS = [
    {"stmt": "x + 1"},
    {"stmt": "x + y", "setup": "y = 2", "label": "sum", "sub_label": "of two"},
    {"stmt": "\n    z = x + 1\n    z * 2\n", "num_threads": 2, "description": "two lines"},
    {"stmt": "x", "sub_label": "nothing"},
    {"stmt": "x\nx", "sub_label": "nothing"},
]


@pytest.mark.parametrize("given", TIMERS)
def test_a_measurement_prints_as_torchs(torch, given):
    from torch.utils import benchmark as theirs

    found = []
    for module in (benchmark, theirs):
        timer = module.Timer(**given, globals={"x": 1.5})
        text = without_numbers(timer.timeit(7)).partition("\n")[2]
        found.append([line.rstrip() for line in text.splitlines()])
    assert found[0] == found[1]


def test_times_are_those_of_the_statement():
    calls = []
    timer = benchmark.Timer("f()", globals={"f": lambda: calls.append(time.sleep(1e-4))})
    found = timer.timeit(20)
    assert len(calls) == 22 and found.number_per_run == 20 and len(found.times) == 1
    assert found.median == found.mean == found.times[0] > 1e-4 and found.iqr == 0
    seen = []
    found = timer.blocked_autorange(lambda *pair: seen.append(pair), min_run_time=0.01)
    assert sum(found.raw_times) >= 0.01 and [n for n, _ in seen] == [1] * len(found.raw_times)
    assert "Median:" in str(found) and f"{len(seen)} measurements, 1 runs" in str(found)
    assert timer.adaptive_autorange(threshold=9, min_run_time=1e-3).median > 1e-4


def test_units_and_threads():
    def shown(seconds):
        return str(benchmark.Measurement(2, [2 * seconds], "title")).splitlines()[2]

    assert [shown(s) for s in (2e-9, 2e-6, 2e-3, 2)] == [
        "  2.00 ns", "  2.00 us", "  2.00 ms", "  2.00 s"
    ]  # fmt: skip
    before, seen = minigrad.get_num_threads(), []
    ask = {"f": lambda: seen.append(minigrad.get_num_threads())}
    benchmark.Timer("f()", globals=ask, num_threads=1).timeit(1)
    assert set(seen) == {1} and minigrad.get_num_threads() == before
    noisy = str(benchmark.Measurement(1, [1.0, 2.0, 3.0], "title"))
    assert "Median: 2.00 s\n  IQR:    1.00 s (1.50 to 2.50)\n  3 measurements" in noisy
    assert "50.0% of the median" in noisy
    with pytest.raises(ValueError, match="language='c'"):
        benchmark.Timer("x", language="c")


def test_a_profile(tmp_path):
    model, ended = nn.Sequential(nn.Linear(3, 4), nn.ReLU()), []
    x = minigrad.ones(2, 3)
    model(x).sum().backward()  # what is imported late is imported now
    with profile(
        activities=[ProfilerActivity.CPU], record_shapes=True, on_trace_ready=ended.append,
    ) as prof:  # fmt: skip
        for _ in range(3):
            with record_function("forward"):
                with record_function("inner"):
                    time.sleep(1e-3)
                loss = model(x).sum()
            loss.backward()
            prof.step()
    assert ended == [prof] and prof.step_num == 3
    rows = {row.key: row for row in prof.key_averages()}
    assert {"forward", "inner", "Addmm", "ReluBackward0", "AddmmBackward0"} <= set(rows)
    assert all(row.count == 3 for name, row in rows.items() if "Accumulate" not in name)
    assert rows["inner"].cpu_time_total > 3000 and rows["inner"].cpu_time > 1000
    assert rows["forward"].cpu_time_total >= rows["inner"].cpu_time_total + rows["Addmm"].cpu_time
    assert rows["forward"].self_cpu_time_total < rows["forward"].cpu_time_total - 3000
    total = sum(row.self_cpu_time_total for row in rows.values())
    assert abs(prof.key_averages().self_cpu_time_total - total) < 1
    table = prof.key_averages().table(sort_by="cpu_time_total", row_limit=2).splitlines()
    assert [line.split()[0] for line in table[3:5]] == ["forward", "inner"]
    assert table[1].split()[0] == "Name" and table[-1].startswith("Self CPU time total: ")
    prof.export_chrome_trace(tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert len(events) == len(prof.events()) and events[0]["name"] == "inner"


def test_outside_of_a_profile_a_block_does_nothing():
    @record_function("f")
    def f():
        return 3

    assert f() == 3
    with profile() as outer:
        with profile() as inner:
            f()
            (minigrad.ones(1, requires_grad=True) * 2).backward()
        f()
    assert "f" in {row.key for row in inner.key_averages()}
    assert {"Mul", "MulBackward0"} <= {row.key for row in outer.key_averages()}


def test_the_columns_are_torchs():
    heads = re.split(r"\s{2,}", profile().key_averages().table().splitlines()[1].strip())
    times = ["Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"]
    assert heads == ["Name", *times, "# of Calls"]


# ---------------------------------------------------------------- schedules

PLANS = [
    {"wait": 1, "warmup": 1, "active": 2},
    {"wait": 0, "warmup": 1, "active": 1, "repeat": 2},
    {"wait": 2, "warmup": 1, "active": 3, "repeat": 1, "skip_first": 2},
    {"wait": 2, "warmup": 1, "active": 1, "skip_first": 1, "skip_first_wait": 1},
]


@pytest.mark.parametrize("plan", PLANS)
def test_a_schedule_is_torchs(torch, plan):
    found = [
        [action(step).name for step in range(15)]
        for action in (schedule(**plan), torch.profiler.schedule(**plan))
    ]
    assert found[0] == found[1]


def steps_that_are_saved(library, plan, steps=8):
    """Return for each time that a trace is ready: the step, and what is in the trace."""
    found = []

    def ready(prof):
        rows = {row.key: row.count for row in prof.key_averages()}
        found.append((prof.step_num, rows.get("ProfilerStep*"), rows.get("block")))

    module = library.profiler
    with module.profile(
        activities=[module.ProfilerActivity.CPU],
        schedule=module.schedule(**plan),
        on_trace_ready=ready,
    ) as prof:
        for _ in range(steps):
            with module.record_function("block"):
                (library.ones(2, requires_grad=True) * 2).sum().backward()
            prof.step()
    return found


# Recorded from torch, whose profiler may crash when it runs repeatedly in one process.
EXPECTED = [[(4, 2, 2), (8, 2, 2)], [(2, 1, 1), (4, 1, 1)], [(8, 3, 3)], [(3, 1, 1), (7, 1, 1)]]


@pytest.mark.parametrize(("plan", "expected"), [*zip(PLANS, EXPECTED, strict=True)])
def test_only_active_steps_are_timed(plan, expected):
    assert steps_that_are_saved(minigrad, plan) == expected


def test_a_schedule_that_makes_no_sense():
    with pytest.raises(AssertionError, match="active=0"):
        schedule(wait=1, warmup=1, active=0)
    with pytest.warns(UserWarning, match="won't be using warmup"):
        schedule(wait=1, warmup=0, active=1)


def test_traces_for_tensorboard(tmp_path):
    write = minigrad.profiler.tensorboard_trace_handler(tmp_path / "log", "me")
    plan = schedule(wait=0, warmup=1, active=1)
    with profile(schedule=plan, on_trace_ready=write) as prof:
        for _ in range(4):
            (minigrad.ones(2, requires_grad=True) * 2).sum().backward()
            prof.step()
    files = sorted((tmp_path / "log").iterdir())
    assert len(files) == 2 and all(f.name.endswith(".pt.trace.json") for f in files)
    names = [e["name"] for e in json.loads(files[0].read_text())["traceEvents"]]
    assert names.count("MulBackward0") == 1 and "ProfilerStep#1" in names
    with pytest.raises(NotImplementedError, match="use_gzip"):
        minigrad.profiler.tensorboard_trace_handler(tmp_path, use_gzip=True)


# ---------------------------------------------------------------- tables of measurements

# (label, sub_label, description, threads, seconds)
MEASURED = [
    ("Batched dot", "[1, 64]", "mul/sum", 1, 3.21e-6),
    ("Batched dot", "[1, 64]", "bmm", 1, 4.5e-5),
    ("Batched dot", "[128, 64]", "mul/sum", 1, 1.2345e-4),
    ("Batched dot", "[1, 64]", "mul/sum", 4, 3e-6),
    ("Batched dot", "[1, 64]", "mul/sum", 1, 3.41e-6),
    ("Other", "a very long name of a row", "x", 1, 2.5),
]
TABLES = """\
[---------- Batched dot -----------]
                 |  mul/sum  |  bmm \n\
1 threads: -------------------------
      [1, 64]    |     3.3   |  45.0
      [128, 64]  |   123.5   |      \n\
4 threads: -------------------------
      [1, 64]    |     3.0   |      \n\

Times are in microseconds (us).

[--------------- Other ---------------]
                                 |   x \n\
1 threads: ----------------------------
      a very long name of a row  |  2.5

Times are in seconds (s).
"""


def test_a_table_of_measurements():
    found = [
        benchmark.Measurement(1, [seconds], "", "pass", threads, label, row, column)
        for label, row, column, threads, seconds in MEASURED
    ]
    assert str(benchmark.Compare(found)) == TABLES
    timer = benchmark.Timer("x", globals={"x": 1}, label="l", description="d")
    shown = str(benchmark.Compare([timer.timeit(5)])).splitlines()
    assert " l --" in shown[0] and shown[1].split() == ["|", "d"] and shown[3].split()[0] == "x"
    with pytest.raises(ValueError, match="Expected an instance of `Measurement`"):
        benchmark.Compare([3])


def test_that_table_is_torchs(torch):
    from torch.utils.benchmark import Compare, Measurement
    from torch.utils.benchmark.utils.common import TaskSpec

    found = [
        Measurement(
            1, [seconds], TaskSpec("x", "pass", "", label, row, column, num_threads=threads)
        )
        for label, row, column, threads, seconds in MEASURED
    ]
    assert str(Compare(found)) == TABLES
