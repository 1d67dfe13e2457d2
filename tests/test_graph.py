"""autograd.graph and the nodes: their hooks, their metadata, edges, and hooks on what is saved."""

import gc
import threading
import weakref

import pytest

import minigrad
from minigrad import autograd
from minigrad.autograd import graph


def leaf(*values, lib=minigrad):
    return lib.tensor(values, requires_grad=True)


def listed(*groups):
    return [[None if g is None else g.tolist() for g in group] for group in groups]


# ---------------------------------------------------------------- hooks of nodes


def order_of_hooks(lib):
    log = []

    def note(name):
        return lambda *args: log.append(
            (name, [listed(a) if isinstance(a, tuple) else a.tolist() for a in args])
        )

    x = leaf(2.0, lib=lib)
    y = x * 3
    z = y * y
    node = y.grad_fn
    node.register_hook(note("after"))
    node.register_prehook(note("before"))
    y.register_hook(note("tensor"))
    y.retain_grad()
    end = node.next_functions[0][0]
    end.register_hook(note("leaf after"))
    end.register_prehook(note("leaf before"))
    x.register_hook(note("leaf"))
    x.register_post_accumulate_grad_hook(lambda t: log.append(("accumulated", t.grad.tolist())))
    z.backward(retain_graph=True)
    lib.autograd.grad(z, y, retain_graph=True)
    lib.autograd.grad(z, x)
    return log


def test_hooks_of_nodes_and_tensors_have_an_order(torch):
    log = order_of_hooks(minigrad)
    assert log == order_of_hooks(torch)
    assert [name for name, _ in log] == [
        *("tensor", "before", "after", "leaf", "leaf before", "accumulated", "leaf after"),
        "tensor",
        *("tensor", "before", "after", "leaf"),
    ]
    assert log[2] == ("after", [[[[36.0], None]], [[[12.0]]]])


def test_hooks_of_nodes_replace_gradients():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    z = x * y
    with z.grad_fn.register_prehook(lambda grads: (grads[0] * 10,)):
        first = z.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1, None))
        z.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 2, inputs[1]))
        assert listed(autograd.grad(z.sum(), [x, y], retain_graph=True, allow_unused=True)) == [
            [[62, 82], None]
        ]
    first.remove()
    assert listed(autograd.grad(z.sum(), [x, y])) == [[[6, 8], [1, 2]]]


def test_a_gradient_that_a_hook_takes_away():
    x = leaf(1.0)
    for register in ("register_hook", "register_prehook"):
        y = x * 2
        getattr(y.grad_fn, register)(lambda *grads: (None,) * len(grads[0]))
        y.backward()
        assert x.grad is None
    y = x * 2
    handle = y.grad_fn.next_functions[0][0].register_prehook(lambda grads: (None,))
    y.backward()
    assert x.grad is None
    handle.remove()
    (x * 2).backward()
    assert x.grad.tolist() == [2]


@pytest.mark.parametrize(
    ("error", "match", "wrong"),
    [
        (TypeError, "expected tuple, but hook returned", lambda g: g[0]),
        (TypeError, "expected tuple, but hook returned", lambda g: list(g)),
        (RuntimeError, r"number of values \(got 3, but expected 2\)", lambda g: (*g, None)),
        (RuntimeError, "can't replace a None gradient", lambda g: (g[0], g[0])),
        (RuntimeError, "changed the shape or dtype", lambda g: (g[0].double(), None)),
        (RuntimeError, "changed the shape or dtype", lambda g: (g[0][:1], None)),
        (TypeError, "int", lambda g: (3, None)),
    ],
)
def test_what_a_hook_of_a_node_returns_is_checked(error, match, wrong):
    x = leaf(1.0, 2.0)
    y = x * 2
    y.grad_fn.register_hook(lambda inputs, outputs: wrong(inputs))
    with pytest.raises(error, match=match):
        y.sum().backward()
    assert x.grad is None


