"""Who does which task of a parallel loop: kernels/tasks.h, compiled alone."""

import ctypes
import itertools
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

import minigrad.kernels

HEADER = Path(minigrad.kernels.__file__).parent / "tasks.h"
PROGRAM = f"""
#include "{HEADER}"
size_t size(void) {{ return sizeof(Tasks); }}
void start(Tasks *tasks, ptrdiff_t count, int n_threads) {{ share_out(tasks, count, n_threads); }}
ptrdiff_t take(Tasks *tasks, int thread) {{ return next_task(tasks, thread); }}
"""
COMPILER = os.environ.get("CC", "cc").split()


@pytest.fixture(scope="module")
def header(tmp_path_factory):
    if shutil.which(COMPILER[0]) is None or not HEADER.exists():
        pytest.skip("needs a C compiler and the sources")
    folder = tmp_path_factory.mktemp("tasks")
    (folder / "tasks.c").write_text(PROGRAM)
    command = [
        *COMPILER,
        "-shared",
        "-fPIC",
        "-O2",
        "-Wall",
        "-Werror",
        "tasks.c",
        "-o",
        "tasks.so",
    ]
    subprocess.run(command, cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "tasks.so"))
    library.size.restype = ctypes.c_size_t
    library.start.argtypes = [ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int]
    library.take.argtypes, library.take.restype = [ctypes.c_void_p, ctypes.c_int], ctypes.c_ssize_t
    return library


def started(header, count, n_threads):
    tasks = ctypes.create_string_buffer(header.size())
    header.start(tasks, count, n_threads)
    return tasks


def all_of(header, tasks, thread):
    return list(iter(lambda: header.take(tasks, thread), -1))


@pytest.mark.parametrize("n_threads", [1, 2, 3, 7, 16, 40])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 16, 17, 1000])
def test_every_task_is_somebodys_once(header, count, n_threads):
    tasks = started(header, count, n_threads)
    found = []
    for turn in range(count + 1):  # in turns, with one thread that is slow
        for thread in range(n_threads):
            if thread != 1 or turn % 3 == 0:
                task = header.take(tasks, thread)
                found += [task] if task >= 0 else []
    found += all_of(header, tasks, 0)
    assert sorted(found) == list(range(count))
    assert all(header.take(tasks, thread) == -1 for thread in range(n_threads))


def test_a_thread_begins_with_its_own_and_goes_on_with_the_others(header):
    tasks = started(header, 10, 2)
    assert [header.take(tasks, 1) for _ in range(2)] == [5, 6]
    assert header.take(tasks, 0) == 0
    assert all_of(header, tasks, 1) == [7, 8, 9, 1, 2, 3, 4]
    assert header.take(tasks, 0) == -1


def test_shares_are_as_equal_as_can_be(header):
    starts = [header.take(started(header, 11, 4), thread) for thread in range(4)]
    assert starts == [0, 2, 5, 8]


def test_threads_at_once_share_none(header):
    count, n_threads = 20000, 4
    tasks = started(header, count, n_threads)
    found = [[] for _ in range(n_threads)]
    workers = [
        threading.Thread(target=lambda i=i: found[i].extend(all_of(header, tasks, i)))
        for i in range(n_threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(itertools.chain(*found)) == list(range(count))
