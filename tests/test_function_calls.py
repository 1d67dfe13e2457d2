"""autograd.Function: keyword arguments, writes in place, and under the transforms of func."""

import pytest

import minigrad
from minigrad import autograd


def leaf(*values):
    return minigrad.tensor(values, requires_grad=True)


def scaled(lib, with_context):
    """Return a Function of a tensor and a factor, which is 2 unless given."""

    class Scaled(lib.autograd.Function):
        if with_context:

            @staticmethod
            def forward(ctx, x, factor=2):
                ctx.factor = factor
                return x * factor

        else:

            @staticmethod
            def forward(x, factor=2):
                return x * factor

            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.factor = inputs[1]

        @staticmethod
        def backward(ctx, grad):
            wanted = ctx.needs_input_grad
            assert wanted[0] and not any(wanted[1:])
            return grad * ctx.factor, *(None for _ in wanted[1:])

    return Scaled


def outcome(function, *args, **kwargs):
    """Return the gradient by the first argument, or what was raised."""
    try:
        x = args[0] if args else kwargs["x"]
        function.apply(*args, **kwargs).sum().backward()
        return x.grad.tolist()
    except (TypeError, RuntimeError) as error:
        return type(error).__name__


def keyword_calls(lib, with_context):
    function = scaled(lib, with_context)
    x = [lib.ones(2, requires_grad=True) for _ in range(5)]
    return [
        outcome(function, x[0]),
        outcome(function, x[1], 3),
        outcome(function, x[2], factor=4),
        outcome(function, x=x[3]),
        outcome(function, x[4], other=5),
    ]


@pytest.mark.parametrize("with_context", [True, False])
def test_keyword_arguments(torch, with_context):
    expected = [[2, 2], [3, 3], [4, 4], [2, 2], "TypeError"]
    assert keyword_calls(minigrad, with_context) == expected == keyword_calls(torch, with_context)


def writes(lib):
    class Double(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    def attempt(make):
        try:
            x = make()
            y = Double.apply(x)
            return y is x, y.requires_grad, y.tolist()
        except RuntimeError as error:
            return str(error)

    def unrecorded():
        with lib.no_grad():
            return Double.apply(lib.ones(2, requires_grad=True)).requires_grad

    return [
        attempt(lambda: lib.ones(2, requires_grad=True)),
        attempt(lambda: lib.ones(2, requires_grad=True)[:1]),
        attempt(lambda: lib.ones(2, requires_grad=True) * 3),
        attempt(lambda: (lib.ones(2, requires_grad=True) * 3)[:1]),
        attempt(lambda: lib.ones(2)),
        unrecorded(),
    ]


def test_a_function_may_not_write_to_a_leaf(torch):
    found = writes(minigrad)
    assert found[0] == (
        "a leaf Variable that requires grad has been used in an in-place operation."
    )
    assert found[2:] == [(True, True, [6, 6]), (True, True, [6]), (True, False, [2, 2]), False]
    assert found == writes(torch)


def test_marking_what_is_not_an_input_warns():
    class Marks(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            ctx.mark_dirty(y)
            return y

    with pytest.warns(UserWarning, match="not an input"):
        Marks.apply(leaf(1.0))


def transformed(lib, with_context):
    function = scaled(lib, with_context)
    x = lib.tensor([1.0, 2.0])
    calls = {
        "grad": lambda: lib.func.grad(lambda x: function.apply(x).sum())(x),
        "vjp": lambda: lib.func.vjp(function.apply, x)[1](x)[0],
        "jacrev": lambda: lib.func.jacrev(lambda x: function.apply(x).sum())(x),
    }
    if with_context:
        calls["vmap"] = lambda: lib.func.vmap(function.apply)(x)
    found = {}
    for name, call in calls.items():
        try:
            found[name] = call().tolist()
        except RuntimeError as error:
            found[name] = str(error)[:70]
    return found


@pytest.mark.parametrize("with_context", [True, False])
def test_transforms_want_a_setup_context(torch, with_context):
    found = transformed(minigrad, with_context)
    assert ("functorch" in found["grad"]) == with_context
    assert found == transformed(torch, with_context)
    assert scaled(minigrad, with_context).apply(leaf(1.0)).tolist() == [2], "elsewhere it may be"
