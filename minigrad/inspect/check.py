"""Finite differences: is the gradient that arrives at each step the right one?

The function that computes the result is run again with the output of one step moved a little, in a
direction of random signs: the result must move by what the gradient says.  This needs no formula
of any operation, so a wrong vjp shows wherever it is: its own output has the right gradient, its
input a wrong one.
"""

from collections.abc import Callable, Collection
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad
from minigrad.inspect.recording import recording
from minigrad.inspect.steps import Leaf, Step
from minigrad.tape import Node, _set_observer
from minigrad.tensor import Tensor

TOLERANCE = 0.02  # of the larger of the two slopes
SMALLER_STEPS = (1.0, 1 / 4, 1 / 16)  # of the best step where there is no kink
NOISE = 20.0  # roundings of everything that two runs may differ by without meaning anything


@dataclass
class Verdict:
    """How fast the result changes along one direction: by the gradient, and as measured."""

    analytic: float
    numeric: float
    noise: float  # how far the measured one may be off, by rounding and kinks

    @property
    def agrees(self) -> bool:
        """Whether both are the same but for rounding and curvature."""
        larger = max(abs(self.analytic), abs(self.numeric))
        return abs(self.analytic - self.numeric) <= TOLERANCE * larger + self.noise

    @property
    def decides(self) -> bool:
        """Whether a gradient that is wrong by a half would have been noticed."""
        return 4 * self.noise <= max(abs(self.analytic), abs(self.numeric))


class _Run:
    """An observer of one run forward: counts the operations, and may move the output of one."""

    def __init__(self, moved: int = -1, by: Any = None) -> None:
        self.nodes: list[Node] = []
        self.outputs: list[np.ndarray | None] = []  # copies; None for what cannot be moved
        self.moved, self.by = moved, by
        self.others: Any = None  # an observer that is told too

    def recorded(self, node: Node, inputs: Any, outputs: Any) -> None:
        """Count an operation; move its output if it is its turn."""
        if self.others is not None:
            self.others.recorded(node, inputs, outputs)
        if self.by is None:
            # a view shares the memory of its base: moving it would move that too
            movable = len(outputs) == 1 and outputs[0]._base is None
            self.outputs.append(outputs[0].detach().numpy().copy() if movable else None)
        elif len(self.nodes) == self.moved:
            outputs[0].detach().numpy()[...] += self.by
        self.nodes.append(node)

    def walked(self, node: Node, grad: Any, results: Any) -> None:
        """Take no notice: only forward counts."""

    def failed(self, node: Node, error: BaseException) -> None:
        """Take no notice."""


class Checker:
    """Runs a function that returns a scalar tensor, once to be inspected and then moved a little.

    ``result`` is what the first run returned.  It is noted in ``notes``, if that is given, and
    buffers of the modules that were seen then (running statistics) are after every later run what
    they were after the first.
    """

    def __init__(self, function: Callable[[], Tensor], notes: recording | None = None) -> None:
        self.function, self.state = function, minigrad.get_rng_state()
        self.first, self.buffers = _Run(), []
        with notes or nullcontext():
            self.result = self._run(self.first)
        for module in notes.modules.values() if notes else ():
            self.buffers += [(buffer, buffer.clone()) for buffer in module.buffers()]
        if self.result.numel() != 1:
            raise ValueError(
                "the gradients of a scalar can be checked, but the function returned shape "
                f"{list(self.result.shape)}"
            )
        self.scale = abs(self.result.item())  # how large the numbers are that make the result

    def weigh(self, steps: list[Step]) -> None:
        """Learn from the gradients how much a rounding of each step's output can do to the result:
        more than a rounding of the result, if large numbers cancel in it."""
        turns = {node: turn for turn, node in enumerate(self.first.nodes)}
        for step in steps:
            output = self.first.outputs[turns[step.node]]
            if output is not None and step.gradient is not None:
                parts = np.abs(step.gradient.astype(np.float64) * output).sum()
                self.scale = max(self.scale, float(parts) if np.isfinite(parts) else 0.0)

    def _run(self, observer):
        minigrad.set_rng_state(self.state)  # the same dropout in every run
        before = _set_observer(observer)
        if observer is not None:
            observer.others = before
        try:
            return self.function()
        finally:
            _set_observer(before)
            with minigrad.no_grad():
                for buffer, value in self.buffers:
                    buffer.copy_(value)

    def verdict(self, step: Step, grad: np.ndarray) -> Verdict | None:
        """Check the gradient that arrives at a step; None where it cannot be checked: at a view,
        and at an operation with several outputs."""
        turn = self.first.nodes.index(step.node)
        output = self.first.outputs[turn]
        if output is None:
            return None

        def moved(by):
            run = _Run(turn, by)
            result = self._run(run)
            if len(run.nodes) != len(self.first.nodes):
                raise RuntimeError(
                    f"the function recorded {len(self.first.nodes)} operations, and another time "
                    f"{len(run.nodes)}: it must do the same in every run"
                )
            return result.item()

        return _compare(moved, output, grad, self.scale)

    def leaf_verdict(self, leaf: Leaf, grad: np.ndarray) -> Verdict:
        """Check the gradient that arrives at a leaf."""
        array = leaf.tensor.detach().numpy()
        before = array.copy()

        def moved(by):
            array[...] = before + by
            try:
                return self._run(None).item()
            finally:
                array[...] = before

        return _compare(moved, before, grad, self.scale)


