"""Layer, group, instance, RMS and local response norm, and normalize: against torch, against
numbers that follow from the definitions, and by finite differences."""

import numpy as np
import pytest
from support import FLOATS, assert_close, check_gradients, compare_with_torch, layouts

import minigrad
from minigrad import nn
from minigrad.nn import functional as F


def functional(library):
    return library.nn.functional


# name: (shape of the input, what to call, shapes of the vectors)
CALLS = {
    "layer_norm last": ((4, 5, 6), lambda f, x: f.layer_norm(x, (6,)), ()),
    "layer_norm two": (
        (4, 5, 6),
        lambda f, x, w, b: f.layer_norm(x, [5, 6], w, b, 1e-3),
        ((5, 6), (5, 6)),
    ),
    "layer_norm all": ((3, 4), lambda f, x, w: f.layer_norm(x, (3, 4), w), ((3, 4),)),
    "layer_norm bias": ((3, 4), lambda f, x, b: f.layer_norm(x, (4,), None, b), ((4,),)),
    "layer_norm one value": ((3, 1), lambda f, x, w, b: f.layer_norm(x, (1,), w, b), ((1,), (1,))),
    "group_norm": ((3, 4, 5), lambda f, x, w, b: f.group_norm(x, 2, w, b), ((4,), (4,))),
    "group_norm plain": ((3, 4, 2, 2), lambda f, x: f.group_norm(x, 4, eps=0.1), ()),
    "group_norm flat": ((3, 4), lambda f, x, w: f.group_norm(x, 2, w), ((4,),)),
    "instance_norm": (
        (3, 4, 5),
        lambda f, x, w, b: f.instance_norm(x, weight=w, bias=b),
        ((4,), (4,)),
    ),
    "instance_norm 2d": ((2, 3, 4, 5), lambda f, x: f.instance_norm(x, eps=1e-2), ()),
    "rms_norm": ((4, 5, 6), lambda f, x, w: f.rms_norm(x, (6,), w), ((6,),)),
    "rms_norm two": ((4, 5, 6), lambda f, x: f.rms_norm(x, (5, 6), eps=0.1), ()),
    "local_response_norm": ((2, 5, 3), lambda f, x: f.local_response_norm(x, 3, 0.1, 0.5, 2.0), ()),
    "local_response_norm even": ((2, 5, 3, 2), lambda f, x: f.local_response_norm(x, 4, 1.0), ()),
    "normalize": ((3, 4), lambda f, x: f.normalize(x), ()),
    "normalize 1": ((3, 4, 2), lambda f, x: f.normalize(x, 1, -1, 0.1), ()),
    "normalize inf": ((3, 4, 2), lambda f, x: f.normalize(x, float("inf"), 0), ()),
}


def arrays_for(name, rng, dtype="float64"):
    shape, _, vectors = CALLS[name]
    return [rng.normal(0.5, 2, s).astype(dtype) for s in (shape, *vectors)]


# torch has no float16 for the one, and no second derivative of the other
NOT_IN_TORCH = {("local_response_norm even", "float16")}
ONCE = {"layer_norm bias"}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", CALLS)
def test_agrees_with_torch(name, dtype, torch, rng):
    if (name, dtype) in NOT_IN_TORCH:
        pytest.skip("torch does not have it")
    arrays = arrays_for(name, rng, dtype)
    loose = {"float16": {"rtol": 1e-2, "atol": 2e-2}, "float32": {"rtol": 1e-4, "atol": 2e-5}}
    compare_with_torch(
        torch,
        lambda library, *x: CALLS[name][1](functional(library), *x),
        arrays,
        double=dtype == "float64" and name not in ONCE,
        **loose.get(dtype, {"rtol": 1e-7, "atol": 1e-9}),
    )


@pytest.mark.parametrize("name", CALLS)
def test_gradients(name, rng):
    if name == "layer_norm one value":
        pytest.skip("its gradient is zero but for the rounding")
    check_gradients(lambda *x: CALLS[name][1](F, *x), *arrays_for(name, rng))


@pytest.mark.parametrize("name", CALLS)
def test_layouts_give_the_same(name, rng):
    x, *vectors = arrays_for(name, rng)
    vectors = [minigrad.from_numpy(v) for v in vectors]
    found = [CALLS[name][1](F, minigrad.from_numpy(a), *vectors) for a in layouts(x).values()]
    for other in found[1:]:
        assert_close(other, found[0].numpy())


