"""Sequential, ModuleList, ModuleDict."""

import copy
from collections import OrderedDict

import pytest

import minigrad
from minigrad import nn


class Add(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.n = n

    def forward(self, x):
        return x + self.n

    def extra_repr(self):
        return f"{self.n}"


def added(modules):
    return [module.n for module in modules]


# ---------------------------------------------------------------- Sequential


def test_sequential_chains():
    assert nn.Sequential(Add(1), Add(10))(0) == 11
    assert nn.Sequential()(5) == 5


def test_sequential_of_named_modules():
    net = nn.Sequential(OrderedDict(first=Add(1), second=Add(2)))
    assert net.second.n == 2
    assert list(net._modules) == ["first", "second"]
    assert net[-1] is net.second
    assert net(0) == 3
    assert list(net[1:]._modules) == ["second"]


def test_sequential_indexing():
    net = nn.Sequential(Add(0), Add(1), Add(2), Add(3))
    assert len(net) == 4
    assert added(net) == [0, 1, 2, 3]
    assert net[1].n == 1
    assert net[-1].n == 3
    assert net[minigrad.tensor(2)].n == 2  # anything with __index__
    assert isinstance(net[1:3], nn.Sequential)
    assert added(net[1:3]) == [1, 2]
    assert added(net[::-2]) == [3, 1]
    assert net[1:3][0] is net[1]
    for index in (4, -5):
        with pytest.raises(IndexError, match=f"index {index} is out of range"):
            net[index]
        with pytest.raises(IndexError):
            del net[index]
        with pytest.raises(IndexError):
            net[index] = Add(0)
    with pytest.raises(TypeError):
        net["0"]


def test_sequential_changing():
    net = nn.Sequential(Add(0), Add(1), Add(2))
    net[1] = Add(10)
    assert added(net) == [0, 10, 2]
    del net[0]
    assert added(net) == [10, 2]
    assert list(net._modules) == ["0", "1"]
    assert net.append(Add(3)) is net
    assert net.extend([Add(4), Add(5)]) is net
    assert net.insert(1, Add(6)) is net
    assert added(net) == [10, 6, 2, 3, 4, 5]
    net.insert(-1, Add(7))
    assert added(net) == [10, 6, 2, 3, 4, 7, 5]
    del net[1:4]
    assert added(net) == [10, 4, 7, 5]
    assert list(net._modules) == ["0", "1", "2", "3"]
    assert net.pop(1).n == 4
    assert net.pop(-1).n == 5
    assert added(net) == [10, 7]
    for index in (3, -3):
        with pytest.raises(IndexError, match="out of range"):
            net.insert(index, Add(0))
    with pytest.raises(AssertionError):
        net.insert(0, 5)
    with pytest.raises(TypeError):
        net.append(5)
    with pytest.raises(TypeError):
        net.extend(5)


def test_appending_to_a_slice_loses_nothing():
    part = nn.Sequential(Add(0), Add(1), Add(2))[1:]
    assert list(part._modules) == ["1", "2"]
    part.append(Add(3))
    assert added(part) == [1, 2, 3]


def test_sequential_arithmetic():
    a, b = nn.Sequential(Add(0), Add(1)), nn.Sequential(Add(2))
    assert added(a + b) == [0, 1, 2]
    assert added(a * 2) == added(2 * a) == [0, 1, 0, 1]
    a += b
    assert added(a) == [0, 1, 2]
    a += a
    assert added(a) == [0, 1, 2, 0, 1, 2]
    b *= 3
    assert added(b) == [2, 2, 2]
    assert len(list(b.modules())) == 2  # three times the same one
    with pytest.raises(ValueError, match="only objects of Sequential class"):
        a + [Add(1)]  # noqa: RUF005
    with pytest.raises(ValueError, match="only objects of Sequential class"):
        a += [Add(1)]
    with pytest.raises(TypeError, match="unsupported operand"):
        a * 1.5
    with pytest.raises(ValueError, match="Non-positive multiplication factor 0"):
        a * 0


def test_sequential_runs_what_is_there_now():
    net = nn.Sequential(Add(1), Add(2))
    net._modules["0"] = Add(5)
    assert net(0) == 7
    net.add_module("last", Add(10))
    assert net(0) == 17
    assert copy.deepcopy(net)(0) == 17


def test_sequential_takes_modules_only():
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        nn.Sequential(Add(1), 5)
    with pytest.raises(TypeError, match="list is not a Module subclass"):
        nn.Sequential([Add(1)])
    with pytest.raises(TypeError, match=r"activation\.ReLU is not a Module subclass"):
        nn.Sequential(nn.ReLU)


# ---------------------------------------------------------------- ModuleList


def test_module_list():
    layers = nn.ModuleList([Add(0), Add(1)])
    layers.append(Add(2)).extend(Add(n) for n in (3, 4))
    layers += [Add(5)]
    assert added(layers) == [0, 1, 2, 3, 4, 5]
    assert len(layers) == 6
    assert layers[-1].n == 5
    assert isinstance(layers[1:3], nn.ModuleList)
    assert added(layers[1:3]) == [1, 2]
    assert list(layers[1:3]._modules) == ["0", "1"]
    layers[0] = Add(10)
    del layers[1]
    del layers[-2:]
    layers.insert(1, Add(7))
    layers.insert(-1, Add(8))
    layers.insert(100, Add(9))
    assert added(layers) == [10, 7, 2, 8, 3, 9]
    assert layers.pop(2).n == 2
    assert added(layers + nn.ModuleList([Add(0)])) == [10, 7, 8, 3, 9, 0]
    assert list(layers._modules) == ["0", "1", "2", "3", "4"]
    assert layers[0] in layers


def test_module_list_errors():
    layers = nn.ModuleList([Add(0)])
    with pytest.raises(IndexError, match="index 1 is out of range"):
        layers[1]
    with pytest.raises(TypeError, match=r"ModuleList\.extend should be called with an iterable"):
        layers.extend(3)
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        layers.append(3)
    with pytest.raises(NotImplementedError):
        layers(1)


def test_module_list_repr_folds_equal_neighbours():
    layers = nn.ModuleList([Add(0), Add(0), Add(1), nn.Sequential(Add(2)), nn.Sequential(Add(2))])
    assert repr(layers) == (
        "ModuleList(\n"
        "  (0-1): 2 x Add(0)\n"
        "  (2): Add(1)\n"
        "  (3-4): 2 x Sequential(\n"
        "    (0): Add(2)\n"
        "  )\n"
        ")"
    )
    assert repr(nn.ModuleList()) == "ModuleList()"


# ---------------------------------------------------------------- ModuleDict


def test_module_dict():
    d = nn.ModuleDict({"a": Add(1)})
    d["b"] = Add(2)
    d.update([("c", Add(3))])
    d.update(nn.ModuleDict({"d": Add(4)}))
    assert list(d) == list(d.keys()) == ["a", "b", "c", "d"]
    assert added(d.values()) == [1, 2, 3, 4]
    assert [k for k, m in d.items() if m.n > 2] == ["c", "d"]
    assert "a" in d
    assert "z" not in d
    assert len(d) == 4
    d["a"] = Add(9)
    assert d.a.n == 9
    del d["b"]
    assert d.pop("c").n == 3
    assert list(d) == ["a", "d"]
    assert len(list(d.modules())) == 3
    d.clear()
    assert len(d) == 0


def test_module_dict_errors():
    d = nn.ModuleDict()
    with pytest.raises(KeyError):
        d["missing"]
    with pytest.raises(KeyError, match="already exists"):
        d["keys"] = Add(1)
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        d["a"] = 5
    with pytest.raises(TypeError, match="should be called with an iterable of key/value pairs"):
        d.update(5)
    with pytest.raises(TypeError, match="element #0 should be Iterable; is int"):
        d.update([5])
    with pytest.raises(ValueError, match="element #0 has length 3; 2 is required"):
        d.update([(1, 2, 3)])


# ---------------------------------------------------------------- torch does the same

BUILD = [
    lambda nn: nn.Sequential(),
    lambda nn: nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh(), nn.Flatten())),
    lambda nn: nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh())) + nn.Sequential(nn.Sigmoid()),
    lambda nn: nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh()))[:1],
    lambda nn: nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid())[1:],
    lambda nn: nn.Sequential(nn.ReLU(), nn.Tanh()) * 2,
    lambda nn: nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh())).append(nn.Sigmoid()),
    lambda nn: nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh(), nn.Sequential(), nn.Sequential()]),
    lambda nn: nn.ModuleList([nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU()), nn.ReLU()]),
    lambda nn: nn.ModuleList([nn.ReLU(), nn.Tanh()])[1:],
    lambda nn: nn.ModuleDict({"x": nn.ReLU(), "y": nn.ModuleList([nn.Linear(1, 2)])}),
]


@pytest.mark.parametrize("build", BUILD, ids=range(len(BUILD)))
def test_repr_and_keys_are_torchs(build, torch):
    assert repr(build(nn)) == repr(build(torch.nn))
    assert list(build(nn).state_dict()) == list(build(torch.nn).state_dict())


def test_deleting_is_torchs(torch):
    for lib in (nn, torch.nn):
        net = lib.Sequential(OrderedDict(a=lib.ReLU(), b=lib.Tanh(), c=lib.Sigmoid()))
        del net[1]
        assert [name for name, _ in net.named_children()] == ["0", "1"]
