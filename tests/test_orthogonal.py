"""Parametrizations by orthogonal matrices, vs torch and by what they promise."""

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad import nn
from minigrad.nn.utils import parametrize
from minigrad.nn.utils.parametrizations import orthogonal

MAPS = ("matrix_exp", "cayley", "householder", None)
SIZES = [(4, 4), (3, 5), (5, 3)]


def made(lib, size, orthogonal_map, trivial):
    lib.manual_seed(2)
    layer = lib.nn.Linear(*size)
    return lib.nn.utils.parametrizations.orthogonal(
        layer, "weight", orthogonal_map, use_trivialization=trivial
    )


def trained(lib, size, orthogonal_map, trivial):
    layer = made(lib, size, orthogonal_map, trivial)
    yield layer.weight.detach().clone()
    optimizer = lib.optim.SGD(layer.parameters(), lr=0.1)
    x = lib.tensor(np.random.default_rng(0).standard_normal((6, size[0])).astype(np.float32))
    for _ in range(5):
        optimizer.zero_grad()
        (layer(x) ** 3).mean().backward()
        optimizer.step()
    yield from (layer.weight.detach(), *(p.detach() for p in layer.parameters()))


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("orthogonal_map", MAPS)
@pytest.mark.parametrize("size", SIZES)
def test_training_is_torchs(torch, size, orthogonal_map, trivial):
    case = size, orthogonal_map, trivial
    for ours, theirs in zip(trained(minigrad, *case), trained(torch, *case), strict=True):
        assert_close(ours, theirs, rtol=2e-3, atol=2e-4)
    ours, theirs = made(minigrad, *case), made(torch, *case)
    assert list(ours.state_dict()) == list(theirs.state_dict())


def assert_orthonormal(w):
    w = w.detach()
    if w.size(-2) < w.size(-1):
        w = w.mT
    one = np.eye(w.size(-1), dtype=np.float32)
    assert_close(w.mT @ w, np.broadcast_to(one, (*w.shape[:-2], *one.shape)), atol=1e-5)


@pytest.mark.parametrize("trivial", [True, False])
@pytest.mark.parametrize("orthogonal_map", MAPS)
@pytest.mark.parametrize("size", SIZES)
def test_weights_stay_orthogonal(size, orthogonal_map, trivial):
    for w in list(trained(minigrad, size, orthogonal_map, trivial))[:2]:
        assert_orthonormal(w)


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "householder"])
def test_a_weight_that_is_orthogonal_stays_as_it_is(orthogonal_map):
    layer = nn.Linear(3, 3)
    nn.init.orthogonal_(layer.weight)
    before = layer.weight.detach().clone()
    orthogonal(layer, orthogonal_map=orthogonal_map)
    assert_close(layer.weight.detach(), before.numpy(), atol=1e-6)
    turned = before[[2, 0, 1]]
    layer.weight = turned
    assert_close(layer.weight.detach(), turned.numpy(), atol=1e-6)


def test_batches_of_matrices_and_removal():
    layer = nn.Conv1d(3, 5, 2)
    orthogonal(layer)
    assert_orthonormal(layer.weight)
    parametrize.remove_parametrizations(layer, "weight")
    assert isinstance(layer.weight, nn.Parameter)
    assert_orthonormal(layer.weight)


def test_wrong_use():
    with pytest.raises(ValueError, match="'other'"):
        orthogonal(nn.Linear(2, 2), "other")
    with pytest.raises(ValueError, match="1 dimensions"):
        orthogonal(nn.Linear(2, 2), "bias")
    with pytest.raises(ValueError, match="orthogonal_map"):
        orthogonal(nn.Linear(2, 2), orthogonal_map="qr")
    layer = orthogonal(nn.Linear(2, 2), orthogonal_map="cayley", use_trivialization=False)
    with pytest.raises(NotImplementedError, match="Cayley"):
        layer.weight = minigrad.eye(2)
    with pytest.raises(ValueError, match="shape"):
        orthogonal(nn.Linear(2, 2)).weight = minigrad.eye(3)
