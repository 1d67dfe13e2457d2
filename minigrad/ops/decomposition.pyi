from typing import Any, NamedTuple

import numpy as np

from minigrad.tensor import Tensor

class LinAlgError(RuntimeError): ...

class slogdet_result(NamedTuple):
    sign: Tensor
    logabsdet: Tensor

class eigh_result(NamedTuple):
    eigenvalues: Tensor
    eigenvectors: Tensor

class svd_result(NamedTuple):
    U: Tensor
    S: Tensor
    Vh: Tensor

class qr_result(NamedTuple):
    Q: Tensor
    R: Tensor

def inv(A: Tensor) -> Tensor: ...
def solve_matrices(A: Tensor, B: Tensor) -> Tensor: ...
def pseudo_inverse(
    A: Tensor, rtol: np.ndarray[Any, Any], symmetric: Tensor | None = None
) -> Tensor: ...
def det(A: Tensor) -> Tensor: ...
def slogdet(A: Tensor) -> slogdet_result: ...
def cholesky(A: Tensor, *, upper: bool = False) -> Tensor: ...
def eigh(A: Tensor, UPLO: str = "L") -> eigh_result: ...
def svd(A: Tensor, full_matrices: bool = True) -> svd_result: ...
def qr(A: Tensor, mode: str = "reduced") -> qr_result: ...
