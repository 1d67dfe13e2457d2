"""Writing in place: every way to write, leaves, views of recorded tensors (against torch)."""

import numpy as np
import pytest
from support import assert_close, compare_with_torch

import minigrad


def leaf(*values):
    return minigrad.tensor(values, requires_grad=True)


# Every way to write into a float tensor x of shape (2, 3), with values between 0.3 and 0.9.
WRITES = {
    "add_": lambda lib, x: x.add_(2),
    "add_ alpha": lambda lib, x: x.add_(x.detach() * 1, alpha=3),
    "sub_": lambda lib, x: x.sub_(lib.ones(3)),
    "mul_": lambda lib, x: x.mul_(2.0),
    "div_": lambda lib, x: x.div_(2.0),
    "div_ rounding": lambda lib, x: x.div_(0.2, rounding_mode="floor"),
    "pow_": lambda lib, x: x.pow_(2),
    "+=": lambda lib, x: x.__iadd__(1),
    "-=": lambda lib, x: x.__isub__(lib.ones(2, 3)),
    "*=": lambda lib, x: x.__imul__(3),
    "/=": lambda lib, x: x.__itruediv__(3),
    "//=": lambda lib, x: x.__ifloordiv__(0.2),
    "%=": lambda lib, x: x.__imod__(0.4),
    "**=": lambda lib, x: x.__ipow__(3),
    "fill_": lambda lib, x: x.fill_(3),
    "zero_": lambda lib, x: x.zero_(),
    "copy_": lambda lib, x: x.copy_(lib.arange(3)),
    "clamp_": lambda lib, x: x.clamp_(0.4, 0.6),
    "exp_": lambda lib, x: x.exp_(),
    "sqrt_": lambda lib, x: x.sqrt_(),
    "tanh_": lambda lib, x: x.tanh_(),
    "sigmoid_": lambda lib, x: x.sigmoid_(),
    "relu_": lambda lib, x: x.relu_(),
    "neg_": lambda lib, x: x.neg_(),
    "abs_": lambda lib, x: x.abs_(),
    "round_": lambda lib, x: x.round_(),
    "masked_fill_": lambda lib, x: x.masked_fill_(x > 0.5, 7.0),
    "x[0] = 1": lambda lib, x: x.__setitem__(0, 1.0),
    "x[mask] = 1": lambda lib, x: x.__setitem__(x > 0.5, 1.0),
    "x[tensor] = x": lambda lib, x: x.__setitem__((slice(None), lib.tensor([0, 2])), x[:, :2] * 2),
    "lerp_": lambda lib, x: x.lerp_(lib.ones_like(x), 0.3),
    "addcmul_": lambda lib, x: x.addcmul_(lib.ones(3), lib.ones(2, 1), value=2),
    "scatter_add_": lambda lib, x: x.scatter_add_(1, lib.tensor([[0, 0, 2]]), x.detach()[:1] * 1),
    "cumsum_": lambda lib, x: x.cumsum_(1),
    "tril_": lambda lib, x: x.tril_(),
}
RANDOM = ("uniform_", "normal_", "bernoulli_", "random_", "exponential_")


def start():
    return np.random.default_rng(0).uniform(0.3, 0.9, (2, 3)).astype("float32")


@pytest.mark.parametrize("name", WRITES)
def test_every_write_counts_once_and_returns_the_tensor(torch, name):
    x = minigrad.tensor(start())
    before = x.data_ptr()
    result = WRITES[name](minigrad, x)
    assert result is x or "x[" in name
    assert x._version == 1
    assert x.data_ptr() == before
    theirs = torch.tensor(start())
    WRITES[name](torch, theirs)
    assert theirs._version == 1
    assert_close(x, theirs)


@pytest.mark.parametrize("name", RANDOM)
def test_random_fills_count_too(name):
    x = minigrad.zeros(50)
    assert getattr(x, name)() is x
    assert x._version == 1
    assert x.abs().sum().item() > 0


