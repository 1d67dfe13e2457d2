"""utils.checkpoint: the same results and gradients as without it, and less memory meanwhile."""

import warnings

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad import nn
from minigrad.utils.checkpoint import checkpoint, checkpoint_sequential


def model():
    minigrad.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 3))


def gradients(call):
    m, x = model(), minigrad.arange(8.0).view(2, 4).requires_grad_()
    minigrad.manual_seed(1)
    y = call(m, x * 1)
    (y * y).sum().backward()
    return y, x.grad, [p.grad for p in m.parameters()], minigrad.rand(1)


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: checkpoint(m, x, use_reentrant=False),
        lambda m, x: checkpoint(m, x, use_reentrant=True),
        lambda m, x: checkpoint(m, input=x, use_reentrant=False),
        lambda m, x: checkpoint(lambda d: {"y": [m(d["x"])]}, {"x": x}, use_reentrant=False)["y"][
            0
        ],
        lambda m, x: checkpoint_sequential(m, 2, x, use_reentrant=False),
        lambda m, x: checkpoint_sequential(list(m), 4, x, use_reentrant=True),
        lambda m, x: checkpoint(
            lambda x: checkpoint(m, x, use_reentrant=True), x, use_reentrant=True
        ),
        lambda m, x: checkpoint(
            lambda: m(x), use_reentrant=False
        ),  # x reaches it past the arguments
    ],
)
def test_the_same_as_without(call):
    expected, found = gradients(lambda m, x: m(x)), gradients(call)
    assert_close(found[0], expected[0])
    assert_close(found[1], expected[1])
    for a, b in zip(found[2], expected[2], strict=True):
        assert_close(a, b)
    assert found[3].item() == expected[3].item()  # the second run leaves the generator alone


def test_parameters_alone_want_a_gradient():
    m, x = model(), minigrad.ones(2, 4)
    y = checkpoint(m, x, use_reentrant=False)
    found = minigrad.autograd.grad(y.sum(), list(m.parameters()))
    assert [g.shape for g in found] == [p.shape for p in m.parameters()]
    assert all(p.grad is None for p in m.parameters())


def test_nothing_wants_a_gradient():
    assert not checkpoint(minigrad.exp, minigrad.ones(2), use_reentrant=False).requires_grad
    x = minigrad.ones(2, requires_grad=True)
    with minigrad.no_grad():
        assert not checkpoint(minigrad.exp, x, use_reentrant=False).requires_grad
    y, n = checkpoint(lambda x: (x.exp(), x.argmax()), x, use_reentrant=False)
    assert y.requires_grad and not n.requires_grad


def test_second_derivatives():
    x = minigrad.tensor([0.5, 2.0], dtype=minigrad.float64, requires_grad=True)
    w = minigrad.tensor([3.0, -1.0], dtype=minigrad.float64, requires_grad=True)
    minigrad.autograd.gradcheck(
        lambda x, w: checkpoint(lambda x: (x * w).sin(), x, use_reentrant=False), (x, w)
    )
    minigrad.autograd.gradgradcheck(
        lambda x, w: checkpoint(lambda x: (x * w).sin(), x, use_reentrant=False), (x, w)
    )


@pytest.mark.parametrize("reentrant", [False, True])
def test_what_is_saved_is_only_the_input(reentrant):
    """The function runs twice, and between the runs nothing of the first is alive."""
    import gc
    import weakref

    made = []

    def function(x):
        y = x.exp()
        made.append(weakref.ref(y))
        return (y * y).sum()

    x = minigrad.ones(5, requires_grad=True)
    y = checkpoint(function, x, use_reentrant=reentrant)
    gc.collect()
    assert [r() for r in made] == [None]
    y.backward()
    assert len(made) == 2
    assert_close(x.grad, np.full(5, 2 * np.exp(2.0), np.float32))


def test_contexts_and_a_function_that_changes_its_mind():
    seen = []

    class Note:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            seen.append(self.name)

        def __exit__(self, *error):
            seen.append("end")

    x = minigrad.ones(2, requires_grad=True)
    y = checkpoint(
        minigrad.exp, x, use_reentrant=False, context_fn=lambda: (Note("first"), Note("second"))
    )
    y.sum().backward()
    assert seen == ["first", "end", "second", "end"]
    sizes = iter((1, 2))
    y = checkpoint(lambda x: x.repeat(next(sizes)), x, use_reentrant=False)
    with pytest.raises(RuntimeError, match=r"other shapes when it ran again.*\[\[4\]\].*\[\[2\]\]"):
        y.sum().backward()


# ---------------------------------------------------------------- torch's first way


def reentrant(lib, **options):
    """Return what a part does of which only the parameters want a gradient, and one with inputs."""
    part, x = lib.nn.Linear(2, 2), lib.ones(1, 2, requires_grad=True)
    checkpoint = lib.utils.checkpoint.checkpoint
    found = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found.append(checkpoint(part, x.detach(), **options).requires_grad)
        found += [str(w.message)[-40:] for w in caught if "None of" in str(w.message)]
        found.append(any("use_reentrant" in str(w.message) for w in caught))
        y = checkpoint(lambda x: (part(x), 3, lib.ones(1)), x, **options)
        found += [y[0].requires_grad, y[1], y[2].requires_grad]
        found += [y[0].grad_fn.name() == "CheckpointFunctionBackward"]
        for attempt in (
            lambda: lib.autograd.grad(y[0].sum(), x, retain_graph=True),
            lambda: y[0].sum().backward(inputs=[x], retain_graph=True),
            lambda: checkpoint(part, input=x, **options),
            lambda: y[0].sum().backward(),
        ):
            try:
                attempt()
                found.append(None)
            except (RuntimeError, ValueError) as error:
                found.append(str(error)[:40])
        found.append([p.grad.tolist() for p in part.parameters()])
    return found


@pytest.mark.parametrize("options", [{}, {"use_reentrant": True}])
def test_the_first_way_of_torch(torch, options):
    found = reentrant(minigrad, **options)
    assert found[:2] == [False, "requires_grad=True. Gradients will be None"[-40:]]
    assert found[2] == (not options) and found[3:7] == [True, 3, True, True]
    assert all(found[7:10]) and found[10] is None and found[11] == [[[1, 1], [1, 1]], [1, 1]]
    assert found == reentrant(torch, **options)


def test_it_needs_something_to_differentiate():
    x = minigrad.ones(2, requires_grad=True)
    y = checkpoint(lambda x: x.detach(), x, use_reentrant=True)
    with pytest.raises(RuntimeError, match="none of output has requires_grad=True"):
        y.sum().backward()
