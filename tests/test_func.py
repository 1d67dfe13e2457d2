"""Transformations of functions against torch.func, and modules as functions."""

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad import func, nn

pytestmark = pytest.mark.filterwarnings("ignore:`torch:DeprecationWarning")  # of torch's own

X = np.random.default_rng(0).standard_normal((3,))
M = np.random.default_rng(1).standard_normal((2, 3))


def leaves(tree):
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in leaves(value)]
    if isinstance(tree, (list, tuple)):
        return [leaf for value in tree for leaf in leaves(value)]
    return [tree]


def cubes(x):
    return (x**3).sum()


def linear(p, x):
    return ((p["w"] @ x) ** 2).sum() + p["b"] * x.sum()


def parameters(t):
    return {"w": t.tensor(M), "b": t.tensor(2.0, dtype=t.float64)}


CASES = {
    "grad": lambda t, f: f.grad(cubes)(t.tensor(X)),
    "grad of grad": lambda t, f: f.grad(lambda x: f.grad(cubes)(x).sum())(t.tensor(X)),
    "grad by two": lambda t, f: f.grad(lambda x, y: (x * y * y).sum(), argnums=(0, 1))(
        t.tensor(X), t.tensor(X[::-1].copy())
    ),
    "grad by the second": lambda t, f: f.grad(linear, argnums=1)(parameters(t), t.tensor(X)),
    "grad by a dict": lambda t, f: f.grad(linear)(parameters(t), t.tensor(X)),
    "grad with aux": lambda t, f: f.grad(lambda x: (cubes(x), {"y": x * 2}), has_aux=True)(
        t.tensor(X)
    ),
    "grad and value": lambda t, f: f.grad_and_value(cubes)(t.tensor(X)),
    "an unused argument": lambda t, f: f.grad(lambda x, y: x.sum(), argnums=(0, 1))(
        t.tensor(X), t.tensor(M)
    ),
    "vjp": lambda t, f: f.vjp(lambda x: t.tensor(M) @ x, t.tensor(X))[1](t.ones(2).double()),
    "vjp of two": lambda t, f: f.vjp(lambda x, y: (x * y, x.sin()), t.tensor(X), t.tensor(X))[1](
        (t.tensor(X), t.tensor(X))
    ),
    "vjp with aux": lambda t, f: f.vjp(lambda x: (x * 2, x.sin()), t.tensor(X), has_aux=True)[2],
    "jvp": lambda t, f: f.jvp(lambda x, y: x.sin() * y, (t.tensor(X),) * 2, (t.tensor(X),) * 2),
    "jacrev": lambda t, f: f.jacrev(lambda x: t.tensor(M) @ x.sin())(t.tensor(X)),
    "jacfwd": lambda t, f: f.jacfwd(lambda x: t.tensor(M) @ x.sin())(t.tensor(X)),
    "jacrev by a dict": lambda t, f: f.jacrev(lambda p, x: p["w"] @ x)(parameters(t), t.tensor(X)),
    "jacrev of a dict": lambda t, f: f.jacrev(lambda x: {"a": x * x, "b": x.sum()})(t.tensor(X)),
    "jacrev by two": lambda t, f: f.jacrev(lambda x, y: x * y, argnums=(0, 1))(
        t.tensor(X), t.tensor(X)
    ),
    "hessian": lambda t, f: f.hessian(cubes)(t.tensor(X)),
    "hessian of a network": lambda t, f: f.hessian(
        lambda x: (t.tensor(M) @ x).tanh().sum() * x.sum()
    )(t.tensor(X)),
    "vmap": lambda t, f: f.vmap(t.dot)(t.tensor(M), t.tensor(M)),
    "vmap over columns": lambda t, f: f.vmap(lambda x: x.sum() * x, in_dims=1, out_dims=1)(
        t.tensor(M)
    ),
    "vmap with a constant": lambda t, f: f.vmap(t.mv, in_dims=(None, 0))(
        t.tensor(M), t.eye(3).double()
    ),
    "vmap of several": lambda t, f: f.vmap(lambda x: (x, x.sum()), out_dims=(1, 0))(t.tensor(M)),
    "vmap of vmap": lambda t, f: f.vmap(f.vmap(lambda x, y: x * y, (0, None)), (None, 0))(
        t.tensor(M), t.tensor(X)
    ),
    "vmap to a dict": lambda t, f: f.vmap(
        lambda x: {"a": x, "b": x.sum()}, out_dims={"a": 1, "b": 0}
    )(t.tensor(M)),
    "vmap to one": lambda t, f: f.vmap(lambda x: x * 2, out_dims=(1,))(t.tensor(M)),
    "vmap to a constant": lambda t, f: f.vmap(lambda x: t.ones(2), out_dims=None)(t.tensor(M)),
    "the same numbers": lambda t, f: f.vmap(
        lambda x: x + t.rand(3) - t.rand(3), randomness="same"
    )(t.tensor(M)).diff(dim=0),
    "per-sample gradients": lambda t, f: f.vmap(f.grad(linear), in_dims=(None, 0))(
        parameters(t), t.tensor(M)
    ),
    "ensemble": lambda t, f: f.vmap(lambda p, x: p["w"] @ x, in_dims=(0, None))(
        {"w": t.stack([t.tensor(M), t.tensor(M) * 2])}, t.tensor(X)
    ),
    "jacobian by vmap": lambda t, f: f.vmap(f.vjp(lambda x: x.sin() * 2, t.tensor(X))[1])(
        t.eye(3).double()
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_torchs(torch, case):
    ours, theirs = CASES[case](minigrad, func), CASES[case](torch, torch.func)
    assert type(ours) is type(theirs) or isinstance(theirs, torch.Tensor)
    for a, b in zip(leaves(ours), leaves(theirs), strict=True):
        assert_close(a, b)
        assert a.requires_grad == b.requires_grad
        assert not a.requires_grad


def test_what_is_around_is_differentiated_too(torch):
    found = []
    for lib in (minigrad, torch):
        w = lib.tensor(X, requires_grad=True)
        x = lib.tensor(X[::-1].copy())
        results = [
            lib.func.grad(lambda x, w=w: (x * x * w).sum())(x),
            lib.func.jacrev(lambda x, w=w: x * x * w)(x),
            lib.func.grad(cubes)(w),
            lib.func.vjp(lambda x, w=w: x * w, x)[1](x)[0],
            lib.func.hessian(lambda x, w=w: (x**3 * w).sum())(x),
            lib.func.vmap(lambda x, w=w: x * w.sum())(x),
        ]
        assert all(r.requires_grad for r in results)
        loss = sum((r**2).sum() for r in results)
        found.append((*results, *lib.autograd.grad(loss, w)))
    for a, b in zip(*found, strict=True):
        assert_close(a, b)


def test_without_grad_mode():
    w = minigrad.ones(2, requires_grad=True)
    with minigrad.no_grad():
        found = func.grad(cubes)(w)
        value = func.jacrev(lambda x: x * w)(minigrad.ones(2))
    assert found.tolist() == [3, 3]
    assert not found.requires_grad and not value.requires_grad
    assert w.grad is None


def test_a_physics_informed_step(torch):
    """Derivatives of a network by its input, in a loss that trains the network."""
    found = []
    for lib in (minigrad, torch):
        lib.manual_seed(0)
        net = lib.nn.Sequential(lib.nn.Linear(1, 8), lib.nn.Tanh(), lib.nn.Linear(8, 1))
        params = dict(net.named_parameters())

        def u(x, p, lib=lib, net=net):
            return lib.func.functional_call(net, p, (x.reshape(1),)).squeeze()

        x = lib.linspace(0, 1, 5)
        slope = lib.func.vmap(lib.func.grad(u), in_dims=(0, None))
        loss = ((slope(x, params) - x) ** 2).mean()
        loss.backward()
        found.append([loss, *(p.grad for p in net.parameters() if p.grad is not None)])
    for a, b in zip(*found, strict=False):
        assert_close(a, b, rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------- modules


def test_functional_call(torch):
    found = []
    for lib in (minigrad, torch):
        lib.manual_seed(0)
        net = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Linear(4, 2))
        net, x = net.double(), lib.tensor(M)
        params = {k: v.detach() * 2 for k, v in net.named_parameters()}
        buffers = {k: v.clone() for k, v in net.named_buffers()}

        def loss(p, b, net=net, x=x, lib=lib):
            return (lib.func.functional_call(net, (p, b), (x,)) ** 2).sum()

        grads = lib.func.grad(loss)(params, buffers)
        assert int(net[1].num_batches_tracked) == 0
        assert int(buffers["1.num_batches_tracked"]) == 1
        found.append(
            [*grads.values(), lib.func.functional_call(net, {"2.bias": params["2.bias"]}, x)]
        )
        assert all(isinstance(p, lib.nn.Parameter) for p in net.parameters())
    for a, b in zip(*found, strict=True):
        assert_close(a, b)


def test_functional_call_with_tied_weights_and_errors():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(2, 2, bias=False)
            self.b = nn.Linear(2, 2, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x, scale=1):
            return self.b(self.a(x)) * scale

    net, twice, x = Tied(), {"a.weight": minigrad.eye(2) * 2}, minigrad.ones(2)
    before = net(x).tolist()
    assert func.functional_call(net, twice, x, {"scale": 3}).tolist() == [12, 12]
    half = func.functional_call(net, twice, x, tie_weights=False)
    assert half.tolist() == pytest.approx([2 * v for v in net.b(x).tolist()])
    assert net(x).tolist() == before
    assert func.functional_call(net, {"c": x}, x).tolist() == before
    with pytest.raises(RuntimeError, match=r"no parameter or buffer \['c'\]"):
        func.functional_call(net, {"c": x}, x, strict=True)
    with pytest.raises(RuntimeError, match=r"missing \['b.weight'\]"):
        func.functional_call(net, twice, x, strict=True)
    with pytest.raises(RuntimeError, match="shapes"):
        func.functional_call(net, {"a.weight": minigrad.ones(5, 7)}, x)
    assert net(x).tolist() == before


def test_an_ensemble():
    models = [nn.Linear(2, 3) for _ in range(4)]
    params, buffers = func.stack_module_state(models)
    assert list(params) == ["weight", "bias"] and buffers == {}
    assert params["weight"].requires_grad and params["weight"].is_leaf
    x = minigrad.ones(5, 2)
    out = func.vmap(lambda p: func.functional_call(models[0], p, x))(params)
    for i, model in enumerate(models):
        assert_close(out[i], model(x))


ONES = minigrad.ones(2)


@pytest.mark.parametrize(
    ("error", "match", "run"),
    [
        (RuntimeError, "got tensor with 1 dims", lambda: func.grad(lambda x: x)(ONES)),
        (RuntimeError, "to return a Tensor, got", lambda: func.grad(lambda x: (x, x))(ONES)),
        (ValueError, "must be Tensor, got <class 'float'>", lambda: func.grad(cubes)(3.0)),
        (RuntimeError, "argnum=1, but only 1", lambda: func.grad(cubes, argnums=1)(ONES)),
        (RuntimeError, "has_aux is True", lambda: func.grad(cubes, has_aux=True)(ONES)),
        (RuntimeError, "floating point", lambda: func.grad(cubes)(minigrad.ones(2).long())),
        (RuntimeError, "to be tuples", lambda: func.jvp(cubes, ONES, ONES)),
        (RuntimeError, "size", lambda: func.jvp(cubes, (ONES,), (minigrad.ones(3),))),
        (RuntimeError, "shape", lambda: func.vjp(lambda x: x * 2, ONES)[1](minigrad.ones(3))),
        (ValueError, "expected `in_dims`", lambda: func.vmap(cubes, in_dims=(0, 0))(ONES)),
        (ValueError, "expected `in_dims`", lambda: func.vmap(cubes, in_dims=None)(ONES)),
        (ValueError, r"sizes \[2, 3\]",
         lambda: func.vmap(minigrad.add)(ONES, minigrad.ones(3))),
        (ValueError, "non-Tensor arguments", lambda: func.vmap(cubes)(3)),
        (ValueError, "dimensionality 0", lambda: func.vmap(cubes)(minigrad.tensor(3.0))),
        (ValueError, "must only return Tensors, got type <class 'int'>",
         lambda: func.vmap(lambda x: 3)(ONES)),
        (RuntimeError, "Only allowed values", lambda: func.vmap(cubes, randomness="x")),
        (RuntimeError, "called random operation",
         lambda: func.vmap(lambda x: x + minigrad.rand(1))(ONES)),
        (RuntimeError, "argnums must be int or", lambda: func.grad(cubes, argnums=[0])(ONES)),
        (RuntimeError, "argnum must be int", lambda: func.jacrev(cubes, argnums=("a",))(ONES)),
        (RuntimeError, "must be non-empty", lambda: func.grad(cubes, argnums=())(ONES)),
        (RuntimeError, "must be unique",
         lambda: func.grad(minigrad.dot, argnums=(0, -2))(ONES, ONES)),
        (RuntimeError, "unsupported type <class 'int'>",
         lambda: func.grad(lambda x: (x.sum(), 3), has_aux=True)(ONES)),
        (RuntimeError, "structure of cotangents",
         lambda: func.vjp(lambda x: (x, x), ONES)[1](ONES)),
        (RuntimeError, "structure of cotangents",
         lambda: func.vjp(lambda x: [x, x], ONES)[1]((ONES, ONES))),
        (RuntimeError, "same python structure", lambda: func.jvp(cubes, (ONES,), (ONES, ONES))),
        (RuntimeError, "at least one Tensor", lambda: func.jvp(lambda: ONES, (), ())),
        (ValueError, "greater than 0", lambda: func.jacrev(cubes, chunk_size=0)),
        (RuntimeError, "Only allowed values", lambda: func.jacfwd(cubes, randomness="x")),
        (ValueError, "greater than 0", lambda: func.vmap(cubes, chunk_size=0)),
        (ValueError, "got no inputs", lambda: func.vmap(lambda: ONES)()),
        (ValueError, "at least one Tensor", lambda: func.vmap(cubes, in_dims=(None,))(ONES)),
        (ValueError, "either an integer", lambda: func.vmap(cubes, in_dims=("a",))(ONES)),
        (ValueError, "in_dims has", lambda: func.vmap(lambda d: d["a"], in_dims=({"b": 0},))(
            {"a": ONES})),
        (ValueError, "out_dims is not compatible",
         lambda: func.vmap(lambda x: (x, x), out_dims=(0,))(ONES)),
        (ValueError, "need an out_dim",
         lambda: func.vmap(lambda x: x, out_dims=None)(minigrad.arange(3.0))),
        (ValueError, "to be a dict", lambda: func.functional_call(nn.ReLU(), 3, ONES)),
        (ValueError, "to be dictionaries", lambda: func.functional_call(nn.ReLU(), [3], ONES)),
        (ValueError, r"\['weight'\] appeared in multiple", lambda: func.functional_call(
            nn.Linear(2, 1), ({"weight": ONES}, {"weight": ONES}), ONES)),
        (RuntimeError, "same training/eval mode",
         lambda: func.stack_module_state([nn.ReLU(), nn.ReLU().eval()])),
        (RuntimeError, "at least one model", lambda: func.stack_module_state([])),
        (RuntimeError, "same class",
         lambda: func.stack_module_state([nn.Linear(1, 1), nn.ReLU()])),
    ],
)  # fmt: skip
def test_errors(error, match, run):
    with pytest.raises(error, match=match):
        run()


def test_batch_norms_that_keep_no_statistics():
    x = minigrad.randn(8, 3)
    network = nn.Sequential(nn.BatchNorm1d(3), nn.InstanceNorm1d(3, track_running_stats=True))
    assert func.replace_all_batch_norm_modules_(network) is network
    norm = network[0].eval()
    assert norm.running_mean is norm.running_var is norm.num_batches_tracked is None
    assert network[1].running_mean is not None
    assert_close(norm(x), nn.functional.batch_norm(x, None, None, training=True).detach())


@pytest.mark.filterwarnings("ignore:Attempted to insert")  # of torch's tracer
def test_linearize(torch):
    found = []
    for lib in (minigrad, torch):
        x, y = lib.tensor([1.0, 2.0]), lib.tensor([3.0, 4.0])
        out, moved = lib.func.linearize(lambda x, y: (x * y).sin(), x, y)
        found.append([out.tolist(), moved(x, y).tolist(), moved(y, x).tolist()])
    np.testing.assert_allclose(*found, rtol=1e-6)
