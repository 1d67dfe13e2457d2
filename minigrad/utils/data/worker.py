"""Workers: threads that fetch batches ahead of the training loop."""

import collections
import itertools
import queue
import threading

__all__ = ["get_worker_info"]

WorkerInfo = collections.namedtuple("WorkerInfo", ("id", "num_workers", "seed", "dataset"))
_local = threading.local()

END = object()  # what a worker answers when its stream is at its end


def get_worker_info():
    """Return (id, num_workers, seed, dataset) of the worker this code runs in; else None."""
    return getattr(_local, "info", None)


class _Task:
    """An index to fetch, and later what came of it."""

    def __init__(self, index) -> None:
        self.index = index
        self.done = threading.Event()
        self.result = self.error = None


def _work(tasks, stop, make_fetch, info, worker_init_fn):
    """A worker's life: answer tasks until one is None.  It must answer whatever happens."""
    fetch = failure = None
    _local.info = info
    try:
        if worker_init_fn is not None:
            worker_init_fn(info.id)
        fetch = make_fetch(info.dataset)
    except BaseException as error:
        failure = error
    while (task := tasks.get()) is not None:
        try:
            if failure is not None:
                raise failure
            task.result = END if stop.is_set() else fetch(task.index)
        except StopIteration:
            task.result = END
        except BaseException as error:
            task.error = error
        task.done.set()
        del task  # do not keep the batch alive until the next one


def threaded_batches(indices, make_fetch, datasets, seed, prefetch_factor, timeout, worker_init_fn):
    """Yield what ``fetch(index)`` returns for each of ``indices``, in order.

    ``make_fetch(dataset)`` makes the fetch function of a worker; there is one for each of
    ``datasets``, and tasks go round.  A worker whose fetch raises StopIteration gets no more of
    them.  Other exceptions are raised here, in the order of the batches.  The threads end with
    this generator, however it ends.
    """
    stop = threading.Event()
    n = len(datasets)
    queues = [queue.SimpleQueue() for _ in range(n)]
    for i, dataset in enumerate(datasets):
        info = WorkerInfo(i, n, seed + i, dataset)
        threading.Thread(
            target=_work,
            args=(queues[i], stop, make_fetch, info, worker_init_fn),
            name=f"minigrad-dataloader-{i}",
            daemon=True,
        ).start()
    indices = iter(indices)
    active = set(range(n))
    turns = itertools.cycle(range(n))
    pending = collections.deque()

    def give_out():
        while active and len(pending) < max(prefetch_factor * n, 1):
            worker = next(i for i in turns if i in active)
            try:
                task = _Task(next(indices))
            except StopIteration:
                return
            queues[worker].put(task)
            pending.append((worker, task))

    try:
        give_out()
        while pending:
            worker, task = pending.popleft()
            if not task.done.wait(timeout or None):
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
            if task.error is not None:
                raise task.error
            if task.result is END:
                active.discard(worker)
            give_out()
            if task.result is not END:
                yield task.result
    finally:
        stop.set()
        for tasks in queues:
            tasks.put(None)
