"""utils.data: the same samples in the same order as torch, workers, errors."""

import collections
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

import minigrad
from minigrad.utils import data
from minigrad.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    get_worker_info,
    random_split,
)

Point = collections.namedtuple("Point", ("x", "y"))


class Squares(Dataset):
    def __init__(self, n=10):
        self.n = n

    def __getitem__(self, i):
        if not 0 <= i < self.n:
            raise IndexError(i)
        return i * i

    def __len__(self):
        return self.n


class Stream(IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))


def pairs(n=23):
    x = minigrad.arange(n * 2.0).reshape(n, 2)
    return TensorDataset(x, minigrad.arange(n))


def plain(value):
    """Return batches with tensors as lists, to compare."""
    if hasattr(value, "tolist"):
        return (str(value.dtype).split(".")[-1], value.tolist())
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


# ---------------------------------------------------------------- data sets


def test_datasets():
    d = pairs(4)
    assert len(d) == 4
    assert plain(d[1]) == [("float32", [2.0, 3.0]), ("int64", 1)]
    both = d + pairs(2)
    assert isinstance(both, data.ConcatDataset)
    assert len(both) == 6
    assert plain(both[5]) == plain(d[1])
    assert plain(both[-6]) == plain(d[0])
    with pytest.raises(ValueError, match="absolute value of index"):
        both[-7]
    with pytest.raises(IndexError, match="6 is out of range for a data set of 6"):
        both[6]
    assert list(Subset(Squares(), [3, 1])) == [9, 1]
    assert Subset(pairs(), [4, 2])[[1, 0]][1].tolist() == [2, 4]
    assert data.StackDataset(Squares(), Squares())[3] == (9, 9)
    assert data.StackDataset(a=Squares(), b=Squares())[3] == {"a": 9, "b": 9}
    assert list(Stream(2) + Stream(3)) == [0, 1, 0, 1, 2]


@pytest.mark.parametrize(
    ("error", "match", "make"),
    [
        (AssertionError, r"Size mismatch between tensors: lengths are \[2, 3\]",
         lambda: TensorDataset(minigrad.zeros(2), minigrad.zeros(3))),
        (ValueError, "Size mismatch between datasets",
         lambda: data.StackDataset(Squares(2), Squares(3))),
        (ValueError, "both types are given", lambda: data.StackDataset(Squares(), a=Squares())),
        (ValueError, "At least one dataset", lambda: data.StackDataset()),
        (AssertionError, "empty iterable", lambda: data.ConcatDataset([])),
        (AssertionError, "does not support IterableDataset",
         lambda: data.ConcatDataset([Stream(2)])),
        (AssertionError, "only supports IterableDataset",
         lambda: list(data.ChainDataset([Squares()]))),
        (NotImplementedError, "__getitem__", lambda: Dataset()[0]),
        (NotImplementedError, "__iter__", lambda: iter(IterableDataset())),
        (NotImplementedError, "Odd overrides __getitem__ but not __getitems__",
         lambda: type("Odd", (Subset,), {"__getitem__": lambda self, i: 0})(Squares(), [0])),
    ],
)  # fmt: skip
def test_dataset_errors(error, match, make):
    with pytest.raises(error, match=match):
        make()


def test_random_split(torch):
    for lengths in ([7, 3], [0.7, 0.3], [0.33, 0.33, 0.34], [10], [0.5, 0.25, 0.25]):
        ours = random_split(range(10), lengths, minigrad.Generator().manual_seed(3))
        theirs = torch.utils.data.random_split(range(10), lengths, torch.Generator().manual_seed(3))
        assert [list(s) for s in ours] == [list(s) for s in theirs]
    minigrad.manual_seed(1)
    torch.manual_seed(1)
    ours, theirs = random_split(range(9), [4, 5]), torch.utils.data.random_split(range(9), [4, 5])
    assert [s.indices for s in ours] == [s.indices for s in theirs]


