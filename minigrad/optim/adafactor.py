"""Adafactor."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from minigrad.ops.creation import zeros, zeros_like
from minigrad.optim.one_by_one import OneByOne
from minigrad.optim.optimizer import ParamsT
from minigrad.tensor import Tensor

__all__ = ["Adafactor"]


class Adafactor(OneByOne):
    """Adafactor: the mean squares of a matrix' gradients are kept by rows and columns only.

    With gradient ``g``, step number ``t`` does, for tensors of two dimensions or more::

        keep = 1 - t**beta2_decay
        row_var = keep * row_var + (1 - keep) * mean(g * g, dim=-1)
        col_var = keep * col_var + (1 - keep) * mean(g * g, dim=-2)
        update = g / sqrt(row_var @ col_var / mean(row_var))
        update = update / max(1, rms(update) / d)
        p = p * (1 - lr * weight_decay) - max(eps[1], rms(p)) * min(lr, 1 / sqrt(t)) * update

    and for others with a full ``variance``.  ``eps[0]`` keeps the denominators from zero, by
    default as much as the dtype needs.  Arguments are those of ``torch.optim.Adafactor``.  State:
    ``step``, and ``row_var`` and ``col_var`` or ``variance``.  After Shazeer and Stern, "Adafactor:
    Adaptive Learning Rates with Sublinear Memory Cost" (2018).

    >>> import minigrad
    >>> p = minigrad.tensor([1.0], requires_grad=True)
    >>> optimizer = minigrad.optim.Adafactor([p], lr=0.1)
    >>> p.grad = minigrad.tensor([2.0])
    >>> optimizer.step()
    >>> p
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        if not beta2_decay <= 0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        for i, value in enumerate((eps[0], eps[1]), 1):
            if value is not None and not value >= 0:
                raise ValueError(f"epsilon{i} should be >= 0 but is: {value}")
        if not d >= 1:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        super().__init__(
            params,
            lr=lr,
            beta2_decay=beta2_decay,
            eps=eps,
            d=d,
            weight_decay=weight_decay,
            foreach=foreach,
            maximize=maximize,
        )

    def _start(self, p, group):
        if p.dim() < 2:
            return {"variance": zeros_like(p)}
        *others, rows, columns = p.shape
        return {
            "row_var": zeros(*others, rows, 1, dtype=p.dtype),
            "col_var": zeros(*others, 1, columns, dtype=p.dtype),
        }

    def _decayed(self, p, grad, group):
        return grad  # the size of the step is that of p before it decays

    def _update(
        self, p: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        lr, (eps1, eps2), t = float(group["lr"]), group["eps"], state["step"].item()
        eps1 = float(np.finfo(p.dtype.numpy).eps) if eps1 is None else eps1
        size = max(eps2, _rms(p)) * min(lr, 1 / sqrt(t))
        if group["weight_decay"]:
            p.mul_(1 - lr * group["weight_decay"])
        squares, new = grad * grad, t ** group["beta2_decay"]
        if p.dim() < 2:
            variance = state["variance"].lerp_(squares, new)
        else:
            rows = state["row_var"].lerp_(squares.mean(-1, keepdim=True), new)
            columns = state["col_var"].lerp_(squares.mean(-2, keepdim=True), new)
            variance = (rows @ columns) / rows.mean(-2, keepdim=True).clamp_(min=eps1)
        update = grad / variance.clamp(min=eps1 * eps1).sqrt_()
        p.add_(update, alpha=-size / max(1.0, _rms(update) / group["d"]))


def _rms(x):
    """Return the root of the mean square of a tensor, as a number."""
    return sqrt(x.square().mean().item()) if x.numel() else 0.0