def _compare(moved: Callable[[Any], float], value: Any, grad: Any, scale: float) -> Verdict:
    """Return the slope of ``moved`` along random signs, by ``grad`` and by central difference.

    Where the two differ, smaller steps are tried: if these measure something else again, as they
    do where many elements are near a kink (of relu, or of the largest of a window), the measured
    slope is only known to within what the last two steps differ by.  Elements that are exactly 0
    stay so (unless all are): relu made many of them, and ties are kinks for the largest of a
    window.
    """
    precision = float(np.finfo(value.dtype).eps)
    size = float(np.abs(value).max(initial=0)) or 1.0
    signs = np.random.default_rng(0).choice([-1.0, 1.0], value.shape)
    if value.any():
        signs *= value != 0
    analytic = float((grad.astype(np.float64) * signs).sum())
    measured: list[float] = []
    for smaller in SMALLER_STEPS:
        step = smaller * precision ** (1 / 3) * size
        measured.append((moved(step * signs) - moved(-step * signs)) / (2 * step))
        rounding = NOISE * precision * scale / (2 * step)
        noise = rounding + abs(measured[-1] - measured[-2:][0])
        if (verdict := Verdict(analytic, measured[-1], noise)).agrees:
            break
    return verdict


@dataclass
class Findings:
    """All verdicts on a tape, by the steps' numbers and the leaves' places."""

    steps: dict[int, Verdict]
    leaves: dict[int, Verdict]
    suspects: list[int]  # the steps one of which makes the first wrong gradient


def check_all(
    checker: Checker, steps: list[Step], leaves: list[Leaf], only: Collection[int] | None
) -> Findings:
    """Check every gradient; with ``only`` those of these steps, and of no leaf."""
    found: dict[int, Verdict] = {}
    checker.weigh(steps)
    for step in steps:
        if step.gradient is not None and (only is None or step.number in only):
            verdict = checker.verdict(step, step.gradient)
            if verdict is not None:
                found[step.number] = verdict
    at_leaves = {
        i: checker.leaf_verdict(leaf, leaf.gradient)
        for i, leaf in enumerate(leaves)
        if only is None and leaf.gradient is not None
    }
    return Findings(found, at_leaves, _suspects(steps, leaves, found, at_leaves))


def _suspects(steps, leaves, found, at_leaves):
    """Return the numbers of the steps one of which makes the first wrong gradient.

    Going back from the result, the first wrong gradient is one that arrived at a step or a leaf.
    It came from the steps that use its output.  Of those, the ones with a right gradient are
    suspect; those for which that could not be decided are too, and then those they had it from.
    """
    users = {}
    for step in steps:
        for x in step.inputs:
            if x.wants_grad:
                users.setdefault(id(x.step or x.leaf), []).append(step)
    wrong = [step for step in reversed(steps) if step.number in found]
    wrong = [step for step in wrong if not found[step.number].agrees]
    wrong += [leaves[i] for i, verdict in at_leaves.items() if not verdict.agrees]
    if not wrong:
        return []
    # of leaves, and a step, the one whose gradient was complete first: its first use is latest
    first = max(wrong, key=lambda x: min((user.number for user in users.get(id(x), ())), default=0))
    suspect, todo = set(), list(users.get(id(first), ()))
    while todo:
        step = todo.pop()
        if step.number not in suspect:
            suspect.add(step.number)
            if step.number not in found or not found[step.number].decides:
                todo += users.get(id(step), ())
    return sorted(suspect)
