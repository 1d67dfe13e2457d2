"""Batch norm's odd corners beside torch's: the same numbers, or an error of the same class."""

from collections import OrderedDict

import numpy as np
import pytest
from support import assert_close

import minigrad

X = (np.random.default_rng(0).standard_normal((4, 3, 5, 6)) * 2 + 1).astype(np.float32)


def norm(m, x, *arguments, **options):
    return m.nn.functional.batch_norm(x, *arguments, **options)


def tracking_off_and_on_again(m):
    layer, x = m.nn.BatchNorm2d(3), m.tensor(X)
    layer(x)
    layer.track_running_stats = False
    found = [layer(x * 2 + 1), layer.running_mean.clone(), layer.num_batches_tracked.clone()]
    layer.eval()
    found.append(layer(x))
    layer.track_running_stats = True
    found.append(layer(x))
    layer.train()
    layer(x * 3)
    return [*found, *layer.state_dict().values()]


def tracking_on_without_buffers(m):
    layer, x = m.nn.BatchNorm2d(3, track_running_stats=False), m.tensor(X)
    layer.track_running_stats = True
    return [layer(x), layer.eval()(x)]


def buffers_removed_by_hand(m):
    layer = m.nn.BatchNorm2d(3)
    layer.running_mean = layer.running_var = None
    return [layer(m.tensor(X)), layer.num_batches_tracked, layer.eval()(m.tensor(X))]


def average_over_all_batches_goes_on_from_the_count(m):
    layer, x = m.nn.BatchNorm2d(3, momentum=None), m.tensor(X)
    layer.num_batches_tracked.fill_(4)
    layer(x)
    found = [layer.running_mean.clone(), layer.running_var.clone()]
    layer.num_batches_tracked = None  # no count: the statistics stay
    layer(x + 5)
    return [*found, layer.running_mean, layer.running_var]


def momentum_outside_of_0_and_1(m):
    layer, found = m.nn.BatchNorm2d(3), []
    for layer.momentum in (0.0, 1.0, 1.5, -0.5, float("nan")):
        layer(m.tensor(X) * (1 + len(found)))
        found += [layer.running_mean.clone(), layer.running_var.clone()]
    return found


def a_bias_without_weight(m):
    layer = m.nn.BatchNorm2d(3)
    layer.weight = None
    m.nn.init.constant_(layer.bias, 2.0)
    y = layer(m.tensor(X))
    y.sum().backward()
    return [y, layer.bias.grad]


def frozen_parameters(m):
    layer, x = m.nn.BatchNorm2d(3).requires_grad_(False), m.tensor(X, requires_grad=True)
    layer(x).pow(3).sum().backward()
    return [x.grad]


def half_input(m, training):
    layer = m.nn.BatchNorm2d(3).train(training)
    x = m.tensor(X).half().requires_grad_()
    y = layer(x)
    y.pow(2).sum().backward()
    return [y, x.grad, layer.weight.grad, layer.bias.grad, layer.running_mean, layer.running_var]


def statistics_of_any_stride(m):
    mean, var = m.zeros(6)[::2], m.ones(3, 2)[:, 1]
    weight, bias = m.arange(6.0)[::2], m.ones(1).expand(3)
    return [norm(m, m.tensor(X), mean, var, weight, bias, True), mean, var]


def negative_running_variance(m):
    return [norm(m, m.tensor(X), m.zeros(3), -m.ones(3))]


def infinity(m):
    x = m.tensor(X)
    x[1, 0, 2, 2], x[2, 1, 0, 0] = float("inf"), float("nan")
    mean, var = m.zeros(3), m.ones(3)
    trained = norm(m, x, mean, var, training=True)
    return [
        trained,
        mean.clone(),
        var.clone(),
        norm(m, x, m.zeros(3), m.ones(3)),
        norm(m, x, mean, var),
    ]


def six_dimensions(m):
    return [norm(m, m.tensor(X).reshape(4, 3, 1, 5, 2, 3), None, None, training=True)]


