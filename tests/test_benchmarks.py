"""The benchmark tool itself: what it measures is true, and what goes wrong is said."""

import importlib.util
import json
import math
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # benchmarks is not an installed package

from benchmarks import __main__ as command  # noqa: E402
from benchmarks import machine, plot, report, runner, stats, summary, tables, worker  # noqa: E402
from benchmarks.cases import SUITES, Case, cases_of  # noqa: E402
from benchmarks.problems import NETWORKS, batch, initial_weights  # noqa: E402
from benchmarks.runner import Line, Peer, measure, started  # noqa: E402
from benchmarks.workload import (  # noqa: E402
    Workload,
    disagreement,
    fingerprint,
    seconds_per_call,
)

SLEEP = Case("steps", "sleeping", "a nap", "sleep", {"shape": [3, 2]})


def sleeper(name, **options):
    return Peer(name, "tests.benchmark_peer", options)


def run(peers, case=SLEEP, rounds=3):
    """The report of a run of one case over these peers."""
    with started(peers, threads=1) as (processes, missing):
        line = measure(case, processes, rounds, budget=0.005)
        versions = {n: {"version": p.version, "threads": 1} for n, p in processes.items()}
    settings = {"threads": 1, "rounds": rounds, "seconds": 0.005}
    return report.build([line], machine.describe(), settings, versions, missing)


def test_planted_slowdown_shows():
    peers = [sleeper("minigrad", seconds=0.004), sleeper("torch", seconds=0.001)]
    result = run(peers)
    (line,) = result["lines"]
    assert 2 < line["ratios"]["torch"]["median"] < 8
    assert line["seconds"]["minigrad"]["median"] >= 0.004
    assert line["best"]["peer"] == "torch"
    assert math.isclose(result["groups"][0]["ratios"]["torch"], line["ratios"]["torch"]["median"])
    assert any("slower than torch" in remark for remark in tables.remarks(result))
    assert report.succeeded(result)


def test_report_is_json_and_has_its_fields():
    result = run([sleeper("minigrad"), sleeper("torch")])
    assert json.loads(json.dumps(result)) == result
    assert result.keys() == {
        "schema", "machine", "settings", "peers", "missing", "lines", "groups",
    }  # fmt: skip
    (line,) = result["lines"]
    assert len(line["seconds"]["torch"]["rounds"]) == 3
    assert {"suite", "group", "name", "ratios", "best", "failures", "disagreements"} <= line.keys()
    assert {"processor", "cores", "caches", "python", "numpy"} <= result["machine"].keys()
    assert "a nap" in tables.tables(result)


def test_missing_peer_is_named_with_its_reason():
    result = run([sleeper("minigrad"), sleeper("jax", raises="No module named 'jax'")])
    assert result["missing"] == {"jax": "ImportError: No module named 'jax'"}
    text = tables.header(result["machine"], result["settings"], result["peers"], result["missing"])
    assert "not here  jax: ImportError: No module named 'jax'" in text


def test_without_minigrad_the_run_does_not_succeed():
    result = run([sleeper("minigrad", raises="not built"), sleeper("torch")])
    assert not report.succeeded(result)
    assert result["lines"][0]["ratios"] == {}
    tables.tables(result)


def test_disagreement_is_not_timed_and_fails_the_run():
    result = run([sleeper("minigrad", value=1.1), sleeper("torch", value=1.0)])
    (line,) = result["lines"]
    assert "minigrad and torch: y differs by 0.1" in line["disagreements"][0]
    assert line["seconds"] == {}
    assert not report.succeeded(result)


def test_a_peer_that_dies_is_reported_and_the_others_go_on():
    with started([sleeper("minigrad"), sleeper("torch", dies=True)], 1) as (processes, _):
        first = measure(SLEEP, processes, 2, 0.002)
        second = measure(SLEEP, processes, 2, 0.002)  # it is started again
    for line in first, second:
        assert "status 3" in line.failures["torch"]
        assert len(line.seconds["minigrad"]) == 2
        assert "torch" not in line.seconds


def test_an_exception_is_the_failure_of_one_line():
    case = Case("ops", "none", "unknown", "dance", {})
    result = run([sleeper("minigrad"), sleeper("torch")], case)
    assert "no program 'dance'" in result["lines"][0]["failures"]["torch"]
    assert not report.succeeded(result)
    tables.tables(result)


def test_statistics():
    assert stats.spread([5, 1, 2, 3, 4]) == {"median": 3, "q1": 2, "q3": 4, "mad": 1}
    assert stats.spread([7.0]) == {"median": 7.0, "q1": 7.0, "q3": 7.0, "mad": 0.0}
    # A machine that slows down by half takes both down: the ratio of the rounds does not move.
    assert stats.ratio([1, 2, 1], [4, 8, 4]) == {"median": 0.25, "q1": 0.25, "q3": 0.25, "mad": 0}


