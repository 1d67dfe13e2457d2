"""Data sets, samplers and loaders of one's own."""

from collections.abc import Callable, Iterator
from typing import assert_type

import minigrad as torch
from minigrad import Tensor
from minigrad.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Sampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    random_split,
)

Sample = tuple[Tensor, int]


class Points(Dataset[Sample]):
    def __init__(self, n: int, transform: Callable[[Tensor], Tensor] | None = None) -> None:
        self.points = torch.rand(n, 2)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> Sample:
        point = self.points[index]
        if self.transform is not None:
            point = self.transform(point)
        return point, int(point.norm() < 1)


class Stream(IterableDataset[Tensor]):
    def __iter__(self) -> Iterator[Tensor]:
        while True:
            yield torch.randn(3)


class EverySecond(Sampler[int]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[int]:
        return iter(range(0, self.n, 2))

    def __len__(self) -> int:
        return self.n // 2


def collate(samples: list[Sample]) -> tuple[Tensor, Tensor]:
    points, inside = zip(*samples, strict=True)
    return torch.stack(points), torch.tensor(inside)


points = Points(10, transform=torch.sqrt)
assert_type(points[0], Sample)
training, test = random_split(points, [0.8, 0.2], generator=torch.Generator().manual_seed(0))
assert_type(training, Subset[Sample])
assert_type(training[0], Sample)
assert_type(points + points, ConcatDataset[Sample])
assert_type(TensorDataset(torch.ones(2))[0], tuple[Tensor, ...])
loader = DataLoader(training, batch_size=4, sampler=EverySecond(8), collate_fn=collate)
assert_type(len(loader), int)
for x, inside in loader:
    print(x.shape, inside.sum().item())
weighted = WeightedRandomSampler([0.1, 0.9], num_samples=2, replacement=True)
assert_type(next(iter(weighted)), int)
assert_type(next(iter(BatchSampler(weighted, batch_size=2, drop_last=False))), list[int])
DataLoader(Stream(), batch_size=None, num_workers=1, persistent_workers=True)
DataLoader(points, batch_size="4")  # type: ignore[arg-type]
Subset(points, 3)  # type: ignore[arg-type]
