"""The report as text: a header, a table for each group, remarks."""

import math

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
        f"settings  {settings['threads']} threads, {settings['rounds']} rounds of "
        f"{duration(settings['seconds'])} per line and peer",
        f"peers     {versions}",
    ]
    lines += [f"not here  {name}: {reason}" for name, reason in missing.items()]
    if machine["load"] is not None and machine["load"] > 0.5:
        lines.append(f"warning   this machine is busy (load {machine['load']:.1f})")
    return "\n".join(lines)


def timing_cell(line: dict, name: str) -> str:
    """Median and half the distance between the quartiles, as in "1.92 ms ±3%"."""
    found = line["seconds"].get(name)
    if not found:
        return "failed" if name in line["failures"] else "-"
    percent = 50 * (found["q3"] - found["q1"]) / found["median"]
    return f"{duration(found['median'])} ±{percent:.0f}%"


def ratio_cell(line: dict, name: str) -> str:
    """Median and half the distance between the quartiles, as in "0.23 ±0.01"."""
    found = line["ratios"].get(name)
    return f"{found['median']:.2f} ±{(found['q3'] - found['q1']) / 2:.2f}" if found else "-"


def table(lines: list[dict], summary: dict, names: list[str]) -> str:
    """The lines of one group: times, then ratios, then shares of the machine's limits."""
    rivals = [name for name in names if any(name in line["ratios"] for line in lines)]
    copied = any("share_of_copy" in line for line in lines)
    titles = ["numpy copy" if name == YARDSTICK and copied else name for name in names]
    columns = [*titles, *(f"/ {name}" for name in rivals), "/ best"]
    extras = [title for title, cell in EXTRAS.items() if any(cell(line) for line in lines)]
    rows = [["", *columns, *extras]]
    for line in lines:
        rows.append(
            [
                line["name"],
                *(timing_cell(line, name) for name in names),
                *(ratio_cell(line, name) for name in rivals),
                f"{line['best']['ratio']:.2f}" if line["best"] else "-",
                *(EXTRAS[title](line) for title in extras),
            ]
        )
    if len(lines) > 1:
        means = [summary["ratios"].get(name) for name in rivals] + [summary["best"]]
        cells = [f"{mean:.2f}" if mean else "-" for mean in means]
        rows.append(["geometric mean", *[""] * len(names), *cells, *[""] * len(extras)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    text = [summary["group"]]
    for first, *rest in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        text.append("  " + "  ".join(cells).rstrip())
    return "\n".join(text)


def bandwidth_cell(line: dict) -> str:
    found = line["seconds"].get(SUBJECT)
    return f"{line['bytes'] / found['median'] / 1e9:.1f}" if line["bytes"] and found else ""


def flops_cell(line: dict) -> str:
    found = line["seconds"].get(SUBJECT)
    return f"{line['flops'] / found['median'] / 1e9:.0f}" if line["flops"] and found else ""


def share_cell(line: dict) -> str:
    share = line.get("share_of_copy", {}).get(SUBJECT)
    return f"{share:.0%}{'*' if line['past_caches'] else ''}" if share else ""


def memory_cell(line: dict) -> str:
    return " / ".join(f"{name} {size(used)}" for name, used in line["memory"].items())


# Columns that only some tables have, about minigrad unless they name a peer.
EXTRAS = {
    "GB/s": bandwidth_cell,
    "of copy": share_cell,
    "GF/s": flops_cell,
    "peak memory": memory_cell,
}


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
    for line in lines:
        where = f"{line['group']}, {line['name']}"
        found += [f"failed: {where}: {name}: {why}" for name, why in line["failures"].items()]
        found += [f"DISAGREE: {where}: {how}" for how in line["disagreements"]]
        found += [
            f"slower than {name}: {where}: {value['median']:.2f}"
            for name, value in line["ratios"].items()
            if is_rival(name) and round(value["median"], 2) > 1
        ]
    restless = sorted({name for line in lines for name in line["restless"]})
    if restless:
        found.append(f"these kept the processor busy while idle: {', '.join(restless)}")
    return found
