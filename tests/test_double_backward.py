"""Gradients of gradients: create_graph, and what is computed on the way there."""

import numpy as np
import pytest
from support import compare_with_torch

import minigrad
from minigrad import autograd
from minigrad.tape import _set_observer


def leaf(*values):
    return minigrad.tensor(values, requires_grad=True)


def test_gradients_on_the_graph_belong_to_one_leaf_each():
    a, b = (minigrad.ones(3, requires_grad=True) for _ in range(2))
    given = minigrad.ones(3)
    (a + b).backward(given, create_graph=True)
    assert a.grad is not b.grad and a.grad is not given
    (a + b).backward(given)
    assert a.grad.tolist() == b.grad.tolist() == [2, 2, 2] and given.tolist() == [1, 1, 1]
    a.grad = None
    a.sum().backward(create_graph=True)
    a.grad.detach().mul_(2)  # a whole tensor, not one number expanded
    assert a.grad.tolist() == [2, 2, 2]


def test_a_second_output_that_was_saved_keeps_its_place():
    class Both(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            a, b = x * 2, x * x * x
            ctx.save_for_backward(x, b)
            return a, b

        @staticmethod
        def backward(ctx, of_a, of_b):
            x, b = ctx.saved_tensors
            return of_a * 2 + of_b * 3 * b / x

    x = minigrad.tensor([1.0, 2.0], dtype=minigrad.float64, requires_grad=True)
    (slope,) = autograd.grad(Both.apply(x)[1].sum(), x, create_graph=True)
    assert autograd.grad(slope.sum(), x)[0].tolist() == [6, 12]


class Results:
    """What the tape shows to its observer: what each node's vjp has returned."""

    def __init__(self):
        self.of = {}

    def recorded(self, node, inputs, outputs):
        pass

    def walked(self, node, grad, results):
        self.of[node.name()] = results

    def failed(self, node, error):
        pass


@pytest.mark.parametrize(
    "node, function, shapes",
    [
        ("MulBackward0", lambda F, x, w: x * w, ((3,), (3,))),
        ("DivBackward0", lambda F, x, w: x / w, ((3,), (3,))),
        ("MmBackward0", lambda F, x, w: x @ w, ((2, 3), (3, 4))),
        ("BmmBackward0", lambda F, x, w: x @ w, ((5, 2, 3), (5, 3, 4))),
        ("AddmmBackward0", lambda F, x, w: F.linear(x, w, w[:, 0].detach()), ((2, 3), (4, 3))),
        ("ConvolutionBackward0", lambda F, x, w: F.conv1d(x, w), ((1, 2, 9), (3, 2, 3))),
        ("ConvolutionBackward0", lambda F, x, w: F.conv2d(x, w), ((1, 2, 9, 9), (3, 2, 3, 3))),
        ("ConvolutionBackward0", lambda F, x, w: F.conv2d(x, w), ((1, 1, 28, 28), (3, 1, 5, 5))),
        ("Atan2Backward0", lambda F, x, w: minigrad.atan2(x, w), ((3,), (3,))),
    ],
)
@pytest.mark.parametrize("wanted", [0, 1])
def test_gradients_that_nobody_asked_for_are_not_computed(node, function, shapes, wanted):
    x, w = (minigrad.rand(shape, requires_grad=i == wanted) for i, shape in enumerate(shapes))
    y = function(minigrad.nn.functional, x, w).sum()
    seen = Results()
    before = _set_observer(seen)
    try:
        y.backward()
    finally:
        _set_observer(before)
    (results,) = (r for name, r in seen.of.items() if name == node)
    assert len([r for r in results if r is not None]) == 1
    assert (x, w)[wanted].grad is not None and (w, x)[wanted].grad is None


def test_each_of_two_leaves_gets_a_gradient_that_is_recorded():
    a, b = (minigrad.tensor([value, 2.0], requires_grad=True) for value in (1.0, 3.0))
    ((a + b) ** 2).sum().backward(create_graph=True)
    for x in (a, b):
        (again,) = autograd.grad(x.grad.sum(), x, retain_graph=True)
        assert again.tolist() == [2, 2]
    a.grad.detach().zero_()
    assert b.grad.tolist() == [8, 8]


def test_a_batch_of_one_gradient():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    (found,) = autograd.grad(x * x, x, minigrad.ones(1, 2), is_grads_batched=True)
    assert found.tolist() == [[2, 4]]


def test_create_graph():
    x = leaf(2.0)
    (g,) = autograd.grad(x**3, x, create_graph=True)
    assert g.requires_grad
    (gg,) = autograd.grad(g, x, create_graph=True)
    (ggg,) = autograd.grad(gg, x)
    assert (g.item(), gg.item(), ggg.item()) == (12, 12, 6)


def test_backward_with_create_graph():
    x = leaf(2.0)
    (x**3).backward(create_graph=True)
    g = x.grad
    assert g.requires_grad
    x.grad = None
    g.backward()
    assert x.grad.item() == 12
    x.grad = None


def test_gradient_penalty_against_torch(torch):
    def function(lib, x, w):
        h = (x @ w).tanh()
        (g,) = lib.autograd.grad(h.sum(), x, create_graph=True)
        return ((g * g).sum(1).sqrt() - 1).square().mean() + h.sum()

    rng = np.random.default_rng(0)
    compare_with_torch(torch, function, (rng.normal(size=(4, 3)), rng.normal(size=(3, 5))))
