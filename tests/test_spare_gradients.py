"""A vjp writes over the gradient it was given if nobody else holds that, and only then."""

import threading
import weakref

import numpy as np
import pytest

import minigrad
from minigrad import autograd
from minigrad.autograd.graph import saved_tensors_hooks
from minigrad.nn import functional as F

FUNCTIONS = {
    "relu": lambda x: x.relu(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "sqrt": lambda x: x.sqrt(),
    "square": lambda x: x.square(),
    "silu": F.silu,
    "gelu": F.gelu,
    "softplus": F.softplus,
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "batch_norm in evaluation": lambda x: F.batch_norm(
        x, minigrad.zeros(x.shape[1], dtype=x.dtype), minigrad.ones(x.shape[1], dtype=x.dtype)
    ),
}
SHAPES = [(4, 3), (40, 8, 9, 20)]  # one tile; and enough for several threads


class Passing(autograd.Function):
    """The identity, which keeps of its gradient what ``look`` returns."""

    @staticmethod
    def forward(ctx, x, look):
        ctx.look = look
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        grad = grad * 2
        ctx.kept = ctx.look(grad)
        return grad, None


def walked(function, shape, look, dtype=minigrad.float32):
    """What a leaf gets through ``function``; what was kept of the gradient before; its value."""
    minigrad.manual_seed(3)
    x = (minigrad.rand(*shape, dtype=dtype) + 0.1).requires_grad_()
    weight = minigrad.randn(*shape, dtype=dtype)
    out = Passing.apply(function(x), look)
    (out * weight).sum().backward()
    return x.grad, out.grad_fn.kept, 2 * weight


@pytest.mark.parametrize("dtype", [minigrad.float32, minigrad.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_gradient_nobody_holds_is_written_over(name, shape, dtype):
    found, place, _ = walked(FUNCTIONS[name], shape, lambda g: g.data_ptr(), dtype)
    assert found.data_ptr() == place
    expected, kept, _ = walked(FUNCTIONS[name], shape, lambda g: g, dtype)
    assert expected.data_ptr() != kept.data_ptr()
    np.testing.assert_array_equal(found.numpy(), expected.numpy())


HOLDERS = {
    "the tensor": lambda g: g,
    "its array": lambda g: g.numpy(),
    "a view": lambda g: g[1:],
    "a view of all": lambda g: g.view(-1),
    "detached": lambda g: g.detach(),
    "an array of another library": lambda g: np.from_dlpack(g),
    "a buffer": lambda g: memoryview(g.numpy()),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["relu", "batch_norm"])
@pytest.mark.parametrize("holder", HOLDERS)
def test_what_somebody_holds_is_left_alone(holder, name, shape):
    _, kept, expected = walked(FUNCTIONS[name], shape, HOLDERS[holder])
    kept = np.asarray(kept)
    expected = expected.numpy()[1:] if holder == "a view" else expected.numpy().reshape(kept.shape)
    np.testing.assert_array_equal(kept, expected)


@pytest.mark.parametrize("name", ["relu", "batch_norm"])
def test_the_callers_gradient_is_left_alone(name):
    x = minigrad.rand(6, 5, requires_grad=True)
    given = minigrad.rand(6, 5)
    before = given.clone()
    FUNCTIONS[name](x).backward(given)
    autograd.grad(FUNCTIONS[name](x), x, given)
    assert given.equal(before)


@pytest.mark.parametrize("name", ["relu", "batch_norm"])
@pytest.mark.parametrize("keep", ["hook", "retain_grad", "grad", "two users"])
def test_gradients_in_the_middle_are_left_alone(name, keep):
    x = minigrad.rand(6, 5, requires_grad=True)
    weight = minigrad.rand(6, 5)
    middle = FUNCTIONS[name](x)
    kept = []
    if keep == "hook":
        middle.register_hook(kept.append)
        (middle * weight).sum().backward()
    elif keep == "retain_grad":
        middle.retain_grad()
        (middle * weight).sum().backward()
        kept.append(middle.grad)
    elif keep == "grad":
        kept.extend(autograd.grad((middle * weight).sum(), [middle, x]))
    else:
        # an addition's two inputs get the same gradient; the leaf's must survive the other's vjp
        y = minigrad.rand(6, 5, requires_grad=True)
        ((y + middle) * weight).sum().backward()
        kept.append(y.grad)
    assert kept[0].equal(weight)


@pytest.mark.parametrize("name", ["relu", "batch_norm"])
def test_a_graph_that_is_kept_can_be_walked_again(name):
    x = minigrad.rand(6, 5, requires_grad=True)
    out = (FUNCTIONS[name](x) * minigrad.rand(6, 5)).sum()
    first, second = (autograd.grad(out, x, retain_graph=True)[0] for _ in range(2))
    assert first.equal(second)


def test_a_recorded_walk_and_a_watched_one_write_over_nothing():
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        found, place, _ = walked(FUNCTIONS["relu"], (6, 5), lambda g: g.data_ptr())
    assert found.data_ptr() != place
    weight = minigrad.rand(6, 5)
    x = minigrad.rand(6, 5, requires_grad=True)
    (grad,) = autograd.grad((x.relu() * weight).sum(), x, create_graph=True)
    assert grad.equal(weight)


def test_who_only_knows_a_gradient_weakly_loses_it():
    """A weak reference does not keep it, as it never did."""
    found, known, _ = walked(FUNCTIONS["relu"], (6, 5), weakref.ref)
    assert known() is None and found is not None


def test_threads_on_one_graph_do_not_share_gradients():
    x = minigrad.rand(40, 8, 9, 20, requires_grad=True)
    out = F.batch_norm(x, None, None, training=True).relu()
    weight = minigrad.randn(40, 8, 9, 20)
    loss = (out * weight).sum()
    (expected,) = autograd.grad(loss, x, retain_graph=True)
    results = []

    def walk():
        for _ in range(5):
            results.append(autograd.grad(loss, x, retain_graph=True)[0])

    threads = [threading.Thread(target=walk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20 and all(result.equal(expected) for result in results)
