"""The command line: ``python -m benchmarks {batchnorm,ops,steps} [options]``."""

import argparse
import contextlib
import importlib.util
import json
import sys
from pathlib import Path

from benchmarks import machine, plot, report, tables
from benchmarks.cases import SUITES, cases_of
from benchmarks.progress import progress_bar
from benchmarks.runner import PEERS, SUBJECT, YARDSTICK, find_peer, measure, neighbour, started

NOT_BY_DEFAULT = "not run {}; ask for it with --peers torch-compile"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time minigrad against the engines installed beside it.",
        epilog="Exit status 0 if minigrad ran every line and all peers agreed on every result.",
    )
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; default: all"
    )
    parser.add_argument(
        "--peers", help=f"comma-separated, of {', '.join(PEERS)}; NAME@N for N threads"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report here")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios (PNG, SVG, PDF)")
    parser.add_argument("--roofline", type=Path, metavar="FILE", help="draw rates under limits")
    parser.add_argument("--quick", action="store_true", help="few lines, short rounds")
    parser.add_argument("--threads", type=int, default=machine.usable_cores(), metavar="N")
    parser.add_argument("--rounds", type=int, metavar="N", help="default: 9, or 3 with --quick")
    parser.add_argument("--only", default="", metavar="TEXT", help="only lines named so")
    parser.add_argument("--neighbour", action="store_true", help="keep one core busy meanwhile")
    options = parser.parse_args(arguments)
    for suite in options.suites:
        if suite not in SUITES:
            parser.error(f"unknown suite {suite!r}: expected one of {', '.join(SUITES)}")
    if options.threads < 1 or (options.rounds is not None and options.rounds < 1):
        parser.error("--threads and --rounds must be at least 1")
    if (options.plot or options.roofline) and importlib.util.find_spec("matplotlib") is None:
        parser.error("charts need matplotlib: pip install matplotlib")
    for file in options.json, options.plot, options.roofline:
        if file and not file.parent.is_dir():
            parser.error(f"no folder {file.parent} to write {file.name} into")
    options.suites = options.suites or list(SUITES)
    try:
        options.peers, options.left_out = choose_peers(options)
    except ValueError as error:
        parser.error(str(error))
    return options


def choose_peers(options: argparse.Namespace):
    """The peers to start, minigrad first and NumPy last, and {name: why} of those left out."""
    left_out = {}
    if options.peers:
        names = options.peers.split(",")
    else:
        names = ["torch", "torch-compile", "jax"]
        if options.quick or options.suites == ["ops"]:
            names.remove("torch-compile")
            why = "with --quick" if options.quick else "on single operations"
            left_out["torch-compile"] = NOT_BY_DEFAULT.format(why)
    rest = [name for name in names if name not in (SUBJECT, YARDSTICK)]
    return [find_peer(name) for name in (SUBJECT, *dict.fromkeys(rest), YARDSTICK)], left_out


def run(options: argparse.Namespace) -> dict | None:
    """Measure what the options ask for and return the report; None without minigrad."""
    cases = [
        case
        for suite in options.suites
        for case in cases_of(suite, options.quick)
        if options.only.lower() in f"{case.group}, {case.name}".lower()
    ]
    rounds = options.rounds or (3 if options.quick else 9)
    budget = 0.02 if options.quick else 0.1
    settings = {
        "suites": options.suites,
        "threads": options.threads,
        "rounds": rounds,
        "seconds": budget,
        "quick": options.quick,
        "neighbour": options.neighbour,
    }
    described = machine.describe()
    with contextlib.ExitStack() as stack:
        processes, missing = stack.enter_context(started(options.peers, options.threads))
        if options.neighbour:
            stack.enter_context(neighbour())
        missing = options.left_out | missing
        peers = {
            name: {"version": process.version, "threads": process.threads}
            for name, process in processes.items()
        }
        print(tables.header(described, settings, peers, missing), flush=True)
        if SUBJECT not in processes:
            return None
        lines = []
        bar = progress_bar(len(cases) * (rounds + 1))
        for case in cases:
            bar.set_description(f"{case.group}, {case.name}")
            lines.append(measure(case, processes, rounds, budget, bar.update))
        bar.close()
    return report.build(lines, described, settings, peers, missing)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    result = run(options)
    if result is None:
        return 1
    print("\n" + tables.tables(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    if options.plot:
        plot.draw(result, options.plot)
    if options.roofline:
        plot.draw_roofline(result, options.roofline)
    return 0 if report.succeeded(result) else 1


if __name__ == "__main__":
    sys.exit(main())
