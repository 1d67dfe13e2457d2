"""OneByOne: the base of the optimizers that are written in tensor operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.ops.creation import zeros
from minigrad.optim.optimizer import Optimizer, ParamsT, check_lr, check_unsupported
from minigrad.tensor import Tensor

__all__: list[str] = []


class OneByOne(Optimizer):
    """An optimizer that updates one parameter after the other.

    A subclass defines ``_start(p, group)``, which returns what the state of a new parameter holds
    besides ``step``, and ``_update(p, grad, state, group)``, which changes ``p`` in place; both run
    with grad mode off, ``grad`` is negated if ``maximize`` and has the weight decay in it, and
    ``state["step"]`` counts this step already.
    """

    def __init__(self, params: ParamsT, **defaults: Any) -> None:
        check_lr(defaults["lr"])
        check_unsupported(
            capturable=defaults.get("capturable", False),
            differentiable=defaults.get("differentiable", False),
        )
        super().__init__(params, defaults)

    def _start(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def _update(
        self, p: Tensor, grad: Tensor, state: dict[str, Any], group: dict[str, Any]
    ) -> None:
        raise NotImplementedError

    def _state_of(self, p, group):
        state = self.state[p]
        if not state:
            state["step"] = zeros(())
            state.update(self._start(p, group))
        return state

    def _decayed(self, p, grad, group):
        """Return the gradient with the weight decay in it; if it is decoupled, ``p`` decays."""
        decay = group.get("weight_decay", 0)
        if decay and group.get("decoupled_weight_decay"):
            p.mul_(1 - float(group["lr"]) * decay)
        elif decay:
            return grad.add(p, alpha=decay)
        return grad

    @no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; return the closure's loss, if any."""
        loss = self._evaluate(closure)
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                grad = -p.grad if group["maximize"] else p.grad
                state = self._state_of(p, group)
                state["step"].add_(1)
                self._update(p, self._decayed(p, grad, group), state, group)
        return loss
