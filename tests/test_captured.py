"""When hooks run, and what they change: on the way to ``inputs``, at leaves, on unused outputs."""

import warnings

import pytest
from record_programs import run

import minigrad

KINDS = "tensor two before after retain all".split()


def listed(grads):
    if isinstance(grads, tuple):
        return [listed(g) for g in grads]
    return None if grads is None else grads.tolist()


def noting(log, name, factor=None):
    """Return a hook that notes what it gets, and multiplies the gradients that it may change."""

    def hook(grads, *outputs):
        log.append((name, listed(grads), *map(listed, outputs)))
        if factor is None:
            return None
        if isinstance(grads, tuple):
            return tuple(g if g is None else g * factor for g in grads)
        return grads * factor

    return hook


def hooked(lib, kind):
    """Return a leaf, a tensor made of it that has hooks, a scalar made of that, and the log."""
    log = []
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    w = lib.tensor([3.0, 3.0], requires_grad=True)
    y = x * w
    z = (y * y).sum()
    if kind in ("retain", "all"):
        y.retain_grad()
    if kind in ("before", "all"):
        y.grad_fn.register_prehook(noting(log, "before", 10))
    if kind in ("tensor", "two", "all"):
        y.register_hook(noting(log, "tensor", 2))
    if kind == "two":
        y.register_hook(noting(log, "tensor 2", 5))
    if kind in ("after", "all"):
        y.grad_fn.register_hook(noting(log, "after", 3))
    x.register_hook(noting(log, "leaf", 7))
    return x, y, z, log


def captured(lib, kind, wanted, accumulate):
    """Return what grad(), or backward(inputs=...), makes of ``wanted``, and what the hooks saw."""
    x, y, z, log = hooked(lib, kind)
    wanted = [{"x": x, "y": y, "z": z}[name] for name in wanted]
    if accumulate:
        z.backward(inputs=wanted)
        found = [t.grad for t in wanted]
    else:
        found = lib.autograd.grad(z, wanted)
    return [*map(listed, found)], log, y.retains_grad, listed(y.grad if y.retains_grad else None)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("wanted", ["y", "x", "xy", "yx", "zy", "yy"])
@pytest.mark.parametrize("kind", KINDS)
def test_captured_tensors_with_hooks_are_torchs(torch, kind, wanted, accumulate):
    assert captured(minigrad, kind, wanted, accumulate) == captured(torch, kind, wanted, accumulate)


def test_a_captured_gradient_is_as_hooks_of_the_tensor_leave_it():
    assert captured(minigrad, "all", "y", False)[0] == [[12, 24]], "not those of the node"
    assert captured(minigrad, "tensor", "x", False)[0] == [[2 * 7 * 18, 2 * 7 * 36]]
    assert captured(minigrad, "tensor", "xy", False)[0][1] == [6, 12], "as it arrived: it goes on"


def test_backward_with_inputs_retains_their_gradient_and_runs_their_node():
    found, log, retains, _ = captured(minigrad, "all", "y", True)
    assert found == [[12, 24]] and retains
    assert [entry[0] for entry in log] == ["tensor", "before", "after"]
    assert log[2][1] == [None, None], "no gradient goes further"


# ---------------------------------------------------------------- leaves


def order_of_hooks(lib):
    log, h = [], lib.ones(1)
    for i in range(3):
        p = lib.ones(1, requires_grad=True)
        h = h * p
        p.register_hook(noting(log, f"leaf {i}"))
        p.register_post_accumulate_grad_hook(noting(log, f"accumulated {i}"))
        h.register_hook(noting(log, f"result {i}"))
        h.grad_fn.register_hook(noting(log, f"node {i}"))
    h.backward()
    return log


def test_a_leafs_hooks_run_as_soon_as_it_has_its_gradient():
    expected = [f"{what} {i}" for i in (2, 1, 0) for what in "result node leaf accumulated".split()]
    assert [entry[0] for entry in order_of_hooks(minigrad)] == expected


