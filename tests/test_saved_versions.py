"""Version counters: a write to what a node has saved is noticed, however it is done."""

import numpy as np
import pytest
from support import assert_close

import minigrad


def leaf(*values):
    return minigrad.tensor(values, requires_grad=True)


def test_writes_under_no_grad_count_and_are_not_recorded():
    x = leaf(1.0, 2.0)
    y = x * x
    with minigrad.no_grad():
        x.mul_(10)
    assert x.is_leaf and x.tolist() == [10, 20] and x._version == 1
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y.sum().backward()


def test_views_and_detached_tensors_share_one_count():
    x = minigrad.zeros(2, 3)
    views = [x[0], x.t(), x.view(6), x.detach(), x.expand(2, 3), x.unbind(1)[0], x[0][1:]]
    for i, view in enumerate(views):
        if view.stride() != (0,):
            view.add_(1)
        assert x._version == i + 1
        assert all(v._version == i + 1 for v in views)
    assert x.clone()._version == 0


def test_a_write_through_a_detached_tensor_or_another_view_is_noticed():
    for write in (
        lambda y: y.detach().mul_(2),
        lambda y: y.view(2).detach()[0].zero_(),
        lambda y: y[:1].mul_(3),
    ):
        x = leaf(1.0, 2.0)
        y = x * 1
        z = y * y
        write(y)
        with pytest.raises(RuntimeError, match="modified by an inplace"):
            z.sum().backward()


def test_writes_through_numpy_are_not_tracked():
    x = leaf(1.0, 2.0)
    y = x * x
    x.detach().numpy()[0] = 5
    assert x._version == 0
    y.sum().backward()
    assert x.grad.tolist() == [10, 4]


def test_what_was_not_saved_may_be_written():
    x = leaf(1.0, 2.0)
    y = x * 3
    z = y + y
    y.mul_(100)
    z.sum().backward()
    assert x.grad.tolist() == [6, 6]


def test_an_output_that_was_saved_and_overwritten():
    for name in ("exp", "sqrt", "tanh", "sigmoid", "relu", "reciprocal"):
        x = leaf(1.0, 2.0)
        y = getattr(x * 1, name)()
        y.mul_(2)
        with pytest.raises(RuntimeError, match="modified by an inplace"):
            y.sum().backward()


def _quietly(y):
    with minigrad.no_grad():
        y.mul_(2)


@pytest.mark.parametrize(
    "write",
    {
        "under no_grad": _quietly,
        "by index": lambda y: y.__setitem__(0, 7.0),
        "through a view": lambda y: y[:1].zero_(),
        "detached": lambda y: y.detach().zero_(),
        "before it is cut off": lambda y: y.detach_().zero_(),
        "by out=": lambda y: minigrad.add(y.detach(), 1, out=y.detach()),
        "by what has no gradient": lambda y: y.copy_(minigrad.zeros(2)),
        "twice": lambda y: (y.exp_(), y.exp_()),
    }.items(),
    ids=lambda item: item[0],
)
def test_an_output_that_its_node_saved_and_any_write_to_it(write):
    """Nobody counts the writes to an output until somebody asks: then its node must know too."""
    x = leaf(1.0, 2.0)
    y = x.exp()
    z = y + 0  # saves nothing
    write[1](y)
    with pytest.raises(RuntimeError, match="output 0 of ExpBackward0, is at version"):
        z.sum().backward()
    assert x.grad is None


def test_an_output_that_a_second_derivative_saved_is_watched_too():
    x = leaf(1.0, 2.0)
    y = x.exp()
    (slope,) = minigrad.autograd.grad(y.sum(), x, create_graph=True)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        slope.sum().backward()


@pytest.mark.parametrize("write", [_quietly, lambda y: y.detach().mul_(100)])
def test_an_output_that_only_a_second_derivative_saved(write):
    """Its node hands it on to the node of its own gradient, which must notice a write as well."""
    x, given = leaf(1.0, 2.0), leaf(1.0, 1.0)
    y = x.exp()
    (slope,) = minigrad.autograd.grad(y, x, given, create_graph=True)
    write(y)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        minigrad.autograd.grad(slope.sum(), given)


def test_an_in_place_op_whose_node_saves_the_new_value():
    """What it saved is the result, in memory of its own: the write itself is no reason to fail."""
    x = leaf(1.0, 2.0)
    y = (x * 1).exp_()
    y.sum().backward(retain_graph=True)
    assert_close(x.grad, np.exp([1.0, 2.0]).astype("float32"))
    y = (x * 1).exp_().tanh_()
    y.sum().backward()


def test_saving_only_what_is_needed():
    """In x * 2 and x / 2 nothing of x is needed: it may be overwritten."""
    x = leaf(1.0, 2.0)
    y = x * 1
    z = y * 2
    w = y / 4
    y.zero_()
    (z + w).sum().backward()
    assert x.grad.tolist() == [2.25, 2.25]


def write(c, d):
    c.add_(1)


def write_to_its_detached(c, d):
    d.add_(1)


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("touch", [write, write_to_its_detached])
@pytest.mark.parametrize("data_first", [False, True])
def test_setting_data_does_not_hide_a_write(touch, data_first, early):
    w = minigrad.ones(3, requires_grad=True)
    c = minigrad.ones(3)
    d = c.detach()
    if early:
        c.add_(1)
    y = (w * c).sum()
    if data_first:
        c.data = minigrad.full((3,), 7.0)
    touch(c, d)
    if not data_first:
        c.data = minigrad.full((3,), 7.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()
