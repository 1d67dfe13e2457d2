"""utils.data: workers of a DataLoader, which keep the order, draw torch's numbers and end."""

import gc
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import weakref

import numpy as np
import pytest
from data_sets import Squares, Stream, plain

import minigrad
from minigrad.utils.data import (
    DataLoader,
    TensorDataset,
    get_worker_info,
)


def wait_for_no_workers():
    gc.collect()  # an exception that was caught holds frames, and these an iterator
    end = time.monotonic() + 10
    while multiprocessing.active_children() and time.monotonic() < end:
        time.sleep(0.01)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("num_workers", [1, 3])
@pytest.mark.parametrize("prefetch_factor", [None, 0, 1, 5])
def test_workers_keep_the_order(num_workers, prefetch_factor):
    class Uneven(Squares):
        def __getitem__(self, i):
            time.sleep(0.003 * (i % 3))
            return super().__getitem__(i)

    def batches(workers, factor=None):
        minigrad.manual_seed(4)
        loader = DataLoader(
            Uneven(20), 3, shuffle=True, num_workers=workers, prefetch_factor=factor
        )
        return plain(list(loader)), plain(list(loader)), minigrad.rand(1).item()

    assert batches(num_workers, prefetch_factor) == batches(0)
    wait_for_no_workers()


def test_workers_share_a_stream():
    class Shared(Stream):
        def __iter__(self):
            info = get_worker_info()
            return iter(range(info.id, self.n, info.num_workers))

    loader = DataLoader(Shared(10), 2, num_workers=3)
    found = plain(list(loader))
    assert [b[1] for b in found] == [[0, 3], [1, 4], [2, 5], [6, 9], [7], [8]]
    assert len(list(DataLoader(Stream(3), None, num_workers=2))) == 6  # each its copy
    assert list(DataLoader(Stream(0), 2, num_workers=2)) == []
    assert get_worker_info() is None


def test_worker_init():
    def init(worker_id):
        info = get_worker_info()
        assert (worker_id, 2) == (info.id, info.num_workers)
        info.dataset.n = 2 + worker_id

    dataset = Stream(100)
    loader = DataLoader(dataset, None, num_workers=2, worker_init_fn=init)
    assert sorted(loader) == [0, 0, 1, 1, 2]
    assert dataset.n == 100  # each worker has its own


class Draws(Squares):
    """What a data set may draw from, and how a worker is set up."""

    def __getitem__(self, i):
        info = get_worker_info()
        drawn = minigrad.rand(1).item(), random.random(), np.random.rand()
        return *(round(x, 4) for x in drawn), info.seed, minigrad.get_num_threads()


def listed(batch):
    return batch


# of torch, for the seed 0
DRAWN = [
    [(0.7821, 0.2132, 0.8372), (0.0536, 0.2764, 0.3876)],
    [(0.6938, 0.7734, 0.6703), (0.2980, 0.1634, 0.0759)],
]


def test_workers_draw_torchs_numbers():
    generator = minigrad.Generator().manual_seed(0)
    state = random.getstate(), np.random.get_state()[1].tolist(), minigrad.initial_seed()
    loader = DataLoader(Draws(4), 2, num_workers=2, generator=generator, collate_fn=listed)
    found = list(loader)
    assert [[x[:3] for x in batch] for batch in found] == DRAWN
    seeds = [[x[3] for x in batch] for batch in found]
    assert seeds == [[900450186894289455] * 2, [900450186894289456] * 2]
    assert {x[4] for batch in found for x in batch} == {1}
    assert state == (random.getstate(), np.random.get_state()[1].tolist(), minigrad.initial_seed())


def test_workers_persist():
    def draw(samples):
        return os.getpid(), minigrad.rand(1).item()

    def epochs(persist):
        minigrad.manual_seed(0)
        loader = DataLoader(
            Squares(4), 2, True, num_workers=1, persistent_workers=persist, collate_fn=draw
        )
        found = [list(loader) for _ in range(2)]
        rest = round(minigrad.rand(1).item(), 4)
        return {pid for epoch in found for pid, _ in epoch}, found, rest

    pids, found, rest = epochs(False)
    assert len(pids) == 2 and rest == 0.4556
    pids, found, rest = epochs(True)  # seeded once, and the loader does not draw a seed again
    assert len(pids) == 1 and rest == 0.4901
    assert len({x for epoch in found for _, x in epoch}) == 4
    gc.collect()
    wait_for_no_workers()


def test_an_epoch_may_be_left_and_begun_again():
    loader = DataLoader(Squares(20), 2, num_workers=2, persistent_workers=True)
    first = next(iter(loader))
    assert plain(list(loader))[0] == plain([first])[0] and len(list(loader)) == 10
    stream = DataLoader(Stream(3), None, num_workers=1, persistent_workers=True)
    assert [len(list(stream)) for _ in range(2)] == [3, 3]
    iterator = iter(DataLoader(Squares(5), 2, num_workers=1))
    assert len(iterator) == 3 and iter(iterator) is iterator


