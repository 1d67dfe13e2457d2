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
void start(Tasks *tasks, ptrdiff_t count, ptrdiff_t work, int n_threads)
{{ share_out(tasks, count, work, n_threads); }}
Run take(Tasks *tasks, int thread) {{ return next_run(tasks, thread); }}
"""
TASK = 32768


class Run(ctypes.Structure):
    _fields_ = [("first", ctypes.c_ssize_t), ("last", ctypes.c_ssize_t)]


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
    library.start.argtypes = [ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_int]
    library.take.argtypes, library.take.restype = [ctypes.c_void_p, ctypes.c_int], Run
    return library


def started(header, count, n_threads, work=TASK):
    tasks = ctypes.create_string_buffer(header.size())
    header.start(tasks, count, work, n_threads)
    return tasks


def take(header, tasks, thread):
    run = header.take(tasks, thread)
    return list(range(run.first, run.last))


def all_of(header, tasks, thread):
    found = []
    while run := take(header, tasks, thread):
        found += run
    return found


@pytest.mark.parametrize("work", [0, 1, 1000, 5000, TASK, 10**9])
@pytest.mark.parametrize("n_threads", [1, 2, 3, 7, 16, 40])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 16, 17, 1000])
def test_every_item_is_somebodys_once(header, count, n_threads, work):
    tasks = started(header, count, n_threads, work)
    found = []
    for turn in range(count + 1):  # in turns, with one thread that is slow
        for thread in range(n_threads):
            if thread != 1 or turn % 3 == 0:
                found += take(header, tasks, thread)
    found += all_of(header, tasks, 0)
    assert sorted(found) == list(range(count))
    assert not any(take(header, tasks, thread) for thread in range(n_threads))


def test_a_thread_begins_with_its_own_and_goes_on_with_the_others(header):
    tasks = started(header, 10, 2)
    assert [take(header, tasks, 1) for _ in range(2)] == [[5], [6]]
    assert take(header, tasks, 0) == [0]
    assert all_of(header, tasks, 1) == [7, 8, 9, 1, 2, 3, 4]
    assert take(header, tasks, 0) == []


def test_shares_are_as_equal_as_can_be(header):
    starts = [take(header, started(header, 11, 4), thread) for thread in range(4)]
    assert starts == [[0], [2], [5], [8]]


def test_small_items_are_taken_some_at_once_and_as_many_by_each_thread(header):
    tasks = started(header, 1000, 2, TASK // 100)
    assert [len(take(header, tasks, thread)) for thread in (0, 1)] == [125, 125]  # 4 times each
    assert take(header, started(header, 1000, 2, 1), 1) == list(range(500, 1000))


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
