"""The tape of a result as a list of steps, oldest first: what ``tape``, ``dot`` and ``show`` read.

The steps are the nodes that the result reaches, in the order in which they were recorded.  What
the nodes themselves do not know (the shape of their output, the gradients) is learnt by walking
back over the tape once, as ``backward`` does, with everything kept and no ``.grad`` changed.
"""

import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minigrad
from minigrad.edges import AccumulateGrad, following
from minigrad.inspect.batch_norm import BatchNormParts, take_apart
from minigrad.inspect.elements import Elements
from minigrad.inspect.nodes import extra_of, saved_by
from minigrad.inspect.picture import Picture
from minigrad.inspect.recording import Note, notes, picture_of
from minigrad.inspect.rules import in_words, is_elementwise, op_of
from minigrad.nn import Module
from minigrad.tape import Node, _set_observer
from minigrad.tensor import Tensor


@dataclass
class Leaf:
    """A tensor at the end of the tape, whose ``.grad`` ``backward`` adds to."""

    name: str
    tensor: Any
    grad: Picture | None = None  # what arrives here on this tape
    gradient: np.ndarray | None = None  # the same, if it was to be kept


@dataclass
class Input:
    """Where an input of a step came from: a step's output, a leaf, or (both None) neither."""

    step: "Step | None" = None
    output: int = 0
    leaf: Leaf | None = None

    @property
    def wants_grad(self) -> bool:
        """Whether a gradient goes there."""
        return self.step is not None or self.leaf is not None

    def __str__(self) -> str:
        if self.leaf is not None:
            return self.leaf.name
        if self.step is None:
            return "."
        several = f".{self.output}" if self.step.node.n_outputs > 1 else ""
        return f"{self.step.number}{several}"


@dataclass
class Step:
    """One recorded operation."""

    number: int
    node: Node
    inputs: list[Input]
    bytes_saved: int  # of memory that nothing but the tape keeps alive
    freed: bool  # whether what it saved is gone, after a backward pass
    note: Note | None  # if it was recorded inside of ``recording()``
    grads: list[Picture | None] = field(default_factory=list)  # arriving, for each output
    passed: list[Picture | None] = field(default_factory=list)  # leaving, for each input
    sums: list[Picture | None] = field(default_factory=list)  # for each input that is a leaf:
    # what has arrived there up to this step
    seconds: float = 0.0  # of its part of the walk back
    values: list[Picture | None] = field(default_factory=list)  # of its outputs, where known
    elements: Elements | None = None  # of an elementwise one, if ``cells`` were asked for
    parts: BatchNormParts | None = None  # of a batch norm, if ``cells`` were asked for
    gradient: np.ndarray | None = None  # what arrives at its first output, if it was to be kept

    @property
    def name(self) -> str:
        """torch's name of the node, such as "MulBackward0"."""
        return self.node.name()

    @property
    def op(self) -> str:
        """The name without what all of them end in."""
        return op_of(self.name)

    @property
    def rule(self) -> str:
        """What the step's vjp does, in words; "" if there is nothing to say."""
        return in_words(self.variant, [x.wants_grad for x in self.inputs])

    @property
    def variant(self) -> str:
        """The name, and which of the operations of that name it is, where there are two."""
        extra = extra_of(self.node)
        return f"{self.name} ({extra})" if isinstance(extra, str) else self.name

    @property
    def output(self) -> Picture | None:
        """A picture in the shape and dtype of the (first) output: its value, or its gradient."""
        return next((p for p in (*self.values, *self.grads) if p is not None), None)


_Arrays = dict[tuple[Node, int], np.ndarray]  # the outputs of nodes, by their numbers


