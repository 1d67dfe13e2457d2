"""Data sets, samplers and ``DataLoader``, under ``torch.utils.data``'s names.

>>> import minigrad
>>> from minigrad.utils.data import DataLoader, TensorDataset
>>> x = minigrad.arange(5.0)
>>> for batch, target in DataLoader(TensorDataset(x, x * 10), batch_size=2):
...     print(batch, target)
tensor([0., 1.]) tensor([ 0., 10.])
tensor([2., 3.]) tensor([20., 30.])
tensor([4.]) tensor([40.])
"""

from minigrad.utils.data.collate import default_collate, default_convert
from minigrad.utils.data.dataloader import DataLoader
from minigrad.utils.data.dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from minigrad.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from minigrad.utils.data.worker import get_worker_info

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]
