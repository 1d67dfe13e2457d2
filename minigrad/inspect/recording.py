"""Notes taken while operations are recorded: the line, the module, the numbers, the time.

The tape itself keeps no more than the gradients need.  Inside of ``recording()`` everything else
that a reader of the tape wants to know is noted, in a table beside the tape that forgets a node
when the node dies.
"""

import linecache
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self
from weakref import ReferenceType, WeakKeyDictionary, ref

from minigrad.inspect.elements import Elements
from minigrad.inspect.picture import Picture
from minigrad.inspect.rules import is_elementwise
from minigrad.nn import Module
from minigrad.tape import Node, _set_observer
from minigrad.tensor import Tensor

_OURS = __file__.rpartition("inspect")[0]  # frames in here are not the user's


@dataclass
class Line:
    """A line of the user's program."""

    file: str
    number: int
    function: str

    @property
    def text(self) -> str:
        """The line itself, or "" if the file cannot be read any more."""
        return linecache.getline(self.file, self.number).strip()

    def __str__(self) -> str:
        return f"{self.file.replace(chr(92), '/').rpartition('/')[2]}:{self.number}"


@dataclass
class Note:
    """What was noted of one node."""

    line: Line | None
    module: tuple[str, ...]  # names from the outermost module to the one at work
    kinds: tuple[str, ...]  # their classes
    inputs: list[Picture | None]  # None for what is no tensor
    outputs: list[Picture | None]
    seconds: float  # since the operation before was recorded
    elements: Elements | None = None  # of an elementwise operation on large tensors


notes: WeakKeyDictionary[Node, Note] = WeakKeyDictionary()


class recording:
    """A context manager: note everything about the operations that are recorded in it.

    Without it, what ``tape`` and ``show`` say of a graph is what the graph itself still knows: no
    lines, no modules, no times, and only those values that some gradient needs.  It makes a
    program slow, and costs nothing when it is not used.

    Args:
        cells: how many values, or means of blocks of values, to keep of each tensor.

    >>> import minigrad
    >>> from minigrad import inspect
    >>> w = minigrad.ones(3, requires_grad=True)
    >>> with inspect.recording():
    ...     loss = (w * 2).sum()
    >>> inspect.tape(loss).steps[0].note.outputs[0].mean
    2.0
    """

    def __init__(self, cells: int = 256) -> None:
        self._cells = cells
        self._seen: dict[int, tuple[ReferenceType[Tensor], int, Picture]] = {}
        self.modules: dict[int, Module] = {}  # the outermost ones that were at work, by their id

    def __enter__(self) -> Self:
        self._before = _set_observer(self)
        self._time = time.perf_counter()
        return self

    def __exit__(self, *exc_info: object) -> None:
        _set_observer(self._before)

    # -------- what the tape calls

    def recorded(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        """Note all there is to know about a node that was recorded just now."""
        seconds = time.perf_counter() - self._time
        line, modules = _place()
        self.modules.update((id(module), module) for module in modules[:1])
        pictures = self._pictures(inputs), self._pictures(outputs)
        elements = _elements(node, inputs, outputs)
        kinds = tuple(type(module).__name__ for module in modules)
        notes[node] = Note(line, _names(modules), kinds, *pictures, seconds, elements)
        if self._before is not None:
            self._before.recorded(node, inputs, outputs)
        self._time = time.perf_counter()

    def walked(self, node: Node, grad: Any, results: tuple[Any, ...]) -> None:
        """Pass on what the backward pass tells."""
        if self._before is not None:
            self._before.walked(node, grad, results)

    def failed(self, node: Node, error: BaseException) -> None:
        """Pass on what the backward pass tells."""
        if self._before is not None:
            self._before.failed(node, error)

    def _pictures(self, tensors):
        cells = self._cells_now()
        return [self._picture(x, cells) if isinstance(x, Tensor) else None for x in tensors]

    def _cells_now(self) -> int:
        """Return how many values to keep of the next tensor."""
        return self._cells

    def _picture(self, x, cells):
        """Return the picture of a tensor, the one that was made before if it is what it was."""
        tensor, version, picture = self._seen.get(id(x), (None, 0, None))
        if tensor is None or tensor() is not x or version != x._version:
            picture = picture_of(x, cells)
            self._seen[id(x)] = ref(x), x._version, picture
        return picture


def _elements(node, inputs, outputs):
    """Return a few elements of the inputs and the output of an elementwise operation."""
    elements = Elements.among(outputs[0].shape) if is_elementwise(node.name()) else None
    if elements is not None:
        elements.inputs = [elements.of(x) for x in inputs]
        elements.output = elements.of(outputs[0])
    return elements


def picture_of(x: Any, cells: int) -> Picture | None:
    """Return the picture of a tensor, None for what is none."""
    return Picture.of(x.detach().numpy(), cells) if isinstance(x, Tensor) else None


def _place():
    """Return the user's line that is being run, and the modules that are at work."""
    line, modules, frame = None, [], sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if line is None and not code.co_filename.startswith(_OURS):
            line = Line(code.co_filename, frame.f_lineno, code.co_name)
        if code.co_name == "forward":
            module = frame.f_locals.get("self")
            if isinstance(module, Module) and not (modules and modules[-1] is module):
                modules.append(module)
        frame = frame.f_back
    modules.reverse()
    return line, modules


def _names(modules):
    """Return what modules are called, the first by its class, each other by the one before."""
    names = [type(m).__name__ for m in modules[:1]]
    for outer, inner in pairwise(modules):
        found = (name for name, module in outer.named_modules() if module is inner)
        names.append(next(found, type(inner).__name__))
    return tuple(names)
