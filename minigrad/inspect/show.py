"""``show(result)``: the tape as a web page, to be stepped through forward and back."""

import html
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from minigrad.inspect.check import Checker, check_all
from minigrad.inspect.page import Tape, cells_for, page_of
from minigrad.inspect.recording import recording
from minigrad.inspect.steps import count, names_of, read
from minigrad.serialization import _replace_file
from minigrad.tensor import Tensor


class Page(str):
    """The path of a page; a notebook shows it as a link."""

    def _repr_html_(self) -> str:
        path = html.escape(str(self))
        return f'<a href="{path}" target="_blank">{path}</a>'


class _ForPage(recording):
    """Notes no more of each tensor than a page of so many steps can show."""

    noted = 0

    def _cells_now(self) -> int:
        self.noted += 1
        return cells_for(self.noted // 2)  # called for the inputs and the outputs of each


def show(
    result: Tensor | Callable[[], Tensor],
    path: str | os.PathLike[str] = "tape.html",
    *,
    model: Any = None,
    check: bool | Collection[int] = False,
    title: str | None = None,
) -> Page:
    """Write the tape of ``result`` to a web page, to be stepped through forward and back.

    The page is one file that needs no network: open it in any browser.  It shows what goes into
    every operation and what comes out, the rule with its numbers, the gradients that arrive and
    leave, what is accumulated and freed, and where numbers first go wrong.

    Args:
        result: a tensor, such as a loss; or a function without arguments that returns it, such as
            ``lambda: criterion(model(x), y)``, which is run once.  Of a function all is shown; of
            a tensor only those values that some gradient needs, unless it was made inside of
            ``inspect.recording()``.
        path: where to write the page.  A file that is there is replaced when the page is complete.
        model: a Module or a dict of tensors, to name the leaves by (see ``tape``).
        check: whether to compare every gradient with finite differences, or the numbers of the
            steps to check.  Needs the function, which is then run twice more for each gradient,
            with the same random numbers.  In float64 it finds smaller errors.
        title: the heading of the page; the name of the file if it is not given.

    Pictures are smaller the longer the tape is: a page of 5,000 steps has about 5 MB, and past 8 MB
    there are only statistics.  As with ``tape``, no ``.grad`` changes and nothing is freed.

    Returns the path.  Raises TypeError for what is no tensor and no function, and for ``check``
    without a function; ValueError for a tensor without a tape, and for a step that is not there.

    >>> import os, tempfile
    >>> import minigrad
    >>> from minigrad import inspect
    >>> a = minigrad.tensor(2.0, requires_grad=True)
    >>> b = minigrad.tensor(3.0, requires_grad=True)
    >>> path = os.path.join(tempfile.mkdtemp(), "tape.html")
    >>> inspect.show(lambda: a * b + a, path, check=True) == path
    True
    """
    names, findings = names_of(model, depth=1), None
    if isinstance(result, Tensor):
        if check is not False:
            raise TypeError(
                "check needs a function that computes the result again, such as "
                "lambda: criterion(model(x), y), but got a Tensor"
            )
        loss = result
        steps, leaves = read(loss, names, cells_for(count(loss)))
    elif not callable(result):
        raise TypeError(
            "expected a Tensor, or a function that returns one, but got " + type(result).__name__
        )
    elif check is False:
        with _ForPage():
            loss = result()
        steps, leaves = read(loss, names, cells_for(count(loss)))
    else:
        checker = Checker(result, _ForPage())
        loss = checker.result
        steps, leaves = read(loss, names, cells_for(count(loss)), keep=True)
        only = None if check is True else set(check)
        for number in only or ():
            if not 1 <= number <= len(steps):
                raise ValueError(f"there is no step {number} to check: there are {len(steps)}")
        findings = check_all(checker, steps, leaves, only)
    text = page_of(Tape(Path(path).stem if title is None else title, steps, leaves, findings))
    _replace_file(path, lambda file: file.write(text.encode()))
    return Page(os.fspath(path))