@pytest.mark.parametrize("n", [100, 256, 1000])
def test_statistics_are_those_of_rows(n, rng):
    x = rng.normal(1e4, 1, (64, n)).astype(np.float32)  # a mean far from 0 costs no accuracy
    y = F.layer_norm(minigrad.from_numpy(x), (n,)).numpy()
    wide = x.astype(np.float64)
    expected = (wide - wide.mean(1, keepdims=True)) / np.sqrt(wide.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_empty(shape):
    x = minigrad.zeros(*shape, requires_grad=True)
    y = F.layer_norm(x, shape[1:])
    assert y.shape == shape
    y.sum().backward()
    assert x.grad.shape == shape


WRONG = {
    "layer shape": (lambda t, f: f.layer_norm(t.ones(2, 3), (4,)), RuntimeError),
    "layer empty shape": (lambda t, f: f.layer_norm(t.ones(2, 3), ()), RuntimeError),
    "layer int": (lambda t, f: f.layer_norm(t.ones(2, 3), 3), TypeError),
    "layer weight": (lambda t, f: f.layer_norm(t.ones(2, 3), (3,), t.ones(2)), RuntimeError),
    "layer bias": (lambda t, f: f.layer_norm(t.ones(2, 3), (3,), None, t.ones(2)), RuntimeError),
    "layer dtype": (
        lambda t, f: f.layer_norm(t.ones(2, 3), (3,), t.ones(3, dtype=t.float64)),
        RuntimeError,
    ),
    "layer long": (lambda t, f: f.layer_norm(t.ones(2, 3).long(), (3,)), NotImplementedError),
    "group 1d": (lambda t, f: f.group_norm(t.ones(3), 1), RuntimeError),
    "group count": (lambda t, f: f.group_norm(t.ones(2, 3), 2), RuntimeError),
    "group zero": (lambda t, f: f.group_norm(t.ones(2, 3), 0), ZeroDivisionError),
    "group negative": (lambda t, f: f.group_norm(t.ones(2, 3), -1), RuntimeError),
    "group weight": (lambda t, f: f.group_norm(t.ones(2, 3, 2), 3, t.ones(2)), RuntimeError),
    "group one value": (lambda t, f: f.group_norm(t.ones(1, 3), 3), ValueError),
    "instance one value": (lambda t, f: f.instance_norm(t.ones(2, 3, 1)), ValueError),
    "instance running": (
        lambda t, f: f.instance_norm(t.ones(2, 3, 4), use_input_stats=False),
        RuntimeError,
    ),
    "instance weight": (
        lambda t, f: f.instance_norm(t.ones(2, 3, 4), weight=t.ones(2)),
        RuntimeError,
    ),
    "rms shape": (lambda t, f: f.rms_norm(t.ones(2, 3), (4,)), RuntimeError),
    "rms weight": (lambda t, f: f.rms_norm(t.ones(2, 3), (3,), t.ones(2)), RuntimeError),
    "lrn 2d": (lambda t, f: f.local_response_norm(t.ones(2, 3), 2), ValueError),
    "normalize dim": (lambda t, f: f.normalize(t.ones(3), dim=1), IndexError),
    "GroupNorm": (lambda t, f: t.nn.GroupNorm(2, 3), ValueError),
    "InstanceNorm1d": (lambda t, f: t.nn.InstanceNorm1d(2)(t.ones(2, 2, 2, 2)), ValueError),
    "InstanceNorm2d": (
        lambda t, f: t.nn.InstanceNorm2d(2, affine=True)(t.ones(2, 3, 2, 2)),
        ValueError,
    ),
    "CrossMapLRN2d": (lambda t, f: t.nn.CrossMapLRN2d(2)(t.ones(2, 3, 2)), ValueError),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input(name, torch):
    call, error = WRONG[name]
    with pytest.raises(error):
        call(minigrad, F)
    with pytest.raises(error):
        call(torch, torch.nn.functional)


def test_running_statistics_of_instances(torch, rng):
    a = rng.normal(2, 3, (4, 3, 5, 5)).astype(np.float32)
    found = []
    for t in (minigrad, torch):
        layer = t.nn.InstanceNorm2d(3, affine=True, track_running_stats=True)
        for _ in range(2):
            layer(t.from_numpy(a))
        layer.eval()
        found.append((layer(t.from_numpy(a)), layer.running_mean, layer.running_var, repr(layer)))
    for ours, theirs in zip(found[0][:3], found[1][:3], strict=True):
        assert_close(ours.detach(), theirs.detach())
    assert found[0][3] == found[1][3]


LAYERS = {
    "LayerNorm(6)": (2, 4, 6),
    "LayerNorm((4, 6), bias=False)": (2, 4, 6),
    "LayerNorm([6], elementwise_affine=False, eps=0.1)": (2, 4, 6),
    "RMSNorm(6)": (2, 4, 6),
    "RMSNorm((4, 6), eps=0.1, elementwise_affine=False)": (2, 4, 6),
    "GroupNorm(2, 4)": (2, 4, 6),
    "GroupNorm(2, 4, affine=False)": (2, 4, 6),
    "GroupNorm(2, 4, bias=False)": (2, 4, 6),
    "InstanceNorm1d(4)": (4, 6),
    "InstanceNorm2d(4, affine=True)": (2, 4, 3, 2),
    "InstanceNorm3d(4, track_running_stats=True)": (2, 4, 3, 2, 2),
    "LocalResponseNorm(3)": (2, 4, 6),
    "CrossMapLRN2d(3, 0.5)": (2, 4, 6, 2),
    "CrossMapLRN2d(4, 0.5)": (2, 4, 6, 2),
}


@pytest.mark.parametrize("call", LAYERS)
def test_layers_agree_with_torch(call, torch, rng):
    a = rng.normal(0.5, 2, LAYERS[call]).astype(np.float32)
    found = []
    for t in (minigrad, torch):
        layer = eval(f"nn.{call}", {"nn": t.nn})
        found.append((layer(t.from_numpy(a)).detach(), layer))
    assert_close(found[0][0], found[1][0], rtol=1e-5, atol=1e-5)
    assert repr(found[0][1]) == repr(found[1][1])
    ours, theirs = (layer.state_dict() for _, layer in found)
    assert list(ours) == list(theirs)
    for name in ours:
        assert_close(ours[name], theirs[name])


def test_a_mismatch_of_features_warns():
    with pytest.warns(UserWarning, match="does not match num_features"):
        nn.InstanceNorm1d(3)(minigrad.rand(2, 4, 5))
