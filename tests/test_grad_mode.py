"""detach, data, and switching the tape off and on: nesting, decorators, threads."""

import itertools
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import minigrad
from minigrad import autograd


def leaf(*values):
    return minigrad.tensor(values, requires_grad=True)


def test_detach():
    x = leaf(1.0, 2.0)
    d = x.detach()
    assert not d.requires_grad and d.is_leaf
    assert np.shares_memory(d.numpy(), x.detach().numpy())
    (x * d).sum().backward()
    assert x.grad.tolist() == [1, 2]
    y = x * 2
    assert y.detach_() is y
    assert y.is_leaf and not y.requires_grad
    with pytest.raises(RuntimeError, match="view"):
        (x * 2)[0].detach_()


def test_data():
    x = leaf(1.0, 2.0)
    y = x * x
    x.data.mul_(10)  # not tracked: y's graph does not notice
    assert x.tolist() == [10, 20] and x._version == 0
    y.sum().backward()
    assert x.grad.tolist() == [20, 40]
    x.data = minigrad.tensor([7.0, 8.0, 9.0])
    assert x.tolist() == [7, 8, 9] and x.requires_grad
    with pytest.raises((TypeError, RuntimeError)):
        x.data = None
    with pytest.raises((TypeError, RuntimeError)):
        x.data = minigrad.ones(2, dtype=minigrad.int64)


def test_modes_nest_and_restore():
    x = leaf(1.0)
    assert (x * 2).requires_grad
    with minigrad.no_grad():
        assert not minigrad.is_grad_enabled()
        assert not (x * 2).requires_grad
        with minigrad.enable_grad():
            assert (x * 2).requires_grad
            with minigrad.set_grad_enabled(False):
                assert not (x * 2).requires_grad
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
        assert minigrad.ones(1, requires_grad=True).requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(KeyError), minigrad.no_grad():
        raise KeyError
    assert minigrad.is_grad_enabled()


def test_one_mode_object_entered_twice():
    mode = minigrad.no_grad()
    with mode:
        with mode:
            assert not minigrad.is_grad_enabled()
        assert not minigrad.is_grad_enabled()
    assert minigrad.is_grad_enabled()
    with mode:
        assert not minigrad.is_grad_enabled()


def test_modes_as_decorators():
    x = leaf(1.0)

    @minigrad.no_grad()
    def silent(depth):
        """Doc."""
        return silent(depth - 1) if depth else (x * 2).requires_grad

    @minigrad.no_grad
    def bare():
        return (x * 2).requires_grad

    @minigrad.set_grad_enabled(False)
    def switched():
        return (x * 2).requires_grad

    assert minigrad.is_grad_enabled(), "a decorator does not act at once"
    assert silent(2) is False and bare() is False and switched() is False
    assert silent.__name__ == "silent" and silent.__doc__ == "Doc."
    assert minigrad.is_grad_enabled()


def test_decorated_generators_run_in_their_mode():
    x = leaf(1.0)

    @minigrad.no_grad()
    def parts():
        yield (x * 2).requires_grad
        yield (x * 3).requires_grad

    found = []
    for part in parts():
        found.append(part)
        assert minigrad.is_grad_enabled()
    assert found == [False, False]


def test_set_grad_enabled_as_a_function():
    minigrad.set_grad_enabled(False)
    try:
        assert not minigrad.is_grad_enabled()
        assert not (leaf(1.0) * 2).requires_grad
    finally:
        minigrad.set_grad_enabled(True)
    assert minigrad.is_grad_enabled()
    off = minigrad.set_grad_enabled(False)
    for _ in range(2):
        with off, off:
            assert not minigrad.is_grad_enabled()
        assert minigrad.is_grad_enabled()
    for wrong in (1, None, "no", minigrad.tensor(True)):
        with pytest.raises(TypeError, match="must be bool, not " + type(wrong).__name__):
            minigrad.set_grad_enabled(wrong)
    assert minigrad.is_grad_enabled()
    with minigrad.inference_mode():
        assert not minigrad.is_grad_enabled()
    with minigrad.inference_mode(False):
        assert minigrad.is_grad_enabled()


