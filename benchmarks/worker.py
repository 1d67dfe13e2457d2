"""The process a peer lives in: reads requests from stdin, one JSON object a line, and answers them.

Started by `runner` as ``python -m benchmarks.worker SPEC`` with a JSON object
``{"program": module, "options": {...}, "threads": n}``.  The first line written is a greeting with
the peer's version, or the reason why it cannot work here.  Then:

=============================================  ================================================
``{"do": "prepare", "case": {...}}``           ``{"results": {name: fingerprint}}``
``{"do": "measure", "seconds": budget}``       ``{"seconds": per call, "memory": bytes or null,
                                               "settled": whether the threads came to rest}``
=============================================  ================================================

An exception is answered with ``{"error": "..."}`` and the worker goes on.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path

from benchmarks.workload import fingerprint, seconds_per_call


def settle(limit=1.0, step=0.005) -> bool:
    """Sleep until this process's threads no longer use the processor, at most ``limit`` seconds.

    OpenMP and BLAS threads spin for a while after their last work, which would be taken from the
    peer that is timed next.
    """
    deadline = time.perf_counter() + limit
    while time.perf_counter() < deadline:
        used = time.process_time()
        time.sleep(step)
        if time.process_time() - used < 0.1 * step:
            return True
    return False


def resident_memory(field: str) -> int | None:
    """Bytes of resident memory: "VmRSS" now or "VmHWM" at the highest.  None where not Linux."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    line = next(line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def give_back_memory() -> None:
    """Collect garbage and have the C library return freed memory, so that cases start equal."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def forget_peak_memory() -> None:
    """Make the highest resident memory ("VmHWM") count from now on.  Linux only."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


class Worker:
    """Holds the peer and the case it is working on."""

    def __init__(self, program: str, options: dict, threads: int):
        limit_cores(threads)
        self.peer = importlib.import_module(program).Peer(threads=threads, **options)
        self.workload = None
        self.memory_before = None
        self.first = True

    def prepare(self, case: dict) -> dict:
        self.workload = None
        if self.first:  # what a library loads on first use is not this case's memory
            self.peer.workload(case["program"], case["arguments"]).results()
            self.first = False
        if hasattr(self.peer, "give_back_memory"):
            self.peer.give_back_memory()
        give_back_memory()
        self.memory_before = resident_memory("VmRSS")
        self.workload = self.peer.workload(case["program"], case["arguments"])
        results = self.workload.results()
        forget_peak_memory()
        settle()
        return {"results": {name: fingerprint(array) for name, array in results.items()}}

    def measure(self, seconds: float) -> dict:
        taken = seconds_per_call(self.workload, seconds)
        peak = resident_memory("VmHWM")
        memory = None if peak is None else max(0, peak - self.memory_before)
        return {"seconds": taken, "memory": memory, "settled": settle()}

    def answer(self, request: dict) -> dict:
        action = {"prepare": self.prepare, "measure": self.measure}[request.pop("do")]
        return action(**request)


def limit_cores(threads: int) -> None:
    """Use only as many cores as threads.  JAX can be told in no other way."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if threads < len(cores):
            os.sched_setaffinity(0, cores[:threads])


def explain(error: Exception) -> str:
    """One line: the class of the exception and the first line of its message."""
    message = str(error).strip().splitlines()
    return f"{type(error).__name__}: {message[0]}" if message else type(error).__name__


def main() -> None:
    # Answers go through a copy of stdout; whatever a library prints goes to stderr instead.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(reply: dict) -> None:
        answers.write(json.dumps(reply) + "\n")
        answers.flush()

    try:
        worker = Worker(**json.loads(sys.argv[1]))
    except Exception as error:
        answer({"error": explain(error)})
        return
    answer({"version": worker.peer.version})
    for line in sys.stdin:
        try:
            answer(worker.answer(json.loads(line)))
        except Exception as error:
            answer({"error": explain(error)})


if __name__ == "__main__":
    main()
