"""nn.utils: fusing, weight and spectral norm, parametrizations, calls with other parameters; and
ParameterList and ParameterDict."""

import copy
import warnings

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad import nn
from minigrad.nn.utils import parametrizations, parametrize

# ---------------------------------------------------------------- fusing

FUSED = {
    "conv": ("Conv2d(2, 3, 3)", "BatchNorm2d(3)", (4, 2, 5, 5)),
    "conv plain": ("Conv2d(2, 3, 3, bias=False)", "BatchNorm2d(3, affine=False)", (4, 2, 5, 5)),
    "conv 1d": ("Conv1d(2, 3, 3)", "BatchNorm1d(3, bias=False)", (4, 2, 5)),
    "transposed": ("ConvTranspose2d(2, 3, 3)", "BatchNorm2d(3)", (4, 2, 5, 5)),
    "linear": ("Linear(4, 3)", "BatchNorm1d(3)", (5, 4)),
    "linear plain": ("Linear(4, 3, bias=False)", "BatchNorm1d(3, affine=False)", (5, 4)),
}


def made(t, call):
    return eval(call, {name: getattr(t.nn, name) for name in dir(t.nn)})


def fuse(t, layer, bn):
    if "Linear" in repr(layer):
        return t.nn.utils.fuse_linear_bn_eval(layer, bn)
    return t.nn.utils.fuse_conv_bn_eval(layer, bn, "Transpose" in repr(layer))


@pytest.mark.parametrize("name", FUSED)
def test_fused_layers_compute_the_same(name, rng):
    layer, bn, shape = FUSED[name]
    layer, bn = made(minigrad, layer), made(minigrad, bn)
    for p in bn.parameters():
        nn.init.uniform_(p, 0.5, 1.5)
    x = minigrad.from_numpy(rng.normal(size=shape).astype(np.float32))
    for _ in range(3):
        bn(layer(x))
    layer.eval(), bn.eval()
    before = copy.deepcopy(layer.state_dict())
    fused = fuse(minigrad, layer, bn)
    assert_close(fused(x).detach(), bn(layer(x)).detach(), rtol=1e-4, atol=1e-5)
    assert fused.bias is not None and type(fused) is type(layer)
    for key, value in layer.state_dict().items():
        assert_close(value, before[key])


@pytest.mark.parametrize("name", FUSED)
def test_fused_weights_are_torchs(name, torch):
    if name == "linear plain":
        pytest.skip("torch cannot")
    found = []
    for t in (minigrad, torch):
        t.manual_seed(2)
        layer, bn = made(t, FUSED[name][0]).eval(), made(t, FUSED[name][1]).eval()
        bn.running_mean.uniform_(-1, 1)
        bn.running_var.uniform_(0.5, 2)
        found.append(fuse(t, layer, bn))
    assert_close(found[0].weight.detach(), found[1].weight.detach())
    assert_close(found[0].bias.detach(), found[1].bias.detach(), atol=1e-6)


def test_fusing_wants_evaluation_and_statistics(torch):
    for t in (minigrad, torch):
        conv, u = t.nn.Conv2d(2, 3, 1), t.nn.utils
        with pytest.raises(AssertionError):
            u.fuse_conv_bn_eval(conv, t.nn.BatchNorm2d(3))
        with pytest.raises(AssertionError):
            bn = t.nn.BatchNorm2d(3, track_running_stats=False)
            u.fuse_conv_bn_eval(conv.eval(), bn.eval())
        with pytest.raises(AssertionError):
            u.fuse_linear_bn_eval(t.nn.Linear(2, 3).eval(), t.nn.BatchNorm1d(4).eval())


# ---------------------------------------------------------------- norms of weights


