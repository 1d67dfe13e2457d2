"""Tensor itself: sizes and memory, NumPy and DLPack, Python's protocols, copies and pickles."""

import copy
import gc
import io
import operator
import pickle
import threading
import weakref

import numpy as np
import pytest
from support import DTYPES, NUMPY_1, assert_close

import minigrad

# ---------------------------------------------------------------- sizes and memory


def test_sizes_and_strides(torch):
    for make in (
        lambda lib: lib.zeros(2, 3, 4),
        lambda lib: lib.zeros(2, 3, 4).transpose(0, 2),
        lambda lib: lib.zeros(6, 8)[1::2, ::3],
        lambda lib: lib.zeros(()),
        lambda lib: lib.zeros(0, 3),
        lambda lib: lib.zeros(1, 3).expand(4, 3),
        lambda lib: lib.zeros(2, 3, dtype=lib.float64),
        lambda lib: lib.zeros(3, dtype=lib.bool),
        lambda lib: lib.zeros(4, 5)[:, 2],
        lambda lib: lib.zeros(5)[None, :, None],
    ):
        a, b = make(minigrad), make(torch)
        assert tuple(a.shape) == tuple(b.shape) == tuple(a.size())
        for name in (
            "dim",
            "ndimension",
            "numel",
            "nelement",
            "element_size",
            "is_contiguous",
            "is_floating_point",
            "is_complex",
            "storage_offset",
        ):
            assert getattr(a, name)() == getattr(b, name)(), name
        for name in ("ndim", "itemsize", "nbytes", "is_cuda", "requires_grad", "is_leaf"):
            assert getattr(a, name) == getattr(b, name), name
        for d in range(-a.dim(), a.dim()):
            assert a.size(d) == b.size(d)
            if a.numel() and a.size(d) > 1:
                assert a.stride(d) == b.stride(d)
        if a.numel():
            assert a.data_ptr() == a.numpy().__array_interface__["data"][0]
        for wrong in (a.dim() or 1, -(a.dim() or 1) - 1):
            with pytest.raises(IndexError, match="out of range"):
                a.size(wrong)
            with pytest.raises(IndexError, match="out of range"):
                a.stride(wrong)


def test_size_is_a_tuple(torch):
    for lib in (minigrad, torch):
        size = lib.zeros(2, 3, 4).shape
        assert isinstance(size, tuple) and isinstance(size, lib.Size)
        assert size == (2, 3, 4) and size[1] == 3 and len(size) == 3
        assert size.numel() == 24 and lib.Size([]).numel() == 1
        assert isinstance(size[1:], lib.Size) and size[1:] == (3, 4)
        longer = size + (5,)  # noqa: RUF005
        assert isinstance(longer, lib.Size) and longer == (2, 3, 4, 5)
        assert {size: 1}[(2, 3, 4)] == 1
        a, b, c = size
        assert (a, b, c) == (2, 3, 4)
    assert repr(minigrad.Size([2, 3])) == "minigrad.Size([2, 3])"
    assert pickle.loads(pickle.dumps(minigrad.Size((2, 3)))) == (2, 3)


def test_storage_offset_counts_from_the_start_of_the_memory(torch):
    for lib in (minigrad, torch):
        x = lib.zeros(4, 5)
        assert x[2:, 1:].storage_offset() == 11
        assert x[2:, 1:][1].storage_offset() == 16
        assert x.t()[3].storage_offset() == 3


# ---------------------------------------------------------------- NumPy, DLPack, Python numbers


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_shares_memory(dtype):
    for shape in ((2, 3), (), (0,)):
        x = minigrad.zeros(shape, dtype=getattr(minigrad, dtype))
        array = x.numpy()
        assert isinstance(array, np.ndarray) and array.dtype.name == dtype
        array[...] = 1
        assert (x == 1).all().item()
        x.zero_()
        assert (array == 0).all()
    x = minigrad.arange(6).reshape(2, 3).t()
    assert x.numpy().strides == (8, 24)


def test_numpy_of_tensors_in_a_graph():
    x = minigrad.ones(2, requires_grad=True)
    for t in (x, x * 2):
        with pytest.raises(RuntimeError, match=r"detach\(\).numpy\(\)"):
            t.numpy()
        with pytest.raises(RuntimeError, match="detach"):
            np.asarray(t)
        assert t.numpy(force=True).shape == (2,)
        assert t.detach().numpy().shape == (2,)


def test_the_array_protocol():
    x = minigrad.arange(3.0)
    assert np.asarray(x).dtype == np.float32
    assert np.shares_memory(np.asarray(x), x.numpy())
    assert np.array(x, dtype=np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(x), x.numpy())
    assert not np.shares_memory(np.array(x, copy=True), x.numpy())
    if not NUMPY_1:
        with pytest.raises(ValueError):
            np.asarray(x, dtype=np.float64, copy=False)
    assert np.linalg.norm(x) == np.linalg.norm(x.numpy())
    assert np.exp(x.numpy())[0] == 1.0
    stacked = np.stack([x, x])
    assert stacked.shape == (2, 3)