def test_groups_have_geometric_means_and_shares_of_the_copy():
    def line(name, ours, theirs, copy):
        arguments = {"shape": (1, 1000), "mode": "eval"}
        case = Case("batchnorm", "g", name, "batchnorm", arguments, bytes=20_000, yardstick=True)
        return Line(case, {"minigrad": [ours], "torch": [theirs], "numpy": [copy]})

    lines = [line("a", 1.0, 2.0, 0.2), line("b", 1.0, 8.0, 0.1)]
    result = report.build(lines, machine.describe(), {}, {}, {})
    (group,) = result["groups"]
    assert math.isclose(group["ratios"]["torch"], 0.25)
    assert math.isclose(group["best"], 0.25)
    # NumPy moves 8,000 bytes in 0.2 s where minigrad moves 20,000 in 1 s: half as fast.
    assert math.isclose(result["lines"][0]["share_of_copy"]["minigrad"], 0.5)
    assert "numpy" not in result["lines"][0]["ratios"]


def test_other_thread_counts_are_no_rivals():
    times = {"minigrad": [2.0], "minigrad@1": [1.0], "torch": [4.0], "numpy": [1.0]}
    line = report.line_report(Line(SLEEP, times), 0)
    assert line["ratios"]["minigrad@1"]["median"] == 2
    assert line["best"] == {"peer": "torch", "ratio": 0.5}


def test_fingerprints_tell_arrays_apart():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((100, 200))
    mark = {"y": fingerprint(a)}
    assert disagreement(mark, {"y": fingerprint(a * (1 + 1e-6))}, 1e-4) is None
    assert "y differs" in disagreement(mark, {"y": fingerprint(a * 1.01)}, 1e-4)
    assert "shapes" in disagreement(mark, {"y": fingerprint(a.T)}, 1e-4)
    assert "results" in disagreement(mark, {"z": fingerprint(a)}, 1e-4)
    a[3] = np.nan
    assert "y differs" in disagreement(mark, {"y": fingerprint(a)}, 1e-4)
    zeros = {"y": fingerprint(np.zeros(3))}
    assert disagreement(zeros, zeros, 1e-4) is None


def test_timing_restarts_and_waits():
    events = []
    workload = Workload(
        call=lambda: (events.append("call"), time.sleep(0.001)),
        results=dict,
        restart=lambda: events.append("restart"),
        wait=lambda: events.append("wait"),
    )
    assert 0.001 <= seconds_per_call(workload, 0.01) < 0.1
    assert events[0] == "restart"
    assert events[-1] == "wait"
    assert events.count("restart") == 1


def test_worker_sleeps_until_its_threads_rest():
    assert worker.settle()


def test_cases_are_distinct_and_small_with_quick():
    for suite in SUITES:
        full, quick = cases_of(suite), cases_of(suite, quick=True)
        titles = [(case.group, case.name) for case in full]
        assert len(set(titles)) == len(titles)
        assert 0 < len(quick) <= 40
        assert all(case in full for case in quick)
        groups = [case.group for case in full]
        runs = [group for i, group in enumerate(groups) if i == 0 or groups[i - 1] != group]
        assert len(runs) == len(set(runs)), "lines of one group must follow each other"


@pytest.mark.parametrize("name", NETWORKS)
def test_initial_weights_and_batches_come_from_a_seed(name):
    network = NETWORKS[name]
    first, again = initial_weights(network), initial_weights(network)
    assert all(np.array_equal(first[key], again[key]) for key in first)
    inputs, labels = batch(network)
    assert inputs.shape == (network.batch, *network.example)
    assert inputs.dtype == np.float32
    assert labels.shape == (network.batch,)
    assert labels.max() < network.classes


