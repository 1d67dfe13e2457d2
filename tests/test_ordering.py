"""Sorting, medians, quantiles, distinct values, places, running extremes, differences."""

import math

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch, layouts

import minigrad

NAN = minigrad.nan


def mixed(rng, shape=(4, 6), dtype=np.float64):
    """Numbers without equals, some NaN among the floating ones."""
    array = rng.permutation(np.arange(math.prod(shape))).reshape(shape).astype(dtype)
    if array.dtype.kind == "f":
        array.flat[::7] = np.nan
    return array


# ---------------------------------------------------------------- without torch


def test_sort(rng):
    for array in layouts(rng.integers(0, 5, (5, 7))).values():
        for dim in (0, 1, -1):
            values, indices = minigrad.from_numpy(array).sort(dim)
            assert_close(values, np.sort(array, dim))
            assert_close(indices, np.argsort(array, dim, kind="stable"))
    values, indices = minigrad.tensor([1, 2, 1, 2]).sort(descending=True)
    assert values.tolist() == [2, 2, 1, 1] and indices.tolist() == [1, 3, 0, 2]
    values, _ = minigrad.tensor([1.0, NAN, 2.0]).sort(descending=True)
    assert values.isnan().tolist() == [True, False, False]
    assert minigrad.tensor(3.0).sort().indices.item() == 0
    assert minigrad.msort(minigrad.tensor([[3, 1], [2, 5]])).tolist() == [[2, 1], [3, 5]]
    text = "minigrad.return_types.sort(\nvalues=tensor([1, 2]),\nindices=tensor([1, 0]))"
    assert repr(minigrad.tensor([2, 1]).sort()) == text


def test_picks(rng):
    x = minigrad.tensor([[4.0, 1.0, 3.0], [2.0, 6.0, 5.0]])
    assert x.topk(2).indices.tolist() == [[0, 2], [1, 2]]
    assert x.topk(1, dim=0, largest=False).values.tolist() == [[2.0, 1.0, 3.0]]
    assert x.kthvalue(2).values.tolist() == [3.0, 5.0]
    assert x.median().item() == 3 and x.median(1).values.tolist() == [3.0, 5.0]
    assert minigrad.tensor([1.0, NAN, 3.0]).median().isnan().item()
    assert minigrad.tensor([1.0, NAN, 3.0]).median(0).indices.item() == 1
    assert minigrad.tensor([1.0, NAN, 3.0]).nanmedian().item() == 1
    assert minigrad.tensor([NAN, NAN]).nanmedian().isnan().item()
    assert minigrad.tensor([3, 1, 3, 1, 2]).mode() == (1, 3)


def test_a_median_shares_its_gradient_among_equals():
    x = minigrad.tensor([1.0, 2.0, 2.0, 5.0], requires_grad=True)
    x.median().backward()
    assert x.grad.tolist() == [0, 0.5, 0.5, 0]


def test_quantiles(rng):
    array = rng.standard_normal((4, 5))
    x, q = minigrad.from_numpy(array), np.array([0.0, 0.3, 0.5, 1.0])
    for how in ("linear", "lower", "higher", "midpoint", "nearest"):
        ours = x.quantile(minigrad.from_numpy(q), 1, interpolation=how)
        assert_close(ours, np.quantile(array, q, 1, method=how))
    assert_close(x.quantile(0.3), np.quantile(array, 0.3))
    array[1, 2] = np.nan
    assert_close(x.nanquantile(0.3, 1, True), np.nanquantile(array, 0.3, 1, keepdims=True))


