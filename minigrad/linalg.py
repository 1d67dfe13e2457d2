"""Linear algebra under the names of ``torch.linalg``.

>>> import minigrad
>>> a = minigrad.tensor([[2.0, 1.0], [1.0, 2.0]])
>>> minigrad.linalg.solve(a, minigrad.tensor([3.0, 3.0]))
tensor([1., 1.])
"""

from minigrad.ops.decomposition import LinAlgError, cholesky, det, eigh, inv, qr, slogdet, svd
from minigrad.ops.householder import householder_product
from minigrad.ops.ldl import ldl_factor, ldl_factor_ex, ldl_solve
from minigrad.ops.linalg import matmul
from minigrad.ops.lu import lu, lu_factor, lu_factor_ex, lu_solve
from minigrad.ops.matrices import (
    cond,
    eigvalsh,
    matrix_exp,
    matrix_norm,
    matrix_rank,
    norm,
    pinv,
    svdvals,
    vecdot,
    vector_norm,
)
from minigrad.ops.matrices import linalg_diagonal as diagonal
from minigrad.ops.products import linalg_cross as cross
from minigrad.ops.products import linalg_vander as vander
from minigrad.ops.products import matrix_power, multi_dot
from minigrad.ops.public import publish
from minigrad.ops.solving import (
    cholesky_ex,
    inv_ex,
    lstsq,
    solve,
    solve_ex,
    solve_triangular,
    tensorinv,
    tensorsolve,
)

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "ldl_factor",
    "ldl_factor_ex",
    "ldl_solve",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]

publish(globals())
