"""Activations that draw, alpha dropout, and the activations' in-place names."""

import numpy as np
import pytest
from support import assert_close, compare_with_torch

import minigrad
from minigrad import nn
from minigrad.nn import functional as F

DRAWS = {
    "rrelu": lambda t, x: t.nn.functional.rrelu(x, training=True),
    "rrelu bounds": lambda t, x: t.nn.functional.rrelu(x, 0.3, 0.5, training=True),
    "rrelu in place": lambda t, x: t.nn.functional.rrelu_(x * 1, training=True),
    "alpha_dropout": lambda t, x: t.nn.functional.alpha_dropout(x, 0.4, True),
    "alpha_dropout in place": lambda t, x: t.nn.functional.alpha_dropout(x * 1, 0.4, True, True),
    "alpha_dropout all": lambda t, x: t.nn.functional.alpha_dropout(x, 1.0, True),
    "feature_alpha_dropout": lambda t, x: t.nn.functional.feature_alpha_dropout(
        x.reshape(4, 3, 5), 0.4, True
    ),
    "gumbel_softmax": lambda t, x: t.nn.functional.gumbel_softmax(x, 0.5),
    "gumbel_softmax hard": lambda t, x: t.nn.functional.gumbel_softmax(x, hard=True, dim=0),
    "RReLU": lambda t, x: t.nn.RReLU()(x),
    "AlphaDropout": lambda t, x: t.nn.AlphaDropout(0.3)(x),
    "FeatureAlphaDropout": lambda t, x: t.nn.FeatureAlphaDropout(0.3)(x.reshape(4, 3, 5)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DRAWS)
def test_draws_are_torchs(name, dtype, torch, rng):
    def seeded(t, x):
        t.manual_seed(5)
        return DRAWS[name](t, x)

    compare_with_torch(torch, seeded, [rng.normal(size=(4, 15)).astype(dtype)])


IN_PLACE = {
    "elu_": (0.5,),
    "selu_": (),
    "celu_": (0.5,),
    "leaky_relu_": (0.2,),
    "hardtanh_": (-0.5, 0.5),
    "threshold_": (0.1, 9.0),
    "rrelu_": (0.2, 0.4),
    "relu_": (),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_names(name, torch, rng):
    a = rng.normal(size=(3, 4))

    def call(t, x):
        y = x * 1
        out = getattr(t.nn.functional, name)(y, *IN_PLACE[name])
        assert out is y
        return out

    compare_with_torch(torch, call, [a])


def test_out_of_training_nothing_is_drawn():
    x = minigrad.tensor([[-1.0, 2.0]])
    assert F.alpha_dropout(x) is x and F.feature_alpha_dropout(x) is x
    assert nn.AlphaDropout(0.5).eval()(x) is x
    assert_close(F.rrelu(x, 0.1, 0.3), np.float32([[-0.2, 2.0]]))


def test_a_hard_draw_has_the_gradient_of_the_soft_one():
    x = minigrad.randn(3, 4, requires_grad=True)
    minigrad.manual_seed(1)
    (soft,) = minigrad.autograd.grad(F.gumbel_softmax(x)[:, 0].sum(), x)
    minigrad.manual_seed(1)
    out = F.gumbel_softmax(x, hard=True)
    (hard,) = minigrad.autograd.grad(out[:, 0].sum(), x)
    assert_close(hard, soft)
    assert_close(out.detach().amax(1), np.ones(3, np.float32))


def test_softmax2d(torch, rng):
    for shape in ((2, 3, 4, 5), (3, 4, 5)):
        compare_with_torch(torch, lambda t, x: t.nn.Softmax2d()(x), [rng.normal(size=shape)])


CALLS = [
    "RReLU(0.1, 0.2, inplace=True)",
    "AlphaDropout(0.2)",
    "FeatureAlphaDropout()",
    "Softmax2d()",
]


@pytest.mark.parametrize("call", CALLS)
def test_repr(call, torch):
    assert repr(eval(call, vars(nn))) == repr(eval(call, vars(torch.nn)))


WRONG = {
    "rrelu": (lambda t, f: f.rrelu(t.ones(2), 0.5, 0.2), RuntimeError),
    "alpha_dropout": (lambda t, f: f.alpha_dropout(t.ones(2), 2.0), ValueError),
    "feature_alpha_dropout": (
        lambda t, f: f.feature_alpha_dropout(t.ones(2), 0.5, True),
        RuntimeError,
    ),
    "AlphaDropout": (lambda t, f: t.nn.AlphaDropout(-1), ValueError),
    "Softmax2d": (lambda t, f: t.nn.Softmax2d()(t.ones(2, 3)), ValueError),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input(name, torch):
    call, error = WRONG[name]
    for t in (minigrad, torch):
        with pytest.raises(error):
            call(t, t.nn.functional)


def test_the_old_eps_warns():
    with pytest.warns(UserWarning, match="eps"):
        F.gumbel_softmax(minigrad.zeros(2), eps=1e-5)
