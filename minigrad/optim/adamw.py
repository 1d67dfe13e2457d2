"""AdamW."""

from __future__ import annotations

from typing import Any

from minigrad.optim.adam import Adam
from minigrad.optim.optimizer import ParamsT
from minigrad.tensor import Tensor

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam with decoupled weight decay: ``p`` shrinks by ``lr * weight_decay`` of itself a step.

    The decay is not part of the gradient, and so not of the averages.  Arguments and state are
    those of ``Adam``; ``weight_decay`` is 0.01 unless given.  After Loshchilov and Hutter,
    "Decoupled Weight Decay Regularization" (2019).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.AdamW([p], lr=0.1, weight_decay=0.5)
    >>> p.grad = minigrad.tensor([0.0])
    >>> optimizer.step()
    >>> p
    tensor([0.9500], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # whatever was loaded: this is what AdamW is
            group["decoupled_weight_decay"] = True
