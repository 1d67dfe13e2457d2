"""The named tuples that functions with several results return: ``values, indices = x.sort()``."""

from typing import NamedTuple, TypeVar

from minigrad import attributes
from minigrad.tensor import Tensor


def _printed(self):
    lines = [f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True)]
    return f"{attributes.package}.return_types.{type(self).__name__}(\n" + ",\n".join(lines) + ")"


Kind = TypeVar("Kind", bound=type)


def _named(kind: Kind) -> Kind:
    """Let a class of named tuples print as torch's do."""
    kind.__repr__ = _printed  # type: ignore[assignment]
    return kind


@_named
class _Picked(NamedTuple):
    """Elements and their places."""

    values: Tensor
    indices: Tensor


class max(_Picked):
    """What ``max`` returns along a dimension."""


class min(_Picked):
    """What ``min`` returns along a dimension."""


class sort(_Picked):
    """What ``sort`` returns."""


class topk(_Picked):
    """What ``topk`` returns."""


class kthvalue(_Picked):
    """What ``kthvalue`` returns."""


class median(_Picked):
    """What ``median`` returns along a dimension."""


class nanmedian(_Picked):
    """What ``nanmedian`` returns along a dimension."""


class mode(_Picked):
    """What ``mode`` returns."""


class cummax(_Picked):
    """What ``cummax`` returns."""


class cummin(_Picked):
    """What ``cummin`` returns."""


@_named
class aminmax(NamedTuple):
    """What ``aminmax`` returns."""

    min: Tensor
    max: Tensor


@_named
class frexp(NamedTuple):
    """What ``frexp`` returns."""

    mantissa: Tensor
    exponent: Tensor


@_named
class histogram(NamedTuple):
    """What ``histogram`` returns."""

    hist: Tensor
    bin_edges: Tensor


@_named
class histogramdd(NamedTuple):
    """What ``histogramdd`` returns."""

    hist: Tensor
    bin_edges: tuple[Tensor, ...]


@_named
class linalg_cholesky_ex(NamedTuple):
    """What ``linalg.cholesky_ex`` returns."""

    L: Tensor
    info: Tensor


@_named
class linalg_eigh(NamedTuple):
    """What ``linalg.eigh`` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


@_named
class linalg_inv_ex(NamedTuple):
    """What ``linalg.inv_ex`` returns."""

    inverse: Tensor
    info: Tensor


@_named
class linalg_ldl_factor(NamedTuple):
    """What ``linalg.ldl_factor`` returns."""

    LD: Tensor
    pivots: Tensor


@_named
class linalg_ldl_factor_ex(NamedTuple):
    """What ``linalg.ldl_factor_ex`` returns."""

    LD: Tensor
    pivots: Tensor
    info: Tensor


@_named
class linalg_lstsq(NamedTuple):
    """What ``linalg.lstsq`` returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


@_named
class linalg_lu(NamedTuple):
    """What ``linalg.lu`` returns."""

    P: Tensor
    L: Tensor
    U: Tensor


@_named
class linalg_lu_factor(NamedTuple):
    """What ``linalg.lu_factor`` returns."""

    LU: Tensor
    pivots: Tensor


@_named
class linalg_lu_factor_ex(NamedTuple):
    """What ``linalg.lu_factor_ex`` returns."""

    LU: Tensor
    pivots: Tensor
    info: Tensor


@_named
class linalg_qr(NamedTuple):
    """What ``linalg.qr`` returns."""

    Q: Tensor
    R: Tensor


@_named
class linalg_slogdet(NamedTuple):
    """What ``linalg.slogdet`` returns."""

    sign: Tensor
    logabsdet: Tensor


@_named
class linalg_solve_ex(NamedTuple):
    """What ``linalg.solve_ex`` returns."""

    result: Tensor
    info: Tensor


@_named
class linalg_svd(NamedTuple):
    """What ``linalg.svd`` returns."""

    U: Tensor
    S: Tensor
    Vh: Tensor


@_named
class geqrf(NamedTuple):
    """What ``geqrf`` returns."""

    a: Tensor
    tau: Tensor


@_named
class lu_unpack(NamedTuple):
    """What ``lu_unpack`` returns."""

    P: Tensor
    L: Tensor
    U: Tensor


@_named
class qr(NamedTuple):
    """What ``qr`` returns."""

    Q: Tensor
    R: Tensor


@_named
class slogdet(NamedTuple):
    """What ``slogdet`` returns."""

    sign: Tensor
    logabsdet: Tensor


@_named
class svd(NamedTuple):
    """What ``svd`` returns."""

    U: Tensor
    S: Tensor
    V: Tensor
