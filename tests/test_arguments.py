"""Arguments by all the names, and in all the orders, that torch knows; test_signatures.py asks
whether each is there."""

import numpy as np
import pytest

import minigrad
from minigrad import float64, int64

X = minigrad.arange(12.0).reshape(3, 4)

SAME = {  # two ways to say one thing
    "size=": (lambda m: m.zeros(size=(2, 3)), lambda m: m.zeros(2, 3)),
    "view by dtype": (lambda m: X.view(dtype=m.int32), lambda m: X.view(m.int32)),
    "squeeze of several": (lambda m: m.ones(1, 1, 2).squeeze(0, 1), lambda m: m.ones(2)),
    "squeeze by axis": (lambda m: m.ones(1, 2).squeeze(axis=0), lambda m: m.ones(2)),
    "unsqueeze by axis": (lambda m: X.unsqueeze(axis=1), lambda m: X.unsqueeze(1)),
    "stack by axis": (lambda m: m.stack([X, X], axis=1), lambda m: m.stack([X, X], 1)),
    "softmax by axis": (lambda m: X.softmax(axis=0), lambda m: X.softmax(0)),
    "softmax in a dtype": (lambda m: X.softmax(0, float64), lambda m: X.double().softmax(0)),
    "log_softmax in a dtype": (
        lambda m: m.log_softmax(X, 0, float64),
        lambda m: X.double().log_softmax(0),
    ),
    "prod by axis": (
        lambda m: X.prod(axis=1, keepdims=True),
        lambda m: X.prod(1, keepdim=True),
    ),
    "cumsum by axis": (lambda m: m.cumsum(X, axis=0), lambda m: X.cumsum(0)),
    "cumprod by axis": (lambda m: m.cumprod(X, axis=0), lambda m: X.cumprod(0)),
    "sort by axis": (lambda m: m.sort(-X, axis=0).values, lambda m: m.sort(-X, 0).values),
    "argsort by axis": (lambda m: m.argsort(-X, axis=0), lambda m: m.argsort(-X, 0)),
    "topk by axis": (lambda m: X.topk(2, axis=0).values, lambda m: X.topk(2, 0).values),
    "median by axis": (lambda m: X.median(axis=0).values, lambda m: X.median(0).values),
    "unbind by axis": (lambda m: X.unbind(axis=1)[1], lambda m: X.unbind(1)[1]),
    "swapaxes": (lambda m: m.swapaxes(X, axis0=0, axis1=1), lambda m: X.T),
    "swapaxes_": (lambda m: X.clone().swapaxes_(axis0=0, axis1=1), lambda m: X.T),
    "broadcast_to": (lambda m: m.ones(2).broadcast_to(3, 2), lambda m: m.ones(3, 2)),
    "resize_": (lambda m: m.ones(4).resize_(size=(2, 2)), lambda m: m.ones(2, 2)),
    "split_size": (lambda m: X.split(split_size=2)[1], lambda m: X[2:]),
    "unsafe_split": (lambda m: m.unsafe_split(X, split_size=2)[1], lambda m: X[2:]),
    "sections": (lambda m: X.hsplit(sections=2)[1], lambda m: X[:, 2:]),
    "indices": (lambda m: m.vsplit(X, indices=[1])[1], lambda m: X[1:]),
    "indices one by one": (lambda m: X.hsplit(1, 3)[1], lambda m: X[:, 1:3]),
    "tensor_split": (lambda m: m.tensor_split(X, sections=3)[2], lambda m: X[2:]),
    "arange": (lambda m: m.arange(end=3), lambda m: m.tensor([0, 1, 2])),
    "det": (lambda m: m.det(input=m.eye(2)), lambda m: m.linalg.det(A=m.eye(2))),
    "inverse": (lambda m: m.inverse(input=2 * m.eye(2)), lambda m: m.eye(2) / 2),
    "pinverse": (lambda m: m.pinverse(input=2 * m.eye(2)), lambda m: m.eye(2) / 2),
    "norm": (lambda m: m.linalg.norm(input=X), lambda m: X.norm()),
    "cholesky_inverse": (lambda m: m.cholesky_inverse(input=m.eye(2)), lambda m: m.eye(2)),
    "polygamma": (lambda m: m.ones(2).polygamma(n=1), lambda m: m.polygamma(1, m.ones(2))),
    "dropout": (lambda m: m.dropout(X, 0.5, train=False), lambda m: X),
    "layer_norm": (
        lambda m: m.layer_norm(X, (4,), None, None, 1e-5, False),
        lambda m: m.nn.functional.layer_norm(X, (4,)),
    ),
    "instance_norm": (
        lambda m: m.instance_norm(X[None], None, None, None, None, True, 0.1, 1e-5, False),
        lambda m: m.nn.functional.instance_norm(X[None]),
    ),
    "asarray": (lambda m: m.asarray(obj=[1, 2], dtype=int64), lambda m: m.tensor([1, 2])),
}


