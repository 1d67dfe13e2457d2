"""BatchNorm1d, 2d and 3d: torch's contract for the layers, over the op of test_batch_norm.py."""

import copy
import inspect
import pickle

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.nn.functional import batch_norm
from minigrad.ops.norm import batch_norm_relu

SHAPES = [(6, 3), (5, 2, 4), (3, 2, 3, 2), (2, 2, 2, 2, 2)]
LAYERS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_layer_trains_and_evaluates(shape):
    x = minigrad.randn(shape) * 2 + 3
    layer = LAYERS[len(shape)](shape[1])
    dims = tuple(i for i in range(len(shape)) if i != 1)
    y = layer(x).detach().numpy()
    np.testing.assert_allclose(y.mean(dims), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(dims), 1, rtol=1e-4)
    mean, var = x.numpy().mean(dims), x.numpy().var(dims, ddof=1)
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.running_var.numpy(), 0.9 + 0.1 * var, rtol=1e-5)
    assert layer.num_batches_tracked.item() == 1
    layer.eval()
    ones = [-1 if i == 1 else 1 for i in range(len(shape))]
    std = (layer.running_var + layer.eps).sqrt()
    expected = (x - layer.running_mean.reshape(ones)) / std.reshape(ones)
    np.testing.assert_allclose(layer(x).detach().numpy(), expected.numpy(), atol=1e-5)
    assert layer.num_batches_tracked.item() == 1


def test_momentum_none_averages_all_batches():
    layer = nn.BatchNorm1d(3, momentum=None, dtype=minigrad.float64)
    batches = np.random.default_rng(0).standard_normal((5, 8, 3))
    for batch in batches:
        layer(minigrad.tensor(batch))
    np.testing.assert_allclose(layer.running_mean.numpy(), batches.mean((0, 1)))
    np.testing.assert_allclose(layer.running_var.numpy(), batches.var(1, ddof=1).mean(0))
    assert layer.num_batches_tracked.item() == 5


def test_a_call_that_fails_is_no_batch():
    """Torch counts it; here a failed call changes nothing."""
    layer = nn.BatchNorm1d(3, momentum=None)
    for wrong in (minigrad.ones(1, 3), minigrad.ones(2, 4)):
        with pytest.raises((ValueError, RuntimeError)):
            layer(wrong)
        assert layer.num_batches_tracked.item() == 0
    layer(minigrad.empty(0, 3))
    assert layer.num_batches_tracked.item() == 1
    assert layer.num_batches_tracked._version == 2  # 1 more, in place
    assert layer.running_mean.tolist() == [0, 0, 0]


def test_without_running_statistics_evaluation_uses_the_batch():
    layer = nn.BatchNorm1d(3, track_running_stats=False).eval()
    x = minigrad.randn(8, 3) + 4
    assert abs(layer(x).mean().item()) < 1e-5
    assert list(layer.state_dict()) == ["weight", "bias"]
    layer.reset_running_stats()


def test_tracking_switched_off_later():
    layer = nn.BatchNorm1d(3)
    x = minigrad.randn(8, 3) + 4
    layer(x)
    kept = layer.running_mean.tolist()
    layer.track_running_stats = False
    layer(x)
    assert layer.running_mean.tolist() == kept
    assert layer.num_batches_tracked.item() == 1
    layer.eval()
    assert layer(x).mean().item() > 1  # the kept statistics are used


def test_affine_and_bias_arguments():
    assert [n for n, _ in nn.BatchNorm1d(3, affine=False).named_parameters()] == []
    assert [n for n, _ in nn.BatchNorm1d(3, bias=False).named_parameters()] == ["weight"]
    layer = nn.BatchNorm1d(3, affine=False)
    assert layer.weight is None
    assert layer.bias is None
    layer.reset_parameters()
    assert repr(nn.BatchNorm2d(4, bias=False)) == (
        "BatchNorm2d(4, eps=1e-05, momentum=0.1, affine=True, bias=False, track_running_stats=True)"
    )


