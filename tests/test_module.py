"""Module: registering, walking, converting, copying, printing."""

import copy
import pickle

import numpy as np
import pytest

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


# ---------------------------------------------------------------- walking


def test_named_modules():
    net = Net()
    assert names(net.named_modules()) == ["", "first", "rest", "rest.0", "rest.1", "rest.1.0",
                                          "rest.1.1"]  # fmt: skip
    assert names(net.named_modules(prefix="net"))[:2] == ["net", "net.first"]
    assert next(net.modules()) is net
    assert len(list(net.children())) == 2


def test_shared_modules_count_once():
    shared = Scale()
    net = nn.Sequential(shared, shared)
    assert names(net.named_modules()) == ["", "0"]
    assert names(net.named_modules(remove_duplicate=False)) == ["", "0", "1"]
    assert names(net.named_children()) == ["0"]
    assert names(net.named_parameters()) == ["0.factor"]
    assert names(net.named_parameters(remove_duplicate=False)) == ["0.factor", "1.factor"]
    assert list(net.state_dict()) == ["0.factor", "0.offset", "1.factor", "1.offset"]


def test_shared_parameters_count_once():
    net = Net()
    net.rest[0].factor = net.first.factor
    assert names(net.named_parameters()) == ["first.factor", "rest.1.0.factor"]
    assert len(list(net.parameters())) == 2
    assert len(names(net.named_parameters(remove_duplicate=False))) == 3


def test_members_of_one_module():
    net = Net()
    assert list(net.parameters(recurse=False)) == []
    assert names(net.first.named_buffers(prefix="x", recurse=False)) == ["x.offset", "x.count"]
    assert len(list(net.buffers())) == 6


def test_finding_by_name():
    net = Net()
    assert net.get_submodule("") is net
    assert net.get_submodule("rest.1.0") is net.rest[1][0]
    assert net.get_parameter("rest.0.factor") is net.rest[0].factor
    assert net.get_buffer("first.offset") is net.first.offset
    for find, target, text in [
        (net.get_submodule, "rest.7", "Sequential has no attribute `7`"),
        (net.get_submodule, "first.factor", "`factor` is not an nn.Module"),
        (net.get_parameter, "first.nothing", "Scale has no attribute `nothing`"),
        (net.get_parameter, "first.offset", "`offset` is not an nn.Parameter"),
        (net.get_buffer, "first.factor", "`factor` is not a buffer"),
        (net.get_buffer, "second.factor", "Net has no attribute `second`"),
    ]:
        with pytest.raises(AttributeError, match=text):
            find(target)


def test_set_submodule():
    net = Net()
    new = nn.Identity()
    net.set_submodule("rest.1.0", new)
    assert net.rest[1][0] is new
    net.set_submodule("added", new)
    assert net.added is new
    with pytest.raises(ValueError, match="without a target name"):
        net.set_submodule("", new)
    with pytest.raises(ValueError, match="`module` is not an nn"):
        net.set_submodule("rest", 5)
    with pytest.raises(AttributeError, match="has no attribute `missing`"):
        net.set_submodule("missing", new, strict=True)
    with pytest.raises(AttributeError, match="`factor` is not an nn"):
        net.set_submodule("first.factor", new)


# ---------------------------------------------------------------- changing all of it


def test_apply_goes_from_the_leaves_up():
    seen = []
    net = Net()
    assert net.apply(lambda m: seen.append(m._get_name())) is net
    assert seen == ["Scale", "Scale", "Scale", "Identity", "Sequential", "Sequential", "Net"]


def test_train_and_eval():
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert all(m.training for m in net.train().modules())
    with pytest.raises(ValueError, match="training mode is expected to be boolean"):
        net.train(1)


def test_requires_grad():
    net = Net()
    assert net.requires_grad_(False) is net
    assert not any(p.requires_grad for p in net.parameters())
    assert all(p.requires_grad for p in net.requires_grad_().parameters())


def test_zero_grad():
    net = Scale()
    net(minigrad.ones(3)).sum().backward()
    gradient = net.factor.grad
    net.zero_grad(set_to_none=False)
    assert net.factor.grad is gradient
    assert gradient.tolist() == [0, 0, 0]
    net.zero_grad()
    assert net.factor.grad is None
    net.zero_grad(set_to_none=False)  # nothing there: nothing to do


def test_zero_grad_of_a_gradient_with_a_history():
    net = Scale()
    (net(minigrad.ones(3)) ** 2).sum().backward(create_graph=True)
    assert net.factor.grad.requires_grad
    net.zero_grad(set_to_none=False)
    assert not net.factor.grad.requires_grad
    assert net.factor.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda m: m.double(), minigrad.float64),
        (lambda m: m.half(), minigrad.float16),
        (lambda m: m.double().float(), minigrad.float32),
        (lambda m: m.to(minigrad.float64), minigrad.float64),
        (lambda m: m.to("cpu", minigrad.float64), minigrad.float64),
        (lambda m: m.to(minigrad.ones(1, dtype=minigrad.float64)), minigrad.float64),
        (lambda m: m.to(dtype=minigrad.float64, non_blocking=True), minigrad.float64),
        (lambda m: m.to(minigrad.device("cpu")), minigrad.float32),
        (lambda m: m.to(memory_format=minigrad.contiguous_format), minigrad.float32),
        (lambda m: m.cpu(), minigrad.float32),
    ],
)
def test_conversion(convert, dtype):
    net = Net()
    net(minigrad.ones(3)).sum().backward()
    before = list(net.parameters())
    assert convert(net) is net
    assert all(a is b for a, b in zip(before, net.parameters(), strict=True))
    for p in net.parameters():
        assert isinstance(p, nn.Parameter)
        assert p.is_leaf
        assert p.requires_grad
        assert p.dtype is dtype
        assert p.grad.dtype is dtype
    assert net.first.offset.dtype is dtype
    assert net.first.count.dtype is minigrad.int64  # integers stay
    assert net(minigrad.ones(3, dtype=dtype)).dtype is dtype


def test_type_converts_integers_too():
    net = Scale().type(minigrad.float64)
    assert {t.dtype for t in (*net.parameters(), *net.buffers())} == {minigrad.float64}


def test_there_is_only_the_cpu():
    for move in (
        lambda: nn.Linear(1, 1).cuda(),
        lambda: nn.Linear(1, 1).cuda(0),
        lambda: nn.Linear(1, 1).to("cuda"),
        lambda: nn.Linear(1, 1).to(device="cuda:0"),
    ):
        with pytest.raises(RuntimeError, match="runs on the CPU"):
            move()


def test_only_floating_dtypes():
    with pytest.raises(TypeError, match="only accepts floating point dtypes"):
        Scale().to(minigrad.int64)


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
    with pytest.raises(RuntimeError, match="cpu"):
        layer.to_empty(device="cuda")


def test_compile_leaves_a_module_as_it_is():
    layer = nn.Linear(2, 3)
    assert layer.compile(fullgraph=True) is None
    assert layer(minigrad.ones(1, 2)).shape == (1, 3)
