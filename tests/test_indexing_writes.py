"""Writing at indices, with and without a reduction, and masks: values, gradients, vs torch."""

import warnings

import numpy as np
import pytest
from support import check_gradients, compare_with_torch

import minigrad


def arrays(*shapes, kind=np.float64):
    draws = np.random.default_rng(0)
    if np.dtype(kind).kind == "f":
        return [draws.normal(size=s).astype(kind) for s in shapes]
    return [draws.integers(0, 5, s).astype(kind) for s in shapes]


TWICE = [0, 2, 0, 1]  # an index that comes twice
PLACES = [[0, 2, 1], [0, 0, 1]]

# name: (function of a (4, 3) tensor and a (4, 3) source)
CASES = {
    "index_add": lambda lib, x, s: x.index_add(0, lib.tensor(TWICE), s),
    "index_add alpha": lambda lib, x, s: lib.index_add(
        x, 1, lib.tensor([2, 2], dtype=lib.int32), s[:, :2], alpha=2
    ),
    "index_copy": lambda lib, x, s: x.index_copy(0, lib.tensor([3, 1]), s[:2]),
    "index_fill": lambda lib, x, s: x.index_fill(1, lib.tensor([0, 0, 2]), 7),
    "index_fill tensor": lambda lib, x, s: lib.index_fill(x, 0, lib.tensor([1]), s[0, 0]),
    "index_put": lambda lib, x, s: x.index_put((lib.tensor([0, 1]), lib.tensor([1, 2])), s[0, :2]),
    "index_put accumulate": lambda lib, x, s: lib.index_put(
        x, (lib.tensor([1, 1, 0]),), s[:3], accumulate=True
    ),
    "index_put mask": lambda lib, x, s: x.index_put((x > 0,), s[0, 0]),
    "index_put_": lambda lib, x, s: (x * 1).index_put_((lib.tensor([0]),), s[:1]),
    "take": lambda lib, x, s: x.take(lib.tensor([[0, -1], [5, 5]])),
    "put": lambda lib, x, s: x.put(lib.tensor([[0, -1], [5, 2]]), s[0:2, :2]),
    "put accumulate": lambda lib, x, s: x.put(lib.tensor([1, 1, 2]), s[0], accumulate=True),
    "put_": lambda lib, x, s: (x * 1).put_(lib.tensor([1, 0]), s[0, :2]),
    "masked_scatter": lambda lib, x, s: x.masked_scatter(x > 0, s),
    "masked_scatter broadcast": lambda lib, x, s: x.masked_scatter(
        lib.tensor([True, False, True]), s
    ),
    "masked_scatter_": lambda lib, x, s: (x * 1).masked_scatter_(s > 0, s),
    "scatter int32": lambda lib, x, s: x.scatter(0, lib.tensor(PLACES, dtype=lib.int32), s[:2]),
    "scatter number": lambda lib, x, s: x[0, 0].scatter(0, lib.tensor(0), s[0, 0]),
    "scatter_add number": lambda lib, x, s: x[0, 0].scatter_add(0, lib.tensor([0]), s[0, :1]),
    "gather number": lambda lib, x, s: x[0, 0].gather(0, lib.tensor([0])),
    "gather nothing": lambda lib, x, s: x.gather(0, lib.zeros(0, dtype=lib.int64)),
    "index_add_": lambda lib, x, s: (x * 1).index_add_(0, lib.tensor(TWICE), s),
    **{
        f"scatter_reduce {reduce} {include}": lambda lib, x, s, r=reduce, i=include: (
            x.scatter_reduce(0, lib.tensor(PLACES), s[:2], r, include_self=i)
        )
        for reduce in ("sum", "prod", "mean", "amax", "amin")
        for include in (True, False)
    },
    **{
        f"scatter_reduce {reduce} ties": lambda lib, x, s, r=reduce: lib.scatter_reduce(
            x.round(), 0, lib.tensor(PLACES * 2), s.round(), r
        )
        for reduce in ("amax", "amin")
    },
    "scatter_reduce prod zeros": lambda lib, x, s: (x * 0).scatter_reduce(
        0, lib.tensor(PLACES * 2), s, "prod"
    ),
    **{
        f"index_reduce {reduce}": lambda lib, x, s, r=reduce: x.index_reduce(
            0, lib.tensor(TWICE), s, r, include_self=r != "mean"
        )
        for reduce in ("prod", "mean", "amax", "amin")
    },
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # what torch says is still in the making
@pytest.mark.parametrize("name", CASES)
def test_against_torch(torch, name):
    given = arrays((4, 3), (4, 3))
    compare_with_torch(torch, CASES[name], given, double="prod" not in name)
    single = [a.astype(np.float32) for a in given]
    compare_with_torch(torch, CASES[name], single)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", [n for n in CASES if "ties" not in n])
@pytest.mark.parametrize("kind", (np.int64, np.uint8))
def test_integers(torch, name, kind):
    compare_with_torch(torch, CASES[name], arrays((4, 3), (4, 3), kind=kind))


@pytest.mark.parametrize("include", (True, False))
def test_double_gradients_without_torch(include):
    index = minigrad.tensor(PLACES * 2)
    x, s = arrays((4, 3), (4, 3))
    for reduce in ("prod", "mean", "amax"):
        check_gradients(
            lambda x, s, r=reduce: x.scatter_reduce(0, index, s, r, include_self=include), x, s
        )


@pytest.mark.filterwarnings("ignore:The reduce argument")
def test_scatter_multiplies_without_a_gradient(torch):
    def function(lib, x, s):
        y = x.scatter(0, lib.tensor(PLACES), s, reduce="add")
        return y.scatter(0, lib.tensor(PLACES), s, reduce="multiply")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare_with_torch(torch, function, arrays((4, 3), (4, 3)), gradient=False)
    with pytest.raises(RuntimeError, match="scatter_reduce"):
        function(minigrad, minigrad.ones(4, 3, requires_grad=True), minigrad.ones(4, 3))


def test_unravelled_indices(torch):
    for shape in ((2, 3), 6, (1, 2, 3)):
        ours, theirs = (
            lib.unravel_index(lib.tensor([[0, 5], [3, 2]]), shape) for lib in (minigrad, torch)
        )
        assert [i.tolist() for i in ours] == [i.tolist() for i in theirs]


def test_masked_fill_reaches_memory_that_elements_share():
    x = minigrad.ones(1, 2)
    mask = minigrad.tensor([[True, False], [False, False], [False, False]])
    assert x.expand(3, 2).masked_fill_(mask, 5).tolist() == [[5, 1]] * 3
    assert x.tolist() == [[5, 1]] and x._version == 1
    with pytest.raises(RuntimeError, match="broadcast"):
        minigrad.ones(1).expand(2).masked_fill_(mask, 1)


def test_numbers_fit_the_dtype_of_the_result(torch):
    for lib in (minigrad, torch):
        small, mask = lib.tensor([1, 2], dtype=lib.uint8), lib.tensor([True, False])
        with pytest.raises(RuntimeError, match="overflow"):
            lib.where(mask, small, 300)
        assert lib.where(mask, small, -1).tolist() == [1, 255]
        with pytest.raises(RuntimeError, match="overflow"):
            small.add(small, alpha=300)
        assert lib.add(mask, mask, alpha=2).tolist() == [True, False]
        assert lib.add(mask, True, alpha=2).dtype is lib.bool
        assert lib.tensor([1], dtype=lib.int16).add(mask[:1], alpha=3).dtype is lib.int16
        assert mask.clone().add_(~mask, alpha=2).tolist() == [True, True]


def index(lib, *values):
    return lib.tensor(values)


WRONG = {
    "index_add far": lambda lib: lib.ones(2).index_add(0, index(lib, 2), lib.ones(1)),
    "index_add sizes": lambda lib: lib.ones(2).index_add(0, index(lib, 0), lib.ones(2)),
    "index_add dtypes": lambda lib: lib.ones(2).index_add(0, index(lib, 0), lib.ones(1).double()),
    "index_add floats": lambda lib: lib.ones(2).index_add(0, lib.ones(1), lib.ones(1)),
    "index_copy far": lambda lib: lib.ones(2).index_copy(0, index(lib, 2), lib.ones(1)),
    "index_copy floats": lambda lib: lib.ones(2).index_copy(0, lib.ones(1), lib.ones(1)),
    "index_fill far": lambda lib: lib.ones(2).index_fill(0, index(lib, 2), 1),
    "index_fill matrix": lambda lib: lib.ones(2).index_fill(0, index(lib, [0]), 1),
    "index_fill many": lambda lib: lib.ones(2).index_fill(0, index(lib, 0), lib.ones(2)),
    "index_put shapes": lambda lib: lib.ones(3).index_put((index(lib, 0, 1),), lib.ones(3)),
    "index_put dtypes": lambda lib: lib.ones(3).index_put((index(lib, 0),), lib.ones(1).double()),
    "index_put far": lambda lib: lib.ones(3).index_put((index(lib, 3),), lib.ones(1)),
    "take far": lambda lib: lib.ones(3).take(index(lib, 3)),
    "take floats": lambda lib: lib.ones(3).take(lib.ones(1)),
    "put count": lambda lib: lib.ones(3).put(index(lib, 0), lib.ones(2)),
    "put dtypes": lambda lib: lib.ones(3).put(index(lib, 0), lib.ones(1).double()),
    "masked_scatter few": lambda lib: lib.ones(3).masked_scatter(lib.ones(3) > 0, lib.ones(2)),
    "masked_scatter mask": lambda lib: lib.ones(3).masked_scatter(index(lib, 1, 0, 1), lib.ones(3)),
    "scatter_reduce name": lambda lib: lib.ones(3).scatter_reduce(
        0, index(lib, 0), lib.ones(1), "add"
    ),
    "scatter_reduce far": lambda lib: lib.ones(3).scatter_reduce(
        0, index(lib, 3), lib.ones(1), "sum"
    ),
    "scatter reduce": lambda lib: lib.ones(3).scatter(0, index(lib, 0), lib.ones(1), reduce="max"),
    "index_reduce name": lambda lib: lib.ones(3).index_reduce(0, index(lib, 0), lib.ones(1), "sum"),
    "unravel_index": lambda lib: lib.unravel_index(lib.ones(1), (2,)),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_raises_what_torch_raises(torch, name):
    with pytest.raises(Exception) as expected:
        WRONG[name](torch)
    with pytest.raises(type(expected.value)):
        WRONG[name](minigrad)


def test_nonzero_static():
    x = minigrad.tensor([[0, 1, 0], [2, 0, 3]])
    assert minigrad.nonzero_static(x, size=2).tolist() == [[0, 1], [1, 0]]
    found = x.nonzero_static(size=4, fill_value=9)
    assert found.tolist() == [[0, 1], [1, 0], [1, 2], [9, 9]] and found.dtype is minigrad.int64
    assert minigrad.nonzero_static(minigrad.tensor(1), size=2).shape == (2, 0)
    with pytest.raises(RuntimeError, match="non-negative"):
        minigrad.nonzero_static(x, size=-1)