@pytest.mark.parametrize("case", SAME)
def test_two_ways_to_say_one_thing(case):
    one, other = (say(minigrad) for say in SAME[case])
    assert one.shape == other.shape and one.dtype is other.dtype
    assert minigrad.allclose(one.double(), other.double())


@pytest.mark.parametrize("draw", ["rand", "randn"])
def test_random_numbers_take_a_size_by_name(draw):
    minigrad.manual_seed(0)
    one = getattr(minigrad, draw)(size=(2, 3))
    minigrad.manual_seed(0)
    assert minigrad.equal(one, getattr(minigrad, draw)(2, 3))


def test_randint_by_names():
    for call in ({"high": 5, "size": (9,)}, {"low": 0, "high": 5, "size": (9,)}):
        drawn = minigrad.randint(**call)
        assert drawn.shape == (9,) and int(drawn.min()) >= 0 and int(drawn.max()) < 5
    assert minigrad.randint_like(X, high=2).max() <= 1


def test_options_of_other_devices_and_layouts():
    assert minigrad.zeros(2, layout=minigrad.strided, pin_memory=False).tolist() == [0, 0]
    with pytest.raises(RuntimeError, match="pin_memory"):
        minigrad.rand(2, pin_memory=True)
    with pytest.raises(RuntimeError, match="layout"):
        minigrad.ones(2, layout="sparse")
    with pytest.raises(RuntimeError, match="CUDA"):
        minigrad.linalg.svd(X, driver="gesvd")


def test_asarray_shares_memory_unless_told():
    array = np.ones(2)
    assert minigrad.asarray(array)._base is None and minigrad.asarray(X) is X
    minigrad.asarray(array)[0] = 5
    minigrad.asarray(array, copy=True)[1] = 5
    assert array.tolist() == [5, 1]
    assert minigrad.asarray([1.0], requires_grad=True).requires_grad
    with pytest.raises(ValueError, match="copy"):
        minigrad.asarray([1.0], copy=False)


def test_grad_takes_only_inputs():
    x = minigrad.ones(2, requires_grad=True)
    (g,) = minigrad.autograd.grad(outputs=(x * 3).sum(), inputs=x, only_inputs=True)
    assert g.tolist() == [3, 3]
    with pytest.warns(FutureWarning, match="only_inputs"):
        minigrad.autograd.grad((x * 3).sum(), x, only_inputs=False)


def test_splitting_needs_to_know_where():
    for call in ({}, {"sections": 2, "indices": [1]}):
        with pytest.raises(TypeError, match="sections"):
            X.hsplit(**call)


def test_functions_without_out_refuse_it():
    for name in ("isnan", "trace", "unbind"):
        with pytest.raises(TypeError):
            getattr(minigrad, name)(X, out=X)
    out = minigrad.empty(0)
    assert minigrad.softmax(X, 0, out=out) is out and out.shape == (3, 4)
    assert minigrad.arange(3, out=minigrad.empty(0, dtype=int64)).tolist() == [0, 1, 2]


def test_gradcheck_refuses_what_there_is_not():
    x = minigrad.ones(2, dtype=float64, requires_grad=True)
    assert minigrad.autograd.gradcheck(minigrad.exp, x, check_batched_grad=False)
    with pytest.raises(NotImplementedError, match="check_forward_ad"):
        minigrad.autograd.gradcheck(minigrad.exp, x, check_forward_ad=True)
