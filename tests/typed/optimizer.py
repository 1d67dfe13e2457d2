"""An optimizer of one's own."""

from collections.abc import Callable
from typing import Any, assert_type

import minigrad as torch
from minigrad import Tensor, nn
from minigrad.optim import LBFGS, Adam, Optimizer
from minigrad.optim.optimizer import ParamsT


class SignMomentum(Optimizer):
    def __init__(self, params: ParamsT, lr: float = 1e-3, beta: float = 0.9) -> None:
        if lr < 0:
            raise ValueError(f"Invalid learning rate: {lr}")
        super().__init__(params, {"lr": lr, "beta": beta})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["average"] = torch.zeros_like(p)
                average: Tensor = state["average"]
                average.lerp_(p.grad, 1 - group["beta"])
                p.add_(average.sign(), alpha=-group["lr"])
        return loss


model = nn.Linear(3, 1)
x, y = torch.randn(8, 3), torch.randn(8, 1)
optimizer = SignMomentum(model.parameters(), lr=0.01)
nn.functional.mse_loss(model(x), y).backward()
optimizer.step()
optimizer.zero_grad()
assert_type(optimizer.param_groups, list[dict[str, Any]])
assert_type(optimizer.state_dict(), dict[str, Any])
optimizer.load_state_dict(optimizer.state_dict())
optimizer.add_param_group({"params": [torch.zeros(1, requires_grad=True)], "lr": 0.1})
groups: list[dict[str, Any]] = [
    {"params": [model.weight], "weight_decay": 0.1},
    {"params": model.bias},
]
Adam(groups, lr=1e-3, betas=(0.9, 0.99))
Adam(model.named_parameters())
second = LBFGS(model.parameters(), line_search_fn="strong_wolfe")


def closure() -> Tensor:
    second.zero_grad()
    loss = nn.functional.huber_loss(model(x), y)
    loss.backward()
    return loss


print(second.step(closure).item())
scaler = torch.amp.GradScaler(enabled=False)
assert_type(scaler.scale(closure()), Tensor)
scaler.step(optimizer)
SignMomentum(3)  # type: ignore[arg-type]
Adam(model.parameters(), betas=0.9)  # type: ignore[arg-type]
optimizer.add_param_group(model.weight)  # type: ignore[arg-type]
