"""Hooks of all modules, and those that see what modules are given."""

import contextlib

import pytest

import minigrad
from minigrad import nn
from minigrad.nn.modules import global_hooks


class Twice(nn.Module):
    def forward(self, x, times=2):
        return x * times


class Broken(nn.Module):
    def forward(self, x):
        raise ValueError("broken")


def leaf(*values):
    return minigrad.tensor(values, requires_grad=True)


@contextlib.contextmanager
def everywhere(kind, hook, **options):
    """Register a hook of all modules, and leave no trace of it."""
    try:
        with getattr(nn.modules.module, f"register_module_{kind}")(hook, **options):
            yield
    finally:
        global_hooks._is_full_backward_hook = None


def test_hooks_of_all_modules_come_first():
    log, layer = [], nn.ReLU()

    def note(text):
        return lambda *args: log.append(text)

    layer.register_forward_pre_hook(note("own pre"))
    layer.register_forward_hook(note("own forward"))
    layer.register_full_backward_pre_hook(note("own backward pre"))
    layer.register_full_backward_hook(note("own backward"))
    with (
        everywhere("forward_pre_hook", note("pre")),
        everywhere("forward_hook", note("forward")),
        everywhere("full_backward_pre_hook", note("backward pre")),
        everywhere("full_backward_hook", note("backward")),
    ):
        layer.register_forward_pre_hook(note("own first"), prepend=True)
        layer(leaf(1.0)).sum().backward()
    assert log == [
        *("pre", "own first", "own pre", "forward", "own forward"),
        *("backward pre", "own backward pre", "backward", "own backward"),
    ]
    del log[:]
    layer(leaf(1.0))
    assert log == ["own first", "own pre", "own forward"]


def test_hooks_of_all_modules_see_every_module_and_replace():
    net, x, seen = nn.Sequential(nn.ReLU()), leaf(1.0, 1.0), []
    with (
        everywhere("forward_pre_hook", lambda m, args: (args[0] * 10,)),
        everywhere("forward_hook", lambda m, args, out: seen.append(m) or out + 1),
        everywhere("full_backward_pre_hook", lambda m, grads: (grads[0] * 3,)),
        everywhere("full_backward_hook", lambda m, gi, go: (gi[0] * 2,)),
    ):
        out = net(x)
        out.sum().backward()
    assert seen == [net[0], net]
    assert out.tolist() == [102, 102] and x.grad.tolist() == [3600, 3600]
    with minigrad.no_grad(), everywhere("forward_hook", lambda *args: seen.append(0)):
        nn.Sequential(nn.BatchNorm1d(2), nn.ReLU()).eval()(minigrad.ones(1, 2))
    assert seen[2:] == [0, 0, 0]  # also where layers are computed together


def test_options_of_hooks_of_all_modules():
    seen = []
    with everywhere("forward_hook", lambda m, a, k, o: seen.append(k), with_kwargs=True):
        Twice()(1, times=3)
    always = everywhere("forward_hook", lambda m, a, o: seen.append(o), always_call=True)
    with always, pytest.raises(ValueError, match="broken"):
        Broken()(1)
    with everywhere("backward_hook", lambda m, gi, go: seen.append(gi[0].tolist())):
        nn.ReLU()(leaf(1.0) * 1).backward()
    assert seen == [{"times": 3}, None, [1]]


def test_all_modules_have_one_kind_of_backward_hooks():
    for first, second in (("", "full_"), ("full_", "")):
        refused = pytest.raises(RuntimeError, match=r"both regular .* as a global Module hook")
        with everywhere(f"{first}backward_hook", print), refused:
            getattr(nn.modules.module, f"register_module_{second}backward_hook")(print)


# ---------------------------------------------------------------- registration


def registrations(library):
    """Return what hooks of registration see of a network that is made and changed."""
    seen, modules = [], library.nn.modules.module

    def note(module, name, value):
        size = list(value.shape) if isinstance(value, library.Tensor) else type(value).__name__
        seen.append((type(module).__name__, name, size))

    class Net(library.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = library.nn.Linear(2, 1)
            self.norm = library.nn.BatchNorm1d(1)
            self.scale = library.nn.Parameter(library.ones(3))
            self.register_buffer("mask", library.zeros(4))
            self.register_buffer("none", None)
            self.register_parameter("nothing", None)

    with contextlib.ExitStack() as stack:
        for kind in ("parameter", "buffer", "module"):
            register = getattr(modules, f"register_module_{kind}_registration_hook")
            stack.enter_context(register(note))
        net = Net()
        net.layer = library.nn.Identity()
        net.add_module("more", library.nn.Sequential(library.nn.ReLU()))
        net.mask = library.zeros(5)
    net.late = library.nn.ReLU()
    return seen


REGISTERED = [
    ("Linear", "weight", [1, 2]),
    ("Linear", "bias", [1]),
    ("Net", "layer", "Linear"),
    ("BatchNorm1d", "weight", [1]),
    ("BatchNorm1d", "bias", [1]),
    ("BatchNorm1d", "running_mean", [1]),
    ("BatchNorm1d", "running_var", [1]),
    ("BatchNorm1d", "num_batches_tracked", []),
    ("Net", "norm", "BatchNorm1d"),
    ("Net", "scale", [3]),
    ("Net", "mask", [4]),
    ("Net", "none", "NoneType"),
    ("Net", "layer", "Identity"),
    ("Sequential", "0", "ReLU"),
    ("Net", "more", "Sequential"),
    ("Net", "mask", [5]),
]


def test_hooks_of_registration_see_what_modules_are_given():
    assert registrations(minigrad) == REGISTERED


def test_those_registrations_are_torchs(torch):
    assert registrations(torch) == REGISTERED


def test_hooks_of_registration_replace():
    modules = nn.modules.module
    frozen = modules.register_module_parameter_registration_hook(
        lambda module, name, p: nn.Parameter(p.detach(), requires_grad=False)
    )
    with frozen:
        layer = nn.Linear(2, 1)
    with modules.register_module_module_registration_hook(lambda *given: nn.Identity()):
        net = nn.Sequential(nn.ReLU())
    assert not layer.weight.requires_grad and not layer.bias.requires_grad
    assert isinstance(net[0], nn.Identity) and nn.Linear(1, 1).weight.requires_grad
