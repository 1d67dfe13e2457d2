"""Hooks around a module's forward and backward."""

import copy
import gc
import pickle
import weakref

import pytest

import minigrad
from minigrad import nn


class Twice(nn.Module):
    def forward(self, x, times=2):
        return x * times


class Pair(nn.Module):
    def forward(self, a, b, label=None):
        return a * b, a + b


class Broken(nn.Module):
    def forward(self, x):
        raise ValueError("broken")


def leaf(*values):
    return minigrad.tensor(values, requires_grad=True)


# ---------------------------------------------------------------- forward


def test_pre_hook_sees_and_replaces_the_arguments():
    seen = []
    m = Twice()
    handle = m.register_forward_pre_hook(lambda module, args: seen.append((module, args)))
    assert m(5) == 10
    assert seen == [(m, (5,))]
    handle.remove()
    m.register_forward_pre_hook(lambda module, args: args[0] + 1)  # one value stands for a tuple
    assert m(5) == 12
    m.register_forward_pre_hook(lambda module, args: (args[0], 10))
    assert m(5) == 60
    assert len(seen) == 1


def test_pre_hook_with_kwargs():
    m = Twice()
    m.register_forward_pre_hook(
        lambda module, args, kwargs: (args, {"times": kwargs["times"] + 1}), with_kwargs=True
    )
    m.register_forward_pre_hook(lambda module, args, kwargs: None, with_kwargs=True)
    assert m(5, times=2) == 15
    m.register_forward_pre_hook(lambda module, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        m(5, times=2)


def test_forward_hook_sees_and_replaces_the_output():
    m = Twice()
    seen = []
    m.register_forward_hook(lambda module, args, output: seen.append((module, args, output)))
    m.register_forward_hook(lambda module, args, output: output + 1)
    m.register_forward_hook(
        lambda module, args, kwargs, output: output + kwargs["times"], with_kwargs=True
    )
    assert m(5, times=3) == 19
    assert seen == [(m, (5,), 15)]


def test_order_and_prepend():
    order = []
    m = Twice()
    for register in (m.register_forward_pre_hook, m.register_forward_hook):
        register(lambda *args: order.append("first"))
        register(lambda *args: order.append("second"))
        register(lambda *args: order.append("front"), prepend=True)
    m(1)
    assert order == ["front", "first", "second"] * 2


def test_always_call():
    seen = []
    m = Broken()
    m.register_forward_hook(lambda module, args, output: seen.append(output))
    m.register_forward_hook(
        lambda module, args, output: seen.append(("always", output)), always_call=True
    )
    m.register_forward_hook(
        lambda module, args, kwargs, output: seen.append(("with kwargs", kwargs)),
        always_call=True,
        with_kwargs=True,
    )
    with pytest.raises(ValueError, match="broken"):
        m(1)
    assert seen == [("always", None), ("with kwargs", {})]


def test_always_call_runs_once():
    seen = []
    m = Twice()
    m.register_forward_hook(lambda *args: seen.append(1), always_call=True)

    def fail(*args):
        raise ValueError("hook")

    m.register_forward_hook(fail)
    with pytest.raises(ValueError, match="hook"):
        m(1)
    assert seen == [1]


def test_always_call_that_fails_itself():
    m = Broken()

    def fail(*args):
        raise KeyError("second")

    m.register_forward_hook(fail, always_call=True)
    with pytest.warns(UserWarning, match="silenced"), pytest.raises(ValueError, match="broken"):
        m(1)


def test_handles():
    m = Twice()
    seen = []
    with m.register_forward_hook(lambda *args: seen.append(1)):
        m(1)
    m(1)
    assert seen == [1]
    first = m.register_forward_hook(lambda *args: seen.append(2))
    first.remove()
    second = m.register_forward_hook(lambda *args: seen.append(3))
    first.remove()  # a second time: nothing, and above all not the second hook
    m(1)
    assert seen == [1, 3]
    second.remove()
    assert not m._forward_hooks


def test_a_hook_may_remove_itself():
    m = Twice()
    handles = []
    handles.append(m.register_forward_hook(lambda *args: handles[0].remove()))
    handles.append(m.register_forward_pre_hook(lambda *args: handles[1].remove()))
    assert m(1) == 2
    assert not m._forward_hooks
    assert not m._forward_pre_hooks


def add_one(module, args, output):
    return output + 1


def test_copies_have_hooks_of_their_own():
    m = Twice()
    m.handle = m.register_forward_hook(add_one)
    for other in (copy.deepcopy(m), pickle.loads(pickle.dumps(m))):
        assert other(1) == 3
        other.register_forward_hook(add_one)
        assert other(1) == 4
        other.handle.remove()
        assert other(1) == 3
        assert m(1) == 3


# ---------------------------------------------------------------- backward


def test_backward_hook_sees_the_gradients():
    seen = []
    m = Twice()
    m.register_full_backward_hook(lambda *args: seen.append(args))
    x = leaf(1.0, 2.0)
    m(x, 3).sum().backward()
    ((module, grad_input, grad_output),) = seen
    assert module is m
    assert len(grad_input) == 2
    assert grad_input[0].tolist() == [3, 3]
    assert grad_input[1] is None
    assert grad_output[0].tolist() == [1, 1]
    assert x.grad.tolist() == [3, 3]


def test_backward_hook_replaces_the_gradient():
    m = Twice()
    m.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] * 10,))
    m.register_full_backward_hook(lambda module, grad_input, grad_output: grad_input[0] + 1)
    x = leaf(1.0)
    m(x).sum().backward()
    assert x.grad.tolist() == [21]