@pytest.mark.parametrize("name", WRITES)
def test_a_write_to_a_saved_tensor_is_noticed(name):
    x = minigrad.tensor(start(), requires_grad=True)
    y = x * 1
    z = y * y
    WRITES[name](minigrad, y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation") as caught:
        z.sum().backward()
    assert "[2, 3]" in str(caught.value) and "MulBackward0" in str(caught.value)
    assert x.grad is None


@pytest.mark.parametrize("name", [name for name in WRITES if name != "//="])
def test_gradients_of_writes_against_torch(torch, name):
    def function(lib, x):
        y = x * 1
        WRITES[name](lib, y)
        return y * y

    compare_with_torch(torch, function, (start().astype("float64"),), double=True)


@pytest.mark.parametrize("name", [name for name in WRITES if name != "//="])
def test_gradients_of_writes_to_a_view_against_torch(torch, name):
    """The write is to a part: its base, and another view of it, get the part's gradient."""

    def function(lib, x):
        y = x * 1
        other = y[1:, :2]
        part = y[1:4:2]
        WRITES[name](lib, part)
        return y * y, part * 2, other * 3

    compare_with_torch(
        torch, function, (np.random.default_rng(0).uniform(0.3, 0.9, (5, 3)),), double=True
    )


@pytest.mark.parametrize(
    "view",
    [
        lambda y: y[:1].expand(2, 3),
        lambda y: y[0].unfold(0, 2, 1),
        lambda y: y.as_strided((2, 2), (1, 1)),
    ],
)
def test_a_write_to_a_part_of_a_view_that_overlaps_itself(torch, view):
    def function(lib, x):
        y = x * 1
        v = view(y)
        v[0] = 5 * x[1, : v.shape[1]]
        return y * 2, v * 3

    compare_with_torch(torch, function, (np.random.default_rng(0).random((2, 3)),), double=True)


# ---------------------------------------------------------------- what may not be written to


def test_leaves():
    x = leaf(1.0, 2.0)
    for write in WRITES.values():
        y = minigrad.tensor(start(), requires_grad=True)
        with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
            write(minigrad, y)
        assert (y.detach().numpy() == start()).all() and y._version == 0
    for name in RANDOM:
        with pytest.raises(RuntimeError, match="leaf"):
            getattr(leaf(0.5, 0.5), name)()
    for view in (lambda x: x[:1], lambda x: x.view(2, 1), lambda x: x.view(2)[0]):
        with pytest.raises(RuntimeError, match="view of a leaf"):
            view(x).add_(1)
    x.detach().add_(1)
    assert x.tolist() == [2, 3]


def test_expanded_memory():
    x = minigrad.zeros(1, 3).expand(2, 3)
    for write in (
        lambda x: x.add_(1),
        lambda x: x.copy_(minigrad.ones(2, 3)),
        lambda x: x.exp_(),
        lambda x: x.normal_(),
        lambda x: x.t().mul_(2),
    ):
        with pytest.raises(RuntimeError, match="single memory location"):
            write(x)
    assert x._version == 0
    x[0].add_(1)
    assert x.tolist() == [[1] * 3] * 2


def test_read_only_memory():
    array = np.zeros(3, np.float32)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        frozen = minigrad.as_tensor(array)
    with pytest.raises(RuntimeError, match="read-only"):
        frozen.add_(1)
    assert array.tolist() == [0, 0, 0]


def test_views_made_without_a_graph():
    x = leaf(1.0, 2.0)
    y = x * 1
    with minigrad.no_grad():
        view = y[:1]
    with pytest.raises(RuntimeError, match="no_grad"):
        view.mul_(2)
    assert y.tolist() == [1, 2]


def test_shapes_and_dtypes_that_do_not_fit():
    x = minigrad.ones(2)
    for other in (minigrad.ones(3), minigrad.ones(2, 2)):
        with pytest.raises(RuntimeError):
            x.add_(other)
        with pytest.raises(RuntimeError):
            x.copy_(other)
    whole = minigrad.ones(2, dtype=minigrad.int64)
    for write in (
        lambda: whole.add_(1.5),
        lambda: whole.mul_(minigrad.ones(2)),
        lambda: whole.div_(2),
        lambda: whole.sqrt_(),
        lambda: minigrad.tensor([True]).add_(1),
    ):
        with pytest.raises(RuntimeError, match="can't be cast"):
            write()
    assert x.tolist() == [1, 1] and whole.tolist() == [1, 1]
    half = minigrad.ones(2, dtype=minigrad.float16)
    half += minigrad.ones(2, dtype=minigrad.float64)
    assert half.dtype is minigrad.float16 and half.tolist() == [2, 2]
    for wrong in (None, "a", object()):
        with pytest.raises(TypeError):
            x.add_(wrong)
        with pytest.raises(TypeError):
            x += wrong
    with pytest.raises(RuntimeError):
        x.fill_(minigrad.ones(2))


# ---------------------------------------------------------------- views of recorded tensors

# The cases of torch's CopySlices: (function of the library, x of shape (4, 3), v of shape (3,)).


def _row(lib, x, v):
    y = x * 1
    y[1].mul_(v)
    return y * y


def _constant_base(lib, x, v):
    y = lib.zeros(4, 3, dtype=lib.float64)
    y[1] = v
    y[2].add_(x[0] * v)
    return y * y


def _view_of_view(lib, x, v):
    y = x * 1
    y[1:][1:][0].mul_(v)
    y.t()[0].exp_()
    return y * y


def _read_other_view_after(lib, x, v):
    y = x * 1
    a, b = y[:2], y[1:3]
    a.mul_(v)
    return b * 2, a * 3, y * y


def _alternate(lib, x, v):
    y = x * 1
    a, b = y[:2], y[1:]
    a.mul_(v)
    b.add_(a.sum(0))
    a.sub_(v)
    b.mul_(2)
    return a * a, b * b, y * y


def _write_base_then_view(lib, x, v):
    y = x * 1
    a = y[0]
    y.mul_(v)
    a.mul_(3)
    return a * a, y * y


def _reshaped_and_permuted(lib, x, v):
    y = x * 1
    y.view(2, 6).t()[::2].mul_(2)
    y.permute(1, 0)[1].add_(v[0])
    y.reshape(12)[5:7].zero_()
    y.unsqueeze(1).squeeze(1)[3].neg_()
    return y * y


def _view_of_transpose(lib, x, v):
    y = (x * 1).t()
    y[1].mul_(2)
    y[:, 2].copy_(v)
    return y * y


def _overwrite_everything(lib, x, v):
    y = x * 1
    y[:].copy_(v)
    return y * y


def _detached_value(lib, x, v):
    y = x * 1
    y[0] = (v * 3).detach()
    return y * y


def _fill_with_recorded_scalar(lib, x, v):
    y = x * 1
    y[2].fill_(v[0])
    y[3].masked_fill_(y[3] > 0, v[1])
    return y * y


def _base_without_grad_gets_one(lib, x, v):
    y = lib.ones(4, 3, dtype=lib.float64)
    before = y[3]
    part = y[:2]
    part.mul_(x[:2])
    before.mul_(v)
    return y * y, before * 2


def _loop(lib, x, v):
    y = lib.zeros(4, 3, dtype=lib.float64)
    state = v
    for i in range(4):
        state = (state * x[i]).tanh()
        y[i] = state
    return y * v


def _stale_view_beside_a_recorded_tensor(lib, x, v):
    y = lib.zeros(4, 1, dtype=lib.float64)
    view = y[:, :]
    y.add_(x[:, :1])  # only now view is recorded, and it is broadcast below
    return v * view, view + v, lib.where(v > 0, v, view), lib.maximum(v, view)


VIEW_CASES = [
    _row,
    _constant_base,
    _view_of_view,
    _read_other_view_after,
    _alternate,
    _write_base_then_view,
    _reshaped_and_permuted,
    _view_of_transpose,
    _overwrite_everything,
    _detached_value,
    _fill_with_recorded_scalar,
    _base_without_grad_gets_one,
    _loop,
    _stale_view_beside_a_recorded_tensor,
]


@pytest.mark.parametrize("case", VIEW_CASES, ids=lambda f: f.__name__[1:])
def test_writes_to_views_against_torch(torch, case):
    if case is _base_without_grad_gets_one:
        pytest.skip("torch takes the base for a leaf")
    rng = np.random.default_rng(0)
    compare_with_torch(torch, case, (rng.normal(size=(4, 3)), rng.normal(size=3)), double=True)


@pytest.mark.parametrize("case", VIEW_CASES, ids=lambda f: f.__name__[1:])
def test_writes_to_views_against_finite_differences(case):
    rng = np.random.default_rng(0)
    x, v = [minigrad.tensor(rng.normal(size=s), requires_grad=True) for s in ((4, 3), (3,))]
    if case in (_detached_value,):
        pytest.skip("detach() is meant to hide a dependence")
    assert minigrad.autograd.gradcheck(lambda x, v: case(minigrad, x, v), (x, v))


def test_views_know_their_base():
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1
    view = y[1:][:1]
    assert view._base is y and y._base is None
    assert view.grad_fn.name() == "SliceBackward0"
    y.mul_(2)
    assert view.grad_fn is not None
    assert view.requires_grad and not view.is_leaf
    assert minigrad.ones(3)[0]._base is not None


def test_a_view_becomes_recorded_when_its_base_does():
    y = minigrad.zeros(3)
    view = y[:2]
    assert not view.requires_grad
    x = leaf(1.0, 2.0, 3.0)
    y.add_(x)
    assert view.requires_grad and not view.is_leaf
    view.sum().backward()
    assert x.grad.tolist() == [1, 1, 0]


def test_requires_grad_after_views_were_written():
    y = minigrad.zeros(3)
    view = y[:2]
    view.add_(1)
    y.requires_grad_()
    with pytest.raises(RuntimeError, match="view of a leaf"):
        view.add_(1)
    (y * 2).sum().backward()
    assert y.grad.tolist() == [2, 2, 2]


def test_random_programs_of_writes_against_torch(torch):
    """Random sequences of views, writes and reads; the two libraries must agree to the end."""

    def program(seed):
        """Writes that save nothing, so that no later write can be in the way."""

        def function(lib, x, v):
            rng = np.random.default_rng(seed)
            tensors = [x * 1, lib.ones(4, 3, dtype=lib.float64)]
            for _ in range(12):
                t = tensors[rng.integers(len(tensors))]
                kind = rng.integers(7)
                if kind == 0 and t.dim() and t.shape[0] > 1:
                    tensors.append(t[rng.integers(2) :])
                elif kind == 1 and t.dim():
                    tensors.append(t[..., rng.integers(t.shape[-1])])
                elif kind == 2 and t.dim() == 2:
                    tensors.append(t.t())
                elif kind == 3:
                    t.mul_(float(rng.uniform(0.5, 1.5)))
                elif kind == 4:
                    t.add_(v[rng.integers(3)])
                elif kind == 5:
                    t.neg_()
                else:
                    t.copy_(v[rng.integers(3)].expand_as(t))
            return tuple(t * 1.5 for t in tensors)

        return function

    rng = np.random.default_rng(0)
    x, v = rng.normal(size=(4, 3)), rng.normal(size=3)
    compared = 0
    for seed in range(80):
        try:
            program(seed)(
                torch, torch.tensor(x, requires_grad=True), torch.tensor(v, requires_grad=True)
            )
        except RuntimeError:  # torch takes a base without a gradient for a leaf
            continue
        compare_with_torch(torch, program(seed), (x, v))
        compared += 1
    assert compared > 30
