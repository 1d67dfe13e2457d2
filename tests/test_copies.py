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


ORDERS = {
    "rows": lambda x: x,
    "transposed": lambda x: x.permute(2, 1, 0),
    "rotated": lambda x: x.permute(1, 2, 0),
    "part": lambda x: x[:, 3:-2, 1:],
    "every other": lambda x: x[..., ::2],
    "a column for all": lambda x: x[:, :1, :1].expand(x.shape),
    "a row for all": lambda x: x[:1, :1].expand(x.shape),
    "one number": lambda x: x[0, 0, 0].expand(x.shape),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", ("float32", "float64", "float16", "int64", "bool"))
@pytest.mark.parametrize("shape", ((3, 40, 5), (8, 200, 130), (70000, 8, 2)), ids=str)
def test_copies_are_the_same_bits_on_any_number_of_threads(shape, dtype, order, rng):
    bits = rng.integers(0, 256, (*shape, 8), np.uint8)  # NaNs of all kinds among them
    bits = bits[..., :1] & 1 if dtype == "bool" else bits[..., : np.dtype(dtype).itemsize]
    x = ORDERS[order](minigrad.from_numpy(np.ascontiguousarray(bits).view(dtype)[..., 0]))
    expected = x.numpy().tobytes()
    for n_threads in (1, 2, 5):
        minigrad.set_num_threads(n_threads)
        written = minigrad.zeros(x.shape, dtype=x.dtype)
        inside = minigrad.zeros(*x.shape, 2, dtype=x.dtype)[..., 1]
        copies = [x.contiguous(), x.clone(), written.copy_(x), inside.copy_(x)]
        copies.append(x.clone(memory_format=minigrad.contiguous_format))
        for copy in copies:
            assert copy.numpy().tobytes() == expected
        if order in ("transposed", "rotated"):
            assert copies[1].stride() == x.stride()
        number = x[-1, -1, -1]
        filled = minigrad.zeros(x.shape, dtype=x.dtype).fill_(number)
        assert filled.numpy().tobytes() == number.numpy().tobytes() * x.numel()


def test_writes_where_elements_share_memory_do_not_depend_on_threads(rng):
    source = minigrad.from_numpy(rng.standard_normal((100_000, 2)))
    found = set()
    for n_threads in (1, 2, 5, 2, 5):
        minigrad.set_num_threads(n_threads)
        x = minigrad.zeros(100_001, dtype=minigrad.float64)
        x.as_strided((100_000, 2), (1, 1)).copy_(source)
        found.add(x.numpy().tobytes())
        row = minigrad.zeros(100_000)
        row.expand(5, 100_000).fill_(2)
        assert row.sum() == 200_000
    assert len(found) == 1
