"""AdaptiveLogSoftmaxWithLoss: torch's weights and numbers, probabilities, errors."""

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad import nn

OPTIONS = [
    {"cutoffs": [3, 6]},
    {"cutoffs": [1, 2, 11], "div_value": 2.0, "head_bias": True},
    {"cutoffs": [5]},
]
X = np.random.default_rng(0).standard_normal((7, 16)).astype(np.float32)
TARGET = np.array([0, 11, 5, 3, 2, 6, 0])


def results(lib, options):
    lib.manual_seed(3)
    layer = lib.nn.AdaptiveLogSoftmaxWithLoss(16, 12, **options)
    x = lib.tensor(X, requires_grad=True)
    output, loss = layer(x, lib.tensor(TARGET))
    loss.backward()
    yield from (output, loss, x.grad, *layer(x[0], lib.tensor(6)))
    yield from (p for p in layer.parameters())
    yield lib.tensor([p.grad is None for p in layer.parameters()])  # of unused clusters
    yield from (p.grad for p in layer.parameters() if p.grad is not None)
    yield from (layer.log_prob(x), layer.predict(x), layer.predict(10 * x))
    layer.reset_parameters()
    yield from (p for p in layer.parameters())


@pytest.mark.parametrize("options", OPTIONS)
def test_numbers_are_torchs_for_a_seed(torch, options):
    for ours, theirs in zip(results(minigrad, options), results(torch, options), strict=True):
        assert_close(ours.detach(), theirs, rtol=1e-4, atol=1e-6)
    ours = nn.AdaptiveLogSoftmaxWithLoss(16, 12, **options)
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 12, **options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("options", OPTIONS)
def test_probabilities(options):
    layer, x = nn.AdaptiveLogSoftmaxWithLoss(16, 12, **options), minigrad.tensor(X)
    log_prob = layer.log_prob(x)
    assert_close(log_prob.exp().sum(1).detach(), np.ones(7, np.float32))
    output, loss = layer(x, minigrad.tensor(TARGET))
    assert_close(output.detach(), log_prob.detach().numpy()[np.arange(7), TARGET])
    assert_close(loss.detach(), -output.detach().numpy().mean())
    assert layer.predict(x).tolist() == log_prob.argmax(1).tolist()


RECORDED = [-1.098612, -0.972637]  # torch 2.13.0


def test_recorded_numbers():
    layer = nn.AdaptiveLogSoftmaxWithLoss(2, 4, [2], div_value=1.0)
    with minigrad.no_grad():
        for i, p in enumerate(layer.parameters()):
            p.copy_(minigrad.arange(float(p.numel())).reshape(p.shape) * 0.1 * (i + 1))
    output, loss = layer(minigrad.tensor([[1.0, -1.0], [0.5, 2.0]]), minigrad.tensor([0, 3]))
    assert_close(output.detach(), np.float32(RECORDED))
    assert_close(loss.detach(), -np.mean(RECORDED, dtype=np.float32))


@pytest.mark.parametrize("cutoffs", [[], [3, 3], [6, 3], [0, 3], [3, 12], [3.5], [-1]])
def test_wrong_cutoffs(cutoffs):
    with pytest.raises(ValueError, match="cutoffs"):
        nn.AdaptiveLogSoftmaxWithLoss(16, 12, cutoffs)


WRONG = [
    ("no class", X, [0, 1, 2, 3, 4, 5, 12]),
    ("negative", X, [0, 1, 2, 3, 4, 5, -1]),
    ("sizes", X, [0, 1]),
    ("two dimensions", X, [[0]]),
    ("one sample, many targets", X[0], [0, 1]),
    ("many samples, one target", X, 1),
    ("floats", X, TARGET.astype(np.float32)),
]


@pytest.mark.parametrize("name, x, target", WRONG)
def test_wrong_targets(name, x, target):
    layer = nn.AdaptiveLogSoftmaxWithLoss(16, 12, [3, 6])
    with pytest.raises(RuntimeError):
        layer(minigrad.tensor(x), minigrad.tensor(target))
