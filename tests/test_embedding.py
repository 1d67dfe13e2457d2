"""Embedding, embedding bags and one_hot: against torch, and by finite differences."""

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad import nn
from minigrad.nn import functional as F

INDICES = np.array([[1, 2, 2], [0, 4, 2]])
FLAT = INDICES.ravel()
STARTS = np.array([0, 2, 2, 5])


def bag(t, table, indices=FLAT, starts=STARTS, **options):
    starts = None if starts is None else t.from_numpy(starts)
    return t.nn.functional.embedding_bag(t.from_numpy(indices), table, starts, **options)


CALLS = {
    "plain": lambda t, w: t.nn.functional.embedding(t.from_numpy(INDICES), w),
    "int32": lambda t, w: t.nn.functional.embedding(t.from_numpy(INDICES).int(), w),
    "0-d": lambda t, w: t.nn.functional.embedding(t.tensor(3), w),
    "empty": lambda t, w: t.nn.functional.embedding(t.from_numpy(FLAT[:0]), w),
    "padding": lambda t, w: t.nn.functional.embedding(t.from_numpy(INDICES), w, padding_idx=-3),
    "frequency": lambda t, w: t.nn.functional.embedding(
        t.from_numpy(INDICES), w, scale_grad_by_freq=True
    ),
    **{f"bag {m}": (lambda t, w, m=m: bag(t, w, mode=m)) for m in ("sum", "mean", "max")},
    **{
        f"bag 2d {m}": (lambda t, w, m=m: bag(t, w, INDICES, None, mode=m))
        for m in ("sum", "mean", "max")
    },
    **{
        f"bag padding {m}": (lambda t, w, m=m: bag(t, w, mode=m, padding_idx=2))
        for m in ("sum", "mean", "max")
    },
    "one_hot": lambda t, w: t.nn.functional.one_hot(t.from_numpy(INDICES), 5).to(w.dtype) @ w,
    "bag last": lambda t, w: bag(t, w, starts=np.array([0, 2, 2, 6]), include_last_offset=True),
    "bag none": lambda t, w: bag(t, w, FLAT[:0], np.array([0, 0])),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CALLS)
def test_agrees_with_torch(name, dtype, torch, rng):
    table = rng.normal(size=(5, 3)).astype(dtype)
    compare_with_torch(torch, CALLS[name], [table])


@pytest.mark.parametrize("name", [n for n in CALLS if "frequency" not in n and n != "padding"])
def test_gradients(name, rng):
    check_gradients(lambda w: CALLS[name](minigrad, w), rng.normal(size=(5, 3)))


def test_factors_of_a_bag(torch, rng):
    table, factors = rng.normal(size=(5, 3)), rng.normal(size=6)

    def call(t, w, f):
        return bag(t, w, mode="sum", per_sample_weights=f)

    compare_with_torch(torch, call, [table, factors])
    check_gradients(lambda w, f: call(minigrad, w, f), table, factors)


@pytest.mark.parametrize("kind", ["Embedding", "EmbeddingBag"])
def test_rows_shrink_to_the_largest_norm(kind, torch, rng):
    table = (rng.normal(size=(5, 3)) * 3).astype(np.float32)
    found = []
    for t in (minigrad, torch):
        layer = getattr(t.nn, kind).from_pretrained(
            t.from_numpy(table.copy()), freeze=False, max_norm=1.5, norm_type=1.0
        )
        out = layer(t.from_numpy(INDICES))
        out.sum().backward()
        found.append((out.detach(), layer.weight.detach(), layer.weight.grad))
    for ours, theirs in zip(*found, strict=True):
        assert_close(ours, theirs)
    norms = found[0][1].norm(1, 1)
    assert bool((norms[[0, 1, 2, 4]] <= 1.5 + 1e-5).all()) and norms[3] > 1.5


LAYERS = [
    "Embedding(3, 4)",
    "Embedding(3, 4, padding_idx=-1)",
    "Embedding(3, 4, 0, 1.0, 1.0, True)",
    "Embedding(3, 4, sparse=True)",
    "EmbeddingBag(3, 4)",
    "EmbeddingBag(3, 4, max_norm=2, scale_grad_by_freq=True, mode='sum', padding_idx=1)",
]


@pytest.mark.parametrize("call", LAYERS)
def test_a_seed_draws_torchs_table(call, torch):
    minigrad.manual_seed(3)
    torch.manual_seed(3)
    ours, theirs = eval(call, vars(nn)), eval(call, vars(torch.nn))
    assert_close(ours.weight.detach(), theirs.weight.detach())
    assert repr(ours) == repr(theirs)


