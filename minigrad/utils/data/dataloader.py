"""DataLoader: from a data set to an iterable of batches."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from minigrad.ops.generator import Generator
from minigrad.utils.data.collate import default_collate, default_convert
from minigrad.utils.data.dataset import Dataset, IterableDataset
from minigrad.utils.data.fetch import make_fetch
from minigrad.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    draw_seed,
)
from minigrad.utils.data.worker import WorkerIterator, Workers, context_of

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
        num_workers: how many processes fetch batches ahead; 0: fetch when asked.  Batches come
            in the same order.  They are forked on Linux; elsewhere they are started anew, and what
            they need must pickle.
        collate_fn: makes a batch of a list of samples; ``default_collate`` unless given.
        drop_last: leave out a last batch that is not full.
        timeout: seconds to wait for a worker's batch before RuntimeError; 0: no limit.
        multiprocessing_context: how workers are started: "fork", "spawn" ..., or a context.
        worker_init_fn: called in each worker with its number, before it fetches anything.
        generator: where the shuffle's random numbers come from.
        prefetch_factor: batches each worker fetches ahead, 2 unless given.

        persistent_workers: keep the workers from one epoch to the next.

    ``pin_memory``, ``pin_memory_device`` and ``in_order`` are accepted: nothing needs pinning, and
    the order is always kept.

    With the same seed the order of the samples is torch's, and what the workers draw from
    minigrad, NumPy and ``random``.  A ``TensorDataset`` (or a ``Subset``
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
        dataset: Dataset[T_co] | Sequence[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
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
        sized: Any = dataset
        if sampler is None:
            if isinstance(dataset, IterableDataset):
                sampler = itertools.repeat(None)
            elif shuffle:
                sampler = RandomSampler(sized, generator=generator)
            else:
                sampler = SequentialSampler(sized)
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
        self._workers: Workers | None = None  # those that persist
        self._initialized = True
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        if cores is not None and num_workers > cores:
            warnings.warn(
                f"This DataLoader will create {num_workers} worker processes in total, but there "
                f"are {cores} cores to run them. Lower the number to avoid slowness.",
                stacklevel=2,
            )

    def __setattr__(self, name: str, value: Any) -> None:
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
            indices: Any = self.sampler if self.batch_sampler is None else self.batch_sampler
            return len(indices)
        n = len(self.dataset)  # type: ignore[arg-type]  # which raises, if it has no length
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        if self.pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device "
                "pinned memory won't be used.",
                stacklevel=2,
            )
        workers = self._workers
        if workers is not None and not workers.close.alive:  # something went wrong
            workers = None
        if workers is None:
            # torch draws the seed of its workers here even where it has none: so do we, since the
            # shuffle's seed comes next.
            seed = draw_seed(self.generator)
        indices = self.sampler if self.batch_sampler is None else self.batch_sampler
        options = self.batch_sampler is not None, self.collate_fn, self.drop_last
        if self.num_workers == 0:
            return _batches(indices, self.dataset, options)
        if workers is None:
            workers = Workers(
                [self.dataset] * self.num_workers,
                seed,
                make_fetch,
                options,
                self.worker_init_fn,
                context_of(self.multiprocessing_context),
            )
        if self.persistent_workers:
            self._workers = workers
        return WorkerIterator(
            workers,
            indices,
            self.prefetch_factor,
            self.timeout,
            self.__len__,
            self.persistent_workers,
        )


def _batches(indices, dataset, options):
    fetch = make_fetch(dataset, *options)
    for index in indices:
        try:
            batch = fetch(index)
        except StopIteration:
            return
        yield batch


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
        if num_workers == 0:
            raise ValueError(
                "multiprocessing_context can only be used with num_workers > 0, but got "
                f"num_workers={num_workers}"
            )
        context_of(multiprocessing_context)
