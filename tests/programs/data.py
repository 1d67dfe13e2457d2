"""Data sets, samplers, collating, workers and their seeds."""

import random

import numpy as np
import torch
from torch.utils import data
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    get_worker_info,
    random_split,
)


class Squares(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError
        return {
            "x": torch.tensor([float(i)]),
            "i": i,
            "name": f"n{i}",
            "pair": (i, i * 0.5),
            "arr": np.ones(2) * i,
        }


for b in DataLoader(Squares(5), batch_size=2):
    print(b)


def collate(samples):
    xs = [torch.arange(s["i"] + 1) for s in samples]
    return torch.nn.utils.rnn.pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs])


for b in DataLoader(Squares(5), 3, collate_fn=collate):
    print(b)


class Stream(IterableDataset):
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __iter__(self):
        info = get_worker_info()
        a, b = self.a, self.b
        if info is not None:
            n = -(-(b - a) // info.num_workers)
            a, b = a + info.id * n, min(a + info.id * n + n, self.b)
        return iter(range(a, b))


print(
    list(DataLoader(Stream(3, 10), batch_size=2)),
    list(DataLoader(Stream(3, 10), batch_size=2, num_workers=2)),
    list(DataLoader(Stream(3, 10), batch_size=None)),
    list(DataLoader(Stream(3, 10), batch_size=2, drop_last=True)),
)


class Noise(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, i):
        info = get_worker_info()
        return (
            torch.rand(1).item(),
            random.random(),
            (info.seed % 1000, info.id, info.num_workers, type(info.dataset).__name__)
            if info
            else None,
        )


def dig(x):
    return [tuple(round(v, 4) if isinstance(v, float) else v for v in s) for s in x]


g = torch.Generator()
g.manual_seed(0)


def seed_worker(worker_id):
    s = torch.initial_seed() % 2**32
    np.random.seed(s)
    random.seed(s)


ident = lambda b: b
print("workers")
torch.manual_seed(7)
for b in DataLoader(
    Noise(), 2, num_workers=2, worker_init_fn=seed_worker, generator=g, collate_fn=ident
):
    print(dig(b))
for b in DataLoader(
    Noise(),
    2,
    num_workers=2,
    generator=g,
    collate_fn=ident,
    persistent_workers=True,
    prefetch_factor=4,
):
    print(dig(b))
print(torch.rand(1), torch.rand(1, generator=g))
random.seed(3)
for b in DataLoader(Noise(), 4, num_workers=0, collate_fn=ident):
    print(dig(b))


class NPNoise(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        return np.random.randint(0, 1000, 3)


np.random.seed(0)
print(list(DataLoader(NPNoise(), 2)))
for n in (0, 1, 2):
    torch.manual_seed(1)
    print(
        n,
        [
            b.tolist()
            for b in DataLoader(torch.arange(10), batch_size=3, shuffle=True, num_workers=n)
        ],
    )
torch.manual_seed(0)
a, b, c = random_split(range(10), [0.5, 0.3, 0.2])
print(list(a), list(b), list(c), a.indices)
a, b = random_split(range(10), [7, 3], generator=torch.Generator().manual_seed(42))
print(list(a), list(b), len(a))
td = TensorDataset(torch.arange(6).view(3, 2), torch.tensor([0, 1, 2]))
print(td[0], td[1:], len(td))
cd = ConcatDataset([td, td])
print(len(cd), cd[4], cd.cumulative_sizes, (td + td)[-1])
print(Subset(td, [2, 0])[0], Subset(td, [2, 0])[1])
print(
    list(WeightedRandomSampler([0.1, 0.9, 0.5], 8)),
    list(WeightedRandomSampler(torch.tensor([1.0, 2, 3]), 3, replacement=False)),
    list(RandomSampler(range(5))),
    list(RandomSampler(range(5), replacement=True, num_samples=7)),
    list(SubsetRandomSampler([4, 2, 9])),
    list(SequentialSampler("abc")),
    list(BatchSampler(SequentialSampler(range(7)), 3, False)),
    list(BatchSampler(RandomSampler(range(7)), 3, True)),
)


class Mine(Sampler):
    def __init__(self, d):
        self.d = d

    def __iter__(self):
        return iter(range(len(self.d) - 1, -1, -1))

    def __len__(self):
        return len(self.d)


print(
    [b.tolist() for b in DataLoader(torch.arange(5), batch_size=2, sampler=Mine(range(5)))],
    [b.tolist() for b in DataLoader(torch.arange(5), batch_sampler=[[0, 4], [1]])],
    len(DataLoader(range(10), 3)),
    len(DataLoader(range(10), 3, drop_last=True)),
)


class Bad(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        if i == 3:
            raise ValueError("sample three is broken")
        return i


for n in (0, 2):
    got = []
    try:
        for b in DataLoader(Bad(), 2, num_workers=n):
            got.append(b.tolist())
    except ValueError as e:
        print(n, got, type(e).__name__, str(e).splitlines()[0], "|", str(e).splitlines()[-1])


class Key(Dataset):
    def __len__(self):
        return 2

    def __getitem__(self, i):
        return {"a": 1}["b"]


for n in (0, 1):
    try:
        next(iter(DataLoader(Key(), num_workers=n)))
    except KeyError as e:
        print("KeyError", str(e)[:60])
dl = DataLoader(
    range(6), 2, pin_memory=torch.cuda.is_available(), num_workers=1, persistent_workers=True
)
for ep in range(2):
    print([b.tolist() for b in dl])
print(
    dl.batch_size,
    dl.num_workers,
    dl.dataset,
    dl.drop_last,
    dl.prefetch_factor,
    type(dl.sampler).__name__,
    type(dl.batch_sampler).__name__,
    dl.collate_fn is data.default_collate,
)
it = iter(DataLoader(range(100), 2, num_workers=2))
print(next(it))
del it
if get_worker_info() is None:
    print("main")
print(
    default_collate([1, 2]),
    default_collate([(1, "a"), (2, "b")]),
    default_collate([{"A": 0, "B": 1}, {"A": 100, "B": 100}]),
    default_convert(np.array([0, 1])),
)
