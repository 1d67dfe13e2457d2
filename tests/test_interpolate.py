"""Interpolation and sampling at the places of a grid, against torch and what must hold."""

import warnings

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad import nn
from minigrad.nn import functional as F

SHAPES = {1: (2, 3, 5), 2: (2, 2, 4, 5), 3: (1, 2, 3, 4, 2)}
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
CASES = [
    (n, {"mode": mode, **corners, **sizes})
    for n in (1, 2, 3)
    for mode in ("nearest", "nearest-exact", "area", LINEAR[n], *(["bicubic"] if n == 2 else []))
    for corners in ([{}, {"align_corners": True}] if "linear" in mode or "cubic" in mode else [{}])
    for sizes in (
        {"size": 7},
        {"size": (2, 9, 3)[:n]},
        {"scale_factor": 1.7},
        {"scale_factor": (2, 0.7, 1.5)[:n], "recompute_scale_factor": True},
        {"size": 1},
    )
]


@pytest.mark.parametrize("n, options", CASES)
def test_as_torch(n, options, rng, torch):
    def run(library, x):
        return library.nn.functional.interpolate(x, **options)

    x = rng.normal(size=SHAPES[n])
    compare_with_torch(torch, run, [x], double=True)
    compare_with_torch(torch, run, [x.astype(np.float32)], rtol=1e-4, atol=1e-5)
    compare_with_torch(torch, run, [x.astype(np.float16)], gradient=False)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
def test_bytes_as_torch(mode, rng, torch):
    x = rng.integers(0, 256, (1, 2, 6, 7)).astype(np.uint8)
    ours = F.interpolate(minigrad.tensor(x), (4, 9), mode=mode)
    theirs = torch.nn.functional.interpolate(torch.tensor(x), (4, 9), mode=mode)
    assert_close(ours, theirs)


def test_what_must_hold(rng):
    x = minigrad.tensor(rng.normal(size=(2, 3, 4, 5)))
    for mode in ("nearest", "bilinear", "bicubic", "area"):
        assert_close(F.interpolate(x, (4, 5), mode=mode), x)
        assert_close(F.interpolate(x * 0 + 3, 7, mode=mode), F.interpolate(x, 7) * 0 + 3)
    assert minigrad.equal(F.interpolate(x, scale_factor=2)[..., ::2, 1::2], x)
    line = minigrad.arange(5.0).reshape(1, 1, 5)
    out = F.interpolate(line, 9, mode="linear", align_corners=True)
    assert_close(out.flatten(), np.arange(9, dtype=np.float32) / 2)
    check_gradients(lambda x: F.interpolate(x, (3, 7), mode="bicubic"), x[:1, :1].numpy())


def test_older_names():
    x = minigrad.arange(4.0).reshape(1, 1, 2, 2)
    for run, mode in [(F.upsample_nearest, "nearest"), (F.upsample_bilinear, "bilinear")]:
        corners = True if mode == "bilinear" else None
        with pytest.warns(UserWarning, match="deprecated"):
            out = run(x, 3)
        assert minigrad.equal(out, F.interpolate(x, 3, mode=mode, align_corners=corners))
    with pytest.warns(UserWarning, match="deprecated"):
        F.upsample(x, scale_factor=2)


@pytest.mark.parametrize(
    "name, options",
    [
        ("Upsample", {"scale_factor": 2, "mode": "bilinear"}),
        ("Upsample", {"size": (3, 4)}),
        ("Upsample", {"scale_factor": (1.5, 2), "mode": "bicubic", "align_corners": True}),
        ("UpsamplingNearest2d", {"size": 4}),
        ("UpsamplingBilinear2d", {"scale_factor": 2}),
    ],
)
def test_layers_as_torchs(name, options, rng, torch):
    ours, theirs = (getattr(library.nn, name)(**options) for library in (minigrad, torch))
    x = rng.normal(size=SHAPES[2])
    assert repr(ours) == repr(theirs)
    assert_close(ours(minigrad.tensor(x)), theirs(torch.tensor(x)))


MODES = [
    (n, mode, padding, corners)
    for n, modes in ((2, ("bilinear", "nearest", "bicubic")), (3, ("bilinear", "nearest")))
    for mode in modes
    for padding in ("zeros", "border", "reflection")
    for corners in (False, True)
]


@pytest.mark.parametrize("n, mode, padding, corners", MODES)
def test_grid_sample_as_torch(n, mode, padding, corners, rng, torch):
    def run(library, x, grid):
        return library.nn.functional.grid_sample(x, grid, mode, padding, corners)

    x, grid = rng.normal(size=SHAPES[n]), rng.uniform(-1.6, 1.6, (SHAPES[n][0], 3, 4, 2, n))
    grid = grid if n == 3 else grid[:, :, :, 0]
    compare_with_torch(torch, run, [x, grid], rtol=1e-7)
    compare_with_torch(torch, run, [x.astype(np.float32), grid.astype(np.float32)], rtol=1e-3,
                       atol=1e-3)  # fmt: skip


@pytest.mark.parametrize("corners", [False, True])
def test_affine_grid(corners, rng, torch):
    def run(library, theta):
        n = theta.shape[1]
        return library.nn.functional.affine_grid(theta, (2, 3, 4, 2, 5)[: n + 2], corners)

    compare_with_torch(torch, run, [rng.normal(size=(2, 2, 3))], double=True)
    compare_with_torch(torch, run, [rng.normal(size=(2, 3, 4)).astype(np.float32)])


