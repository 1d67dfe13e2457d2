"""OneCycleLR."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minigrad.optim.lr_scheduler.scheduler import (
    LRScheduler,
    check_optimizer,
    per_group,
    set_momentum,
    uses_beta1,
)
from minigrad.optim.optimizer import Optimizer

__all__ = ["OneCycleLR"]


class OneCycleLR(LRScheduler):
    """One rise of the learning rate to ``max_lr`` and a fall to almost nothing, step by step.

    Call ``step()`` after every batch.

    Args:
        max_lr: the peak, or a list with one for each group.
        total_steps: the number of steps; or else give ``epochs`` and ``steps_per_epoch``.
        pct_start: the part of the steps, between 0 and 1, in which the rate rises.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: let momentum (or ``betas[0]``) move the other way, between
            ``base_momentum`` and ``max_momentum``.
        div_factor: the first rate is ``max_lr / div_factor``.
        final_div_factor: the last one is the first divided by this.
        three_phase: fall in the time of the rise, then to the last rate in the time left.

    Schedule of Smith and Topin, "Super-Convergence" (2018).

    >>> import minigrad
    >>> optimizer = minigrad.optim.SGD([minigrad.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = minigrad.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    >>> round(scheduler.get_last_lr()[0], 6)  # max_lr / 25: the warm-up begins
    0.04
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError(
                    "You must define either total_steps OR (epochs AND steps_per_epoch)"
                )
            _check_positive(epochs=epochs, steps_per_epoch=steps_per_epoch)
            total_steps = epochs * steps_per_epoch
        _check_positive(total_steps=total_steps)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self.total_steps = total_steps
        self.cycle_momentum = cycle_momentum
        self._anneal_func_type = anneal_strategy
        peak = pct_start * total_steps
        rise, last = _phase(peak - 1, "initial_lr", "max_lr"), total_steps - 1
        if three_phase:
            fall = _phase(2 * peak - 2, "max_lr", "initial_lr")
            self._schedule_phases = [rise, fall, _phase(last, "initial_lr", "min_lr")]
        else:
            self._schedule_phases = [rise, _phase(last, "max_lr", "min_lr")]

        if last_epoch == -1:
            peaks = per_group("max_lr", optimizer, max_lr)
            for group, lr in zip(optimizer.param_groups, peaks, strict=True):
                group["initial_lr"] = lr / div_factor
                group["max_lr"] = lr
                group["min_lr"] = group["initial_lr"] / final_div_factor
        if cycle_momentum:
            self.use_beta1 = uses_beta1(optimizer)
            highs = per_group("max_momentum", optimizer, max_momentum)
            lows = per_group("base_momentum", optimizer, base_momentum)
            for group, high, low in zip(optimizer.param_groups, highs, lows, strict=True):
                if last_epoch == -1:
                    group["max_momentum"], group["base_momentum"] = high, low
                    set_momentum(group, self.use_beta1, high)
        super().__init__(optimizer, last_epoch)

    def _anneal(self, start, end, done):
        if self._anneal_func_type == "linear":
            return (end - start) * done + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * done) + 1)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        begin = 0.0
        for phase in self._schedule_phases:
            end = phase["end_step"]
            if step <= end or phase is self._schedule_phases[-1]:
                break
            begin = end
        done = (step - begin) / (end - begin)
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            first, last = phase["start_momentum"], phase["end_momentum"]
            for group in groups:
                momentum = self._anneal(group[first], group[last], done)
                set_momentum(group, self.use_beta1, momentum)
        return [self._anneal(g[phase["start_lr"]], g[phase["end_lr"]], done) for g in groups]


def _phase(end, first, last):
    """Return what a phase goes from and to, as names in a group; momentum is low at "max_lr"."""
    momentums = {"max_lr": "base_momentum"}
    return {
        "end_step": float(end),
        "start_lr": first,
        "end_lr": last,
        "start_momentum": momentums.get(first, "max_momentum"),
        "end_momentum": momentums.get(last, "max_momentum"),
    }


def _check_positive(**counts):
    for name, n in counts.items():
        if not isinstance(n, int) or n <= 0:
            raise ValueError(f"Expected positive integer {name}, but got {n}")
