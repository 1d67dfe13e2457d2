"""Activations and dropout: values, gradients of both orders, in place, dtypes, errors."""

import math

import numpy as np
import pytest
from support import FLOATS, assert_close, check_gradients, compare_with_torch, layouts

import minigrad
from minigrad.nn import functional as F

# name: (NumPy's twin, arguments)
ACTIVATIONS = {
    "relu": (lambda x: np.maximum(x, 0), {}),
    "relu6": (lambda x: np.clip(x, 0, 6), {}),
    "hardtanh": (lambda x: np.clip(x, -0.7, 1.2), {"min_val": -0.7, "max_val": 1.2}),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.2 * x), {"negative_slope": 0.2}),
    "elu": (lambda x: np.where(x > 0, x, 1.5 * np.expm1(x)), {"alpha": 1.5}),
    "selu": (
        lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
        {},
    ),
    "celu": (lambda x: np.where(x > 0, x, 1.5 * np.expm1(x / 1.5)), {"alpha": 1.5}),
    "gelu": (lambda x: x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))), {}),
    "silu": (lambda x: x / (1 + np.exp(-x)), {}),
    "mish": (lambda x: x * np.tanh(np.log1p(np.exp(x))), {}),
    "softplus": (lambda x: np.log1p(np.exp(1.3 * x)) / 1.3, {"beta": 1.3}),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), {}),
    "logsigmoid": (lambda x: -np.log1p(np.exp(-x)), {}),
    "tanh": (np.tanh, {}),
    "softsign": (lambda x: x / (1 + np.abs(x)), {}),
    "tanhshrink": (lambda x: x - np.tanh(x), {}),
    "hardsigmoid": (lambda x: np.clip(x + 3, 0, 6) / 6, {}),
    "hardswish": (lambda x: x * np.clip(x + 3, 0, 6) / 6, {}),
    "hardshrink": (lambda x: np.where(np.abs(x) > 0.5, x, 0), {}),
    "softshrink": (lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0), {}),
    "threshold": (lambda x: np.where(x > 0.1, x, 7), {"threshold": 0.1, "value": 7.0}),
}
# Their second derivative is zero almost everywhere: torch says so, here there is none.
STRAIGHT = [
    "relu",
    "relu6",
    "hardtanh",
    "leaky_relu",
    "hardsigmoid",
    "hardshrink",
    "softshrink",
    "threshold",
]
IN_PLACE = [
    "relu",
    "relu6",
    "hardtanh",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "silu",
    "mish",
    "hardsigmoid",
    "hardswish",
    "threshold",
]


def numbers(rng, shape, dtype="float64"):
    """Numbers around 0, none near a corner of an activation."""
    spread = np.linspace(-4.03, 7.02, math.prod(shape))
    return rng.permutation(spread).reshape(shape).astype(dtype)


def activation(name):
    return lambda x: getattr(F, name)(x, **ACTIVATIONS[name][1])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values(name, dtype, rng):
    x = numbers(rng, (4, 6), dtype)
    expected = ACTIVATIONS[name][0](x.astype(np.float64)).astype(dtype)
    for layout, array in layouts(x).items():
        assert_close(activation(name)(minigrad.from_numpy(array)), expected, what=layout)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients(name, rng):
    check_gradients(activation(name), numbers(rng, (3, 5)))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_as_torch(torch, name, dtype, rng):
    special = np.array([0, -0.0, 1, -1, 3, -3, 6, 30, -30], dtype)
    for x in (numbers(rng, (5, 7), dtype), special):
        compare_with_torch(
            torch,
            lambda lib, x: getattr(lib.nn.functional, name)(x, **ACTIVATIONS[name][1]),
            [x],
            double=dtype == "float64" and name not in STRAIGHT and x is not special,
            atol=1e-2 if dtype == "float16" else None,
            rtol=1e-7 if (name, dtype) == ("hardsigmoid", "float64") else None,
        )


@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - {"gelu"}))
def test_nan_and_infinity_as_torch(torch, name):
    x = np.array([np.nan, np.inf, -np.inf], np.float32)
    expected = getattr(torch.nn.functional, name)(torch.from_numpy(x), **ACTIVATIONS[name][1])
    assert_close(activation(name)(minigrad.from_numpy(x)), expected)


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name, rng):
    x = minigrad.from_numpy(numbers(rng, (3, 5))).requires_grad_()
    expected = activation(name)(x)
    y = x.clone()
    out = getattr(F, name)(y, inplace=True, **ACTIVATIONS[name][1])
    assert out is y
    assert_close(y.detach(), expected.detach())
    (g,) = minigrad.autograd.grad(y.sum(), x)
    (wanted,) = minigrad.autograd.grad(expected.sum(), x)
    assert_close(g, wanted)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        getattr(F, name)(x, inplace=True, **ACTIVATIONS[name][1])


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu(torch, approximate, rng):
    x = np.linspace(-6, 6, 101)
    compare_with_torch(
        torch, lambda lib, x: lib.nn.functional.gelu(x, approximate=approximate), [x], double=True
    )
    check_gradients(lambda x: F.gelu(x, approximate), numbers(rng, (3, 5)))
    with pytest.raises(RuntimeError, match="either none or tanh"):
        F.gelu(minigrad.ones(2), approximate="erf")


