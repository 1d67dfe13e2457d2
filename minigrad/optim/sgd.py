"""Stochastic gradient descent."""

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

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum.

    With gradient ``g`` (to which ``weight_decay * p`` is added), each step does::

        buffer = momentum * buffer + (1 - dampening) * g        # the first time: g
        p = p - lr * (g + momentum * buffer if nesterov else buffer)

    Args:
        params: tensors, named tensors, or parameter groups, see ``Optimizer``.
        lr: learning rate.
        momentum: how much of the last direction is kept.
        dampening: how much of the gradient is left out of the momentum.
        weight_decay: the L2 penalty.
        nesterov: look ahead along the momentum; needs momentum and no dampening.
        maximize: climb instead of descending.

    ``foreach`` and ``fused`` are accepted: the step is always one call for all parameters.
    ``differentiable`` must be off.

    State of a parameter: ``momentum_buffer``, with momentum only.  Nesterov momentum is that of
    Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.SGD([p], lr=0.1, momentum=0.9)
    >>> p.grad = minigrad.tensor([1.0])
    >>> optimizer.step()
    >>> optimizer.step()
    >>> p
    tensor([0.7100], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_unsupported(differentiable=differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; return the closure's loss, if any."""
        loss = self._evaluate(closure)
        for group in self.param_groups:
            ops.sgd(
                group["params"],
                self.state,
                group["lr"],
                group["momentum"],
                group["dampening"],
                group["weight_decay"],
                group["nesterov"],
                group["maximize"],
            )
        return loss
