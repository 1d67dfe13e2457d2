"""Notebooks: their code as Python, without the lines that only a notebook's front end knows."""

import ast
import json
import re
from pathlib import Path
from typing import NamedTuple

# Magics whose cell is Python after the first line; of other cell magics the whole cell is skipped.
_TIMERS = ("%%time", "%%timeit", "%%capture", "%%prun")
_MAGIC = re.compile(r"\s*(([\w.]+\s*=\s*)?(%{1,2}[a-z]|!(?!=))|\?|[\w.]+\?{1,2}\s*$)")


class Unit(NamedTuple):
    """Source that is compiled at once: a script, or a cell of a notebook."""

    name: str  # as tracebacks show it
    source: str | bytes
    skipped: tuple[tuple[int, str], ...] = ()  # lines left out: number and text


def units(path):
    """Return the units of a script or a notebook.

    Raises OSError if the file cannot be read and ValueError if it is no notebook.
    """
    if Path(path).suffix != ".ipynb":
        return [Unit(str(path), Path(path).read_bytes())]
    try:
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path} is not a notebook of format 4: {error!r}") from None
    return [plain(f"{path}, cell {n}", source) for n, source in enumerate(code, 1)]


def plain(name, source):
    """Return a cell with lines that are not Python replaced by ``pass``, so that lines keep
    their numbers.  A cell that is Python as it stands stays as it is."""
    lines, skipped = source.split("\n"), []
    first = next((line for line in lines if line.strip()), "").strip()
    if first.startswith("%%") and not first.startswith(_TIMERS):
        return Unit(name, "", ((1, first),))
    if not is_python(source):
        for i, line in enumerate(lines):
            if _MAGIC.match(line):
                skipped.append((i + 1, line.strip()))
                lines[i] = line[: len(line) - len(line.lstrip())] + "pass"
    return Unit(name, "\n".join(lines), tuple(skipped))


def is_python(source):
    """Whether ``source`` has no syntax error."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True
