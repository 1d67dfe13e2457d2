"""Lazy layers: before the first call, at it, and as torch's."""

import copy
import pickle

import pytest
from support import assert_close

import minigrad
from minigrad import nn, optim
from minigrad.nn.modules.lazy import LazyModuleMixin

SHAPES = {1: (2, 4, 5), 2: (2, 4, 5, 6), 3: (2, 4, 3, 5, 6)}
LAYERS = [
    ("LazyLinear", (3,), {}, (2, 5)),
    ("LazyLinear", (3,), {"bias": False}, (2, 4, 5)),
    *((f"LazyConv{n}d", (6, 3), {"stride": 2, "groups": 2}, SHAPES[n]) for n in (1, 2, 3)),
    *((f"LazyConvTranspose{n}d", (6, 3, 2, 1, 1), {}, SHAPES[n]) for n in (1, 2, 3)),
    ("LazyConv2d", (6, 3), {"bias": False, "padding": 1}, (4, 5, 6)),
    *((f"LazyBatchNorm{n}d", (), {}, SHAPES[n]) for n in (1, 2, 3)),
    ("LazyBatchNorm1d", (1e-3, 0.2, False), {}, (3, 5)),
    ("LazyBatchNorm2d", (), {"affine": False, "track_running_stats": False}, SHAPES[2]),
    ("LazyBatchNorm2d", (), {"bias": False}, SHAPES[2]),
    *((f"LazyInstanceNorm{n}d", (), {}, SHAPES[n]) for n in (1, 2, 3)),
]  # fmt: skip


@pytest.mark.parametrize("name, args, options, shape", LAYERS)
def test_as_torchs(name, args, options, shape, torch):
    found = []
    for library in (minigrad, torch):
        library.manual_seed(2)
        layer = getattr(library.nn, name)(*args, **options)
        shown = [repr(layer), repr(list(layer.state_dict().items())), list(layer._buffers)]
        shown += [layer.has_uninitialized_params()]
        out = layer(library.rand(*shape))
        shown += [repr(layer), type(layer).__name__, list(layer.state_dict())]
        shown += [isinstance(layer, LazyModuleMixin if library is minigrad else type(None))]
        found.append((shown, [*layer.parameters(), *layer.buffers(), out]))
    assert found[0][0] == found[1][0]
    for ours, theirs in zip(found[0][1], found[1][1], strict=True):
        assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_uninitialized():
    layer = nn.LazyLinear(3)
    weight = layer.weight
    assert isinstance(weight, nn.Parameter)
    assert weight.requires_grad and weight.is_leaf and weight.dtype is minigrad.float32
    for use in (
        lambda: weight + 1,
        lambda: minigrad.ones(3) * weight,
        lambda: weight.sum(),
        lambda: weight.numel(),
        lambda: weight[0],
        lambda: len(weight),
        lambda: weight == weight,
        lambda: nn.init.zeros_(weight),
    ):
        with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter in"):
            use()
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized"):
        _ = weight.shape
    assert repr(copy.deepcopy(layer).weight) == "<UninitializedParameter>"
    assert repr(pickle.loads(pickle.dumps(weight))) == "<UninitializedParameter>"
    buffer = pickle.loads(pickle.dumps(nn.UninitializedBuffer(dtype=minigrad.float64)))
    assert repr(copy.deepcopy(buffer)) == "<UninitializedBuffer>"
    assert nn.parameter.is_lazy(weight) and not nn.parameter.is_lazy(nn.Parameter())
    buffer.materialize((2,))
    assert buffer.dtype is minigrad.float64 and buffer.shape == (2,)
    weight.materialize((2, 3), dtype=minigrad.float16)
    assert type(weight) is nn.Parameter and weight.dtype is minigrad.float16


def test_a_network_learns():
    """Parameters stay the same objects, so an optimizer may be made before the first call."""
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    net.to(minigrad.float64)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    x = minigrad.randn(8, 1, 5, 5, dtype=minigrad.float64)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = (net(x) - 1).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert [type(m).__name__ for m in net] == ["Conv2d", "BatchNorm2d", "Flatten", "Linear"]


def test_loading():
    layer, full = nn.LazyBatchNorm1d(), nn.BatchNorm1d(4)
    assert str(layer.load_state_dict(full.state_dict())) == "<All keys matched successfully>"
    assert layer.weight.shape == (4,) and not layer.has_uninitialized_params()
    layer(minigrad.rand(3, 4))
    assert repr(layer) == repr(full)
    for lazy, like, x in [
        (nn.LazyLinear(3), nn.Linear(4, 3), minigrad.rand(2, 4)),
        (nn.LazyConv1d(3, 2), nn.Conv1d(4, 3, 2), minigrad.rand(4, 5)),
    ]:
        lazy.load_state_dict(like.state_dict())
        assert minigrad.equal(lazy(x), like(x))
        assert repr(lazy) == repr(like)
    lazy = nn.LazyLinear(3)
    lazy.load_state_dict(nn.LazyLinear(3).state_dict())
    assert lazy.has_uninitialized_params()
    with pytest.raises(RuntimeError, match="Can't access the shape"):
        nn.Linear(4, 3).load_state_dict(lazy.state_dict())


def test_errors():
    x = minigrad.zeros(2, 3, 4, 4)
    with pytest.raises(RuntimeError, match="but got input of size"):
        nn.LazyConv2d(4, 3)(x[0, 0])
    with pytest.raises(ValueError, match="divisible by groups: 3 by 2"):
        nn.LazyConv2d(4, 3, groups=2)(x)
    with pytest.raises(ValueError, match="expected 4D input"):
        nn.LazyBatchNorm2d()(x[0])
    with pytest.raises(ValueError, match="uninitialized"):
        sum(p.numel() for p in nn.LazyLinear(2).parameters())


class Half(LazyModuleMixin, nn.Module):
    """A lazy layer of one's own, which stays one."""

    def __init__(self):
        super().__init__()
        self.scale = nn.UninitializedParameter()

    def initialize_parameters(self, x):
        if self.has_uninitialized_params():
            self.scale.materialize(x.shape[1:])
            nn.init.constant_(self.scale, 0.5)

    def forward(self, x):
        return x * self.scale


def test_a_layer_of_ones_own():
    layer = Half()
    for _ in range(2):
        assert layer(minigrad.ones(2, 3)).tolist() == [[0.5] * 3] * 2
    assert type(layer) is Half

    class Forgetful(Half):
        def initialize_parameters(self, x):
            pass

    with pytest.raises(RuntimeError, match="Forgetful has not been fully initialized"):
        Forgetful()(minigrad.ones(2, 3))
