"""Views that an in-place write, or a change of their base, makes special (against torch)."""

import pytest

import minigrad


def custom(lib, forward):
    """Return a Function with this forward, whose backward gives ten times the gradient."""

    def backward(ctx, *grads):
        return grads[0] * 10

    parts = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("B", (lib.autograd.Function,), parts)


CUSTOM = {
    "a view": lambda ctx, x: x.view(-1),
    "the input": lambda ctx, x: x,
    "a view of something new": lambda ctx, x: (x * 2).view(-1),
    "two outputs": lambda ctx, x: (x.view(-1), x * 2),
}
SEVERAL = {
    "split": lambda x: x.split(2),
    "split with sizes": lambda x: x.split([1, 3]),
    "split in one": lambda x: x.split(4),
    "chunk": lambda x: x.chunk(2),
    "unbind": lambda x: x.unbind(0),
    "iteration": list,
    "a view of a part": lambda x: [part.view(-1) for part in x.split(2)],
}
WRITES = {
    "to the view": lambda lib, base, view: view.mul_(3),
    "to an item of the view": lambda lib, base, view: view.view(-1).__setitem__(0, 2.0),
    "copy_ to the view": lambda lib, base, view: view.copy_(lib.ones(view.shape)),
    "to the base": lambda lib, base, view: base.mul_(3),
    "to another view of the base": lambda lib, base, view: base[1:].mul_(3),
    "of what wants a gradient": lambda lib, base, view: view.mul_(
        lib.ones(view.shape, requires_grad=True)
    ),
}
BASES = {
    "computed": lambda lib: lib.ones(4, requires_grad=True) * 1,
    "a leaf": lambda lib: lib.ones(4, requires_grad=True),
    "a leaf that wants no gradient": lambda lib: lib.ones(4),
}


def outcome(program):
    """Return what a program returns; or, of the error it raises, the class and the first words."""
    try:
        return program()
    except RuntimeError as error:
        text = str(error).replace("Output 1", "Output 0").replace("Select is", "View is")
        return "RuntimeError " + text.split("inplace")[0].split(".")[0]


def agree(torch, program):
    theirs = outcome(lambda: program(torch))
    ours = outcome(lambda: program(minigrad))
    assert ours == theirs


def used(lib, view):
    """Return what shows that the gradient of ``view`` goes the right way."""
    out = view * 2
    return out.tolist(), out.requires_grad, view.requires_grad


@pytest.mark.parametrize("grad_mode", [True, False])
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("function", CUSTOM)
def test_a_write_never_goes_past_a_custom_backward(torch, function, write, base, grad_mode):
    def program(lib):
        x = BASES[base](lib)
        y = custom(lib, CUSTOM[function]).apply(x)
        y = y[0] if isinstance(y, tuple) else y
        with lib.set_grad_enabled(grad_mode):
            WRITES[write](lib, x, y)
        return used(lib, y)

    agree(torch, program)


def test_the_backward_of_a_function_that_returns_a_view_is_not_lost():
    for forward in CUSTOM["a view"], CUSTOM["the input"]:
        x = minigrad.ones(2, requires_grad=True)
        z = x * 1
        y = custom(minigrad, forward).apply(z)
        y.sum().backward()
        assert x.grad.tolist() == [10.0, 10.0]
        z.mul_(3)
        assert y.requires_grad and y.detach().tolist() == [3.0, 3.0]
        with minigrad.no_grad():
            assert (y * 2).tolist() == [6.0, 6.0]
        with pytest.raises(
            RuntimeError,
            match=r"Output 0 of B is a view and its base or another view of its base has been "
            "modified inplace. This view was created inside a custom Function",
        ):
            y.sum()


@pytest.mark.parametrize("grad_mode", [True, False])
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("several", SEVERAL)
def test_views_made_together_are_not_written_to(torch, several, write, base, grad_mode):
    def program(lib):
        x = BASES[base](lib)
        y = SEVERAL[several](x)[0]
        with lib.set_grad_enabled(grad_mode):
            WRITES[write](lib, x, y)
        return used(lib, y)

    agree(torch, program)


