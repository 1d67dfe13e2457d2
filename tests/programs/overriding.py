"""Parameters that are of a class of their own."""

import torch
from torch import nn


class Masked(torch.Tensor):
    """A tensor that tells that it is one with a mask."""


def tags(tensors):
    return [(type(t).__name__, isinstance(t, nn.Parameter)) for t in tensors]


plain = torch.tensor([1.0, -2.0])
weight = nn.Parameter(plain.as_subclass(Masked))
print(weight, tags([weight, weight.detach(), weight * 2]), weight.data_ptr() == plain.data_ptr())
print(nn.Parameter(plain.as_subclass(Masked), requires_grad=False), tags([plain]))


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2).as_subclass(Masked))
        self.bias = nn.Parameter(torch.zeros(2))
        self.shift = nn.Buffer(torch.full((2,), 0.5).as_subclass(Masked))

    def forward(self, x):
        return x * self.weight + self.bias + self.shift


model = Scale()
print(tags(model.parameters()), [type(b).__name__ for b in model.buffers()], model.state_dict())
for Optimizer in torch.optim.SGD, torch.optim.Adam:
    optimizer = Optimizer(model.parameters(), lr=0.1)
    for _ in range(3):
        loss = model(torch.tensor([1.0, 3.0])).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(type(loss).__name__, type(model.weight.grad).__name__, loss.item(), model.weight)
model.load_state_dict({"weight": plain, "bias": plain, "shift": plain})
print(tags([model.double().weight]), model.weight)
model.weight = nn.Parameter(model.weight.detach())
try:
    model.weight = model.weight.detach()
except TypeError:
    print("not a parameter")
print(tags(nn.ParameterList([weight, plain.as_subclass(Masked)])))


class Special(nn.Parameter):
    pass


print(tags([Special(plain), nn.Parameter(Special(plain).data), Special(weight.detach())]))
print(isinstance(weight, Special), isinstance(Special(plain), Special))


class Stripped(torch.Tensor):
    __torch_function__ = nn.Parameter.__torch_function__


try:
    nn.Parameter(plain.as_subclass(Stripped))
except RuntimeError as error:
    print(str(error).partition(",")[0])
