"""Convolutions against their twin, finite differences and torch."""

import numpy as np
import pytest

import minigrad
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.kernels.reference.conv import conv2d_forward
from minigrad.nn import functional as F

# input, weight, options
CASES_2D = [
    ((2, 1, 6, 7), (3, 1, 3, 3), {}),
    ((2, 3, 5, 6), (4, 3, 3, 2), {"padding": (1, 0)}),
    ((1, 4, 7, 6), (6, 2, 3, 3), {"groups": 2, "stride": 2, "padding": 1}),
    ((2, 4, 5, 5), (4, 1, 3, 3), {"groups": 4, "padding": 1}),
    ((1, 2, 9, 8), (3, 2, 3, 2), {"dilation": (2, 3), "stride": (3, 1), "padding": 2}),
    ((1, 2, 5, 4), (3, 2, 2, 3), {"padding": "same"}),
    ((1, 2, 6, 9), (1, 2, 4, 2), {"padding": "same", "dilation": (1, 3)}),
    ((1, 2, 5, 4), (3, 2, 2, 3), {"padding": "valid"}),
    ((3, 4, 5), (2, 3, 1, 1), {"stride": 2}),
    ((2, 3, 4), (2, 2, 2, 2), {}),
]
CASES_1D = [
    ((2, 1, 9), (3, 1, 3), {}),
    ((2, 4, 10), (6, 2, 3), {"groups": 2, "stride": 2, "padding": 1, "dilation": 2}),
    ((3, 8), (2, 3, 4), {"padding": "same"}),
    ((3, 8), (2, 3, 4), {"padding": (2,), "stride": [3]}),
]
CASES = [(F.conv2d, *case) for case in CASES_2D] + [(F.conv1d, *case) for case in CASES_1D]


def normal(*shape, seed=0, dtype=minigrad.float64, requires_grad=True):
    array = np.random.default_rng(seed).standard_normal(shape)
    return minigrad.tensor(array, dtype=dtype).requires_grad_(requires_grad)


def fitted(case):
    function, shape, weight, options = case
    channels = weight[1] * options.get("groups", 1)
    spatial = len(weight) - 2
    shape = (*shape[: len(shape) - spatial - 1], channels, *shape[len(shape) - spatial :])
    return function, shape, weight, options


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("with_bias", [True, False])
def test_gradients(case, with_bias):
    function, shape, weight, options = fitted(case)
    inputs = [normal(*shape), normal(*weight, seed=1)]
    if with_bias:
        inputs.append(normal(weight[0], seed=2))

    def run(*x):
        return function(*x, **options)

    assert gradcheck(run, inputs)
    if with_bias:
        assert gradgradcheck(run, inputs)


@pytest.mark.parametrize("wanted", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1)])
def test_only_the_gradients_asked_for(wanted):
    shapes = ((2, 3, 6, 6), (4, 3, 3, 3), (4,))
    tensors = [normal(*s, seed=i, requires_grad=bool(wanted[i])) for i, s in enumerate(shapes)]
    everything = [normal(*s, seed=i) for i, s in enumerate(shapes)]
    (F.conv2d(*tensors, padding=1) ** 2).sum().backward()
    (F.conv2d(*everything, padding=1) ** 2).sum().backward()
    for tensor, complete, want in zip(tensors, everything, wanted, strict=True):
        assert (tensor.grad is not None) == bool(want)
        if want:
            np.testing.assert_allclose(tensor.grad.numpy(), complete.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("dtype", [minigrad.float16, minigrad.float32, minigrad.float64])
def test_forward_is_the_twins(dtype):
    x, weight, bias = normal(2, 4, 9, 8, dtype=dtype), normal(6, 2, 3, 2, dtype=dtype), None
    out = F.conv2d(x, weight, bias, (2, 1), (1, 2), (1, 3), 2)
    expected = np.empty(out.shape)
    x64, weight64 = x.detach().numpy().astype(float), weight.detach().numpy().astype(float)
    conv2d_forward(expected, x64, weight64, None, 2, 1, 1, 2, 1, 3, 2, 1)
    assert out.dtype == dtype
    limit = {"float16": 1e-2, "float32": 1e-5, "float64": 1e-12}[dtype.name]
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=limit, atol=limit)


def test_layouts_of_input_weight_and_gradient():
    x, weight = normal(2, 8, 6, 3, dtype=minigrad.float32), normal(3, 3, 3, 5)
    y = F.conv2d(x.permute(0, 3, 1, 2), weight.permute(3, 0, 1, 2).float(), padding=1)
    same = F.conv2d(
        x.permute(0, 3, 1, 2).contiguous(), weight.permute(3, 0, 1, 2).float().contiguous(),
        padding=1,
    )  # fmt: skip
    np.testing.assert_array_equal(y.detach().numpy(), same.detach().numpy())
    y.sum().backward()  # whose gradient is one number, expanded
    found = x.grad.numpy().copy()
    x.grad = None
    (same * 1).backward(minigrad.ones(*same.shape))
    np.testing.assert_allclose(found, x.grad.numpy(), rtol=1e-6)


def test_empty_batch():
    x, weight, bias = normal(0, 3, 5, 5), normal(4, 3, 3, 3), normal(4)
    y = F.conv2d(x, weight, bias)
    assert y.shape == (0, 4, 3, 3)
    y.sum().backward()
    assert x.grad.shape == x.shape
    assert not weight.grad.numpy().any()
    assert not bias.grad.numpy().any()