def test_the_error_of_views_made_together():
    first, second = (minigrad.ones(4, requires_grad=True) * 1).split(2)
    assert first.grad_fn.name() == "SplitBackward0"
    assert first.grad_fn is second.grad_fn
    with pytest.raises(
        RuntimeError,
        match=r"Output 1 of Split is a view and is being modified inplace. This view is the output "
        "of a function that returns multiple views.",
    ):
        second.mul_(2)
    x = minigrad.ones(4)
    for row in x:
        row.mul_(3)
    assert x.tolist() == [3.0] * 4


# ---------------------------------------------------------------- views older than requires_grad

VIEWS = {
    "before requires_grad_": lambda lib, y: (y[:2], y.requires_grad_())[0],
    "before, used": lambda lib, y: (y[:2], (y[:2] * 2), y.requires_grad_())[0],
    "before, written to": lambda lib, y: (y[:2], y.add_(1), y.requires_grad_())[0],
    "before, no grad": lambda lib, y: (no_grad(lib, lambda: y[:2]), y.requires_grad_())[0],
    "after, no grad": lambda lib, y: no_grad(lib, lambda: y.requires_grad_()[:2]),
    "wants a gradient itself": lambda lib, y: (y[:2].requires_grad_(), y.requires_grad_())[0],
    "back": lambda lib, y: (y[:2], y.requires_grad_(), y.requires_grad_(False))[0],
}
LATER = {
    "nothing": lambda lib, y, v: None,
    "a write to the view": lambda lib, y, v: v.mul_(2),
    "a write to the base": lambda lib, y, v: y.mul_(2),
    "a write to the view under no_grad": lambda lib, y, v: no_grad(lib, lambda: v.add_(2)),
    "a write to the base under no_grad": lambda lib, y, v: no_grad(lib, lambda: y.add_(2)),
    "a write of what wants a gradient": lambda lib, y, v: v.mul_(lib.ones(2, requires_grad=True)),
}


def no_grad(lib, function):
    with lib.no_grad():
        return function()


@pytest.mark.filterwarnings("ignore:The .grad attribute")
@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_wants_a_gradient_when_its_base_does(torch, view, later):
    def program(lib):
        y = lib.zeros(3)
        v = VIEWS[view](lib, y)
        LATER[later](lib, y, v)
        wanted = v.requires_grad, (v * 2).requires_grad, v[:1].requires_grad
        if wanted[0]:
            (v * 3).sum().backward()
        return wanted, v.is_leaf, *[None if x.grad is None else x.grad.tolist() for x in (y, v)]

    agree(torch, program)


def test_such_a_view_is_no_leaf_that_gets_a_gradient():
    y = minigrad.zeros(3)
    v = y[:2]
    y.requires_grad_()
    assert v.requires_grad and v.is_leaf
    weight = minigrad.ones(2, requires_grad=True)
    (v * weight + 1).sum().backward()
    assert y.grad is None and v.grad is None and weight.grad.tolist() == [0.0, 0.0]
    with minigrad.no_grad():
        assert v.numpy().tolist() == [0.0, 0.0]
        v.add_(2)
    v.sum().backward()  # after a write it is read from its base again
    assert y.grad.tolist() == [1.0, 1.0, 0.0]


# ---------------------------------------------------------------- retain_grad

RETAINED = {
    "mul_": lambda lib, z: z.mul_(3),
    "copy_": lambda lib, z: z.copy_(lib.ones(4)),
    "setitem": lambda lib, z: z.__setitem__(0, 3.0),
    "fill_": lambda lib, z: z.fill_(2.0),
    "uniform_ and back": lambda lib, z: z.uniform_().fill_(1.0),
    "neg_ twice": lambda lib, z: z.neg_().neg_(),
    "a view": lambda lib, z: z[1:].mul_(3),
    "under no_grad": lambda lib, z: no_grad(lib, lambda: z.mul_(3)),
    "retained again": lambda lib, z: (z.mul_(3), z.retain_grad(), z.mul_(2)),
    "a custom Function": lambda lib, z: custom(lib, double_in_place).apply(z),
}


def double_in_place(ctx, x):
    ctx.mark_dirty(x)
    return x.mul_(2)


