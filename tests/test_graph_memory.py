"""Deep graphs neither overflow the stack nor leak; a graph dies with its last tensor."""

import gc
import resource
import sys
import threading
import tracemalloc
import weakref

import pytest

import minigrad
from minigrad import autograd

DEPTH = 100_000


@pytest.fixture(autouse=True)
def _no_collector():
    """Reference counting alone must do: the cycle collector is off."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(x, depth=DEPTH):
    for _ in range(depth):
        x = x + 1.0
    return x


def test_a_long_chain_forward_backward_and_dropped():
    x = minigrad.zeros(1, requires_grad=True)
    y = chain(x)
    assert y.item() == DEPTH
    y.backward()
    assert x.grad.item() == 1
    del y
    z = chain(x)  # dropped without a backward
    del z


def test_a_long_chain_of_ops_that_save():
    x = minigrad.ones(1, requires_grad=True)
    y = x
    for _ in range(DEPTH // 2):
        y = (y * 1.0000001).tanh() + y * 0
    y.backward()
    assert x.grad.item() > 0
    del y


@pytest.mark.parametrize("dropped", [False, True])
def test_a_long_chain_with_create_graph(dropped):
    x = minigrad.ones(1, requires_grad=True)
    y = x
    for _ in range(DEPTH):
        y = y * 1.00001
    (g,) = autograd.grad(y * y, x, create_graph=True)
    if not dropped:
        g.backward()
        assert x.grad.item() == pytest.approx(2 * 1.00001 ** (2 * DEPTH), rel=1e-2)
    del g, y


def chain_of_views(x):
    y = x * 1
    for _ in range(DEPTH):
        y = y.view(2)
    return y


def chain_of_writes(x):
    y = x * 1
    for _ in range(DEPTH):
        y.add_(1)
    return y


def chain_of_writes_through_views(x):
    y = x * 1
    for _ in range(DEPTH // 10):
        y[0].mul_(1)
    return y


def chain_of_assignments(x):
    y = x * 1
    for i in range(DEPTH):
        y[1] = float(i)
    return y


def chain_of_functions(x):
    class Plus(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x + 1

        @staticmethod
        def backward(ctx, g):
            return g

    for _ in range(DEPTH // 2):
        x = Plus.apply(x)
    return x


CHAINS = {
    chain_of_views: [1, 1],
    chain_of_writes: [1, 1],
    chain_of_writes_through_views: [1, 1],
    chain_of_assignments: [1, 0],
    chain_of_functions: [1, 1],
}


@pytest.mark.parametrize("build", CHAINS, ids=lambda f: f.__name__)
def test_a_long_chain_of(build):
    x = minigrad.ones(2, requires_grad=True)
    y = build(x)
    dead = weakref.ref(y.grad_fn)
    del y  # without a backward
    assert dead() is None
    build(x).sum().backward()
    assert x.grad.tolist() == CHAINS[build]


def test_a_long_chain_in_a_thread_with_a_small_stack():
    found = []

    def work():
        x = minigrad.zeros(1, requires_grad=True)
        y = chain(x, 50_000)
        y.backward()
        found.append(x.grad.item())
        y = chain(x, 50_000)
        del y

    # (Python 3.13 needs more to drop as many of its own nested tuples: it recurses 10,000 deep)
    small = 256 if sys.version_info[:2] != (3, 13) else 1024
    previous = threading.stack_size(small * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(previous)
    assert found == [1]


def test_a_wide_graph():
    x = minigrad.ones(1, dtype=minigrad.float64, requires_grad=True)
    parts = [x * float(i) for i in range(20_000)]
    total = minigrad.cat(parts).sum()
    total.backward()
    assert x.grad.item() == sum(range(20_000))


# ---------------------------------------------------------------- what dies when

BUILDERS = {
    "product": lambda x: (x * x).sum(),
    "saved output": lambda x: x.exp().sum(),
    "saved output twice": lambda x: (x.sigmoid().tanh().relu().sqrt()).sum(),
    "power": lambda x: (x**3 + 2**x + x**x).sum(),
    "reductions": lambda x: x.std() + x.amax() + x.logsumexp(0) + x.norm() + x.prod() + x.var(),
    "views": lambda x: (x.view(2, 2).t()[0] * x[1:3]).sum(),
    "indexing": lambda x: (x[[0, 1]] * x[x > 0][:2]).sum(),
    "joins": lambda x: minigrad.cat([x, x * 2]).split(2)[1].sum(),
    "matmul": lambda x: (x.view(2, 2) @ x.view(2, 2)).sum(),
    "softmax": lambda x: x.softmax(0).log().sum() + x.log_softmax(0)[0],
    "clamp": lambda x: x.clamp(0.5, 2.0).sum() + minigrad.maximum(x, x * 2).sum(),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_a_graph_dies_with_its_last_tensor(name):
    x = minigrad.tensor([1.0, 2.0, 3.0, 0.5], requires_grad=True)
    y = x * 1
    dead = weakref.ref(y), weakref.ref(y.grad_fn)
    out = BUILDERS[name](y)
    dead += weakref.ref(out), weakref.ref(out.grad_fn)
    del y
    out.backward()
    del out
    assert [r() for r in dead] == [None] * 4
    y = x * 1
    dead = weakref.ref(y), weakref.ref(y.grad_fn)
    out = BUILDERS[name](y)
    del y, out
    assert [r() for r in dead] == [None] * 2, "dropped without a backward"


@pytest.mark.parametrize("name", BUILDERS)
def test_a_graph_of_a_graph_dies_too(name):
    x = minigrad.tensor([1.0, 2.0, 3.0, 0.5], requires_grad=True)
    y = x * 1
    dead = [weakref.ref(y), weakref.ref(y.grad_fn)]
    out = BUILDERS[name](y)
    (g,) = autograd.grad(out, y, create_graph=True)
    dead += [weakref.ref(g), weakref.ref(out)]
    del y, out, g
    assert [r() for r in dead] == [None] * 4


def test_what_was_saved_is_freed_by_backward():
    x = minigrad.ones(1000, requires_grad=True)
    y = x * 1
    z = y * y
    out = z.sum()
    dead = weakref.ref(y)
    del y
    assert dead() is not None
    out.backward()
    assert dead() is None, "saved tensors go while the graph itself still stands"
    assert z.grad_fn is not None


def test_views_and_writes_make_no_cycles():
    x = minigrad.ones(4, requires_grad=True)
    y = x * 1
    view, other = y[:2], y[1:]
    view.mul_(2)
    other.exp_()
    y[0] = 5.0
    out = (other * view.sum()).sum() + y.sum()
    dead = [weakref.ref(t) for t in (y, view, other, out)]
    dead += [weakref.ref(t.grad_fn) for t in (y, view, other, out)]
    out.backward()
    del y, view, other, out
    assert [r() for r in dead] == [None] * 8


def test_hooks_and_retained_gradients_make_no_cycles():
    x = minigrad.ones(4, requires_grad=True)
    y = x * 1
    y.retain_grad()
    handle = y.register_hook(lambda g: g * 2)
    out = (y * y).sum()
    dead = [weakref.ref(y), weakref.ref(out), weakref.ref(y.grad_fn)]
    out.backward()
    del y, out
    assert [r() for r in dead][:2] == [None] * 2
    handle.remove()
    assert [r() for r in dead] == [None] * 3


def test_gradients_with_create_graph_form_a_cycle_only_through_grad():
    x = minigrad.ones(2, requires_grad=True)
    (x * x).sum().backward(create_graph=True)
    dead = weakref.ref(x.grad)
    x.grad = None
    assert dead() is None


def test_many_steps_take_no_more_memory():
    w = minigrad.full((16, 16), 0.1, requires_grad=True)
    b = minigrad.zeros(16, requires_grad=True)

    def step():
        x = minigrad.ones(8, 16)
        h = (x @ w + b).relu() * 1
        h[0].mul_(2)
        loss = (h.view(4, -1)[[0, 1, 1]].softmax(1) ** 2).sum()
        w.grad = b.grad = None
        loss.backward()
        with minigrad.no_grad():
            w.sub_(w.grad * 0.01)
            b.sub_(b.grad * 0.01)

    for _ in range(50):
        step()
    tracemalloc.start()
    try:
        for _ in range(20):
            step()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(300):
            step()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 20_000, f"{after - before} bytes more after 300 steps"


@pytest.mark.skipif(sys.platform == "win32", reason="resource is POSIX")
def test_a_large_graph_leaves_no_memory_behind():
    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    minigrad.set_num_threads(1)  # a busy neighbour would make 360 parallel regions slow

    def run():
        x = minigrad.ones(250_000, requires_grad=True)
        y = x
        for _ in range(20):
            y = (y * 1.01).tanh()
        y.sum().backward()

    run()
    first = peak()
    for _ in range(8):
        run()
    grown = (peak() - first) / 1024
    assert grown < 40, f"the peak grew by {grown:.0f} MB over runs of 40 MB each"


def test_references_to_arguments_are_not_leaked():
    x = minigrad.ones(3, requires_grad=True)
    marker = object()
    for call in (
        lambda: x.reshape(marker),
        lambda: x + marker,
        lambda: x.sum(marker),
        lambda: x[marker],
        lambda: minigrad.tensor(marker),
        lambda: x.to(marker),
        lambda: minigrad.cat([marker]),
    ):
        before = sys.getrefcount(marker), sys.getrefcount(x)
        for _ in range(50):
            with pytest.raises((TypeError, RuntimeError, IndexError)):
                call()
        assert sys.getrefcount(marker) - before[0] < 10
        assert sys.getrefcount(x) - before[1] < 10
