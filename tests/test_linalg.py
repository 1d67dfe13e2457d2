"""Matrix products against NumPy, finite differences and torch."""

import itertools

import numpy as np
import pytest

import minigrad
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.nn import functional as F

SHAPES = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)),
    ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)),
    ((6, 1, 2, 3), (5, 3, 4)), ((2, 0), (0, 3)), ((0, 3), (3, 2)), ((4, 0, 2, 3), (3, 2)),
    ((0, 2, 3), (0, 3, 2)), ((1, 1), (1, 1)), ((0,), (0,)),
]  # fmt: skip


def normal(*shape, seed=0, dtype=minigrad.float64, requires_grad=True):
    array = np.random.default_rng(seed).standard_normal(shape)
    return minigrad.tensor(array, dtype=dtype).requires_grad_(requires_grad)


@pytest.mark.parametrize("dtype", [minigrad.float32, minigrad.float64, minigrad.float16])
@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_matmul_is_numpys(a, b, dtype):
    x, y = normal(*a, dtype=dtype), normal(*b, seed=1, dtype=dtype)
    out = x @ y
    expected = x.detach().numpy().astype(float) @ y.detach().numpy().astype(float)
    assert out.dtype == dtype
    assert out.shape == np.shape(expected)
    limit = {"float16": 1e-2, "float32": 1e-5, "float64": 1e-13}[dtype.name]
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=limit, atol=limit)


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_matmul_gradients(a, b):
    x, y = normal(*a), normal(*b, seed=1)
    assert gradcheck(minigrad.matmul, (x, y))
    if 0 not in (*a, *b):
        assert gradgradcheck(minigrad.matmul, (x, y))
    for wanted in ((True, False), (False, True)):
        x.requires_grad_(wanted[0])
        y.requires_grad_(wanted[1])
        (x @ y).sum().backward()
        assert (x.grad is not None, y.grad is not None) == wanted
        x.grad = y.grad = None


@pytest.mark.parametrize("dtype", [minigrad.int64, minigrad.int32, minigrad.uint8])
def test_matmul_of_integers(dtype):
    a, b = minigrad.arange(6, dtype=dtype).reshape(2, 3), minigrad.ones(3, 2, dtype=dtype)
    assert (a @ b).dtype == dtype
    assert (a @ b).tolist() == [[3, 3], [12, 12]]
    assert minigrad.dot(a[0], a[1]).item() == 14
    assert (a.expand(4, 2, 3) @ b).shape == (4, 2, 2)


def test_views_of_any_strides():
    x = normal(8, 9, 10, requires_grad=False)
    for a in (x[::2, 1], x[1, :, ::3].t()[:, :5], x.permute(2, 0, 1)[3]):
        b = normal(a.shape[1], 4, seed=2, requires_grad=False)
        np.testing.assert_allclose((a @ b).numpy(), a.numpy() @ b.numpy(), rtol=1e-12)


def test_named_products():
    a, b, v = normal(2, 3), normal(3, 4, seed=1), normal(3, seed=2)
    batch = normal(5, 2, 3), normal(5, 3, 4, seed=1)
    bias = normal(4, seed=3)
    for function, inputs in [
        (minigrad.mm, (a, b)),
        (minigrad.mv, (a, v)),
        (minigrad.dot, (v, normal(3, seed=4))),
        (minigrad.bmm, batch),
        (minigrad.addmm, (bias, a, b)),
        (lambda *x: minigrad.addmm(*x, beta=0.5, alpha=-2), (bias, a, b)),
    ]:
        assert gradcheck(function, inputs)
        assert gradgradcheck(function, inputs)
    np.testing.assert_allclose(
        minigrad.addmm(bias, a, b, beta=0.5, alpha=-2).detach().numpy(),
        0.5 * bias.detach().numpy() - 2 * (a.detach().numpy() @ b.detach().numpy()),
    )
    lost = minigrad.full((4,), float("nan"), dtype=minigrad.float64)
    assert minigrad.addmm(lost, a, b, beta=0).isfinite().all()