def test_errors():
    x, w = minigrad.ones(2, 4, 8, 8), minigrad.ones(6, 4, 3, 3)
    for message, call in [
        (r"Given groups=1, weight of size \[6, 3, 3, 3\], expected input\[2, 4, 8, 8\] to have 3 "
         "channels, but got 4", lambda: F.conv2d(x, minigrad.ones(6, 3, 3, 3))),
        (r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d",
         lambda: F.conv2d(x[0, 0], w)),
        (r"Expected 2D \(unbatched\) or 3D \(batched\) input to conv1d",
         lambda: F.conv1d(x, minigrad.ones(6, 4, 3))),
        (r"Calculated padded input size per channel: \(2 x 8\). Kernel size: \(3 x 3\)",
         lambda: F.conv2d(x[:, :, :2], w)),
        ("expected bias to be 1-dimensional with 6", lambda: F.conv2d(x, w, minigrad.ones(5))),
        ("should be the same", lambda: F.conv2d(x.double(), w)),
        ("should be the same", lambda: F.conv2d(x, w, minigrad.ones(6).double())),
        ("not implemented for minigrad.int32", lambda: F.conv2d(x.int(), w.int())),
        ("non-positive stride", lambda: F.conv2d(x, w, stride=0)),
        ("negative padding", lambda: F.conv2d(x, w, padding=-1)),
        ("dilation should be greater than zero", lambda: F.conv2d(x, w, dilation=0)),
        ("divisible by 4", lambda: F.conv2d(x, w[:, :1], groups=4)),
        ("not supported for strided", lambda: F.conv2d(x, w, padding="same", stride=2)),
        ("Invalid padding string 'full'", lambda: F.conv2d(x, w, padding="full")),
        ("expected stride to be an int or two ints", lambda: F.conv2d(x, w, stride=(1, 1, 1))),
    ]:  # fmt: skip
        with pytest.raises(RuntimeError, match=message):
            call()
    with pytest.raises(TypeError, match="argument 'weight' must be Tensor"):
        F.conv2d(x, w.numpy())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_as_torch(case):
    torch = pytest.importorskip("torch")
    function, shape, weight, options = fitted(case)
    tensors = [normal(*shape), normal(*weight, seed=1), normal(weight[0], seed=2)]
    theirs = [torch.tensor(t.detach().numpy(), requires_grad=True) for t in tensors]
    ours = function(*tensors, **options)
    expected = getattr(torch.nn.functional, function.__name__)(*theirs, **options)
    assert ours.shape == tuple(expected.shape)
    np.testing.assert_allclose(ours.detach().numpy(), expected.detach().numpy(), atol=1e-12)
    (ours**2).sum().backward()
    (expected**2).sum().backward()
    for mine, their in zip(tensors, theirs, strict=True):
        np.testing.assert_allclose(mine.grad.numpy(), their.grad.numpy(), atol=1e-10)


@pytest.mark.parametrize("far", [10**5, 2**31, 2**62])
def test_a_step_that_is_never_taken_may_be_of_any_size(far):
    x, w = minigrad.rand(2, 3, 5, 4), minigrad.rand(2, 3, 3, 4)

    def results(options):
        leaves = x.clone().requires_grad_(), w.clone().requires_grad_()
        y = F.conv2d(*leaves, **options)
        return y, *minigrad.autograd.grad(y.sum(), leaves)

    for near, other in [({"stride": 3}, {"stride": far}), ({}, {"stride": (1, far)})]:
        for one, two in zip(results(near), results(other), strict=True):
            assert minigrad.equal(one, two)
    w = w[:, :, :1]
    for one, two in zip(results({}), results({"dilation": (far, 1)}), strict=True):
        assert minigrad.equal(one, two)


@pytest.mark.parametrize(
    "weight, options",
    [
        ((4, 3, 1, 3), {"padding": "same", "dilation": (1, 2**61)}),
        ((4, 3, 3, 3), {"stride": (2**62, 1), "padding": (2**62, 0)}),
        ((4, 3, 3, 3), {"stride": 2**30, "padding": 2**30}),
        ((4, 3, 3, 3), {"padding": 2**62, "dilation": 2**62}),
    ],
)
def test_padding_too_large_to_count_or_hold_is_refused(weight, options):
    x, w = minigrad.rand(2, 3, 5, 5), minigrad.rand(*weight)
    with pytest.raises((RuntimeError, MemoryError), match=r"too large|no memory"):
        F.conv2d(x, w, **options)
    assert F.conv2d(x, w, padding=1).shape[0] == 2


@pytest.mark.parametrize("conv, spatial", [(F.conv1d, 1), (F.conv2d, 2)])
def test_sizes_of_zero(conv, spatial):
    def leaf(*shape):
        return minigrad.ones(*shape, *[5 if shape[0] == 2 else 3] * spatial, requires_grad=True)

    with pytest.raises(RuntimeError, match="kernel size should be greater than zero"):
        conv(minigrad.ones(2, 3, *[5] * spatial), minigrad.ones(4, 3, *[0] * spatial))
    with pytest.raises(RuntimeError, match="weight to be at least 1 at dimension 0"):
        conv(leaf(2, 3), leaf(0, 3))
    x, weight, bias = leaf(2, 0), leaf(4, 0), minigrad.ones(4, requires_grad=True)
    out = conv(x, weight, bias)  # as torch has it
    assert out.shape == (2, 0, *[3] * spatial)
    out.sum().backward()
    assert x.grad.shape == x.shape and weight.grad.shape == weight.shape
    assert bias.grad.tolist() == [0.0] * 4