class _Walk:
    """An observer of one walk back, which notes in the steps what it sees."""

    def __init__(self, steps: dict[Node, Step], known: _Arrays, cells: int, keep: bool) -> None:
        self.steps, self.known, self.cells, self.keep = steps, known, cells, keep
        self.totals: dict[int, np.ndarray] = {}  # what has arrived at each leaf, by its id
        self.time = time.perf_counter()

    def recorded(self, node: Node, inputs: Any, outputs: Any) -> None:
        """Take no notice: the walk itself is not recorded."""

    def walked(self, node: Node, grad: Any, results: Any) -> None:
        """Note what arrived at a node, and what left it."""
        if node not in self.steps:  # of a backward pass within a hook
            return
        step = self.steps[node]
        step.seconds = time.perf_counter() - self.time
        arrived = list(grad) if isinstance(grad, (list, tuple)) else [grad]
        step.grads = [picture_of(g, self.cells) for g in arrived]
        step.passed = [picture_of(g, self.cells) for g in results]
        if self.cells:
            step.parts = take_apart(node, _bias(step), arrived[0], results, self.cells)
            step.sums = [self._sum(*pair) for pair in zip(step.inputs, results, strict=False)]
            self._choose_elements(step, arrived[0], results)
        if self.keep and arrived[0] is not None:
            step.gradient = arrived[0].detach().numpy().copy()
        self.time = time.perf_counter()

    def _choose_elements(self, step: Step, grad: Any, results: Any) -> None:
        """Note a few elements of all that is known of an elementwise step."""
        if not is_elementwise(step.name):
            return
        if step.elements is None:
            step.elements = Elements.among(grad.shape)
            if step.elements is None:
                return
            step.elements.inputs = [step.elements.of(self._value(x)) for x in step.inputs]
            step.elements.output = step.elements.of(self.known.get((step.node, 0)))
        step.elements.grad = step.elements.of(grad)
        step.elements.passed = [step.elements.of(x) for x in results]

    def _value(self, source: Input) -> Any:
        """Return the value of an input where it is known."""
        if source.leaf is not None:
            return source.leaf.tensor
        return self.known.get((source.step.node, source.output)) if source.step else None

    def _sum(self, target: Input, grad: Any) -> Picture | None:
        """Add what leaves for a leaf to what has arrived there; return a picture of it all."""
        if target.leaf is None or grad is None:
            return None
        key, before = id(target.leaf), self.totals.get(id(target.leaf))
        grad = grad.detach().numpy()
        self.totals[key] = grad if before is None else before + grad
        return Picture.of(self.totals[key], self.cells)

    def failed(self, node: Node, error: BaseException) -> None:
        """Say where the walk came to an end."""
        error.add_note(f"This was in the backward of {node.name()}.")


def read(
    result: Tensor, names: dict[int, str], cells: int = 0, keep: bool = False
) -> tuple[list[Step], list[Leaf]]:
    """Return the steps that made ``result``, and the leaves, by walking back over its tape.

    ``names`` are those of leaves, by the ``id`` of the tensor; ``cells`` says how much of each
    tensor to keep (see ``Picture``), ``keep`` whether to keep the gradients whole.  Raises
    TypeError for what is no tensor and ValueError for one that no recorded operation made.
    """
    nodes = _nodes(result)
    steps: dict[Node, Step] = {}
    leaves: dict[int, Leaf] = {}
    counted: set[int] = set()
    for node in nodes:
        inputs = [_input(end, output, steps, leaves, names) for end, output in following(node)]
        size, freed = _bytes_saved(node, counted), saved_by(node) is None
        step = Step(len(steps) + 1, node, inputs, size, freed, notes.get(node))
        if step.note is not None:
            step.values, step.elements = step.note.outputs, step.note.elements
        steps[node] = step
    known = _fill_in_values(steps, result, cells)
    if not any(step.freed for step in steps.values()):
        _walk(result, list(leaves.values()), _Walk(steps, known, cells, keep))
    return list(steps.values()), list(leaves.values())


def count(result: Tensor) -> int:
    """Return the number of steps that made ``result``; raises as ``read`` does."""
    return len(_nodes(result))


def _nodes(result):
    """Return all nodes that ``result`` reaches, the oldest first."""
    if not isinstance(result, Tensor):
        raise TypeError(f"expected a Tensor, such as a loss, but got {type(result).__name__}")
    if result.grad_fn is None:
        raise ValueError(
            "this tensor has no tape: no operation on a tensor that requires_grad made it, or it "
            "was detached, or made under no_grad()"
        )
    found, todo = {result.grad_fn}, [result.grad_fn]
    while todo:
        for end, _ in following(todo.pop()):
            if end is not None and not isinstance(end, AccumulateGrad) and end not in found:
                found.add(end)
                todo.append(end)
    return sorted(found, key=lambda node: node.sequence)


