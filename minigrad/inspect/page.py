"""The web page of a tape: its data as JSON, joined with the page's sources into one file.

The sources are in ``viewer/``: plain HTML, CSS and JavaScript, put into the page as they are.
"""

import html
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.inspect.batch_norm import BatchNormParts, Part
from minigrad.inspect.check import Findings, Verdict
from minigrad.inspect.elements import Elements
from minigrad.inspect.picture import Picture
from minigrad.inspect.recording import Note, picture_of
from minigrad.inspect.rules import ELEMENTWISE, is_elementwise, rule_of
from minigrad.inspect.steps import Leaf, Step

LARGEST = 8_000_000  # bytes of a page
ALL_CELLS = 120_000  # of one tensor of every step together
MOST_CELLS, FEWEST_CELLS = 784, 16  # of one picture: at most a digit of 28 x 28
MOST_SUMS = 64  # channels of a batch norm
VANISHING = 1e-7  # root mean squares of a gradient: below, float32 weights about 1 stay as they are
EXPLODING = 1e3

_VIEWER = Path(__file__).parent / "viewer"
_SCRIPTS = (  # in the order in which the page runs them
    "numbers.js model.js marks.js fill_in.js worked_out.js heat_map.js pictures.js folding.js "
    "arcs.js tape.js curves.js batch_norm.js detail.js leaves.js controls.js start.js"
).split()


@dataclass
class Tape:
    """All that a page shows."""

    title: str
    steps: list[Step]
    leaves: list[Leaf]
    findings: Findings | None = None  # of finite differences, if they were asked for


