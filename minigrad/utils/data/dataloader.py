"""DataLoader: from a data set to an iterable of batches."""

import copy
import itertools
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from minigrad.dtypes import int64
from minigrad.ops.creation import as_tensor
from minigrad.utils.data.collate import default_collate, default_convert
from minigrad.utils.data.dataset import IterableDataset, Subset, TensorDataset
from minigrad.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    draw_seed,
)
from minigrad.utils.data.worker import threaded_batches

__all__ = ["DataLoader"]

T_co = TypeVar("T_co", covariant=True)


class DataLoader(Generic[T_co]):
    """An iterable over the batches of a data set.

    Args:
        dataset: anything with ``__getitem__`` and ``__len__``, or an ``IterableDataset``.
        batch_size: samples a batch; None: yield samples as they are, not in batches.
        shuffle: visit the samples in a new random order each epoch.
        sampler: an iterable of indices, instead of ``shuffle``.
        batch_sampler: an iterable of lists of indices, instead of ``batch_size``, ``shuffle``,
            ``sampler`` and ``drop_last``.
        num_workers: how many threads fetch batches ahead; 0: fetch when asked.  Batches come in
            the same order.  Threads help where samples come from files or from NumPy; Python
            code in ``__getitem__`` runs in one thread at a time.
        collate_fn: makes a batch of a list of samples; ``default_collate`` unless given.
        drop_last: leave out a last batch that is not full.
        timeout: seconds to wait for a worker's batch before RuntimeError; 0: no limit.
        worker_init_fn: called in each worker with its number, before it fetches anything.
        generator: where the shuffle's random numbers come from.
        prefetch_factor: batches each worker fetches ahead, 2 unless given.

    ``pin_memory``, ``pin_memory_device``, ``persistent_workers`` and ``in_order`` are accepted:
    nothing needs pinning, threads cost nothing to start, and the order is always kept.

    With the same seed the order of the samples is torch's.  A ``TensorDataset`` (or a ``Subset``
    of one) is read by one indexing operation a batch, which gives what collating its samples
    would.

    Raises ValueError for arguments that exclude each other, as torch does.

    >>> import minigrad
    >>> from minigrad.utils import data
    >>> dataset = data.TensorDataset(minigrad.arange(5), minigrad.arange(5) > 2)
    >>> for numbers, large in data.DataLoader(dataset, batch_size=3):
    ...     print(numbers, large)
    tensor([0, 1, 2]) tensor([False, False, False])
    tensor([3, 4]) tensor([True, True])
    """

    _initialized = False

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=None,
        sampler=None,
        batch_sampler=None,
        num_workers=0,
        collate_fn=None,
        pin_memory=False,
        drop_last=False,
        timeout=0,
        worker_init_fn=None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor=None,
        persistent_workers=False,
        pin_memory_device="",
        in_order=True,
    ) -> None:
        _check_workers(
            num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context
        )
        if isinstance(dataset, IterableDataset):
            unwanted = {"shuffle": shuffle or None, "sampler": sampler}
            for name, value in {**unwanted, "batch_sampler": batch_sampler}.items():
                if value is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, "
                        f"but got {name}={value}"
                    )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, "
                    "sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with "
                "drop_last"
            )
        if sampler is None:
            if isinstance(dataset, IterableDataset):
                sampler = itertools.repeat(None)
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate

        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self._initialized = True

    def __setattr__(self, name, value):
        fixed = (
            "batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"
        )  # fmt: skip
        if self._initialized and name in fixed:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    def __len__(self) -> int:
        """Return the number of batches (of samples, if ``batch_size`` is None)."""
        if not isinstance(self.dataset, IterableDataset):
            return len(self.sampler if self.batch_sampler is None else self.batch_sampler)
        n = len(self.dataset)  # type: ignore[arg-type]  # which raises, if it has no length
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        # torch draws the seed of its workers here even where it has none: so do we, since the
        # shuffle's seed comes next.
        seed = draw_seed(self.generator)
        indices = self.sampler if self.batch_sampler is None else self.batch_sampler
        if self.num_workers == 0:
            return self._batches(indices)
        datasets = [self.dataset] * self.num_workers
        if isinstance(self.dataset, IterableDataset):
            datasets = [copy.copy(self.dataset) for _ in datasets]
        return threaded_batches(
            indices,
            self._make_fetch,
            datasets,
            seed,
            self.prefetch_factor,
            self.timeout,
            self.worker_init_fn,
        )

    def _batches(self, indices):
        fetch = self._make_fetch(self.dataset)
        for index in indices:
            try:
                batch = fetch(index)
            except StopIteration:
                return
            yield batch

    def _make_fetch(self, dataset):
        """Return the function from what the sampler yields to what the loader yields."""
        batched, collate_fn = self.batch_sampler is not None, self.collate_fn
        if isinstance(dataset, IterableDataset):
            return self._make_stream_fetch(iter(dataset))
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

    def _make_stream_fetch(self, stream):
        if self.batch_sampler is None:
            return lambda index: self.collate_fn(next(stream))

        def fetch(indices):
            samples = list(itertools.islice(stream, len(indices)))
            if not samples or (self.drop_last and len(samples) < len(indices)):
                raise StopIteration
            return self.collate_fn(samples)

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


def _check_workers(
    num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context
):
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to fetch batches in "
            f"the main thread, but got num_workers={num_workers}"
        )
    if timeout < 0:
        raise ValueError(f"timeout option should be non-negative, but got timeout={timeout}")
    if num_workers == 0:
        options = {
            "prefetch_factor": prefetch_factor,
            "timeout": timeout or None,
            "persistent_workers": persistent_workers or None,
        }
        for name, value in options.items():
            if value is not None:
                raise ValueError(f"{name} option needs num_workers > 0, but got {name}={value}")
    elif prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError(
            f"prefetch_factor option should be non-negative, but got {prefetch_factor}"
        )
    if multiprocessing_context is not None:
        raise ValueError(
            "multiprocessing_context has no meaning here: DataLoader's workers are threads, but "
            f"got multiprocessing_context={multiprocessing_context}"
        )
