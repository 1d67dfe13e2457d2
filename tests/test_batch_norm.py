"""Batch norm as an op: torch's contract, its gradients, and their gradients."""

import numpy as np
import pytest

import minigrad
from minigrad.autograd import grad, gradcheck, gradgradcheck
from minigrad.kernels.reference import batch_norm as reference
from minigrad.nn.functional import batch_norm

SHAPES = [(6, 3), (5, 2, 4), (3, 2, 3, 2), (2, 2, 2, 2, 2)]


def make(shape, dtype=minigrad.float64, seed=0):
    """x, weight, bias, running_mean and running_var for the shape."""
    rng = np.random.default_rng(seed)
    channels = shape[1]
    arrays = (
        rng.standard_normal(shape) * 2 + 3,
        rng.standard_normal(channels),
        rng.standard_normal(channels),
        rng.standard_normal(channels),
        rng.random(channels) + 0.5,
    )
    return [minigrad.tensor(a).to(dtype) for a in arrays]


def composed(x, running_mean, running_var, weight, bias, training, eps):
    """Batch norm made of other ops."""
    dims = tuple(i for i in range(x.ndim) if i != 1)
    ones = tuple(-1 if i == 1 else 1 for i in range(x.ndim))
    if training:
        mean, var = x.mean(dims, keepdim=True), x.var(dims, keepdim=True, correction=0)
    else:
        mean, var = running_mean.reshape(ones), running_var.reshape(ones)
    y = (x - mean) / (var + eps).sqrt()
    return y * weight.reshape(ones) + bias.reshape(ones)


