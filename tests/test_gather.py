"""gather, scatter, index_select and index_add: gradients of any order, layouts, wrong indices."""

import numpy as np
import pytest

import minigrad
from minigrad.autograd import gradcheck, gradgradcheck

INDEX = minigrad.tensor([[0, 2, 2], [1, 0, 1]])
X = minigrad.arange(12.0, dtype=minigrad.float64).reshape(3, 4)
S = minigrad.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=minigrad.float64)
ROWS = minigrad.tensor([2, 0, 2])

FUNCTIONS = {
    "gather": (lambda x: x.gather(0, INDEX), X),
    "gather all beside": (lambda x: x.gather(1, INDEX), X[:2]),
    "scatter": (lambda x, s: x.scatter(0, minigrad.tensor([[0, 2, 1]]), s), X, S),
    "scatter all beside": (lambda x, s: x.scatter(1, minigrad.tensor([[3], [0]]), s), X[:2], S),
    "scatter_add": (lambda x, s: x.scatter_add(0, INDEX, s), X, S),
    "scatter_add all beside": (lambda x, s: x.scatter_add(1, INDEX, s), X[:2], S),
    "index_select": (lambda x: x.index_select(0, ROWS), X),
    "index_select of columns": (lambda x: x.index_select(1, ROWS), X),
    "index_add": (lambda x, s: x.index_add(0, ROWS, s, alpha=2.0), X, X * 0.5),
    "index_add to columns": (lambda x, s: x.index_add(1, ROWS, s), X, X[:, :3]),
    "embedding": (lambda w: minigrad.nn.functional.embedding(INDEX, w), X),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name):
    function, *inputs = FUNCTIONS[name]
    inputs = [x.clone().requires_grad_() for x in inputs]
    assert gradcheck(lambda *x: function(*x).sin(), inputs)
    assert gradgradcheck(lambda *x: function(*x).sin(), inputs)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_strides_do_not_matter(name):
    function, *inputs = FUNCTIONS[name]
    turned = [x.t().contiguous().t() for x in inputs]
    np.testing.assert_array_equal(function(*turned).numpy(), function(*inputs).numpy())


def test_integers_bools_and_halves():
    for kind in (minigrad.int64, minigrad.uint8, minigrad.float16):
        x = minigrad.zeros(2, 3, dtype=kind)
        one = minigrad.ones(2, 3, dtype=kind)
        assert x.scatter_add(1, minigrad.tensor([[0, 0, 2]]), one).tolist()[0] == [2, 0, 1]
        assert x.index_add(0, minigrad.tensor([1, 1]), one).tolist() == [[0] * 3, [2] * 3]
    mask = minigrad.tensor([[True, False]])
    assert mask.gather(1, minigrad.tensor([[1, 1, 0]])).tolist() == [[False, False, True]]


def test_the_index_may_change_after_the_forward_pass():
    index = minigrad.tensor([0, 0, 1])
    x = minigrad.zeros(2, 2, requires_grad=True)
    out = x.index_select(0, index)
    index.fill_(1)
    out.sum().backward()
    assert x.grad.tolist() == [[2, 2], [1, 1]]


@pytest.mark.parametrize("bad", [-1, 3])
def test_an_index_out_of_range_is_named(bad):
    index = minigrad.tensor([0, bad])
    with pytest.raises(IndexError, match=str(bad)):
        X.index_select(0, index)
    with pytest.raises(IndexError, match=str(bad)):
        X.index_add(0, index, X[:2])
    with pytest.raises(RuntimeError, match=str(bad)):
        X.gather(0, index.reshape(2, 1))


def test_one_hot_checks_its_classes():
    one_hot = minigrad.nn.functional.one_hot
    assert one_hot(minigrad.tensor([[1], [0]])).tolist() == [[[0, 1]], [[1, 0]]]
    with pytest.raises(RuntimeError, match="non-negative, got -1"):
        one_hot(minigrad.tensor([1, -1]))
    with pytest.raises(RuntimeError, match="smaller than num_classes: got 2 of 2"):
        one_hot(minigrad.tensor([1, 2]), 2)


def test_as_torch():
    torch = pytest.importorskip("torch")
    for function in (
        lambda t: t.arange(12.0).reshape(3, 4).gather(1, t.tensor([[3], [0]])),
        lambda t: t.zeros(3, 4).scatter(0, t.tensor([[0, 2, 1]]), t.ones(2, 3)),
        lambda t: t.zeros(3, 4).scatter_add(1, t.tensor([[1, 1]]), t.ones(3, 3)),
        lambda t: t.ones(3, 4).index_add(1, t.tensor([3, 3]), t.ones(3, 2), alpha=2),
        lambda t: t.arange(12.0).reshape(3, 4).index_select(-1, t.tensor([3, 1])),
        lambda t: t.take_along_dim(t.arange(6.0).reshape(2, 3), t.tensor([[-1]]), 1),
    ):
        np.testing.assert_array_equal(function(minigrad).numpy(), function(torch).numpy())