def test_numpy_functions_on_tensors_give_tensors_or_arrays():
    x = minigrad.tensor([1.0, 4.0])
    assert isinstance(np.sqrt(x), (minigrad.Tensor, np.ndarray))
    assert np.asarray(np.sqrt(x)).tolist() == [1.0, 2.0]
    assert (np.array([1.0, 2.0], np.float32) * x).tolist() == [1.0, 8.0]
    assert isinstance(np.array([1.0, 2.0], np.float32) * x, minigrad.Tensor)


def test_dlpack(torch):
    x = minigrad.arange(6.0).reshape(2, 3)
    theirs = torch.from_dlpack(x)
    assert theirs.tolist() == x.tolist()
    theirs[0, 0] = 7
    assert x[0, 0].item() == 7
    back = minigrad.from_dlpack(torch.arange(4))
    assert back.tolist() == [0, 1, 2, 3] and back.dtype is minigrad.int64
    back[0] = 1
    with pytest.raises((BufferError, RuntimeError)):
        torch.from_dlpack(minigrad.ones(2, requires_grad=True))
    assert x.t().__dlpack_device__() == (1, 0)


def test_dlpack_with_numpy():
    x = minigrad.arange(6).reshape(2, 3)
    array = np.from_dlpack(x)
    assert np.shares_memory(array, x.numpy())
    assert minigrad.from_dlpack(np.arange(3.0)).tolist() == [0, 1, 2]
    with pytest.raises(BufferError):
        np.from_dlpack(minigrad.ones(2, requires_grad=True))
    with pytest.raises((TypeError, AttributeError)):
        minigrad.from_dlpack(3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_item_and_tolist(torch, dtype):
    values = [[0, 1], [1, 0]]
    ours = minigrad.tensor(values, dtype=getattr(minigrad, dtype))
    theirs = torch.tensor(values, dtype=getattr(torch, dtype))
    assert ours.tolist() == theirs.tolist()
    assert type(ours.tolist()[0][0]) is type(theirs.tolist()[0][0])
    one, other = ours[0, 1], theirs[0, 1]
    assert one.item() == other.item() and type(one.item()) is type(other.item())
    assert one.tolist() == other.tolist() and type(one.tolist()) is type(other.tolist())
    assert ours[:1, :1].item() == 0
    for wrong in (ours, ours[:0]):
        with pytest.raises(RuntimeError, match="converted to Scalar"):
            wrong.item()
    assert (ours * 1).detach()[0].tolist() == theirs[0].tolist()


def test_item_of_a_recorded_tensor():
    x = minigrad.ones(1, requires_grad=True)
    assert (x * 2).item() == 2 and (x * 2).tolist() == [2]


CONVERSIONS = {
    "int": int,
    "float": float,
    "bool": bool,
    "complex": complex,
    "index": operator.index,
    "round": lambda x: int(x),
    "len": len,
    "list": list,
    "str": str,
    "hash": lambda x: hash(x) * 0,
    "range": lambda x: list(range(x)),
    "abs": lambda x: abs(x).tolist(),
    "neg": lambda x: (-x).tolist(),
    "pos": lambda x: (+x).tolist(),
    "not": lambda x: not x,
    "if": lambda x: 1 if x else 0,
    "in": lambda x: 1 in x,
    "in tensor": lambda x: x.reshape(-1)[:1] in x,
    "list index": lambda x: [10, 20, 30][x],
    "tuple": lambda x: [t.tolist() for t in x],
    "sum": lambda x: sum(x).tolist(),
    "max": lambda x: max(x).tolist(),
    "reversed": lambda x: [t.tolist() for t in reversed(x)],
}
PLAIN = (int, float, bool, complex, str, list)


@pytest.mark.parametrize("name", CONVERSIONS)
def test_pythons_protocols_against_torch(torch, name):
    """The same answer, or an error of the same class."""
    for make in (
        lambda lib: lib.tensor(2),
        lambda lib: lib.tensor(2.5),
        lambda lib: lib.tensor(True),
        lambda lib: lib.tensor([1]),
        lambda lib: lib.tensor([[1.5]]),
        lambda lib: lib.tensor([]),
        lambda lib: lib.tensor([1, 2]),
        lambda lib: lib.tensor([[1.0, 2.0], [3.0, 4.0]]),
        lambda lib: lib.tensor(float("nan")),
        lambda lib: lib.tensor(float("inf")),
        lambda lib: lib.tensor([0]),
    ):
        if name == "hash":
            assert CONVERSIONS[name](make(minigrad)) == 0
            continue
        if name == "str" or (name == "list" and make(torch).dim()):
            continue
        try:
            expected = CONVERSIONS[name](make(torch))
        except Exception as error:
            with pytest.raises(type(error)):
                CONVERSIONS[name](make(minigrad))
        else:
            found = CONVERSIONS[name](make(minigrad))
            assert found == expected or (found != found and expected != expected)
            assert type(found) is type(expected)


def test_iteration():
    x = minigrad.arange(6.0).reshape(2, 3).requires_grad_()
    rows = list(x)
    assert [r.tolist() for r in rows] == [[0, 1, 2], [3, 4, 5]]
    (rows[0] * rows[1]).sum().backward()
    assert x.grad.tolist() == [[3, 4, 5], [0, 1, 2]]
    _, b = x
    assert b.tolist() == [3, 4, 5]
    assert list(minigrad.zeros(0, 3)) == []
    with pytest.raises(TypeError, match="0-d"):
        iter(minigrad.tensor(1.0))
    with pytest.raises(TypeError, match="0-d"):
        len(minigrad.tensor(1.0))


def test_truth_of_many_values():
    for x in (minigrad.ones(2), minigrad.ones(0)):
        with pytest.raises(RuntimeError, match="ambiguous"):
            bool(x)


def test_contains():
    x = minigrad.tensor([[1, 2], [3, 4]])
    assert 3 in x and 5 not in x and 3.0 in x
    assert minigrad.tensor([1, 2]) in x
    for wrong in ("a", None, [1, 2]):
        with pytest.raises(RuntimeError, match="__contains__"):
            _ = wrong in x


def test_tensors_are_hashed_by_identity():
    a, b = minigrad.ones(2), minigrad.ones(2)
    assert len({a, b, a}) == 2
    assert {a: 1, b: 2}[b] == 2
    assert hash(a) != hash(b)


def test_dir_and_attributes():
    x = minigrad.ones(2)
    assert {"sum", "backward", "shape", "grad", "add_"} <= set(dir(x))
    x.note = "mine"
    assert x.note == "mine"
    assert vars(x) == {"note": "mine"} and vars(minigrad.ones(2)) == {}
    del x.note
    with pytest.raises(AttributeError, match="note"):
        _ = x.note
    with pytest.raises(AttributeError):
        _ = x.nonsense
    for name in ("shape", "dtype", "device", "ndim", "is_leaf", "grad_fn"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(x, name, None)


def test_a_tensor_in_a_cycle_of_attributes_is_collected():
    x = minigrad.ones(2)
    x.other = minigrad.ones(3)
    x.other.back = x
    gone = weakref.ref(x)
    del x
    gc.collect()
    assert gone() is None


def test_subclasses():
    class Sub(minigrad.Tensor):
        def double_sum(self):
            return (self + self).sum()

    x = Sub([1.0, 2.0])
    assert isinstance(x, minigrad.Tensor) and x.double_sum().item() == 6
    assert x.shape == (2,) and x.tolist() == [1, 2]
    y = copy.deepcopy(x)
    assert type(y) is Sub and y.tolist() == [1, 2]


# ---------------------------------------------------------------- copies and pickles


def test_deepcopy():
    x = minigrad.arange(6.0).reshape(2, 3).t().requires_grad_()
    (x * x).sum().backward()
    x.note = [1, 2]
    y = copy.deepcopy(x)
    assert y.requires_grad and y.is_leaf and y.stride() == x.stride()
    assert y.tolist() == x.tolist() and y.grad.tolist() == x.grad.tolist()
    assert y.note == [1, 2] and y.note is not x.note
    with minigrad.no_grad():
        y.zero_()
        y.grad.zero_()
    assert x.sum().item() == 15 and x.grad.sum().item() == 30
    a, b = copy.deepcopy([x, x])
    assert a is b
    with pytest.raises(RuntimeError, match="leaves"):
        copy.deepcopy(x * 2)


def test_shallow_copy():
    x = minigrad.arange(3.0)
    y = copy.copy(x)
    assert y.tolist() == [0, 1, 2] and type(y) is minigrad.Tensor


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol):
    for x in (
        minigrad.arange(6.0).reshape(2, 3),
        minigrad.ones(2, requires_grad=True),
        minigrad.tensor(True),
        minigrad.zeros(0, 3, dtype=minigrad.int16),
        minigrad.arange(6).reshape(2, 3).t(),
        minigrad.ones(3).half(),
    ):
        y = pickle.loads(pickle.dumps(x, protocol))
        assert_close(y, x.detach())
        assert y.requires_grad == x.requires_grad and y.is_leaf
        with minigrad.no_grad():
            y.fill_(1)
    with pytest.raises(RuntimeError, match="leaf"):
        pickle.dumps(minigrad.ones(1, requires_grad=True) * 2, protocol)


def test_pickle_of_containers():
    state = {"w": minigrad.ones(2), "n": 3}
    buffer = io.BytesIO()
    pickle.dump(state, buffer)
    buffer.seek(0)
    assert pickle.load(buffer)["w"].tolist() == [1, 1]


def test_the_same_tensor_in_many_threads():
    x = minigrad.arange(1000.0)
    found = []

    def work():
        for _ in range(200):
            found.append((x * 2 + 1).sum().item())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {1_000_000.0} and len(found) == 800