@pytest.mark.parametrize("many", [False, True])
def test_plot(tmp_path, many):
    pytest.importorskip("matplotlib")
    count = plot.MANY + 1 if many else 2
    cases = [Case("steps", "g", f"line {i}", "sleep", {}) for i in range(count)]
    lines = [Line(case, {"minigrad": [1.0], "torch": [2.0], "jax": [0.5]}) for case in cases]
    versions = {name: {"version": "1", "threads": 1} for name in ("minigrad", "torch", "jax")}
    result = report.build(lines, machine.describe(), {"threads": 1}, versions, {})
    assert len(plot.chart_rows(result)) == (1 if many else 2)
    plot.draw(result, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_peers_by_name_and_thread_count():
    assert runner.find_peer("minigrad@1").threads == 1
    assert runner.find_peer("torch").threads is None
    for wrong in ("tensorflow", "torch@0", "torch@x"):
        with pytest.raises(ValueError, match=f"unknown peer '{wrong}'"):
            runner.find_peer(wrong)


def test_peers_left_out_by_default_are_named():
    options = command.parse(["ops", "--threads", "1"])
    assert [peer.name for peer in options.peers] == ["minigrad", "torch", "jax", "numpy"]
    assert "--peers torch-compile" in options.left_out["torch-compile"]
    assert command.parse(["steps"]).left_out == {}


@pytest.mark.parametrize(
    "arguments",
    [["dance"], ["ops", "--peers", "nobody"], ["--threads", "0"], ["--json", "no/folder/here"]],
)
def test_wrong_arguments_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        command.parse(arguments)
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_command_line_measures_minigrad(tmp_path):
    """The whole way once: minigrad alone, tiny network, report and exit status."""
    options = ["--quick", "--rounds", "1", "--only", "tiny MLP", "--peers", "minigrad"]
    options += ["--json", str(tmp_path / "report.json")]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "steps", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = json.loads((tmp_path / "report.json").read_text())["lines"]
    assert [line["name"] for line in lines] == ["tiny MLP, SGD", "tiny MLP, Adam", "tiny MLP"]
    assert all(line["seconds"]["minigrad"]["median"] > 0 for line in lines)


def test_roofline(tmp_path):
    shape = {"shape": [1 << 18], "mode": "eval"}
    cases = [
        Case("ops", "matmul, forward", "m", "operation", {}, flops=4 * 10**9, intensity=8.0),
        Case(
            "batchnorm", "g", "b", "batchnorm", shape, bytes=1 << 21, intensity=0.5, yardstick=True
        ),
        Case("steps", "g", "no rate", "train", {}),
    ]
    lines = [Line(case, {"minigrad": [1.0], "numpy": [0.5]}) for case in cases]
    lines[2].seconds.pop("numpy")
    peers = {name: {"version": "1", "threads": 1} for name in ("minigrad", "numpy")}
    described = machine.describe() | {"caches": {"L2": 1 << 21}}  # (some machines do not tell)
    result = report.build(lines, described, {"threads": 1}, peers, {})
    assert plot.roofline_points(result, "minigrad") == [(8.0, 4.0), (0.5, 2**20 / 1e9)]
    assert plot.roofline_points(result, "numpy") == [(8.0, 8.0)]  # its copies are a roof
    assert plot.highest_rate(result) == 8.0
    assert plot.bandwidths(result) == {"in the caches": 2**22 / 1e9}
    pytest.importorskip("matplotlib")
    plot.draw_roofline(result, tmp_path / "roofline.png")
    assert (tmp_path / "roofline.png").stat().st_size > 5000


def test_operations_per_byte_are_counted():
    for suite in SUITES:
        for case in cases_of(suite):
            counted = case.flops or case.program == "batchnorm"
            assert (case.intensity is not None) == bool(counted)
            assert case.intensity is None or 0.1 < case.intensity < 500


RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


@pytest.mark.skipif(not RESULTS, reason="the reports are not beside the tests")
def test_readme_has_the_numbers_of_the_reports():
    printed = summary.summary([json.loads(file.read_text()) for file in RESULTS])
    rows = [row for row in printed.splitlines() if row.startswith("|")]
    readme = (ROOT / "README.md").read_text().splitlines()
    assert len(rows) > 30
    assert [row for row in rows if row not in readme] == []


@pytest.mark.skipif(not RESULTS, reason="the reports are not beside the tests")
def test_the_page_of_the_other_machine_has_the_numbers_of_its_reports():
    folder = ROOT / "benchmarks" / "results" / "zen3"
    reports = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    assert len(reports) == 4
    assert summary.summary(reports) in (folder / "README.md").read_text()


def test_a_summary_of_several_reports(tmp_path):
    peers = [sleeper("minigrad", seconds=0.002), sleeper("torch", seconds=0.001)]
    reports = [run(peers), run(peers, Case("ops", "short", "a nap", "sleep", {"shape": [3, 2]}))]
    printed = summary.summary(reports)
    assert "| sleeping |" in printed and "| short | 1 | **" in printed
    assert "Slower than torch: 2 of 2 lines." in printed
    busy = run([sleeper("minigrad", seconds=0.004), sleeper("torch", seconds=0.005)])
    busy["settings"]["neighbour"] = True
    both = summary.summary([*reports, busy])
    assert both.startswith(printed) and printed.count("|") < both.count("|")
    row = re.search(
        r"\| sleeping beside .*\| minigrad: / alone \| torch: / alone \|\n.*\n"
        r"\| a nap \| [\d.]+ ms \| [\d.]+ ms \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|",
        both,
    )
    # 4 / 5, 4 / 2 and 5 / 1 but for what a busy machine adds to each nap
    to_torch, minigrads, torchs = map(float, row.groups())
    assert 0.5 < to_torch < 1.2 and 1.2 < minigrads < torchs
    if plot_library():
        plot.draw(summary.joined(reports), tmp_path / "all.png")
        assert (tmp_path / "all.png").stat().st_size > 1000


def plot_library():
    return importlib.util.find_spec("matplotlib")
