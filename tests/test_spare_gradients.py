"""A vjp writes over the gradient it was given if nobody else holds that, and only then."""

import ctypes
import threading
import weakref

import numpy as np
import pytest

import minigrad
from minigrad import autograd
from minigrad.autograd.graph import saved_tensors_hooks
from minigrad.nn import functional as F

FUNCTIONS = {
    "relu": lambda x: x.relu(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "sqrt": lambda x: x.sqrt(),
    "square": lambda x: x.square(),
    "silu": F.silu,
    "gelu": F.gelu,
    "softplus": F.softplus,
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "batch_norm in evaluation": lambda x: F.batch_norm(
        x, minigrad.zeros(x.shape[1], dtype=x.dtype), minigrad.ones(x.shape[1], dtype=x.dtype)
    ),
}
SHAPES = [(4, 3), (40, 8, 9, 20)]  # one tile; and enough for several threads


class Passing(autograd.Function):
    """The identity, which keeps ``look`` of its gradient and passes ``way`` of it on."""

    @staticmethod
    def forward(ctx, x, look, way):
        ctx.look, ctx.way = look, way
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        grad = grad * 2
        ctx.kept = ctx.look(grad)
        return ctx.way(grad), None, None


def walked(function, shape, look, dtype=minigrad.float32, way=lambda g: g):
    """What a leaf gets through ``function``; what was kept of the gradient before; its value."""
    minigrad.manual_seed(3)
    x = (minigrad.rand(*shape, dtype=dtype) + 0.1).requires_grad_()
    weight = minigrad.randn(*shape, dtype=dtype)
    out = Passing.apply(function(x), look, way)
    (out * weight).sum().backward()
    return x.grad, out.grad_fn.kept, 2 * weight


@pytest.mark.parametrize("dtype", [minigrad.float32, minigrad.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_gradient_nobody_holds_is_written_over(name, shape, dtype):
    found, place, _ = walked(FUNCTIONS[name], shape, lambda g: g.data_ptr(), dtype)
    assert found.data_ptr() == place
    expected, kept, _ = walked(FUNCTIONS[name], shape, lambda g: g, dtype)
    assert expected.data_ptr() != kept.data_ptr()
    np.testing.assert_array_equal(found.numpy(), expected.numpy())


HOLDERS = {
    "the tensor": lambda g: g,
    "its array": lambda g: g.numpy(),
    "a view": lambda g: g[1:],
    "a view of all": lambda g: g.view(-1),
    "detached": lambda g: g.detach(),
    "an array of another library": lambda g: np.from_dlpack(g),
    "a buffer": lambda g: memoryview(g.numpy()),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["relu", "batch_norm"])
@pytest.mark.parametrize("holder", HOLDERS)
def test_what_somebody_holds_is_left_alone(holder, name, shape):
    _, kept, expected = walked(FUNCTIONS[name], shape, HOLDERS[holder])
    kept = np.asarray(kept)
    expected = expected.numpy()[1:] if holder == "a view" else expected.numpy().reshape(kept.shape)
    np.testing.assert_array_equal(kept, expected)


WAYS = {
    "a view": lambda g: g.view(g.shape),
    "detached": lambda g: g.detach(),
    "its array": lambda g: minigrad.from_numpy(g.numpy()),
    "from another library": lambda g: minigrad.from_dlpack(np.from_dlpack(g)),
}


@pytest.mark.parametrize("name", ["relu", "batch_norm"])
@pytest.mark.parametrize("way", WAYS)
def test_whose_memory_another_has_is_left_alone(way, name):
    _, kept, expected = walked(FUNCTIONS[name], (6, 5), lambda g: g, way=WAYS[way])
    assert kept.equal(expected)


def unowned(buffer, rows, columns):
    """A matrix of numbers in memory that NumPy does not own, and of which it knows no owner.

    Extensions that call PyArray_SimpleNewFromData and no more make such ones.
    """
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = pointer(np._core._multiarray_umath._ARRAY_API, None)
    new = ctypes.cast(table, ctypes.POINTER(ctypes.c_void_p))[93]  # PyArray_New
    number, address = ctypes.c_int, ctypes.c_void_p
    make = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.py_object, number, ctypes.POINTER(ctypes.c_ssize_t), number,
        address, address, number, number, address,
    )(new)  # fmt: skip
    shape = (ctypes.c_ssize_t * 2)(rows, columns)
    flags = np.zeros(1).flags.num & ~4  # not OWNDATA
    kind = np.dtype(np.float32).num
    return make(np.ndarray, 2, shape, kind, None, ctypes.addressof(buffer), 0, flags, None)


@pytest.mark.parametrize("name", ["identity", "relu", "batch_norm"])
def test_memory_of_unknown_owners_is_left_alone(name):
    buffer = (ctypes.c_float * 30)(*[7.0] * 30)
    array = unowned(buffer, 6, 5)
    assert array.base is None and not array.flags.owndata and array.flags.carray
    del array
    function = {"identity": lambda x: x, **FUNCTIONS}[name]
    x = minigrad.rand(6, 5, requires_grad=True)
    for _ in range(2):  # the second is added to x.grad
        out = Passing.apply(
            function(x), lambda g: None, lambda g: minigrad.from_numpy(unowned(buffer, 6, 5))
        )
        out.sum().backward()
    assert list(buffer) == [7.0] * 30


@pytest.mark.parametrize("name", ["relu", "batch_norm"])
def test_the_callers_gradient_is_left_alone(name):
    x = minigrad.rand(6, 5, requires_grad=True)
    given = minigrad.rand(6, 5)
    before = given.clone()
    FUNCTIONS[name](x).backward(given)
    autograd.grad(FUNCTIONS[name](x), x, given)
    assert given.equal(before)


@pytest.mark.parametrize("name", ["relu", "batch_norm"])
@pytest.mark.parametrize("keep", ["hook", "retain_grad", "grad", "two users"])
def test_gradients_in_the_middle_are_left_alone(name, keep):
    x = minigrad.rand(6, 5, requires_grad=True)
    weight = minigrad.rand(6, 5)
    middle = FUNCTIONS[name](x)
    kept = []
    if keep == "hook":
        middle.register_hook(kept.append)
        (middle * weight).sum().backward()
    elif keep == "retain_grad":
        middle.retain_grad()
        (middle * weight).sum().backward()
        kept.append(middle.grad)
    elif keep == "grad":
        kept.extend(autograd.grad((middle * weight).sum(), [middle, x]))
    else:
        # an addition's two inputs get the same gradient; the leaf's must survive the other's vjp
        y = minigrad.rand(6, 5, requires_grad=True)
        ((y + middle) * weight).sum().backward()
        kept.append(y.grad)
    assert kept[0].equal(weight)


@pytest.mark.parametrize("name", ["relu", "batch_norm"])
def test_a_graph_that_is_kept_can_be_walked_again(name):
    x = minigrad.rand(6, 5, requires_grad=True)
    out = (FUNCTIONS[name](x) * minigrad.rand(6, 5)).sum()
    first, second = (autograd.grad(out, x, retain_graph=True)[0] for _ in range(2))
    assert first.equal(second)


def test_a_recorded_walk_and_a_watched_one_write_over_nothing():
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        found, place, _ = walked(FUNCTIONS["relu"], (6, 5), lambda g: g.data_ptr())
    assert found.data_ptr() != place
    weight = minigrad.rand(6, 5)
    x = minigrad.rand(6, 5, requires_grad=True)
    (grad,) = autograd.grad((x.relu() * weight).sum(), x, create_graph=True)
    assert grad.equal(weight)


def test_who_only_knows_a_gradient_weakly_loses_it():
    """A weak reference does not keep it, as it never did."""
    found, (known, place), _ = walked(
        FUNCTIONS["relu"], (6, 5), lambda g: (weakref.ref(g), g.data_ptr())
    )
    assert known() is None
    assert found.data_ptr() != place  # another thread might have asked for it in between


def test_threads_on_one_graph_do_not_share_gradients():
    x = minigrad.rand(40, 8, 9, 20, requires_grad=True)
    out = F.batch_norm(x, None, None, training=True).relu()
    weight = minigrad.randn(40, 8, 9, 20)
    loss = (out * weight).sum()
    (expected,) = autograd.grad(loss, x, retain_graph=True)
    results = []

    def walk():
        for _ in range(5):
            results.append(autograd.grad(loss, x, retain_graph=True)[0])

    threads = [threading.Thread(target=walk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20 and all(result.equal(expected) for result in results)
