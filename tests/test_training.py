"""Whole training steps: the same bits for every number of threads, the same losses as torch's,
and no memory more after many of them."""

import copy
import gc
import resource
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.nn import functional as F


def mlp(m, width=300):
    return m.nn.Sequential(
        m.nn.Linear(784, width),
        m.nn.BatchNorm1d(width),
        m.nn.ReLU(),
        m.nn.Linear(width, 10),
    )


def cnn(m):
    return m.nn.Sequential(
        m.nn.Conv2d(1, 16, 3, padding=1, bias=False),
        m.nn.BatchNorm2d(16),
        m.nn.ReLU(),
        m.nn.MaxPool2d(2),
        m.nn.Conv2d(16, 24, 3, stride=2),
        m.nn.BatchNorm2d(24),
        m.nn.SiLU(),
        m.nn.AvgPool2d(2),
        m.nn.Flatten(),
        m.nn.Dropout(0.1),
        m.nn.Linear(24 * 9, 10),
        m.nn.BatchNorm1d(10),
    )


MODELS = {"mlp": (mlp, (784,)), "cnn": (cnn, (1, 28, 28))}
OPTIMIZERS = {
    "SGD": lambda m, p: m.optim.SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=1e-4),
    "Adam": lambda m, p: m.optim.Adam(p, 1e-3, amsgrad=True),
    "AdamW": lambda m, p: m.optim.AdamW(p, 1e-3),
    "RMSprop": lambda m, p: m.optim.RMSprop(p, 1e-3, momentum=0.5, centered=True),
}


def batches(shape, n, size=64):
    rng = np.random.default_rng(3)
    for _ in range(n):
        x = rng.standard_normal((size, *shape)).astype(np.float32)
        yield x, rng.integers(0, 10, size)


