"""autograd.Function: contexts, several outputs, what comes back wrong, double backward."""

import gc
import weakref

import numpy as np
import pytest
from support import compare_with_torch

import minigrad
from minigrad import autograd
from minigrad.autograd.function import once_differentiable


def leaf(*values):
    return minigrad.tensor(values, requires_grad=True)


def make(lib, forward, backward, **more):
    """Return a Function of ``lib`` with these static methods."""
    members = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    members.update({name: staticmethod(f) for name, f in more.items()})
    return type("Custom", (lib.autograd.Function,), members)


def cube(lib):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x

    return make(lib, forward, backward)


def test_forward_and_backward():
    x = leaf(1.0, 2.0)
    y = cube(minigrad).apply(x)
    assert y.tolist() == [1, 8] and y.requires_grad and not y.is_leaf
    assert y.grad_fn.name() == "CustomBackward"
    y.backward(minigrad.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [3, 120]


def test_against_torch_twice(torch):
    compare_with_torch(
        torch, lambda lib, x: cube(lib).apply(x * 2) + x, (np.array([1.0, -2.0]),), double=True
    )


def test_without_a_gradient_nothing_is_recorded():
    x = leaf(1.0)
    assert not cube(minigrad).apply(x.detach()).requires_grad
    with minigrad.no_grad():
        assert not cube(minigrad).apply(x).requires_grad


def test_forward_runs_without_grad_mode_and_backward_too():
    modes = []

    def forward(ctx, x):
        modes.append(minigrad.is_grad_enabled())
        return x * 2

    def backward(ctx, g):
        modes.append(minigrad.is_grad_enabled())
        return g * 2

    f = make(minigrad, forward, backward)
    x = leaf(1.0)
    f.apply(x).backward()
    autograd.grad(f.apply(x), x, create_graph=True)
    assert modes == [False, False, False, True]


def test_several_outputs_and_inputs(torch):
    def both(lib):
        def forward(ctx, a, k, b):
            ctx.k = k
            ctx.save_for_backward(a, b)
            return a * b * k, a + b, k

        def backward(ctx, g1, g2, g3):
            assert g3 is None
            a, b = ctx.saved_tensors
            return g1 * b * ctx.k + g2, None, g1 * a * ctx.k + g2

        return make(lib, forward, backward)

    def function(lib, a, b):
        first, second, k = both(lib).apply(a, 3, b)
        assert k == 3
        return first * 2 + second * second

    arrays = (np.array([1.0, 2.0]), np.array([3.0, -1.0]))
    compare_with_torch(torch, function, arrays, double=True)
    compare_with_torch(torch, lambda lib, a, b: both(lib).apply(a, 2, b)[1], arrays)


def test_gradients_of_unused_outputs_are_zeros_or_none():
    seen = []

    def backward(ctx, g1, g2):
        seen.append((g1, g2))
        return g1

    f = make(minigrad, lambda ctx, x: (x * 1, x.sum()), backward)
    x = leaf(1.0, 2.0)
    f.apply(x)[0].sum().backward()
    assert seen[0][1].tolist() == 0 and seen[0][1].shape == ()

    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 1, x.sum()

    make(minigrad, forward, backward).apply(x)[0].sum().backward()
    assert seen[1][1] is None


def test_needs_input_grad():
    seen = []

    def backward(ctx, g):
        seen.append(ctx.needs_input_grad)
        return g, None, None

    f = make(minigrad, lambda ctx, a, n, b: a * n * b, backward)
    f.apply(leaf(1.0), 2, minigrad.ones(1)).sum().backward()
    assert seen == [(True, False, False)]


def test_mark_non_differentiable():
    def forward(ctx, x):
        order = x.argsort() if hasattr(x, "argsort") else (x > 1).long()
        doubled = x * 2
        ctx.mark_non_differentiable(doubled)
        return x * 1, order, doubled

    f = make(minigrad, forward, lambda ctx, g, o, d: g)
    x = leaf(1.0, 2.0)
    y, order, doubled = f.apply(x)
    assert y.requires_grad and not order.requires_grad and not doubled.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_setup_context():
    def setup_context(ctx, inputs, output):
        x, n = inputs
        ctx.save_for_backward(x, output)
        ctx.n = n

    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * ctx.n * y / x, None

    f = make(minigrad, lambda x, n: x**n, backward, setup_context=setup_context)
    x = leaf(2.0)
    f.apply(x, 3).backward()
    assert x.grad.item() == pytest.approx(12)
    (g,) = autograd.grad(f.apply(x, 3), x, create_graph=True)
    assert autograd.grad(g, x)[0].item() == pytest.approx(12)


def test_saved_outputs_make_no_cycle():
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    f = make(minigrad, forward, lambda ctx, g: g * ctx.saved_tensors[0])
    gc.disable()
    try:
        x = leaf(0.0)
        y = f.apply(x)
        dead = weakref.ref(y)
        node = weakref.ref(y.grad_fn)
        y.backward()
        assert x.grad.tolist() == [1]
        del y
        assert dead() is None and node() is None
    finally:
        gc.enable()


def test_saved_tensors_are_watched():
    x = leaf(1.0, 2.0)
    y = x * 1
    z = cube(minigrad).apply(y)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        z.sum().backward()
    z = cube(minigrad).apply(x).sum()
    z.backward()
    with pytest.raises(RuntimeError, match="second time"):
        z.backward()


def test_saving_what_is_no_tensor():
    def forward(ctx, x):
        ctx.save_for_backward(x, None)
        return x * 1

    def backward(ctx, g):
        assert ctx.saved_tensors[1] is None
        return g

    x = leaf(1.0)
    make(minigrad, forward, backward).apply(x).backward()

    def wrong(ctx, x):
        ctx.save_for_backward(3)

    with pytest.raises(TypeError, match="int"):
        make(minigrad, wrong, backward).apply(x)


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        (lambda g: (g, g), RuntimeError, "expected 1, got 2"),
        (lambda g: (), RuntimeError, "expected 1, got 0"),
        (lambda g: g[:1], RuntimeError, "invalid gradient"),
        (lambda g: g.reshape(1, 2, 1), RuntimeError, "invalid gradient"),
        (lambda g: g[:1], RuntimeError, r"index 0 - got \[1\] but expected .* \[2\]"),
        (lambda g: 1.0, RuntimeError, r"expected Variable or None \(got float\)"),
        (lambda g: [g], RuntimeError, r"\(got list\)"),
    ],
)
def test_wrong_gradients(result, error, words):
    f = make(minigrad, lambda ctx, x: x * 2, lambda ctx, g: result(g))
    x = leaf(1.0, 2.0)
    with pytest.raises(error, match=words):
        f.apply(x).sum().backward()
    assert x.grad is None and minigrad.is_grad_enabled()