@pytest.mark.parametrize("write", RETAINED)
def test_the_gradient_that_is_retained_is_that_of_the_newest_value(torch, write):
    def program(lib):
        x = lib.ones(4, requires_grad=True)
        z = x * 2
        z.retain_grad()
        seen = []
        z.register_hook(lambda grad: seen.append(grad.tolist()))  # of the value as it is now
        RETAINED[write](lib, z)
        (z + z).sum().backward()
        return z.grad.tolist(), seen, x.grad.tolist(), z.retains_grad

    agree(torch, program)


def test_retained_gradients_of_views(torch):
    def program(lib, write):
        z = lib.ones(4, requires_grad=True) * 2
        view = z[:2]
        view.retain_grad()
        write(z, view)
        (view * view).sum().backward()
        return view.grad.tolist()

    for write in lambda z, v: z.mul_(3), lambda z, v: v.mul_(3), lambda z, v: z[1:].mul_(3):
        agree(torch, lambda lib, write=write: program(lib, write))


def test_retain_grad_and_writes_without_torch():
    z = minigrad.ones(3, requires_grad=True) * 2
    z.retain_grad()
    old = z + 1
    z.mul_(3)
    (z + old).sum().backward()
    assert z.grad.tolist() == [1.0, 1.0, 1.0]


def test_a_custom_function_that_writes_to_a_view_is_in_the_history_of_the_base(torch):
    def program(lib):
        x = lib.ones(4, requires_grad=True)
        z = x * 1
        custom(lib, double_in_place).apply(z[:2])
        z.sum().backward()
        return x.grad.tolist()

    agree(torch, program)


# ---------------------------------------------------------------- memory that is shared

OVERLAPS = {
    "shifted": lambda x: x[1:].add_(x[:-1]),
    "shifted back": lambda x: x[:-1].sub_(x[1:]),
    "transposed": lambda x: x.view(3, 3).mul_(x.view(3, 3).t()),
    "the same layout": lambda x: x.view(3, 3).t().mul_(x.view(3, 3).t()),
    "itself": lambda x: x.mul_(x),
    "one element": lambda x: x.mul_(x[0]),
    "a row": lambda x: x.view(3, 3).mul_(x[:3]),
    "another row": lambda x: x[:3].mul_(x[3:6]),
    "interleaved": lambda x: x[::2][:4].mul_(x[1::2]),
    "copy_": lambda x: x[1:].copy_(x[:-1]),
    "copy_ of another dtype": lambda x: x[1:].copy_(x[:-1].double()),
    "setitem": lambda x: x.__setitem__(slice(1, None), x[:-1]),
    "atan2_": lambda x: x[:4].atan2_(x[3:7]),
    "lerp_": lambda x: x[:4].lerp_(x[3:7], 0.5),
    "nothing": lambda x: x[:0].add_(x[:0]),
}
EXPANDED = {
    "fill_": lambda lib, x: x.fill_(2.0),
    "zero_": lambda lib, x: x.zero_(),
    "fill_ of a tensor": lambda lib, x: x.fill_(lib.tensor(2.0)),
    "add_": lambda lib, x: x.add_(1),
    "copy_": lambda lib, x: x.copy_(lib.ones(3)),
    "setitem": lambda lib, x: x.__setitem__(slice(None), 2.0),
    "setitem of an item": lambda lib, x: x.__setitem__(0, 2.0),
    "exp_": lambda lib, x: x.exp_(),
}


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("write", OVERLAPS)
def test_writing_to_memory_that_is_read_in_another_layout(torch, write, recorded):
    def program(lib):
        x = lib.arange(9.0)
        x = x.requires_grad_() * 1 if recorded else x
        OVERLAPS[write](x)
        return x.tolist()

    agree(torch, program)


@pytest.mark.parametrize("write", EXPANDED)
def test_writing_to_an_expanded_tensor(torch, write):
    def program(lib):
        x = lib.ones(1).expand(3)
        EXPANDED[write](lib, x)
        return x.tolist()

    agree(torch, program)


def test_writing_to_shared_memory_without_torch():
    x = minigrad.arange(3.0)
    for write in (lambda: x[1:].add_(x[:-1]), lambda: x[1:].copy_(x[:-1])):
        with pytest.raises(RuntimeError, match="refer to a single memory location"):
            write()
    assert minigrad.zeros(1).expand(3).fill_(2.0).tolist() == [2, 2, 2]
