"""Module: calling, registering, copying, printing."""

import copy
import pickle

import numpy as np
import pytest
from small_modules import Net, Scale, names

import minigrad
from minigrad import nn

# ---------------------------------------------------------------- calling


def test_a_call_is_forward():
    x = minigrad.tensor([1.0, 2.0, 3.0])
    assert Net()(x).tolist() == [1, 2, 3]


def test_a_call_passes_arguments_on():
    class Echo(nn.Module):
        def forward(self, *args, **kwargs):
            return args, kwargs

    assert Echo()(1, 2, key=3) == ((1, 2), {"key": 3})


def test_a_call_without_hooks_takes_the_short_way(monkeypatch):
    monkeypatch.setattr(nn.Module, "_call_with_hooks", None)
    assert nn.Identity()(5) == 5


def test_forward_is_required():
    with pytest.raises(NotImplementedError, match=r'Module \[Module\] is missing .* "forward"'):
        nn.Module()(1)


def test_init_takes_no_arguments():
    with pytest.raises(TypeError):
        nn.Module(1)
    with pytest.raises(TypeError):
        nn.Module(size=1)


# ---------------------------------------------------------------- registering


def test_assignment_registers():
    net = Net()
    assert names(net.named_children()) == ["first", "rest"]
    assert list(net.first._parameters) == ["factor"]
    assert list(net.first._buffers) == ["offset", "count"]
    assert list(net.rest._modules) == ["0", "1"]


def test_assigning_anew_keeps_the_place():
    m = nn.Module()
    m.a, m.b = nn.Parameter(minigrad.ones(1)), nn.Parameter(minigrad.ones(2))
    m.a = nn.Parameter(minigrad.ones(3))
    assert [p.numel() for p in m.parameters()] == [3, 2]


def test_none_keeps_the_name_registered():
    m = Scale()
    m.factor = None
    m.offset = None
    assert m.factor is None
    assert "factor" in m._parameters
    assert "offset" in m._buffers
    assert list(m.parameters()) == []
    assert list(m.state_dict()) == []
    m.offset = minigrad.ones(2)
    assert list(m.state_dict()) == ["offset"]


def test_what_may_replace_what():
    m = nn.Module()
    m.x = 5
    m.x = nn.Identity()  # a plain attribute makes way
    assert "x" in m._modules
    m.x = nn.Parameter(minigrad.ones(1))  # a parameter replaces a module
    assert "x" not in m._modules
    assert "x" in m._parameters
    with pytest.raises(TypeError):
        m.x = nn.Identity()
    m.register_buffer("y", minigrad.ones(1))
    m.y = nn.Identity()
    assert "y" in m._modules
    assert "y" not in m._buffers
    with pytest.raises(TypeError):
        m.y = nn.Buffer(minigrad.ones(1))


def test_a_buffer_takes_any_tensor():
    m = Scale()
    m.offset = minigrad.ones(3)
    assert "offset" in m._buffers
    with pytest.raises(TypeError, match=r"cannot assign 'int' as buffer 'offset' .* expected\)"):
        m.offset = 1


def test_buffer_class():
    m = nn.Module()
    m.kept = nn.Buffer(minigrad.ones(2))
    m.lost = nn.Buffer(minigrad.ones(2), persistent=False)
    assert names(m.named_buffers()) == ["kept", "lost"]
    assert list(m.state_dict()) == ["kept"]
    assert nn.Buffer().shape == (0,)


def test_a_plain_tensor_is_a_plain_attribute():
    m = nn.Module()
    m.x = minigrad.ones(2)
    assert list(m.state_dict()) == []
    assert list(m.buffers()) == []


def test_deleting():
    m = Net()
    del m.first.factor
    del m.rest
    assert list(m.first._parameters) == []
    assert names(m.named_children()) == ["first"]
    with pytest.raises(AttributeError):
        _ = m.rest
    with pytest.raises(AttributeError):
        del m.rest


def test_dir_lists_attributes_but_no_numbers():
    shown = dir(nn.Sequential(nn.Identity()))
    assert "training" in shown
    assert "forward" in shown
    assert "0" not in shown
    assert "factor" in dir(Scale())


def test_a_missing_attribute():
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'nothing'"):
        _ = Net().nothing


def test_registries_are_dictionaries():
    m = Net()
    replacement = nn.Identity()
    m._modules["rest"] = replacement
    assert m.rest is replacement
    assert dict(m._modules) == {"first": m.first, "rest": replacement}
    assert m._modules.pop("rest") is replacement
    assert not hasattr(m, "rest")
    assert "first" in m._modules
    assert "training" not in m._modules
    with pytest.raises(KeyError):
        m._modules["training"]
    assert repr(nn.Sequential(nn.Identity())._modules) == "{'0': Identity()}"


@pytest.mark.parametrize("kind", ["parameter", "buffer", "module"])
def test_names_that_are_refused(kind):
    value = {
        "parameter": nn.Parameter(minigrad.ones(1)),
        "buffer": minigrad.ones(1),
        "module": nn.Identity(),
    }[kind]
    for name, error, text in [
        (5, TypeError, "name should be a string. Got int"),
        ("", KeyError, "be empty string"),
        ("a.b", KeyError, "contain"),
        ("training", KeyError, "attribute 'training' already exists"),
        ("forward", KeyError, "attribute 'forward' already exists"),
    ]:
        with pytest.raises(error, match=text):
            getattr(nn.Module(), f"register_{kind}")(name, value)