def test_gradients_that_fit_after_all():
    """Trailing Nones, a broadcast gradient, another floating dtype: as torch takes them."""
    for result in (lambda g: (g, None), lambda g: minigrad.stack([g, g]) / 2, lambda g: g.double()):
        x = leaf(1.0, 2.0)
        make(minigrad, lambda ctx, x: x * 2, lambda ctx, g, r=result: r(g)).apply(
            x
        ).sum().backward()
        assert x.grad.tolist() == [1, 1] and x.grad.dtype is minigrad.float32
    x = leaf(1.0, 2.0)
    make(minigrad, lambda ctx, x: x * 2, lambda ctx, g: None).apply(x).sum().backward()
    assert x.grad is None


def test_an_exception_in_forward_or_backward():
    def explode(ctx, *args):
        raise ZeroDivisionError("planted")

    x = leaf(1.0)
    with pytest.raises(ZeroDivisionError):
        make(minigrad, explode, explode).apply(x)
    assert minigrad.is_grad_enabled()
    other = leaf(1.0)
    out = make(minigrad, lambda ctx, x: x * 1, explode).apply(x) * other
    with pytest.raises(ZeroDivisionError):
        out.backward()
    assert minigrad.is_grad_enabled() and x.grad is None and other.grad is None


def test_an_input_returned_as_it_is(torch):
    def function(lib, x):
        identity = make(lib, lambda ctx, x: x, lambda ctx, g: g * 5)
        y = identity.apply(x)
        assert y is not x and not y.is_leaf
        return y * 2 + x

    compare_with_torch(torch, function, (np.array([1.0, 2.0]),))


def test_an_input_written_in_place(torch):
    def function(lib, x):
        def forward(ctx, y):
            ctx.mark_dirty(y)
            return y.mul_(3)

        y = x * 1
        out = make(lib, forward, lambda ctx, g: g * 3).apply(y)
        assert out is y
        return y * y

    compare_with_torch(torch, function, (np.array([1.0, 2.0]),))