def quietly(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return function(*args, **kwargs)


NORMS = {
    "weight": (lambda t, m: quietly(t.nn.utils.weight_norm, m), "Linear(3, 4)"),
    "weight dim": (lambda t, m: quietly(t.nn.utils.weight_norm, m, dim=1), "Conv1d(3, 4, 2)"),
    "weight whole": (lambda t, m: quietly(t.nn.utils.weight_norm, m, dim=None), "Linear(3, 4)"),
    "spectral": (lambda t, m: t.nn.utils.spectral_norm(m), "Linear(3, 4)"),
    "spectral conv": (
        lambda t, m: t.nn.utils.spectral_norm(m, n_power_iterations=2),
        "Conv1d(3, 4, 2)",
    ),
    "spectral transposed": (lambda t, m: t.nn.utils.spectral_norm(m), "ConvTranspose1d(3, 4, 2)"),
    "new weight": (lambda t, m: t.nn.utils.parametrizations.weight_norm(m), "Linear(3, 4)"),
    "new weight whole": (
        lambda t, m: t.nn.utils.parametrizations.weight_norm(m, dim=None),
        "Linear(3, 4)",
    ),
    "new spectral": (lambda t, m: t.nn.utils.parametrizations.spectral_norm(m), "Conv1d(3, 4, 2)"),
    "new spectral vector": (
        lambda t, m: t.nn.utils.parametrizations.spectral_norm(m, "bias"),
        "Linear(3, 4)",
    ),
}


@pytest.mark.parametrize("name", NORMS)
def test_normed_layers_train_as_torchs(name, torch):
    apply, layer = NORMS[name]
    found = []
    for t in (minigrad, torch):
        t.manual_seed(4)
        module = apply(t, made(t, layer))
        x = t.randn(5, 3) if "Linear" in layer else t.randn(2, 3, 5)
        results = []
        for _ in range(3):
            module.zero_grad()
            out = module(x)
            out.square().sum().backward()
            with t.no_grad():
                for p in module.parameters():
                    p -= 0.01 * p.grad
            results.append(out.detach())
        module.eval()
        results.append(module(x).detach())
        found.append((results, module.state_dict(), repr(module)))
    for ours, theirs in zip(found[0][0], found[1][0], strict=True):
        assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    assert list(found[0][1]) == list(found[1][1])
    for key in found[0][1]:
        assert_close(found[0][1][key], found[1][1][key], rtol=1e-4, atol=1e-5)
    assert found[0][2] == found[1][2]


def test_norms_are_removed():
    layer = nn.Linear(3, 4)
    weight = layer.weight.detach().clone()
    quietly(nn.utils.weight_norm, layer)
    nn.utils.remove_weight_norm(layer)
    assert_close(layer.weight.detach(), weight)
    nn.utils.spectral_norm(layer)
    nn.utils.remove_spectral_norm(layer)
    assert sorted(layer.state_dict()) == ["bias", "weight"] and not layer._forward_pre_hooks
    for remove in (nn.utils.remove_weight_norm, nn.utils.remove_spectral_norm):
        with pytest.raises(ValueError, match="not found"):
            remove(layer)
    nn.utils.spectral_norm(layer)
    with pytest.raises(RuntimeError, match="two spectral_norm hooks"):
        nn.utils.spectral_norm(layer)
    with pytest.raises(ValueError, match="positive"):
        nn.utils.spectral_norm(nn.Linear(2, 3), n_power_iterations=0)
    with pytest.raises(ValueError, match="positive"):
        parametrizations.spectral_norm(nn.Linear(2, 3), n_power_iterations=0)
    with pytest.raises(ValueError, match="has no parameter"):
        parametrizations.spectral_norm(nn.Linear(2, 3), "other")
    with pytest.warns(FutureWarning, match="parametrizations"):
        nn.utils.weight_norm(nn.Linear(2, 3))


# ---------------------------------------------------------------- parametrizations


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).t()

    def right_inverse(self, a):
        return a.triu()


class Halved(nn.Module):
    def forward(self, x):
        return x[:1]


def test_a_parametrized_layer():
    layer = nn.Linear(3, 3)
    original = layer.weight
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert bool((layer.weight == layer.weight.t()).all())
    assert isinstance(layer, nn.Linear) and type(layer).__name__ == "ParametrizedLinear"
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    assert parametrize.is_parametrized(layer) and parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    layer(minigrad.ones(2, 3)).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None
    value = minigrad.ones(3, 3)
    layer.weight = value
    assert_close(layer.weight.detach(), value)
    twin = copy.deepcopy(layer)
    assert_close(twin.weight.detach(), value)
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear and isinstance(layer.weight, nn.Parameter)
    assert sorted(layer.state_dict()) == ["bias", "weight"] and original.shape == (3, 3)
    assert parametrize.is_parametrized(twin)


def test_parametrizations_are_chained_and_cached():
    calls = []

    class Twice(nn.Module):
        def forward(self, x):
            calls.append(1)
            return x * 2

    layer = nn.Linear(2, 2, bias=False)
    weight = layer.weight.detach().clone()
    parametrize.register_parametrization(layer, "weight", Twice())
    parametrize.register_parametrization(layer, "weight", Twice())
    assert_close(layer.weight.detach(), weight * 4)
    calls.clear()
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert len(calls) == 2
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert_close(layer.weight.detach(), weight)


def test_wrong_parametrizations():
    layer = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="shape"):
        parametrize.register_parametrization(layer, "weight", Halved())
    assert type(layer) is nn.Linear and "weight" in layer._parameters
    with pytest.raises(ValueError, match="does not have a parameter"):
        parametrize.register_parametrization(layer, "other", Symmetric())
    with pytest.raises(ValueError, match="does not have a parametrization"):
        parametrize.remove_parametrizations(layer, "weight")
    with pytest.raises(ValueError, match="one or more"):
        parametrize.ParametrizationList([], layer.weight)
    parametrize.register_parametrization(layer, "weight", nn.Tanh())
    with pytest.raises(RuntimeError, match="right_inverse"):
        layer.weight = minigrad.ones(2, 2)
    with pytest.raises(ValueError, match="shape"):
        parametrize.register_parametrization(layer, "weight", Halved())
    parametrizations.weight_norm(layer, "bias", dim=None)
    with pytest.raises(ValueError, match="leave_parametrized"):
        parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "bias")
    assert layer.bias.shape == (2,)


