"""LU, Householder reflections, random projections: vs torch, by identities, against numbers."""

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad import linalg, return_types


def square(*shape):
    """Well-conditioned matrices, far from symmetric, which need row swaps."""
    n = shape[-1]
    return np.random.default_rng(1).uniform(-1, 1, shape) + 2 * np.eye(n)[::-1]


BATCH, WIDE, TALL = square(2, 4, 4), square(2, 4, 4)[:, :2], square(2, 4, 4)[..., :2]
COLUMNS = np.random.default_rng(2).uniform(-1, 1, (2, 4, 3))
TAU = np.random.default_rng(3).uniform(0.5, 1.5, (2, 2))


def packed(lib, a):
    factors, pivots, info = lib.linalg.lu_factor_ex(a)
    return factors, pivots, info


def solved(left, adjoint):
    def function(lib, a, b):
        factors, pivots = lib.linalg.lu_factor(a)
        b = b if left else b.mT
        return lib.linalg.lu_solve(factors, pivots, b, left=left, adjoint=adjoint)

    return function


# name: (function, arrays)
CASES = {
    "lu_factor square": (packed, [BATCH]),
    "lu_factor wide": (packed, [WIDE]),
    "lu_factor tall": (packed, [TALL]),
    "lu": (lambda lib, a: lib.linalg.lu(a), [TALL]),
    "lu_unpack": (lambda lib, a: lib.lu_unpack(*lib.linalg.lu_factor(a)), [WIDE]),
    "lu_solve": (solved(True, False), [BATCH, COLUMNS]),
    "lu_solve adjoint": (solved(True, True), [BATCH, COLUMNS]),
    "lu_solve right": (solved(False, False), [BATCH, COLUMNS]),
    "lu_solve right adjoint": (solved(False, True), [BATCH, COLUMNS]),
    "lu_solve old": (lambda lib, a, b: b.lu_solve(*lib.linalg.lu_factor(a)), [BATCH, COLUMNS]),
    "householder": (lambda lib, a, t: lib.linalg.householder_product(a, t), [TALL, TAU]),
    "householder fewer": (lambda lib, a, t: lib.orgqr(a, t[:, :1]), [TALL, TAU]),
    "ormqr": (lambda lib, a, t, b: lib.ormqr(a, t, b), [TALL, TAU, COLUMNS]),
    "ormqr right": (
        lambda lib, a, t, b: a.ormqr(t, b.mT, left=False, transpose=True),
        [TALL, TAU, COLUMNS],
    ),
    "tensorinv": (lambda lib, a: lib.linalg.tensorinv(a[0].reshape(2, 2, 4)), [BATCH]),
    "tensorsolve": (
        lambda lib, a, b: lib.linalg.tensorsolve(a[0].reshape(2, 4, 2), b[0, :, 0], dims=(0,)),
        [BATCH, COLUMNS],
    ),
    "solve_ex": (lambda lib, a, b: lib.linalg.solve_ex(a, b)[0], [BATCH, COLUMNS]),
}


@pytest.mark.filterwarnings("ignore:torch.lu_solve is deprecated")
@pytest.mark.parametrize("name", CASES)
def test_vs_torch(torch, name):
    function, arrays = CASES[name]
    compare_with_torch(torch, function, arrays, double=True)


@pytest.mark.parametrize("name", CASES)
def test_gradients(name):
    function, arrays = CASES[name]
    check_gradients(lambda *xs: function(minigrad, *xs), *arrays)


@pytest.mark.parametrize(
    "a", [BATCH, WIDE, TALL, square(5, 5), np.zeros((2, 0, 3)), np.ones((3, 3))]
)
def test_factors_multiply_to_the_matrix(a):
    p, low, u = linalg.lu(minigrad.tensor(a))
    assert_close(p @ low @ u, a)
    assert_close(low.triu(1), 0 * low.numpy())
    assert_close(u.tril(-1), 0 * u.numpy())
    assert low.abs().numpy().max(initial=1) == 1  # as the pivots were the largest


def test_recorded_factors():
    factors, pivots, info = linalg.lu_factor_ex(minigrad.tensor([[1.0, 2.0], [4.0, 2.0]]))
    assert factors.tolist() == [[4.0, 2.0], [0.25, 1.5]]
    assert pivots.tolist() == [2, 2] and pivots.dtype is minigrad.int32
    assert info.item() == 0


