"""backward() and grad(): arguments, accumulation, hooks, grad mode, errors."""

import threading

import numpy as np
import pytest
from support import assert_close, compare_with_torch

import minigrad
from minigrad import autograd


def leaf(*values):
    return minigrad.tensor(values, requires_grad=True)


# ---------------------------------------------------------------- leaves and attributes


def test_attributes_of_leaves_and_results():
    x = leaf(1.0, 2.0)
    y = x * 2
    assert x.is_leaf and x.grad_fn is None and x.requires_grad
    assert not y.is_leaf and y.requires_grad
    assert y.grad_fn.name() == "MulBackward0"
    assert y.output_nr == 0
    constant = minigrad.ones(2) * 2
    assert constant.is_leaf and not constant.requires_grad


def test_names_and_edges_of_the_graph_are_torchs(torch):
    def names(node, depth=0):
        if node is None or depth > 4:
            return None
        return node.name(), [(names(n, depth + 1), output) for n, output in node.next_functions]

    def graph(lib):
        x = lib.ones(3, 4, requires_grad=True)
        y = (x.exp() * x + 1).sum(0) + x.unbind()[2]
        return names(((y - y.mean()) ** 2).sqrt().sum().grad_fn)

    assert graph(minigrad) == graph(torch)


def test_only_floating_tensors_want_gradients():
    for dtype in (minigrad.int64, minigrad.bool, minigrad.uint8):
        with pytest.raises(RuntimeError, match="floating"):
            minigrad.ones(2, dtype=dtype).requires_grad_()
        with pytest.raises(RuntimeError, match="floating"):
            minigrad.ones(2, dtype=dtype, requires_grad=True)
    assert not (leaf(1.0) > 0).requires_grad
    assert not leaf(1.0).long().requires_grad
    assert leaf(1.0).double().requires_grad


def test_requires_grad_of_results_cannot_be_switched_off():
    y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="leaf"):
        y.requires_grad = False
    with pytest.raises(RuntimeError, match="leaf"):
        y.requires_grad_(False)
    y.requires_grad = True
    x = leaf(1.0)
    x.requires_grad = False
    assert not (x * 2).requires_grad


def test_variable_is_an_old_name_of_a_tensor():
    data = minigrad.ones(2)
    x = autograd.Variable(data, requires_grad=True)
    assert type(x) is minigrad.Tensor and isinstance(x, autograd.Variable) and x.is_leaf
    x.sum().backward()
    assert x.grad.tolist() == [1, 1] and x.data_ptr() == data.data_ptr() and not data.requires_grad
    assert not autograd.Variable(x).requires_grad and not isinstance(3, autograd.Variable)
    with pytest.warns(UserWarning, match="volatile was removed"):
        autograd.Variable(data, volatile=True)
    with pytest.raises(TypeError, match="has to be a tensor"):
        autograd.Variable([1.0])


# ---------------------------------------------------------------- backward


def test_backward_accumulates():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4]
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5, 7]
    x.grad = None
    x.sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_accumulation_is_in_place_and_create_graph_is_not():
    x = leaf(1.0, 2.0)
    x.sum().backward()
    first = x.grad
    x.sum().backward()
    assert x.grad is first
    assert first.tolist() == [2, 2]
    x.sum().backward(create_graph=True)
    assert first.tolist() == [2, 2]
    assert x.grad.tolist() == [3, 3]


def test_gradients_of_several_leaves_do_not_share_memory():
    a, b, c = leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(5.0, 6.0)
    seed = minigrad.tensor([1.0, 1.0])
    (a + b + c.view(2) + c.reshape(1, 2)[0]).backward(seed)
    a.grad.mul_(10)
    seed.mul_(7)
    assert b.grad.tolist() == [1, 1]
    assert c.grad.tolist() == [2, 2]
    assert a.grad.tolist() == [10, 10]
    x = leaf(1.0, 2.0)
    x.backward(seed)
    seed.zero_()
    assert x.grad.tolist() == [7, 7]
    y = minigrad.ones(3, 1, requires_grad=True)
    y.expand(3, 4).sum().backward()
    assert y.grad.stride() == (1, 1)
    z = minigrad.ones(3, 4, requires_grad=True)
    z.sum().backward()
    z.grad[0] = 5  # an expanded gradient could not be written to
    assert z.grad.tolist() == [[5] * 4, [1] * 4, [1] * 4]


