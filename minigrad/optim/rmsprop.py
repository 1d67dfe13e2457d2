"""RMSprop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.ops import optim as ops
from minigrad.optim.optimizer import (
    Optimizer,
    ParamsT,
    check_lr,
    check_not_negative,
    check_unsupported,
)
from minigrad.tensor import Tensor

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """RMSprop: gradients divided by a running root mean square of themselves.

    With gradient ``g`` (to which ``weight_decay * p`` is added), each step does::

        square_avg = alpha * square_avg + (1 - alpha) * g * g
        p = p - lr * g / (sqrt(square_avg) + eps)

    Args:
        params: tensors, named tensors, or parameter groups, see ``Optimizer``.
        lr: learning rate.
        alpha: how much of the average a step keeps.
        eps: keeps the denominator from zero; added after the square root.
        weight_decay: the L2 penalty.
        momentum: how much of the last direction is kept.
        centered: subtract the square of the running mean: divide by a standard deviation.
        maximize: climb instead of descending.

    ``foreach`` is accepted: the step is always one call for all parameters.  ``capturable`` and
    ``differentiable`` must be off.

    State of a parameter: ``step`` (a float32 tensor), ``square_avg``, with momentum
    ``momentum_buffer``, if centered ``grad_avg``.  After Hinton's lecture notes (2012); the
    centered form after Graves, "Generating Sequences With Recurrent Neural Networks" (2013).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.RMSprop([p], lr=0.01)
    >>> p.grad = minigrad.tensor([2.0])
    >>> optimizer.step()
    >>> p
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: Tensor | float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(epsilon=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        check_unsupported(capturable=capturable, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; return the closure's loss, if any."""
        loss = self._evaluate(closure)
        for group in self.param_groups:
            ops.rmsprop(
                group["params"],
                self.state,
                group["lr"],
                group["alpha"],
                group["eps"],
                group["weight_decay"],
                group["momentum"],
                group["centered"],
                group["maximize"],
            )
        return loss
