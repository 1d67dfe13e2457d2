"""Hooks on tensors, retain_grad, and setting .grad."""

import threading

import numpy as np
import pytest

import minigrad
from minigrad import autograd


def leaf(*values):
    return minigrad.tensor(values, requires_grad=True)


def test_hooks_on_results_see_and_replace():
    x = leaf(1.0, 2.0)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(g.tolist()))
    (y * 3).sum().backward()
    assert seen == [[3, 3], [30, 30]]
    assert x.grad.tolist() == [60, 60]


@pytest.mark.parametrize("make", [leaf, lambda *values: leaf(*values) * 1])
def test_an_old_handle_leaves_newer_hooks_alone(make):
    x = make(1.0)
    old = x.register_hook(lambda g: g * 2)
    old.remove()
    seen = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    old.remove()
    x.sum().backward()
    assert seen == [[1]]


def test_hooks_on_leaves():
    x = leaf(1.0, 2.0)
    seen = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    handle = x.register_hook(lambda g: g * 2)
    ((x * 1).sum() + (x * 2).sum()).backward()
    assert seen == [[3, 3]], "once, with the whole gradient"
    assert x.grad.tolist() == [6, 6]
    handle.remove()
    handle.remove()
    x.sum().backward()
    assert x.grad.tolist() == [7, 7]
    (g,) = autograd.grad((x * 5).sum(), x)
    assert seen[-1] == [5, 5]
    assert g.tolist() == [5, 5]


def test_a_hook_may_remove_itself_and_add_others():
    x = leaf(1.0)
    calls = []

    def once(g):
        calls.append("once")
        handle.remove()
        x.register_hook(lambda g: calls.append("later"))

    handle = x.register_hook(once)
    x.sum().backward()
    x.sum().backward()
    assert calls == ["once", "later"]


def test_handles_as_context_managers():
    x = leaf(1.0)
    with x.register_hook(lambda g: g * 100):
        x.sum().backward()
    x.sum().backward()
    assert x.grad.tolist() == [101]


def test_hooks_are_checked():
    with pytest.raises(RuntimeError, match="doesn't require gradient"):
        minigrad.ones(1).register_hook(lambda g: g)
    for wrong, error in (
        (lambda g: g.double(), RuntimeError),
        (lambda g: g.reshape(2, 1), RuntimeError),
        (lambda g: g[:1], RuntimeError),
        (lambda g: 1.0, TypeError),
        (lambda g: "a", TypeError),
    ):
        x = leaf(1.0, 2.0)
        x.register_hook(wrong)
        with pytest.raises(error):
            x.sum().backward()
        assert x.grad is None
        y = leaf(1.0, 2.0)
        z = y.exp()
        z.register_hook(wrong)
        with pytest.raises(error):
            z.sum().backward()
        assert y.grad is None


def test_hooks_on_the_root_and_on_inputs_of_grad():
    x = leaf(2.0)
    y = x * x
    y.register_hook(lambda g: g * 10)
    assert autograd.grad(y, x, retain_graph=True)[0].item() == 40
    assert autograd.grad(y, y, retain_graph=True)[0].item() == 10
    z = x * 3
    z.register_hook(lambda g: g * 2)
    assert autograd.grad(z * 5, z)[0].item() == 10


def test_retain_grad():
    x = leaf(1.0, 2.0)
    y = x * 2
    z = y * y
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad and not z.retains_grad and not x.retains_grad
    z.sum().backward(retain_graph=True)
    assert y.grad.tolist() == [4, 8]
    z.sum().backward()
    assert y.grad.tolist() == [8, 16]
    x.retain_grad()
    with pytest.raises(RuntimeError, match="requires_grad=False"):
        minigrad.ones(1).retain_grad()


def test_retained_gradients_do_not_alias_others():
    x = leaf(1.0, 2.0)
    y = x + 1
    y.retain_grad()
    y.sum().backward()
    y.grad.mul_(10)
    assert x.grad.tolist() == [1, 1]


def test_retain_grad_comes_after_hooks():
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert y.grad.tolist() == [10]


def test_the_grad_of_a_result_is_none_and_says_so():
    y = leaf(1.0) * 2
    y.sum().backward()
    with pytest.warns(UserWarning, match="not a leaf"):
        assert y.grad is None


def test_setting_grad():
    x = leaf(1.0, 2.0)
    x.grad = minigrad.tensor([5.0, 6.0])
    x.sum().backward()
    assert x.grad.tolist() == [6, 7]
    for wrong, error in (
        (1.0, TypeError),
        (np.ones(2), TypeError),
        (minigrad.ones(3), RuntimeError),
        (minigrad.ones(2, dtype=minigrad.float64), RuntimeError),
    ):
        with pytest.raises(error):
            x.grad = wrong
    with pytest.raises(RuntimeError):
        x.grad = x
    del x.grad
    assert x.grad is None


KEEP = {
    "itself": lambda g: g,
    "detached": lambda g: g.detach(),
    "array": lambda g: g.numpy(),
    "view": lambda g: g.view(3),
}


@pytest.mark.parametrize("keep", KEEP)
def test_what_a_hook_keeps_is_not_added_to_later(keep):
    x = minigrad.ones(3, requires_grad=True)
    kept = []
    x.register_hook(lambda g: kept.append(KEEP[keep](g)))
    for _ in range(2):
        (x * 2).backward(minigrad.ones(3))
    assert x.grad.tolist() == [4, 4, 4]
    assert [list(k) for k in kept] == [[2, 2, 2]] * 2


def test_the_gradient_given_is_not_added_to_later():
    x = minigrad.ones(3, requires_grad=True)
    seed = minigrad.ones(3)
    for given in (seed, seed.detach(), seed[:]):
        x.view(3).backward(given)
    assert x.grad.tolist() == [3, 3, 3]
    assert seed.tolist() == [1, 1, 1]


def test_a_hook_may_walk_back_over_the_same_graph():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    a = x * x
    b = a * 3
    y = (b * a + a * b).sum()  # dy/dx = 24 x^3; a and b still wait when the hook of c runs
    inner = []

    def hook(grad):
        if not inner:
            inner.append(None)
            inner[0] = minigrad.autograd.grad(y, x, retain_graph=True)[0]

    b.register_hook(hook)
    y.backward(retain_graph=True)
    assert inner[0].tolist() == x.grad.tolist() == [24.0, 192.0]


def test_a_walk_that_fails_leaves_the_graph_usable():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    a = x * x
    b = a * 3
    y = (b * a + a * b).sum()
    failing = b.register_hook(lambda grad: 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            y.backward(retain_graph=True)
        assert x.grad is None
    failing.remove()
    y.backward()
    assert x.grad.tolist() == [24.0, 192.0]


def test_threads_may_walk_back_over_the_same_graph():
    x = minigrad.rand(100_000).add_(1).requires_grad_()
    a = x * x
    y = a.sum()
    for _ in range(5):
        y = y + (a * a).mean() + a.sqrt().mean()
    (expected,) = minigrad.autograd.grad(y, x, retain_graph=True)
    found = []

    def work():
        for _ in range(10):
            found.extend(minigrad.autograd.grad(y, x, retain_graph=True))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40 and all(minigrad.equal(grad, expected) for grad in found)
