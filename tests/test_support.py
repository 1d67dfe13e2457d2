"""The suite's own helpers tested: a planted fault is caught, and what is right passes."""

from pathlib import Path

import numpy as np
import pytest
from faults import FAULTS
from support import assert_close, check_gradients, compare_with_torch, layouts

import minigrad


def test_assert_close_sees_value_shape_dtype_and_nan():
    x = minigrad.tensor([1.0, 2.0])
    assert_close(x, np.array([1, 2], np.float32))
    for wrong in (
        np.array([1, 2.001], np.float32),
        np.array([[1, 2]], np.float32),
        np.array([1, 2], np.float64),
        np.array([1, np.nan], np.float32),
        np.array([1, np.inf], np.float32),
    ):
        with pytest.raises(AssertionError):
            assert_close(x, wrong)
    with pytest.raises(AssertionError, match="ndarray"):
        assert_close(np.ones(2, np.float32), np.ones(2, np.float32))
    nan = minigrad.tensor([float("nan"), float("-inf")])
    assert_close(nan, np.array([np.nan, -np.inf], np.float32))


ARRAYS = [np.random.default_rng(0).uniform(0.5, 1.5, (3, 2)), np.ones(2)]


class Planted(minigrad.autograd.Function):
    """``a * b * b``, with the fault asked for."""

    @staticmethod
    def forward(ctx, a, b, fault):
        ctx.fault = fault
        ctx.save_for_backward(a, b)
        out = a * b * b
        return {"value": out * 1.001, "dtype": out.float(), "shape": out[None]}.get(fault, out)

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        fault = ctx.fault
        if fault == "second gradient":
            a = a.detach()
        da = g * b * b
        db = (g * a * b * (2.01 if fault == "gradient" else 2)).sum(0)
        return da, None if fault == "no gradient" else db, None


@pytest.mark.parametrize(
    "fault", [None, "value", "dtype", "shape", "gradient", "no gradient", "second gradient"]
)
def test_the_comparison_with_torch_catches(fault, torch):
    def product(library, a, b):
        return a * b * b if library is torch else Planted.apply(a, b, fault)

    def compare():
        compare_with_torch(torch, product, ARRAYS, double=True)

    if fault is None:
        compare()
    else:
        with pytest.raises(AssertionError):
            compare()


@pytest.mark.parametrize("fault", [None, "gradient", "no gradient", "second gradient"])
def test_the_check_by_finite_differences_catches(fault):
    def check():
        check_gradients(lambda a, b: Planted.apply(a, b, fault), *ARRAYS)

    if fault is None:
        check()
    else:
        with pytest.raises(minigrad.autograd.GradcheckError):
            check()


def test_layouts_hold_the_same_numbers_in_different_strides():
    array = np.arange(12.0).reshape(3, 4)
    found = layouts(array)
    assert set(found) == {"contiguous", "strided", "transposed"}
    for other in found.values():
        np.testing.assert_array_equal(other, array)
    assert len({other.strides for other in found.values()}) == 3


@pytest.mark.parametrize("file, before", [(fault[1], fault[2]) for fault in FAULTS])
def test_faults_planted_by_hand_have_their_place(file, before):
    assert (Path(__file__).resolve().parent.parent / file).read_text().count(before) == 1