def test_values_that_are_refused():
    m = nn.Module()
    with pytest.raises(TypeError, match="object to parameter 'p'"):
        m.register_parameter("p", minigrad.ones(1))
    with pytest.raises(TypeError, match="object to buffer 'b'"):
        m.register_buffer("b", np.ones(1))
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        m.add_module("m", 5)
    m.register_parameter("p", None)
    m.register_buffer("b", None)
    m.register_module("m", None)
    assert m.p is m.b is m.m is None


def test_before_init():
    class Early(nn.Module):
        def __init__(self, name, value):
            self.plain = 1  # allowed
            setattr(self, name, value)

    for value, kind in [
        (nn.Parameter(minigrad.ones(1)), "parameter"),
        (nn.Identity(), "module"),
        (nn.Buffer(minigrad.ones(1)), "buffer"),
    ]:
        with pytest.raises(AttributeError, match=rf"cannot assign {kind} before Module.__init__"):
            Early("x", value)


# ---------------------------------------------------------------- copies


def test_deepcopy():
    net = Net()
    net.rest[0].factor = net.first.factor
    net(minigrad.ones(3)).sum().backward()
    other = copy.deepcopy(net)
    assert other.first.factor is not net.first.factor
    assert other.rest[0].factor is other.first.factor  # still shared
    assert isinstance(other.first.factor, nn.Parameter)
    assert other.first.factor.grad is None  # as in torch
    with minigrad.no_grad():
        other.first.factor.fill_(7)
    assert net.first.factor.tolist() == [1, 1, 1]
    other.first.offset = None
    assert net.first.offset is not None
    other.third = nn.Identity()
    assert names(net.named_children()) == ["first", "rest"]


def test_pickle():
    net = Net().double()
    with minigrad.no_grad():
        net.first.factor.fill_(2)
    other = pickle.loads(pickle.dumps(net))
    assert names(other.named_parameters()) == names(net.named_parameters())
    assert isinstance(other.first.factor, nn.Parameter)
    assert other.first.factor.requires_grad
    x = minigrad.ones(3, dtype=minigrad.float64)
    assert other(x).tolist() == net(x).tolist()


# ---------------------------------------------------------------- Parameter


def test_parameter():
    data = minigrad.zeros(2)
    p = nn.Parameter(data)
    assert p.requires_grad
    assert p.is_leaf
    assert isinstance(p, minigrad.Tensor)
    data[0] = 1  # shared memory
    assert p.tolist() == [1, 0]
    assert type(p * 2) is minigrad.Tensor
    assert type(p.data) is minigrad.Tensor
    assert repr(p) == "Parameter containing:\ntensor([1., 0.], requires_grad=True)"
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    assert nn.Parameter().shape == (0,)
    for kind in (nn.Parameter, nn.Buffer):
        with pytest.raises(
            TypeError, match=rf"{kind.__name__}\(\): argument 'data' must be Tensor, not list"
        ):
            kind([1, 2])
    assert nn.Parameter(minigrad.tensor([1]), requires_grad=False).dtype is minigrad.int64
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(minigrad.tensor([1]))


def test_parameter_takes_a_tensor_that_has_a_history():
    x = minigrad.ones(2, requires_grad=True)
    p = nn.Parameter(x * 2)
    assert p.is_leaf
    assert p.tolist() == [2, 2]


# ---------------------------------------------------------------- printing


def test_repr():
    class Shown(Scale):
        def extra_repr(self):
            return "size=3"

    class Long(Scale):
        def extra_repr(self):
            return "one\ntwo"

    assert repr(Scale()) == "Scale()"
    assert repr(Shown()) == "Shown(size=3)"
    assert repr(Long()) == "Long(\n  one\n  two\n)"
    net = Shown()
    net.inner = nn.Sequential(Long())
    net.nothing = nn.Identity()
    net.nothing = None
    assert repr(net) == (
        "Shown(\n"
        "  size=3\n"
        "  (inner): Sequential(\n"
        "    (0): Long(\n"
        "      one\n"
        "      two\n"
        "    )\n"
        "  )\n"
        "  (nothing): None\n"
        ")"
    )


def test_to_empty_keeps_parameters_and_sizes():
    layer = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    weight, memory = layer[0].weight, layer[0].weight.data_ptr()
    assert layer.to_empty(device="cpu") is layer
    assert layer[0].weight is weight and weight.data_ptr() != memory
    assert [tuple(p.shape) for p in layer.parameters()] == [(3, 2), (3,), (3,), (3,)]
    kept = layer[1].running_mean
    layer.to_empty(device=None, recurse=False)
    assert layer[1].running_mean is kept
    with pytest.raises(AssertionError, match="cpu"):
        layer.to_empty(device="cuda")


def test_compile_leaves_a_module_as_it_is():
    layer = nn.Linear(2, 3)
    assert layer.compile(fullgraph=True) is None
    assert layer(minigrad.ones(1, 2)).shape == (1, 3)
