"""Margin losses, likelihoods, CTC, distances and bilinear: against torch, by finite differences,
and against numbers worked out from the definitions."""

import itertools
import math
import warnings

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad import nn
from minigrad.nn import functional as F

CLASSES = np.array([0, 3, 2])
LABELS = np.array([[3, 0, -1, 1], [0, -1, -1, -1], [-1, 2, 2, 2]])
SIGNS = np.array([1, -1, 1])


def lookup(t, name):
    return getattr(t.nn.functional, name)


def loss(name, *fixed, **options):
    """Return (library, *tensors) -> loss, with ``fixed`` arrays after the tensors."""

    def call(t, *tensors, **more):
        arrays = [t.from_numpy(a) if isinstance(a, np.ndarray) else a for a in fixed]
        return lookup(t, name)(*tensors, *arrays, **options, **more)

    return call


# name: (shapes of the floating inputs, the call)
LOSSES = {
    "poisson": ([(3, 4), (3, 4)], loss("poisson_nll_loss")),
    "poisson full": (
        [(3, 4), (3, 4)],
        lambda t, x, y, **more: t.nn.functional.poisson_nll_loss(
            x, y.square() * 3, full=True, **more
        ),
    ),
    "gaussian": (
        [(3, 4), (3, 4), (3, 4)],
        lambda t, x, y, v, **more: t.nn.functional.gaussian_nll_loss(
            x, y, v.square() + 0.1, **more
        ),
    ),
    "gaussian one": (
        [(3, 4), (3, 4), (3, 1)],
        lambda t, x, y, v, **more: t.nn.functional.gaussian_nll_loss(
            x, y, v.square() + 0.1, full=True, eps=0.2, **more
        ),
    ),
    "hinge": ([(3,)], loss("hinge_embedding_loss", SIGNS)),
    "cosine": ([(3, 4), (3, 4)], loss("cosine_embedding_loss", SIGNS)),
    "cosine margin": ([(3, 4), (3, 4)], loss("cosine_embedding_loss", SIGNS, margin=-0.3)),
    "cosine vector": (
        [(4,), (4,)],
        lambda t, a, b, **more: t.nn.functional.cosine_embedding_loss(a, b, t.tensor(1), **more),
    ),
    "ranking": ([(3,), (3,)], loss("margin_ranking_loss", SIGNS, margin=0.5)),
    "soft": ([(3,)], loss("soft_margin_loss", SIGNS)),
    "multi": ([(3, 4)], loss("multi_margin_loss", CLASSES)),
    "multi 2": ([(3, 4)], loss("multi_margin_loss", CLASSES, p=2, margin=0.7)),
    "multi vector": ([(4,)], loss("multi_margin_loss", np.array(2))),
    "multilabel": ([(3, 4)], loss("multilabel_margin_loss", LABELS)),
    "multilabel vector": ([(4,)], loss("multilabel_margin_loss", LABELS[0])),
    "multilabel soft": ([(3, 4)], loss("multilabel_soft_margin_loss", (LABELS > 0) * 1.0)),
    "triplet": ([(3, 4)] * 3, loss("triplet_margin_loss")),
    "triplet options": ([(3, 4)] * 3, loss("triplet_margin_loss", margin=2.0, p=1, swap=True)),
    "triplet distance": (
        [(3, 4)] * 3,
        loss(
            "triplet_margin_with_distance_loss",
            distance_function=lambda a, b: (a - b).square().sum(-1),
        ),
    ),
}


def arrays_for(shapes, rng, dtype="float64"):
    return [rng.normal(size=s).astype(dtype) for s in shapes]


