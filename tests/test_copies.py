"""Copies, and tensors of another dtype: values, strides, errors, against torch."""

import numpy as np
import pytest
from support import compare_with_torch

import minigrad

INF = float("inf")


def test_to_and_its_kin_against_torch(torch):
    x = np.array([0.0, 1.7, -1.7, 100.0])
    for name in ("half", "float", "double", "char", "short", "int", "long", "bool"):
        compare_with_torch(torch, lambda lib, t, n=name: getattr(t, n)(), (x,))
        compare_with_torch(torch, lambda lib, t, n=name: getattr(t, n)(), (np.array([0, 1, 127]),))
    compare_with_torch(torch, lambda lib, t: t.byte(), (np.abs(x),))
    for call in (
        lambda lib, t: t.to(lib.float32),
        lambda lib, t: t.to("cpu"),
        lambda lib, t: t.to("cpu", lib.float16),
        lambda lib, t: t.to(lib.zeros(1)),
        lambda lib, t: t.to(dtype=lib.int32, copy=True),
        lambda lib, t: t.to(lib.device("cpu")),
        lambda lib, t: t.type(lib.float32),
        lambda lib, t: t.type("torch.LongTensor"),
        lambda lib, t: t.type_as(lib.zeros(1)),
    ):
        compare_with_torch(torch, call, (x,))


def test_to_returns_the_tensor_itself_where_it_fits():
    x = minigrad.ones(3)
    assert x.to(minigrad.float32) is x
    assert x.float() is x
    assert x.to("cpu") is x
    assert x.contiguous() is x
    copied = x.to(minigrad.float32, copy=True)
    assert copied is not x
    copied[0] = 5
    assert x[0].item() == 1


def test_to_errors():
    x = minigrad.ones(3)
    for device, error in (("cuda", AssertionError), ("cuda:0", AssertionError),
                          ("meta", RuntimeError)):  # fmt: skip
        with pytest.raises(error, match="CPU"):
            x.to(device)
    with pytest.raises(AssertionError, match="CPU"):
        x.cuda()
    for wrong in (3, 3.5, "nonsense", object()):
        with pytest.raises((TypeError, RuntimeError)):
            x.to(wrong)
    with pytest.raises(TypeError):
        x.type("torch.NoTensor")


def test_casting_out_of_range_is_silent():
    x = minigrad.tensor([1e30, -1e30, np.nan, np.inf])
    assert x.half().tolist()[:2] == [np.inf, -np.inf]
    assert x.long().dtype is minigrad.int64
    assert x.to(minigrad.uint8).dtype is minigrad.uint8


def test_clone_keeps_strides_and_contiguous_does_not():
    x = minigrad.ones(3, 4).t()
    assert x.clone().stride() == (1, 4)
    assert x.contiguous().stride() == (3, 1)