def test_device_and_dtype_arguments():
    layer = nn.BatchNorm1d(3, device="cpu", dtype=minigrad.float64)
    assert {t.dtype for t in layer.state_dict().values()} == {minigrad.float64, minigrad.int64}
    with pytest.raises(AssertionError, match="CPU"):
        nn.BatchNorm1d(3, device="cuda")


def test_reset():
    layer = nn.BatchNorm1d(3)
    layer(minigrad.randn(4, 3))
    with minigrad.no_grad():
        layer.weight.fill_(5)
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0, 0, 0]
    assert layer.running_var.tolist() == [1, 1, 1]
    assert layer.num_batches_tracked.item() == 0
    assert layer.weight.tolist() == [5, 5, 5]
    layer.reset_parameters()
    assert layer.weight.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "layer, shape, words",
    [
        (nn.BatchNorm1d, (3,), "expected 2D or 3D input .got 1D input."),
        (nn.BatchNorm1d, (2, 3, 4, 5), "expected 2D or 3D input .got 4D input."),
        (nn.BatchNorm2d, (2, 3, 4), "expected 4D input .got 3D input."),
        (nn.BatchNorm3d, (2, 3, 4, 5), "expected 5D input .got 4D input."),
    ],
)
def test_wrong_number_of_dimensions(layer, shape, words):
    with pytest.raises(ValueError, match=words):
        layer(3)(minigrad.ones(shape))


def test_wrong_number_of_channels():
    with pytest.raises(RuntimeError, match=r"running_mean should contain 4 elements.*not 3"):
        nn.BatchNorm1d(3)(minigrad.ones(2, 4))


def test_state_dict_versions():
    layer = nn.BatchNorm1d(3)
    layer(minigrad.randn(4, 3))
    state = layer.state_dict()
    names = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    assert list(state) == names
    assert state._metadata[""] == {"version": 2}
    other = nn.BatchNorm1d(3)
    other.load_state_dict(state)
    for name in names:
        assert other.state_dict()[name].tolist() == state[name].tolist()
    # Version 1, and files that keep no version, know no num_batches_tracked.
    old = {name: state[name] for name in names[:-1]}
    fresh = nn.Sequential(nn.BatchNorm1d(3))
    fresh.load_state_dict({f"0.{name}": value for name, value in old.items()})
    assert fresh[0].num_batches_tracked.item() == 0
    layer.load_state_dict(old)
    assert layer.num_batches_tracked.item() == 1  # its own, as in torch
    del state["num_batches_tracked"]
    with pytest.raises(RuntimeError, match=r"Missing key.*num_batches_tracked"):
        layer.load_state_dict(state)


def test_copies_are_independent():
    layer = nn.BatchNorm1d(3)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        layer(minigrad.randn(4, 3))
        assert twin.num_batches_tracked.item() == layer.num_batches_tracked.item() - 1
        assert twin.running_mean.tolist() == [0, 0, 0]
        layer.reset_running_stats()
        layer.num_batches_tracked.add_(0)


