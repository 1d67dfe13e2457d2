"""Memory of new arrays: reused, aligned, bounded, and NumPy's own left alone."""

import threading

import numpy as np
import pytest
from numpy._core.multiarray import get_handler_name

import minigrad
from minigrad.memory import empty_cache

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
    assert empty_cache() == 0  # still in use
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
