"""Sums past NaN, extremes, histograms, distances, covariances."""

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad


def test_sums_past_nan(rng):
    array = rng.standard_normal((3, 4))
    array[1, 2] = array[0, 0] = np.nan
    x = minigrad.from_numpy(array)
    assert_close(x.nansum(), np.nansum(array))
    assert_close(x.nansum(0, True), np.nansum(array, 0, keepdims=True))
    assert_close(x.nanmean(1), np.nanmean(array, 1))
    x.requires_grad_().nanmean().backward()
    assert_close(x.grad, np.where(np.isnan(array), 0, 1 / 10))
    assert minigrad.nansum(minigrad.tensor([1, 2])).dtype is minigrad.int64


def test_counts(rng):
    x = minigrad.tensor([1, 3, 3])
    assert x.bincount().tolist() == [0, 1, 0, 2]
    assert x.bincount(minlength=6).tolist() == [0, 1, 0, 2, 0, 0]
    weights = minigrad.tensor([0.5, 1.0, 2.0])
    assert x.bincount(weights).tolist() == [0, 0.5, 0, 3] and x.bincount(weights).dtype is (
        minigrad.float32
    )
    array = rng.standard_normal(50)
    y = minigrad.from_numpy(array)
    assert_close(y.histc(7), np.histogram(array, 7)[0].astype(float))
    assert_close(y.histc(4, -1, 1), np.histogram(array, 4, (-1, 1))[0].astype(float))
    hist, edges = y.histogram(5, range=(-1.0, 1.0), density=True)
    expected = np.histogram(array, 5, (-1, 1), density=True)
    assert_close(hist, expected[0])
    assert_close(edges, expected[1])


def test_distances(rng):
    a, b = rng.standard_normal((2, 4, 3)), rng.standard_normal((2, 5, 3))
    expected = np.sqrt(((a[:, :, None] - b[:, None]) ** 2).sum(-1))
    for mode in ("use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"):
        ours = minigrad.cdist(minigrad.from_numpy(a), minigrad.from_numpy(b), compute_mode=mode)
        assert_close(ours, expected)
        check_gradients(lambda a, b, mode=mode: minigrad.cdist(a, b, compute_mode=mode), a, b)
    check_gradients(lambda a, b: minigrad.cdist(a, b, 3.0), a, b)
    check_gradients(lambda a, b: minigrad.dist(a, b, 3), a[0], a[1])
    check_gradients(lambda a: minigrad.renorm(a, 2, 0, 1.0), a[0])
    same = minigrad.from_numpy(a).requires_grad_()
    minigrad.cdist(same, same).sum().backward()
    assert same.grad.isfinite().all()


def test_covariance(rng):
    array, counts, weights = rng.standard_normal((3, 6)), rng.integers(1, 4, 6), rng.random(6)
    x = minigrad.from_numpy(array)
    assert_close(x.cov(), np.cov(array))
    ours = x.cov(
        correction=0, fweights=minigrad.from_numpy(counts), aweights=minigrad.from_numpy(weights)
    )
    assert_close(ours, np.cov(array, ddof=0, fweights=counts, aweights=weights))
    assert_close(x.corrcoef(), np.corrcoef(array))
    check_gradients(minigrad.cov, array)
    check_gradients(lambda x: x.corrcoef()[0, 1], array)


@pytest.mark.parametrize(
    "error, call",
    [
        (RuntimeError, lambda x: x.long().nanmean()),
        (RuntimeError, lambda x: x.bincount()),
        (RuntimeError, lambda x: minigrad.tensor([-1]).bincount()),
        (RuntimeError, lambda x: minigrad.tensor([1]).bincount(minigrad.ones(2))),
        (NotImplementedError, lambda x: x.long().histc()),
        (RuntimeError, lambda x: x.histc(0)),
        (RuntimeError, lambda x: (x / 0).histc()),
        (RuntimeError, lambda x: x.renorm(0, 0, 1)),
        (RuntimeError, lambda x: minigrad.cdist(x, minigrad.ones(2, 5))),
        (RuntimeError, lambda x: minigrad.cdist(x[0], x)),
        (RuntimeError, lambda x: x[None].cov()),
        (RuntimeError, lambda x: x.cov(fweights=minigrad.ones(4))),
        (RuntimeError, lambda x: x[:0].aminmax()),
    ],
)
def test_wrong_inputs(error, call):
    with pytest.raises(error):
        call(minigrad.ones(3, 4))


