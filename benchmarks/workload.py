"""What a peer hands over to be timed, how it is timed, and when two peers agree on a result."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from time import perf_counter

import numpy as np

BATCHES = 5  # samples behind the one number a round yields
SAMPLED = 1000  # elements of a large array that are compared


def nothing():
    """The default of a workload that has nothing to wait for or to restart."""


@dataclass
class Workload:
    """One benchmark case, ready in one peer.

    ``call`` is what is timed.  ``results`` runs it from the initial state and returns named arrays,
    which every peer must agree on.  ``restart`` brings the initial state back before a round, so
    that long timing does not train a network into numbers no training sees (denormals among them).
    ``wait`` returns when everything that was called has been computed.  ``loop(n)`` does what ``n``
    calls do, for work that is over sooner than Python calls a function.
    """

    call: Callable[[], object]
    results: Callable[[], dict[str, np.ndarray]]
    restart: Callable[[], object] = nothing
    wait: Callable[[], object] = nothing
    loop: Callable[[int], object] | None = None


def time_calls(workload: Workload, calls: int) -> float:
    """Seconds that ``calls`` calls take, together."""
    call, loop = workload.call, workload.loop
    start = perf_counter()
    if loop is not None:
        loop(calls)
    else:
        for _ in repeat(None, calls):
            call()
    workload.wait()
    return perf_counter() - start


def seconds_per_call(workload: Workload, budget: float) -> float:
    """Time one round: the median of `BATCHES` batches of as many calls as fill ``budget`` seconds.

    Finding that number of calls also warms up caches and threads, which the peer that worked in
    between has cooled down.
    """
    workload.restart()
    workload.wait()
    calls, batch = 1, budget / BATCHES
    while (taken := time_calls(workload, calls)) < batch:
        calls = max(calls + 1, min(10 * calls, math.ceil(1.1 * calls * batch / max(taken, 1e-9))))
    return statistics.median(time_calls(workload, calls) / calls for _ in range(BATCHES))


def fingerprint(array) -> dict:
    """A few numbers that stand for an array: shape, root mean square, a sample of its elements."""
    array = np.asarray(array)
    flat = array.astype(np.float64).ravel()
    rms = float(np.sqrt(np.mean(flat**2))) if flat.size else 0.0
    if flat.size > SAMPLED:
        flat = flat[np.random.default_rng(0).integers(flat.size, size=SAMPLED)]
    return {"shape": list(array.shape), "rms": rms, "sample": flat.tolist()}


def disagreement(ours: dict, theirs: dict, tolerance: float) -> str | None:
    """How two sets of fingerprints differ, in words, or None if they agree.

    Agreement is by norm: no difference may exceed ``tolerance`` times the largest element.
    """
    if ours.keys() != theirs.keys():
        return f"results {sorted(ours)} and {sorted(theirs)}"
    for name, one in ours.items():
        other = theirs[name]
        if one["shape"] != other["shape"]:
            return f"{name} has shapes {one['shape']} and {other['shape']}"
        a = np.array([one["rms"], *one["sample"]])
        b = np.array([other["rms"], *other["sample"]])
        worst, scale = np.abs(a - b).max(), np.abs(b).max()
        if not worst <= tolerance * scale:  # so written that NaN disagrees
            return f"{name} differs by {worst:.2g} where the largest element is {scale:.2g}"
    return None