def test_random_split_errors():
    with pytest.raises(ValueError, match=r"does not equal.*\[4, 4\] for a data set of 10"):
        random_split(range(10), [4, 4])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(range(10), [-0.5, 1.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(1), [0.5, 0.5])


# ---------------------------------------------------------------- samplers


def test_samplers():
    assert list(SequentialSampler(range(3))) == [0, 1, 2]
    assert sorted(RandomSampler(range(50))) == list(range(50))
    assert sorted(SubsetRandomSampler([5, 7, 9])) == [5, 7, 9]
    assert len(RandomSampler(range(5), num_samples=12)) == 12
    assert set(WeightedRandomSampler([0.0, 1.0, 0.0], 8)) == {1}
    assert sorted(WeightedRandomSampler([0.1, 1.0, 2.0], 3, replacement=False)) == [0, 1, 2]
    for drop_last, batches in ((True, [[0, 1]]), (False, [[0, 1], [2]])):
        sampler = BatchSampler(SequentialSampler(range(3)), 2, drop_last)
        assert list(sampler) == batches
        assert len(sampler) == len(batches)


@pytest.mark.parametrize(
    ("error", "match", "make"),
    [
        (ValueError, "num_samples=0", lambda: RandomSampler([])),
        (ValueError, "num_samples=-1", lambda: RandomSampler([1], num_samples=-1)),
        (TypeError, "replacement=1", lambda: RandomSampler([1], replacement=1)),
        (ValueError, "num_samples=True", lambda: WeightedRandomSampler([1.0], True)),
        (ValueError, "replacement=1", lambda: WeightedRandomSampler([1.0], 1, 1)),
        (ValueError, r"weights have shape \(1, 1\)", lambda: WeightedRandomSampler([[1.0]], 1)),
        (ValueError, "batch_size=0", lambda: BatchSampler([1], 0, False)),
        (ValueError, "drop_last=1", lambda: BatchSampler([1], 1, 1)),
    ],
)
def test_sampler_errors(error, match, make):
    with pytest.raises(error, match=match):
        make()


def epochs(lib, with_generator):
    """Return what loaders of all kinds yield in two epochs, and the next random number."""
    lib.manual_seed(7)
    module = lib.utils.data
    x = lib.arange(46).reshape(23, 2)
    dataset = module.TensorDataset(x, lib.arange(23))
    subset = module.random_split(dataset, [0.75, 0.25])[0]
    weights = [float(i % 5) for i in range(23)]

    def generator():
        return lib.Generator().manual_seed(9) if with_generator else None

    loaders = [
        module.DataLoader(subset, 4, shuffle=True, generator=generator()),
        module.DataLoader(dataset, 5, shuffle=True, drop_last=True, generator=generator()),
        module.DataLoader(dataset, 5, sampler=module.RandomSampler(dataset, True, 70, generator())),
        module.DataLoader(
            dataset, 5, sampler=module.RandomSampler(dataset, False, 50, generator())
        ),
        module.DataLoader(dataset, sampler=module.SubsetRandomSampler([3, 5, 8], generator())),
        module.DataLoader(
            dataset, 3, sampler=module.WeightedRandomSampler(weights, 9, True, generator())
        ),
        module.DataLoader(
            dataset, 3, sampler=module.WeightedRandomSampler(weights, 9, False, generator())
        ),
        module.DataLoader(dataset, batch_sampler=[[3, 1], [2], [-1, 0, 5]]),
        module.DataLoader(dataset, batch_size=None, shuffle=True, generator=generator()),
    ]
    seen = [[plain(list(loader)), len(loader)] for _ in range(2) for loader in loaders]
    return seen, lib.rand(1).item()


@pytest.mark.parametrize("with_generator", [False, True])
def test_order_is_torchs(torch, with_generator):
    ours, theirs = epochs(minigrad, with_generator), epochs(torch, with_generator)
    for a, b in zip(ours[0], theirs[0], strict=True):
        assert a == b
    assert ours[1] == theirs[1]


# ---------------------------------------------------------------- collating

SAMPLES = {
    "floats": [0.1, 2.5],
    "ints": [1, 2],
    "bools": [True, False],
    "strings": ["a", "b"],
    "bytes": [b"a", b"b"],
    "tuples": [(1, 2.0, "x"), (3, 4.0, "y")],
    "lists": [[1, 2.0], [3, 4.0]],
    "dicts": [{"a": 1, "b": [1.0, 2.0]}, {"a": 3, "b": [3.0, 4.0]}],
    "namedtuples": [Point(1, 2.0), Point(3, 4.0)],
    "arrays": [np.ones(2), np.zeros(2)],
    "int arrays": [np.ones((2, 1), np.int32), np.zeros((2, 1), np.int32)],
    "scalars": [np.float32(1), np.float32(2)],
    "integers": [np.int64(1), np.int64(2)],
    "0-d arrays": [np.array(1.0), np.array(2.0)],
    "ordered": [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_collate_is_torchs(torch, name):
    ours = default_collate(SAMPLES[name])
    theirs = torch.utils.data.default_collate(SAMPLES[name])
    assert plain(ours) == plain(theirs)
    if not isinstance(ours, minigrad.Tensor):
        assert type(ours) is type(theirs)


def test_collate_of_tensors_and_errors():
    x = [minigrad.ones(2), minigrad.zeros(2)]
    assert default_collate(x).tolist() == [[1, 1], [0, 0]]
    grads = [minigrad.ones(2, requires_grad=True), minigrad.ones(2)]
    assert default_collate(grads).requires_grad
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal"):
        default_collate([[1, 2], [3]])
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([minigrad.ones(2), minigrad.ones(3)])
    with pytest.raises(TypeError, match="found <class 'object'>"):
        default_collate([object(), object()])
    with pytest.raises(TypeError, match="found <U1"):
        default_collate([np.array(["a"])])


def test_convert_is_torchs(torch):
    values = [
        np.ones(2),
        [np.float32(1), "a"],
        (1, np.ones(1)),
        {"a": np.ones(1)},
        Point(1, 2),
        b"x",
    ]
    for value in values:
        assert plain(data.default_convert(value)) == plain(
            torch.utils.data._utils.collate.default_convert(value)
        )


# ---------------------------------------------------------------- DataLoader


def test_fast_path_gives_what_collating_gives():
    class Slow(TensorDataset):  # a subclass, which may redefine __getitem__, is collated
        pass

    x = minigrad.randn(11, 3, 2).transpose(1, 2)
    y = minigrad.arange(11) % 2 == 0
    for wrap in (lambda d: d, lambda d: Subset(d, [10, 3, 3, 0, -1]),
                 lambda d: Subset(Subset(d, range(2, 9)), [5, 1])):  # fmt: skip
        fast = list(DataLoader(wrap(TensorDataset(x, y)), batch_size=4))
        slow = list(DataLoader(wrap(Slow(x, y)), batch_size=4))
        assert plain(fast) == plain(slow)
        for a, b in zip(fast, slow, strict=True):
            assert type(a) is type(b) is list
            assert [t.stride() for t in a] == [t.stride() for t in b]
    batch = next(iter(DataLoader(TensorDataset(x, y), batch_size=11)))[0]
    batch.zero_()
    assert x.any()  # a copy, not a view


def test_loader_in_its_plainest_forms():
    assert plain(list(DataLoader(Squares(5), batch_size=2))) == [
        ("int64", [0, 1]), ("int64", [4, 9]), ("int64", [16])
    ]  # fmt: skip
    assert list(DataLoader(Squares(3), batch_size=None)) == [0, 1, 4]
    assert list(DataLoader(Squares(4), batch_size=2, collate_fn=sum)) == [1, 13]
    assert len(DataLoader(Squares(5), batch_size=2)) == 3
    assert len(DataLoader(Squares(5), batch_size=2, drop_last=True)) == 2
    assert list(DataLoader(["a", "b"], batch_size=2)) == [["a", "b"]]
    loader = DataLoader(Squares(), pin_memory=True, in_order=True)
    with pytest.raises(ValueError, match="batch_size attribute should not be set after"):
        loader.batch_size = 2
    loader.collate_fn = sum


def test_getitems_is_used():
    class Batched(Squares):
        def __getitems__(self, indices):
            return [-i for i in indices]

    assert plain(list(DataLoader(Batched(3), 3))) == [("int64", [0, -1, -2])]
    assert plain(list(DataLoader(Subset(Batched(3), [2, 1]), 2))) == [("int64", [-2, -1])]


def test_iterable_datasets():
    assert plain(list(DataLoader(Stream(5), 2))) == [
        ("int64", [0, 1]), ("int64", [2, 3]), ("int64", [4])
    ]  # fmt: skip
    assert len(list(DataLoader(Stream(5), 2, drop_last=True))) == 2
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]

    class Sized(Stream):
        def __len__(self):
            return self.n

    assert len(DataLoader(Sized(5), 2)) == 3
    assert len(DataLoader(Sized(5), 2, drop_last=True)) == 2
    assert len(DataLoader(Sized(5), None)) == 5
    with pytest.raises(TypeError):
        len(DataLoader(Stream(5)))


@pytest.mark.parametrize(
    ("match", "options"),
    [
        ("sampler option is mutually exclusive with shuffle", {"shuffle": True, "sampler": [0]}),
        ("batch_sampler option is mutually exclusive", {"batch_sampler": [[0]], "batch_size": 2}),
        ("batch_sampler option is mutually exclusive", {"batch_sampler": [[0]], "shuffle": True}),
        ("batch_size=None option disables", {"batch_size": None, "drop_last": True}),
        ("batch_size=0", {"batch_size": 0}),
        ("num_workers option should be non-negative", {"num_workers": -1}),
        ("timeout option should be non-negative", {"timeout": -1}),
        ("timeout option needs num_workers > 0", {"timeout": 1}),
        ("prefetch_factor option needs num_workers > 0", {"prefetch_factor": 1}),
        ("prefetch_factor option should be non-neg", {"num_workers": 1, "prefetch_factor": -1}),
        ("persistent_workers option needs", {"persistent_workers": True}),
    ],
)
def test_loader_errors(match, options):
    with pytest.raises(ValueError, match=match):
        DataLoader(Squares(), **options)


@pytest.mark.parametrize("name", ["shuffle", "sampler", "batch_sampler"])
def test_iterable_loader_errors(name):
    with pytest.raises(ValueError, match=f"expected unspecified {name} option, but got"):
        DataLoader(Stream(3), **{name: True})
    DataLoader(Stream(3), shuffle=False)


# ---------------------------------------------------------------- workers


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
        print(i, flush=True)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a group of processes")
def test_ctrl_c_ends_it_all():
    program = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert program.stdout.readline() == "0\n"
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to the workers too
    out, errors = program.communicate(timeout=20)
    assert out.splitlines()[-1] == "interrupted" and errors == "" and program.returncode == 0


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


@pytest.fixture(scope="session")
def torch():
    return pytest.importorskip("torch")
