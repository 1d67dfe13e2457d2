"""where and masked_fill choose without branches: the kernel, layouts, broadcasting."""

import numpy as np
import pytest

import minigrad
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.kernels import choice
from minigrad.kernels.reference import choice as reference

KINDS = [np.float32, np.float64, np.float16, np.int8, np.bool_, np.int64]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0, 1, 37, 9000])
@pytest.mark.parametrize("one", ["", "a", "b", "ab"])
def test_as_the_twin_and_the_same_bits_for_every_number_of_threads(size, one, kind, rng):
    mask = rng.random(size) > 0.5
    a, b = ((10 * rng.standard_normal(1 if name in one else size)).astype(kind) for name in "ab")
    expected = np.zeros(size, kind)
    reference.choose(expected, mask, a, b, 1)
    for threads in (1, 2, 3):
        out = np.ones(size, kind)
        choice.choose(out, mask, a, b, threads)
        assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("columns", [3, 700])  # small ones are NumPy's where they broadcast
def test_broadcasting_and_strides(columns, rng):
    x = rng.standard_normal((4, columns)).astype(np.float32)
    mask = rng.random((4, columns)) > 0.5
    row, column = x[0], x[:, :1]
    x_, mask_, row_, column_ = map(minigrad.from_numpy, (x, mask, row.copy(), column.copy()))
    for found, expected in (
        (minigrad.where(mask_, x_, row_), np.where(mask, x, row)),
        (minigrad.where(mask_, column_, x_), np.where(mask, column, x)),
        (minigrad.where(mask_.t(), x_.t(), 0.0), np.where(mask, x, 0).T),
        (minigrad.where(mask_[0], x_, 1.0), np.where(mask[0], x, 1)),
        (x_.masked_fill(mask_[:, :1], 2.0), np.where(mask[:, :1], 2, x)),
        (x_.t().masked_fill(mask_.t(), 2.0), np.where(mask, 2, x).T),
        (x_[:, 1:].masked_fill(mask_[:, 1:], np.nan), np.where(mask, np.nan, x)[:, 1:]),
    ):
        np.testing.assert_array_equal(found.numpy(), expected)


def test_nan_and_infinity_pass():
    x = minigrad.tensor([minigrad.nan, minigrad.inf, 1.0])
    assert minigrad.where(x > 0, x, -x).tolist()[1:] == [minigrad.inf, 1]
    assert minigrad.where(x == 1, 0.0, x).isnan().tolist() == [True, False, False]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(4, 4), (2, 3, 5), (7, 2), (0, 3), (3, 0), (2, 0, 3)])
def test_triangles(shape, kind, rng):
    x = (10 * rng.standard_normal(shape)).astype(kind)
    for diagonal in (-9, -1, 0, 2, 9):
        for upper in (False, True):
            expected = np.ones_like(x)
            reference.triangle(expected, x, diagonal, upper, 1)
            for threads in (1, 2, 3):
                out = np.ones_like(x)
                choice.triangle(out, x, diagonal, upper, threads)
                assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(0,), (1,), (5, 7), (40, 50)])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_elements_where_a_mask_holds(shape, share, kind, rng):
    mask = rng.random(shape) < share
    x = (10 * rng.standard_normal(shape)).astype(kind)
    taken = [np.ones(np.count_nonzero(mask), kind) for _ in range(2)]
    back = [np.ones(shape, kind) for _ in range(2)]
    for k, kernel in enumerate((choice, reference)):
        kernel.take_where(taken[k], x, mask)
        kernel.put_where(back[k], taken[k], mask)
    assert taken[0].tobytes() == taken[1].tobytes()
    assert back[0].tobytes() == back[1].tobytes()


def test_gradients_of_masked_elements():
    mask = minigrad.tensor([[True, False, True], [False, True, False]])
    x = minigrad.randn(2, 3, dtype=minigrad.float64, requires_grad=True)
    for function in (lambda x: x[mask] ** 3, lambda x: x.t().masked_select(mask.t()) ** 3):
        assert gradcheck(function, (x,))
        assert gradgradcheck(function, (x,))
    changed = mask.clone()
    y = x[changed]
    changed.zero_()
    y.sum().backward()
    assert x.grad.tolist() == mask.double().tolist()
