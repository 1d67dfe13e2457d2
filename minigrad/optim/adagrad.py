"""Steps divided by what gradients there were: Adagrad, Adadelta."""

from __future__ import annotations

from typing import Any

from minigrad.ops.creation import full_like, zeros_like
from minigrad.optim.one_by_one import OneByOne
from minigrad.optim.optimizer import ParamsT, check_not_negative
from minigrad.tensor import Tensor

__all__ = ["Adadelta", "Adagrad"]


class Adagrad(OneByOne):
    """Adagrad: gradients divided by the root of the sum of all their squares so far.

    With gradient ``g`` (to which ``weight_decay * p`` is added), step number ``t`` does::

        sum = sum + g * g                               # from initial_accumulator_value
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(sum) + eps)

    Arguments are those of ``torch.optim.Adagrad``; ``differentiable`` must be off.  State, there
    from the beginning: ``step``, ``sum``.  After Duchi et al., "Adaptive Subgradient Methods for
    Online Learning and Stochastic Optimization" (2011).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Adagrad([p], lr=0.1)
    >>> p.grad = minigrad.tensor([2.0])
    >>> optimizer.step()
    >>> p
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_not_negative(
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            epsilon=eps,
        )
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            eps=eps,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            fused=fused,
        )
        for group in self.param_groups:
            for p in group["params"]:
                self._state_of(p, group)

    def _start(self, p, group):
        return {"sum": full_like(p, group["initial_accumulator_value"])}

    def _update(
        self, p: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        squares = state["sum"].addcmul_(grad, grad)
        rate = float(group["lr"]) / (1 + (state["step"].item() - 1) * group["lr_decay"])
        p.addcdiv_(grad, squares.sqrt().add_(group["eps"]), value=-rate)


class Adadelta(OneByOne):
    """Adadelta: gradients in units of the steps taken lately, over those of gradients seen lately.

    With gradient ``g`` (to which ``weight_decay * p`` is added), each step does::

        square_avg = rho * square_avg + (1 - rho) * g * g
        delta = sqrt(acc_delta + eps) / sqrt(square_avg + eps) * g
        acc_delta = rho * acc_delta + (1 - rho) * delta * delta
        p = p - lr * delta

    Arguments are those of ``torch.optim.Adadelta``; ``capturable`` and ``differentiable`` must be
    off.  State: ``step``, ``square_avg``, ``acc_delta``.  After Zeiler, "ADADELTA: An Adaptive
    Learning Rate Method" (2012).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Adadelta([p], lr=10.0, rho=0.75)
    >>> p.grad = minigrad.tensor([2.0])
    >>> optimizer.step()
    >>> p
    tensor([0.9800], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(epsilon=eps, weight_decay=weight_decay)
        super().__init__(
            params,
            lr=lr,
            rho=rho,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
            capturable=capturable,
            foreach=foreach,
            differentiable=differentiable,
        )

    def _start(self, p, group):
        return {"square_avg": zeros_like(p), "acc_delta": zeros_like(p)}

    def _update(
        self, p: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        rho, eps = group["rho"], group["eps"]
        seen, taken = state["square_avg"], state["acc_delta"]
        seen.mul_(rho).addcmul_(grad, grad, value=1 - rho)
        delta = (taken + eps).sqrt_().div_((seen + eps).sqrt_()).mul_(grad)
        taken.mul_(rho).addcmul_(delta, delta, value=1 - rho)
        p.add_(delta, alpha=-float(group["lr"]))
