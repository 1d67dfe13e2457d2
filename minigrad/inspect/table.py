"""``tape(result)``: the recorded operations as a table, for the terminal and for notebooks."""

import html
import shutil
from typing import Any

from minigrad.inspect.steps import Leaf, Step, names_of, read
from minigrad.tensor import Tensor

MOST_ROWS = 60  # of a table that is printed; what is more is cut out of the middle
COLUMNS = ("#", "op", "inputs", "output", "dtype", "saved", "|grad|", "rule", "line")
CUT = {"rule": 14, "line": 16, "inputs": 12}  # columns that give way, and to what width
LEGEND = 'a, b, c: the inputs in order;  ".": wants no gradient'
RIGHT = ("#", "saved", "|grad|")  # the columns that are flush right


class Tape:
    """The operations that made a tensor, oldest first; ``print`` and notebooks show a table.

    ``steps`` has one entry per operation, ``leaves`` the tensors that get gradients.
    """

    def __init__(self, steps: list[Step], leaves: list[Leaf]) -> None:
        self.steps, self.leaves = steps, leaves

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def bytes_saved(self) -> int:
        """How much memory the tape keeps alive for the backward pass."""
        return sum(step.bytes_saved for step in self.steps)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table's rows, as texts in the order of ``COLUMNS``."""
        return [_row(step) for step in self.steps]

    def __str__(self) -> str:
        return _text(self, shutil.get_terminal_size((100, 40)).columns)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the table as HTML, which notebooks show."""
        head = "".join(f"<th>{html.escape(name)}</th>" for name in COLUMNS)
        rows, hidden = _middle_cut(self.rows())
        lines = []
        for row in rows:
            cells = "".join(f"<td>{html.escape(text)}</td>" for text in row)
            lines.append(f"<tr>{cells}</tr>")
            if hidden and len(lines) == MOST_ROWS // 2:
                lines.append(f'<tr><td colspan="{len(COLUMNS)}">... {hidden} more ...</td></tr>')
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
            f"<p>{html.escape(_last_line(self))}</p>"
        )


def tape(result: Tensor, model: Any = None) -> Tape:
    """Return the tape of ``result``: the operations that a backward pass from it would walk.

    A table when it is printed: the number of each operation, its name, where its inputs come from
    (the number of an operation, the name of a leaf, or "." for what wants no gradient), shape and
    dtype of its output, the bytes it saved for the backward pass (parameters not counted, shared
    memory once), the norm of the gradient that arrives, the local rule, and the line of your
    program that made it if that ran inside of ``inspect.recording()``.

    Args:
        result: the tensor to look back from, such as a loss.  Of one with several elements the
            gradients shown are those of its sum.
        model: a Module, or a dict of tensors by name, to name the leaves by.  If it is not given
            they are called what the caller's variables are called.

    To know the shapes and the gradients it walks back over the tape once (so the backward of your
    own Functions and the hooks of tensors run); no ``.grad`` changes, and nothing is freed.  Of a
    tape that was freed by ``backward()``, shapes and gradients are not known any more.

    Raises TypeError for what is no tensor, ValueError for a tensor without a tape.

    >>> import minigrad
    >>> from minigrad import inspect
    >>> a = minigrad.tensor(2.0, requires_grad=True)
    >>> b = minigrad.tensor(3.0, requires_grad=True)
    >>> table = inspect.tape(a * b + a)
    >>> for step in table.steps:
    ...     print(step.number, step.op, *step.inputs, "|", step.rule)
    1 Mul a b | dL/da += dL/dy * b;  dL/db += dL/dy * a
    2 Add 1 a | dL/da += dL/dy;  dL/db += dL/dy
    """
    return Tape(*read(result, names_of(model, depth=1)))


# ---------------------------------------------------------------- as text


def _row(step):
    output, grad = step.output, next((g for g in step.grads if g is not None), None)
    line = step.note.line if step.note else None
    return (
        str(step.number),
        step.op,
        " ".join(map(str, step.inputs)),
        "x".join(map(str, output.shape)) or "scalar" if output else "?",
        output.dtype if output else "?",
        "freed" if step.freed else readable(step.bytes_saved) if step.bytes_saved else "-",
        "" if grad is None else _flagged(grad),
        step.rule,
        f"{line}  {line.text}" if line else "",
    )


def _flagged(grad):
    if grad.nan or grad.inf:
        return "NaN" if grad.nan else "Inf"
    return f"{grad.norm:.3g}"


def readable(size: float) -> str:
    """Return a number of bytes in the unit that suits it.

    >>> from minigrad.inspect.table import readable
    >>> readable(2048)
    '2.0 kB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


def _middle_cut(rows):
    """Return the rows to show, and how many are left out of their middle."""
    if len(rows) <= MOST_ROWS:
        return rows, 0
    return rows[: MOST_ROWS // 2] + rows[-MOST_ROWS // 2 :], len(rows) - MOST_ROWS


def _text(table, width):
    rows, hidden = _middle_cut(table.rows())
    shown = [i for i in range(len(COLUMNS)) if any(row[i] for row in rows)]
    widths = {i: max(len(COLUMNS[i]), *(len(row[i]) for row in rows)) for i in shown}
    _narrow(widths, width)
    lines = [_line(COLUMNS, widths), _line(["-" * n for n in _spread(widths)], widths)]
    lines += [_line(row, widths) for row in rows]
    if hidden:
        lines.insert(2 + MOST_ROWS // 2, f"... {hidden} more ...")
    return "\n".join([*lines, _last_line(table), LEGEND])


def _spread(widths):
    """Return the widths of all columns, 0 for those that are not shown."""
    return [widths.get(i, 0) for i in range(len(COLUMNS))]


def _narrow(widths, limit):
    """Make the widest of the columns that may be cut narrower until a line fits; what cannot be
    done so is done by leaving columns out."""
    cut = {COLUMNS.index(name): least for name, least in CUT.items()}

    def excess():
        return sum(widths.values()) + 2 * (len(widths) - 1) - limit

    while excess() > 0:
        wide = [i for i, least in cut.items() if widths.get(i, 0) > least]
        if not wide:
            break
        widths[max(wide, key=widths.get)] -= 1
    for i in cut:
        if excess() > 0:
            widths.pop(i, None)


def _line(texts, widths):
    cells = []
    for i, width in widths.items():
        text = texts[i] if len(texts[i]) <= width else texts[i][: width - 1] + "…"
        cells.append(text.rjust(width) if COLUMNS[i] in RIGHT else text.ljust(width))
    return "  ".join(cells).rstrip()


def _last_line(table):
    count = len(table.steps)
    leaves = len(table.leaves)
    return (
        f"{count} operation{'s' * (count != 1)}, {leaves} {'leaf' if leaves == 1 else 'leaves'}, "
        f"{readable(table.bytes_saved)} saved for the backward pass"
    )
