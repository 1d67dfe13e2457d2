"""linear_cross_entropy: the two functions it is made of, and torch's."""

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.nn import functional as F

CASES = {
    "classes": ({}, (5, 4), (3, 4), (5,)),
    "one": ({}, (4,), (3, 4), ()),
    "places": ({"reduction": "none"}, (5, 4), (3, 2, 4), (5, 2)),
    "smooth": ({"label_smoothing": 0.1, "ignore_index": 1}, (5, 4), (3, 4), (5,)),
    "sum": ({"reduction": "sum"}, (5, 4), (3, 4), (5,)),
    "features": ({}, (5, 4), (3, 5), (5,)),
    "unbatched": ({}, (4,), (3, 2, 4), (2,)),
}


def inputs(lib, case):
    options, x, w, t = CASES[case]
    draw = np.random.default_rng(0)
    arrays = [draw.standard_normal(size).astype("f") for size in (x, w, w[:-1])]
    x, w, bias = (lib.tensor(array, requires_grad=True) for array in arrays)
    target = lib.tensor(np.asarray(draw.integers(0, 3, t)))
    return (x, w, target), {"linear_bias": bias, **options}


@pytest.mark.parametrize("case", CASES)
def test_values_gradients_and_errors_are_torchs(torch, case):
    outcomes = []
    for lib in (minigrad, torch):
        args, options = inputs(lib, case)
        try:
            loss = lib.nn.functional.linear_cross_entropy(*args, **options)
        except RuntimeError as error:
            outcomes.append(str(error))
            continue
        loss.sum().backward()
        grads = [args[0].grad, args[1].grad, options["linear_bias"].grad]
        outcomes.append([loss.detach().numpy(), *(g.numpy() for g in grads)])
    if isinstance(outcomes[1], str):
        assert outcomes[0] == outcomes[1]
    else:
        for ours, theirs in zip(*outcomes, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_it_is_the_loss_of_a_linear_layer():
    (x, w, t), options = inputs(minigrad, "classes")
    expected = F.cross_entropy(F.linear(x, w, options["linear_bias"]), t)
    assert F.linear_cross_entropy(x, w, t, **options).item() == pytest.approx(expected.item())
    with pytest.raises(RuntimeError, match="probabilities"):
        F.linear_cross_entropy(x, w, minigrad.ones(5, 3), ignore_index=1)


def test_the_module(torch):
    losses = []
    for lib in (minigrad, torch):
        lib.manual_seed(0)
        module = lib.nn.LinearCrossEntropyLoss(4, 3, out_features=(2,), bias=True)
        loss = module(lib.ones(5, 4), lib.tensor([[0, 1]] * 5))
        losses.append((repr(module), list(module.state_dict()), round(loss.item(), 5)))
    assert losses[0] == losses[1]
    assert nn.LinearCrossEntropyOptions(batch_chunk_size=3).acc_policy == "auto"
