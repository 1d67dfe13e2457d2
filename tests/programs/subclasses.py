"""Subclasses of Tensor: what the results of calls on them are, and what they do instead."""

import functools

import torch
import torch.nn as nn
import torch.nn.functional as F


class Metres(torch.Tensor):
    """The results of operations are of the class; it has a method of its own."""

    @staticmethod
    def __new__(cls, data, unit="m", *args, **kwargs):
        return super().__new__(cls, data, *args, **kwargs)

    def __init__(self, data, unit="m"):
        self.unit = unit

    def feet(self):
        return self / 0.3048


x = Metres([[1.0, 2.0], [3.0, 4.0]], unit="m")
print(x, x.unit, type(x.feet()).__name__)
print(type(x + torch.ones(2, 2)), type(torch.ones(2, 2) * x), type(1 - x), type(x[0]), type(x.T))
print([type(part).__name__ for part in x.split(1)], type(x.max(0).values).__name__)
print(type(torch.cat([torch.zeros(1, 2), x])), type(torch.relu(x)), type(F.softmax(x, dim=1)))
print(type(x.sum().item()), type(x.numpy()), type(x.tolist()), len(x), x.ndim)
print(isinstance(x, torch.Tensor), torch.is_tensor(x), type(x.as_subclass(torch.Tensor)).__name__)
print(type(torch.tensor([1.0]).as_subclass(Metres)), type(torch.Tensor._make_subclass(Metres, x)))
x += 1
x[0] = 0
print(x, x.add_(1) is x)

# gradients are plain, and go through
w = torch.tensor([[1.0], [2.0]], requires_grad=True)
y = (x.detach() @ w).pow(2).mean()
y.backward()
print(type(y), y.grad_fn.name(), type(w.grad).__name__, w.grad)
leaf = torch.ones(3).as_subclass(Metres).requires_grad_()
(leaf * torch.arange(3.0)).sum().backward()
print(leaf.grad, type(leaf.grad).__name__, leaf.is_leaf)
print(type(torch.autograd.grad((leaf**2).sum(), leaf)[0]).__name__)

# layers pass it on
torch.manual_seed(0)
net = nn.Sequential(
    nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)
)
image = torch.rand(2, 1, 7, 7).as_subclass(Metres)
out = net(image)
print(type(out), out.shape, [round(v, 4) for v in out[0].tolist()])
loss = F.cross_entropy(out, torch.tensor([0, 2]))
loss.backward()
print(type(loss), type(net[0].weight.grad).__name__, round(loss.item(), 4))
print(type(nn.LSTM(2, 2)(x.detach()[None])[0]), type(nn.LSTMCell(2, 2)(x.detach())[0]))


# what is called is logged
class Logged(torch.Tensor):
    calls = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.calls.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})


a = torch.ones(2).as_subclass(Logged)
(a + 1).mul(2).sum()
torch.exp(a)
F.relu(a) @ a
print(Logged.calls)

# functions of one's own in their place, for a class that is no tensor
HANDLED = {}


def implements(function):
    @functools.wraps(function)
    def decorator(own):
        HANDLED[function] = own
        return own

    return decorator


class ScalarTensor:
    def __init__(self, n, value):
        self.n, self.value = n, value

    def tensor(self):
        return self.value * torch.eye(self.n)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func not in HANDLED or not all(issubclass(t, (torch.Tensor, cls)) for t in types):
            return NotImplemented
        return HANDLED[func](*args, **(kwargs or {}))


@implements(torch.mean)
def mean(input):
    return float(input.value) / input.n


@implements(torch.add)
def add(input, other):
    if isinstance(input, ScalarTensor) and isinstance(other, ScalarTensor):
        return ScalarTensor(input.n, input.value + other.value).tensor()
    if isinstance(input, ScalarTensor):
        return torch.add(input.tensor(), other)
    return torch.add(input, other.tensor())


d = ScalarTensor(2, 3)
print(torch.mean(d), torch.add(d, d), torch.add(torch.ones(2, 2), d), torch.add(d, torch.ones(2)))
try:
    torch.mul(d, 2)
except TypeError:
    print("torch.mul is not handled")


# a tensor with metadata, by composition
class Tagged:
    def __init__(self, data, tag=None):
        self._t, self._tag = torch.as_tensor(data), tag

    def __repr__(self):
        return f"Tag:\n{self._tag}\n\ndata:\n{self._t}"

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        tags = tuple(a._tag for a in args if hasattr(a, "_tag"))
        args = [getattr(a, "_t", a) for a in args]
        assert len(tags) > 0
        return Tagged(func(*args, **(kwargs or {})), tag=tags[0])


print(torch.add(Tagged([[1, 2], [3, 4]], tag="owner"), torch.tensor([[1, 2], [1, 2]])))


# the subclass decides
class Left(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func is torch.Tensor.add or func is torch.add:
            return "Left adds"
        return super().__torch_function__(func, types, args, kwargs)


class Right(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return NotImplemented


left, right = torch.ones(1).as_subclass(Left), torch.ones(1).as_subclass(Right)
print(left + right, right + left, torch.add(right, left), type(left * 2))
for call in (lambda: torch.exp(right), lambda: right + 1):
    try:
        call()
    except TypeError as error:
        print("TypeError")
print(
    issubclass(Left, torch.Tensor),
    torch.overrides.is_tensor_like(d),
    torch.overrides.has_torch_function((left,)),
)
with torch._C.DisableTorchFunctionSubclass():
    print(type(left + 1).__name__)


# a parameter of a class of one's own
class Scaled(nn.Parameter):
    def double(self):
        return self * 2


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = Scaled(torch.ones(2))

    def forward(self, x):
        return x * self.weight.double()


layer = Layer()
print(layer.weight, type(layer.weight.double()).__name__, list(dict(layer.named_parameters())))
layer(torch.ones(2)).sum().backward()
print(layer.weight.grad)


# as people make classes of images
class TensorBase(torch.Tensor):
    def __new__(cls, x, **more):
        made = torch.as_tensor(x).as_subclass(cls)
        for name, value in more.items():
            setattr(made, name, value)
        return made


class Image(TensorBase):
    pass


class Mask(Image):
    pass


image, mask = Image(torch.arange(12.0).view(3, 2, 2), title="cat"), Mask(torch.ones(3, 2, 2))
print(image.title, type(image + mask), type(image.float()), [type(row) for row in image][0])
print(
    type(torch.utils.data.default_collate([image, image])), type(image.mT), type(image.chunk(2)[0])
)
