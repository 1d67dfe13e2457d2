"""unfold, fold and the shuffles of pixels and channels, and the padding layers."""

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad import nn
from minigrad.nn import functional as F

# kernel_size, dilation, padding, stride
PATCHES = [(2, 1, 0, 1), ((2, 3), (2, 1), (1, 2), (2, 3)), (3, 1, 1, 2), ((1, 2), 2, (0, 3), 1)]


@pytest.mark.parametrize("options", PATCHES)
def test_fold_is_the_adjoint_of_unfold(options, rng):
    x = minigrad.tensor(rng.normal(size=(2, 3, 5, 6)))
    columns = F.unfold(x, *options)
    y = minigrad.tensor(rng.normal(size=columns.shape))
    assert_close((columns * y).sum(), (x * F.fold(y, (5, 6), *options)).sum())
    check_gradients(lambda x: F.unfold(x, *options), rng.normal(size=(1, 5, 6)))
    check_gradients(lambda y: F.fold(y, (5, 6), *options), y[0].numpy())


def test_unfold_times_weight_is_convolution(rng):
    x, w = (minigrad.tensor(rng.normal(size=s)) for s in [(2, 3, 6, 7), (4, 3, 3, 2)])
    out = w.flatten(1) @ F.unfold(x, (3, 2), padding=1, stride=2)
    expected = F.conv2d(x, w, padding=1, stride=2)
    assert_close(out.reshape(expected.shape), expected)


@pytest.mark.parametrize("options", PATCHES)
def test_patches_as_torch(options, rng, torch):
    def columns(library, x):
        return library.nn.functional.unfold(x, *options)

    def image(library, y):
        return library.nn.functional.fold(y, (5, 6), *options)

    x = rng.normal(size=(2, 3, 5, 6))
    y = columns(torch, torch.tensor(x)).numpy()
    for dtype in (np.float64, np.float32):
        compare_with_torch(torch, columns, [x.astype(dtype)], double=dtype is np.float64)
        compare_with_torch(torch, image, [y.astype(dtype)], double=dtype is np.float64)
    compare_with_torch(torch, columns, [x[0]])
    compare_with_torch(torch, image, [y[0]])


def test_pixels(rng, torch):
    x = rng.normal(size=(2, 12, 4, 6))
    for name, argument in [("pixel_shuffle", 2), ("pixel_unshuffle", 2), ("channel_shuffle", 3)]:

        def run(library, x, name=name, argument=argument):
            return getattr(library, name)(x, argument)

        compare_with_torch(torch, run, [x], double=True)
    assert minigrad.pixel_shuffle(minigrad.tensor(x[0]), 2).shape == (3, 8, 12)
    assert minigrad.pixel_shuffle(minigrad.zeros(0, 12, 4, 6), 2).shape == (0, 3, 8, 12)


def test_shuffles_are_undone(rng):
    x = minigrad.tensor(rng.normal(size=(2, 12, 4, 6)))
    assert minigrad.equal(F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2), x)
    assert minigrad.equal(F.channel_shuffle(F.channel_shuffle(x, 3), 4), x)


def test_errors():
    x = minigrad.zeros(1, 3, 4, 4)
    for message, call in [
        ("Expected 3D or 4D", lambda: F.unfold(x[0, 0], 2)),
        ("components must be at least one", lambda: F.unfold(x, 5)),
        ("kernel_size should be greater than zero", lambda: F.unfold(x, 0)),
        ("padding should be non-negative", lambda: F.unfold(x, 2, padding=-1)),
        ("Expected 2D or 3D", lambda: F.fold(x, 2, 2)),
        ("divisible by the product", lambda: F.fold(x[0], 4, 3)),
        ("sliding blocks 3 \\* 3 = 9, but got", lambda: F.fold(x[0].reshape(1, 12, 4), 4, 2)),
        ("at least 3 dimensions", lambda: F.pixel_shuffle(x[0, 0], 2)),
        ("3 is not divisible by 4", lambda: F.pixel_shuffle(x, 2)),
        ("positive upscale_factor", lambda: F.pixel_shuffle(x, 0)),
        ("divisible by downscale_factor", lambda: F.pixel_unshuffle(x, 3)),
        ("divisible by groups", lambda: F.channel_shuffle(x, 2)),
        ("must be positive", lambda: F.channel_shuffle(x, 0)),
        ("> 2 dims", lambda: F.channel_shuffle(x[0, 0], 1)),
        ("kernel_size to be a number or 2", lambda: F.unfold(x, (1, 2, 3))),
    ]:
        with pytest.raises(RuntimeError, match=message):
            call()
    with pytest.raises(ValueError, match=r"got 5D input"):
        nn.CircularPad2d(1)(x[None])


LAYERS = [
    ("Unfold", (2,), (2, 3, 4, 5)),
    ("Fold", (4, 2), (2, 12, 9)),
    ("PixelShuffle", (2,), (2, 8, 3, 4)),
    ("PixelUnshuffle", (2,), (2, 1, 4, 4)),
    ("ChannelShuffle", (2,), (2, 8, 3)),
    *(
        (
            f"{kind}Pad{n}d",
            (padding, 1.5) if kind == "Constant" else (padding,),
            (2, 3, 4, 5, 6)[: n + 2],
        )
        for kind in ("Constant", "Reflection", "Replication", "Zero", "Circular")
        for n in (1, 2, 3)
        for padding in (1, (1, 2, 2, 1, 0, 3)[: 2 * n])
    ),
]


@pytest.mark.parametrize("name, args, shape", LAYERS)
def test_layers_as_torchs(name, args, shape, torch):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    ours, theirs = (getattr(library.nn, name)(*args) for library in (minigrad, torch))
    assert repr(ours) == repr(theirs)
    assert_close(ours(minigrad.tensor(x)), theirs(torch.tensor(x)))