FUNCTIONS = {
    "nansum": lambda m, x, y: m.nansum(x, 1, True),
    "nanmean": lambda m, x, y: m.nanmean(x, (0, 1)),
    "aminmax": lambda m, x, y: m.aminmax(x, dim=1),
    "aminmax of all": lambda m, x, y: m.aminmax(x),
    "dist": lambda m, x, y: m.dist(x, y, 1.5),
    "renorm": lambda m, x, y: m.renorm(x, 1, 1, 2.0),
    "cov": lambda m, x, y: m.cov(x, correction=2),
    "corrcoef": lambda m, x, y: m.corrcoef(x),
    "cdist": lambda m, x, y: m.cdist(x, y),
    "cdist by products": lambda m, x, y: m.cdist(x, y, compute_mode="use_mm_for_euclid_dist"),
    "cdist 1": lambda m, x, y: m.cdist(x, y, 1.0),
    "cdist inf": lambda m, x, y: m.cdist(x, y, float("inf")),
    "histc": lambda m, x, y: m.histc(x.detach(), 9, -2, 2),
    "histogram": lambda m, x, y: m.histogram(x.detach(), 6, weight=y.detach().abs()),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_in_torch(name, torch, rng):
    arrays = [rng.standard_normal((4, 5)), rng.standard_normal((4, 5))]
    compare_with_torch(torch, FUNCTIONS[name], arrays, rtol=1e-7)
    if not name.startswith("cdist"):
        compare_with_torch(torch, FUNCTIONS[name], [a.astype(np.float32) for a in arrays])


POINTS = np.random.default_rng(5).uniform(-1, 1, (3, 4, 2))
EDGES = np.array([-1.0, -0.2, 0.3, 1.0])


@pytest.mark.parametrize("density", [False, True])
def test_histogramdd(density):
    x, flat = minigrad.tensor(POINTS), POINTS.reshape(-1, 2)
    for bins, theirs in [
        ([3, 2], [3, 2]),
        (3, 3),
        ([minigrad.tensor(EDGES), minigrad.tensor(EDGES[1:])], [EDGES, EDGES[1:]]),
    ]:
        hist, edges = minigrad.histogramdd(x, bins, density=density)
        expected = np.histogramdd(flat, theirs, density=density)
        assert_close(hist, expected[0])
        for ours, edge in zip(edges, expected[1], strict=True):
            assert_close(ours, edge)
    weight = POINTS[..., 0]
    hist = minigrad.histogramdd(
        x, [2, 2], range=[-1.0, 1.0, 0.0, 1.0], weight=minigrad.tensor(weight), density=density
    ).hist
    limits = [(-1, 1), (0, 1)]
    expected = np.histogramdd(flat, 2, limits, density=density, weights=weight.ravel())
    assert_close(hist, expected[0])


def histograms(lib):
    x = lib.tensor(POINTS)
    yield lambda: lib.histogramdd(x, [3])
    yield lambda: lib.histogramdd(x[0, 0], [3, 3])
    yield lambda: lib.histogramdd(x, [3, 0])
    yield lambda: lib.histogramdd(x, [3, 3], range=[0.0, 1.0])
    yield lambda: lib.histogramdd(x, [3, 3], range=[1.0, 0.0, 0.0, 1.0])
    yield lambda: lib.histogramdd(x, [3, 3], weight=x)
    yield lambda: lib.histogramdd(x, [3, 3], weight=lib.ones(3, 4))
    yield lambda: lib.histogramdd(x.float(), [lib.tensor(EDGES), lib.tensor(EDGES)])
    yield lambda: lib.histogramdd(x * float("nan"), [3, 3])
    yield lambda: lib.histogramdd(x.long(), [3, 3])
    yield lambda: lib.histogram(x, 2, range=(0.0,))
    yield lambda: lib.histogram(x, 2, weight=lib.ones(3, 4, 2))


def test_wrong_histograms_are_torchs_errors(torch):
    for ours, theirs in zip(histograms(minigrad), histograms(torch), strict=True):
        with pytest.raises((RuntimeError, TypeError)) as caught:
            theirs()
        with pytest.raises(caught.type):
            ours()