# ---------------------------------------------------------------- calls and beginnings


def test_functional_call_leaves_the_module_as_it_was():
    layer = nn.Linear(2, 1)
    before = layer.weight
    other = {"weight": minigrad.zeros(1, 2), "bias": minigrad.ones(1)}
    out = nn.utils.stateless.functional_call(layer, other, (minigrad.ones(3, 2),))
    assert out.tolist() == [[1.0]] * 3 and layer.weight is before
    with pytest.raises(RuntimeError, match="missing"):
        nn.utils.stateless.functional_call(
            layer, {"bias": minigrad.ones(1)}, (minigrad.ones(2),), strict=True
        )


def test_skip_init_draws_nothing():
    minigrad.manual_seed(0)
    expected = minigrad.rand(2)
    minigrad.manual_seed(0)
    assert nn.utils.skip_init(nn.Linear, 2, 3).weight.shape == (3, 2)
    assert_close(minigrad.rand(2), expected)
    for wrong in (nn.ReLU, int):
        with pytest.raises(RuntimeError):
            nn.utils.skip_init(wrong)


# ---------------------------------------------------------------- lists and dictionaries


def messages(t, calls):
    """Return what each call gives: a repr, or the class of the exception."""
    found = []
    for call in calls:
        try:
            result = call(t)
        except Exception as error:
            found.append(type(error).__name__)
        else:
            found.append(repr(result).replace("minigrad", "torch"))
    return found


def a_list(t):
    return t.nn.ParameterList([t.ones(2, 3), t.nn.Parameter(t.zeros(1)), 3])


def a_dict(t):
    return t.nn.ParameterDict({"b": t.ones(2), "a": t.nn.Parameter(t.zeros(1)), "c": 4})


LISTS = [
    a_list,
    lambda t: list(a_list(t).state_dict()),
    lambda t: [type(v).__name__ for v in a_list(t)],
    lambda t: a_list(t)[-1],
    lambda t: a_list(t)[0:2],
    lambda t: a_list(t)[3],
    lambda t: a_list(t)["a"],
    lambda t: len(a_list(t).append(t.ones(1)).extend([1, 2])),
    lambda t: a_list(t).extend(3),
    lambda t: a_list(t).__iadd__([t.ones(2)]),
    lambda t: a_list(t).__setitem__(7, 1),
    lambda t: a_list(t)(1),
    lambda t: t.nn.ParameterList(),
    lambda t: [n for n, _ in a_list(t).double().named_parameters()],
]
DICTS = [
    a_dict,
    lambda t: list(a_dict(t).state_dict()),
    lambda t: (list(a_dict(t)), list(a_dict(t).keys()), len(a_dict(t)), "a" in a_dict(t)),
    lambda t: [type(v).__name__ for v in a_dict(t).values()],
    lambda t: list(reversed(a_dict(t))),
    lambda t: a_dict(t)["z"],
    lambda t: a_dict(t)[3],
    lambda t: a_dict(t).pop("c"),
    lambda t: a_dict(t).popitem(),
    lambda t: a_dict(t).get("z", 5),
    lambda t: a_dict(t).get("c"),
    lambda t: a_dict(t).setdefault("z", 6),
    lambda t: a_dict(t).setdefault("c", 6),
    lambda t: a_dict(t).fromkeys(["u", "v"], t.ones(1)),
    lambda t: a_dict(t) | a_dict(t).fromkeys(["u"], 2),
    lambda t: {"x": 1, "c": 2} | a_dict(t),
    lambda t: a_dict(t).update(3),
    lambda t: a_dict(t).update([("a",)]),
    lambda t: a_dict(t).update([3]),
    lambda t: a_dict(t).copy(),
    lambda t: a_dict(t)(1),
    lambda t: a_dict(t).__setitem__(3, 1),
    lambda t: t.nn.ParameterDict([("z", t.ones(1)), ("y", t.ones(1))]),
    lambda t: t.nn.ParameterDict(3),
    lambda t: t.nn.ParameterDict(),
]


def test_parameter_list(torch):
    assert messages(minigrad, LISTS) == messages(torch, LISTS)


def test_parameter_dict(torch):
    assert messages(minigrad, DICTS) == messages(torch, DICTS)


def test_held_parameters_are_the_modules():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.list = a_list(minigrad)
            self.dict = a_dict(minigrad)

    net = Net()
    assert [name for name, _ in net.named_parameters()] == ["list.0", "list.1", "dict.a", "dict.b"]
    net.load_state_dict({k: v + 1 for k, v in net.state_dict().items()})
    assert net.list[0].tolist() == [[2.0] * 3] * 2
    net.list[0] = minigrad.zeros(1)
    del net.dict["a"]
    assert net.list[0].requires_grad and list(net.dict) == ["b", "c"]
    net.dict.clear()
    assert len(net.dict) == 0 and len(list(net.parameters())) == 2
