"""The named tuples that functions with several results return: ``values, indices = x.sort()``."""

from typing import NamedTuple

from minigrad import attributes
from minigrad.tensor import Tensor


def _printed(self):
    lines = [f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True)]
    return f"{attributes.package}.return_types.{type(self).__name__}(\n" + ",\n".join(lines) + ")"


class _Picked(NamedTuple):
    """Elements and their places."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return _printed(self)


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


class aminmax(NamedTuple):
    """What ``aminmax`` returns."""

    min: Tensor
    max: Tensor

    def __repr__(self) -> str:
        return _printed(self)


class frexp(NamedTuple):
    """What ``frexp`` returns."""

    mantissa: Tensor
    exponent: Tensor

    def __repr__(self) -> str:
        return _printed(self)


class histogram(NamedTuple):
    """What ``histogram`` returns."""

    hist: Tensor
    bin_edges: Tensor

    def __repr__(self) -> str:
        return _printed(self)