def test_the_identity_grid_reads_the_image(rng):
    x = minigrad.tensor(rng.normal(size=(2, 3, 4, 5)))
    same = minigrad.tensor([[[1.0, 0, 0], [0, 1, 0]]] * 2, dtype=minigrad.float64)
    for corners in (False, True):
        grid = F.affine_grid(same, x.shape, corners)
        for mode in ("bilinear", "nearest", "bicubic"):
            assert_close(F.grid_sample(x, grid, mode, align_corners=corners), x)
    inside = minigrad.tensor(rng.uniform(-0.7, 0.7, (1, 2, 2, 2)))
    check_gradients(
        lambda x, grid: F.grid_sample(x, grid, align_corners=True), x[:1].numpy(), inside.numpy()
    )


def test_errors():
    x, grid = minigrad.zeros(1, 2, 3, 4), minigrad.zeros(1, 5, 5, 2)
    theta = minigrad.zeros(1, 2, 3)
    for error, message, call in [
        (ValueError, "either size or scale_factor", lambda: F.interpolate(x)),
        (ValueError, "only one of", lambda: F.interpolate(x, 2, 2)),
        (ValueError, "same number of spatial", lambda: F.interpolate(x, (1, 2, 3))),
        (ValueError, "same number of spatial", lambda: F.interpolate(x, scale_factor=(2.0,))),
        (NotImplementedError, "needs 3D input", lambda: F.interpolate(x, 2, mode="linear")),
        (NotImplementedError, "got 2D", lambda: F.interpolate(x[0, 0], 2)),
        (NotImplementedError, "got other", lambda: F.interpolate(x, 2, mode="other")),
        (NotImplementedError, "int64", lambda: F.interpolate(x.long(), 2)),
        (ValueError, "Anti-alias", lambda: F.interpolate(x, 2, antialias=True)),
        (ValueError, "align_corners option", lambda: F.interpolate(x, 2, align_corners=True)),
        (ValueError, "explicit size", lambda: F.interpolate(x, 2, recompute_scale_factor=True)),
        (RuntimeError, "greater than 0", lambda: F.interpolate(x, 0)),
        (ValueError, "expected mode", lambda: F.grid_sample(x, grid, "other")),
        (ValueError, "expected padding_mode", lambda: F.grid_sample(x, grid, padding_mode="o")),
        (RuntimeError, "same batch size", lambda: F.grid_sample(x[0], grid, align_corners=True)),
        (RuntimeError, "size 2 in last", lambda: F.grid_sample(x, grid[..., :1],
                                                               align_corners=True)),
        (RuntimeError, "one dtype", lambda: F.grid_sample(x, grid.double(),
                                                                   align_corners=True)),
        (ValueError, "shape Nx2x3", lambda: F.affine_grid(theta[..., :2], x.shape, True)),
        (ValueError, "floating point type", lambda: F.affine_grid(theta.long(), x.shape, True)),
        (NotImplementedError, "4D and 5D", lambda: F.affine_grid(theta, (1, 2, 3), True)),
        (ValueError, "positive output size", lambda: F.affine_grid(theta, (1, 2, 0, 3), True)),
    ]:  # fmt: skip
        with pytest.raises(error, match=message):
            call()
    with pytest.warns(UserWarning, match="align_corners=False"):
        F.grid_sample(x, grid)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert F.affine_grid(theta, x.shape).shape == (1, 3, 4, 2)


def test_names():
    assert nn.Upsample(size=3).name == "Upsample"


def test_bytes_are_rounded_after_each_dimension():
    x = minigrad.tensor([[[[0, 10, 255], [7, 100, 3]]]], dtype=minigrad.uint8)
    linear = F.interpolate(x, (3, 4), mode="bilinear")
    assert linear.tolist() == [[[[0, 6, 102, 255], [4, 36, 83, 129], [7, 65, 64, 3]]]]
    cubic = F.interpolate(x, (3, 4), mode="bicubic")
    assert cubic.tolist() == [[[[0, 0, 101, 255], [0, 39, 87, 128], [0, 84, 73, 0]]]]


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_antialias(torch, mode, dtype):
    for shape, options in (
        ((1, 2, 8, 8), {"size": (3, 5)}),
        ((2, 1, 9, 7), {"size": (4, 12)}),
        ((1, 1, 10, 11), {"scale_factor": (0.45, 2.3)}),
        ((1, 1, 10, 10), {"scale_factor": 0.37, "recompute_scale_factor": True}),
        ((1, 1, 8, 8), {"size": (3, 12), "align_corners": mode != "lanczos"}),
        ((1, 1, 1, 1), {"size": 3}),
    ):
        array = (np.random.default_rng(0).random(shape) * 255).astype(dtype)
        results = []
        for lib in (torch, minigrad):
            x = lib.tensor(array)
            if dtype != "uint8":
                x.requires_grad_()
            y = lib.nn.functional.interpolate(x, mode=mode, antialias=True, **options)
            results.append([y.detach().numpy()])
            if dtype != "uint8":
                (y * y).sum().backward()
                results[-1].append(x.grad.numpy())
        for ours, theirs in zip(*reversed(results), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-3)


def test_antialias_of_a_line():
    """Halved, each new element is the mean under a triangle four old elements wide."""
    x = minigrad.tensor([0.0, 0, 0, 8, 0, 0, 0, 0]).reshape(1, 1, 1, 8)
    y = F.interpolate(x, (1, 4), mode="bilinear", antialias=True)
    assert y.flatten().tolist() == pytest.approx([0, 3, 1, 0])
    with pytest.raises(ValueError, match="antialias"):
        F.interpolate(x, (1, 4), mode="lanczos")