def test_singular_matrices():
    a = minigrad.tensor([[[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 1.0]], [[1.0, 0], [0, 1]]])
    assert linalg.lu_factor_ex(a).info.tolist() == [2, 1, 0]
    assert linalg.inv_ex(a).info.tolist() == linalg.solve_ex(a, a).info.tolist() == [2, 1, 0]
    assert linalg.inv_ex(a).inverse[2].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    for function in (
        lambda: linalg.lu_factor(a),
        lambda: linalg.lu_factor_ex(a, check_errors=True),
        lambda: linalg.inv_ex(a, check_errors=True),
        lambda: linalg.solve_ex(a, a, check_errors=True),
    ):
        with pytest.raises(linalg.LinAlgError):
            function()


def test_a_zero_on_the_diagonal_of_a_triangle_divides():
    a, b = minigrad.tensor([[0.0, 1.0], [0.0, 1.0]]), minigrad.ones(2, 1)
    assert linalg.solve_triangular(a, 2 * b, upper=True).tolist()[1] == [2.0]
    assert linalg.solve_triangular(a, b, upper=False)[0].item() == float("inf")


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (2, 5, 5), (3, 0)])
def test_geqrf_holds_the_qr_factorisation(shape):
    a = minigrad.tensor(np.random.default_rng(0).standard_normal(shape))
    reflections, tau = minigrad.geqrf(a)
    m, n = shape[-2:]
    r = reflections.triu()
    assert_close(minigrad.ormqr(reflections[..., :m], tau, r), a.numpy())
    if m >= n:
        q = reflections.orgqr(tau)
        assert_close(q @ r[..., :n, :], a.numpy())
        assert_close(q, linalg.qr(a).Q.numpy())


def test_geqrf_has_no_gradient():
    with pytest.raises(NotImplementedError, match="geqrf"):
        minigrad.geqrf(minigrad.ones(2, 2, requires_grad=True)).a.sum().backward()


def test_low_rank_decompositions():
    minigrad.manual_seed(0)
    a = minigrad.randn(2, 9, 3, dtype=minigrad.float64) @ minigrad.randn(
        3, 6, dtype=minigrad.float64
    )
    u, s, v = minigrad.svd_lowrank(a, q=3)
    assert_close((u * s.unsqueeze(-2)) @ v.mT, a.numpy())
    assert_close(s, linalg.svdvals(a)[:, :3].numpy())
    u, s, v = minigrad.pca_lowrank(a.mT, niter=1)
    centred = a.mT - a.mT.mean(-2, keepdim=True)
    assert s.shape == (2, 6)
    assert_close((u * s.unsqueeze(-2)) @ v.mT, centred.numpy())
    with pytest.raises(ValueError, match="min"):
        minigrad.pca_lowrank(a, q=7)


@pytest.mark.parametrize("shape", [(8, 5), (5, 8), (2, 8, 5)])
def test_low_rank_values_are_torchs_for_a_seed(torch, shape):
    a = np.random.default_rng(0).standard_normal(shape)
    torch.manual_seed(1)
    minigrad.manual_seed(1)
    theirs = torch.svd_lowrank(torch.tensor(a), q=2, niter=0)
    ours = minigrad.svd_lowrank(minigrad.tensor(a), q=2, niter=0)
    for x, y in zip(ours, theirs, strict=True):
        assert_close(x.abs(), y.abs())


def test_results_are_torchs_named_tuples(torch):
    def results(lib):
        a = lib.eye(2)
        yield from (lib.linalg.lu(a), lib.linalg.lu_factor(a), lib.linalg.lu_factor_ex(a))
        yield from (lib.lu_unpack(*lib.linalg.lu_factor(a)), lib.geqrf(a))
        yield from (lib.svd(a), lib.slogdet(a), lib.linalg.svd(a), lib.linalg.qr(a))
        yield from (lib.linalg.slogdet(a), lib.linalg.eigh(a), lib.linalg.lstsq(a, a))
        yield from (lib.linalg.inv_ex(a), lib.linalg.solve_ex(a, a), lib.linalg.cholesky_ex(a))

    for ours, theirs in zip(results(minigrad), results(torch), strict=True):
        assert type(ours).__name__ == type(theirs).__name__
        assert type(ours) is getattr(return_types, type(theirs).__name__)
        assert repr(ours).replace("minigrad", "torch") == repr(theirs)


def symmetric(n, seed):
    """Indefinite matrices: some of their pivots are blocks of size 2."""
    a = np.random.default_rng(seed).standard_normal((n, n))
    return a + a.T - 2 * np.diag(np.diag(a)) * (seed % 2)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 40])
