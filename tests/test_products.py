"""Products of matrices and vectors, and einsum: values, gradients, dtypes and errors, vs torch."""

import numpy as np
import pytest
from support import check_gradients, compare_with_torch

import minigrad


def arrays(*shapes, kind=np.float64):
    draws = np.random.default_rng(0)
    if np.dtype(kind).kind == "f":
        return [draws.uniform(-2, 2, s).astype(kind) for s in shapes]
    return [draws.integers(0, 3, s).astype(kind) for s in shapes]


M = ((2, 3), (3, 4))
# name: (function, shapes, whether integers go too)
CASES = {
    "baddbmm": (
        lambda lib, c, a, b: lib.baddbmm(c, a, b, beta=0.5, alpha=2.0),
        ((4,), (5, 2, 3), (5, 3, 4)),
    ),
    "addbmm": (lambda lib, c, a, b: c.addbmm(a, b, alpha=2), ((2, 4), (5, 2, 3), (5, 3, 4))),
    "addmv": (lambda lib, c, a, b: lib.addmv(c, a, b, beta=3), ((2,), (2, 3), (3,))),
    "addmv beta 0": (lambda lib, c, a, b: lib.addmv(c, a, b, beta=0), ((1,), (2, 3), (3,))),
    "addr": (lambda lib, c, a, b: lib.addr(c, a, b, alpha=2), ((2, 3), (2,), (3,))),
    "outer": (lambda lib, a, b: lib.outer(a, b) + a.ger(b), ((2,), (3,))),
    "vdot": (lambda lib, a, b: lib.vdot(a, b), ((3,), (3,))),
    "inner": (lambda lib, a, b: lib.inner(a, b), ((2, 3), (4, 5, 3))),
    "inner number": (lambda lib, a, b: a.inner(b), ((2, 3), ())),
    "cross": (lambda lib, a, b: lib.cross(a, b), ((3, 2), (3, 2))),
    "cross dim": (lambda lib, a, b: a.cross(b, dim=-1), ((4, 3), (1, 3))),
    "linalg.cross": (lambda lib, a, b: lib.linalg.cross(a, b), ((3, 3), (3, 3))),
    "vander": (lambda lib, a: lib.vander(a), ((4,),)),
    "vander rising": (lambda lib, a: lib.vander(a, 3, increasing=True), ((4,),)),
    "linalg.vander": (lambda lib, a: lib.linalg.vander(a, N=5), ((2, 3),)),
    "trace": (lambda lib, a: lib.trace(a), ((3, 4),)),
    "kron": (lambda lib, a, b: lib.kron(a, b), ((2, 3), (2, 1, 2))),
    "tensordot": (lambda lib, a, b: lib.tensordot(a, b), ((2, 3, 4), (3, 4, 5))),
    "tensordot 0": (lambda lib, a, b: lib.tensordot(a, b, dims=0), ((2,), (3,))),
    "tensordot lists": (
        lambda lib, a, b: lib.tensordot(a, b, dims=([0, 2], [1, 0])),
        ((2, 3, 4), (4, 2, 5)),
    ),
    "tensordot broadcast": (lambda lib, a, b: lib.tensordot(a, b, 1), ((2, 1), (3, 4))),
    "matrix_power": (lambda lib, a: lib.matrix_power(a, 5), ((2, 3, 3),)),
    "matrix_power 0": (lambda lib, a: a.matrix_power(0), ((3, 3),)),
    "chain_matmul": (lambda lib, *x: lib.chain_matmul(*x), ((2, 5), (5, 3), (3, 4), (4, 1))),
    "multi_dot": (lambda lib, *x: lib.linalg.multi_dot(x), ((5,), (5, 3), (3, 4), (4,))),
    "addmm_": (lambda lib, c, a, b: (c * 1).addmm_(a, b), ((2, 4), *M)),
    "addr_": (lambda lib, c, a, b: (c * 1).addr_(a, b), ((2, 3), (2,), (3,))),
    "addmv_": (lambda lib, c, a, b: (c * 1).addmv_(a, b), ((2,), (2, 3), (3,))),
    "baddbmm_": (
        lambda lib, c, a, b: (c * 1).baddbmm_(a, b),
        ((5, 2, 4), (5, 2, 3), (5, 3, 4)),
    ),
}
EQUATIONS = {
    "ij,jk->ik": M,
    "ij,jk": M,
    "ji,kj->ik": ((3, 2), (4, 3)),
    "bij,bjk->bik": ((5, 2, 3), (5, 3, 4)),
    "...ij,...jk->...ik": ((5, 1, 2, 3), (6, 3, 4)),
    "i,j->ij": ((2,), (3,)),
    "ij->": ((2, 3),),
    "ij->ji": ((2, 3),),
    "ii": ((3, 3),),
    "ii->i": ((3, 3),),
    "iji->j": ((3, 2, 3),),
    "ij,ij->i": ((2, 3), (2, 3)),
    "ij,ij,ij->": ((2, 3), (2, 3), (2, 3)),
    "bn,anm,bm->ba": ((2, 3), (4, 3, 5), (2, 5)),
    "bqhd,bkhd->bhqk": ((2, 3, 2, 4), (2, 5, 2, 4)),
    "i...->...": ((2, 3, 4),),
    "...a->a...": ((2, 3, 4),),
    "aB,Ba": ((2, 3), (3, 2)),
    "ij,ij->ij": ((1, 3), (2, 1)),
    "ij,k->ik": ((2, 3), (4,)),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # what torch says is on its way out
@pytest.mark.parametrize("name", CASES)
def test_against_torch(torch, name):
    function, shapes = CASES[name]
    gradient = not name.startswith("vander")  # torch's own fails there
    compare_with_torch(torch, function, arrays(*shapes), gradient=gradient, double=gradient)
    single = arrays(*shapes, kind=np.float32)
    compare_with_torch(torch, function, single, gradient=gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", CASES)
def test_integers(torch, name):
    function, shapes = CASES[name]
    compare_with_torch(torch, function, arrays(*shapes, kind=np.int64))


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum(torch, equation):
    given = arrays(*EQUATIONS[equation])
    compare_with_torch(torch, lambda lib, *x: lib.einsum(equation, *x), given, double=True)
    np.testing.assert_allclose(
        minigrad.einsum(equation, [minigrad.from_numpy(a) for a in given]).numpy(),
        np.einsum(equation, *given),
        rtol=1e-12,
    )


def test_einsum_by_lists(torch):
    a, b = arrays(*M)
    compare_with_torch(torch, lambda lib, x, y: lib.einsum(x, [0, 1], y, [1, 2], [0, 2]), [a, b])
    compare_with_torch(torch, lambda lib, x, y: lib.einsum(x, [..., 1], y, [1, 2]), [a, b])


def test_gradients_without_torch():
    check_gradients(lambda a, b: minigrad.einsum("aij,jk->aik", a, b), *arrays((2, 2, 3), (3, 2)))
    check_gradients(lambda a: minigrad.matrix_power(a, -2), arrays((3, 3))[0] + 3 * np.eye(3))
    check_gradients(minigrad.vander, *arrays((3,)))
    check_gradients(minigrad.kron, *arrays((2, 2), (1, 3)))


def test_booleans_multiply_by_and(torch):
    given = [np.array(v) for v in ([True, False], [False, True], [True, True])]
    compare_with_torch(torch, lambda lib, c, a, b: lib.addr(c, a, b), given)
    compare_with_torch(torch, lambda lib, c, a, b: lib.outer(a, b), given)


WRONG = {
    "einsum terms": lambda lib: lib.einsum("ij,jk", lib.ones(2, 3)),
    "einsum letters": lambda lib: lib.einsum("ijk", lib.ones(2, 3)),
    "einsum sign": lambda lib: lib.einsum("i$", lib.ones(2, 3)),
    "einsum output twice": lambda lib: lib.einsum("ij->ii", lib.ones(2, 3)),
    "einsum output unknown": lambda lib: lib.einsum("ij->k", lib.ones(2, 3)),
    "einsum sizes": lambda lib: lib.einsum("ij,jk", lib.ones(2, 3), lib.ones(4, 5)),
    "einsum diagonal": lambda lib: lib.einsum("ii", lib.ones(2, 3)),
    "einsum nothing": lambda lib: lib.einsum("ii"),
    "outer": lambda lib: lib.outer(lib.ones(2, 2), lib.ones(2)),
    "inner": lambda lib: lib.inner(lib.ones(2), lib.ones(3)),
    "cross": lambda lib: lib.cross(lib.ones(2), lib.ones(2), dim=0),
    "linalg.cross": lambda lib: lib.linalg.cross(lib.ones(3), lib.ones(2, 3)),
    "trace": lambda lib: lib.trace(lib.ones(2)),
    "kron": lambda lib: lib.kron(lib.ones(2), 3),
    "tensordot many": lambda lib: lib.tensordot(lib.ones(2), lib.ones(2), 2),
    "tensordot lists": lambda lib: lib.tensordot(lib.ones(2), lib.ones(2), ([0], [])),
    "tensordot sizes": lambda lib: lib.tensordot(lib.ones(2), lib.ones(3), 1),
    "matrix_power": lambda lib: lib.matrix_power(lib.ones(2, 3), 2),
    "multi_dot": lambda lib: lib.linalg.multi_dot([lib.ones(2, 3)]),
    "multi_dot sizes": lambda lib: lib.linalg.multi_dot([lib.ones(2, 3), lib.ones(2, 3)]),
    "multi_dot middle": lambda lib: lib.linalg.multi_dot([lib.ones(2), lib.ones(2), lib.ones(2)]),
    "baddbmm": lambda lib: lib.baddbmm(lib.ones(2), lib.ones(1, 2, 2), lib.ones(1, 3, 2)),
    "addmv": lambda lib: lib.addmv(lib.ones(3), lib.ones(2, 2), lib.ones(2)),
    "addr": lambda lib: lib.addr(lib.ones(3), lib.ones(2, 2), lib.ones(2)),
    "vander": lambda lib: lib.vander(lib.ones(2, 2)),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_raises_what_torch_raises(torch, name):
    with pytest.raises(Exception) as expected:
        WRONG[name](torch)
    with pytest.raises(type(expected.value)):
        WRONG[name](minigrad)
