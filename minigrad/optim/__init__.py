"""Optimizers, under ``torch.optim``'s names, and ``lr_scheduler``.

>>> import minigrad
>>> w = minigrad.tensor([1.0, -2.0], requires_grad=True)
>>> optimizer = minigrad.optim.SGD([w], lr=0.1)
>>> for _ in range(3):
...     optimizer.zero_grad()
...     (w * w).sum().backward()
...     optimizer.step()
>>> w
tensor([ 0.5120, -1.0240], requires_grad=True)
"""

from minigrad.on_demand import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
