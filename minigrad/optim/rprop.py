"""Steps by the sign of the gradient: Rprop; and averaged ones: ASGD."""

from __future__ import annotations

from typing import Any

from minigrad.ops.creation import full_like, ones, ones_like, tensor, zeros_like
from minigrad.optim.one_by_one import OneByOne
from minigrad.optim.optimizer import ParamsT, check_not_negative
from minigrad.tensor import Tensor

__all__ = ["ASGD", "Rprop"]


class Rprop(OneByOne):
    """Rprop: every element has a step size of its own, and only the gradient's sign counts.

    A step size grows by ``etas[1]`` while the gradient ``g`` keeps its sign, and shrinks by
    ``etas[0]`` when it turns (that step is then left out), within ``step_sizes``::

        step_size = clamp(step_size * (etas[1] if g * prev > 0, etas[0] if < 0, else 1))
        g = 0 where g * prev < 0
        p = p - sign(g) * step_size
        prev = g

    Arguments are those of ``torch.optim.Rprop``, ``lr`` is the first step size; ``capturable`` and
    ``differentiable`` must be off.  State: ``step``, ``prev``, ``step_size``.  For full batches.
    After Riedmiller and Braun, "A Direct Adaptive Method for Faster Backpropagation Learning"
    (1993).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Rprop([p], lr=0.1)
    >>> p.grad = minigrad.tensor([2.0])
    >>> optimizer.step()
    >>> optimizer.step()
    >>> p
    tensor([0.7800], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(
            params,
            lr=lr,
            etas=etas,
            step_sizes=step_sizes,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            capturable=capturable,
        )

    def _start(self, p, group):
        return {"prev": zeros_like(p), "step_size": full_like(p, float(group["lr"]))}

    def _update(
        self, p: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        shrink, grow = group["etas"]
        size = state["step_size"]
        kept = grad * state["prev"]  # above 0 where the sign was kept, below where it turned
        factor = ones_like(p).masked_fill_(kept > 0, grow).masked_fill_(kept < 0, shrink)
        size.mul_(factor).clamp_(*group["step_sizes"])
        grad = grad.masked_fill(kept < 0, 0)
        p.addcmul_(grad.sign(), size, value=-1)
        state["prev"].copy_(grad)


class ASGD(OneByOne):
    """ASGD: gradient descent that also averages the parameters of its steps.

    With gradient ``g`` (to which ``weight_decay * p`` is added), step number ``t`` does::

        p = p * (1 - lambd * eta) - eta * g             # eta is lr at first
        ax = ax + (p - ax) * mu                         # mu is 1 at first
        eta = lr / (1 + lambd * lr * t)**alpha
        mu = 1 / max(1, t - t0)

    The average is ``state[p]["ax"]``; ``p`` is not replaced by it.  Arguments are those of
    ``torch.optim.ASGD``; ``capturable`` and ``differentiable`` must be off.  State: ``step``,
    ``eta``, ``mu``, ``ax``.  After Polyak and Juditsky, "Acceleration of Stochastic Approximation
    by Averaging" (1992).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.ASGD([p], lr=0.1)
    >>> p.grad = minigrad.tensor([2.0])
    >>> optimizer.step()
    >>> p
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: Tensor | float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_not_negative(weight_decay=weight_decay)
        super().__init__(
            params,
            lr=lr,
            lambd=lambd,
            alpha=alpha,
            t0=t0,
            weight_decay=weight_decay,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            capturable=capturable,
        )

    def _start(self, p, group):
        return {"eta": tensor(float(group["lr"])), "mu": ones(()), "ax": zeros_like(p)}

    def _update(
        self, p: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        lr, lambd, t = float(group["lr"]), group["lambd"], state["step"].item()
        eta, mu, average = state["eta"], state["mu"], state["ax"]
        p.mul_(1 - lambd * eta.item()).add_(grad, alpha=-eta.item())
        average.add_((p - average).mul_(mu.item()))
        eta.fill_(lr / (1 + lambd * lr * t) ** group["alpha"])
        mu.fill_(1 / max(1, t - group["t0"]))