def test_hooks_of_a_function_see_each_output():
    class Both(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x * 3

        @staticmethod
        def backward(ctx, a, b):
            return a * 2 + b * 3

    class One(autograd.Function):
        @staticmethod
        def forward(ctx, x, n):
            return x * n

        @staticmethod
        def backward(ctx, a):
            return a * 2, None

    seen = []
    for function in (lambda x: Both.apply(x)[1], lambda x: One.apply(x, 2)):
        y = function(leaf(1.0))
        y.grad_fn.register_prehook(lambda outputs: seen.append(listed(outputs)))
        y.grad_fn.register_hook(lambda inputs, outputs: seen.append(listed(inputs, outputs)))
        y.backward()
    assert seen == [[[None, [1]]], [[[3]], [None, [1]]], [[[1]]], [[[2], None], [[1]]]]


def test_what_a_hook_of_a_leaf_keeps_is_not_added_to_later():
    x, kept = leaf(1.0), []
    (x * 2).grad_fn.next_functions[0][0].register_hook(lambda _, outputs: kept.append(outputs[0]))
    for _ in range(2):
        (x * 2).backward()
    assert listed(kept) == [[[2], [2]]] and x.grad.tolist() == [4]


def test_nodes_have_metadata_and_leaves_one_node():
    x = leaf(1.0)
    y = x * 2
    y.grad_fn.metadata["note"] = 3
    assert y.grad_fn.metadata == {"note": 3} and (x * 2).grad_fn.metadata == {}
    end = y.grad_fn.next_functions[0][0]
    assert end is (x + 1).grad_fn.next_functions[0][0] and end.variable is x
    assert end.next_functions == () and end.name() == "torch::autograd::AccumulateGrad"
    assert isinstance(end, graph.Node) and isinstance(y.grad_fn, graph.Node)
    gone = weakref.ref(end)
    gc.disable()
    try:
        del end
        assert gone() is None
    finally:
        gc.enable()


def test_versions():
    x = minigrad.ones(2, requires_grad=True)
    y = x.exp()
    assert y.grad_fn.name() == "ExpBackward0"
    graph.increment_version([y])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    with pytest.raises(TypeError):
        graph.increment_version(3)


# ---------------------------------------------------------------- edges


def through_edges(lib):
    edge = lib.autograd.graph.get_gradient_edge
    x = leaf(2.0, 3.0, lib=lib)
    y = x * 3
    z = y * y
    found = [
        *lib.autograd.grad(z.sum(), [edge(y), edge(x), x], retain_graph=True),
        *lib.autograd.grad(edge(z), x, lib.ones(2), retain_graph=True),
    ]
    lib.autograd.backward(edge(z), lib.ones(2), inputs=[edge(x), edge(y)])
    first, second = x.unbind()
    found += lib.autograd.grad(second * 5, edge(second))
    return listed([*found, x.grad]), [edge(t)[1] for t in (x, y, first, second)]


def test_edges_stand_for_tensors(torch):
    assert through_edges(minigrad) == through_edges(torch)


def test_wrong_edges():
    edge = graph.get_gradient_edge
    x = leaf(2.0, 3.0)
    with pytest.raises(RuntimeError, match="does not require gradients"):
        edge(x.detach())
    with pytest.raises(RuntimeError, match="appears to not have been used"):
        autograd.grad(x.sum(), edge(x * 2))
    with pytest.raises(RuntimeError, match="materialize_grads cannot be used"):
        autograd.grad(x.sum(), edge(x * 2), materialize_grads=True)
    by_hand = graph.GradientEdge(x.sum().grad_fn, 0)  # nobody knows of which shape
    with pytest.raises(RuntimeError, match="whose gradient must be given"):
        autograd.grad(by_hand, x)
    assert autograd.grad(by_hand, x, minigrad.ones(()))[0].tolist() == [1, 1]


@pytest.mark.parametrize("make", [lambda x: x.sum(), lambda x: x.unbind(0)[1], lambda x: x])
@pytest.mark.parametrize("shape", [None, (), (1,), (2,)])
def test_an_edge_as_the_output_is_checked_like_its_tensor(torch, make, shape):
    def found(lib, edge):
        x = leaf(2.0, 3.0, lib=lib)
        root = make(x)
        root = lib.autograd.graph.get_gradient_edge(root) if edge else root
        grads = None if shape is None else lib.full(shape, 5.0)
        try:
            return lib.autograd.grad(root, x, grads)[0].tolist()
        except RuntimeError as error:
            return str(error)[:20]

    assert found(minigrad, True) == found(minigrad, False) == found(torch, True)


# ---------------------------------------------------------------- leaves of classes of users


class Equal(minigrad.nn.Parameter):
    """All are equal, to a dict too."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1


def test_leaves_are_told_apart_by_identity():
    a, b = Equal(minigrad.ones(2)), Equal(minigrad.ones(2) * 3)
    (a * b).sum().backward()
    assert a.grad.tolist() == [3, 3] and b.grad.tolist() == [1, 1]
    assert listed(autograd.grad((a * b).sum(), [b, a])) == [[[1, 1], [3, 3]]]
    with pytest.raises(RuntimeError, match="input 1"):
        autograd.grad(a.sum(), [a, b])
    (a * b).sum().backward(inputs=[b])
    assert a.grad.tolist() == [3, 3] and b.grad.tolist() == [2, 2]


# ---------------------------------------------------------------- several gradients at once


def several(lib):
    x, y, z = (leaf(1.0, 1.0, lib=lib) for _ in range(3))
    register, seen = lib.autograd.graph.register_multi_grad_hook, []
    handles = [
        register((x, y, z), lambda grads: seen.append(listed(grads))),
        register((x, y, z), lambda grad: seen.append("any"), mode="any"),
    ]
    (x * 2 + y * 3).sum().backward()
    (x * 2 + y * 3).sum().backward(inputs=[x])
    middle = x * 2
    register((middle, y), lambda grads: seen.append(listed(grads)))
    (middle * 3).sum().backward()
    for handle in handles:
        handle.remove()
    (x * 2 + y * 3).sum().backward()
    return sorted(seen, key=str)


def test_hooks_for_several_gradients(torch):
    assert several(minigrad) == several(torch)
    with pytest.raises(ValueError, match="Expects mode"):
        graph.register_multi_grad_hook([leaf(1.0)], print, mode="some")
    with pytest.raises(AssertionError, match="gradient function"):
        graph.register_multi_grad_hook([leaf(1.0), minigrad.ones(1)], print)


def test_hooks_for_several_gradients_in_walks_within_walks():
    x, y, seen = leaf(1.0), leaf(2.0), []
    graph.register_multi_grad_hook((x, y), lambda grads: seen.append(listed(grads)[0]))

    def inner(grad):
        if len(seen) == 0:
            autograd.grad(x * 5, x)
            with minigrad.enable_grad():
                autograd.grad(x * 7, x)

    middle = x * y
    middle.register_hook(lambda grad: inner(grad) if minigrad.is_grad_enabled() else None)
    middle.backward(create_graph=True)
    assert seen == [[[5], None], [[7], None], [[2], [1]]]


# ---------------------------------------------------------------- hooks on what is saved


def packed(lib, x, **more):
    """Return the gradient of a function whose saved tensors are lists, and the second."""
    with lib.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), lib.tensor):
        y = (x * x).exp() * x.tanh() + x.sigmoid()
        (first,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    return first, lib.autograd.grad(first.sum(), x)[0]


def test_saved_tensors_may_be_packed(torch):
    ours, theirs = packed(minigrad, leaf(0.5, 1.0)), packed(torch, leaf(0.5, 1.0, lib=torch))
    x = leaf(0.5, 1.0)
    y = (x * x).exp() * x.tanh() + x.sigmoid()
    (first,) = autograd.grad(y.sum(), x, create_graph=True)
    plain = first, autograd.grad(first.sum(), x)[0]
    for a, b, c in zip(ours, theirs, plain, strict=True):
        assert a.tolist() == pytest.approx(b.tolist(), rel=1e-5)
        assert a.tolist() == c.tolist()


def test_what_the_hooks_see_and_when():
    log = []
    w, x = leaf(2.0), leaf(3.0)
    with graph.saved_tensors_hooks(
        lambda t: (log.append((t is w, t.tolist(), minigrad.is_grad_enabled())), t.tolist())[1],
        lambda kept: (log.append(kept), minigrad.tensor(kept) * 10)[1],
    ):
        y = w * x
    assert log == [(True, [2], False), (False, [3], False)]
    w.detach().zero_()  # what is packed does not change
    y.backward()
    assert sorted(log[2:]) == [[2], [3]] and (w.grad.item(), x.grad.item()) == (30, 20)
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()
    (x * x).sum().backward()  # and after the context nothing is packed
    assert len(log) == 4


def test_hooks_nest_and_memory_goes():
    x, log = leaf(1.0, 2.0), []

    def named(name):
        return graph.saved_tensors_hooks(lambda t: log.append(name) or t.tolist(), minigrad.tensor)

    with named("outer"):
        with named("inner"):
            y = x.exp()
        z = y * y
        gone = weakref.ref(y)
        del y
        assert gone() is None, "only its numbers are kept"
    assert log == ["inner", "outer", "outer"]
    z.sum().backward()
    assert x.grad.tolist() == pytest.approx([2 * 7.3890561, 2 * 54.59815], rel=1e-6)


def test_hooks_hold_in_their_own_thread():
    x, log = leaf(1.0), []
    with graph.saved_tensors_hooks(lambda t: log.append(1) or t, lambda t: t):
        thread = threading.Thread(target=lambda: (x * x).backward())
        thread.start()
        thread.join()
        assert log == [] and x.grad.tolist() == [2]
        x.exp()
    assert log == [1]


@pytest.mark.parametrize(
    ("error", "match", "pack", "unpack"),
    [
        (RuntimeError, "modifying its input in place", lambda t: t.add_(1), lambda t: t),
        (TypeError, "unpack_hook expected to be a Tensor but got result of type int",
         lambda t: t, lambda t: 3),
        (ZeroDivisionError, "division", lambda t: 1 / 0, lambda t: t),
        (ZeroDivisionError, "division", lambda t: t, lambda t: 1 / 0),
        (TypeError, "callable", 3, lambda t: t),
    ],
)  # fmt: skip
def test_wrong_hooks(error, match, pack, unpack):
    x = leaf(1.0)
    with pytest.raises(error, match=match):
        with graph.saved_tensors_hooks(pack, unpack):
            y = (x * 1).exp()
        y.backward()
    (x * x).backward()
    assert x.grad.tolist() == [2]


def test_hooks_may_be_refused():
    hooks = graph.saved_tensors_hooks(lambda t: t, lambda t: t)
    with graph.disable_saved_tensors_hooks("not here"):
        with pytest.raises(RuntimeError, match="not here"), hooks:
            pass
        inner = graph.disable_saved_tensors_hooks("nor here")
        with inner, pytest.raises(RuntimeError, match="nor here"), graph.save_on_cpu():
            pass
    refusal = graph.disable_saved_tensors_hooks("too late")
    with hooks, pytest.raises(RuntimeError, match="too late"), refusal:
        pass


def test_functions_of_users_are_packed_too():
    class Exp(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, grad):
            _x, y = ctx.saved_tensors
            return grad * y

    x = leaf(0.0)
    with graph.saved_tensors_hooks(lambda t: t.tolist(), minigrad.tensor):
        y = Exp.apply(x)
    (slope,) = autograd.grad(y, x, create_graph=True)
    assert slope.tolist() == [1] and autograd.grad(slope, x)[0].tolist() == [1]


def test_saved_tensors_may_be_changed():
    x = leaf(0.0, 1.0)
    with graph.allow_mutation_on_saved_tensors():
        y = x.exp()
        z = y * y
        y.detach().zero_()
        z.sum().backward()
        another = graph.allow_mutation_on_saved_tensors()
        with pytest.raises(RuntimeError, match="cannot be nested"), another:
            pass
        z = x.exp()
    assert x.grad.tolist() == pytest.approx([2, 2 * 7.3890561], rel=1e-6)
    with pytest.raises(AssertionError, match="outside of"):
        z.sum().backward()
