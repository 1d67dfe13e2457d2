"""Small modules for the tests of Module."""

import minigrad
from minigrad import nn


class Scale(nn.Module):
    """One parameter, one buffer, one that is not saved."""

    def __init__(self, size=3):
        super().__init__()
        self.factor = nn.Parameter(minigrad.ones(size))
        self.register_buffer("offset", minigrad.zeros(size))
        self.register_buffer("count", minigrad.tensor(0), persistent=False)

    def forward(self, x):
        return x * self.factor + self.offset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Scale()
        self.rest = nn.Sequential(Scale(), nn.Sequential(Scale(), nn.Identity()))

    def forward(self, x):
        return self.rest(self.first(x))


def names(pairs):
    return [name for name, _ in pairs]