def test_half_layer_and_half_input_to_a_float_layer():
    x = minigrad.randn(8, 3).half()
    layer = nn.BatchNorm1d(3)
    assert layer(x).dtype is minigrad.float16
    assert layer.running_mean.dtype is minigrad.float32
    layer.half()
    assert layer.num_batches_tracked.dtype is minigrad.int64
    before = layer.running_mean.tolist()
    layer(x + 1).sum().backward()
    assert layer.running_mean.tolist() != before
    assert layer.weight.grad.dtype is minigrad.float16


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("tracks", [True, False])
@pytest.mark.parametrize("shape", [(32, 5), (4, 3, 20), (3, 4, 7, 6), (2, 3, 4, 3, 5)], ids=str)
def test_layers_agree_with_torch(shape, tracks, affine, momentum, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    name = LAYERS[len(shape)].__name__
    layers = [
        getattr(m.nn, name)(shape[1], 1e-4, momentum, affine, tracks, dtype=getattr(m, dtype))
        for m in (minigrad, torch)
    ]
    assert repr(layers[0]) == repr(layers[1])
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    for step in range(4):
        if step == 3:
            for layer in layers:
                layer.eval()
        data = rng.standard_normal((2, *shape)).astype(dtype)
        grads = []
        for m, layer in zip((minigrad, torch), layers, strict=True):
            x = m.tensor(data[0], requires_grad=True)
            y = layer(x)
            layer.zero_grad()
            y.backward(m.tensor(data[1]))
            grads.append([x.grad, *(p.grad for p in layer.parameters()), y.detach(),
                          *layer.state_dict().values()])  # fmt: skip
        for a, b in zip(*grads, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=tolerance, atol=tolerance)


def test_signatures_are_torchs():
    torch = pytest.importorskip("torch")

    def names(function):
        return {n: p.default for n, p in inspect.signature(function).parameters.items()}

    for name in ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"):
        assert names(getattr(nn, name)) == names(getattr(torch.nn, name))
    assert names(batch_norm) == names(torch.nn.functional.batch_norm)


NUMBERS = {
    "0-d tensor": lambda lib: lib.tensor(0.25),
    "0-d tensor of float64": lambda lib: lib.tensor(0.25, dtype=lib.float64),
    "0-d tensor of integers": lambda lib: lib.tensor(1),
    "float32": lambda lib: np.float32(0.25),
    "float64": lambda lib: np.float64(0.25),
    "int64": lambda lib: np.int64(1),
    "bool": lambda lib: True,
}
NO_NUMBERS = {
    "vector": lambda lib: lib.tensor([0.25]),
    "wants a gradient": lambda lib: lib.tensor(0.25, requires_grad=True),
    "array": lambda lib: np.array([0.25]),
    "text": lambda lib: "0.25",
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_momentum_and_eps_are_numbers_of_any_kind(torch, kind):
    results = []
    for lib in minigrad, torch:
        x = lib.arange(6).reshape(3, 2).float()
        number = NUMBERS[kind](lib)
        layer = lib.nn.BatchNorm1d(2, momentum=number, eps=number)
        mean, var = lib.zeros(2), lib.ones(2)
        out = lib.nn.functional.batch_norm(x, mean, var, training=True, momentum=number, eps=number)
        results.append([y.detach().numpy() for y in (layer(x), layer.running_mean, out, mean)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("name", ["momentum", "eps"])
@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_momentum_and_eps_must_be_numbers(kind, name):
    with pytest.raises(TypeError, match=f"argument '{name}' must be float"):
        batch_norm(
            minigrad.rand(3, 2), None, None, training=True, **{name: NO_NUMBERS[kind](minigrad)}
        )


def test_the_pass_with_relu_refuses_what_the_layer_refuses():
    layer = nn.BatchNorm2d(3).eval()
    for wrong in (minigrad.ones(2, 4, 5, 5), minigrad.ones(2, 3, 5, 5).double()):
        for norm in (layer, layer.forward_relu):
            with minigrad.no_grad(), pytest.raises(RuntimeError, match="running_mean"):
                norm(wrong)
    for norm in (layer, layer.forward_relu):
        with minigrad.no_grad(), pytest.raises(ValueError, match="got 3D input"):
            norm(minigrad.ones(2, 3, 5))


def test_the_pass_with_relu_has_the_eps_of_batch_norm():
    x, mean, var = minigrad.tensor([[1e-3], [-1e-3]]), minigrad.zeros(1), minigrad.zeros(1)
    np.testing.assert_array_equal(
        batch_norm_relu(x, mean, var).numpy(), batch_norm(x, mean, var).relu().numpy()
    )


def test_a_counter_of_another_dtype_counts_too():
    layer = nn.BatchNorm1d(3)
    layer.num_batches_tracked = minigrad.tensor(2.0)
    layer(minigrad.randn(4, 3))
    assert layer.num_batches_tracked.item() == 3.0
    assert layer.num_batches_tracked._version == 1


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4)])
def test_the_pass_with_relu_gives_the_bits_of_one_after_the_other(shape):
    x, zero = minigrad.full(shape, -0.0), minigrad.zeros(3)
    arguments = (zero, zero + 1, zero + 1, -zero)  # of which -0.0 comes, that ReLU lets through
    y = batch_norm(x, *arguments)
    assert np.signbit(y.numpy()).all()
    assert batch_norm_relu(x, *arguments).numpy().tobytes() == y.relu().numpy().tobytes()
