"""Adam with the infinity norm, with Nesterov's momentum, and with a rectified start."""

from __future__ import annotations

from math import sqrt
from typing import Any

from minigrad.ops.creation import ones, zeros_like
from minigrad.ops.elementwise import maximum
from minigrad.optim.adam import check_betas
from minigrad.optim.one_by_one import OneByOne
from minigrad.optim.optimizer import ParamsT, check_not_negative
from minigrad.tensor import Tensor

__all__ = ["Adamax", "NAdam", "RAdam"]


class Adamax(OneByOne):
    """Adamax: Adam with a running maximum of the gradient's size instead of its mean square.

    With gradient ``g`` (to which ``weight_decay * p`` is added), step number ``t`` does::

        exp_avg = beta1 * exp_avg + (1 - beta1) * g
        exp_inf = max(beta2 * exp_inf, abs(g) + eps)
        p = p - lr / (1 - beta1**t) * exp_avg / exp_inf

    Arguments are those of ``torch.optim.Adamax``; ``capturable`` and ``differentiable`` must be
    off.  State: ``step``, ``exp_avg``, ``exp_inf``.  After Kingma and Ba, "Adam" (2015).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Adamax([p], lr=0.1)
    >>> p.grad = minigrad.tensor([1.0, -100.0])
    >>> optimizer.step()
    >>> p
    tensor([0.9000, 1.1000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_not_negative(epsilon=eps, weight_decay=weight_decay)
        check_betas(betas)
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            capturable=capturable,
        )

    def _start(self, p, group):
        return {"exp_avg": zeros_like(p), "exp_inf": zeros_like(p)}

    def _update(
        self, p: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        beta1, beta2 = group["betas"]
        mean, largest = state["exp_avg"], state["exp_inf"]
        mean.lerp_(grad, 1 - beta1)
        largest.copy_(maximum(largest * beta2, grad.abs() + group["eps"]))
        rate = float(group["lr"]) / (1 - beta1 ** state["step"].item())
        p.addcdiv_(mean, largest, value=-rate)


class NAdam(OneByOne):
    """NAdam: Adam that looks ahead along its momentum, as Nesterov's.

    With gradient ``g`` (to which ``weight_decay * p`` is added), step number ``t`` does::

        mu(t) = beta1 * (1 - 0.5 * 0.96**(t * momentum_decay))
        mu_product = mu(1) * ... * mu(t)
        exp_avg = beta1 * exp_avg + (1 - beta1) * g
        exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
        m = mu(t + 1) * exp_avg / (1 - mu_product * mu(t + 1)) + (1 - mu(t)) * g / (1 - mu_product)
        p = p - lr * m / (sqrt(exp_avg_sq / (1 - beta2**t)) + eps)

    Arguments are those of ``torch.optim.NAdam``; ``capturable`` and ``differentiable`` must be
    off.  With ``decoupled_weight_decay`` ``p`` shrinks by ``lr * weight_decay`` instead.  State:
    ``step``, ``mu_product``, ``exp_avg``, ``exp_avg_sq``.  After Dozat, "Incorporating Nesterov
    Momentum into Adam" (2016).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.NAdam([p], lr=0.1)
    >>> p.grad = minigrad.tensor([1.0, -1.0])
    >>> optimizer.step()
    >>> p.tolist()[0] + p.tolist()[1]
    2.0
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative(epsilon=eps, weight_decay=weight_decay, momentum_decay=momentum_decay)
        check_betas(betas)
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
            foreach=foreach,
            capturable=capturable,
            differentiable=differentiable,
        )

    def _start(self, p, group):
        return {"mu_product": ones(()), "exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}

    def _update(
        self, p: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        beta1, beta2 = group["betas"]
        lr, t = float(group["lr"]), state["step"].item()
        mu, next_mu = (
            beta1 * (1 - 0.5 * 0.96 ** (i * group["momentum_decay"])) for i in (t, t + 1)
        )
        product = state["mu_product"].mul_(mu).item()
        mean, square = _averages(state, grad, beta1, beta2)
        root = (square / (1 - beta2**t)).sqrt_().add_(group["eps"])
        p.addcdiv_(grad, root, value=-lr * (1 - mu) / (1 - product))
        p.addcdiv_(mean, root, value=-lr * next_mu / (1 - product * next_mu))


class RAdam(OneByOne):
    """RAdam: Adam whose steps are rectified while the mean square is known from few steps only.

    With gradient ``g`` (to which ``weight_decay * p`` is added), step number ``t`` does::

        exp_avg = beta1 * exp_avg + (1 - beta1) * g
        exp_avg_sq = beta2 * exp_avg_sq + (1 - beta2) * g * g
        m = exp_avg / (1 - beta1**t)
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            p = p - lr * m * r * sqrt(1 - beta2**t) / (sqrt(exp_avg_sq) + eps)
        else:
            p = p - lr * m

    Arguments are those of ``torch.optim.RAdam``; ``capturable`` and ``differentiable`` must be
    off.  With ``decoupled_weight_decay`` ``p`` shrinks by ``lr * weight_decay`` instead.  State:
    ``step``, ``exp_avg``, ``exp_avg_sq``.  After Liu et al., "On the Variance of the Adaptive
    Learning Rate and Beyond" (2020).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.RAdam([p], lr=0.1)
    >>> p.grad = minigrad.tensor([2.0])
    >>> optimizer.step()
    >>> p
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_not_negative(epsilon=eps, weight_decay=weight_decay)
        check_betas(betas)
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
            foreach=foreach,
            capturable=capturable,
            decoupled_weight_decay=decoupled_weight_decay,
            differentiable=differentiable,
        )

    def _start(self, p, group):
        return {"exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p)}

    def _update(
        self, p: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        beta1, beta2 = group["betas"]
        t = state["step"].item()
        mean, square = _averages(state, grad, beta1, beta2)
        rate = float(group["lr"]) / (1 - beta1**t)
        correction = 1 - beta2**t
        limit = 2 / (1 - beta2) - 1
        rho = limit - 2 * t * beta2**t / correction
        if rho <= 5:
            p.add_(mean, alpha=-rate)
            return
        rate *= sqrt((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho))
        p.addcdiv_(mean, square.sqrt().add_(group["eps"]), value=-rate * sqrt(correction))


def _averages(state, grad, beta1, beta2):
    """Bring the running averages of the gradient and of its square up to date; return them."""
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    mean.lerp_(grad, 1 - beta1)
    square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    return mean, square
