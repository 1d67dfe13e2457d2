"""Finite differences: is the gradient that arrives at each step the right one?

The function that computes the result is run again with the output of one step moved a little, in a
direction of random signs: the result must move by what the gradient says.  This needs no formula
of any operation, so a wrong vjp shows wherever it is: its own output has the right gradient, its
input a wrong one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import minigrad
from minigrad.inspect.steps import Leaf, Step
from minigrad.tape import Node, _set_observer
from minigrad.tensor import Tensor

TOLERANCE = 0.02  # of the larger of the two slopes
NOISE = 20.0  # roundings of the result that two runs may differ by without meaning anything


@dataclass
class Verdict:
    """How fast the result changes along one direction: by the gradient, and as measured."""

    analytic: float
    numeric: float
    noise: float  # what rounding alone could make of the measured one

    @property
    def agrees(self) -> bool:
        """Whether both are the same but for rounding and curvature."""
        larger = max(abs(self.analytic), abs(self.numeric))
        return abs(self.analytic - self.numeric) <= TOLERANCE * larger + self.noise


class _Run:
    """An observer of one run forward: counts the operations, and may move the output of one."""

    def __init__(self, moved: int = -1, by: Any = None) -> None:
        self.nodes: list[Node] = []
        self.outputs: list[np.ndarray | None] = []  # copies; None for what cannot be moved
        self.moved, self.by = moved, by

    def recorded(self, node: Node, inputs: Any, outputs: Any) -> None:
        """Count an operation; move its output if it is its turn."""
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

    ``result`` is what the first run returned.
    """

    def __init__(self, function: Callable[[], Tensor]) -> None:
        self.function, self.state = function, minigrad.get_rng_state()
        self.first = _Run()
        self.result = self._run(self.first)
        if self.result.numel() != 1:
            raise ValueError(
                "the gradients of a scalar can be checked, but the function returned shape "
                f"{list(self.result.shape)}"
            )

    def _run(self, observer):
        minigrad.set_rng_state(self.state)  # the same dropout in every run
        before = _set_observer(observer)
        try:
            return self.function()
        finally:
            _set_observer(before)

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

        return _compare(moved, output, grad, self.result.item())

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

        return _compare(moved, before, grad, self.result.item())


def _compare(moved: Callable[[Any], float], value: Any, grad: Any, result: float) -> Verdict:
    """Return the slope of ``moved`` along random signs, by ``grad`` and by central difference."""
    precision = float(np.finfo(value.dtype).eps)
    size = float(np.abs(value).max(initial=0)) or 1.0
    step = precision ** (1 / 3) * size
    signs = np.random.default_rng(0).choice([-1.0, 1.0], value.shape)
    numeric = (moved(step * signs) - moved(-step * signs)) / (2 * step)
    noise = NOISE * precision * abs(result) / (2 * step)
    return Verdict(float((grad.astype(np.float64) * signs).sum()), numeric, noise)