def test_the_gradient_argument():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="scalar outputs"):
        (x * 2).backward()
    (x * 2).backward(minigrad.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2, 20]
    (x * 2)[:1].backward()
    assert x.grad.tolist() == [4, 20]
    for wrong in (minigrad.ones(3), minigrad.ones(1), minigrad.ones(2, 1), minigrad.ones(())):
        with pytest.raises(RuntimeError, match=r"[Ss]hape"):
            (x * 2).backward(wrong)
    for dtype in (minigrad.float64, minigrad.float16, minigrad.int64, minigrad.bool):
        given = minigrad.ones(2, dtype=dtype, requires_grad=dtype.is_floating_point)
        for y in (x * 2, x):
            (grad,) = minigrad.autograd.grad(y, x, given, create_graph=True)
            assert grad.dtype == minigrad.float32
            assert grad.tolist() == ([2, 2] if y is not x else [1, 1])
        if given.requires_grad:
            grad.sum().backward()
            assert given.grad.dtype == dtype and given.grad.tolist() == [1, 1]
    for wrong in (1.0, [1.0, 2.0], np.ones(2, np.float32), "a"):
        with pytest.raises((TypeError, RuntimeError)):
            (x * 2).backward(wrong)
    assert x.grad.tolist() == [4, 20]


def test_backward_without_a_graph():
    with pytest.raises(RuntimeError, match="does not require grad"):
        minigrad.ones(()).backward()
    with minigrad.no_grad():
        y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="does not require grad"):
        y.backward()


def test_backward_of_a_leaf():
    x = minigrad.tensor(2.0, requires_grad=True)
    x.backward()
    assert x.grad.item() == 1


def test_a_second_backward_says_what_to_do():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4, 8]
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    assert x.grad.tolist() == [4, 8]
    z = x.sum()  # saves nothing: may be walked again
    z.backward()
    z.backward()


def test_shared_parts_of_a_graph_are_freed_together():
    x = leaf(1.0, 2.0)
    shared = x.exp()
    (shared * 2).sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        (shared * 3).sum().backward()


def test_backward_with_inputs():
    a, b = leaf(1.0), leaf(2.0)
    middle = a * b
    out = (middle * middle).sum()
    out.backward(inputs=[a], retain_graph=True)
    assert a.grad.tolist() == [8] and b.grad is None
    out.backward(inputs=b, retain_graph=True)
    assert a.grad.tolist() == [8] and b.grad.tolist() == [4]
    out.backward(inputs=[middle])
    assert middle.grad.tolist() == [4]
    with pytest.raises(RuntimeError, match="empty"):
        (a * 1).backward(inputs=[])
    with pytest.raises(RuntimeError, match="not require grad"):
        (a * 1).backward(inputs=[minigrad.ones(1)])


def test_backward_of_several_tensors():
    x = leaf(1.0, 2.0)
    autograd.backward([x.sum(), (x * 3).sum()])
    assert x.grad.tolist() == [4, 4]
    autograd.backward([x * 1, x.sum()], [minigrad.tensor([1.0, 2.0]), None])
    assert x.grad.tolist() == [6, 7]
    with pytest.raises(RuntimeError):
        autograd.backward([x.sum(), x.sum()], [None])
    with pytest.raises(TypeError):
        autograd.backward([x.sum(), 3.0])


def test_the_same_root_twice():
    x = leaf(3.0)
    y = (x * x).sum()
    autograd.backward([y, y])
    assert x.grad.tolist() == [12]


def test_diamonds_and_repeated_inputs(torch):
    def function(lib, x):
        a = x * x
        b = a + x
        c = a * b + a
        return (c + c * b).sum() + (a + a + a).sum()

    compare_with_torch(torch, function, (np.array([1.5, -2.0]),), double=True)


def test_threads_add_to_one_leaf():
    w = minigrad.ones(200_000, requires_grad=True)
    small = minigrad.ones(3, requires_grad=True)

    def work():
        for _ in range(10):
            (w * 1).backward(minigrad.ones(200_000))
            (small * 1).backward(minigrad.ones(3))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert w.grad.min().item() == w.grad.max().item() == 60 and small.grad.tolist() == [60] * 3


# ---------------------------------------------------------------- autograd.grad


def test_grad_returns_and_does_not_accumulate():
    x, y = leaf(2.0), leaf(3.0)
    gx, gy = autograd.grad(x * x * y, [x, y])
    assert gx.item() == 12 and gy.item() == 4
    assert x.grad is None and y.grad is None
    assert not gx.requires_grad
    (only,) = autograd.grad((x * y).sum(), x)
    assert only.item() == 3


def test_grad_with_respect_to_results():
    x = leaf(2.0)
    y = x * x
    z = y * y
    gz, gy, gx = autograd.grad(z, [z, y, x])
    assert (gz.item(), gy.item(), gx.item()) == (1, 8, 32)


def test_unused_inputs():
    x, unused = leaf(1.0), leaf(2.0, 3.0)
    with pytest.raises(RuntimeError, match="allow_unused"):
        autograd.grad(x * 2, [x, unused])
    gx, gu = autograd.grad(x * 2, [x, unused], allow_unused=True)
    assert gx.item() == 2 and gu is None
    gx, gu = autograd.grad(x * 2, [x, unused], materialize_grads=True)
    assert gu.tolist() == [0, 0]
    with pytest.raises(RuntimeError, match="not require grad"):
        autograd.grad(x * 2, minigrad.ones(1))
    with pytest.raises(ValueError):
        autograd.grad(x * 2, x, materialize_grads=True, allow_unused=False)


