"""Inverses, determinants and factorisations of matrices, computed by NumPy's LAPACK.

All take batches, (..., n, n) or (..., m, n), of float32 or float64.  An op of several outputs is
recorded as one whose output is all of them in a row; what users get are views of its parts.  The
vjps are the textbook ones, over the outputs: with A = U diag(S) V.T and E[i, j] = S[j]^2 - S[i]^2
that of the singular value decomposition, for one.
"""

import numpy as np

from numpy cimport PyArray_NDIM, import_array, ndarray

from minigrad import return_types
from minigrad.dtypes cimport dtype_of, float16
from minigrad.ops.common cimport shape_of, tensor_argument
from minigrad.ops.join import cat
from minigrad.ops.linalg import matmul
from minigrad.ops.recorded import constant, labelled
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


class LinAlgError(RuntimeError):
    """A matrix is singular, not positive-definite, or a decomposition does not converge."""


# ---------------------------------------------------------------- what all of them share

cdef Tensor matrices(object given, str name, bint square=True):
    """Return an argument that must be matrices of a floating dtype, square ones by default."""
    cdef Tensor x = tensor_argument(given, name, "A")
    cdef tuple shape = shape_of(x)
    if PyArray_NDIM(x.array) < 2:
        raise RuntimeError(
            f"{name}: The input tensor A must have at least 2 dimensions, but got {list(shape)}")
    if square and shape[len(shape) - 1] != shape[len(shape) - 2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are "
            f"{shape[len(shape) - 2]} by {shape[len(shape) - 1]} matrices"
        )
    if not dtype_of(x.array).is_floating_point:
        raise RuntimeError(
            f"{name}: Expected a floating point tensor as input. Got {dtype_of(x.array)}")
    if dtype_of(x.array) is float16:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {dtype_of(x.array)}")
    return x


cdef object computed(str name, object function, str problem, tuple arguments):
    """Call a function of ``numpy.linalg``; its LinAlgError becomes ours."""
    try:
        with np.errstate(all="ignore"):
            return function(*arguments)
    except np.linalg.LinAlgError:
        raise LinAlgError(f"{name}: {problem}") from None


cdef Tensor packed(tuple arrays):
    """Return several arrays as one row of elements, whose parts ``unpacked`` gives."""
    return wrap(np.concatenate([np.asarray(a).reshape(-1) for a in arrays]))


cdef tuple unpacked(object row, list shapes, str label="ViewBackward0"):
    """Return the parts of a row as tensors of the given shapes: views, from nodes of this name."""
    parts, start = [], 0
    for shape in shapes:
        size = 1
        for s in shape:
            size *= s
        parts.append(labelled(row[start:start + size].reshape(shape), label))
        start += size
    return tuple(parts)


cdef object spread(object values):
    """Return (...) as (..., 1, 1), a factor of matrices."""
    return values.unsqueeze(-1).unsqueeze(-1)


cdef object differences(object values):
    """Return ``values[j] - values[i]`` as matrices, with 1 on the diagonal."""
    d = values.unsqueeze(-2) - values.unsqueeze(-1)
    return d.masked_fill(wrap(np.eye(values.size(-1), dtype=np.bool_)), 1.0)


cdef object on_diagonal(object values):
    """Return (..., n) as diagonal matrices (..., n, n)."""
    off = wrap(~np.eye(values.size(-1), dtype=np.bool_))
    return values.unsqueeze(-1).expand(*values.shape, values.size(-1)).masked_fill(off, 0.0)


# ---------------------------------------------------------------- inverse and solution

