"""Muon."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from minigrad.autograd.grad_mode import no_grad
from minigrad.ops.creation import from_numpy, zeros_like
from minigrad.optim.optimizer import Optimizer, ParamsT
from minigrad.tensor import Tensor

__all__ = ["Muon"]

_SCALES = {
    "original": lambda rows, columns: sqrt(max(1, rows / columns)),
    "match_rms_adamw": lambda rows, columns: 0.2 * sqrt(max(rows, columns)),
}


class Muon(Optimizer):
    """Muon: momentum whose matrix is made orthogonal, for weight matrices of hidden layers.

    With gradient ``g`` does, for each parameter (of two dimensions: biases and embeddings are for
    another optimizer)::

        buffer = momentum * buffer + (1 - momentum) * g
        update = (1 - momentum) * g + momentum * buffer  # the buffer itself if not nesterov
        p = p * (1 - lr * weight_decay) - lr * scale * orthogonal(update)

    where ``orthogonal`` moves all singular values near 1 by ``ns_steps`` of a Newton-Schulz
    iteration, ``x = a * x + (b * x @ x.T + c * (x @ x.T) @ (x @ x.T)) @ x`` with the three
    ``ns_coefficients``, in bfloat16 as torch's; and ``scale`` is ``sqrt(max(1, rows / columns))``,
    or with ``adjust_lr_fn="match_rms_adamw"`` ``0.2 * sqrt(max(rows, columns))``.

    State: ``momentum_buffer``.  After Jordan et al., "Muon: An optimizer for hidden layers in
    neural networks" (2024).  Source: ``torch.optim.Muon``.

    >>> import minigrad
    >>> p = minigrad.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    >>> optimizer = minigrad.optim.Muon([p], lr=0.1, weight_decay=0.0)
    >>> p.grad = minigrad.tensor([[3.0, 0.0], [0.0, 3.0]])
    >>> optimizer.step()
    >>> p
    tensor([[0.8875, 0.0000],
            [0.0000, 0.8875]], requires_grad=True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        for name, value in (
            ("Learning rate", lr),
            ("momentum", momentum),
            ("weight decay", weight_decay),
        ):
            if not value >= 0:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if adjust_lr_fn is not None and adjust_lr_fn not in _SCALES:
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.dim() != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{p.size()}"
                    )

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; return the closure's loss, if any."""
        loss = self._evaluate(closure)
        for group in self.param_groups:
            lr, momentum = float(group["lr"]), group["momentum"]
            scale = _SCALES[group["adjust_lr_fn"] or "original"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["momentum_buffer"] = zeros_like(p)
                buffer = state["momentum_buffer"].lerp_(p.grad, 1 - momentum)
                update = p.grad.lerp(buffer, momentum) if group["nesterov"] else buffer
                update = orthogonal(
                    update, group["ns_coefficients"], group["ns_steps"], group["eps"]
                )
                p.mul_(1 - lr * group["weight_decay"])
                p.add_(update.to(p.dtype), alpha=-lr * scale(*p.shape))
        return loss


def orthogonal(x: Tensor, coefficients: Any, steps: int, eps: float) -> Tensor:
    """Return a matrix near the orthogonal one that is nearest to a matrix, in float32.

    >>> import minigrad
    >>> from minigrad.optim.muon import orthogonal
    >>> orthogonal(minigrad.tensor([[5.0]]), (1.5, -0.5, 0.0), 5, 1e-7)
    tensor([[1.]])
    """
    if steps >= 100:
        raise ValueError(
            f"Number of steps must be less than 100 for computational efficiency, but is {steps}"
        )
    if len(coefficients) != 3:
        raise ValueError(
            f"Coefficients must be a tuple of exactly 3 values, but are {coefficients}"
        )
    a, b, c = coefficients
    tall = x.size(0) > x.size(1)
    x = _bfloat16(x.T if tall else x)
    x = _bfloat16(x / _bfloat16(x.norm()).clamp(min=eps))
    for _ in range(steps):
        gram = _bfloat16(x @ x.T)
        inner = _bfloat16(b * gram + c * (gram @ gram))
        x = _bfloat16(a * x + inner @ x)
    return x.T if tall else x


def _bfloat16(x: Tensor) -> Tensor:
    """Return float32 numbers rounded to the nearest that bfloat16 has: the upper half of the bits,
    of two that are equally near the even one."""
    bits = x.float().numpy().view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return from_numpy(np.asarray(rounded, np.uint32).view(np.float32))