def cells_for(steps: int) -> int:
    """Return how many cells the pictures may have on a page of so many steps.

    >>> from minigrad.inspect.page import cells_for
    >>> cells_for(10), cells_for(5000)
    (784, 24)
    """
    return max(FEWEST_CELLS, min(MOST_CELLS, ALL_CELLS // max(steps, 1)))


def page_of(tape: Tape) -> str:
    """Return the page as one self-contained HTML text."""
    cells = cells_for(len(tape.steps))
    text = _json(_Data(tape, cells).all())
    while len(text) > LARGEST and cells:
        cells = cells // 2 if cells > 4 else 0  # in the end there are only statistics
        text = _json(_Data(tape, cells).all())
    parts = {
        "title": html.escape(tape.title),
        "style": (_VIEWER / "style.css").read_text(encoding="utf-8"),
        "data": text,
        "formulas": _formulas(),
        "scripts": "\n".join(
            f"<script>\n{(_VIEWER / name).read_text(encoding='utf-8')}</script>"
            for name in _SCRIPTS
        ),
    }
    template = (_VIEWER / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _json(data):
    """Return JSON that can stand inside of a script element: no text in it can end that."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _formulas():
    """Return the formulas of the elementwise rules as an object of functions in JavaScript."""
    lines = [
        f"  {op}: [{', '.join(f'(a, b, y, g) => {formula}' for formula in formulas)}],"
        for op, formulas in ELEMENTWISE.items()
    ]
    names = sorted(set(re.findall(r"[a-zA-Z]\w+", " ".join(sum(ELEMENTWISE.values(), ())))))
    return "\n".join(
        [
            "const FORMULAS = (() => {",
            f"  const {{ {', '.join(names)} }} = Math;",
            "  return {",
            *("  " + line for line in lines),
            "  };",
            "})();",
        ]
    )


class _Data:
    """Makes the JSON of a tape; equal pictures are in it once, and known by their number."""

    def __init__(self, tape: Tape, cells: int) -> None:
        self.tape, self.cells = tape, cells
        self.pictures: list[dict[str, Any]] = []
        self.numbers: dict[str, int] = {}  # of pictures, by their JSON
        self.seen: dict[int, tuple[int, Picture]] = {}  # and by their id
        self.operations: dict[str, dict[str, Any]] = {}  # by the names of their nodes
        self.places: dict[str, int] = {}  # lines of the program, in modules, by their JSON
        self.leaves = {id(leaf): i for i, leaf in enumerate(tape.leaves)}

    def all(self) -> dict[str, Any]:
        """Return the whole tape."""
        tape = self.tape
        return {
            "title": tape.title,
            "recorded": all(step.note is not None for step in tape.steps),
            "freed": any(step.freed for step in tape.steps),
            "checked": tape.findings is not None,
            "suspects": tape.findings.suspects if tape.findings else [],
            "vanishing": VANISHING,
            "exploding": EXPLODING,
            "steps": [self._step(step) for step in tape.steps],
            "leaves": [self._leaf(i, leaf) for i, leaf in enumerate(tape.leaves)],
            "operations": self.operations,
            "places": [json.loads(place) for place in self.places],
            "pictures": self.pictures,
        }

    def _step(self, step: Step) -> dict[str, Any]:
        note, findings = step.note, self.tape.findings
        values = step.values or [None]
        self.operations[step.name] = {
            "op": step.op,
            "rule": rule_of(step.variant),
            "elementwise": is_elementwise(step.name),
        }
        found: dict[str, Any] = {
            "name": step.name,
            "inputs": [self._source(x) for x in step.inputs],
            "saved": step.bytes_saved,
            "freed": step.freed,
            "back": _short(step.seconds),
            "values": [self._number(p) for p in values],
            "grads": [self._number(p) for p in step.grads],
            "passed": [self._number(p) for p in step.passed],
            "sums": [self._number(p) for p in step.sums],
        }
        if note is not None:
            found["ins"] = [self._number(p) for p in note.inputs]
            found["seconds"] = _short(note.seconds)
            found["place"] = self._place(note)
        if step.elements is not None:
            found["elements"] = _elements(step.elements)
        if step.parts is not None:
            found["parts"] = self._parts(step.parts)
        if findings is not None and step.number in findings.steps:
            found["verdict"] = _verdict(findings.steps[step.number])
        return found

    def _place(self, note: Note) -> int:
        """Return the number of the place that a step was made at."""
        place: dict[str, Any] = {"module": note.module, "kinds": note.kinds}
        if note.line is not None:
            place["line"], place["text"] = str(note.line), note.line.text
        return self.places.setdefault(json.dumps(place), len(self.places))

    def _leaf(self, place: int, leaf: Leaf) -> dict[str, Any]:
        findings = self.tape.findings
        found: dict[str, Any] = {
            "name": leaf.name,
            "value": self._number(picture_of(leaf.tensor, self.cells)),
            "grad": self._number(leaf.grad),
        }
        if findings is not None and place in findings.leaves:
            found["verdict"] = _verdict(findings.leaves[place])
        return found

    def _source(self, source):
        """Return where an input came from: {"step", "output"}, {"leaf"} or nothing."""
        if source.step is not None:
            return {"step": source.step.number - 1, "output": source.output}
        return {} if source.leaf is None else {"leaf": self.leaves[id(source.leaf)]}

    def _parts(self, parts: BatchNormParts) -> dict[str, Any]:
        return {
            "forward": [self._part(part) for part in parts.forward],
            "backward": [self._part(part) for part in parts.backward],
            "given": self._number(parts.given),
            "gap": _short(parts.gap),
        }

    def _part(self, part: Part) -> dict[str, Any]:
        return {
            "name": part.name,
            "formula": part.formula,
            "picture": self._number(part.picture),
            "sums": [_short(x) for x in part.sums[:MOST_SUMS]],
            "channels": len(part.sums),
        }

    def _number(self, picture: Picture | None) -> int | None:
        """Return the number of a picture on the page, None for None."""
        if picture is None:
            return None
        if id(picture) not in self.seen:
            found = _picture(picture.coarser(self.cells))
            key = json.dumps(found)
            if key not in self.numbers:
                self.numbers[key] = len(self.pictures)
                self.pictures.append(found)
            self.seen[id(picture)] = self.numbers[key], picture
        return self.seen[id(picture)][0]


def _picture(picture):
    found = {"shape": picture.shape, "dtype": picture.dtype}
    for name in ("nan", "inf", "zeros"):
        if getattr(picture, name):
            found[name] = _short(getattr(picture, name))
    for name in ("low", "high", "mean", "std", "norm"):
        found[name] = _short(getattr(picture, name))
    if picture.cells:
        found["cells"] = [[_short(x) for x in row] for row in picture.cells]
        found["block"] = picture.block
        found["counts"] = picture.counts
    if picture.at:
        found["at"] = picture.at
    return found


def _elements(elements: Elements) -> dict[str, Any]:
    def short(values):
        return values and [_short(x) for x in values]

    return {
        "places": elements.places,
        "inputs": [short(values) for values in elements.inputs],
        "output": short(elements.output),
        "grad": short(elements.grad),
        "passed": [short(values) for values in elements.passed],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "analytic": _short(verdict.analytic),
        "numeric": _short(verdict.numeric),
        "noise": _short(verdict.noise),
        "agrees": verdict.agrees,
        "decides": verdict.decides,
    }


def _short(x: float) -> float | str | None:
    """Return a number with six digits; None for NaN, and a text for an infinite one."""
    if isinstance(x, int):
        return x
    if not math.isfinite(x):
        return None if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
    short = float(f"{x:.6g}")
    return int(short) if short.is_integer() and abs(short) < 1e6 else short