def test_gelu_keeps_its_accuracy_far_out():
    assert F.gelu(minigrad.tensor([math.inf, 30.0])).tolist() == [math.inf, 30]
    x = minigrad.tensor([-5.0, -8.0, -10.0])
    expected = [x * 0.5 * math.erfc(-x / math.sqrt(2)) for x in x.tolist()]
    np.testing.assert_allclose(F.gelu(x).tolist(), expected, rtol=1e-6)


def test_glu_and_prelu(torch, rng):
    x = numbers(rng, (4, 6, 2))
    for dim in (0, 1, -1):
        compare_with_torch(torch, lambda lib, x, d=dim: lib.nn.functional.glu(x, d), [x])
    for w in (1, 6):
        compare_with_torch(
            torch, lambda lib, x, w: lib.nn.functional.prelu(x, w), [x, rng.random(w)]
        )
    with pytest.raises(RuntimeError, match="must be even"):
        F.glu(minigrad.ones(3), 0)
    with pytest.raises(RuntimeError, match="channel size = 3"):
        F.prelu(minigrad.ones(2, 3), minigrad.ones(2))


def test_argument_errors():
    with pytest.raises(ValueError, match="min_val"):
        F.hardtanh(minigrad.ones(2), 1.0, -1.0)
    with pytest.raises(RuntimeError, match="alpha cannot be 0"):
        F.celu(minigrad.ones(2), alpha=0)


# ---------------------------------------------------------------- dropout


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
def test_dropout_as_torch(torch, p, rng):
    x = rng.standard_normal((40, 25)).astype(np.float32)

    def drop(lib, x):
        lib.manual_seed(11)
        return lib.nn.functional.dropout(x, p)

    compare_with_torch(torch, drop, [x])


def test_dropout_keeps_the_mean():
    y = F.dropout(minigrad.ones(200, 500), 0.3)
    assert y.mean().item() == pytest.approx(1, abs=0.01)
    assert set(y.flatten().tolist()) == {0.0, float(np.float32(1 / 0.7))}


def test_dropout_out_of_training_is_the_input():
    x = minigrad.ones(3)
    assert F.dropout(x, 0.5, training=False) is x
    with pytest.raises(ValueError, match="between 0 and 1, but got 2"):
        F.dropout(x, 2)


def test_dropout_in_place():
    x = minigrad.ones(100)
    assert F.dropout(x, 0.5, inplace=True) is x
    assert (x == 0).any()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("dropout1d", (50, 4, 6)),
        ("dropout1d", (40, 6)),
        ("dropout2d", (50, 4, 3, 2)),
        ("dropout3d", (50, 4, 3, 2, 2)),
    ],
)
def test_channels_drop_as_torch(torch, name, shape, rng):
    def drop(lib, x):
        lib.manual_seed(5)
        return getattr(lib.nn.functional, name)(x, 0.4)

    compare_with_torch(torch, drop, [rng.standard_normal(shape).astype(np.float32)])


def test_channel_dropout_of_other_ranks():
    with pytest.warns(UserWarning, match="dropout1d"):
        F.dropout2d(minigrad.ones(2, 3, 4))
    with pytest.raises(RuntimeError, match="2D or 3D"):
        F.dropout1d(minigrad.ones(4))


@pytest.mark.parametrize(
    "name",
    "celu elu gelu glu hardshrink hardsigmoid hardswish leaky_relu logsigmoid mish rrelu selu silu "
    "softplus softshrink".split(),
)
def test_activations_of_integers_are_refused(name):
    with pytest.raises(NotImplementedError, match="floating point"):
        getattr(F, name)(minigrad.tensor([1, 2]))


@pytest.mark.parametrize("name", ["mse_loss", "smooth_l1_loss", "huber_loss"])
def test_losses_between_integers_are_refused(name):
    whole = minigrad.tensor([1, 3])
    with pytest.raises(NotImplementedError, match=name):
        getattr(F, name)(whole, whole)
    assert getattr(F, name)(whole.float(), whole).item() == 0


def test_dropout_of_integers_is_refused():
    whole = minigrad.tensor([1, 2])
    for drop in (F.dropout, F.alpha_dropout):
        assert drop(whole, training=False) is whole
        with pytest.raises(RuntimeError, match="cast"):
            drop(whole, training=True)
    with pytest.raises(RuntimeError, match="unsigned"):
        F.hardtanh(whole.byte())
    with pytest.raises(RuntimeError, match="Bool"):
        F.relu6(whole.bool())


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
def test_dropout_deals_out_in_the_order_of_the_memory(name):
    def dropped(x):
        minigrad.manual_seed(0)
        return getattr(F, name)(x, 0.5, training=True)

    x = minigrad.ones(4, 5)
    assert (dropped(x.t()) == dropped(x).t()).all()
