"""Processes and threads of Python, signals, and other libraries in the same process.

Everything is compared by the bits of a small training run (small_run.py).
"""

import concurrent.futures
import importlib.util
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import small_run

import minigrad

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).parent
TIMEOUT = 120
# Since Python 3.12 fork() of a process that has threads warns: that it works is what is tested.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def two_threads():
    """Two threads, and OpenMP has run in this process."""
    minigrad.set_num_threads(2)
    return small_run.train()


def program(code, **environment):
    """Start a Python that can import small_run and minigrad."""
    paths = os.pathsep.join([str(ROOT), str(HERE), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": paths} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(code, **environment):
    """Run a program to its end and return what it printed."""
    with program(code, **environment) as process:
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
    assert process.returncode == 0, err
    return out.split()


# ---------------------------------------------------------------- processes

METHODS = multiprocessing.get_all_start_methods()


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_of_processes_trains_to_the_same_bits(method, two_threads):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        found = pool.map_async(small_run.train, [0, 1, 0, 1]).get(timeout=TIMEOUT)
    assert found[0] == found[2] == two_threads
    assert found[1] == found[3] == small_run.train(1)


@pytest.mark.parametrize("method", METHODS)
def test_an_executor_of_processes(method, two_threads):
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
        found = [executor.submit(small_run.train, seed) for seed in (0, 1)]
        assert found[0].result(TIMEOUT) == two_threads
        assert found[1].result(TIMEOUT) == small_run.train(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_is_not_slower(two_threads):
    """It works on one thread, and no idle one burns its time."""
    minigrad.set_num_threads(1)
    alone = min(small_run.train_timed()[1] for _ in range(3))
    minigrad.set_num_threads(2)
    small_run.train()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        child = min(pool.map_async(small_run.train_timed, [0]).get(TIMEOUT)[0][1] for _ in range(3))
    assert child < 2 * alone + 0.02


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_children_of_children(two_threads):
    def descend(depth):
        """Return the exit status of the deepest child, handed up."""
        pid = os.fork()
        if pid == 0:
            signal.alarm(TIMEOUT)
            good = small_run.train() == two_threads and (depth == 0 or descend(depth - 1) == 0)
            os._exit(0 if good else 1)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    assert descend(2) == 0
    assert small_run.train() == two_threads  # and the parent goes on


# ---------------------------------------------------------------- threads of Python


def test_two_threads_train_two_models(two_threads):
    expected = [small_run.train(seed, 20) for seed in (1, 2)]
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        found = [executor.submit(small_run.train, seed, 20) for seed in (1, 2, 1, 2)]
        assert [f.result(TIMEOUT) for f in found] == 2 * expected


def test_threads_infer_with_one_model(two_threads):
    net = small_run.network(3).eval()
    inputs = [small_run.data(seed)[0] for seed in range(4)]
    with minigrad.no_grad():
        expected = [net(x).numpy().tobytes() for x in inputs]

    def infer(i):
        with minigrad.no_grad():
            return all(net(inputs[i]).numpy().tobytes() == expected[i] for _ in range(20))

    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        assert all(executor.map(infer, range(4), timeout=TIMEOUT))


def test_a_thread_may_fork_while_others_train():
    """The child has only the thread that forked; locks that others held must not stop it."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    minigrad.set_num_threads(2)
    expected, stop = small_run.train(), threading.Event()

    def work():
        while not stop.is_set():
            small_run.train(1, 1)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                signal.alarm(TIMEOUT)
                os._exit(0 if small_run.train() == expected else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        stop.set()
        worker.join()


# ---------------------------------------------------------------- signals

INTERRUPTED = """
import sys, time, minigrad, small_run
minigrad.set_num_threads({threads})
expected = small_run.train()
a = minigrad.randn(700, 700)
net, (x, y) = small_run.network(0), small_run.data(0)
print("ready", flush=True)
try:
    while True:
        {work}
except KeyboardInterrupt:
    print("interrupted", flush=True)
assert minigrad.is_grad_enabled()
assert small_run.train() == expected
print("usable")
"""
WORK = {
    "matmul": "a = (a @ a).clamp(-1, 1)",
    "training": "net(x).sum().backward()",
    "no_grad": "\n        with minigrad.no_grad(): net(x)",
}


@pytest.mark.skipif(sys.platform == "win32", reason="signals are other there")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("work", WORK)
def test_ctrl_c_stops_a_loop_within_a_second(work, threads):
    with program(INTERRUPTED.format(threads=threads, work=WORK[work])) as process:
        try:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            time.sleep(0.2)
            sent = time.perf_counter()
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n", process.stderr.read()
            assert time.perf_counter() - sent < 1
            assert process.stdout.readline() == "usable\n", process.stderr.read()
            assert process.wait(TIMEOUT) == 0
        finally:
            process.kill()


# ---------------------------------------------------------------- other libraries

USES = {
    "numpy": "import numpy; numpy.random.rand(400, 400) @ numpy.random.rand(400, 400)",
    "scipy": "import scipy.linalg, numpy; scipy.linalg.svd(numpy.random.rand(120, 120))",
    "sklearn": (
        "import numpy; from sklearn.cluster import KMeans; "
        "KMeans(3, n_init=1).fit(numpy.random.rand(2000, 8))"
    ),
    "torch": (
        "import torch; w = torch.randn(300, 300, requires_grad=True); "
        "(torch.randn(300, 300) @ w).relu().sum().backward()"
    ),
    "jax": "import jax.numpy; (jax.numpy.ones((300, 300)) @ jax.numpy.ones((300, 300))).sum()",
}
OURS = "import minigrad, small_run; minigrad.set_num_threads(2); small_run.train()"
# (one thread's time: idle threads that look for work would count as time where cores are shared)
TIMED = """
print(small_run.train(steps=20))
minigrad.set_num_threads(1)
print(min(small_run.train_timed()[1] for _ in range(3)))
"""


@pytest.fixture(scope="module")
def seconds_alone():
    return float(output(OURS + TIMED)[1])


@pytest.mark.parametrize("minigrad_first", [True, False], ids=["minigrad first", "minigrad last"])
@pytest.mark.parametrize("library", USES)
def test_beside_another_library_nothing_breaks_or_crawls(library, minigrad_first, seconds_alone):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    both = [OURS, USES[library]] if minigrad_first else [USES[library], OURS]
    quietly = "import warnings; warnings.simplefilter('ignore')"
    found, seconds = output("\n".join([quietly, *both, *both, TIMED]))
    assert found == small_run.train(steps=20)
    assert float(seconds) < 2 * seconds_alone + 0.02
