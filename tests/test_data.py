"""utils.data: the same samples in the same order as torch, and its errors."""

import collections

import numpy as np
import pytest
from data_sets import Squares, Stream, plain

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
    random_split,
)

Point = collections.namedtuple("Point", ("x", "y"))


def pairs(n=23):
    x = minigrad.arange(n * 2.0).reshape(n, 2)
    return TensorDataset(x, minigrad.arange(n))


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


@pytest.fixture(scope="session")
def torch():
    return pytest.importorskip("torch")