# ---------------------------------------------------------------- values and gradients


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_with_the_twin(shape, training, dtype):
    x, weight, bias, running_mean, running_var = make(shape, getattr(minigrad, dtype))
    channels = shape[1]
    wide = [t.numpy().astype(np.float64) for t in (x, weight, bias, running_mean, running_var)]
    out, mean, invstd = np.empty(shape), np.empty(channels), np.empty(channels)
    if training:
        reference.batch_norm_forward(out, mean, invstd, *wide, 0.3, 1e-3, False, 1)
    else:
        reference.batch_norm_eval(out, *wide, 1e-3, False, 1)
    got = batch_norm(x, running_mean, running_var, weight, bias, training, 0.3, 1e-3)
    assert got.dtype is x.dtype
    tolerance = {"float16": 5e-3, "float32": 2e-6, "float64": 1e-13}[dtype]
    np.testing.assert_allclose(got.numpy(), out, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(running_mean.numpy(), wide[3], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(running_var.numpy(), wide[4], rtol=tolerance)


@pytest.mark.parametrize("affine", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_first_and_second_derivatives(shape, training, affine):
    x, weight, bias, running_mean, running_var = make(shape)
    inputs = [x, *(v for v, wanted in zip((weight, bias), affine, strict=True) if wanted)]
    for v in inputs:
        v.requires_grad_()

    def function(x, *vectors):
        vectors = list(vectors)
        weight, bias = (vectors.pop(0) if wanted else None for wanted in affine)
        running = (None, None) if training else (running_mean, running_var)
        return batch_norm(x, *running, weight, bias, training)

    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


@pytest.mark.parametrize("wanted", range(1, 8))
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_of_any_subset(wanted, training, create_graph):
    *values, running_mean, running_var = make((5, 3, 4))
    chosen = [v for i, v in enumerate(values) if wanted >> i & 1]
    for v in chosen:
        v.requires_grad_()
    weights = minigrad.tensor(np.random.default_rng(1).standard_normal((5, 3, 4)))
    got = batch_norm(
        values[0], running_mean.clone(), running_var.clone(), *values[1:], training, 0.1, 1e-5
    )
    expected = composed(values[0], running_mean, running_var, *values[1:], training, 1e-5)
    got_grads = grad((got * weights).sum(), chosen, create_graph=create_graph)
    expected_grads = grad((expected * weights).sum(), chosen, create_graph=create_graph)
    for a, b in zip(got_grads, expected_grads, strict=True):
        assert a.requires_grad == b.requires_grad
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_third_derivative(training):
    x, weight, bias, running_mean, running_var = make((4, 2))
    x.requires_grad_()
    results = []
    for function in (batch_norm, composed):
        y = function(x, running_mean, running_var, weight, bias, training, eps=1e-5)
        loss = (y * y * y).sum()
        for _ in range(3):
            (g,) = grad(loss, x, create_graph=True)
            loss = (g * g).sum()
        results.append(g.detach().numpy())
    np.testing.assert_allclose(*results, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e15])
def test_double_backward_keeps_its_accuracy_at_any_scale(scale):
    x = make((16, 3))[0] * scale
    if scale == 1:
        x = x + 1e6
    results = []
    for dtype in (minigrad.float64, minigrad.float32):
        v = x.to(minigrad.float32).to(dtype).requires_grad_()
        weight = minigrad.ones(3, dtype=dtype, requires_grad=True)
        y = batch_norm(v, None, None, weight, None, True, 0.1, 1e-30)
        (dx,) = grad((y * y * y).sum(), v, create_graph=True)
        results.append((dx.detach().numpy() * scale, grad((dx * scale).sum(), weight)[0].numpy()))
    for wide, narrow in zip(*results, strict=True):
        np.testing.assert_allclose(narrow, wide, atol=2e-4)


def test_one_channels_last_image_and_back():
    x, weight, bias, *_ = make((2, 3, 4, 5), minigrad.float32)
    last = x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    results = []
    for v in (x, last):
        v = v.detach().requires_grad_()
        y = batch_norm(v, None, None, weight, bias, True)
        assert y.stride() == v.stride()
        (dx,) = grad((y * y * y).sum(), v)
        results.append((y.detach().numpy(), dx.numpy()))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_broadcast_and_sliced_inputs():
    x = minigrad.randn(4, 1, 6).expand(4, 3, 6)
    expected = batch_norm(x.contiguous(), None, None, training=True)
    np.testing.assert_allclose(
        batch_norm(x, None, None, training=True).numpy(), expected.numpy(), atol=1e-6
    )
    wide = minigrad.randn(4, 6, 8, 8)
    view = wide[:, ::2, 1:-1, 1:-1]
    expected = batch_norm(view.contiguous(), None, None, training=True)
    np.testing.assert_allclose(
        batch_norm(view, None, None, training=True).numpy(), expected.numpy(), atol=1e-6
    )


def test_float16_input_with_float32_parameters():
    x, weight, bias, mean, var = make((8, 3), minigrad.float32)
    half = x.half().requires_grad_()
    weight.requires_grad_()
    y = batch_norm(half, mean, var, weight, bias, True)
    assert y.dtype is minigrad.float16
    y.sum().backward()
    assert half.grad.dtype is minigrad.float16
    assert weight.grad.dtype is minigrad.float32
    (dx,) = grad((batch_norm(half, None, None, weight, bias, True) ** 3).sum(), half,
                 create_graph=True)  # fmt: skip
    assert dx.dtype is minigrad.float16
    dx.sum().backward()


def test_nan_and_infinity_pass_through():
    x = make((6, 3), minigrad.float32)[0]
    x[2, 1] = float("inf")
    y = batch_norm(x, None, None, training=True).isnan()
    assert y[:, 1].all()
    assert not y[:, ::2].any()
    x[2, 1] = float("nan")
    assert batch_norm(x, None, None, training=True).isnan()[:, 1].all()


# ---------------------------------------------------------------- statistics and the tape


def test_running_statistics_move_in_place_and_are_versioned():
    x, _, _, mean, var = make((6, 3))
    before = mean._version
    expected = 0.75 * mean.numpy() + 0.25 * x.numpy().mean(0)
    expected_var = 0.75 * var.numpy() + 0.25 * x.numpy().var(0, ddof=1)
    memory = mean.numpy()
    batch_norm(x, mean, var, training=True, momentum=0.25)
    np.testing.assert_allclose(memory, expected)
    np.testing.assert_allclose(var.numpy(), expected_var)
    assert mean._version == before + 1
    batch_norm(x, mean, var)
    np.testing.assert_allclose(memory, expected)


def test_evaluation_gradient_survives_a_later_training_step():
    x, weight, bias, mean, var = make((6, 3))
    x.requires_grad_()
    y = batch_norm(x, mean, var, weight, bias)
    expected = (weight / (var + 1e-5).sqrt()).numpy()
    batch_norm(x, mean, var, training=True)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.broadcast_to(expected, (6, 3)))


def test_overwritten_input_is_caught():
    x = minigrad.randn(6, 3)
    weight = minigrad.ones(3, requires_grad=True)
    y = batch_norm(x, None, None, weight, training=True)
    x.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 4), (2, 3, 0), (0, 3, 2, 2), (4, 0)], ids=str)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("create_graph", [True, False])
