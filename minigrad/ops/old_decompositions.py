"""Decompositions under their old names at torch's top level, where they return other types."""

import warnings

from minigrad import return_types
from minigrad.ops import decomposition
from minigrad.tensor import Tensor


def _warn(name):
    warnings.warn(f"{name} is deprecated in favor of linalg.{name}.", stacklevel=3)


def old_cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """Return ``linalg.cholesky(input, upper=upper)``; warns.  Source: torch.cholesky."""
    _warn("cholesky")
    return decomposition.cholesky(input, upper=upper)


def old_svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> return_types.svd:
    """Return U, S and V with ``input == U @ diag(S) @ V.mT``, as a named tuple.

    Zeros for U and V if not ``compute_uv``.  Source: torch.svd.

    >>> import minigrad
    >>> minigrad.svd(minigrad.tensor([[0.0, 2.0], [1.0, 0.0]])).S
    tensor([2., 1.])
    """
    u, s, vh = decomposition.svd(input, full_matrices=not some)
    if not compute_uv:
        batch, m, n = input.shape[:-2], input.size(-2), input.size(-1)
        return return_types.svd(input.new_zeros(*batch, m, m), s, input.new_zeros(*batch, n, n))
    return return_types.svd(u, s, vh.mT)


def old_qr(input: Tensor, some: bool = True) -> return_types.qr:
    """Return ``linalg.qr`` in mode "reduced", or "complete" if not ``some``; warns.

    Source: torch.qr.
    """
    _warn("qr")
    return return_types.qr(*decomposition.qr(input, "reduced" if some else "complete"))


def old_slogdet(input: Tensor) -> return_types.slogdet:
    """Return ``linalg.slogdet(input)``.  Source: torch.slogdet.

    >>> import minigrad
    >>> minigrad.slogdet(minigrad.eye(2)).logabsdet
    tensor(0.)
    """
    return return_types.slogdet(*decomposition.slogdet(input))