def test_gradients(rng):
    array = rng.permutation(12).reshape(3, 4) / 3.0
    for function in (
        lambda x: x.sort(0).values,
        lambda x: x.topk(2, 1).values,
        lambda x: x.kthvalue(2, 0).values,
        lambda x: x.median(),
        lambda x: x.median(1).values,
        lambda x: x.mode(1).values,
        lambda x: x.quantile(0.35, 1),
        lambda x: x.cummax(1).values,
        lambda x: x.cummin(0).values,
        lambda x: x.logcumsumexp(1),
        lambda x: x.diff(2, 1),
        lambda x: minigrad.trapezoid(x, dx=0.5),
        lambda x: minigrad.cumulative_trapezoid(x, x * x, dim=0),
    ):
        check_gradients(function, array)
    q = np.array([0.1, 0.45])
    check_gradients(lambda x, q: x.quantile(q, 1), array, q)


def test_distinct_values():
    x = minigrad.tensor([[2, 1, 2], [2, 1, 2], [0, 0, 1]])
    values, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    assert values.tolist() == [0, 1, 2] and counts.tolist() == [2, 3, 4]
    assert (values[inverse] == x).all()
    rows, counts = x.unique(dim=0, return_counts=True)
    assert rows.tolist() == [[0, 0, 1], [2, 1, 2]] and counts.tolist() == [1, 2]
    assert x.unique_consecutive(dim=0).tolist() == [[2, 1, 2], [0, 0, 1]]
    assert minigrad.tensor([NAN, NAN]).unique().numel() == 2
    assert minigrad.isin(x, minigrad.tensor([0, 2]), invert=True).sum() == 3
    assert minigrad.isin(1, x).item()


def test_places():
    edges = minigrad.tensor([1.0, 3.0, 5.0])
    x = minigrad.tensor([[0.0, 3.0], [4.0, 9.0]])
    assert minigrad.searchsorted(edges, x).tolist() == [[0, 1], [2, 3]]
    assert minigrad.bucketize(x, edges, right=True, out_int32=True).tolist() == [[0, 2], [2, 3]]
    assert minigrad.searchsorted(edges, 3.0).item() == 1
    shuffled, order = edges[[2, 0, 1]], minigrad.tensor([1, 2, 0])
    assert minigrad.searchsorted(shuffled, x, sorter=order).tolist() == [[0, 1], [2, 3]]


def test_running_extremes_take_the_last_of_equals_and_keep_nan():
    values, indices = minigrad.tensor([1.0, 3.0, 3.0, NAN, 4.0]).cummax(0)
    assert indices.tolist() == [0, 1, 2, 3, 3] and values[3:].isnan().all()
    x = minigrad.tensor([-minigrad.inf, 0.0, 0.0], requires_grad=True)
    x.logcumsumexp(0).sum().backward()
    assert x.grad.tolist() == [0.0, 1.5, 0.5]


@pytest.mark.parametrize(
    "error, call",
    [
        (IndexError, lambda x: x.sort(2)),
        (RuntimeError, lambda x: x.topk(9)),
        (RuntimeError, lambda x: x.kthvalue(0)),
        (IndexError, lambda x: x[:0].median(0)),
        (RuntimeError, lambda x: x.quantile(1.5)),
        (RuntimeError, lambda x: x.long().quantile(0.5)),
        (RuntimeError, lambda x: x.quantile(0.5, interpolation="cubic")),
        (RuntimeError, lambda x: x.quantile(minigrad.tensor([0.5], dtype=minigrad.float64))),
        (RuntimeError, lambda x: minigrad.searchsorted(x, x[0])),
        (RuntimeError, lambda x: minigrad.searchsorted(x, x, right=True, side="left")),
        (RuntimeError, lambda x: minigrad.bucketize(x, x)),
        (RuntimeError, lambda x: minigrad.tensor(1.0).diff()),
        (RuntimeError, lambda x: x.diff(prepend=minigrad.ones(3))),
        (NotImplementedError, lambda x: x.long().logcumsumexp(0)),
        (RuntimeError, lambda x: minigrad.trapezoid(x, x[0, :2])),
        (TypeError, lambda x: minigrad.sort([1.0])),
    ],
)
def test_wrong_inputs(error, call):
    with pytest.raises(error):
        call(minigrad.ones(3, 4))


# ---------------------------------------------------------------- with torch

