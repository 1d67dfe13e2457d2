"""Files from strangers: whatever is in them, ``load`` returns plain values or raises an error.

It never crashes or hangs, takes no more memory than a multiple of the file's size, runs nothing,
opens nothing, and makes no tensor that reaches outside of its memory.

    MINIGRAD_FUZZ_SECONDS=600 python -m pytest tests/test_hostile_files.py

goes on for ten minutes rather than some seconds; ``MINIGRAD_FUZZ_SEED`` begins elsewhere.

What this has found: tuples nested 100,000 deep crashed the interpreter when they were hashed as
keys; tuples that contain one another twice, lists and texts repeated by their number, keys of one
hash, and a doubled key in a large header took forever, or all memory, from less than a megabyte.
"""

import faulthandler
import io
import os
import pickle
import random
import subprocess
import sys
import time
import tracemalloc

import hostile_bombs
import hostile_files
import numpy as np
import pytest
from test_old_torch_files import OLD

import minigrad

SECONDS = float(os.environ.get("MINIGRAD_FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("MINIGRAD_FUZZ_SEED", "0"))
TRIES = 600  # of each kind, in the short form
HANG = 5  # seconds of this process; other processes may take turns with it for longer
MULTIPLE = 300  # bytes of memory for each byte of a file: an empty set takes 230, and is one byte
ALLOWANCE = 2**20
MAKERS = {
    "safetensors": hostile_files.safetensors_file,
    "torch": hostile_files.torch_file,
    "legacy": lambda r: hostile_files.legacy_file(r, OLD),
}


def made(kind, name):
    """Return the file of a name: the number of a random one, or one of those made by hand."""
    if kind == "bomb":
        return hostile_bombs.BOMBS[name]
    return MAKERS[kind](random.Random(f"{SEED} {kind} {name}"))


def tensors_in(value):
    """Return the tensors anywhere in a structure, which may contain itself."""
    found, seen, rest = [], set(), [value]
    while rest:
        value = rest.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, minigrad.Tensor):
            found.append(value)
            rest.append(vars(value))
        elif isinstance(value, dict):
            rest += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set):
            rest += value
    return found


def inside(tensor):
    """Return whether all elements of a tensor lie in the memory that it holds on to."""
    array = owner = tensor.detach().numpy()
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    whole = owner if owner.base is None else np.frombuffer(owner.base, np.uint8)
    steps = [(n - 1) * s for n, s in zip(array.shape, array.strides, strict=True)]
    begin = array.ctypes.data - whole.ctypes.data + sum(s for s in steps if s < 0)
    end = begin + sum(map(abs, steps)) + array.itemsize
    return array.size == 0 or (begin >= 0 and end <= whole.nbytes)


class Watch:
    """Notes what Python's audit events say of code that runs and files that are opened."""

    def __init__(self):
        self.on, self.events = False, []
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        harmless = event.startswith(("object.__get", "cpython.", "gc.", "builtins.id"))
        if self.on and not harmless:
            self.events.append((event, str(arguments)[:200]))


def try_one(content, watch):
    """Load a file, and look at what comes of it."""
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    began = time.process_time()
    faulthandler.dump_traceback_later(12 * HANG, exit=True)
    watch.on = True
    try:
        found = minigrad.load(io.BytesIO(content))
    except (ValueError, pickle.UnpicklingError) as error:
        found = None
        assert len(str(error)) < 1000, f"a message of {len(str(error))} characters"
    finally:
        watch.on = False
        faulthandler.cancel_dump_traceback_later()
    peak, seconds = tracemalloc.get_traced_memory()[1] - before, time.process_time() - began
    assert seconds < HANG, f"{seconds} seconds for a file of {len(content)} bytes"
    assert peak <= MULTIPLE * len(content) + ALLOWANCE, f"{peak} bytes for a file of {len(content)}"
    assert not watch.events, watch.events
    for tensor in tensors_in(found):
        assert inside(tensor)
        if 0 < tensor.numel() < 1000:  # without any, it may have 2**62 empty rows
            tensor.tolist()
    return peak / max(len(content), 1)


def run(kind, seconds, tries):
    """Try files of a kind in this process; print the name of each, for when it ends in a crash."""
    watch = Watch()
    for value in ({"a": minigrad.ones(2)}, [minigrad.ones(2)]):  # imports come before the first try
        for name in ("safetensors_file", "torch_writer"):
            file = io.BytesIO()
            minigrad.serialization._part(name).writing(value)(file)
            minigrad.load(io.BytesIO(file.getvalue()))
    minigrad.load(io.BytesIO(OLD))
    names = list(hostile_bombs.BOMBS) if kind == "bomb" else range(10**9)
    tracemalloc.start()
    began = time.monotonic()
    for i, name in enumerate(names):
        if kind != "bomb" and i >= tries and time.monotonic() - began > seconds:
            break
        content = made(kind, name)
        os.pwrite(1, f"{name}\n".ljust(80).encode(), 0)
        try_one(content, watch)
    return i


@pytest.mark.parametrize("kind", ["bomb", *MAKERS])
def test_files_from_strangers(kind, tmp_path):
    """In a process of their own, which tells what it tried last."""
    progress, errors = tmp_path / "progress", tmp_path / "errors"
    with progress.open("w") as out, errors.open("w") as err:
        done = subprocess.run(
            [sys.executable, __file__, kind, str(SECONDS / len(MAKERS)), str(TRIES)],
            stdout=out,
            stderr=err,
        )
    said = errors.read_text()
    assert done.returncode == 0, (
        f"made({kind!r}, {progress.read_text().strip()!r}) with seed {SEED}: status "
        f"{done.returncode}\n{said[-3000:]}"
    )


if __name__ == "__main__":
    print(run(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])), file=sys.stderr)
