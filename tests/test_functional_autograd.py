"""jacobian, hessian and products with vectors: against torch, and against formulas."""

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad.autograd import functional


def one(lib, x):
    return (x * x).sin().sum(1)


def scalar(lib, x, y):
    return (x.sin() * y**2).sum() + (x * x * x).mean()


def several(lib, x, y):
    return x @ y, (x * 2).sum(), lib.exp(y)


def partly(lib, x, y):
    return x * x, y.sum(0)


X = np.random.default_rng(0).standard_normal((2, 3))
Y = np.random.default_rng(1).standard_normal((3,))
V = {shape: np.random.default_rng(2).standard_normal(shape) for shape in [(2, 3), (3,), (2,), ()]}


def tensors(lib, arrays, requires_grad=False):
    found = tuple(lib.tensor(a, requires_grad=requires_grad) for a in arrays)
    return found if len(found) > 1 else found[0]


def leaves(x):
    return [x] if not isinstance(x, tuple) else [leaf for item in x for leaf in leaves(item)]


def structure(x):
    return tuple(structure(item) for item in x) if isinstance(x, tuple) else tuple(x.shape)


CASES = {
    "jacobian-one": ("jacobian", one, (X,), None),
    "jacobian-several": ("jacobian", several, (X, Y), None),
    "jacobian-partly": ("jacobian", partly, (X, Y), None),
    "hessian": ("hessian", scalar, (X, Y), None),
    "hessian-one": ("hessian", lambda lib, x: (x**3).sum(), (Y,), None),
    "vjp-one": ("vjp", one, (X,), ((2,),)),
    "vjp-several": ("vjp", several, (X, Y), ((2,), (), (3,))),
    "vjp-scalar": ("vjp", scalar, (X, Y), None),
    "jvp-one": ("jvp", one, (X,), ((2, 3),)),
    "jvp-several": ("jvp", several, (X, Y), ((2, 3), (3,))),
    "jvp-partly": ("jvp", partly, (X, Y), ((2, 3), (3,))),
    "vhp": ("vhp", scalar, (X, Y), ((2, 3), (3,))),
    "hvp": ("hvp", scalar, (X, Y), ((2, 3), (3,))),
}


def call(lib, case, create_graph):
    name, func, arrays, shapes = CASES[case]
    inputs = tensors(lib, arrays, create_graph)
    v = () if shapes is None else (tensors(lib, [V[s] for s in shapes]),)
    found = getattr(lib.autograd.functional, name)(
        lambda *args: func(lib, *args), inputs, *v, create_graph=create_graph
    )
    return inputs, found


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_it_is_torchs(torch, case, create_graph):
    results = []
    for lib in (minigrad, torch):
        inputs, found = call(lib, case, create_graph)
        again = leaves(found)
        if create_graph:
            total = sum(((x * x).sum() for x in again), lib.zeros((), dtype=lib.float64))
            again += lib.autograd.grad(total, leaves(inputs), allow_unused=True)
        results.append((structure(found), again))
    (ours_shape, ours), (theirs_shape, theirs) = results
    assert ours_shape == theirs_shape
    for a, b in zip(ours, theirs, strict=True):
        if b is None:
            assert a is None
            continue
        assert_close(a, b)
        assert a.requires_grad == b.requires_grad


def test_formulas():
    x = minigrad.tensor([1.0, 2.0, 3.0])
    matrix = minigrad.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]])
    assert functional.jacobian(lambda x: matrix @ x, x).tolist() == matrix.tolist()
    assert functional.hessian(lambda x: (x**2).prod(), x).shape == (3, 3)
    out, found = functional.jvp(lambda x: matrix @ x, x, minigrad.ones(3))
    assert found.tolist() == [3.0, 4.0]
    out, found = functional.vjp(lambda x: matrix @ x, x, minigrad.ones(2))
    assert out.tolist() == [5.0, 11.0]
    assert found.tolist() == [1.0, 3.0, 3.0]
    assert not found.requires_grad
    with minigrad.no_grad():
        assert functional.hvp(lambda x: (x**2).sum(), x, x)[1].tolist() == [2.0, 4.0, 6.0]
    assert x.grad is None
    assert functional.jacobian(lambda x: x[:0], x).shape == (0, 3)