def data_of_the_weight_changed_before_backward(m):
    x, weight = m.tensor(X, requires_grad=True), m.ones(3)
    y = norm(m, x, None, None, weight, training=True)
    weight.data.mul_(2)
    y.pow(2).sum().backward()
    return [x.grad]


def version_1_file(m):
    layer = m.nn.BatchNorm2d(3)
    layer(m.tensor(X))
    state = OrderedDict((k, v) for k, v in layer.state_dict().items() if "num" not in k)
    state._metadata = {"": {"version": 1}}
    fresh = m.nn.BatchNorm2d(3)
    keys = fresh.load_state_dict(state)
    return [fresh.running_mean, fresh.num_batches_tracked, len(keys.missing_keys)]


def version_1_and_2_side_by_side(m):
    model = m.nn.Sequential(m.nn.BatchNorm2d(3), m.nn.BatchNorm2d(3))
    state = OrderedDict((k, v) for k, v in model.state_dict().items() if "num" not in k)
    state._metadata = {"0": {"version": 2}, "1": {"version": 1}}
    return [*model.load_state_dict(state, strict=False).missing_keys]


def statistics_for_a_layer_without(m):
    state = m.nn.BatchNorm2d(3).state_dict()
    layer = m.nn.BatchNorm2d(3, track_running_stats=False)
    return [*layer.load_state_dict(state, strict=False).unexpected_keys]


CORNERS = [
    tracking_off_and_on_again,
    tracking_on_without_buffers,
    buffers_removed_by_hand,
    average_over_all_batches_goes_on_from_the_count,
    momentum_outside_of_0_and_1,
    a_bias_without_weight,
    frozen_parameters,
    statistics_of_any_stride,
    negative_running_variance,
    infinity,
    six_dimensions,
    data_of_the_weight_changed_before_backward,
    version_1_file,
    version_1_and_2_side_by_side,
    statistics_for_a_layer_without,
]


def same(torch, corner):
    ours, theirs = corner(minigrad), corner(torch)
    assert len(ours) == len(theirs) > 0
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if isinstance(b, torch.Tensor):
            half = b.dtype == torch.float16
            assert_close(a, b, rtol=4e-3 if half else 2e-5, atol=2e-3 if half else 2e-5, what=i)
        else:
            assert a == b


@pytest.mark.parametrize("corner", CORNERS, ids=lambda f: f.__name__)
def test_corner(corner, torch):
    same(torch, corner)


@pytest.mark.parametrize("training", [True, False])
def test_half_input_and_float_parameters(training, torch):
    same(torch, lambda m: half_input(m, training))


REFUSED = {
    "half parameters": lambda m: m.nn.BatchNorm2d(3).half()(m.tensor(X)),
    "double input": lambda m: m.nn.BatchNorm2d(3)(m.tensor(X).double()),
    "double parameters": lambda m: m.nn.BatchNorm2d(3).double()(m.tensor(X)),
    "integers": lambda m: m.nn.BatchNorm2d(3)(m.tensor(X).long()),
    "one value": lambda m: m.nn.BatchNorm1d(3)(m.ones(1, 3)),
    "one value, no buffers": lambda m: norm(m, m.ones(1, 3, 1), None, None, training=True),
    "no statistics in evaluation": lambda m: norm(m, m.tensor(X), None, None),
    "negative eps": lambda m: norm(m, m.tensor(X), None, None, training=True, eps=-1.0),
    "statistics of two dimensions": lambda m: norm(m, m.tensor(X), m.zeros(3, 1), m.ones(3)),
    "too many channels": lambda m: m.nn.BatchNorm2d(4)(m.tensor(X)),
    "statistics for none": lambda m: m.nn.BatchNorm2d(3, track_running_stats=False).load_state_dict(
        m.nn.BatchNorm2d(3).state_dict()
    ),
    "no statistics for some": lambda m: m.nn.BatchNorm2d(3).load_state_dict(
        m.nn.BatchNorm2d(3, track_running_stats=False).state_dict()
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused_with_the_same_class(name, torch):
    with pytest.raises(Exception) as theirs:
        REFUSED[name](torch)
    with pytest.raises(Exception) as ours:
        REFUSED[name](minigrad)
    assert ours.type is theirs.type