def test_grad_walks_only_what_it_needs():
    x, y = leaf(1.0), leaf(2.0)
    other = y.exp()
    out = x * other
    autograd.grad(out, x)
    with pytest.raises(RuntimeError, match="second time"):
        autograd.grad(out, x)
    autograd.grad(other, y)  # that part of the graph was not walked, nor freed


def test_grad_outputs():
    x = leaf(1.0, 2.0)
    (g,) = autograd.grad([x * 2, x * 3], x, [minigrad.tensor([1.0, 0.0]), minigrad.ones(2)])
    assert g.tolist() == [5, 3]
    with pytest.raises(RuntimeError):
        autograd.grad([x * 2], x, [minigrad.ones(2), minigrad.ones(2)])


def test_results_of_grad_are_not_aliases():
    x, y = leaf(1.0, 2.0), leaf(1.0, 2.0)
    gx, gy = autograd.grad((x + y).sum(), [x, y])
    gx = gx.clone()
    assert gx.tolist() == gy.tolist() == [1, 1]


# ---------------------------------------------------------------- nothing is left half done


def test_an_exception_in_a_hook_leaves_no_gradients():
    a, b = leaf(1.0), leaf(2.0)
    middle = a * 2

    def explode(g):
        raise ZeroDivisionError("planted")

    middle.register_hook(explode)
    with pytest.raises(ZeroDivisionError, match="planted"):
        (middle * b + b).sum().backward()
    assert a.grad is None and b.grad is None
    assert minigrad.is_grad_enabled()
    b.register_hook(explode)
    with minigrad.no_grad():
        with pytest.raises(ZeroDivisionError):
            with minigrad.enable_grad():
                out = (a * b).sum()
            out.backward()
        assert not minigrad.is_grad_enabled()
    assert a.grad is None and b.grad is None
    (a * 1).sum().backward()
    assert a.grad.tolist() == [1]


def test_a_freed_graph_leaves_no_gradients():
    x, y = leaf(1.0), leaf(2.0)
    inner = (x * x).sum()
    inner.backward()
    x.grad = None
    with pytest.raises(RuntimeError, match="second time"):
        (inner + y).sum().backward()
    assert x.grad is None and y.grad is None


def test_backward_inside_a_hook():
    x, y = leaf(2.0), leaf(3.0)
    a = x * 2

    def inner(g):
        (y * y).sum().backward()

    a.register_hook(lambda g: inner(g) if minigrad.is_grad_enabled() else _with_grad(inner, g))
    a.sum().backward()
    assert x.grad.item() == 2 and y.grad.item() == 6


def _with_grad(function, g):
    with minigrad.enable_grad():
        function(g)


# ---------------------------------------------------------------- dtypes along the way


def test_gradients_have_the_dtype_of_their_tensor(torch):
    def function(lib, a, b, c):
        return (a * b).sum() + (b * 2.5 * c).sum() + (a.double() * c.float()).sum()

    rng = np.random.default_rng(0)
    compare_with_torch(
        torch,
        function,
        tuple(rng.normal(size=3).astype(dtype) for dtype in ("float16", "float32", "float64")),
        rtol=2e-3,
    )


def test_gradients_through_every_cast():
    x = leaf(1.5, -2.5)
    y = x.double().half().float() * 3
    y.sum().backward()
    assert_close(x.grad, np.float32([3, 3]))


def test_what_does_not_lead_to_the_inputs_gets_no_gradient():
    """Neither its hooks run, nor its vjp, nor is its gradient retained."""

    class Forbidden(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            raise AssertionError("this gradient was not asked for")

    a, b, ran = leaf(1.0), leaf(1.0), []
    c, d = Forbidden.apply(b), a * 3
    e = d * c
    c.retain_grad()
    for name, tensor in zip("abcde", (a, b, c, d, e), strict=True):
        tensor.register_hook(lambda grad, name=name: ran.append(name))
    e.sum().backward(inputs=[a], retain_graph=True)
    assert ran == ["e", "d", "a"]
    assert a.grad.tolist() == [3.0] and b.grad is None and c.grad is None
    ran.clear()
    assert autograd.grad([e.sum(), c.sum()], d)[0].tolist() == [1.0]
    assert ran == ["e", "d"]


def test_a_gradient_that_requires_grad_is_added_to_in_place():
    x = leaf(1.0, 2.0)
    x.grad = given = minigrad.zeros(2)
    given.requires_grad_()
    (x * 2).sum().backward()
    assert x.grad is given and given.requires_grad and given.tolist() == [2.0, 2.0]
    (x * x).sum().backward(create_graph=True)
    assert x.grad is not given and x.grad.requires_grad and x.grad.tolist() == [4.0, 6.0]
