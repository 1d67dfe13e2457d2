"""Python's multiprocessing under torch's name, and ``spawn``.

Tensors are pickled on their way to another process, and arrive as copies; a forked process sees
those that ``share_memory_()`` has moved, and what others write to them.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import traceback
from multiprocessing import *
from multiprocessing import connection
from typing import Any

__all__ = [
    *multiprocessing.__all__,
    "ProcessContext",
    "ProcessException",
    "ProcessExitedException",
    "ProcessRaisedException",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]


class ProcessException(Exception):
    """What ended a process of `spawn`: ``error_index`` is its number, ``error_pid`` its id."""

    def __init__(self, msg: Any, error_index: int, pid: Any) -> None:
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.error_pid = pid


class ProcessRaisedException(ProcessException):
    """A process of `spawn` raised; the message is its traceback."""


class ProcessExitedException(ProcessException):
    """A process of `spawn` exited with another code than 0, or by a signal."""

    def __init__(
        self,
        msg: Any,
        error_index: int,
        error_pid: int,
        exit_code: int,
        signal_name: str | None = None,
    ) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name


def _run(fn, index, args, failures):
    try:
        fn(index, *args)
    except KeyboardInterrupt:
        pass  # the parent has it too
    except Exception:
        failures.send_bytes(pickle.dumps(traceback.format_exc()))
        raise SystemExit(1) from None


class ProcessContext:
    """The processes that `spawn` has started with ``join=False``."""

    def __init__(self, processes: Any, failures: Any) -> None:
        self.processes = processes
        self._failures = failures
        self.sentinels = {process.sentinel: i for i, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """Return the ids of the processes."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait until a process has ended, or ``timeout`` seconds; return whether all have ended.

        If one has failed, the others are terminated, and what happened is raised:
        ProcessRaisedException or ProcessExitedException.
        """
        for sentinel in connection.wait(self.sentinels, timeout):
            index = self.sentinels.pop(sentinel)
            self.processes[index].join()
            if self.processes[index].exitcode:
                self._fail(index)
        return not self.sentinels

    def _fail(self, index):
        for process in self.processes:
            if process.is_alive():
                process.terminate()
            process.join()
        failed, pipe = self.processes[index], self._failures[index]
        try:
            lines = pickle.loads(pipe.recv_bytes())
        except EOFError:  # it has said nothing
            pass
        else:
            raise ProcessRaisedException(
                f"\n\n-- Process {index} terminated with the following error:\n{lines}",
                index,
                failed.pid,
            )
        code = failed.exitcode
        if code < 0:
            name = signal.Signals(-code).name
            message = f"process {index} terminated with signal {name}"
            raise ProcessExitedException(message, index, failed.pid, code, name)
        message = f"process {index} terminated with exit code {code}"
        raise ProcessExitedException(message, index, failed.pid, code)


def start_processes(
    fn: Any,
    args: Any = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Call ``fn(i, *args)`` in ``nprocs`` processes, ``i`` counting from 0.

    Args:
        fn: a function at the top level of a module, if ``start_method`` is not "fork".
        join: whether to wait until all have ended, and return None; else a `ProcessContext`.
        daemon: whether the processes end with this one.

    A process that fails ends the others, see `ProcessContext.join`.

    Source: ``torch.multiprocessing.start_processes``.
    """
    context: Any = multiprocessing.get_context(start_method)
    processes, failures = [], []
    for i in range(nprocs):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(fn, i, args, theirs), daemon=daemon)
        process.start()
        theirs.close()
        processes.append(process)
        failures.append(ours)
    started = ProcessContext(processes, failures)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Any,
    args: Any = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Call ``fn(i, *args)`` in ``nprocs`` new processes; see `start_processes`."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)


def get_all_sharing_strategies() -> set[str]:
    """Return ``{"file_descriptor"}``: shared memory has no name in the file system."""
    return {"file_descriptor"}


def get_sharing_strategy() -> str:
    """Return ``"file_descriptor"``."""
    return "file_descriptor"


def set_sharing_strategy(new_strategy: str) -> None:
    """Do nothing: there is one strategy.  AssertionError for a name that torch does not know."""
    assert new_strategy in ("file_descriptor", "file_system"), f"unknown: {new_strategy!r}"