def test_once_differentiable():
    @once_differentiable
    def backward(ctx, g):
        return g * 2, None

    x = leaf(1.0)
    f = make(minigrad, lambda ctx, x, n: x * n, backward)
    f.apply(x, 2).backward()
    assert x.grad.tolist() == [2]
    (slope,) = autograd.grad(f.apply(x, 2), x, create_graph=True)
    assert not slope.requires_grad  # it depends on nothing that has a gradient
    (slope,) = autograd.grad(f.apply(x, 2) ** 2, x, create_graph=True)
    assert slope.tolist() == [8] and slope.requires_grad
    with pytest.raises(RuntimeError, match="differentiate twice a function that was marked"):
        slope.backward()


def test_functions_are_not_instantiated_and_must_be_complete():
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        made = cube(minigrad)()
    with pytest.raises(RuntimeError, match="Legacy autograd function"):
        made(leaf(1.0))
    x = leaf(1.0)

    class Empty(autograd.Function):
        pass

    with pytest.raises(NotImplementedError):
        Empty.apply(x)

    class NoBackward(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

    y = NoBackward.apply(x)
    with pytest.raises(NotImplementedError):
        y.backward()
    with pytest.raises(TypeError):
        cube(minigrad).apply(x, x)


def test_contexts_are_separate():
    f = cube(minigrad)
    x, y = leaf(1.0), leaf(2.0)
    a, b = f.apply(x), f.apply(y)
    b.backward()
    a.backward()
    assert (x.grad.item(), y.grad.item()) == (3, 12)


def test_a_function_of_functions_under_gradcheck():
    f = cube(minigrad)
    x = minigrad.tensor([0.5, -1.2], dtype=minigrad.float64, requires_grad=True)
    assert autograd.gradcheck(lambda x: f.apply(f.apply(x) * 0.5), x)
    assert autograd.gradgradcheck(lambda x: f.apply(x), x)


def test_hooks_and_views_of_outputs():
    f = make(minigrad, lambda ctx, x: (x * 1, x * 2), lambda ctx, a, b: a + 2 * b)
    x = leaf(1.0, 2.0)
    first, second = f.apply(x)
    seen = []
    second.register_hook(lambda g: seen.append(g.tolist()))
    second[1:].mul_(10)
    (first.sum() + second.sum()).backward()
    assert seen == [[1, 10]]  # the hook belongs to the output before the write
    assert x.grad.tolist() == [3, 21]


def test_what_contexts_refuse():
    x = leaf(1.0, 2.0)

    def run(forward, backward=lambda ctx, *grads: grads[0], *more):
        return make(minigrad, forward, backward).apply(x * 1, *more)

    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2) * 1

    with pytest.raises(RuntimeError, match=r"marked as dirty .* were not returned as output"):
        run(forward)
    for name in ("mark_dirty", "mark_non_differentiable"):
        with pytest.raises(RuntimeError, match=f"{name} only accepts tensors, but got int"):
            run(lambda ctx, x, name=name: getattr(ctx, name)(3))
    with pytest.raises(TypeError, match="expects a bool, but got int"):
        run(lambda ctx, x: ctx.set_materialize_grads(3))
    with pytest.raises(TypeError, match="argument 1 is of type list"):
        run(lambda ctx, x: ctx.save_for_backward(x, [x]))
    out = run(lambda ctx, x, n: x * n, lambda ctx, g: (g, g), 2)
    with pytest.raises(RuntimeError, match="different than None at position 2, but the corresp"):
        out.sum().backward()
    both = make(minigrad, lambda ctx, x: x, lambda ctx, g: g, vjp=lambda ctx, g: g)
    with pytest.raises(RuntimeError, match="both 'backward' and 'vjp'"):
        both.apply(x)


def test_outputs_without_a_gradient_get_zeros(torch):
    found = []
    for lib in (minigrad, torch):
        seen = []

        def forward(ctx, x):
            order, doubled = (x > 1).long(), x * 2
            ctx.mark_non_differentiable(order, doubled)
            assert ctx.saved_tensors == ()
            return x * 1, order, doubled

        def backward(ctx, *grads, seen=seen):
            seen += [(str(g.dtype).partition(".")[2], g.tolist()) for g in grads]
            return grads[0]

        x = lib.tensor([1.0, 2.0], requires_grad=True)
        make(lib, forward, backward).apply(x)[0].sum().backward()
        found.append(seen)
    assert found[0] == found[1]