def test_empty_batches(shape, training, create_graph):
    x = minigrad.empty(shape).requires_grad_()
    weight = minigrad.ones(shape[1], requires_grad=True)
    bias = minigrad.ones(shape[1], requires_grad=True)
    mean, var = minigrad.full((shape[1],), 5.0), minigrad.full((shape[1],), 7.0)
    y = batch_norm(x, mean, var, weight, bias, training)
    assert y.shape == shape
    y.sum().backward(create_graph=create_graph)
    assert x.grad.shape == shape
    for v in (weight, bias):
        assert v.grad.tolist() == [0] * shape[1]
    assert mean.tolist() == [5] * shape[1]
    assert var.tolist() == [7] * shape[1]


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "error, words, arguments",
    [
        (ValueError, "more than 1 value per channel.*drop_last.*eval", {"shape": (1, 3)}),
        (ValueError, "more than 1 value per channel", {"shape": (1, 3, 1, 1)}),
        (ValueError, "must be positive during training, but got -1", {"eps": -1.0}),
        (ValueError, "must be positive during training, but got 0", {"eps": 0.0}),
        (ValueError, "must be non-negative, but got -1", {"eps": -1.0, "training": False}),
        (ValueError, "non-negative, but got nan", {"eps": float("nan"), "training": False}),
        (ValueError, "running_mean is None", {"running_mean": None}),
        (ValueError, "running_var is None", {"running_var": None}),
        (RuntimeError, "running_mean must be defined", {"running_mean": None, "training": False}),
        (RuntimeError, "running_var must be defined", {"running_var": None, "training": False}),
        (RuntimeError, "running_mean should contain 3 elements.*not 2", {"running_mean": (2,)}),
        (RuntimeError, "running_var should contain 3 elements.*not 4", {"running_var": (4,)}),
        (RuntimeError, "weight should contain 3 elements.*not 1", {"weight": (1,)}),
        (RuntimeError, "bias should contain 3 .*expected 1D", {"bias": (3, 1)}),
        (RuntimeError, "at least 2 dimensions, but got 1D", {"shape": (3,)}),
        (RuntimeError, "mixed dtype: weight is minigrad.float64", {"weight": "double"}),
        (RuntimeError, "not differentiable.*'running_mean'", {"running_mean": "grad"}),
        (NotImplementedError, "not implemented for minigrad.int64", {"shape": "int"}),
        (TypeError, "'momentum' must be float, not NoneType", {"momentum": None}),
        (TypeError, "'weight' must be Tensor or None, not list", {"weight": "list"}),
    ],
)
def test_errors_name_what_was_given_and_expected(error, words, arguments):
    arguments = {"training": True, **arguments}
    shape = arguments.pop("shape", (4, 3))
    x = minigrad.ones(4, 3).long() if shape == "int" else minigrad.randn(shape)
    special = {
        "double": minigrad.ones(3, dtype=minigrad.float64),
        "grad": minigrad.zeros(3, requires_grad=True),
        "list": [1.0, 1.0, 1.0],
    }
    values = {"running_mean": (3,), "running_var": (3,), "weight": (3,), "bias": (3,), **arguments}
    for name, value in values.items():
        if isinstance(value, tuple):
            values[name] = minigrad.ones(value)
        elif isinstance(value, str):
            values[name] = special[value]
    with pytest.raises(error, match=words):
        batch_norm(x, **values)


def test_double_backward_agrees_with_torch():
    torch = pytest.importorskip("torch")
    data = [t.numpy() for t in make((6, 3, 4))]
    for training in (True, False):
        results = []
        for m in (minigrad, torch):
            x, weight, bias, mean, var = (m.tensor(a) for a in data)
            for v in (x, weight, bias):
                v.requires_grad_()
            y = m.nn.functional.batch_norm(x, mean, var, weight, bias, training)
            grads = m.autograd.grad((y**3).sum(), (x, weight, bias), create_graph=True)
            loss = sum((g * g * g).sum() for g in grads)
            results.append([g.numpy() for g in m.autograd.grad(loss, (x, weight))])
        for a, b in zip(*results, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8)
