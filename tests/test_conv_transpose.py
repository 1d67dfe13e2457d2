"""Transposed convolutions and convolutions of three dimensions: identities, torch, wrong inputs."""

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad import nn
from minigrad.nn import functional as F

# stride, padding, output_padding, groups, dilation
TRANSPOSED = [
    (1, 0, 0, 1, 1),
    (2, 1, 1, 1, 1),
    (2, 1, 0, 2, 2),
    (1, 2, 1, 2, 3),
    (3, 0, 2, 1, 2),
]
# stride, padding, dilation, groups
VOLUMES = [
    (1, 0, 1, 1),
    (2, 1, 1, 2),
    ((1, 2, 3), (0, 1, 2), (2, 1, 1), 1),
    (1, "same", 1, 2),
    (1, "valid", 2, 1),
    (1, "same", (2, 1, 1), 1),
]
SIZES, KERNEL = (4, 3, 5), (2, 3, 2)


def operands(rng, n, groups=1):
    """Input, weight and bias of a transposed convolution of n dimensions."""
    return [
        rng.normal(size=(2, 4, *SIZES[:n])),
        rng.normal(size=(4, 3, *KERNEL[:n])),
        rng.normal(size=3 * groups),
    ]


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("options", TRANSPOSED)
def test_transposed_is_the_adjoint(n, options, rng):
    """<conv(y, w), x> == <y, conv_transpose(x, w)>."""
    stride, padding, _, groups, dilation = options
    x, w, _ = (minigrad.tensor(a) for a in operands(rng, n))
    out = getattr(F, f"conv_transpose{n}d")(x, w, None, *options)
    y = minigrad.tensor(rng.normal(size=out.shape))
    back = getattr(F, f"conv{n}d")(y, w, None, stride, padding, dilation, groups)
    back = back[(..., *(slice(s) for s in x.shape[2:]))]  # output_padding can make it longer
    assert_close((back * x).sum(), (y * out).sum())


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("options", VOLUMES)
def test_conv3d_is_a_sum_over_windows(options, rng):
    stride, padding, dilation, groups = options
    x = rng.normal(size=(2, 4, 5, 6, 7))
    w = rng.normal(size=(6, 4 // groups, *KERNEL))
    out = F.conv3d(minigrad.tensor(x), minigrad.tensor(w), None, *options).numpy()
    steps = [np.broadcast_to(v, 3) for v in (stride, dilation)]
    if padding == "same":
        both = steps[1] * (np.array(KERNEL) - 1)
        sides = [(b // 2, b - b // 2) for b in both]
    else:
        sides = [(p, p) for p in np.broadcast_to(0 if padding == "valid" else padding, 3)]
    x = np.pad(x, [(0, 0), (0, 0), *sides])
    for place in [(0, 0, 0), tuple(s - 1 for s in out.shape[2:])]:
        window = x[(..., *(
            slice(p * s, p * s + d * k, d)
            for p, s, d, k in zip(place, *steps, KERNEL, strict=True)
        ))]  # fmt: skip
        window = window.reshape(2, groups, -1)
        expected = np.einsum("ngk,gok->ngo", window, w.reshape(groups, 6 // groups, -1))
        np.testing.assert_allclose(out[(..., *place)], expected.reshape(2, 6))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_gradients(n, rng):
    x, w, b = operands(rng, n)
    x, w = x[:1, :2], w[:2, :1]
    check_gradients(
        lambda x, w, b: getattr(F, f"conv_transpose{n}d")(x, w, b, 2, 1, 1), x, w, b[:1]
    )
    if n == 3:
        check_gradients(lambda x, w: F.conv3d(x, w, None, 2, 1), x, w.swapaxes(0, 1))


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("options", TRANSPOSED)
def test_transposed_as_torch(n, options, rng, torch):
    arrays = operands(rng, n, options[3])

    def run(library, *args):
        return getattr(library.nn.functional, f"conv_transpose{n}d")(*args, *options)

    compare_with_torch(torch, run, arrays, double=True)
    compare_with_torch(torch, run, [arrays[0][0], *arrays[1:]])
    compare_with_torch(torch, run, [a.astype(np.float32) for a in arrays], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("options", VOLUMES)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_conv3d_as_torch(options, rng, torch):
    arrays = [
        rng.normal(size=(2, 4, 5, 6, 7)),
        rng.normal(size=(6, 4 // options[3], *KERNEL)),
        rng.normal(size=6),
    ]

    def run(library, *args):
        return library.conv3d(*args, *options)

    compare_with_torch(torch, run, arrays, double=True)
    compare_with_torch(torch, run, [arrays[0][0], *arrays[1:]])
    compare_with_torch(torch, run, [a.astype(np.float32) for a in arrays], rtol=1e-4, atol=1e-4)


def test_half(rng):
    for n in (1, 2, 3):
        x, w, b = (minigrad.tensor(a) for a in operands(rng, n))
        for run in (getattr(F, f"conv_transpose{n}d"),):
            out = run(x.half(), w.half(), b.half(), 2)
            assert_close(out, run(x, w, b, 2).half(), rtol=1e-2, atol=2e-2)
    out = F.conv3d(x.half(), w.swapaxes(0, 1).half())
    assert_close(out, F.conv3d(x, w.swapaxes(0, 1)).half(), rtol=1e-2, atol=2e-2)


def test_empty_batch():
    w = minigrad.zeros(4, 3, 2, 2, 2)
    assert F.conv_transpose3d(minigrad.zeros(0, 4, 2, 2, 2), w).shape == (0, 3, 3, 3, 3)
    assert F.conv_transpose2d(minigrad.zeros(0, 4, 2, 2), w[0].new_zeros(4, 3, 2, 2)).shape[0] == 0
    assert F.conv3d(minigrad.zeros(0, 3, 2, 2, 2), w).shape == (0, 4, 1, 1, 1)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_errors(n):
    x, w = minigrad.zeros(2, 4, *SIZES[:n]), minigrad.zeros(4, 3, *KERNEL[:n])
    run, forward = getattr(F, f"conv_transpose{n}d"), getattr(F, f"conv{n}d")
    for message, call in [
        ("but got", lambda: run(x[0, 0], w)),
        (f"expects a {n + 2}D weight", lambda: run(x, w[0])),
        ("to have 4 channels, but got 3", lambda: run(x[:, :3], w)),
        ("bias to be 1-dimensional with 3", lambda: run(x, w, minigrad.zeros(4))),
        ("bias to be 1-dimensional with 6", lambda: run(x, w, minigrad.zeros(3), groups=2)),
        ("non-positive groups", lambda: run(x, w, groups=0)),
        ("divisible by 3", lambda: run(x, w, groups=3)),
        ("non-positive stride", lambda: run(x, w, stride=0)),
        ("dilation should be greater", lambda: run(x, w, dilation=0)),
        ("negative padding", lambda: run(x, w, padding=-1)),
        ("output padding must be smaller", lambda: run(x, w, output_padding=1)),
        ("Output size is too small", lambda: run(x, w, padding=9)),
        ("greater than zero", lambda: run(x, minigrad.zeros(4, 3, *(0,) * n))),
        ("should be the same", lambda: run(x, w.double())),
        ("not implemented for minigrad.int32", lambda: run(x.int(), w.int())),
        ("expected stride to be", lambda: run(x, w, stride=(1,) * (n + 1))),
        ("Kernel size can't be greater", lambda: forward(x[..., :1, :1, :1], w.swapaxes(0, 1)))
        if n == 3
        else ("channels instead", lambda: forward(x, w[:, :2])),
    ]:
        with pytest.raises(RuntimeError, match=message):
            call()
    with pytest.raises(TypeError, match="must be Tensor, not list"):
        run([1.0], w)


LAYERS = [
    ("Conv3d", (4, 6, 3), {"stride": 2, "padding": 1, "groups": 2}),
    ("Conv3d", (4, 6, (1, 2, 3)), {"padding": "same", "padding_mode": "circular"}),
    ("Conv2d", (4, 6, 2), {"padding": "same", "padding_mode": "reflect"}),
    ("Conv1d", (4, 6, 3), {"padding": 2, "padding_mode": "replicate", "bias": False}),
    ("ConvTranspose1d", (4, 6, 3), {"stride": 2, "groups": 2}),
    ("ConvTranspose2d", (4, 6, 3, 2, 1, 1), {"bias": False, "dilation": 2}),
    ("ConvTranspose3d", (4, 2, (1, 2, 3)), {"stride": (1, 2, 2), "output_padding": (0, 1, 0)}),
]


@pytest.mark.parametrize("name, args, options", LAYERS)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_layers_start_as_torchs(name, args, options, torch):
    n = int(name[-2])
    shown, found = [], []
    for library in (minigrad, torch):
        library.manual_seed(3)
        layer = getattr(library.nn, name)(*args, **options)
        shown.append(repr(layer))
        found.append([*layer.parameters(), layer(library.ones(2, 4, *(5, 4, 6)[:n]))])
    assert shown[0] == shown[1]
    for ours, theirs in zip(*found, strict=True):
        assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_output_size():
    layer = nn.ConvTranspose2d(3, 4, 3, 2, 1)
    x = minigrad.zeros(2, 3, 5, 5)
    assert layer(x).shape == (2, 4, 9, 9)
    assert layer(x, output_size=(9, 10)).shape == (2, 4, 9, 10)
    assert layer(x, output_size=minigrad.Size([2, 4, 10, 10])).shape == (2, 4, 10, 10)
    with pytest.raises(ValueError, match=r"range from \[9, 9\] to \[10, 10\]"):
        layer(x, output_size=(9, 11))
    with pytest.raises(ValueError, match="must have 2 or 4 elements"):
        layer(x, output_size=(9, 11, 3))
    with pytest.raises(ValueError, match='Only "zeros" padding mode'):
        nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect")
    with pytest.raises(ValueError, match="must be numbers"):
        nn.ConvTranspose2d(3, 4, 3, padding="same")
