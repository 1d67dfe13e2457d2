"""Long runs stay flat, and an exception in the middle of anything leaves nothing half done.

The long form (MINIGRAD_LONG=1) takes 200,000 training steps and a graph of a million nodes.
"""

import gc
import os
import resource
import statistics
import sys
import time
import weakref
from pathlib import Path

import pytest
import small_run

import minigrad
from minigrad import nn
from minigrad.autograd import Function
from minigrad.nn import functional as F

LONG = os.environ.get("MINIGRAD_LONG") == "1"
STEPS = 200_000 if LONG else 4_000
NODES = 1_000_000 if LONG else 50_000


def resident():
    """Bytes of memory that the process has now (Linux), or had at most."""
    if Path("/proc/self/statm").exists():
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_many_steps_are_flat_in_memory_and_time(optimizer):
    net = nn.Sequential(
        nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 2)
    )
    steps = getattr(minigrad.optim, optimizer)(net.parameters(), lr=1e-3)
    x, y = minigrad.randn(64, 2), minigrad.arange(64) % 2
    tenths, memory = [], []
    for _ in range(10):
        batch = []
        for _ in range(STEPS // 10):
            start = time.thread_time()
            steps.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            steps.step()
            batch.append(time.thread_time() - start)
        gc.collect()
        tenths.append(statistics.median(batch))
        memory.append(resident())
    assert loss.isfinite()
    assert memory[-1] - memory[1] < 2 << 20, memory
    # (the machine has slow phases, which come and go)
    assert min(tenths[5:]) < 1.5 * max(tenths[:5]), tenths


def test_a_long_graph_is_built_walked_and_dropped():
    x = minigrad.ones(1, requires_grad=True)
    before = resident()
    for _ in range(3):
        y = x
        for _ in range(NODES // 2):
            y = (y * 1.0).neg()
        x.grad = None
        y.backward()
        assert x.grad.item() == 1.0 - 2.0 * (NODES // 2 % 2)
        del y
    assert resident() - before < NODES * 600  # bytes a node; kept by the allocator, not leaked


# ---------------------------------------------------------------- exceptions


class Fault(Exception):
    """What the tests raise in the middle of things."""


class Bad(Function):
    """The identity, whose backward raises."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        raise Fault


def fail(*_):
    raise Fault


def in_forward(net, x):
    handle = net[3].register_forward_pre_hook(fail)
    try:
        net(x)
    finally:
        handle.remove()


def in_a_forward_hook(net, x):
    handle = net[1].register_forward_hook(fail)
    try:
        net(x)
    finally:
        handle.remove()


def in_backward(net, x):
    net(Bad.apply(x.clone().requires_grad_())).sum().backward()


def in_a_tensor_hook(net, x):
    hidden = net[0](x)
    hidden.register_hook(fail)
    net[1:](hidden).sum().backward()


def in_a_node_hook(net, x):
    hidden = net[0](x)
    hidden.grad_fn.register_hook(fail)
    net[1:](hidden).sum().backward()


def in_a_module_hook(net, x):
    handle = net[3].register_full_backward_hook(fail)
    try:
        net(x).sum().backward()
    finally:
        handle.remove()


def in_a_leafs_hook(net, x):
    handle = net[0].weight.register_hook(fail)
    try:
        net(x).sum().backward()
    finally:
        handle.remove()


def after_a_leafs_gradient(net, x):
    handle = net[0].weight.register_post_accumulate_grad_hook(fail)
    try:
        net(x).sum().backward()
    finally:
        handle.remove()


def in_no_grad(net, x):
    with minigrad.no_grad():
        net(x)
        fail()


def in_inference_mode(net, x):
    with minigrad.inference_mode():
        in_forward(net, x)


def in_create_graph(net, x):
    loss = net(Bad.apply(x.clone().requires_grad_())).sum()
    minigrad.autograd.grad(loss, net.parameters(), create_graph=True)
    loss.backward()


def in_saved_tensors_hooks(net, x):
    with minigrad.autograd.graph.saved_tensors_hooks(fail, fail):
        net(x)


def in_an_optimizer_hook(net, x):
    optimizer = minigrad.optim.SGD(net.parameters(), lr=0.1)
    optimizer.register_step_pre_hook(fail)
    net(x).sum().backward()
    optimizer.step()


PLACES = [
    in_forward, in_a_forward_hook, in_backward, in_a_tensor_hook, in_a_node_hook, in_a_module_hook,
    in_a_leafs_hook, after_a_leafs_gradient, in_no_grad, in_inference_mode, in_create_graph,
    in_saved_tensors_hooks, in_an_optimizer_hook,
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_an_exception_leaves_nothing_half_done(place):
    """Grad mode is what it was, no graph stays, and training gives the bits that it would have."""
    net, (x, _) = small_run.network(0), small_run.data(0)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(Fault):
        place(net, x)
    assert minigrad.is_grad_enabled() and not minigrad.is_inference_mode_enabled()
    for parameter in net.parameters():  # a walk that stopped leaves the gradients it had got to
        parameter.grad = None
    net.load_state_dict(before)  # the running statistics of the forward that was done
    assert small_run.train(0, net=net) == small_run.train(0)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_an_exception_keeps_no_graph_alive(place):
    net, (x, _) = small_run.network(0), small_run.data(0)
    held = weakref.ref(net[0].weight)
    try:
        place(net, x)
    except Fault as error:
        error.__traceback__ = None  # which holds the frames, and they the tensors
    del net, x
    gc.collect()
    assert held() is None
