"""The memory that tensors lie in, and memory that processes share."""

import multiprocessing

import numpy as np
import pytest

import minigrad
from minigrad import nn


def views(lib):
    x = lib.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    return x, x[1:], x.T, x[:, 1], x.detach()


def test_views_share_a_storage():
    x, *others = views(minigrad)
    for view in others:
        assert view.storage().tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        assert view.storage().data_ptr() == view.untyped_storage().data_ptr() == x.data_ptr()
    assert x.clone().storage().data_ptr() != x.data_ptr()
    x.storage()[3] = 9
    assert x[1, 1].item() == x.T.storage()[3] == 9.0
    assert minigrad.is_storage(x.storage()) and not minigrad.is_storage(x)
    assert minigrad.tensor(3).storage().tolist() == [3]
    assert len(minigrad.empty(0).storage()) == 0


def test_storages_of_files_and_parts(torch, tmp_path):
    path = str(tmp_path / "x")
    for lib in (minigrad, torch):
        (tmp_path / "x").write_bytes(bytes(range(8)))
        own = lib.UntypedStorage.from_file(path, False, 6)
        own[0] = 9
        part = own[2:4]
        assert (own.tolist(), part.tolist(), own.untyped().nbytes()) == (
            [9, 1, 2, 3, 4, 5], [2, 3], 6
        )  # fmt: skip
        part[0] = 7
        assert own[2] == 7 and own.untyped()[2] == 7
        assert lib.asarray(own[:2], dtype=lib.uint8).tolist() == [9, 1]
        assert (tmp_path / "x").read_bytes() == bytes(range(8))
        shared = lib.UntypedStorage.from_file(path, shared=True, nbytes=6)
        shared[0] = 9
        del shared
        assert (tmp_path / "x").read_bytes()[:2] == b"\x09\x01"


def facts(x):
    storage, typed = x.untyped_storage(), x.storage()
    first = storage[0]
    return (
        *(storage.nbytes(), storage.size(), len(storage), storage.element_size(), first),
        *(typed.nbytes(), typed.size(), len(typed), typed.element_size(), typed.tolist()),
        *(str(storage.device), str(typed.device), typed[1], typed.untyped().nbytes()),
        *(storage.is_shared(), x.storage_offset()),
    )


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_storages_answer_as_torchs(torch):
    for ours, theirs in zip(views(minigrad), views(torch), strict=True):
        assert facts(ours) == facts(theirs)


def add_one(x, layer):
    x += 1
    with minigrad.no_grad():
        layer.weight.fill_(7)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of threads, which are not used
def test_forked_processes_write_to_shared_memory():
    x, layer = minigrad.tensor([1.0, 2.0]), nn.Linear(2, 1)
    weight = layer.weight
    assert x.share_memory_() is x and layer.share_memory() is layer
    assert x.is_shared() and x[1:].is_shared() and layer.bias.is_shared()
    assert not x.clone().is_shared()
    process = multiprocessing.get_context("fork").Process(target=add_one, args=(x, layer))
    process.start()
    process.join()
    assert x.tolist() == [2.0, 3.0]
    assert layer.weight is weight and weight.tolist() == [[7.0, 7.0]] and weight.requires_grad


def test_sharing_keeps_what_a_tensor_is():
    x = minigrad.arange(6.0).reshape(2, 3).T.requires_grad_()
    x.share_memory_()
    assert x.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    (x * x).sum().backward()
    assert x.grad.tolist() == (2 * x.detach()).tolist()
    assert minigrad.empty(0).share_memory_().is_shared()


def test_dlpack_capsules():
    x = minigrad.tensor([1.0, 2.0])
    capsule = minigrad.to_dlpack(x)

    class Holder:
        def __dlpack__(self, **options):
            return capsule

        def __dlpack_device__(self):
            return x.__dlpack_device__()

    there = np.from_dlpack(Holder())
    x[0] = 5.0
    assert there.tolist() == [5.0, 2.0]


def test_a_real_tensor_is_its_real_part():
    x = minigrad.ones(2, requires_grad=True)
    assert x.real is x
    with pytest.raises(RuntimeError, match="non-complex"):
        _ = x.imag
