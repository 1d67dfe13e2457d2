"""Peers in processes of their own, and the rounds that time them in turn."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.workload import disagreement

ROOT = Path(__file__).resolve().parent.parent
SUBJECT = "minigrad"  # whose times are divided by the others'
YARDSTICK = "numpy"
TIMEOUT = 900.0  # seconds a worker may take to answer; torch.compile may need minutes


class PeerError(Exception):
    """What a worker answered instead of a result, or that it died."""


@dataclass(frozen=True)
class Peer:
    """An engine to be timed: the module that has its programs, and that module's options."""

    name: str
    program: str
    options: dict = field(default_factory=dict)
    threads: int | None = None  # None: as many as the run uses


PEERS = {
    peer.name: peer
    for peer in (
        Peer(SUBJECT, "benchmarks.peer_torch", {"package": "minigrad"}),
        Peer("torch", "benchmarks.peer_torch", {"package": "torch"}),
        Peer("torch-compile", "benchmarks.peer_torch", {"package": "torch", "compiled": True}),
        Peer("jax", "benchmarks.peer_jax"),
        Peer(YARDSTICK, "benchmarks.peer_numpy"),
    )
}


def find_peer(name: str) -> Peer:
    """The peer called ``name``; ``name@2`` is the same peer with two threads."""
    base, _, threads = name.partition("@")
    if base not in PEERS or (threads and not threads.isdigit()) or threads == "0":
        raise ValueError(f"unknown peer {name!r}: expected one of {', '.join(PEERS)} (or NAME@N)")
    peer = PEERS[base]
    return Peer(name, peer.program, peer.options, int(threads) if threads else None)


class Process:
    """A worker process and the pipes to it.  It is started again if it has died.

    ``start`` and ``send`` do not wait, so that several workers load or prepare at the same time;
    ``greeting`` and ``read`` do.
    """

    def __init__(self, peer: Peer, threads: int):
        self.peer = peer
        self.threads = peer.threads or threads
        self.version = None
        self.start()

    def start(self) -> None:
        """Start the process, which will write a greeting."""
        specification = {
            "program": self.peer.program,
            "options": self.peer.options,
            "threads": self.threads,
        }
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in stop()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", json.dumps(specification)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": str(self.threads)},
        )

    def greeting(self) -> None:
        """Wait for the greeting.  Raises `PeerError` if the peer cannot work here."""
        try:
            self.version = self.read()["version"]
        except PeerError:
            self.stop()
            raise

    def read(self) -> dict:
        """The next answer.  Kills a worker that takes longer than `TIMEOUT`."""
        timer = threading.Timer(TIMEOUT, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if not line:
            code = self.process.wait()
            self.errors.seek(0)
            last = self.errors.read().strip().splitlines()[-1:]
            raise PeerError(f"its process ended with status {code} {' '.join(last)}".strip())
        answer = json.loads(line)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer

    def send(self, **request) -> None:
        """Send a request, which ``read`` will answer."""
        if self.process.poll() is not None:
            self.stop()
            self.start()
            self.greeting()
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()

    def ask(self, **request) -> dict:
        """Send a request and wait for the answer.  Raises `PeerError`."""
        self.send(**request)
        return self.read()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.errors.close()


@contextlib.contextmanager
def started(peers: Iterable[Peer], threads: int):
    """Start a process for each peer: (processes by name, reasons of those that cannot work)."""
    processes, missing = {}, {}
    try:
        for peer in peers:
            processes[peer.name] = Process(peer, threads)
        for name, process in list(processes.items()):
            try:
                process.greeting()
            except PeerError as error:
                missing[name] = str(error)
                del processes[name]
        yield processes, missing
    finally:
        for process in processes.values():
            process.stop()


@contextlib.contextmanager
def neighbour():
    """Another program that keeps one core busy meanwhile."""
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()


@dataclass
class Line:
    """What was measured for one case.  ``seconds`` has one value per round and peer."""

    case: Case
    seconds: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, int | None] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    disagreements: list[str] = field(default_factory=list)
    restless: set[str] = field(default_factory=set)  # peers that kept the processor busy when idle


def prepare(line: Line, processes: dict[str, Process]) -> dict[str, Process]:
    """Set the case up everywhere, at the same time, and compare the results.

    Returns the processes to be timed.
    """
    results, ready = {}, {}
    for name, process in processes.items():
        try:
            process.send(do="prepare", case=asdict(line.case))
        except PeerError as error:
            line.failures[name] = str(error)
    for name, process in processes.items():
        if name in line.failures:
            continue
        try:
            results[name] = process.read()["results"]
            ready[name] = process
        except PeerError as error:
            line.failures[name] = str(error)
    compared = {name: result for name, result in results.items() if result}
    reference = next((name for name in compared if name != SUBJECT), None)
    for name, result in compared.items():
        differs = disagreement(result, compared[reference or name], line.case.tolerance)
        if differs:
            line.disagreements.append(f"{name} and {reference}: {differs}")
    return ready


def measure(
    case: Case,
    processes: dict[str, Process],
    rounds: int,
    budget: float,
    progress: Callable[[], object] = lambda: None,
) -> Line:
    """Time one case in every process for ``rounds`` rounds of ``budget`` seconds each.

    A case on whose results the peers disagree is not timed: a wrong result has no speed.
    """
    line = Line(case)
    active = prepare(line, {n: p for n, p in processes.items() if n != YARDSTICK or case.yardstick})
    progress()
    if line.disagreements:
        return line
    for _ in range(rounds):
        for name, process in list(active.items()):
            try:
                answer = process.ask(do="measure", seconds=budget)
            except PeerError as error:
                line.failures[name] = str(error)
                line.seconds.pop(name, None)
                del active[name]
                continue
            line.seconds.setdefault(name, []).append(answer["seconds"])
            if answer["memory"] is not None:
                line.memory[name] = max(answer["memory"], line.memory.get(name, 0))
            if not answer["settled"]:
                line.restless.add(name)
        progress()
    return line
