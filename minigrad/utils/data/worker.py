"""Workers: processes that fetch batches ahead of the training loop.

Each has a pipe of its own.  The loader sends tasks to them in turn, and takes the answers in the
same turn: so the order of the batches does not depend on who is faster.  A forked child of minigrad
stays on one thread (see kernels/openmp.pyx), so that it may compute after its parent has.
"""

import collections
import contextlib
import itertools
import multiprocessing
import os
import pickle
import queue
import random
import signal
import sys
import threading
import time
import traceback
import warnings
import weakref
from typing import Any

import numpy as np

from minigrad.ops.generator import manual_seed

__all__ = ["get_worker_info"]

WorkerInfo = collections.namedtuple("WorkerInfo", ("id", "num_workers", "seed", "dataset"))

_RESTART = "restart"  # instead of a task: a new epoch begins
_BATCH, _END, _ERROR = range(3)  # kinds of answers: _END, when a worker's stream is at its end
_PATIENCE = 0.5  # seconds that workers have to finish what they are at before they are terminated

_info: WorkerInfo | None = None


def get_worker_info() -> Any:
    """Return (id, num_workers, seed, dataset) of the worker this code runs in; else None."""
    return _info


# -------------------------------------------------------------------- in the worker


class _Lines(str):
    """A text that shows its lines where its repr is printed, as KeyError prints its message."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


class Failure:
    """What went wrong in a worker: the class of the exception, and a text with its traceback."""

    def __init__(self, error: BaseException, worker: int) -> None:
        self.kind = type(error)
        lines = "".join(traceback.format_exception(error))
        self.text = (
            f"Caught {self.kind.__name__} in DataLoader worker process {worker}.\nOriginal {lines}"
        )

    def exception(self):
        """Return an exception of the same class; RuntimeError where that takes no text."""
        try:
            return self.kind(_Lines(self.text) if issubclass(self.kind, KeyError) else self.text)
        except Exception:
            return RuntimeError(self.text)


def _pickled_failure(failure):
    """Return the answer of a failure, whose class may be one that cannot be pickled."""
    try:
        return pickle.dumps((_ERROR, failure), 5)
    except Exception:
        failure.kind = RuntimeError
        return pickle.dumps((_ERROR, failure), 5)


def _answer(fetch, task, worker):
    """Return what comes of a task, pickled."""
    try:
        return pickle.dumps((_BATCH, fetch(task)), 5)
    except StopIteration:
        return pickle.dumps((_END, None))
    except Exception as error:
        return _pickled_failure(Failure(error, worker))


def _seed(info):
    """Seed all that a data set may draw from, with torch's seeds."""
    random.seed(info.seed)
    manual_seed(info.seed)
    base = info.seed - info.id
    entropy = [info.id, base & 0xFFFFFFFF, base >> 32]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))


def _send(pipe, answers):
    """Send answers while the worker goes on, which must not wait until somebody wants them."""
    while (answer := answers.get()) is not None:
        try:
            pipe.send_bytes(answer)
        except OSError:  # nobody is there any more
            return


def _work(pipe, inherited, info, make_fetch, options, worker_init_fn):
    """A worker's life: answer tasks until nobody is there who could send some."""
    global _info
    for loaders_end in inherited:  # or no worker would notice when the loader closes it, or dies
        loaders_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the loader's business
    _seed(info)
    _info = info
    answers = queue.SimpleQueue()
    sender = threading.Thread(target=_send, args=(pipe, answers), daemon=True)
    sender.start()
    fetch = failure = None
    try:
        if worker_init_fn is not None:
            worker_init_fn(info.id)
    except Exception as error:
        failure = Failure(error, info.id)
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            break
        if isinstance(task, str) and task == _RESTART:
            try:
                fetch = make_fetch(info.dataset, *options)
            except Exception as error:
                failure = failure or Failure(error, info.id)
        else:
            answers.put(_pickled_failure(failure) if failure else _answer(fetch, task, info.id))
    answers.put(None)
    sender.join()


# -------------------------------------------------------------------- in the loader


def context_of(given):
    """Return the way in which processes are started: forking where that is usual."""
    if isinstance(given, multiprocessing.context.BaseContext):
        return given
    if isinstance(given, str) and given not in multiprocessing.get_all_start_methods():
        raise ValueError(
            "multiprocessing_context option should specify a valid start method in "
            f"{multiprocessing.get_all_start_methods()!r}, but got "
            f"multiprocessing_context={given!r}"
        )
    if given is not None and not isinstance(given, str):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={given}"
        )
    return multiprocessing.get_context(given or ("fork" if sys.platform == "linux" else None))


