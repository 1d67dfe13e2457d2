"""From measured lines to the report: ratios, shares and geometric means, ready for JSON."""

import statistics
from itertools import groupby

from benchmarks.runner import SUBJECT, YARDSTICK, Line
from benchmarks.stats import ratio, spread

SCHEMA = 1


def line_report(line: Line, last_cache: int) -> dict:
    """One line of the JSON report.  ``last_cache`` is the size of the last-level cache in bytes."""
    case, seconds = line.case, line.seconds
    report = {
        "suite": case.suite,
        "group": case.group,
        "name": case.name,
        "bytes": case.bytes,
        "flops": case.flops,
        "intensity": case.intensity,
        "seconds": {name: {**spread(s), "rounds": s} for name, s in seconds.items()},
        "memory": line.memory if case.suite == "steps" else {},
        "failures": line.failures,
        "disagreements": line.disagreements,
        "restless": sorted(line.restless),
        "ratios": {},
        "best": None,
    }
    if SUBJECT in seconds:
        others = [
            name
            for name in seconds
            if name != SUBJECT and not (name == YARDSTICK and case.copied_bytes)
        ]
        ratios = {name: ratio(seconds[SUBJECT], seconds[name]) for name in others}
        report["ratios"] = ratios
        rivals = {n: r["median"] for n, r in ratios.items() if is_rival(n)}
        if rivals:
            peer = max(rivals, key=rivals.get)
            report["best"] = {"peer": peer, "ratio": rivals[peer]}
    if case.copied_bytes and YARDSTICK in seconds:
        copy = spread(seconds[YARDSTICK])["median"] / case.copied_bytes
        report["copy_bandwidth"] = 1 / copy
        report["past_caches"] = case.copied_bytes > 2 * last_cache
        report["share_of_copy"] = {
            name: case.bytes * copy / spread(s)["median"]
            for name, s in seconds.items()
            if name != YARDSTICK
        }
    return report


def is_rival(name: str) -> bool:
    """Whether a peer counts for "best of the others": not NumPy, nor minigrad on other threads."""
    return name.partition("@")[0] not in (SUBJECT, YARDSTICK)


def group_summaries(lines: list[dict]) -> list[dict]:
    """For each group the geometric mean of its ratios, to every peer and to the best of them."""
    summaries = []
    for (suite, group), members in groupby(lines, key=lambda line: (line["suite"], line["group"])):
        ratios, best = {}, []
        members = list(members)
        for line in members:
            for name, value in line["ratios"].items():
                ratios.setdefault(name, []).append(value["median"])
            if line["best"]:
                best.append(line["best"]["ratio"])
        summaries.append(
            {
                "suite": suite,
                "group": group,
                "lines": len(members),
                "ratios": {name: statistics.geometric_mean(r) for name, r in ratios.items()},
                "best": statistics.geometric_mean(best) if best else None,
            }
        )
    return summaries


def build(lines: list[Line], machine: dict, settings: dict, peers: dict, missing: dict) -> dict:
    """The whole report, as it is written to JSON."""
    last_cache = max(machine["caches"].values(), default=0)
    reports = [line_report(line, last_cache) for line in lines]
    return {
        "schema": SCHEMA,
        "machine": machine,
        "settings": settings,
        "peers": peers,
        "missing": missing,
        "lines": reports,
        "groups": group_summaries(reports),
    }


def succeeded(report: dict) -> bool:
    """Whether minigrad was measured on every line and all peers agreed on all results."""
    return SUBJECT in report["peers"] and not any(
        line["disagreements"] or SUBJECT in line["failures"] for line in report["lines"]
    )
