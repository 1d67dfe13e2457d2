"""Norm, adaptive maximum and fractional pooling, and unpooling."""

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad import nn
from minigrad.nn import functional as F

SHAPES = {1: (2, 3, 11), 2: (2, 3, 7, 9), 3: (2, 2, 5, 6, 4)}


def numbers(shape):
    """Numbers that are far apart, so that no maximum is close to another."""
    return np.random.default_rng(0).permutation(np.prod(shape)).reshape(shape) / 7.0


def windows_of(size, count):
    return [slice(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


@pytest.mark.parametrize("n, wanted", [(1, 4), (1, 11), (2, (3, 4)), (2, (9, None)), (3, 3)])
def test_adaptive_maxima(n, wanted):
    x = numbers(SHAPES[n])
    run = getattr(F, f"adaptive_max_pool{n}d")
    out, places = run(minigrad.tensor(x), wanted, return_indices=True)
    counts = wanted if isinstance(wanted, tuple) else (wanted,) * n
    counts = [c or s for c, s in zip(counts, x.shape[2:], strict=True)]
    assert out.shape == (*x.shape[:2], *counts)
    for place in np.ndindex(*counts):
        window = [windows_of(s, c)[i] for s, c, i in zip(x.shape[2:], counts, place, strict=True)]
        expected = x[(..., *window)].max(tuple(range(2, n + 2)))
        np.testing.assert_array_equal(out.numpy()[(..., *place)], expected)
    flat = x.reshape(*x.shape[:2], -1)
    found = np.take_along_axis(flat, places.numpy().reshape(*x.shape[:2], -1), -1)
    np.testing.assert_array_equal(found.reshape(out.shape), out.numpy())
    check_gradients(lambda x: run(x, wanted), x[:1])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("n, wanted", [(1, 4), (1, 1), (2, (3, 4)), (2, (7, None)), (3, (2, 3, 4))])
def test_adaptive_as_torch(n, wanted, dtype, torch):
    def run(library, x):
        return getattr(library.nn.functional, f"adaptive_max_pool{n}d")(x, wanted, True)

    compare_with_torch(torch, run, [numbers(SHAPES[n]).astype(dtype)], double=True)
    compare_with_torch(torch, run, [numbers(SHAPES[n][1:]).astype(dtype)])


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("p, options", [(2, (3,)), (1.5, (2, 1)), (3, (2, 3, True)), (1, (2,))])
def test_norms_as_torch(n, p, options, torch):
    def run(library, x):
        return getattr(library.nn.functional, f"lp_pool{n}d")(x, p, *options)

    compare_with_torch(torch, run, [numbers(SHAPES[n]) + 1], double=True)
    compare_with_torch(torch, run, [numbers(SHAPES[n][1:]).astype(np.float32) + 1], rtol=1e-4)


def test_norms():
    x = minigrad.tensor([[3.0, 4.0, 6.0, 8.0]])
    assert_close(F.lp_pool1d(x, 2, 2), np.array([[5.0, 10.0]], np.float32))
    assert_close(F.lp_pool1d(x, 1, 4), np.array([[21.0]], np.float32))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_unpooling(n, torch):
    def run(library, x, output_size=None):
        y, places = getattr(library.nn.functional, f"max_pool{n}d")(x, 2, return_indices=True)
        return getattr(library.nn.functional, f"max_unpool{n}d")(
            y, places, 2, output_size=output_size
        )

    x = numbers((2, 3, 4, 6, 2)[: n + 2])
    compare_with_torch(torch, run, [x], double=True)
    compare_with_torch(torch, run, [x[0].astype(np.float32)])
    x = numbers(SHAPES[n])
    compare_with_torch(torch, run, [x], kwargs={"output_size": x.shape})
    out = run(minigrad, minigrad.tensor(x), x.shape[2:])
    assert ((out == 0) | (out == minigrad.tensor(x))).all()
    check_gradients(lambda x: run(minigrad, x, SHAPES[n][2:]), x[:1])


@pytest.mark.parametrize("n", [2, 3])
def test_fractional_as_torch(n, torch):
    x = numbers(SHAPES[n])
    samples = np.random.default_rng(2).uniform(size=(*x.shape[:2], n))

    def run(library, x, samples, **options):
        pool = getattr(library.nn.functional, f"fractional_max_pool{n}d")
        return pool(x, 2, return_indices=True, _random_samples=samples.detach(), **options)

    for options in (
        {"output_size": 2},
        {"output_ratio": (0.5, 0.4, 0.5)[:n]},
        {"output_size": (2, 4, 2)[:n]},
    ):
        compare_with_torch(torch, run, [x, samples], kwargs=options)
        compare_with_torch(torch, run, [x.astype(np.float32), samples.astype(np.float32)],
                           kwargs=options)  # fmt: skip
    drawn = []
    for library in (minigrad, torch):
        library.manual_seed(5)
        drawn.append(getattr(library.nn, f"FractionalMaxPool{n}d")(2, 2)(library.tensor(x)))
    assert_close(*drawn)
    check_gradients(
        lambda x: getattr(F, f"fractional_max_pool{n}d")(
            x, 2, 2, _random_samples=minigrad.tensor(samples[:1])
        ),
        x[:1],
    )


def test_fractional_windows_cover_the_image():
    x = minigrad.tensor(numbers((1, 1, 20, 30)))
    out = F.fractional_max_pool2d(x, 2, output_ratio=0.7)
    assert out.shape == (1, 1, 14, 21)
    assert out.max() == x.max()


def test_integers():
    x = minigrad.arange(27).reshape(1, 3, 3, 3)
    assert F.avg_pool3d(x, (2, 2, 2)).flatten().tolist() == [6]
    assert F.conv2d(x, minigrad.ones(2, 3, 3, 3).long()).flatten().tolist() == [351, 351]


def test_errors():
    x = minigrad.ones(2, 3, 8, 8)
    y, places = F.max_pool2d(x, 2, return_indices=True)
    for error, message, call in [
        (RuntimeError, "Expected 3D or 4D", lambda: F.adaptive_max_pool2d(x[0, 0], 2)),
        (ValueError, "should be at least 3", lambda: F.adaptive_max_pool2d(x[0, 0], (2, 2))),
        (ValueError, "should be at least 3", lambda: F.adaptive_avg_pool2d(x[0, 0], (2, 2))),
        (ValueError, "should be at least 4", lambda: F.adaptive_avg_pool3d(x[0], (2, 2, 2))),
        (RuntimeError, "greater than or equal", lambda: F.adaptive_max_pool2d(x, -1)),
        (RuntimeError, "non-zero size", lambda: F.adaptive_max_pool2d(x[:, :0], 1)),
        (NotImplementedError, "int64", lambda: F.adaptive_max_pool2d(x.long(), 2)),
        (RuntimeError, "Expected 2D or 3D", lambda: F.lp_pool1d(x, 2, 2)),
        (RuntimeError, "should be type int64", lambda: F.max_unpool2d(y, places.int(), 2)),
        (RuntimeError, "Expected shape of indices", lambda: F.max_unpool2d(y, places[:1], 2)),
        (RuntimeError, "invalid max index", lambda: F.max_unpool2d(y, places + 60, 2)),
        (ValueError, "between 6 and 10", lambda: F.max_unpool2d(y, places, 2, 2, 0, (8, 10))),
        (ValueError, "length of '1'", lambda: F.max_unpool2d(y, places, 2, output_size=(8,))),
        (ValueError, "requires specifying", lambda: F.fractional_max_pool2d(x, 2)),
        (RuntimeError, "do not fit", lambda: F.fractional_max_pool2d(x, 2, 8)),
        (ValueError, "either an output size or", lambda: nn.FractionalMaxPool2d(2)),
        (ValueError, "between 0 and 1", lambda: nn.FractionalMaxPool2d(2, output_ratio=1.5)),
    ]:  # fmt: skip
        with pytest.raises(error, match=message):
            call()


LAYERS = [
    *((f"LPPool{n}d", (2, 3), {"ceil_mode": True}, SHAPES[n]) for n in (1, 2, 3)),
    *((f"AdaptiveMaxPool{n}d", (2,), {}, SHAPES[n]) for n in (1, 2, 3)),
    ("AdaptiveMaxPool2d", ((None, 3),), {}, SHAPES[2]),
    ("AdaptiveAvgPool2d", ((None, 3),), {}, SHAPES[2]),
    ("AdaptiveAvgPool3d", ((None, 3, None),), {}, SHAPES[3]),
]


@pytest.mark.parametrize("name, args, options, shape", LAYERS)
def test_layers_as_torchs(name, args, options, shape, torch):
    ours, theirs = (getattr(library.nn, name)(*args, **options) for library in (minigrad, torch))
    assert repr(ours) == repr(theirs)
    x = numbers(shape)
    assert_close(ours(minigrad.tensor(x)), theirs(torch.tensor(x)))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_unpooling_layers(n, torch):
    x = numbers(SHAPES[n])
    out = []
    for library in (minigrad, torch):
        pool = getattr(library.nn, f"MaxPool{n}d")(2, stride=2, return_indices=True)
        back = getattr(library.nn, f"MaxUnpool{n}d")(2, stride=2)
        out += [back(*pool(library.tensor(x)), output_size=x.shape), repr(back)]
    assert_close(out[0], out[2])
    assert out[1] == out[3]