def inv(A):
    """Return the inverses of square matrices, (..., n, n).

    LinAlgError (a RuntimeError) for a singular matrix.  Source: torch.linalg.inv.

    >>> import minigrad
    >>> minigrad.linalg.inv(minigrad.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    cdef Tensor x = matrices(A, "linalg.inv")
    cdef Tensor out = wrap(computed(
        "linalg.inv", np.linalg.inv,
        "The diagonal element of a factor is zero, the inversion could not be completed because "
        "the input matrix is singular.", (x.array,)))
    if recording(x):
        record(out, "LinalgInvExBackward0", inv_vjp, (x,), (out,))
    return out


cdef inv_vjp(Node node, object g):
    turned = node.tensor(0).mT
    return (-matmul(turned, matmul(g, turned)),)


def solve_matrices(A, B):
    """Return X with ``A @ X == B``: (..., n, n), (..., n, k) of the same batch -> (..., n, k).

    >>> import minigrad
    >>> from minigrad.ops.decomposition import solve_matrices
    >>> solve_matrices(minigrad.tensor([[2.0]]), minigrad.tensor([[3.0]]))
    tensor([[1.5000]])
    """
    cdef Tensor a = matrices(A, "linalg.solve"), b = <Tensor?>B
    cdef Tensor out = wrap(computed(
        "torch.linalg.solve", np.linalg.solve,
        "The solver failed because the input matrix is singular.", (a.array, b.array)))
    if recording(a) or recording(b):
        record(out, "LinalgSolveExBackward0", solve_vjp, (a, b), (a, out))
    return out


cdef solve_vjp(Node node, object g):
    gb = solve_matrices(node.tensor(0).mT, g)
    return (
        -matmul(gb, node.tensor(1).mT) if node.needs(0) else None,
        gb if node.needs(1) else None,
    )


def pseudo_inverse(A, rtol, symmetric=None):
    """Return the pseudo-inverses of matrices, (..., m, n) -> (..., n, m).

    ``symmetric``: what to invert instead, A with one triangle copied into the other; as in torch
    the gradient is nevertheless made from all of A.

    Singular values up to ``rtol`` (an array, one for each matrix) times the largest count as zero.

    >>> import minigrad
    >>> import numpy as np
    >>> from minigrad.ops.decomposition import pseudo_inverse
    >>> pseudo_inverse(minigrad.tensor([[2.0], [0.0]]), np.array(1e-6))
    tensor([[0.5000, 0.0000]])
    """
    cdef Tensor x = matrices(A, "linalg.pinv", False)
    cdef Tensor of = x if symmetric is None else symmetric
    cdef Tensor out = wrap(np.ascontiguousarray(computed(
        "linalg.pinv", np.linalg.pinv, "The decomposition did not converge.",
        (of.array, rtol))).astype((<object>x.array).dtype, copy=False))
    if recording(x):
        record(out, "LinalgPinvBackward0", pinv_vjp, (x,), (x, out))
    return out


cdef pinv_vjp(Node node, object g):
    a, p = node.tensor(0), node.tensor(1)
    g_p, p_t = matmul(g.mT, p), p.mT
    grad = -matmul(p_t, matmul(g, p_t))
    grad = grad + matmul(g_p - matmul(a, matmul(p, g_p)), p_t)
    p_g = matmul(p, g.mT)
    return (grad + matmul(p_t, p_g - matmul(p_g, matmul(p, a))),)


# ---------------------------------------------------------------- determinants

def det(A):
    """Return the determinants of square matrices: (..., n, n) -> (...).

    The gradient of a singular matrix has no gradient itself.  Source: torch.linalg.det.

    >>> import minigrad
    >>> minigrad.linalg.det(minigrad.tensor([[2.0, 1.0], [0.0, 3.0]]))
    tensor(6.)
    """
    cdef Tensor x = matrices(A, "linalg.det")
    cdef Tensor out = wrap(np.asarray(
        computed("linalg.det", np.linalg.det, "", (x.array,)), (<object>x.array).dtype))
    if recording(x):
        record(out, "LinalgDetBackward0", det_vjp, (x,), (x, out))
    return out


cdef det_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    try:
        return (spread(g * node.tensor(1)) * inv(x).mT,)
    except LinAlgError:
        return (spread(g) * wrap(cofactors(x.array)),)


cdef ndarray cofactors(ndarray x):
    """Return the gradient of the determinant, which a singular matrix has too."""
    u, s, vh = np.linalg.svd(x)
    others = np.ones_like(s)                # at i: the product of all but the i-th
    for i in range(s.shape[s.ndim - 1]):
        others[..., i] = np.delete(s, i, -1).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return np.ascontiguousarray((u * (others * sign[..., None])[..., None, :]) @ vh)


def slogdet(A):
    """Return the sign and the logarithm of the absolute value of determinants: (..., n, n) -> (...).

    A named tuple (sign, logabsdet).  Source: torch.linalg.slogdet.

    >>> import minigrad
    >>> minigrad.linalg.slogdet(minigrad.eye(2)).logabsdet
    tensor(0.)
    """
    cdef Tensor x = matrices(A, "linalg.slogdet"), out
    cdef str label = "LinalgSlogdetBackward0"
    sign, logarithm = computed("linalg.slogdet", np.linalg.slogdet, "", (x.array,))
    kind = (<object>x.array).dtype
    out = wrap(np.asarray(logarithm, kind))
    if recording(x):
        record(out, label, slogdet_vjp, (x,), (x,))
    return return_types.linalg_slogdet(constant(np.asarray(sign, kind), label, (x,)), out)


cdef slogdet_vjp(Node node, object g):
    return (spread(g) * inv(node.tensor(0)).mT,)


# ---------------------------------------------------------------- symmetric matrices

def cholesky(A, *, upper=False):
    """Return the lower triangular L with ``A == L @ L.mT`` (``L.mT`` if ``upper``), (..., n, n).

    The matrices must be symmetric; only their lower triangle is read.  LinAlgError for one that is
    not positive-definite.  Source: torch.linalg.cholesky.

    >>> import minigrad
    >>> minigrad.linalg.cholesky(minigrad.tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])
    """
    cdef Tensor x = matrices(A, "linalg.cholesky")
    cdef Tensor out = wrap(computed(
        "linalg.cholesky", np.linalg.cholesky,
        "The factorization could not be completed because the input is not positive-definite.",
        (x.array if not upper else np.swapaxes(x.array, -1, -2),)))
    if recording(x):
        record(out, "LinalgCholeskyExBackward0", cholesky_vjp, (x,), (out,))
    return labelled((<object>out).mT, "LinalgCholeskyExBackward0") if upper else out


cdef cholesky_vjp(Node node, object g):
    low = node.tensor(0)
    phi = matmul(low.mT, g).tril()
    phi = phi - phi.masked_fill(wrap(~np.eye(low.size(-1), dtype=np.bool_)), 0.0) / 2
    # low.mT^-1 @ phi @ low^-1, whose symmetric part is the gradient of a symmetric matrix
    half = solve_matrices(low.mT, solve_matrices(low.mT, phi.mT).mT)
    return ((half + half.mT) / 2,)


def eigh(A, UPLO="L"):
    """Return eigenvalues, rising, and eigenvectors, in columns, of symmetric matrices, (..., n, n).

    ``UPLO`` names the triangle that is read, "L" or "U".  A named tuple (eigenvalues,
    eigenvectors); the sign of a vector is LAPACK's.  Source: torch.linalg.eigh.

    >>> import minigrad
    >>> minigrad.linalg.eigh(minigrad.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    cdef Tensor x = matrices(A, "linalg.eigh"), row
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    values, vectors = computed("linalg.eigh", np.linalg.eigh, "It did not converge.",
                               (x.array, UPLO))
    row = packed((values, vectors))
    shapes = [values.shape, vectors.shape]
    if recording(x):
        record(row, "LinalgEighBackward0", eigh_vjp, (x,), (row,), shapes)
    return return_types.linalg_eigh(*unpacked(row, shapes, "LinalgEighBackward0"))


cdef eigh_vjp(Node node, object g):
    values, v = unpacked(node.tensor(0), node.extra)
    g_values, g_v = unpacked(g, node.extra)
    inner = matmul(v.mT, g_v) / differences(values)
    inner = inner.masked_fill(wrap(np.eye(values.size(-1), dtype=np.bool_)), 0.0)
    inner = (inner + inner.mT) / 2 + on_diagonal(g_values)     # symmetric, as A counts
    return (matmul(v, matmul(inner, v.mT)),)


# ---------------------------------------------------------------- any matrices

def svd(A, full_matrices=True, *, driver=None):
    """Return U, S and Vh with ``A == U @ diag(S) @ Vh``, S falling: the singular values.

    Shapes: (..., m, n) -> (..., m, k), (..., k), (..., k, n) with k = min(m, n), and square U and
    Vh if ``full_matrices``; the vectors past the k-th have no gradient.  A named tuple; the signs are
    LAPACK's.  RuntimeError for a ``driver``: there is none to choose on a CPU.
    Source: torch.linalg.svd.

    >>> import minigrad
    >>> minigrad.linalg.svd(minigrad.tensor([[0.0, 2.0], [1.0, 0.0]])).S
    tensor([2., 1.])
    """
    cdef Tensor x = matrices(A, "linalg.svd", False), row
    if driver is not None:
        raise RuntimeError(
            f"linalg.svd: keyword argument `driver=` is only supported on CUDA, but got {driver!r}")
    parts = computed("linalg.svd", np.linalg.svd, "It did not converge.",
                     (x.array, bool(full_matrices)))
    row = packed(tuple(parts))
    shapes = [part.shape for part in parts]
    if recording(x):
        record(row, "LinalgSvdBackward0", svd_vjp, (x,), (row,), shapes)
    return return_types.linalg_svd(*unpacked(row, shapes, "LinalgSvdBackward0"))


cdef svd_vjp(Node node, object g):
    u, s, vh = unpacked(node.tensor(0), node.extra)
    g_u, g_s, g_vh = unpacked(g, node.extra)
    k, m, n = s.size(-1), u.size(-2), vh.size(-1)
    if k == 0:
        return (wrap(np.zeros((*s.shape[:-1], m, n), (<Tensor>s).array.dtype)),)
    vectors = bool(((g_u != 0).any() | (g_vh != 0).any()).item())
    u, g_u, vh, g_vh = u[..., :k], g_u[..., :k], vh[..., :k, :], g_vh[..., :k, :]
    inner = on_diagonal(g_s)
    if not vectors:
        return (matmul(u, matmul(inner, vh)),)
    e = differences(s * s)
    row, column = s.unsqueeze(-2), s.unsqueeze(-1)
    u_gu, vh_gv = matmul(u.mT, g_u), matmul(vh, g_vh.mT)
    inner = inner + (u_gu - u_gu.mT) / e * row + column * ((vh_gv - vh_gv.mT) / e)
    grad = matmul(u, matmul(inner, vh))
    if m > k:
        scaled = g_u / row
        grad = grad + matmul(scaled - matmul(u, matmul(u.mT, scaled)), vh)
    if n > k:
        scaled = g_vh / column
        grad = grad + matmul(u, scaled - matmul(matmul(scaled, vh.mT), vh))
    return (grad,)


def qr(A, mode="reduced"):
    """Return Q, of orthonormal columns, and the upper triangular R with ``A == Q @ R``.

    Shapes: (..., m, n) -> (..., m, k), (..., k, n) with k = min(m, n); k = m for mode "complete",
    which has a gradient only if m <= n; mode "r" gives an empty Q and has none.  A named tuple
    (Q, R); the signs are LAPACK's.  Source: torch.linalg.qr.

    >>> import minigrad
    >>> q, r = minigrad.linalg.qr(minigrad.tensor([[0.0, 2.0], [1.0, 0.0]]))
    >>> q @ r
    tensor([[0., 2.],
            [1., 0.]])
    """
    cdef Tensor x = matrices(A, "linalg.qr", False), row
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )
    shape = shape_of(x)
    m, n = shape[len(shape) - 2], shape[len(shape) - 1]
    if m < n and mode != "r" and recording(x):
        first = qr(x[..., :m])              # the other columns only have their place in R
        return return_types.linalg_qr(first.Q, cat([first.R, matmul(first.Q.mT, x[..., m:])], -1))
    found = computed("linalg.qr", np.linalg.qr, "It did not converge.", (x.array, mode))
    if mode == "r":
        return return_types.linalg_qr(
            wrap(np.empty(0, (<object>x.array).dtype)), wrap(np.asarray(found)))
    row = packed(tuple(found))
    shapes = [part.shape for part in found]
    if recording(x):
        record(row, "LinalgQrBackward0", qr_vjp, (x,), (row,), shapes)
    return return_types.linalg_qr(*unpacked(row, shapes, "LinalgQrBackward0"))


cdef qr_vjp(Node node, object g):
    q, r = unpacked(node.tensor(0), node.extra)
    g_q, g_r = unpacked(g, node.extra)
    if r.size(-2) != r.size(-1):
        raise RuntimeError(
            "linalg_qr_backward: mode 'complete' has a gradient only for matrices with at most as "
            f"many rows as columns, but they are {r.size(-2)} by {r.size(-1)}"
        )
    m = matmul(r, g_r.mT) - matmul(g_q.mT, q)
    symmetric = m.tril() + m.tril(-1).mT
    # (g_q + q @ symmetric) @ r.mT^-1
    return (solve_matrices(r, (g_q + matmul(q, symmetric)).mT).mT,)