def _input(end, output, steps, leaves, names):
    """Return the Input that one of ``following(node)`` is."""
    if end is None:
        return Input()
    if not isinstance(end, AccumulateGrad):
        return Input(steps[end], output)
    tensor = end.variable
    if id(tensor) not in leaves:
        leaves[id(tensor)] = Leaf(names.get(id(tensor), f"leaf{len(leaves) + 1}"), tensor)
    return Input(leaf=leaves[id(tensor)])


def memory_saved(nodes: list[Node]) -> int:
    """Return how many bytes the nodes keep alive for their vjps: what is saved more than once
    counts once, and leaves do not count."""
    counted: set[int] = set()
    return sum(_bytes_saved(node, counted) for node in nodes)


def _bytes_saved(node, counted):
    """Return the bytes of memory that ``node`` saved; note in ``counted`` what was counted."""
    size = 0
    for tensor, array, _, _ in saved_by(node) or ():
        while isinstance(array.base, np.ndarray):
            array = array.base
        is_leaf = tensor is not None and tensor.is_leaf and tensor.requires_grad
        if id(array) not in counted and not is_leaf:
            counted.add(id(array))
            size += array.nbytes
    return size


def _fill_in_values(steps, result, cells):
    """Give the steps those values of their outputs that are still about: those somebody saved.

    Return the arrays of the values.
    """
    known = {}
    for step in steps.values():
        for tensor, array, output, intact in saved_by(step.node) or ():
            maker = steps.get(step.node if tensor is None else tensor.grad_fn)
            if maker is None or not intact or (maker.note is not None):
                continue
            values = maker.values
            values += [None] * (output + 1 - len(values))
            if values[output] is None:
                values[output] = Picture.of(array, cells)
            known[maker.node, output] = array
    last = steps[result.grad_fn]
    if last.note is None:
        last.values += [None] * (result.output_nr + 1 - len(last.values))
        last.values[result.output_nr] = picture_of(result, cells)
    return known


def _bias(step):
    """Return the third input of a step as an array, if it is a leaf."""
    leaf = step.inputs[2].leaf if len(step.inputs) > 2 else None
    return None if leaf is None else leaf.tensor.detach().numpy()


def _walk(result, leaves, observer):
    """Walk back over the tape once, watched by ``observer``; note the gradients of the leaves."""
    before = _set_observer(observer)
    try:
        grads = minigrad.autograd.grad(
            result,
            [leaf.tensor for leaf in leaves],
            minigrad.ones_like(result),
            retain_graph=True,
            allow_unused=True,
        )
    finally:
        _set_observer(before)
    for leaf, grad in zip(leaves, grads, strict=True):
        leaf.grad = picture_of(grad, observer.cells)
        if observer.keep and grad is not None:
            leaf.gradient = grad.detach().numpy()


# ---------------------------------------------------------------- what leaves are called


def names_of(model: Any, depth: int) -> dict[int, str]:
    """Return the names of tensors by their ``id``.

    Those of a module's parameters, or of a dict of tensors; with None, those of the variables of
    the caller ``depth`` frames up, and of the parameters of the modules among them.
    """
    if isinstance(model, Module):
        return {id(p): name for name, p in (*model.named_parameters(), *model.named_buffers())}
    if isinstance(model, dict):
        return {id(tensor): str(name) for name, tensor in model.items()}
    if model is not None:
        raise TypeError(f"model must be a Module or a dict of tensors, not {type(model).__name__}")
    frame = sys._getframe(depth + 1)
    names: dict[int, str] = {}
    for name, value in (*frame.f_locals.items(), *frame.f_globals.items()):
        if isinstance(value, Tensor):
            names.setdefault(id(value), name)
        elif isinstance(value, Module):
            for inner, parameter in value.named_parameters():
                names.setdefault(id(parameter), f"{name}.{inner}")
    return names