def test_backward_hook_of_several_inputs_and_outputs():
    seen = []
    m = Pair()
    m.register_full_backward_hook(lambda module, gi, go: seen.append((gi, go)))
    a, b = leaf(2.0), leaf(3.0)
    product, total = m(a, b, label="x")
    (product * 5 + total * 7).backward()
    ((grad_input, grad_output),) = seen
    assert [g.tolist() for g in grad_input] == [[22], [17]]
    assert [g.tolist() for g in grad_output] == [[5], [7]]


def test_an_output_that_is_not_used():
    seen = []
    m = Pair()
    m.register_full_backward_hook(lambda module, gi, go: seen.append(go))
    m(leaf(2.0), leaf(3.0))[1].backward()
    assert seen[0][0] is None
    assert seen[0][1].tolist() == [1]


def test_backward_pre_hook():
    seen = []
    m = Twice()
    m.register_full_backward_pre_hook(lambda module, grad_output: (grad_output[0] * 4,))
    m.register_full_backward_pre_hook(
        lambda module, grad_output: seen.append(grad_output), prepend=True
    )
    m.register_full_backward_hook(lambda module, gi, go: seen.append(go))
    x = leaf(1.0)
    m(x).sum().backward()
    assert [s[0].tolist() for s in seen] == [[1], [4]]
    assert x.grad.tolist() == [8]


def test_no_input_wants_a_gradient():
    seen = []
    layer = nn.Module()
    layer.weight = nn.Parameter(minigrad.ones(2))
    layer.forward = lambda x: x * layer.weight
    layer.register_full_backward_hook(lambda module, gi, go: seen.append((gi, go)))
    loss = layer(minigrad.ones(2)).sum()
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        loss.backward()
    assert seen[0][0] == (None,)
    assert layer.weight.grad.tolist() == [1, 1]


def test_an_input_that_wants_no_gradient():
    seen = []
    m = Pair()
    m.register_full_backward_hook(lambda module, gi, go: seen.append(gi))
    b = minigrad.tensor([3.0])
    m(leaf(2.0), b)[0].backward()
    assert seen[0][0].tolist() == [3]
    assert seen[0][1] is None


def test_nothing_wants_a_gradient():
    m = Twice()
    m.register_full_backward_hook(lambda *args: pytest.fail("called"))
    assert not m(minigrad.ones(2)).requires_grad
    with minigrad.no_grad():
        assert not m(leaf(1.0)).requires_grad