@pytest.mark.parametrize("seed", range(4))
def test_ldl_solves_symmetric_systems(n, seed):
    a, b = symmetric(n, seed) + 0.1 * np.eye(n), np.random.default_rng(9).standard_normal((n, 3))
    factors, pivots, info = linalg.ldl_factor_ex(minigrad.tensor(a + np.triu(a, 1)))
    assert info.item() == 0 and pivots.dtype is minigrad.int32
    assert_close(factors.triu(1), np.zeros((n, n)))
    x = linalg.ldl_solve(factors, pivots, minigrad.tensor(b))
    assert_close(minigrad.tensor(a) @ x, b, atol=1e-8)


@pytest.mark.parametrize("n", [2, 5, 90])
@pytest.mark.parametrize("seed", range(4))
def test_ldl_is_torchs(torch, n, seed):
    a = np.stack([symmetric(n, seed), symmetric(n, seed + 4)])
    ours, theirs = (lib.linalg.ldl_factor_ex(lib.tensor(a)) for lib in (minigrad, torch))
    assert_close(ours.LD, theirs.LD, rtol=1e-6, atol=1e-8)
    assert ours.pivots.tolist() == theirs.pivots.tolist()


def test_ldl_of_recorded_and_singular_matrices():
    factors, pivots = linalg.ldl_factor(minigrad.tensor([[0.0, 2.0], [2.0, 0.0]]))
    assert factors.tolist() == [[0.0, 0.0], [2.0, 0.0]] and pivots.tolist() == [-2, -2]
    assert linalg.ldl_factor_ex(minigrad.zeros(3, 3)).info.item() == 1
    with pytest.raises(linalg.LinAlgError):
        linalg.ldl_factor(minigrad.zeros(2, 2))
    with pytest.raises(RuntimeError):
        linalg.ldl_factor(minigrad.eye(2).requires_grad_()).LD.sum().backward()


ONE = minigrad.eye(2)
WRONG = {
    "not pivoting": (RuntimeError, lambda: linalg.lu(ONE, pivot=False)),
    "integers": (RuntimeError, lambda: linalg.lu_factor(ONE.long())),
    "half": (NotImplementedError, lambda: linalg.lu_factor(ONE.half())),
    "a vector": (RuntimeError, lambda: linalg.lu_factor(ONE[0])),
    "pivots' dtype": (RuntimeError, lambda: linalg.lu_solve(ONE, minigrad.tensor([1, 2]), ONE)),
    "too few pivots": (RuntimeError, lambda: linalg.lu_solve(ONE, minigrad.tensor([1]).int(), ONE)),
    "dtypes": (RuntimeError, lambda: linalg.lu_solve(ONE, ONE[0].int(), ONE.double())),
    "sizes": (RuntimeError, lambda: linalg.lu_solve(ONE, ONE[0].int(), minigrad.ones(3, 1))),
    "pivots": (RuntimeError, lambda: minigrad.lu_unpack(ONE, ONE[0].int())),
    "ldl pivots": (RuntimeError, lambda: linalg.ldl_solve(ONE, ONE[0], ONE)),
    "ldl few pivots": (RuntimeError, lambda: linalg.ldl_solve(ONE, minigrad.tensor([1]), ONE)),
    "ldl sizes": (
        RuntimeError,
        lambda: linalg.ldl_solve(ONE, ONE[0].int(), minigrad.ones(3, 1)),
    ),
    "ldl dtypes": (RuntimeError, lambda: linalg.ldl_solve(ONE, ONE[0].int(), ONE.double())),
    "ldl half": (NotImplementedError, lambda: linalg.ldl_factor(ONE.half())),
    "wide": (RuntimeError, lambda: minigrad.orgqr(ONE[:1], ONE[0])),
    "tau": (RuntimeError, lambda: minigrad.orgqr(ONE, minigrad.ones(3))),
    "other": (RuntimeError, lambda: minigrad.ormqr(ONE, ONE[0], minigrad.ones(3, 2))),
    "ind": (RuntimeError, lambda: linalg.tensorinv(ONE, 0)),
    "unequal": (RuntimeError, lambda: linalg.tensorinv(minigrad.ones(2, 3), 1)),
    "right-hand side": (RuntimeError, lambda: linalg.tensorsolve(ONE, minigrad.ones(1, 2))),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input(name):
    kind, function = WRONG[name]
    with pytest.raises(kind):
        function()