def test_workers_compute_after_their_parent_has():
    x = minigrad.ones(300, 300)
    (x @ x).exp().sum()

    def products(samples):
        minigrad.set_num_threads(4)
        return (x @ x).sum().item(), minigrad.ones(300_000).exp().sum().item() > 0

    assert (
        list(DataLoader(Squares(4), 2, num_workers=2, collate_fn=products)) == [(2.7e7, True)] * 2
    )


def test_tasks_and_batches_larger_than_a_pipe():
    dataset = TensorDataset(minigrad.arange(400_000))
    loader = DataLoader(dataset, 100_000, num_workers=2, prefetch_factor=2)
    assert sum(batch.sum().item() for (batch,) in loader) == sum(range(400_000))


def test_a_worker_that_dies_is_reported():
    class Deadly(Squares):
        def __getitem__(self, i):
            if i == 3:
                os._exit(7)
            return i

    loader = iter(DataLoader(Deadly(), num_workers=1))
    with pytest.raises(
        RuntimeError, match=r"worker \(pid\(s\) \d+\) exited unexpectedly: exit code 7"
    ):
        list(loader)


def test_what_cannot_be_sent_is_reported():
    class Own(Exception):
        pass

    def unpicklable(samples):
        if samples[0] == 0:
            return lambda: None
        raise Own("of a class that no other process knows")

    loader = iter(DataLoader(Squares(2), num_workers=1, collate_fn=unpicklable))
    with pytest.raises(Exception, match=r"(?s)in DataLoader worker process 0.*lambda"):
        next(loader)
    with pytest.raises(RuntimeError, match=r"(?s)Caught Own in .*that no other process knows"):
        next(loader)


def test_how_workers_are_started():
    squares = TensorDataset(minigrad.arange(3))
    loader = DataLoader(squares, 2, num_workers=1, multiprocessing_context="spawn")
    assert [batch.tolist() for (batch,) in loader] == [[0, 1], [2]]
    with pytest.raises(ValueError, match="should specify a valid start method"):
        DataLoader(squares, num_workers=1, multiprocessing_context="thread")
    with pytest.raises(TypeError, match="should be a valid context object or a string"):
        DataLoader(squares, num_workers=1, multiprocessing_context=3)
    with pytest.raises(ValueError, match="can only be used with num_workers > 0"):
        DataLoader(squares, multiprocessing_context="fork")


def test_errors_come_through_in_order():
    class Faulty(Squares):
        def __getitem__(self, i):
            if i == 5:
                raise KeyError("no sample 5")
            return i

    for workers in (0, 1, 2):
        loader = iter(DataLoader(Faulty(), 2, num_workers=workers))
        assert plain([next(loader), next(loader)]) == [("int64", [0, 1]), ("int64", [2, 3])]
        with pytest.raises(KeyError, match="no sample 5"):
            next(loader)
        if workers:  # as in torch the others' batches are still to be had
            assert plain(next(loader)) == ("int64", [6, 7])
        del loader

    def init(worker_id):
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        list(DataLoader(Squares(), num_workers=2, worker_init_fn=init))
    wait_for_no_workers()


def test_errors_show_the_workers_lines():
    class Faulty(Squares):
        def __getitem__(self, i):
            return {}["no such key"]

    with pytest.raises(KeyError) as caught:
        list(DataLoader(Faulty(), num_workers=1))
    lines = str(caught.value).splitlines()
    assert lines[0] == "Caught KeyError in DataLoader worker process 0."
    assert lines[1] == "Original Traceback (most recent call last):"
    assert lines[-1] == "KeyError: 'no such key'" and 'return {}["no such key"]' in lines[-3]


def test_timeout():
    class Stuck(Squares):
        def __getitem__(self, i):
            time.sleep(60)

    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.05 seconds"):
        list(DataLoader(Stuck(), num_workers=1, timeout=0.05))
    wait_for_no_workers()
    assert time.monotonic() - start < 10

    loader = DataLoader(Stuck(), num_workers=1, timeout=0.05, persistent_workers=True)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="timed out"):
            next(iter(loader))
    wait_for_no_workers()


INTERRUPTED = """
import sys, time
from minigrad.utils.data import DataLoader
def slow(samples):
    time.sleep(0.01)
    return samples[0]
try:
    for i in DataLoader(range(10_000), num_workers=2, collate_fn=slow):
        if i == 0:
            print("begun", flush=True)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a group of processes")
def test_ctrl_c_ends_it_all():
    program = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert program.stdout.readline() == "begun\n"
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to the workers too
    out, errors = program.communicate(timeout=20)
    assert (out, errors, program.returncode) == ("interrupted\n", "", 0)


def test_leaving_early_ends_the_workers():
    for _ in range(3):
        for _ in DataLoader(Squares(100), num_workers=2):
            break
    gc.collect()
    wait_for_no_workers()
    iter(DataLoader(Squares(), num_workers=2))  # never started
    wait_for_no_workers()


def test_nothing_is_kept_alive():
    dataset = Squares()
    loader = DataLoader(dataset, 2, shuffle=True, num_workers=1)
    list(loader)
    wait_for_no_workers()
    alive = [weakref.ref(dataset), weakref.ref(loader)]
    del dataset, loader
    assert not any(r() is not None for r in alive)
