"""Learning rate schedules, one of them one's own, and averages of weights."""

import math
from typing import assert_type

import minigrad as torch
from minigrad import Tensor, nn
from minigrad.optim import SGD, Optimizer
from minigrad.optim.lr_scheduler import (
    CosineAnnealingLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
)
from minigrad.optim.swa_utils import SWALR, AveragedModel, get_ema_avg_fn, update_bn


class InverseSquareRoot(LRScheduler):
    def __init__(self, optimizer: Optimizer, warmup: int, last_epoch: int = -1) -> None:
        self.warmup = warmup
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        step = self.last_epoch + 1
        factor = min(1 / math.sqrt(step), step / self.warmup**1.5)
        return [base * factor for base in self.base_lrs]


model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
optimizer = SGD(model.parameters(), lr=0.1)
own = InverseSquareRoot(optimizer, warmup=100)
assert_type(own.get_last_lr(), list[float])
assert_type(own.last_epoch, int)
both = SequentialLR(
    optimizer, [LinearLR(optimizer, 0.1), CosineAnnealingLR(optimizer, T_max=10)], milestones=[5]
)
by_epoch = LambdaLR(optimizer, lr_lambda=[lambda epoch: 0.95**epoch])
one = OneCycleLR(optimizer, max_lr=0.1, steps_per_epoch=10, epochs=2)
plateau = ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=3)
averaged = AveragedModel(model, avg_fn=get_ema_avg_fn(0.99))
late = SWALR(optimizer, swa_lr=0.05)
for epoch in range(3):
    loss: Tensor = model(torch.ones(4, 2)).sum()
    optimizer.step()
    both.step()
    plateau.step(loss.item())
    averaged.update_parameters(model)
    print(epoch, both.get_last_lr()[0])
update_bn([torch.randn(4, 2)], averaged)
state = both.state_dict()
both.load_state_dict(state)
LinearLR(model)  # type: ignore[arg-type]
CosineAnnealingLR(optimizer)  # type: ignore[call-arg]
LambdaLR(optimizer, lr_lambda="epoch")  # type: ignore[arg-type]
