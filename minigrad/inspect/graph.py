"""``dot(result)``: the tape as a picture, in the language of Graphviz."""

from typing import Any

from minigrad.inspect.steps import Step, names_of, read
from minigrad.tensor import Tensor

# Colours that can be told apart without colour vision, and in print.
LEAF, OPERATION, END = "#cfe8cf", "#eef2f7", "#f7d9c4"


class Dot(str):
    """Graphviz source.  Notebooks draw it if the package ``graphviz`` is installed."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        try:
            import graphviz
        except ImportError:
            return {"text/plain": str(self)}
        return {"image/svg+xml": graphviz.Source(str(self)).pipe(format="svg").decode()}


def dot(result: Tensor, model: Any = None) -> Dot:
    """Return the tape of ``result`` as Graphviz source: leaves above, the result below.

    Arrows go the way of the forward pass; gradients go the other way.  Modules are boxes around
    their operations if the tape was recorded inside of ``inspect.recording()``.  Arguments and
    errors are those of ``tape``.  To make a picture of it: ``dot -Tsvg tape.dot > tape.svg``.

    >>> import minigrad
    >>> from minigrad import inspect
    >>> a = minigrad.tensor(2.0, requires_grad=True)
    >>> print(inspect.dot(a * a))
    digraph tape {
      node [fontname="sans-serif", fontsize=11, shape=box, style="rounded,filled"]
      leaf1 [label="a\\nscalar", fillcolor="#cfe8cf", shape=ellipse, style=filled]
      step1 [label="1 Mul\\nscalar", fillcolor="#f7d9c4"]
      leaf1 -> step1
      leaf1 -> step1
    }
    """
    steps, leaves = read(result, names_of(model, depth=1))
    lines = [
        "digraph tape {",
        '  node [fontname="sans-serif", fontsize=11, shape=box, style="rounded,filled"]',
    ]
    numbers = {}
    for number, leaf in enumerate(leaves, 1):
        numbers[id(leaf)] = f"leaf{number}"
        label = _quoted(leaf.name, tuple(leaf.tensor.shape))
        lines.append(
            f'  leaf{number} [label={label}, fillcolor="{LEAF}", shape=ellipse, style=filled]'
        )
    lines += _boxes(steps, result)
    for step in steps:
        for x in step.inputs:
            if x.step is not None:
                lines.append(f"  step{x.step.number} -> step{step.number}")
            elif x.leaf is not None:
                lines.append(f"  {numbers[id(x.leaf)]} -> step{step.number}")
    return Dot("\n".join([*lines, "}"]))


def _boxes(steps: list[Step], result: Tensor) -> list[str]:
    """Return the lines of the steps, those of one module together in a box."""
    lines: list[str] = []
    open_boxes: tuple[str, ...] = ()
    for step in steps:
        module = step.note.module if step.note else ()
        while open_boxes != module[: len(open_boxes)]:
            open_boxes = open_boxes[:-1]
            lines.append("  }")
        while len(open_boxes) < len(module):
            open_boxes = module[: len(open_boxes) + 1]
            lines.append(f"  subgraph cluster_{step.number}_{len(open_boxes)} {{")
            lines.append(f"    label={_quoted(open_boxes[-1])}; color=gray; fontname=sans")
        colour = END if step.node is result.grad_fn else OPERATION
        shape = step.output.shape if step.output else None
        label = _quoted(f"{step.number} {step.op}", shape)
        lines.append(f'  step{step.number} [label={label}, fillcolor="{colour}"]')
    return [*lines, *("  }" for _ in open_boxes)]


def _quoted(text: str, shape: tuple[int, ...] | None = None) -> str:
    """Return a text, and a shape below it, as a string of Graphviz."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    if shape is not None:
        text += "\\n" + ("x".join(map(str, shape)) or "scalar")
    return f'"{text}"'