@pytest.mark.parametrize("shape", [(3,), (7, 3), (2, 5, 3), (0, 3)])
@pytest.mark.parametrize("with_bias", [True, False])
def test_linear(shape, with_bias):
    x, weight = normal(*shape), normal(4, 3, seed=1)
    bias = normal(4, seed=2) if with_bias else None
    inputs = (x, weight, bias) if with_bias else (x, weight)
    out = F.linear(*inputs)
    expected = x.detach().numpy() @ weight.detach().numpy().T
    if with_bias:
        expected = expected + bias.detach().numpy()
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-12)
    assert gradcheck(F.linear, inputs)
    if 0 not in shape:
        assert gradgradcheck(F.linear, inputs)


def test_linear_weight_of_one_dimension():
    x, weight, bias = normal(5, 3), normal(3, seed=1), normal(1, seed=2)[0]
    np.testing.assert_allclose(
        F.linear(x, weight, bias).detach().numpy(),
        x.detach().numpy() @ weight.detach().numpy() + bias.item(),
    )


def test_gradients_are_contiguous_and_shaped_as_the_parameters():
    x, weight = normal(7, 3, dtype=minigrad.float32), normal(4, 3, dtype=minigrad.float32)
    F.linear(x, weight).sum().backward()
    assert weight.grad.is_contiguous()
    assert x.grad.is_contiguous()


def test_errors():
    ones = minigrad.ones
    for message, call in [
        (r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)",
         lambda: ones(2, 3) @ ones(4, 5)),
        (r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)",
         lambda: F.linear(ones(2, 3), ones(5, 4))),
        ("at least 1D, but they are 0D and 2D", lambda: ones(()) @ ones(2, 2)),
        ("same dtype, but got: minigrad.float32 != minigrad.float64",
         lambda: ones(2, 2) @ ones(2, 2, dtype=minigrad.float64)),
        ("self must be a matrix", lambda: minigrad.mm(ones(2), ones(2, 2))),
        ("mat2 must be a matrix", lambda: minigrad.mm(ones(2, 2), ones(2))),
        ("batch1 must be a 3D tensor", lambda: minigrad.bmm(ones(2, 2), ones(2, 2, 2))),
        (r"to be: \[2, 3\] but got: \[2, 4\]",
         lambda: minigrad.bmm(ones(2, 5, 3), ones(2, 4, 5))),
        ("inconsistent tensor size", lambda: minigrad.dot(ones(2), ones(3))),
        (r"size mismatch, got mat \(2x3\), vec \(4\)", lambda: minigrad.mv(ones(2, 3), ones(4))),
        ("do not broadcast", lambda: ones(2, 3, 4) @ ones(3, 4, 5)),
        (r"bias of shape \[5\]", lambda: F.linear(ones(2, 3), ones(5, 3), ones(4))),
        ("not implemented for bool tensors", lambda: (ones(2, 2) > 0) @ (ones(2, 2) > 0)),
    ]:  # fmt: skip
        with pytest.raises(RuntimeError, match=message):
            call()
    with pytest.raises(TypeError, match="must be Tensor, not ndarray"):
        minigrad.mm(np.ones((2, 2)), ones(2, 2))


def test_as_torch():
    torch = pytest.importorskip("torch")
    for (a, b), transposed in itertools.product(SHAPES, (False, True)):
        x, y = normal(*a), normal(*b, seed=1)
        tx, ty = torch.tensor(x.detach().numpy()), torch.tensor(y.detach().numpy())
        tx.requires_grad_(), ty.requires_grad_()
        if transposed and len(a) > 1 and len(b) > 1 and a[-2:] == b[-2:][::-1]:
            out, expected = y.transpose(-1, -2) @ x.transpose(-1, -2), ty.mT @ tx.mT
        else:
            out, expected = x @ y, tx @ ty
        (out * out).sum().backward()
        (expected * expected).sum().backward()
        np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), atol=1e-12)
        np.testing.assert_allclose(x.grad.numpy(), tx.grad.numpy(), atol=1e-12)
        np.testing.assert_allclose(y.grad.numpy(), ty.grad.numpy(), atol=1e-12)
