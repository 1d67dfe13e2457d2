"""Pooling against NumPy, finite differences and torch."""

import numpy as np
import pytest

import minigrad
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.nn import functional as F

# function, input, arguments, options
MAX = [
    (F.max_pool2d, (2, 3, 6, 8), (2,), {}),
    (F.max_pool2d, (2, 3, 7, 9), (2,), {}),
    (F.max_pool2d, (1, 2, 7, 9), (2,), {"ceil_mode": True}),
    (F.max_pool2d, (3, 7, 9), ((3, 2), (2, 1)), {"padding": 1}),
    (F.max_pool2d, (1, 2, 9, 9), (3, 1), {"padding": 1, "dilation": 2}),
    (F.max_pool2d, (1, 1, 5, 5), (3, 3), {"padding": 1, "ceil_mode": True}),
    (F.max_pool1d, (2, 3, 9), (3, 2), {"padding": 1}),
    (F.max_pool1d, (3, 10), (3,), {"ceil_mode": True}),
    (F.max_pool3d, (2, 3, 4, 6, 7), (2,), {}),
    (F.max_pool3d, (2, 5, 7, 4), ((3, 2, 1), (1, 2, 2)), {"padding": (1, 1, 0)}),
    (F.max_pool3d, (1, 2, 5, 6, 7), (2, 2), {"dilation": (2, 1, 2), "ceil_mode": True}),
]
AVERAGE = [
    (F.avg_pool2d, (2, 3, 6, 8), (2,), {}),
    (F.avg_pool2d, (1, 2, 7, 9), (3, 2), {"padding": 1, "ceil_mode": True}),
    (F.avg_pool2d, (1, 2, 7, 9), (3, 2), {"padding": 1, "count_include_pad": False}),
    (F.avg_pool2d, (2, 7, 9), ((2, 3), (1, 2)), {"divisor_override": 4}),
    (F.avg_pool1d, (2, 3, 9), (3, 2), {"padding": 1}),
    (F.avg_pool1d, (3, 10), (3,), {"ceil_mode": True, "count_include_pad": False}),
    (F.adaptive_avg_pool2d, (2, 3, 7, 5), (1,), {}),
    (F.adaptive_avg_pool2d, (2, 3, 7, 5), ((3, 2),), {}),
    (F.adaptive_avg_pool2d, (3, 4, 5), ((None, 7),), {}),
    (F.adaptive_avg_pool1d, (2, 3, 7), (3,), {}),
    (F.adaptive_avg_pool1d, (3, 7), (9,), {}),
    (F.avg_pool3d, (2, 3, 4, 6, 7), (2,), {}),
    (F.avg_pool3d, (1, 2, 5, 6, 7), (3, 2), {"padding": 1, "ceil_mode": True}),
    (F.avg_pool3d, (1, 2, 5, 6, 7), (3, 2), {"padding": 1, "count_include_pad": False}),
    (F.avg_pool3d, (2, 4, 6, 7), ((2, 3, 1), (1, 2, 2)), {"divisor_override": 5}),
    (F.adaptive_avg_pool3d, (2, 3, 5, 4, 3), (2,), {}),
    (F.adaptive_avg_pool3d, (2, 5, 4, 3), ((None, 3, 1),), {}),
]


def normal(*shape, dtype=minigrad.float64):
    array = np.random.default_rng(0).permutation(np.linspace(-2, 2, int(np.prod(shape))))
    return minigrad.tensor(array.reshape(shape), dtype=dtype).requires_grad_()


@pytest.mark.parametrize(("function", "shape", "args", "options"), MAX + AVERAGE)
def test_gradients(function, shape, args, options):
    x = normal(*shape)

    def run(x):
        return function(x, *args, **options)

    assert gradcheck(run, x)
    assert gradgradcheck(run, x)


def test_against_a_window_at_a_time():
    x = normal(2, 3, 8, 10)
    windows = x.detach().numpy().reshape(2, 3, 4, 2, 5, 2).swapaxes(3, 4)
    np.testing.assert_array_equal(F.max_pool2d(x, 2).detach().numpy(), windows.max((4, 5)))
    np.testing.assert_allclose(F.avg_pool2d(x, 2).detach().numpy(), windows.mean((4, 5)))
    np.testing.assert_allclose(
        F.adaptive_avg_pool2d(x, (4, 5)).detach().numpy(), windows.mean((4, 5))
    )


@pytest.mark.parametrize("dtype", [minigrad.float16, minigrad.float32, minigrad.float64])
@pytest.mark.parametrize(("function", "shape", "args", "options"), MAX + AVERAGE)
def test_dtypes(function, shape, args, options, dtype):
    x = normal(*shape, dtype=dtype)
    out = function(x, *args, **options)
    wide = function(x.detach().double(), *args, **options)
    assert out.dtype == dtype
    limit = {"float16": 1e-3, "float32": 1e-6, "float64": 0}[dtype.name]
    np.testing.assert_allclose(out.detach().numpy(), wide.numpy(), rtol=limit, atol=limit)
    out.sum().backward()
    assert x.grad.dtype == dtype


@pytest.mark.parametrize(("function", "shape", "args", "options"), MAX)
def test_indices(function, shape, args, options):
    x = normal(*shape)
    out, indices = function(x, *args, return_indices=True, **options)
    assert indices.dtype == minigrad.int64
    assert not indices.requires_grad
    spatial = int(function.__name__[-2])
    flat = x.detach().numpy().reshape(*shape[: len(shape) - spatial], -1)
    places = indices.numpy().reshape(*shape[: len(shape) - spatial], -1)
    chosen = np.take_along_axis(flat, places, -1)
    np.testing.assert_array_equal(chosen.reshape(out.shape), out.detach().numpy())