def _end(loader, pipes, processes):
    """Let the processes end: at the latest after ``_PATIENCE`` seconds."""
    if os.getpid() != loader:  # a forked child, which has no more than copies
        return
    for pipe in pipes:
        pipe.close()
    end = time.monotonic() + _PATIENCE
    for process in processes:
        process.join(max(end - time.monotonic(), 0))
        if process.is_alive():
            process.terminate()
            process.join()


_alive: weakref.WeakSet = weakref.WeakSet()  # the workers of all loaders


class Workers:
    """The processes of a loader.  They end with this object, or with ``close``."""

    def __init__(
        self,
        datasets: Any,
        seed: Any,
        make_fetch: Any,
        options: Any,
        worker_init_fn: Any,
        context: Any,
    ) -> None:
        self.pipes: list = []
        self.processes: list = []
        self.close = weakref.finalize(self, _end, os.getpid(), self.pipes, self.processes)
        _alive.add(self)
        self.pending: collections.deque[int] = collections.deque()  # who owes answers, in order
        for i, dataset in enumerate(datasets):
            ours, theirs = context.Pipe()
            self.pipes.append(ours)
            forked = context.get_start_method() == "fork"
            inherited = [pipe for w in _alive for pipe in w.pipes] if forked else []
            info = WorkerInfo(i, len(datasets), seed + i, dataset)
            process = context.Process(
                target=_work,
                args=(theirs, inherited, info, make_fetch, options, worker_init_fn),
                name=f"minigrad-dataloader-{i}",
                daemon=True,
            )
            with warnings.catch_warnings():
                # Python warns of forks of a process with threads, as OpenMP's: see above
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            theirs.close()
            self.processes.append(process)

    def restart(self):
        """Begin an epoch: forget what is still owed, and let each worker start over."""
        while self.pending:
            self.receive(0)
        for worker in range(len(self.pipes)):
            self.send(worker, _RESTART)

    def send(self, worker, task):
        """Send a task; a worker that has died is found out by ``receive``."""
        with contextlib.suppress(OSError):
            self.pipes[worker].send(task)

    def ask(self, worker, task):
        """Send a task that has an answer."""
        self.pending.append(worker)
        self.send(worker, task)

    def receive(self, timeout):
        """Return the worker whose turn it is, and its answer: (kind, value)."""
        worker = self.pending.popleft()
        pipe, process = self.pipes[worker], self.processes[worker]
        if timeout and not pipe.poll(timeout):
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
        try:
            answer = pipe.recv_bytes()
        except (EOFError, OSError):
            process.join(_PATIENCE)
            raise RuntimeError(
                f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly: "
                f"exit code {process.exitcode}"
            ) from None
        return worker, pickle.loads(answer)


class WorkerIterator:
    """An epoch: what the workers fetch for each of ``indices``, in order.

    ``prefetch_factor``: how many batches each worker is asked for ahead.  A worker at the end of
    its stream gets no more tasks; other exceptions are raised here, where their batch would come.
    """

    def __init__(
        self, workers: Any, indices: Any, prefetch_factor: Any, timeout: Any, length: Any, keep: Any
    ) -> None:
        self._workers = workers
        self._indices = iter(indices)
        self._length, self._timeout, self._keep = length, timeout, keep
        count = len(workers.pipes)
        self._ahead = max(prefetch_factor * count, 1)
        self._active = set(range(count))
        self._turns = itertools.cycle(range(count))
        workers.restart()
        self._give_out()

    def _give_out(self):
        while self._active and len(self._workers.pending) < self._ahead:
            try:
                task = next(self._indices)
            except StopIteration:
                return
            self._workers.ask(next(i for i in self._turns if i in self._active), task)

    def __iter__(self):
        return self

    def __len__(self) -> int:
        return self._length()

    def __next__(self):
        while self._workers.pending:
            try:
                worker, (kind, value) = self._workers.receive(self._timeout)
            except BaseException:  # also Ctrl-C: nobody will ask for the other answers
                self._workers.pending.clear()
                self._workers.close()
                raise
            if kind == _END:
                self._active.discard(worker)
            self._give_out()
            if kind == _ERROR:
                raise value.exception()
            if kind == _BATCH:
                return value
        if not self._keep:
            self._workers.close()
        raise StopIteration