def test_wrong_number_of_gradients():
    m = Twice()
    m.register_full_backward_hook(lambda module, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        m(leaf(1.0)).sum().backward()
    m = Twice()
    m.register_full_backward_pre_hook(lambda module, go: ())
    with pytest.raises(RuntimeError, match="invalid number of grad_output, got 0, but expected 1"):
        m(leaf(1.0)).sum().backward()


def test_an_output_that_is_no_tensor():
    class Named(nn.Module):
        def forward(self, x):
            return {"x": x}

    m = Named()
    m.register_full_backward_hook(lambda *args: None)
    with pytest.warns(UserWarning, match="module output should be a Tensor or a tuple"):
        m(leaf(1.0))


def test_backward_twice_calls_twice():
    seen = []
    m = Twice()
    m.register_full_backward_hook(lambda module, gi, go: seen.append(go[0].tolist()))
    y = m(leaf(1.0)).sum()
    y.backward(retain_graph=True)
    (y * 3).backward()
    assert seen == [[1], [3]]


def test_double_backward_through_hooks():
    m = nn.Module()
    m.forward = lambda x: x**3
    m.register_full_backward_hook(lambda module, gi, go: (gi[0] * 2,))
    x = leaf(2.0)
    (g,) = minigrad.autograd.grad(m(x).sum(), x, create_graph=True)
    assert g.tolist() == [24]
    (gg,) = minigrad.autograd.grad(g.sum(), x)
    # The hooks saw the first walk only, but their doubling is part of what is differentiated.
    assert gg.tolist() == [24]


def test_a_graph_with_hooks_leaves_nothing_behind():
    m = Twice()
    m.register_full_backward_hook(lambda *args: None)
    x = leaf(1.0)
    y = m(x)
    y.sum().backward()
    gone = weakref.ref(y)
    gc.disable()
    try:
        del y
        assert gone() is None
    finally:
        gc.enable()


def test_hooks_of_nested_modules():
    order = []
    net = nn.Sequential(Twice(), Twice())
    for name, module in [("net", net), ("0", net[0]), ("1", net[1])]:
        module.register_full_backward_hook(lambda *args, name=name: order.append(name))
    net(leaf(1.0)).sum().backward()
    assert order == ["1", "0", "net"]


# ---------------------------------------------------------------- torch does the same


def test_conduct_is_torchs(torch):
    def run(lib):
        log = []

        def note(label):
            def hook(module, *tensors):
                shown = [
                    None if t is None else t.tolist() if hasattr(t, "tolist") else t
                    for group in tensors
                    for t in (group if isinstance(group, tuple) else (group,))
                ]
                log.append((label, shown))

            return hook

        class Mixed(lib.nn.Module):
            def forward(self, a, flag, b):
                return a * b, (a - b) * flag

        m = Mixed()
        m.register_forward_pre_hook(note("pre"))
        m.register_forward_hook(note("forward"))
        m.register_full_backward_pre_hook(note("backward pre"))
        m.register_full_backward_hook(note("backward"))
        a = lib.tensor([2.0], requires_grad=True)
        b = lib.tensor([3.0], requires_grad=True)
        for pick in (0, 1):
            m(a, 5, b)[pick].sum().backward()
        m(a.detach(), 5, b.detach())
        return log, a.grad.tolist()

    assert run(minigrad) == run(torch)


class Apart(nn.Module):
    def forward(self, a, b):
        return a * 2, b * 3


@pytest.mark.parametrize("used", [0, 1])
def test_an_output_that_is_not_used_has_no_gradient_and_its_input_zeros(used):
    layer, seen = Apart(), []
    layer.register_full_backward_pre_hook(lambda module, grads: seen.append(grads))
    layer.register_full_backward_hook(
        lambda module, grad_in, grad_out: seen.extend((grad_in, grad_out))
    )
    inputs = leaf(1.0), leaf(1.0)
    layer(*inputs)[used].sum().backward()
    before, grad_input, grad_output = [
        [None if g is None else g.tolist() for g in grads] for grads in seen
    ]
    factor = [2.0, 3.0][used]
    assert before == grad_output == ([[1.0], None] if used == 0 else [None, [1.0]])
    assert grad_input == ([[factor], [0.0]] if used == 0 else [[0.0], [factor]])
    assert [x.grad.tolist() for x in inputs] == grad_input


# ---------------------------------------------------------------- torch's first backward hooks


def values(*groups):
    return [[None if g is None else g.tolist() for g in group] for group in groups]


class Two(nn.Module):
    def forward(self, x, flag=None):
        return x * 2, x * 3


def dictionary(module):
    module.forward = lambda x: {"a": x * 2}
    return module


@pytest.mark.parametrize(
    ("make", "call", "grads", "misses"),
    [
        (nn.ReLU, lambda m, x: m(x * 1), [[[1, 1]], [[1, 1]]], None),
        (nn.ReLU, lambda m, x: m(x), [[[1, 1]], [[1, 1]]], "grad_input"),
        (
            lambda: nn.Sequential(nn.ReLU(), nn.Hardtanh(-2, 2)),
            lambda m, x: m(x * 1),
            [[[1, 1]], [[1, 1]]],
            "grad_input",
        ),
        (Two, lambda m, x: sum(m(x * 1)), [[[2, 2], None], [[1, 1]]], "grad_output"),
        (Two, lambda m, x: sum(m(x * 1, 5)), [[[2, 2], None], [[1, 1]]], "grad_input"),
        (
            lambda: dictionary(nn.Module()),
            lambda m, x: m(x * 1)["a"],
            [[[2, 2], None], [[1, 1]]],
            "grad_output",
        ),
    ],
)
def test_the_first_kind_of_backward_hook_sees_the_last_node(make, call, grads, misses):
    module, seen = make(), []
    module.register_backward_hook(lambda module, gi, go: seen.append(values(gi, go)))
    x = minigrad.ones(2, requires_grad=True)
    if misses is None:
        call(module, x).sum().backward()
    else:
        with pytest.warns(FutureWarning, match=f"deprecated: it misses some {misses}"):
            call(module, x).sum().backward()
    assert seen == [grads]


def test_the_first_kind_of_backward_hook_replaces_and_is_removed():
    layer, x = nn.ReLU(), leaf(1.0)
    handle = layer.register_backward_hook(lambda module, gi, go: (gi[0] * 10,))
    layer(x * 1).backward()
    handle.remove()
    layer(x * 1).backward()
    layer(minigrad.ones(1))
    assert x.grad.tolist() == [11]


def test_a_module_has_one_kind_of_backward_hooks():
    for first, second in (("", "full_"), ("full_", "")):
        layer = nn.ReLU()
        getattr(layer, f"register_{first}backward_hook")(print).remove()
        with pytest.raises(RuntimeError, match=r"both regular .* on a single Module"):
            getattr(layer, f"register_{second}backward_hook")(print)
