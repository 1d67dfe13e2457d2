"""Two charts: how long minigrad takes compared with each peer, and the roofline."""

from pathlib import Path

from benchmarks.report import is_rival
from benchmarks.runner import YARDSTICK

MANY = 16  # from here on groups are drawn, not lines


def draw(report: dict, path: Path) -> None:
    """Write a bar chart of the ratios as PNG, SVG or PDF (by the file's suffix).

    A bar per line and peer, or, if there are many lines, per group: then the bar is the geometric
    mean and the dots are the lines.  Left of 1 minigrad is faster.  Needs matplotlib.
    """
    from matplotlib.figure import Figure

    rows = chart_rows(report)
    peers = [name for name in report["peers"] if any(name in row["bars"] for row in rows)]
    figure = Figure(figsize=(9, 1.6 + 0.22 * len(rows) * (len(peers) + 1)), layout="constrained")
    axes = figure.add_subplot()
    thickness = 1 / (len(peers) + 1)
    for index, peer in enumerate(peers):
        places = [y + thickness * (index - (len(peers) - 1) / 2) for y in range(len(rows))]
        drawn = [(y, row) for y, row in zip(places, rows, strict=True) if peer in row["bars"]]
        values = [row["bars"][peer] for _, row in drawn]
        # Bars start at 1, the line where both take the same time, and grow with the logarithm.
        axes.barh(
            [y for y, _ in drawn],
            [value - 1 for value in values],
            left=1,
            height=0.9 * thickness,
            label=f"against {peer} {report['peers'][peer]['version']}",
        )
        for y, row in drawn:
            value, dots = row["bars"][peer], row["dots"].get(peer, [])
            axes.plot(dots, [y] * len(dots), ".", color="black", markersize=2, alpha=0.6)
            faster = value < 1  # then the number stands on the left, beyond bar and dots
            end = min(value, *dots, 1) if faster else max(value, *dots, 1)
            axes.annotate(
                f"{value:.2f}",
                (end, y),
                (-3 if faster else 3, 0),
                textcoords="offset points",
                ha="right" if faster else "left",
                va="center",
                fontsize=7,
            )
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.02)
    axes.set_yticks(range(len(rows)), [row["label"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("time of minigrad / time of the peer (left of 1: minigrad is faster)")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    machine, settings = report["machine"], report["settings"]
    axes.set_title(f"{machine['processor']}, threads: {settings['threads']}", fontsize=10)
    if peers:
        figure.legend(loc="outside lower center", ncols=len(peers), fontsize=8)
    figure.savefig(path, dpi=150)


def chart_rows(report: dict) -> list[dict]:
    """What to draw: {"label", "bars": {peer: ratio}, "dots": {peer: [ratio of each line]}}."""
    if len(report["lines"]) <= MANY:
        rows = [
            {
                "label": f"{line['group']}\n{line['name']}",
                "bars": {name: ratio["median"] for name, ratio in line["ratios"].items()},
                "dots": {},
            }
            for line in report["lines"]
        ]
    else:
        rows = []
        for group in report["groups"]:
            members = [line for line in report["lines"] if line["group"] == group["group"]]
            dots = {
                name: [x["ratios"][name]["median"] for x in members if name in x["ratios"]]
                for name in group["ratios"]
            }
            rows.append({"label": group["group"], "bars": dict(group["ratios"]), "dots": dots})
    for row in rows:
        row["bars"] = {name: ratio for name, ratio in row["bars"].items() if is_rival(name)}
    return [row for row in rows if row["bars"]]


def draw_roofline(report: dict, path: Path) -> None:
    """Write the roofline as PNG, SVG or PDF: what every line reaches, under what limits it.

    Across: operations per byte that must move.  Up: thousand millions of operations a second.  The
    slanted roofs are the bandwidth at which NumPy copied in this run, arrays in the caches and past
    them; the flat one is the fastest matrix product of any engine in it.  Needs matplotlib.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.add_subplot()
    points = {name: roofline_points(report, name) for name in report["peers"]}
    for number, (name, found) in enumerate(points.items()):
        if found:
            across, up = zip(*found, strict=True)
            marker = "o" if number == 0 else "x"  # minigrad first
            axes.plot(across, up, marker, color=f"C{number}", markersize=4, alpha=0.7, label=name)
    peak = highest_rate(report)
    for where, bandwidth in bandwidths(report).items():
        ridge = peak / bandwidth if peak else 1e3
        axes.plot([0.1, ridge], [0.1 * bandwidth, ridge * bandwidth], color="gray", linewidth=1)
        axes.annotate(
            f"copy {where}: {bandwidth:.0f} GB/s", (0.1, 0.1 * bandwidth), fontsize=8, va="bottom"
        )
    if peak:
        axes.axhline(peak, color="gray", linewidth=1)
        axes.annotate(f"matmul: {peak:.0f} GF/s", (0.1, peak), fontsize=8, va="bottom")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.1)  # below are arrays of a few numbers, bound by neither roof
    axes.set_xlabel("operations per byte that must move")
    axes.set_ylabel("operations per second / 10^9")
    machine, settings = report["machine"], report["settings"]
    axes.set_title(f"{machine['processor']}, threads: {settings['threads']}", fontsize=10)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=150)


def roofline_points(report: dict, name: str) -> list[tuple[float, float]]:
    """(operations per byte, 10^9 operations per second) of a peer on every line that has both."""
    points = []
    for line in report["lines"]:
        copies = name == YARDSTICK and "copy_bandwidth" in line  # that is a roof, not a point
        if name in line["seconds"] and line.get("intensity") and not copies:
            operations = line["flops"] or line["bytes"] * line["intensity"]
            points.append((line["intensity"], operations / line["seconds"][name]["median"] / 1e9))
    return points


def highest_rate(report: dict) -> float | None:
    """The fastest matrix product: 10^9 operations per second."""
    rates = [
        line["flops"] / found["median"] / 1e9
        for line in report["lines"]
        for found in line["seconds"].values()
        if line["group"].startswith("matmul") and line["flops"]
    ]
    return max(rates, default=None)


def bandwidths(report: dict) -> dict[str, float]:
    """The fastest copy of arrays in the caches, and of arrays past them, in GB/s."""
    found: dict[str, float] = {}
    for line in report["lines"]:
        if "copy_bandwidth" in line:
            where = "past the caches" if line["past_caches"] else "in the caches"
            found[where] = max(found.get(where, 0.0), line["copy_bandwidth"] / 1e9)
    return found