def test_gradients_of_derivatives():
    x = minigrad.tensor([0.5, 1.5], dtype=minigrad.float64, requires_grad=True)
    v = minigrad.tensor([2.0, -1.0], dtype=minigrad.float64, requires_grad=True)

    def cubes(x):
        return x**3 * x.sum()

    assert minigrad.autograd.gradcheck(
        lambda x: functional.jacobian(cubes, x, create_graph=True), [x]
    )
    assert minigrad.autograd.gradcheck(
        lambda x, v: functional.jvp(cubes, x, v, create_graph=True)[1], [x, v]
    )
    assert minigrad.autograd.gradcheck(
        lambda x, v: functional.vhp(lambda x: cubes(x).sum(), x, v, create_graph=True)[1], [x, v]
    )


F = functional
ONES = minigrad.ones(2)


@pytest.mark.parametrize(
    ("error", "match", "run"),
    [
        (TypeError, "inputs given to jacobian must be either a Tensor or a tuple of Tensors but "
         "the value has type", lambda: F.jacobian(lambda x: x, [ONES])),
        (TypeError, "value at index 1 has type", lambda: F.vjp(lambda x, y: x, (ONES, 3))),
        (TypeError, "outputs of the user-provided function given to jacobian",
         lambda: F.jacobian(lambda x: 3, ONES)),
        (RuntimeError, "v can only be None if", lambda: F.vjp(lambda x: x, ONES)),
        (RuntimeError, "v can only be None if", lambda: F.jvp(lambda x: x, ONES)),
        (RuntimeError, "v is of invalid length: should be 1 but got 2",
         lambda: F.vjp(lambda x: x, ONES, (ONES, ONES))),
        (RuntimeError, "v has invalid size", lambda: F.vjp(lambda x: x, ONES, minigrad.ones(3))),
        (RuntimeError, "should contain a single element", lambda: F.hessian(lambda x: x, ONES)),
        (RuntimeError, "should return a single Tensor",
         lambda: F.hessian(lambda x: (x, x), ONES)),
        (RuntimeError, "strict mode",
         lambda: F.jacobian(lambda x: x.detach() * 2, ONES, strict=True)),
        (RuntimeError, "independent of input 1",
         lambda: F.jacobian(lambda x, y: x * 2, (ONES, ONES), strict=True)),
        (RuntimeError, "strict mode",
         lambda: F.hessian(lambda x: (x * 2).sum(), ONES, strict=True)),
        (RuntimeError, "strict mode", lambda: F.vhp(lambda x: x.sum() * 2, ONES, ONES,
                                                    strict=True)),
        (RuntimeError, "not supported together",
         lambda: F.jacobian(lambda x: x, ONES, strict=True, vectorize=True)),
        (RuntimeError, "not supported together", lambda: F.jacobian(
            lambda x: x, ONES, strict=True, vectorize=True, strategy="forward-mode")),
        (NotImplementedError, "not supported together", lambda: F.jacobian(
            lambda x: x, ONES, create_graph=True, vectorize=True, strategy="forward-mode")),
        (NotImplementedError, "only implemented for `vectorize=True`",
         lambda: F.hessian(lambda x: x.sum(), ONES, outer_jacobian_strategy="forward-mode")),
        (AssertionError, "Expected strategy", lambda: F.jacobian(lambda x: x, ONES,
                                                                 strategy="both")),
    ],
)  # fmt: skip
def test_errors(error, match, run):
    with pytest.raises(error, match=match):
        run()


def test_independent_outputs_are_zeros_unless_strict():
    found = F.jacobian(lambda x, y: x * 2, (ONES, ONES))
    assert found[1].tolist() == [[0, 0], [0, 0]]
    assert F.jvp(lambda x: x.detach() * 2, ONES, ONES)[1].tolist() == [0, 0]
    assert F.vhp(lambda x: x.sum(), ONES, ONES)[1].tolist() == [0, 0]


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_recorded_under_no_grad(case):
    outside = leaves(call(minigrad, case, False)[1])
    with minigrad.no_grad():
        inside = leaves(call(minigrad, case, False)[1])
        assert not minigrad.is_grad_enabled()
    assert sum(expected.abs().sum().item() for expected in outside) > 0
    for found, expected in zip(inside, outside, strict=True):
        assert minigrad.equal(found, expected)
