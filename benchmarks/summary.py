"""README's tables of speed, from reports that ``--json`` wrote: ``python -m benchmarks.summary``.

python -m benchmarks.summary benchmarks/results/*.json [--plot ratios.png] [--roofline FILE]
"""

import argparse
import json
import statistics
from pathlib import Path

from benchmarks import plot
from benchmarks.report import is_rival
from benchmarks.runner import SUBJECT, YARDSTICK
from benchmarks.tables import duration, times

ALONE = f"{SUBJECT}@1"
LONG = 1e-4  # seconds on one thread, from which on two are to be faster


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def median(line: dict, name: str) -> str:
    return duration(line["seconds"][name]["median"]) if name in line["seconds"] else ""


def steps_table(group: str, lines: list[dict]) -> str:
    """Times of all engines, and the ratios to torch and to the best of the others."""
    rivals = [name for name in lines[0]["seconds"] if is_rival(name)]
    head = [group, SUBJECT, *rivals, "/ torch", "/ best", "2 threads / 1", "memory / torch"]
    rows = []
    for line in lines:
        alone = line["seconds"].get(ALONE)
        memory = line["memory"]
        rows.append(
            [
                line["name"],
                *(median(line, name) for name in (SUBJECT, *rivals)),
                times(line["ratios"]["torch"]["median"]),
                times(line["best"]["ratio"]),
                times(line["ratios"][ALONE]["median"]) if alone else "",
                times(memory[SUBJECT] / memory["torch"]) if memory.get("torch") else "",
            ]
        )
    return table(head, rows)


def shared(line: dict) -> float | None:
    """The time on all threads over that on one, of a line that is long enough to be shared out."""
    alone = line["seconds"].get(ALONE)
    return line["ratios"][ALONE]["median"] if alone and alone["median"] >= LONG else None


def groups_table(groups: dict[str, list[dict]]) -> str:
    """For each group of lines the ratios to torch, to the best, and to NumPy's speed of copying."""
    head = ["group", "lines", "/ torch", "from", "to", "/ best"]
    head += ["2 threads / 1, from 0.1 ms", "of copy, past the caches"]
    rows = []
    for group, lines in groups.items():
        ratios = [line["ratios"]["torch"]["median"] for line in lines if "torch" in line["ratios"]]
        best = [line["best"]["ratio"] for line in lines if line["best"]]
        several = any(len([n for n in line["ratios"] if is_rival(n)]) > 1 for line in lines)
        both = [ratio for line in lines if (ratio := shared(line))]
        shares = [line["share_of_copy"][SUBJECT] for line in lines if line.get("past_caches")]
        rows.append(
            [
                group,
                str(len(ratios)),
                f"**{times(statistics.geometric_mean(ratios))}**",
                times(min(ratios)),
                times(max(ratios)),
                times(statistics.geometric_mean(best)) if several else "",
                times(statistics.geometric_mean(both)) if both else "",
                ", ".join(f"{share:.0%}" for share in shares),
            ]
        )
    return table(head, rows)


def beside_table(group: str, beside: list[dict], alone: list[dict]) -> str:
    """Times beside a busy program, and how many times as long that is as alone."""
    engines = [name for name in beside[0]["seconds"] if name == SUBJECT or is_rival(name)]
    rows = []
    for line in beside:
        quiet = next((other for other in alone if other["name"] == line["name"]), None)
        row = [line["name"], *(median(line, name) for name in engines)]
        row.append(times(line["ratios"]["torch"]["median"]) if "torch" in line["ratios"] else "")
        for name in engines:
            known = quiet and name in line["seconds"] and name in quiet["seconds"]
            both = [found["seconds"][name]["median"] for found in (line, quiet) if known and found]
            row.append(times(both[0] / both[1]) if both else "")
        rows.append(row)
    head = [f"{group} beside a busy program", *engines, "/ torch"]
    return table(head + [f"{name}: / alone" for name in engines], rows)


def remarks(lines: list[dict]) -> list[str]:
    """Lines on which torch is ahead, and matrix products against NumPy."""
    behind = [
        f"{line['group']}, {line['name']} ({line['ratios']['torch']['median']:.2f})"
        for line in lines
        if line["ratios"].get("torch", {"median": 0})["median"] > 1
    ]
    found = [f"Slower than torch: {len(behind)} of {len(lines)} lines. {'; '.join(behind)}"]
    products = [
        line["ratios"][YARDSTICK]["median"]
        for line in lines
        if line["group"].startswith("matmul") and YARDSTICK in line["ratios"]
    ]
    if products:
        found.append(
            f"Matrix products: {times(min(products))} to {times(max(products))} of NumPy's time."
        )
    return found


def has_neighbour(report: dict) -> bool:
    return report["settings"].get("neighbour", False)


def groups_of(reports: list[dict], beside: bool) -> dict[str, list[dict]]:
    """The lines by their groups, of the reports with or of those without a busy neighbour."""
    groups: dict[str, list[dict]] = {}
    for report in reports:
        for line in report["lines"]:
            if SUBJECT in line["seconds"] and has_neighbour(report) == beside:
                groups.setdefault(line["group"], []).append(line)
    return groups


def summary(reports: list[dict]) -> str:
    """All tables and remarks."""
    groups, beside = groups_of(reports, False), groups_of(reports, True)
    steps = {g: found for g, found in groups.items() if found[0]["suite"] == "steps"}
    others = {g: found for g, found in groups.items() if g not in steps}
    parts = [steps_table(group, found) for group, found in steps.items()]
    parts += [groups_table(others)] if others else []
    parts += remarks([line for found in groups.values() for line in found])
    parts += [beside_table(group, found, groups.get(group, [])) for group, found in beside.items()]
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("reports", nargs="+", type=Path)
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios")
    parser.add_argument("--roofline", type=Path, metavar="FILE", help="draw rates under limits")
    options = parser.parse_args()
    reports = [json.loads(file.read_text()) for file in options.reports]
    print(summary(reports))
    for file, draw in ((options.plot, plot.draw), (options.roofline, plot.draw_roofline)):
        alone = [report for report in reports if not has_neighbour(report)]
        if file and alone:
            draw(joined(alone), file)


def joined(reports: list[dict]) -> dict:
    """One report of several, described as the first."""
    return {
        **reports[0],
        "peers": {name: peer for report in reports for name, peer in report["peers"].items()},
        "lines": [line for report in reports for line in report["lines"]],
        "groups": [group for report in reports for group in report["groups"]],
    }


if __name__ == "__main__":
    main()