ALONG = {
    "sort": lambda m, x, dim: m.sort(x, dim=dim, descending=True, stable=True),
    "argsort": lambda m, x, dim: m.argsort(x, dim=dim, stable=True),
    "topk": lambda m, x, dim: m.topk(x, 3, dim),
    "smallest": lambda m, x, dim: m.topk(x, 2, dim, largest=False),
    "kthvalue": lambda m, x, dim: m.kthvalue(x, 2, dim, True),
    "median": lambda m, x, dim: m.median(x, dim),
    "nanmedian": lambda m, x, dim: m.nanmedian(x, dim, True),
    "cummax": lambda m, x, dim: m.cummax(x, dim),
    "cummin": lambda m, x, dim: m.cummin(x, dim),
    "diff": lambda m, x, dim: m.diff(x, 2, dim, prepend=x),
}


@pytest.mark.parametrize("name", ALONG)
def test_along_a_dimension_as_in_torch(name, torch, rng):
    for dtype in ("float64", "float16", "int64", "uint8"):
        for dim in (0, -1):
            compare_with_torch(
                torch, lambda m, x, dim=dim: ALONG[name](m, x, dim), [mixed(rng, dtype=dtype)]
            )
    if name != "diff":
        compare_with_torch(torch, lambda m, x: ALONG[name](m, x, 0)[:1], [np.array([3.0, 1, 2])])


@pytest.mark.parametrize("name", ["median", "nanmedian"])
def test_medians_of_all_as_in_torch(name, torch, rng):
    for array in (mixed(rng), np.array([1.0, 2, 2, 3]), np.array(5.0), np.zeros(0)):
        compare_with_torch(torch, lambda m, x: getattr(m, name)(x), [array])


@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_quantiles_as_in_torch(name, torch, rng):
    array = mixed(rng)
    array[np.isnan(array)] = rng.random(4)
    array[1, 3] = np.nan
    for how in ("linear", "lower", "higher", "midpoint", "nearest"):
        for dim, keepdim in ((None, False), (None, True), (0, True), (1, False)):
            compare_with_torch(
                torch,
                lambda m, x, q, d=dim, k=keepdim, how=how: getattr(m, name)(
                    x, q, d, k, interpolation=how
                ),
                [array, np.array([0.0, 0.25, 0.6])],
            )


def test_distinct_values_as_in_torch(torch, rng):
    array = rng.integers(0, 4, (6, 3))
    for dim in (None, 0, 1):
        compare_with_torch(torch, lambda m, x, d=dim: m.unique(x, True, True, True, d), [array])
        compare_with_torch(
            torch, lambda m, x, d=dim: m.unique_consecutive(x, True, True, d), [array]
        )


def test_differences_and_integrals_as_in_torch(torch, rng):
    y, x = rng.standard_normal((3, 5)), np.sort(rng.standard_normal(5))
    for function in (
        lambda m, y, x: m.trapezoid(y, x),
        lambda m, y, x: m.trapezoid(y, dx=2, dim=0),
        lambda m, y, x: m.cumulative_trapezoid(y, x),
        lambda m, y, x: m.logcumsumexp(y, 1),
        lambda m, y, x: m.diff(x, 3),
    ):
        compare_with_torch(torch, function, [y, x], double=True)


def test_slopes_as_in_torch(torch, rng):
    x = rng.standard_normal((4, 5))
    for options in (
        {},
        {"dim": 1, "edge_order": 2},
        {"spacing": 0.5, "edge_order": 2},
        {"spacing": [2.0, 3.0]},
        {"dim": (-1, 0)},
    ):
        compare_with_torch(torch, lambda m, x, o=options: m.gradient(x, **o), [x], double=True)
    places = np.sort(rng.standard_normal(5))
    compare_with_torch(
        torch,
        lambda m, x: m.gradient(x, spacing=(m.from_numpy(places),), dim=1, edge_order=2),
        [x],
    )
    compare_with_torch(torch, lambda m, x: m.gradient(x), [np.array([1, 4, 9])])
