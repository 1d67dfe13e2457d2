"""Parameters that are of a class of their own, and modes, which see all calls."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import (
    BaseTorchFunctionMode,
    TorchFunctionMode,
    handle_torch_function,
    has_torch_function,
    is_tensor_method_or_property,
    resolve_name,
    wrap_torch_function,
)


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
print(tags(model.parameters()), [type(b).__name__ for b in model.buffers()])
print(dict(model.state_dict()))
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


# modes
class Log(TorchFunctionMode):
    def __init__(self, title="called"):
        super().__init__()
        self.title = title

    def __torch_function__(self, func, types, args=(), kwargs=None):
        print(self.title, resolve_name(func), len(args), sorted(kwargs or {}))
        return func(*args, **(kwargs or {}))


x, y = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.ones(2, requires_grad=True)
with Log():
    torch.add(x, 1)
    x + 1, 1 + x, x - 1, 1 - x, x * x, x / 2, x // 2, 2**x, x % 2, x @ x, -x, abs(x), x == 1, x > 1
    x.sum(dim=0), x.t().clone(), x.size(), F.linear(x, x), torch.softmax(x, 0), torch.linalg.norm(x)
    torch.stack([x, x]), torch.zeros(2), torch.tensor([1.0]), torch.rand(1), torch.arange(3)
    x[0], x.add_(1), x.long() & 1
    x[0] = 2
    x += 1
    for row in x.unbind():
        row.mul(2)
    nn.Flatten()(x)
    (y * 2).sum()
x + 1
with Log("outer"), Log("inner"):
    x + 1


class Double(TorchFunctionMode):
    """Sums of this program are twice what they are."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        return 2 * result if func in (torch.add, torch.Tensor.add) else result


with Double():
    print(torch.add(x, 1), x + 1, x - 1)
with Double(), Double(), BaseTorchFunctionMode():
    print((x + 1).tolist())


class Wide(TorchFunctionMode):
    """What is made is of float64."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in (torch.zeros, torch.ones, torch.tensor, torch.rand):
            kwargs.setdefault("dtype", torch.float64)
        return func(*args, **kwargs)


with Wide():
    print(torch.zeros(2), torch.ones(1, dtype=torch.int32), torch.tensor([1, 2]))
print(torch.zeros(2))


class Flops(TorchFunctionMode):
    """Counts the multiplications of linear layers."""

    count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is F.linear:
            self.count += args[0].numel() * args[1].shape[0]
        return func(*args, **(kwargs or {}))


net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
with Flops() as flops:
    net(torch.ones(3, 4)).sum().backward()
print(flops.count, [p.grad is not None for p in net.parameters()])


class Logged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print("class", func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})


logged = x.as_subclass(Logged)
with Log("mode"):
    print(type(logged + 1).__name__)
    logged.sum()


class Refuses(TorchFunctionMode):
    def __init__(self, error=None):
        self.error = error

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if self.error:
            raise self.error
        return NotImplemented


for mode in Refuses(), Refuses(ValueError("no sums today")), TorchFunctionMode():
    try:
        with mode:
            x + 1
    except Exception as error:
        print(type(error).__name__)
print(x + 1)


def scaled(a, by=1):
    if has_torch_function((a,)):
        return handle_torch_function(scaled, (a,), a, by=by)
    return a * by


@wrap_torch_function(lambda a: (a,))
def shifted(a):
    return a + 1


print(scaled(x, 2), shifted(x))
with Log("of mine"):
    scaled(x), shifted(x)
print(type(scaled(logged)).__name__)
shown = torch.Tensor.add, torch.Tensor.shape.__get__, torch.Tensor.__getitem__, F.relu, len
print([(resolve_name(f), is_tensor_method_or_property(f)) for f in shown])
