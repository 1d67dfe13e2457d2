"""The report as text: a header, a table for each group, remarks."""

import math
from functools import partial

from benchmarks.report import is_rival
from benchmarks.runner import SUBJECT, YARDSTICK


def size(count: float | None) -> str:
    """Bytes for people: 48 KiB, 1.5 GiB."""
    if count is None:
        return "?"
    power = min(3, int(math.log(max(count, 1), 1024)))
    return f"{count / 1024**power:.3g} {('B', 'KiB', 'MiB', 'GiB')[power]}"


def duration(seconds: float) -> str:
    """Seconds for people: 1.92 ms, 810 ns."""
    for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.{2 - min(2, int(math.log10(seconds * scale)))}f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def header(machine: dict, settings: dict, peers: dict, missing: dict) -> str:
    """What is compared, on what machine, and which peers are not here and why."""
    caches = ", ".join(f"{name} {size(bytes_)}" for name, bytes_ in machine["caches"].items())
    versions = ", ".join(f"{name} {peer['version']}" for name, peer in peers.items())
    lines = [
        f"machine   {machine['processor']}, {machine['cores']} cores, "
        f"{caches or 'caches unknown'}, {size(machine['memory'])} memory",
        f"software  {machine['system']}, Python {machine['python']}, NumPy {machine['numpy']}",
        f"settings  threads: {settings['threads']}, {settings['rounds']} rounds of "
        f"{duration(settings['seconds'])} per line and peer"
        + ", with a busy neighbour"
        * settings.get("neighbour", False),
        f"peers     {versions}",
    ]
    lines += [f"not here  {name}: {reason}" for name, reason in missing.items()]
    if machine["load"] is not None and machine["load"] > 0.5:
        lines.append(f"warning   this machine is busy (load {machine['load']:.1f})")
    return "\n".join(lines)


def times(ratio: float) -> str:
    """A ratio, with enough digits where it is small."""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def timing_cell(line: dict, name: str) -> str:
    """Median and half the distance between the quartiles, as in "1.92 ms ±3%"."""
    found = line["seconds"].get(name)
    if not found:
        return "failed" if name in line["failures"] else ""
    percent = 50 * (found["q3"] - found["q1"]) / found["median"]
    return f"{duration(found['median'])} ±{percent:.0f}%"


def ratio_cell(line: dict, name: str) -> str:
    """Median and half the distance between the quartiles, as in "0.23 ±0.01"."""
    found = line["ratios"].get(name)
    return f"{times(found['median'])} ±{(found['q3'] - found['q1']) / 2:.2f}" if found else ""


def best_cell(line: dict) -> str:
    return times(line["best"]["ratio"]) if line["best"] else ""


def rate_cell(line: dict, counted: str) -> str:
    """Thousand millions of ``counted`` ("bytes" or "flops") per second, of minigrad."""
    found = line["seconds"].get(SUBJECT)
    return f"{line[counted] / found['median'] / 1e9:.1f}" if line[counted] and found else ""


def share_cell(line: dict) -> str:
    share = line.get("share_of_copy", {}).get(SUBJECT)
    return f"{share:.0%}{'*' if line['past_caches'] else ''}" if share else ""


def memory_cell(line: dict) -> str:
    return " / ".join(f"{name} {size(used)}" for name, used in line["memory"].items())


def columns_of(summary: dict, names: list[str], copied: bool) -> list[tuple]:
    """The columns of a table: title, function from a line to its cell, cell of the last row."""
    ratios, best = summary["ratios"], summary["best"]
    title = {YARDSTICK: "numpy copy"} if copied else {}
    return [
        ("", lambda line: line["name"], "geometric mean"),
        *((title.get(name, name), partial(timing_cell, name=name), "") for name in names),
        *((f"/ {name}", partial(ratio_cell, name=name), times(r)) for name, r in ratios.items()),
        ("/ best", best_cell, times(best) if best else ""),
        ("GB/s", partial(rate_cell, counted="bytes"), ""),
        ("of copy", share_cell, ""),
        ("GF/s", partial(rate_cell, counted="flops"), ""),
        ("peak memory", memory_cell, ""),
    ]


def table(lines: list[dict], summary: dict, names: list[str]) -> str:
    """The lines of one group and their geometric means.  Columns without content are left out."""
    text = []
    has_means = len(lines) > 1 and bool(summary["ratios"])
    for title, cell, last in columns_of(summary, names, any("share_of_copy" in x for x in lines)):
        cells = [cell(line) for line in lines]
        if any(cells):
            cells = [title, *cells, *[last] * has_means]
            width = max(map(len, cells))
            text.append([c.rjust(width) if title else c.ljust(width) for c in cells])
    rows = ("  " + "  ".join(row).rstrip() for row in zip(*text, strict=True))
    return "\n".join([summary["group"], *rows])


def tables(report: dict) -> str:
    """All groups, then what deserves attention."""
    names = list(report["peers"])
    text = []
    for summary in report["groups"]:
        lines = [line for line in report["lines"] if line["group"] == summary["group"]]
        timed = {name for line in lines for name in (*line["seconds"], *line["failures"])}
        text.append(table(lines, summary, [name for name in names if name in timed]))
    return "\n\n".join([*text, "\n".join(remarks(report))])


def remarks(report: dict) -> list[str]:
    """Notes under the tables: failures, disagreements, lines where minigrad is slower."""
    found = []
    lines = report["lines"]
    if any("share_of_copy" in line for line in lines):
        found.append(
            "of copy: bytes that must move, per second, over the bytes per second at which NumPy "
            "copies an array of that size in this run; * = past the caches"
        )
    failures = {}
    for line in lines:
        where = f"{line['group']}, {line['name']}"
        for failure in line["failures"].items():
            failures.setdefault(failure, []).append(where)
        found += [f"DISAGREE: {where}: {how}" for how in line["disagreements"]]
        found += [
            f"slower than {name}: {where}: {times(value['median'])}"
            for name, value in line["ratios"].items()
            if is_rival(name) and round(value["median"], 2) > 1
        ]
    found += [
        f"failed: {name}: {why}: {len(places)} lines, the first: {places[0]}"
        for (name, why), places in failures.items()
    ]
    restless = sorted({name for line in lines for name in line["restless"]})
    if restless:
        found.append(f"these kept the processor busy while idle: {', '.join(restless)}")
    return found