def test_nan_is_larger_than_anything():
    x = minigrad.tensor([[1.0, float("nan"), 3.0, 4.0], [float("inf"), 2.0, -1.0, 0.0]])
    out = F.max_pool1d(x, 2)
    np.testing.assert_array_equal(out.numpy(), [[np.nan, 4], [np.inf, 0]])


def test_views():
    x = normal(2, 5, 6, 3)
    seen = F.max_pool2d(x.permute(0, 3, 1, 2), 2)
    same = F.max_pool2d(x.permute(0, 3, 1, 2).contiguous(), 2)
    np.testing.assert_array_equal(seen.detach().numpy(), same.detach().numpy())
    seen.sum().backward()
    assert x.grad.numpy().sum() == seen.numel()


def test_errors():
    x = minigrad.ones(2, 3, 8, 8)
    for message, call in [
        ("Expected 3D or 4D input tensor, but got 2D", lambda: F.max_pool2d(x[0, 0], 2)),
        ("Expected 2D or 3D input tensor, but got 4D", lambda: F.avg_pool1d(x, 2)),
        ("at most half of effective kernel size", lambda: F.max_pool2d(x, 2, padding=2)),
        ("pad must be non-negative", lambda: F.avg_pool2d(x, 2, padding=-1)),
        ("Output size is too small", lambda: F.max_pool2d(x, 9)),
        ("greater than zero", lambda: F.max_pool2d(x, 0)),
        ("greater than zero", lambda: F.max_pool2d(x, 2, stride=0)),
        ("divisor must be not zero", lambda: F.avg_pool2d(x, 2, divisor_override=0)),
        ("not implemented for minigrad.bool", lambda: F.max_pool2d(x.bool(), 2)),
        ("not implemented for minigrad.int64", lambda: F.max_pool1d(x[0].long(), 2)),
        ("not implemented for minigrad.int32", lambda: F.avg_pool2d(x.int(), 2)),
        ("non-zero size", lambda: F.max_pool2d(x[:, :0], 2)),
        ("non-zero size", lambda: F.avg_pool2d(x[:, :, :0], 2)),
        ("greater than or equal to 0", lambda: F.adaptive_avg_pool2d(x, (-1, 2))),
        ("non-zero size", lambda: F.adaptive_avg_pool2d(x[:, :, :0], 2)),
        ("kernel_size to be an int or two ints", lambda: F.max_pool2d(x, (1, 2, 3))),
    ]:
        with pytest.raises(RuntimeError, match=message):
            call()
    with pytest.raises(TypeError, match="must be Tensor, not ndarray"):
        F.max_pool2d(x.numpy(), 2)


@pytest.mark.parametrize(("function", "shape", "args", "options"), MAX + AVERAGE)
def test_as_torch(function, shape, args, options):
    torch = pytest.importorskip("torch")
    x = normal(*shape)
    theirs = torch.tensor(x.detach().numpy(), requires_grad=True)
    ours = function(x, *args, **options)
    expected = getattr(torch.nn.functional, function.__name__)(theirs, *args, **options)
    assert ours.shape == tuple(expected.shape)
    np.testing.assert_allclose(ours.detach().numpy(), expected.detach().numpy(), rtol=1e-12)
    (ours**2).sum().backward()
    (expected**2).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), theirs.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "int8", "uint8"])
def test_integers_against_torch(torch, dtype, rng):
    values = rng.integers(-100, 100, (2, 3, 5, 6)).astype(np.int64)
    ours, theirs = minigrad.tensor(values), torch.tensor(values)
    ours, theirs = ours.to(getattr(minigrad, dtype)), theirs.to(getattr(torch, dtype))
    for arguments in ((2,), (3, 2, 1)):
        for name in ("max_pool2d", "avg_pool2d") if dtype == "int64" else ("max_pool2d",):
            out = getattr(F, name)(ours, *arguments)
            assert out.dtype == ours.dtype
            assert out.tolist() == getattr(torch.nn.functional, name)(theirs, *arguments).tolist()
    assert F.max_pool2d(minigrad.tensor([[[1, 5], [7, 3]]]), 2).tolist() == [[[7]]]


@pytest.mark.parametrize("threads", [1, 2])
def test_windows_outside_the_image_have_no_gradient(threads):
    """Dilation, padding and ceil_mode together can leave a window without any element."""
    minigrad.set_num_threads(threads)
    x = minigrad.randn(64, 3, 1, 200, requires_grad=True)
    y = minigrad.nn.functional.max_pool2d(x, (3, 2), (3, 2), (1, 0), (2, 1), True)
    (grad,) = minigrad.autograd.grad(y[y > -float("inf")].sum(), x, create_graph=True)
    assert y.shape == (64, 3, 1, 100)
    assert (y == -float("inf")).all()
    assert (grad == 0).all()
    y.sum().backward()
    assert (x.grad == 0).all()


def test_no_batch_and_no_channels():
    none = minigrad.ones(0, 2, 4, 4, 4)
    values, indices = F.max_pool3d(none, 2, return_indices=True)
    assert values.shape == indices.shape == (0, 2, 2, 2, 2)
    assert F.adaptive_avg_pool2d(minigrad.ones(2, 0, 4, 4), 3).shape == (2, 0, 3, 3)
    grid = minigrad.ones(0, 5, 6, 2)
    found = F.grid_sample(minigrad.ones(0, 3, 4, 4), grid, align_corners=False)
    assert found.shape == (0, 3, 5, 6)
