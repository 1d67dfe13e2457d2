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
        schedule=schedule(wait=1, warmup=1, active=2),
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


def test_what_is_not_timed():
    with pytest.raises(RuntimeError, match="Perfetto"):
        minigrad.profiler.tensorboard_trace_handler("runs")