def test_from_pretrained_shares_and_freezes():
    table = minigrad.ones(3, 2)
    layer = nn.Embedding.from_pretrained(table, padding_idx=1)
    assert not layer.weight.requires_grad and layer.weight.data_ptr() == table.data_ptr()
    assert layer.padding_idx == 1 and bool((layer.weight == 1).all())


WRONG = {
    "float": (lambda t, w, f: f.embedding(t.ones(2), w), RuntimeError),
    "large": (lambda t, w, f: f.embedding(t.tensor([5]), w), IndexError),
    "negative": (lambda t, w, f: f.embedding(t.tensor([-1]), w), IndexError),
    "table": (lambda t, w, f: f.embedding(t.tensor([1]), w[0]), RuntimeError),
    "list": (lambda t, w, f: f.embedding([1], w), TypeError),
    "padding": (lambda t, w, f: f.embedding(t.tensor([1]), w, 5), AssertionError),
    "layer padding": (lambda t, w, f: t.nn.Embedding(3, 4, 3), AssertionError),
    "layer shape": (lambda t, w, f: t.nn.Embedding(3, 4, _weight=w), AssertionError),
    "pretrained": (lambda t, w, f: t.nn.Embedding.from_pretrained(w[0]), AssertionError),
    "bag no offsets": (lambda t, w, f: f.embedding_bag(t.tensor([1]), w), ValueError),
    "bag 2d offsets": (
        lambda t, w, f: f.embedding_bag(t.tensor([[1]]), w, t.tensor([0])),
        ValueError,
    ),
    "bag 3d": (lambda t, w, f: f.embedding_bag(t.tensor([[[1]]]), w), ValueError),
    "bag offset dim": (
        lambda t, w, f: f.embedding_bag(t.tensor([1]), w, t.tensor([[0]])),
        ValueError,
    ),
    "bag first": (
        lambda t, w, f: f.embedding_bag(t.tensor([1, 1]), w, t.tensor([1])),
        RuntimeError,
    ),
    "bag last": (
        lambda t, w, f: f.embedding_bag(t.tensor([1, 1]), w, t.tensor([0, 3])),
        RuntimeError,
    ),
    "bag mode": (lambda t, w, f: f.embedding_bag(t.tensor([[1]]), w, mode="x"), ValueError),
    "bag max": (
        lambda t, w, f: f.embedding_bag(t.tensor([[1]]), w, mode="max", scale_grad_by_freq=True),
        ValueError,
    ),
    "bag factors": (
        lambda t, w, f: f.embedding_bag(t.tensor([[1]]), w, per_sample_weights=t.ones(1, 1)),
        NotImplementedError,
    ),
    "bag factor shape": (
        lambda t, w, f: f.embedding_bag(
            t.tensor([[1]]), w, mode="sum", per_sample_weights=t.ones(1)
        ),
        ValueError,
    ),
    "bag large": (lambda t, w, f: f.embedding_bag(t.tensor([[5]]), w), RuntimeError),
    "bag padding": (
        lambda t, w, f: f.embedding_bag(t.tensor([[1]]), w, padding_idx=9),
        RuntimeError,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input(name, torch):
    call, error = WRONG[name]
    for t in (minigrad, torch):
        with pytest.raises(error):
            call(t, t.ones(5, 3), t.nn.functional)


def test_sparse_is_refused():
    with pytest.raises(NotImplementedError, match="sparse=False"):
        F.embedding(minigrad.tensor([1]), minigrad.ones(5, 3), sparse=True)


def test_bags_scale_by_frequency_and_refuse_decreasing_offsets():
    table = minigrad.ones(5, 3, requires_grad=True)
    bag(minigrad, table, mode="sum", scale_grad_by_freq=True).sum().backward()
    assert_close(table.grad, np.repeat(np.float32([[1], [1], [1], [0], [1]]), 3, 1))
    with pytest.raises(RuntimeError, match="must not decrease"):
        bag(minigrad, table, starts=np.array([0, 3, 2]))


def test_the_old_order_of_arguments_warns():
    table = minigrad.ones(5, 3)
    with pytest.warns(UserWarning, match="Argument order"):
        out = F.embedding_bag(table, minigrad.tensor([1, 2]), minigrad.tensor([0]))
    assert out.tolist() == [[1.0, 1.0, 1.0]]
