"""Memory of new arrays: reused, aligned, bounded, and NumPy's own left alone."""

import contextlib
import threading
import weakref

import numpy as np
import pytest

import minigrad
from minigrad.memory import empty_cache

try:
    from numpy._core.multiarray import get_handler_name
except ImportError:  # NumPy 1
    from numpy.core.multiarray import get_handler_name

LARGE = 100_000  # elements


@pytest.fixture(autouse=True)
def empty():
    empty_cache()


def large(n=LARGE):
    return minigrad.zeros(n) + 1


def test_a_dropped_array_is_used_again():
    address = large().data_ptr()
    assert large().data_ptr() == address
    assert large(LARGE - 100).data_ptr() == address  # of the same size class
    first, second = large(), large()
    assert first.data_ptr() != second.data_ptr()
    assert (first == 1).all()


def test_empty_cache_says_what_it_gave_back():
    assert empty_cache() == 0
    x = large()
    assert empty_cache() < 100  # still in use; the number 1 was small
    del x
    assert 4 * LARGE <= empty_cache() <= 4 * LARGE * 9 // 8
    assert empty_cache() == 0


def test_large_arrays_are_aligned():
    for n in (16384, 16385, 20000, 100_001, 1_000_003):
        assert large(n).data_ptr() % 64 == 0


def test_numpys_own_arrays_are_left_alone():
    before = get_handler_name()
    x = large()
    assert get_handler_name(x.numpy().base) == "minigrad"
    assert get_handler_name((minigrad.zeros(3) + 1).numpy().base) == before
    assert get_handler_name(np.empty(LARGE)) == before
    assert get_handler_name() == before


def test_arrays_outlive_their_tensor_and_can_be_resized():
    array = large().numpy().base
    others = [large() for _ in range(3)]
    assert (array == 1).all()
    array.resize(3 * LARGE, refcheck=False)
    assert (array[:LARGE] == 1).all()
    assert not array[LARGE:].any()
    array.resize(10, refcheck=False)
    assert (array == 1).all()
    assert all((x == 1).all() for x in others)


def test_too_large_is_a_memory_error_and_leaves_no_handler_behind():
    before = get_handler_name()
    with pytest.raises(MemoryError):
        minigrad.zeros(1).expand(1 << 50) + 1
    assert get_handler_name() == before
    assert (large() == 1).all()


def test_what_is_kept_is_bounded():
    sizes = [1 << 20, 3 << 20, 5 << 20, 9 << 20, 17 << 20, 33 << 20]
    for n in sizes:
        minigrad.zeros(1).expand(n) * 1
    assert 0 < empty_cache() <= 256 << 20


def test_other_threads():
    x = large()
    results = []

    def work():
        results.extend(((x + i).sum().item(), get_handler_name()) for i in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(4 * [(LARGE * (1 + i), get_handler_name()) for i in range(20)])


def test_a_training_step_takes_no_new_memory():
    weight = minigrad.randn(300, 400, requires_grad=True)
    x = minigrad.randn(256, 400)

    def step():
        weight.grad = None
        minigrad.nn.functional.linear(x, weight).relu().sum().backward()
        return weight.grad.data_ptr()

    places = {step() for _ in range(3)}
    assert {step() for _ in range(20)} <= places


def test_the_array_of_a_dead_tensor_is_used_again():
    x = minigrad.ones(10)
    addresses = {(x + 1).data_ptr() for _ in range(5)}
    assert len(addresses) == 1
    others = (minigrad.ones(5, 2) + 1).data_ptr(), (minigrad.ones(10).double() + 1).data_ptr()
    assert not addresses & set(others)


@pytest.mark.parametrize(
    "hold",
    [
        lambda x: x.numpy(),
        lambda x: x.numpy().base,
        lambda x: memoryview(x.numpy().base),
        lambda x: x[2:4],
        lambda x: x.detach(),
        lambda x: x.__dlpack__(),
        lambda x: weakref.ref(x.numpy().base),
    ],
)
def test_an_array_that_somebody_sees_is_not_used_again(hold):
    x = minigrad.ones(10) + 1
    address = x.data_ptr()
    held = hold(x)
    del x
    others = [minigrad.ones(10) * 3 for _ in range(20)]
    if isinstance(held, weakref.ref):  # the array itself is gone, not only the tensor
        assert held() is None
    else:
        assert address not in {other.data_ptr() for other in others}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda array: array.setflags(write=False),
        lambda array: setattr(array, "shape", (2, 5)),
        lambda array: setattr(array, "dtype", np.dtype("float32", metadata={"a": 1})),
    ],
)
@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
def test_an_array_that_was_changed_is_not_used_again(spoil):
    x = minigrad.ones(10) + 1
    spoil(x.numpy().base)
    del x
    for _ in range(20):
        y = minigrad.ones(10) + 1
        assert y.shape == (10,) and y.numpy().flags.writeable
        assert y.numpy().dtype.metadata is None
        y.add_(1)


def test_arrays_from_elsewhere_come_back_in_native_order():
    swapped = np.ones(10, np.dtype("float32").newbyteorder())
    subclass = np.ones(10, "float32").view(np.recarray)
    for array in swapped, subclass:
        with contextlib.suppress(TypeError, ValueError):  # not all of them are taken in
            minigrad.from_numpy(array)
    del array, swapped, subclass
    for _ in range(20):
        assert type((minigrad.ones(10) + 1).numpy()) is np.ndarray
        assert (minigrad.ones(10) + 1).tolist() == [2.0] * 10


def test_new_shapes_displace_old_ones():
    for n in range(1, 2000):  # more than all lists hold
        minigrad.ones(n) * 2
    x = minigrad.ones(2, 2, 2)
    assert len({(x * 2).data_ptr() for _ in range(10)}) == 1
    assert empty_cache() < 17 << 20
