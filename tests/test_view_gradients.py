"""Where gradients go after a write through a view: to the base and the view as they are now.

Of the base torch says "the old base with a part replaced" (CopySlices), and of the view that it
was read from there (AsStridedBackward0).  The expectations are recorded from torch, and compared
with it where it is installed.
"""

import pytest

import minigrad


def leaf(lib, *shape):
    return lib.arange(1.0, 1 + lib.Size(shape).numel()).reshape(shape).requires_grad_()


def gradients(lib, out, *inputs):
    """Return the gradient of the sum of squares of ``out`` for each of ``inputs``; None: unused."""
    found = lib.autograd.grad(out.square().sum(), inputs, allow_unused=True, retain_graph=True)
    return [None if g is None else g.tolist() for g in found]


def names(*tensors):
    return [t.grad_fn.name().removeprefix("torch::autograd::") for t in tensors]


def written_view(lib):
    x = leaf(lib, 2, 2)
    b = x * 1
    v = b[0]
    v.mul_(2)
    return names(b, v), gradients(lib, b, b, v, x)


def written_view_of_a_view(lib):
    x = leaf(lib, 2, 2)
    b = x * 1
    v = b[0]
    w = v[1:]
    w.mul_(3)
    assert w._base is b and v._base is b
    return names(b, v, w), gradients(lib, v, b, v, w, x)


def view_written_twice(lib):
    x = leaf(lib, 2, 2)
    b = x * 1
    v = b.t()
    v.mul_(2)
    v.add_(1)
    return names(b, v), b._version, gradients(lib, v, b, v, x)


def base_that_wanted_no_gradient(lib):
    y, b = leaf(lib, 2), lib.ones(2, 2)
    v, w = b[0], b[1]
    v.copy_(y)
    return names(b, v, w), gradients(lib, b, b, v, w, y), gradients(lib, v, b, v, y)


def overwritten_by_a_number(lib):
    x = leaf(lib, 2, 2)
    b = x * 1
    v = b.diagonal()
    v.fill_(0.5)
    y = x * 1
    y.zero_()
    return names(b, v, y), gradients(lib, b, b, v, x), gradients(lib, v, b, x)


def gradients_that_are_kept(lib):
    x = leaf(lib, 2, 2)
    b = x * 1
    v = b[0]
    v.retain_grad()
    b.retain_grad()
    v.mul_(2)
    b.sum().backward()
    return b.grad.tolist(), v.grad, x.grad.tolist()


def gradients_that_are_kept_of_what_was_written(lib):
    x = leaf(lib, 2, 2)
    b = x * 1
    v = b[0]
    v.mul_(2)
    v.retain_grad()
    b.retain_grad()
    (v * v).sum().backward()
    return b.grad.tolist(), v.grad.tolist(), x.grad.tolist()


def hooks_of_what_was_written(lib):
    x = leaf(lib, 2, 2)
    b, seen = x * 1, []
    v = b[0]
    v.mul_(2)
    v.register_hook(lambda g: seen.append(g.tolist()))
    b.register_hook(lambda g: seen.append(g.tolist()))
    (v.sum() * 2 + b.sum()).backward()
    return seen, x.grad.tolist()


def a_base_with_gaps(lib):
    x = leaf(lib, 3, 4)
    b = (x * 1).t()[1:]
    v = b[:, 1:]
    v.mul_(2)
    return names(v), gradients(lib, b, v, x)


COPIED = ["CopySlices", "AsStridedBackward0"]
RECORDED = {
    written_view: (COPIED, [[[4, 8], [6, 8]], None, [[8, 16], [6, 8]]]),
    written_view_of_a_view: (
        [*COPIED, "AsStridedBackward0"],
        [[[2, 12], [0, 0]], [2, 12], None, [[2, 36], [0, 0]]],
    ),
    view_written_twice: (
        COPIED,
        2,
        [[[6, 10], [14, 18]], [[6, 14], [10, 18]], [[12, 20], [28, 36]]],
    ),
    base_that_wanted_no_gradient: (
        [*COPIED, "AsStridedBackward0"],
        [[[2, 4], [2, 2]], None, None, [2, 4]],
        [[[2, 4], [0, 0]], [2, 4], [2, 4]],
    ),
    overwritten_by_a_number: (
        [*COPIED, "ZeroBackward0"],
        [[[1, 4], [6, 1]], None, [[0, 4], [6, 0]]],
        [[[1, 0], [0, 1]], [[0, 0], [0, 0]]],
    ),
    gradients_that_are_kept: ([[1, 1], [1, 1]], None, [[2, 2], [1, 1]]),
    gradients_that_are_kept_of_what_was_written: (
        [[4, 8], [0, 0]],
        [4, 8],
        [[8, 16], [0, 0]],
    ),
    hooks_of_what_was_written: ([[2, 2], [[3, 3], [1, 1]]], [[6, 6], [1, 1]]),
    a_base_with_gaps: (
        ["AsStridedBackward0"],
        [None, [[0, 4, 6, 8], [0, 48, 56, 64], [0, 80, 88, 96]]],
    ),
}


@pytest.mark.parametrize("program", RECORDED)
def test_gradients_after_a_write_through_a_view(program):
    assert program(minigrad) == RECORDED[program]


def test_the_expectations_are_torchs(torch):
    for program, expected in RECORDED.items():
        assert program(torch) == expected, program.__name__


def test_which_tensors_are_views():
    x = minigrad.ones(2, 2, requires_grad=True)
    views = [x[0], x.t(), x.view(-1), x.reshape(-1), x.expand(3, 2, 2), x.unbind()[0], x[None]]
    assert all(v._is_view() and v._base is x for v in views)
    assert not any(t._is_view() for t in (x, x * 1, x.detach(), x.data, x[[0]]))