def test_the_order_of_hooks_is_torchs(torch):
    assert order_of_hooks(minigrad) == order_of_hooks(torch)


def order_at_leaves(lib):
    """Two leaves with several users: each has its turn after the oldest of them."""
    log = []
    a, b = (lib.tensor(2.0, requires_grad=True) for _ in range(2))
    c = b * a
    d = c * a
    for name, v in {"a": a, "b": b, "c": c, "d": d}.items():
        v.register_hook(noting(log, name))
    (d + a + b).backward()
    return log


def test_a_leaf_with_several_users_waits_for_the_oldest(torch):
    expected = [("d", 1), ("c", 2), ("b", 5), ("a", 9)]
    assert order_at_leaves(minigrad) == expected == order_at_leaves(torch)


def test_a_step_in_a_hook_frees_the_gradient_at_once():
    model = minigrad.nn.Sequential(minigrad.nn.Linear(2, 2), minigrad.nn.Linear(2, 2))
    most = []

    def step(parameter):
        most.append(sum(p.grad is not None for p in model.parameters()))
        parameter.grad = None

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(step)
    model(minigrad.ones(1, 2)).sum().backward()
    assert most == [1, 1, 1, 1]


def test_a_walk_that_never_comes_to_the_last_user_still_calls_the_hook():
    class Cut(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, grad):
            return None

    log = []
    x = minigrad.tensor(1.0, requires_grad=True)
    x.register_hook(noting(log, "x", 2))
    (Cut.apply(x * 5) + x * 3).backward()
    assert log == [("x", 3)] and x.grad == 6


# ---------------------------------------------------------------- outputs that nobody used


def unused_output(lib):
    log = []
    a, b = lib.ones(2, requires_grad=True).exp().unbind(0)
    b.register_hook(noting(log, "b"))
    b.retain_grad()
    a.backward()
    return log, b.grad


def test_hooks_of_an_output_that_was_not_used_see_none(torch):
    assert unused_output(minigrad) == ([("b", None)], None) == unused_output(torch)


def test_such_a_gradient_can_not_be_replaced():
    a, b = minigrad.ones(2, requires_grad=True).exp().unbind(0)
    b.register_hook(lambda grad: minigrad.ones(()))
    with pytest.raises(RuntimeError, match="can't replace a None gradient"):
        a.backward()


# ---------------------------------------------------------------- warnings


def full_hook_warnings(lib, *requires_grad):
    model = lib.nn.Bilinear(2, 2, 1)
    model.register_full_backward_hook(lambda module, grad_input, grad_output: None)
    inputs = [lib.ones(1, 2, requires_grad=wanted) for wanted in requires_grad]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model(*inputs).sum().backward()
    assert all(w.filename == __file__ for w in caught if lib is minigrad)
    return [str(w.message).partition(".")[0] for w in caught]


@pytest.mark.parametrize("wanted", [(False, False), (True, False)])
def test_a_full_hook_warns_where_no_input_wants_a_gradient(torch, wanted):
    found = full_hook_warnings(minigrad, *wanted)
    assert found == full_hook_warnings(torch, *wanted)
    assert len(found) == (not any(wanted))


def test_backward_with_create_graph_warns_of_the_cycle_once(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import warnings\n"
        "import torch\n"
        "warnings.simplefilter('always')\n"
        "x = torch.tensor(2.0, requires_grad=True)\n"
        "torch.autograd.grad(x**3, x, create_graph=True)\n"
        "torch.autograd.functional.hessian(lambda x: x**3, x, create_graph=True)\n"
        "for _ in range(2):\n"
        "    with warnings.catch_warnings(record=True) as caught:\n"
        "        (x**3).backward(create_graph=True)\n"
        "    print([str(w.message)[:18] for w in caught])\n"
    )
    done = run(program, tmp_path, "-m", "minigrad", "run")
    assert done.stdout.splitlines() == ["['Using backward() w']", "[]"]
    assert done.stderr == ""
