"""Averages of a model's weights over training: stochastic weight averaging, moving averages."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.nn.modules.batchnorm import _BatchNorm
from minigrad.nn.modules.module import Module
from minigrad.ops.creation import tensor
from minigrad.optim.lr_scheduler.scheduler import LRScheduler, check_optimizer, per_group
from minigrad.optim.optimizer import Optimizer
from minigrad.tensor import Tensor
from minigrad.types import Device

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


# ---------------------------------------------------------------- what an average is


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Tensor]:
    """Return a function for ``AveragedModel``: the exponential moving average.

    >>> from minigrad.optim.swa_utils import get_ema_avg_fn
    >>> get_ema_avg_fn(0.75)(1.0, 5.0, 3)
    2.0
    """
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1].")

    @no_grad()
    def ema_update(averaged, current, num_averaged):
        return decay * averaged + (1 - decay) * current

    return ema_update


def get_swa_avg_fn() -> Callable[..., Tensor]:
    """Return a function for ``AveragedModel``: the mean of all.

    >>> from minigrad.optim.swa_utils import get_swa_avg_fn
    >>> get_swa_avg_fn()(1.0, 5.0, 3)
    2.0
    """

    @no_grad()
    def swa_update(averaged, current, num_averaged):
        return averaged + (current - averaged) / (num_averaged + 1)

    return swa_update


def _for_lists(function):
    @no_grad()
    def update(averaged, current, num_averaged):
        for a, c in zip(averaged, current, strict=True):
            a.copy_(function(a, c, num_averaged))

    return update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., None]:
    """Return ``get_ema_avg_fn(decay)`` for lists of tensors: it writes to those of the first list.

    >>> import minigrad
    >>> average, current = minigrad.ones(2), minigrad.ones(2) * 5
    >>> minigrad.optim.swa_utils.get_ema_multi_avg_fn(0.75)([average], [current], 3)
    >>> average
    tensor([2., 2.])
    """
    return _for_lists(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable[..., None]:
    """Return ``get_swa_avg_fn()`` for lists of tensors: it writes to those of the first list.

    >>> import minigrad
    >>> average, current = minigrad.ones(2), minigrad.ones(2) * 5
    >>> minigrad.optim.swa_utils.get_swa_multi_avg_fn()([average], [current], 3)
    >>> average
    tensor([2., 2.])
    """
    return _for_lists(get_swa_avg_fn())


class AveragedModel(Module):
    """A copy of a model whose weights are the average of the model's at each update.

    Args:
        model: the model that is trained; the copy is ``module``.
        device: torch's argument; the CPU is all there is.
        avg_fn: a function of the average, the current weight and the number of weights averaged so
            far, that returns the new average; the mean of all unless given.
        multi_avg_fn: instead, one of two lists of tensors and the number, that writes to the first.
        use_buffers: average the buffers too; otherwise they are those of the model.

    The buffer ``n_averaged`` counts the updates.

    >>> import minigrad
    >>> model = minigrad.nn.Linear(1, 1)
    >>> averaged = minigrad.optim.swa_utils.AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = minigrad.nn.init.constant_(model.weight, value)
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight.item()
    3.0
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Device = None,
        avg_fn: Callable[[Tensor, Tensor, Tensor | int], Tensor] | None = None,
        multi_avg_fn: Callable[..., None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model).to(device)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the averaged model."""
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the model's present weights into the average."""
        averaged: list[Tensor] = [*self.module.parameters()]
        current: list[Tensor] = [*model.parameters()]
        buffers = list(self.module.buffers()), list(model.buffers())
        if self.use_buffers:
            averaged += buffers[0]
            current += buffers[1]
        else:
            _copy(*buffers)
        if self.n_averaged.item() == 0:
            _copy(averaged, current)
        else:
            update = self.multi_avg_fn or _for_lists(self.avg_fn or get_swa_avg_fn())
            update(averaged, [c.detach() for c in current], self.n_averaged)
        self.n_averaged.add_(1)


def _copy(targets, sources):
    for target, source in zip(targets, sources, strict=True):
        target.copy_(source)


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Device = None) -> None:
    """Let the batch norms of a model, such as an averaged one, see all data once.

    Their running statistics are then the means over the batches of ``loader``, which yields the
    model's input, or tuples that begin with it.

    >>> import minigrad
    >>> model = minigrad.nn.BatchNorm1d(1)
    >>> batches = [minigrad.tensor([[0.0], [2.0]]), minigrad.tensor([[4.0], [6.0]])]
    >>> minigrad.optim.swa_utils.update_bn(batches, model)
    >>> model.running_mean
    tensor([3.])
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    was_training, momenta = model.training, [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
    model.train()
    for batch in loader:
        model(batch[0] if isinstance(batch, (list, tuple)) else batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Let the learning rate go to ``swa_lr`` in ``anneal_epochs`` epochs, and stay there.

    ``swa_lr`` may be a list with one for each group; ``anneal_strategy`` is ``"cos"`` or
    ``"linear"``.

    >>> import minigrad
    >>> optimizer = minigrad.optim.SGD([minigrad.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = minigrad.optim.swa_utils.SWALR(optimizer, 0.5, 2, "linear")
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    ...     print(scheduler.get_last_lr())
    [0.75]
    [0.5]
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        for group, lr in zip(
            optimizer.param_groups, per_group("swa_lr", optimizer, swa_lr), strict=True
        ):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must by one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _done(self, step):
        """Return how much of the way is made after ``step`` steps, from 0 to 1."""
        done = max(0, min(1, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * done)) / 2 if self._anneal_strategy == "cos" else done

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, done = self._done(step - 1), self._done(step)
        rates = []
        for group, lr in zip(self.optimizer.param_groups, self._current(), strict=True):
            target = group["swa_lr"]
            start = target if before == 1 else (lr - target * before) / (1 - before)
            rates.append(target * done + start * (1 - done))
        return rates
