"""Saved tensors under torch's names: ``grad_fn._saved_self`` and its kin."""

import pytest

import minigrad

# Expression of x and w, and what its node has saved.
SAVED = """
x.abs() self
x.acos() self
x.asin() self
x.atan() self
x.cos() self
x.cosh() self
F.elu(x) self
x.erf() self
x.erfc() self
F.gelu(x) self
F.hardswish(x) self
F.hardtanh(x) self
F.leaky_relu(x) self
x.log() self
x.log1p() self
x.log2() self
x.log10() self
F.silu(x) self
x.sin() self
x.sinh() self
F.softplus(x) self
F.logsigmoid(x) self
x.clamp(0,1) self
x.var() self
x.var(1) self
x**2 self
x**3 self
x.exp() result
x.exp2() result
x.expm1() result
x.log_softmax(1) result
x.reciprocal() result
x.relu() result
x.rsqrt() result
x.sigmoid() result
x.softmax(0) result
x.sqrt() result
x.tan() result
x.tanh() result
T.atan2(x,w) self other
x/w self other
x*w self other
x*w.detach() self other
x.detach()*w self other
T.hypot(x,w) self other
T.logaddexp(x,w) self other
T.maximum(x,w) self other
T.minimum(x,w) self other
T.xlogy(x,w) self other
x**w self exponent result
x@w self mat2
T.bmm(x[None],w[None]) self mat2
x.amax(0) self result
x.cumprod(0) self
x.norm() self result
x.logsumexp(1) self result
x.max() self result
x.prod() self result
x.std() self result
x.std(0) self result
F.mse_loss(x,w) self target
T.where(x>0.5,x,w) condition
x.masked_fill(x>0.5,0) mask
x.inverse() inverse
"""
CASES = [line.split(maxsplit=1) for line in SAVED.strip().splitlines()]


def make(lib, expression):
    x = lib.tensor([[0.2, 0.7], [0.4, 0.9]], requires_grad=True)
    w = lib.tensor([[0.3, 0.1], [0.8, 0.6]], requires_grad=True)
    return x, eval(expression, {"T": lib, "F": lib.nn.functional, "x": x, "w": w})


def saved(lib, expression, names):
    _, y = make(lib, expression)
    found = [getattr(y.grad_fn, f"_saved_{name}") for name in names.split()]
    return [None if t is None else t for t in found]


@pytest.mark.parametrize(("expression", "names"), CASES, ids=[case[0] for case in CASES])
def test_what_is_saved_has_torchs_name(torch, expression, names):
    ours, theirs = (saved(lib, expression, names) for lib in (minigrad, torch))
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.tolist() == pytest.approx(b.tolist()) if a.dim() == 0 else a.shape == b.shape
            assert (a.detach().numpy() == pytest.approx(b.detach().numpy(), rel=1e-5)) is True


@pytest.mark.parametrize(("expression", "names"), CASES, ids=[case[0] for case in CASES])
def test_it_is_there_until_the_graph_is_freed(expression, names):
    _, y = make(minigrad, expression)
    first = f"_saved_{names.split()[0]}"
    getattr(y.grad_fn, first)
    y.sum().backward()
    with pytest.raises(RuntimeError, match="directly access saved tensors after they have already"):
        getattr(y.grad_fn, first)


def test_inputs_are_themselves_and_results_have_their_node():
    x, y = make(minigrad, "x*w")
    assert y.grad_fn._saved_self is x
    _, y = make(minigrad, "x.exp()")
    result = y.grad_fn._saved_result
    assert result is not y and result.grad_fn is y.grad_fn and result.equal(y)


def test_others_are_no_attributes():
    _, y = make(minigrad, "x*w")
    for name in "_saved_result", "_saved_nothing":
        assert not hasattr(y.grad_fn, name)
    _, y = make(minigrad, "x+w")
    with pytest.raises(AttributeError, match="'AddBackward0' object has no attribute '_saved_sel"):
        _ = y.grad_fn._saved_self
    _, y = make(minigrad, "F.selu(x)")  # made of others, whose numbers are none of torch's
    assert not hasattr(y.grad_fn, "_saved_self")


def test_an_overwritten_tensor_is_noticed():
    _, y = make(minigrad, "(x*1).exp()")
    with minigrad.no_grad():
        y.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        _ = y.grad_fn._saved_result
