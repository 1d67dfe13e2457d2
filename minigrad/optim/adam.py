"""Adam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

__all__ = ["Adam"]


def check_betas(betas: Sequence[float | Tensor]) -> None:
    """Raise ValueError naming the first of two ``betas`` that is not in [0, 1)."""
    for i in (0, 1):
        beta = betas[i]
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


class Adam(Optimizer):
    """Adam: steps scaled by running averages of the gradient and of its square.

    With gradient ``g`` (to which ``weight_decay * p`` is added), step number ``t`` does::

        exp_avg = beta1 * exp_avg + (1 - beta1) * g
        exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
        denom = sqrt(exp_avg_sq / (1 - beta2**t)) + eps
        p = p - lr * exp_avg / (1 - beta1**t) / denom

    Args:
        params: tensors, named tensors, or parameter groups, see ``Optimizer``.
        lr: learning rate.
        betas: how much of the two averages a step keeps.
        eps: keeps the denominator from zero.
        weight_decay: the L2 penalty.
        amsgrad: divide by the largest ``exp_avg_sq`` so far.
        maximize: climb instead of descending.
        decoupled_weight_decay: shrink ``p`` by ``lr * weight_decay`` instead, as AdamW.

    ``foreach`` and ``fused`` are accepted: the step is always one call for all parameters.
    ``capturable`` and ``differentiable`` must be off.

    State of a parameter: ``step`` (a float32 tensor), ``exp_avg``, ``exp_avg_sq``, and with
    amsgrad ``max_exp_avg_sq``.  After Kingma and Ba, "Adam: A Method for Stochastic
    Optimization" (2015); amsgrad after Reddi et al., "On the Convergence of Adam and Beyond".

    >>> import minigrad
    >>> p = minigrad.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Adam([p], lr=0.1)
    >>> p.grad = minigrad.tensor([1.0, -100.0])
    >>> optimizer.step()
    >>> p
    tensor([0.9000, 1.1000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(epsilon=eps, weight_decay=weight_decay)
        numbers = tuple(float(beta) for beta in betas)
        check_betas(numbers)
        check_unsupported(capturable=capturable, differentiable=differentiable)
        if foreach and isinstance(lr, Tensor):
            raise ValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True"
            )
        defaults = {
            "lr": lr,
            "betas": numbers,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; return the closure's loss, if any."""
        loss = self._evaluate(closure)
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            ops.adam(
                group["params"],
                self.state,
                group["lr"],
                beta1,
                beta2,
                group["eps"],
                group["weight_decay"],
                group["decoupled_weight_decay"],
                group["amsgrad"],
                group["maximize"],
            )
        return loss