def quiet(call):
    def inner(*arguments, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call(*arguments, **options)

    return inner


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_agree_with_torch(name, reduction, torch, rng):
    shapes, call = LOSSES[name]
    compare_with_torch(
        torch,
        lambda t, *x: call(t, *x, reduction=reduction),
        arrays_for(shapes, rng),
        double="multi" not in name,
        rtol=1e-7,
        atol=1e-9,
    )


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_float32(name, torch, rng):
    shapes, call = LOSSES[name]
    if name == "multilabel soft":
        call = loss("multilabel_soft_margin_loss", (LABELS > 0).astype(np.float32))
    compare_with_torch(torch, call, arrays_for(shapes, rng, "float32"), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name, rng):
    if name == "gaussian one":
        pytest.skip("the gradient ignores that the variance is clamped")
    shapes, call = LOSSES[name]
    check_gradients(lambda *x: call(minigrad, *x), *arrays_for(shapes, rng))


@pytest.mark.parametrize("name", ["multi_margin_loss", "multilabel_soft_margin_loss"])
def test_weights(name, torch, rng):
    target = CLASSES if name == "multi_margin_loss" else (LABELS > 0) * 1.0
    weight = rng.uniform(1, 2, 4)

    def call(t, x):
        return loss(name, target, weight=t.from_numpy(weight))(t, x)

    compare_with_torch(torch, call, [rng.normal(size=(3, 4))])


def test_the_old_arguments_for_reduction(torch, rng):
    x = rng.normal(size=(3, 4))
    for options in ({"size_average": False}, {"reduce": False}, {"size_average": True}):
        call = quiet(loss("soft_margin_loss", np.sign(x), **options))
        compare_with_torch(torch, call, [x])
    with pytest.warns(UserWarning, match="size_average and reduce"):
        nn.SoftMarginLoss(size_average=False)


LAYERS = {
    "PoissonNLLLoss()": [(3, 4), (3, 4)],
    "GaussianNLLLoss(full=True, reduction='sum')": [(3, 4), (3, 4), "positive"],
    "HingeEmbeddingLoss(0.5)": [(3,), SIGNS],
    "CosineEmbeddingLoss(0.1)": [(3, 4), (3, 4), SIGNS],
    "MarginRankingLoss(0.1)": [(3,), (3,), SIGNS],
    "SoftMarginLoss(reduction='none')": [(3,), SIGNS],
    "MultiMarginLoss(2, 0.5)": [(3, 4), CLASSES],
    "MultiLabelMarginLoss()": [(3, 4), LABELS],
    "MultiLabelSoftMarginLoss()": [(3, 4), LABELS > 0],
    "TripletMarginLoss(0.5, p=1.0, swap=True)": [(3, 4)] * 3,
    "TripletMarginWithDistanceLoss(margin=0.2, swap=True)": [(3, 4)] * 3,
    "PairwiseDistance(1.0, keepdim=True)": [(3, 4), (3, 4)],
    "CosineSimilarity(0)": [(3, 4), (3, 4)],
}


@pytest.mark.parametrize("call", LAYERS)
def test_layers_agree_with_torch(call, torch, rng):
    arrays = [
        np.abs(rng.normal(size=(3, 4)))
        if isinstance(kind, str)
        else rng.normal(size=kind)
        if isinstance(kind, tuple)
        else kind.astype(np.float64)
        if kind.dtype == bool
        else kind
        for kind in LAYERS[call]
    ]
    found = []
    for t in (minigrad, torch):
        layer = eval(call, {name: getattr(t.nn, name) for name in dir(t.nn)})
        found.append((layer(*map(t.from_numpy, arrays)), repr(layer)))
    assert_close(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


# Distances.

DISTANCES = {
    "pairwise": ([(3, 4), (3, 4)], loss("pairwise_distance")),
    "pairwise 1": ([(3, 4), (4,)], loss("pairwise_distance", p=1.0, keepdim=True)),
    "cosine": ([(3, 4), (3, 4)], loss("cosine_similarity")),
    "cosine 0": ([(3, 4), (1, 4)], loss("cosine_similarity", dim=0)),
    "pdist": ([(4, 3)], loss("pdist")),
    "pdist 1": ([(4, 3)], loss("pdist", p=1.0)),
    "pdist inf": ([(4, 3)], loss("pdist", p=math.inf)),
    "bilinear": ([(3, 4), (3, 2), (5, 4, 2)], loss("bilinear")),
    "bilinear bias": ([(2, 3, 4), (2, 3, 2), (5, 4, 2), (5,)], loss("bilinear")),
    "bilinear vector": ([(4,), (2,), (5, 4, 2)], loss("bilinear")),
}


@pytest.mark.parametrize("name", DISTANCES)
def test_distances(name, torch, rng):
    shapes, call = DISTANCES[name]
    arrays = arrays_for(shapes, rng)
    compare_with_torch(
        torch, call, arrays, double="pdist" not in name and "cosine" not in name, rtol=1e-7
    )
    compare_with_torch(torch, call, [a.astype(np.float32) for a in arrays], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", DISTANCES)
def test_gradients_of_distances(name, rng):
    shapes, call = DISTANCES[name]
    check_gradients(lambda *x: call(minigrad, *x), *arrays_for(shapes, rng))


def test_equal_rows_have_no_distance_and_no_gradient():
    x = minigrad.ones(3, 2, requires_grad=True)
    d = minigrad.pdist(x)
    d.sum().backward()
    assert d.tolist() == [0.0] * 3 and bool((x.grad == 0).all())


def test_a_seed_draws_torchs_bilinear(torch):
    minigrad.manual_seed(3)
    torch.manual_seed(3)
    ours, theirs = nn.Bilinear(2, 3, 4), torch.nn.Bilinear(2, 3, 4)
    assert_close(ours.weight.detach(), theirs.weight.detach())
    assert_close(ours.bias.detach(), theirs.bias.detach())
    assert repr(ours) == repr(theirs)


# CTC.


def ctc(t, x, targets, inputs, lengths, **options):
    log_probs = t.nn.functional.log_softmax(x, -1)
    return t.nn.functional.ctc_loss(log_probs, t.from_numpy(targets), inputs, lengths, **options)


CTC = {
    "table": ((8, 3, 5), np.array([[1, 2, 2], [3, 1, 0], [4, 4, 4]]), (8, 6, 8), (3, 2, 3), {}),
    "in a row": ((8, 3, 5), np.array([1, 2, 2, 3, 1, 4]), (8, 6, 8), (3, 2, 1), {}),
    "blank": ((8, 2, 5), np.array([[1, 2], [0, 0]]), (8, 7), (2, 2), {"blank": 4}),
    "empty target": ((4, 2, 3), np.array([[1, 2], [1, 1]]), (4, 4), (0, 2), {}),
    "impossible": ((4, 2, 3), np.array([[1, 1], [1, 2]]), (2, 4), (2, 2), {"zero_infinity": True}),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", CTC)
def test_ctc_agrees_with_torch(name, reduction, torch, rng):
    shape, targets, inputs, lengths, options = CTC[name]
    compare_with_torch(
        torch,
        lambda t, x: ctc(
            t, x, targets, t.tensor(inputs), t.tensor(lengths), reduction=reduction, **options
        ),
        [rng.normal(size=shape)],
        rtol=1e-7,
    )


def test_ctc_of_one_sample(torch, rng):
    x = rng.normal(size=(6, 4))
    for t in (minigrad, torch):
        layer = t.nn.CTCLoss()
        log_probs = t.from_numpy(x).log_softmax(-1)
        out = layer(log_probs, t.tensor([1, 2]), t.tensor(6), t.tensor(2))
        if t is minigrad:
            ours = out
    assert_close(ours, out)


def test_ctc_counts_all_alignments(rng):
    """The sum over every path whose repeats and blanks collapse to the target."""
    p = rng.dirichlet(np.ones(3), 4)
    total = 0.0
    for path in itertools.product(range(3), repeat=4):
        collapsed = [c for c, _ in itertools.groupby(path) if c != 0]
        if collapsed == [1, 2]:
            total += math.prod(p[t, c] for t, c in enumerate(path))
    log_probs = minigrad.from_numpy(np.log(p)[:, None])
    found = F.ctc_loss(log_probs, minigrad.tensor([[1, 2]]), (4,), (2,), reduction="sum")
    assert found.item() == pytest.approx(-math.log(total))


def test_ctc_gradients(rng):
    targets = np.array([[1, 2], [2, 2]])
    check_gradients(lambda x: ctc(minigrad, x, targets, (4, 4), (2, 2)), rng.normal(size=(4, 2, 3)))


def test_an_impossible_target_has_no_likelihood():
    log_probs = minigrad.zeros(2, 1, 3).log_softmax(-1)
    found = F.ctc_loss(log_probs, minigrad.tensor([[1, 1]]), (2,), (2,))
    assert found.item() == math.inf


X = (3, 4)
WRONG = {
    "poisson": (lambda t, f: f.poisson_nll_loss(t.ones(X), t.ones(X), reduction="x"), ValueError),
    "gaussian shape": (
        lambda t, f: f.gaussian_nll_loss(t.ones(X), t.ones(X), t.ones(4)),
        ValueError,
    ),
    "gaussian sign": (lambda t, f: f.gaussian_nll_loss(t.ones(X), t.ones(X), -1.0), ValueError),
    "cosine size": (
        lambda t, f: f.cosine_embedding_loss(t.ones(X), t.ones(X), t.ones(4)),
        RuntimeError,
    ),
    "cosine dims": (
        lambda t, f: f.cosine_embedding_loss(t.ones(4), t.ones(X), t.ones(3)),
        RuntimeError,
    ),
    "cosine 2d": (
        lambda t, f: f.cosine_embedding_loss(t.ones(X), t.ones(X), t.ones(3, 1)),
        RuntimeError,
    ),
    "ranking": (lambda t, f: f.margin_ranking_loss(t.ones(X), t.ones(X), t.ones(4)), RuntimeError),
    "multi size": (lambda t, f: f.multi_margin_loss(t.ones(X), t.tensor([0])), RuntimeError),
    "multi p": (lambda t, f: f.multi_margin_loss(t.ones(X), t.tensor([0] * 3), p=3), ValueError),
    "multi class": (lambda t, f: f.multi_margin_loss(t.ones(X), t.tensor([4] * 3)), RuntimeError),
    "multi weight": (
        lambda t, f: f.multi_margin_loss(t.ones(X), t.tensor([0] * 3), weight=t.ones(3)),
        RuntimeError,
    ),
    "multi float": (lambda t, f: f.multi_margin_loss(t.ones(X), t.ones(3)), RuntimeError),
    "multi layer": (lambda t, f: t.nn.MultiMarginLoss(3), ValueError),
    "labels size": (
        lambda t, f: f.multilabel_margin_loss(t.ones(X), t.tensor([[0] * 4])),
        RuntimeError,
    ),
    "labels class": (
        lambda t, f: f.multilabel_margin_loss(t.ones(1, 4), t.tensor([[4] * 4])),
        RuntimeError,
    ),
    "triplet margin": (
        lambda t, f: f.triplet_margin_loss(t.ones(X), t.ones(X), t.ones(X), margin=0),
        ValueError,
    ),
    "triplet dims": (
        lambda t, f: f.triplet_margin_loss(t.ones(X), t.ones(X), t.ones(4)),
        RuntimeError,
    ),
    "similarity": (lambda t, f: f.cosine_similarity(t.ones(X), t.ones(3, 3)), RuntimeError),
    "similarity long": (
        lambda t, f: f.cosine_similarity(t.ones(X).long(), t.ones(X).long()),
        RuntimeError,
    ),
    "similarity dim": (lambda t, f: f.cosine_similarity(t.ones(X), t.ones(X), 2), IndexError),
    "pdist dims": (lambda t, f: f.pdist(t.ones(4)), RuntimeError),
    "pdist p": (lambda t, f: f.pdist(t.ones(X), p=-1.0), RuntimeError),
    "pdist long": (lambda t, f: f.pdist(t.ones(X).long()), RuntimeError),
    "bilinear": (lambda t, f: f.bilinear(t.ones(X), t.ones(X), t.ones(5, 4, 3)), RuntimeError),
    "bilinear batch": (
        lambda t, f: f.bilinear(t.ones(X), t.ones(2, 3), t.ones(5, 4, 3)),
        RuntimeError,
    ),
    "bilinear dims": (
        lambda t, f: f.bilinear(t.ones(X), t.ones(3), t.ones(5, 4, 3)),
        RuntimeError,
    ),
    "bilinear bias": (
        lambda t, f: f.bilinear(t.ones(X), t.ones(3, 3), t.ones(5, 4, 3), t.ones(4)),
        RuntimeError,
    ),
    "Bilinear": (lambda t, f: t.nn.Bilinear(0, 3, 3), ValueError),
    "ctc blank": (
        lambda t, f: f.ctc_loss(t.zeros(4, 1, 3), t.tensor([[1]]), (4,), (1,), blank=3),
        RuntimeError,
    ),
    "ctc input length": (
        lambda t, f: f.ctc_loss(t.zeros(4, 1, 3), t.tensor([[1]]), (5,), (1,)),
        RuntimeError,
    ),
    "ctc target length": (
        lambda t, f: f.ctc_loss(t.zeros(4, 1, 3), t.tensor([[1]]), (4,), (2,)),
        RuntimeError,
    ),
    "ctc batch": (
        lambda t, f: f.ctc_loss(t.zeros(4, 1, 3), t.tensor([[1]]), (4, 4), (1,)),
        RuntimeError,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input(name, torch):
    call, error = WRONG[name]
    for t in (minigrad, torch):
        with pytest.raises(error):
            call(t, t.nn.functional)


def test_a_margin_that_is_just_kept_has_no_gradient():
    x = minigrad.tensor([[1.0, 1.0, 0.0]], requires_grad=True)
    F.multi_margin_loss(x, minigrad.tensor([0])).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[-1 / 3, 1 / 3, 0]], rtol=1e-6)
    x.grad = None
    F.multilabel_margin_loss(x, minigrad.tensor([[0, -1, -1]])).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[-1 / 3, 1 / 3, 0]], rtol=1e-6)