def test_each_thread_has_a_mode_of_its_own():
    found = {}

    def work():
        found["at start"] = minigrad.is_grad_enabled()
        with minigrad.no_grad():
            found["inside"] = minigrad.is_grad_enabled()
            ready.set()
            go.wait(10)

    ready, go = threading.Event(), threading.Event()
    with minigrad.no_grad():
        thread = threading.Thread(target=work)
        thread.start()
        ready.wait(10)
    found["here"] = minigrad.is_grad_enabled()
    go.set()
    thread.join()
    assert found == {"at start": True, "inside": False, "here": True}


def test_threads_build_and_walk_graphs_of_their_own():
    shared = leaf(*[float(i) for i in range(1, 9)])
    found = []

    def work(factor):
        for _ in range(30):
            (g,) = autograd.grad((shared * shared * factor).sum(), shared)
            found.append((g / factor).tolist() == [2.0 * i for i in range(1, 9)])

    threads = [threading.Thread(target=work, args=(2.0**k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 120


def test_a_decorated_generator_takes_values_and_exceptions():
    @minigrad.no_grad()
    def numbers():
        got = yield 1
        try:
            yield got
        except ValueError as error:
            yield str(error), minigrad.is_grad_enabled()
        return 5

    steps = numbers()
    assert next(steps) == 1
    assert steps.send(7) == 7
    assert steps.throw(ValueError("thrown")) == ("thrown", False)
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == 5
    steps = numbers()
    next(steps)
    steps.close()
    assert minigrad.is_grad_enabled()


@pytest.mark.parametrize("mode", [minigrad.no_grad, minigrad.inference_mode])
def test_a_decorated_function_that_fails_restores_the_mode(mode):
    @mode()
    def fails():
        assert not minigrad.is_grad_enabled()
        raise ArithmeticError("planted")

    with pytest.raises(ArithmeticError):
        fails()
    assert minigrad.is_grad_enabled()
    with pytest.raises(ArithmeticError), mode():
        raise ArithmeticError("planted")
    assert minigrad.is_grad_enabled()


def test_inference_mode_says_whether_it_is_on():
    enabled = minigrad.is_inference_mode_enabled

    @minigrad.inference_mode()
    def inside():
        return enabled(), minigrad.is_grad_enabled()

    @minigrad.inference_mode()
    def generator():
        yield enabled()

    assert inside() == (True, False) and next(generator())
    with minigrad.inference_mode():
        with minigrad.no_grad():
            assert enabled()
        with minigrad.inference_mode(False):
            assert not enabled() and minigrad.is_grad_enabled()
        assert enabled() and not minigrad.is_grad_enabled()
    assert not enabled()
    with minigrad.no_grad():
        assert not enabled()


INTERRUPTED = """
import random, signal, minigrad

class Interrupted(BaseException):
    pass

def interrupt(number, frame):
    raise Interrupted

class Same(minigrad.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, grad):
        return grad

@{mode}
def decorated():
    pass

@{mode}
def generated():
    yield 1
    yield 2

def entered():
    with {mode}:
        pass

x = minigrad.ones(1, requires_grad=True)
work = {{
    "entered": entered,
    "decorated": decorated,
    "generated": lambda: list(generated()),
    "function": lambda: Same.apply(x),
}}[{work!r}]
signal.signal(signal.SIGALRM, interrupt)
random.seed(0)
for trial in range(1000):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 3e-5))
        while True:
            work()
    except Interrupted:
        pass
    assert minigrad.is_grad_enabled(), f"no longer after interrupt {{trial}}"
    assert not minigrad.is_inference_mode_enabled(), f"still after interrupt {{trial}}"
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no such timer there")
@pytest.mark.parametrize(
    ("mode", "work"),
    [
        *itertools.product(
            ("minigrad.no_grad()", "minigrad.inference_mode()"),
            ("entered", "decorated", "generated"),
        ),
        ("minigrad.no_grad()", "function"),
    ],
)
def test_an_interrupt_leaves_the_mode_as_it_was(mode, work):
    """Wherever it comes: a signal's handler may run between any two instructions of Python."""
    program = INTERRUPTED.format(mode=mode, work=work)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
