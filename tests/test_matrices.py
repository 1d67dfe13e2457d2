"""minigrad.linalg: solutions, decompositions and norms, vs torch and by identities."""

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad import linalg

INF = float("inf")


def square(*shape):
    """Well-conditioned matrices, far from symmetric."""
    n = shape[-1]
    return np.random.default_rng(1).uniform(-1, 1, shape) + 2 * np.eye(n)


def positive(*shape):
    a = square(*shape)
    return a @ np.swapaxes(a, -1, -2)


def symmetric(lib, x):
    return x @ x.mT


A, BATCH, WIDE, TALL = square(3, 3), square(2, 4, 4), square(4, 4)[:2], square(4, 4)[:, :2]
COLUMNS = np.random.default_rng(2).uniform(-1, 1, (2, 4, 3))

# name: (function, arrays).  Where a decomposition's signs are free, a function that has none.
CASES = {
    "inv": (lambda lib, a: lib.linalg.inv(a) + a.inverse(), [BATCH]),
    "det": (lambda lib, a: lib.det(a) + lib.linalg.det(a), [BATCH]),
    "slogdet": (lambda lib, a: lib.slogdet(a).logabsdet, [BATCH]),
    "logdet": (lambda lib, a: lib.logdet(a @ a.mT), [BATCH]),
    "solve": (lambda lib, a, b: lib.linalg.solve(a, b), [BATCH, COLUMNS]),
    "solve vector": (lambda lib, a, b: lib.linalg.solve(a, b), [A, A[0]]),
    "solve vectors": (lambda lib, a, b: lib.linalg.solve(a, b), [BATCH, COLUMNS[..., 0]]),
    "solve broadcast": (lambda lib, a, b: lib.linalg.solve(a[0], b), [BATCH, COLUMNS]),
    "solve right": (lambda lib, a, b: lib.linalg.solve(a, b.mT, left=False), [BATCH, COLUMNS]),
    "solve_triangular": (
        lambda lib, a, b: lib.linalg.solve_triangular(a, b, upper=True),
        [BATCH, COLUMNS],
    ),
    "solve_triangular ones": (
        lambda lib, a, b: lib.linalg.solve_triangular(
            a, b.mT, upper=False, left=False, unitriangular=True
        ),
        [BATCH, COLUMNS],
    ),
    "cholesky": (lambda lib, a: lib.linalg.cholesky(symmetric(lib, a)), [BATCH]),
    "cholesky upper": (lambda lib, a: lib.cholesky(symmetric(lib, a), upper=True), [BATCH]),
    "cholesky_solve": (lambda lib, a, b: lib.cholesky_solve(b, a.tril()), [BATCH, COLUMNS]),
    "cholesky_inverse": (lambda lib, a: lib.cholesky_inverse(a.triu(), upper=True), [BATCH]),
    "eigvalsh": (lambda lib, a: lib.linalg.eigvalsh(symmetric(lib, a)), [BATCH]),
    "eigh": (lambda lib, a: lib.linalg.eigh(symmetric(lib, a)).eigenvectors.abs(), [BATCH]),
    "svdvals": (lambda lib, a: lib.linalg.svdvals(a), [WIDE]),
    "svd": (lambda lib, a: [x.abs() for x in lib.linalg.svd(a)], [BATCH]),
    "svd wide": (lambda lib, a: [x.abs() for x in lib.linalg.svd(a, False)], [WIDE]),
    "svd tall": (lambda lib, a: [x.abs() for x in lib.svd(a)], [TALL]),
    "svd full": (lambda lib, a: lib.linalg.svd(a)[1], [TALL]),
    "qr": (lambda lib, a: lib.linalg.qr(a), [BATCH]),
    "qr tall": (lambda lib, a: lib.qr(a), [TALL]),
    "qr wide": (lambda lib, a: lib.linalg.qr(a, mode="complete"), [WIDE]),
    "pinv": (lambda lib, a: lib.linalg.pinv(a), [TALL]),
    "pinv wide": (lambda lib, a: lib.pinverse(a), [WIDE]),
    "lstsq": (lambda lib, a, b: lib.linalg.lstsq(a, b).solution, [TALL, COLUMNS[0]]),
    "matrix_exp": (lambda lib, a: lib.matrix_exp(a), [BATCH]),
    "cond": (lambda lib, a: lib.linalg.cond(a), [BATCH]),
    "cond 1": (lambda lib, a: lib.linalg.cond(a, 1), [BATCH]),
    "vecdot": (lambda lib, a, b: lib.linalg.vecdot(a, b, dim=0), [A, A + 1]),
    "diagonal": (lambda lib, a: lib.linalg.diagonal(a, offset=1), [BATCH]),
    "norm": (lambda lib, a: lib.linalg.norm(a), [BATCH]),
    "norm of vectors": (lambda lib, a: lib.linalg.norm(a, 3, dim=1, keepdim=True), [BATCH]),
    "norm of matrices": (lambda lib, a: lib.linalg.norm(a, "fro", dim=(0, 2)), [BATCH]),
    "vector_norm": (lambda lib, a: lib.linalg.vector_norm(a, 1.5, dim=(0, 1)), [BATCH]),
    "vector_norm inf": (lambda lib, a: lib.linalg.vector_norm(a, INF), [BATCH]),
    **{
        f"matrix_norm {ord}": (
            lambda lib, a, ord=ord: lib.linalg.matrix_norm(a, ord, keepdim=ord == 1),
            [BATCH],
        )
        for ord in ("fro", "nuc", 1, -1, 2, -2, INF, -INF)
    },
    "matrix_norm dims": (lambda lib, a: lib.linalg.matrix_norm(a, 1, dim=(2, 0)), [BATCH]),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # what torch says is on its way out
@pytest.mark.parametrize("name", CASES)
def test_against_torch(torch, name):
    function, given = CASES[name]
    gradient = name != "cond 1"  # torch's own fails there
    compare_with_torch(
        torch, function, given, gradient=gradient, double=gradient, rtol=1e-7, atol=1e-8
    )
    single = [a.astype(np.float32) for a in given]
    compare_with_torch(torch, function, single, gradient=False, rtol=1e-3, atol=1e-4)


def test_gradients_without_torch():
    check_gradients(linalg.inv, A)
    check_gradients(linalg.solve, A, A[:, :2])
    check_gradients(linalg.det, BATCH)
    check_gradients(lambda a: linalg.cholesky(a @ a.mT), A)
    check_gradients(lambda a: linalg.eigh(a + a.mT).eigenvectors.square(), A)
    check_gradients(lambda a: linalg.svd(a, full_matrices=False).U.square(), TALL)
    check_gradients(lambda a: linalg.svd(a, full_matrices=False).Vh.square(), WIDE)
    check_gradients(linalg.pinv, TALL)
    check_gradients(linalg.qr, TALL)
    check_gradients(lambda a: linalg.cond(a, 1), A)


def test_identities():
    a = minigrad.from_numpy(BATCH)
    one = minigrad.eye(4, dtype=a.dtype).expand(2, 4, 4)
    assert_close(a @ linalg.inv(a), one, atol=1e-12)
    low = linalg.cholesky(minigrad.from_numpy(positive(2, 4, 4)))
    assert_close(low @ low.mT, minigrad.from_numpy(positive(2, 4, 4)))
    values, vectors = linalg.eigh(low @ low.mT)
    assert_close(vectors @ minigrad.diag_embed(values) @ vectors.mT, low @ low.mT)
    u, s, vh = linalg.svd(a)
    assert_close(u * s.unsqueeze(-2) @ vh, a)
    q, r = linalg.qr(a)
    assert_close(q @ r, a)
    assert_close(q.mT @ q, one, atol=1e-12)
    sign, logarithm = linalg.slogdet(-a[0])
    assert_close(sign * logarithm.exp(), linalg.det(-a[0]))
    assert_close(
        linalg.matrix_exp(minigrad.tensor([[0.0, 1.0], [0.0, 0.0]])), [[1, 1], [0, 1]], dtype=False
    )


def test_determinant_of_a_singular_matrix_has_a_gradient():
    singular = minigrad.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    minigrad.det(singular).backward()
    assert_close(singular.grad, minigrad.tensor([[4.0, -2.0], [-2.0, 1.0]]))  # torch says zeros


def test_ranks(torch):
    a = np.array([[1.0, 2.0], [2.0, 4.0]])
    for function in (
        lambda lib, x: lib.linalg.matrix_rank(x),
        lambda lib, x: lib.linalg.matrix_rank(x, hermitian=True),
        lambda lib, x: lib.linalg.matrix_rank(x, atol=10.0),
        lambda lib, x: lib.linalg.matrix_rank(x, tol=1.0),
    ):
        compare_with_torch(torch, function, [a], gradient=False)


def test_failures_are_told_by_a_class_of_their_own(torch):
    singular = [[1.0, 1.0], [1.0, 1.0]]
    for function in (
        lambda lib, x: lib.linalg.inv(x),
        lambda lib, x: lib.linalg.solve(x, x),
        lambda lib, x: lib.linalg.cholesky(-x),
    ):
        for lib in (minigrad, torch):
            with pytest.raises(lib.linalg.LinAlgError):
                function(lib, lib.tensor(singular))
    assert issubclass(linalg.LinAlgError, RuntimeError)
    found = linalg.cholesky_ex(minigrad.tensor([[[1.0]], [[-1.0]]]))
    assert found.info.tolist() == [0, 1] and found.L[0].item() == 1
    with pytest.raises(linalg.LinAlgError):
        linalg.cholesky_ex(minigrad.tensor([[-1.0]]), check_errors=True)


WRONG = {
    "not square": lambda lib: lib.linalg.inv(lib.ones(2, 3)),
    "a vector": lambda lib: lib.linalg.det(lib.ones(2)),
    "integers": lambda lib: lib.linalg.inv(lib.eye(2, dtype=lib.int64)),
    "half": lambda lib: lib.linalg.inv(lib.eye(2, dtype=lib.float16)),
    "solve sizes": lambda lib: lib.linalg.solve(lib.eye(2), lib.ones(3)),
    "solve dtypes": lambda lib: lib.linalg.solve(lib.eye(2), lib.ones(2).double()),
    "solve left": lambda lib: lib.linalg.solve(lib.eye(2), lib.ones(2), left=False),
    "UPLO": lambda lib: lib.linalg.eigh(lib.eye(2), "X"),
    "qr mode": lambda lib: lib.linalg.qr(lib.eye(2), "full"),
    "norm ord": lambda lib: lib.linalg.matrix_norm(lib.eye(2), 3),
    "norm dims": lambda lib: lib.linalg.matrix_norm(lib.eye(2), 1, dim=(0, 0)),
    "norm rank": lambda lib: lib.linalg.norm(lib.ones(2, 2, 2), 2),
    "norm integers": lambda lib: lib.linalg.vector_norm(lib.ones(2, dtype=lib.int64)),
    "norm of nothing": lambda lib: lib.linalg.vector_norm(lib.ones(0), INF),
    "qr gradient": lambda lib: (
        lib.linalg.qr(lib.ones(3, 2, requires_grad=True), "complete").Q.sum().backward()
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_raises_what_torch_raises(torch, name):
    with pytest.raises(Exception) as expected:
        WRONG[name](torch)
    with pytest.raises(type(expected.value)):
        WRONG[name](minigrad)


def test_the_namespace_imports_as_torchs_does():
    import minigrad.linalg as namespace

    assert namespace.matrix_exp.__wrapped__ is minigrad.matrix_exp.__wrapped__
    assert {name for name in namespace.__all__ if not hasattr(namespace, name)} == set()


@pytest.mark.parametrize("UPLO", ["L", "U"])
def test_gradients_of_eigenvectors_are_symmetric(UPLO):
    x = minigrad.from_numpy(A.copy()).requires_grad_()
    vectors = linalg.eigh(x, UPLO).eigenvectors
    weights = minigrad.arange(9.0, dtype=minigrad.float64).square().reshape(3, 3)
    (vectors.square() * weights).sum().backward()
    assert_close(x.grad, x.grad.mT)
    assert x.grad.abs().max() > 0.1


def test_pinv_of_a_hermitian_matrix_reads_the_lower_triangle():
    x = minigrad.from_numpy(A.copy())
    full = x.tril() + x.tril(-1).mT
    assert_close(linalg.pinv(x, hermitian=True), linalg.inv(full), rtol=1e-9)


def test_norms_of_matrices_without_elements_are_zero():
    for order in ("fro", "nuc", 1, 2, INF):
        assert linalg.matrix_norm(minigrad.ones(3, 0, 2), order).tolist() == [0, 0, 0]
    assert linalg.cond(minigrad.ones(2, 0, 0)).tolist() == [0, 0]
    with pytest.raises(IndexError):
        linalg.matrix_norm(minigrad.ones(2, 0), -2)


def test_nuclear_norm():
    x = minigrad.tensor([[3.0, 0.0], [0.0, -4.0]])
    assert x.norm("nuc").item() == minigrad.norm(x, "nuc", (0, 1)).item() == 7
    assert x.norm().item() == x.norm("fro").item() == 5
    with pytest.raises(RuntimeError, match="2-tuple"):
        minigrad.ones(2, 2, 2).norm("nuc")
    with pytest.raises(RuntimeError, match="identity"):
        minigrad.ones(0).norm(INF)


def test_norms_of_float16_do_not_overflow():
    x = minigrad.full((4,), 100.0, dtype=minigrad.float16)
    assert x.norm(4).dtype is minigrad.float16
    assert abs(x.norm(4).item() - 100 * 2**0.5) < 0.1
