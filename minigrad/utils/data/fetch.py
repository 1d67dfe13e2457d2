"""From what a sampler yields to what a loader yields."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from minigrad.dtypes import int64
from minigrad.ops.creation import as_tensor
from minigrad.utils.data.collate import default_collate
from minigrad.utils.data.dataset import IterableDataset, Subset, TensorDataset


def make_fetch(
    dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool
) -> Callable[[Any], Any]:
    """Return the function from an index (``batched``: a list of them) to a sample (a batch).

    Of an ``IterableDataset`` it takes the next ones, whatever the index; StopIteration at its end.
    """
    if isinstance(dataset, IterableDataset):
        return _make_stream_fetch(iter(dataset), batched, collate_fn, drop_last)
    if not batched:
        return lambda index: collate_fn(dataset[index])

    def fetch(indices):
        if collate_fn is default_collate:
            batch = _gathered(dataset, indices)
            if batch is not None:
                return batch
        if getattr(dataset, "__getitems__", None):
            return collate_fn(dataset.__getitems__(indices))
        return collate_fn([dataset[i] for i in indices])

    return fetch


def _make_stream_fetch(stream, batched, collate_fn, drop_last):
    if not batched:
        return lambda index: collate_fn(next(stream))

    def fetch(indices):
        samples = list(itertools.islice(stream, len(indices)))
        if not samples or (drop_last and len(samples) < len(indices)):
            raise StopIteration
        return collate_fn(samples)

    return fetch


def _gathered(dataset, indices):
    """Return a batch of a TensorDataset by one indexing operation a tensor; None if it is not one.

    Subclasses may have a ``__getitem__`` of their own, and are left alone.
    """
    while type(dataset) is Subset:
        indices = [dataset.indices[i] for i in indices]
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset:
        return None
    try:
        index = as_tensor(indices)
    except (TypeError, ValueError, RuntimeError):  # what as_tensor says to no indices
        return None
    if index.dtype is not int64 or index.dim() != 1:
        return None
    return [tensor[index] for tensor in dataset.tensors]