def train(m, model, shape, optimizer, steps, size=64, clip=False):
    """Return the loss of each step."""
    losses = []
    for x, y in batches(shape, steps, size):
        optimizer.zero_grad()
        loss = m.nn.functional.cross_entropy(model(m.from_numpy(x)), m.from_numpy(y))
        loss.backward()
        if clip:
            m.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def bits(model, losses):
    arrays = [p.grad.numpy() for p in model.parameters()]
    arrays += [t.numpy() for t in model.state_dict().values()]
    return [np.float32(losses).tobytes(), *(a.tobytes() for a in arrays)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", MODELS)
def test_threads_change_no_bit_of_training(name, optimizer):
    build, shape = MODELS[name]
    start = build(minigrad)
    found = []
    for threads in (1, 2, 4):
        minigrad.set_num_threads(threads)
        minigrad.manual_seed(1)  # dropout
        model = copy.deepcopy(start)
        steps = OPTIMIZERS[optimizer](minigrad, model.parameters())
        # 96 rows: large enough for every kernel to share its work out
        found.append(bits(model, train(minigrad, model, shape, steps, 3, size=96, clip=True)))
    assert found[0] == found[1] == found[2]


def test_more_threads_than_cores():
    minigrad.set_num_threads(4)
    assert minigrad.get_num_threads() == 4
    x = minigrad.randn(400, 500)
    np.testing.assert_allclose((x @ x.t()).numpy(), x.numpy() @ x.numpy().T, atol=1e-3)
    assert minigrad.ones(1_000_000).sum().item() == 1_000_000


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", MODELS)
def test_losses_are_torchs(name, optimizer, torch):
    build, shape = MODELS[name]
    losses = []
    state = build(minigrad).state_dict()
    for m in (minigrad, torch):
        model = build(m)
        for layer in model:
            if isinstance(layer, m.nn.Dropout):
                layer.p = 0.0
        model.load_state_dict({k: m.from_numpy(v.numpy().copy()) for k, v in state.items()})
        steps = OPTIMIZERS[optimizer](m, model.parameters())
        losses.append(train(m, model, shape, steps, 5, clip=True))
    np.testing.assert_allclose(*losses, rtol=2e-4)


# ---------------------------------------------------------------- memory


@pytest.fixture
def no_collector():
    """Reference counting alone must do: the cycle collector is off.

    One thread: many small parallel regions are slow beside a busy neighbour.
    """
    minigrad.set_num_threads(1)
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def growth(step, warm=10, steps=60):
    """Return by how many bytes Python's and NumPy's memory grows with each call of ``step``.

    Python keeps freed tuples for reuse, up to 2000 of a length: some 300 bytes a call are nothing,
    where a tensor that is kept would be thousands.
    """
    for _ in range(warm):
        step()
    tracemalloc.start()
    try:
        for _ in range(warm):
            step()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(steps):
            step()
        return (tracemalloc.get_traced_memory()[0] - before) / steps
    finally:
        tracemalloc.stop()


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_steps_of_a_cnn_take_no_more_memory(optimizer):
    model = cnn(minigrad)
    steps = OPTIMIZERS[optimizer](minigrad, model.parameters())
    x, y = next(batches((1, 28, 28), 1, 8))
    x, y = minigrad.from_numpy(x), minigrad.from_numpy(y)

    def step():
        steps.zero_grad()
        F.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        steps.step()

    assert growth(step) < 100


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.usefixtures("no_collector")
def test_the_process_does_not_grow_either():
    """tracemalloc sees what Python allocates; this sees the kernels' own memory too."""
    model = cnn(minigrad)
    x, y = next(batches((1, 28, 28), 1, 64))
    x, y = minigrad.from_numpy(x), minigrad.from_numpy(y)
    for i in range(60):
        if i == 20:
            before = resident()
        model.zero_grad()
        F.cross_entropy(model(x), y).backward()
    assert resident() - before < 8 << 20


@pytest.mark.usefixtures("no_collector")
def test_double_backward_of_a_cnn_takes_no_more_memory():
    model = cnn(minigrad)
    x, y = next(batches((1, 28, 28), 1, 4))
    x, y = minigrad.from_numpy(x), minigrad.from_numpy(y)
    parameters = list(model.parameters())

    def step():
        model.zero_grad()
        loss = F.cross_entropy(model(x), y)
        grads = minigrad.autograd.grad(loss, parameters, create_graph=True)
        sum((g * g).sum() for g in grads).backward()

    assert growth(step, steps=30) < 200


class Failing(minigrad.autograd.Function):
    """Fails in the pass that it is told to."""

    @staticmethod
    def forward(ctx, x, where):
        ctx.where = where
        ctx.save_for_backward(x)
        if where == "forward":
            raise ArithmeticError("planted")
        return x * 2

    @staticmethod
    def backward(ctx, g):
        raise ArithmeticError("planted")


def fail(_):
    raise ArithmeticError("planted")


def with_hook(tensor):
    tensor.register_hook(fail)
    return tensor


def assert_fails(call):
    """As ``pytest.raises``, which makes a cycle of the exception and its frame."""
    try:
        call()
    except (ArithmeticError, RuntimeError) as error:
        assert "planted" in str(error) or "inplace" in str(error)
    else:
        pytest.fail("no exception")


FAILURES = {
    "forward of a Function": lambda x: Failing.apply(x, "forward"),
    "backward of a Function": lambda x: Failing.apply(x * 3, "backward").exp().sum(),
    "hook of a tensor": lambda x: (with_hook(x * 3).exp() * x).sum(),
    "a saved tensor overwritten": lambda x: overwritten(x).sum(),
}


def overwritten(x):
    y = x.exp()
    z = y * x
    y.add_(1)
    return z


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", FAILURES)
def test_failures_leave_no_memory_behind_and_the_tape_usable(name, create_graph):
    x = minigrad.ones(1000, requires_grad=True)

    def step():
        assert_fails(lambda: FAILURES[name](x).backward(create_graph=create_graph))

    assert growth(step, steps=40) < 1000
    x.grad = None
    (x * 2).sum().backward()
    assert x.grad[0].item() == 2


@pytest.mark.usefixtures("no_collector")
def test_module_hooks_that_fail_leave_no_memory_behind():
    model = mlp(minigrad, 20)
    x = minigrad.ones(4, 784)

    def broken(module, grad_input, grad_output):
        raise ArithmeticError("planted")

    model[1].register_full_backward_hook(broken)

    def step():
        assert_fails(lambda: model(x).sum().backward())

    assert growth(step, steps=40) < 1000
