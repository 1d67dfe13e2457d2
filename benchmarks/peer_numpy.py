"""NumPy as the yardstick: its matmul, and how fast this machine copies memory."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.problems import arrays
from benchmarks.workload import Workload


class Peer:
    def __init__(self, threads: int):
        self.version = np.__version__
        self.threads = threads

    def workload(self, program: str, arguments: dict) -> Workload:
        return {"batchnorm": copy, "operation": matmul}[program](self, **arguments)


def copy(peer: Peer, shape: list[int], mode: str) -> Workload:
    """Copy an array of ``shape``, each thread its own part: the floor of reading x and writing y.

    A call only counts; `wait` then has every thread copy its part that many times without waiting
    for the others, so that starting threads costs next to nothing even where arrays are small.
    """
    source = np.ones(np.prod(shape), np.float32)
    target = np.zeros_like(source)
    parts = list(
        zip(np.array_split(target, peer.threads), np.array_split(source, peer.threads), strict=True)
    )
    pool = ThreadPoolExecutor(peer.threads)
    pending = 0

    def call():
        nonlocal pending
        pending += 1

    def copy_part(part, times):
        to, given = part
        for _ in range(times):
            np.copyto(to, given)

    def wait():
        nonlocal pending
        times, pending = pending, 0
        list(pool.map(copy_part, parts, [times] * len(parts)))

    return Workload(call, dict, wait=wait)


def matmul(peer: Peer, name: str, shapes: list, backward: bool) -> Workload:
    """The product of two matrices by NumPy's BLAS."""
    a, b = arrays(*shapes)
    return Workload(lambda: a @ b, lambda: {"result": a @ b})
