"""Learning rate schedules: each ``step()`` sets the learning rate of every parameter group.

>>> import minigrad
>>> optimizer = minigrad.optim.SGD([minigrad.zeros(1, requires_grad=True)], lr=1.0)
>>> scheduler = minigrad.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
>>> for _ in range(4):
...     optimizer.step()
...     scheduler.step()
>>> scheduler.get_last_lr()
[0.25]
"""

from minigrad.on_demand import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
