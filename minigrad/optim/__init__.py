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

from minigrad.optim import lr_scheduler, swa_utils
from minigrad.optim.adafactor import Adafactor
from minigrad.optim.adagrad import Adadelta, Adagrad
from minigrad.optim.adam import Adam
from minigrad.optim.adamax import Adamax, NAdam, RAdam
from minigrad.optim.adamw import AdamW
from minigrad.optim.lbfgs import LBFGS
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.rprop import ASGD, Rprop
from minigrad.optim.sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "swa_utils",
]
