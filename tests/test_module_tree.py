"""Modules in modules: walking them, finding one, and changing all of them."""

import pytest
from small_modules import Net, Scale, names

import minigrad
from minigrad import nn

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
        with pytest.raises(AssertionError, match="runs on the CPU"):
            move()


def test_only_floating_dtypes():
    with pytest.raises(TypeError, match="only accepts floating point dtypes"):
        Scale().to(minigrad.int64)
