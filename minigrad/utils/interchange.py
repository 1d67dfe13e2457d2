"""Tensors of other libraries, taken in."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.creation import from_dlpack, tensor
from minigrad.tensor import Tensor

__all__ = ["taken_in"]


def taken_in(value: Any, name: str = "it") -> Any:
    """Return NumPy's array, or another library's on the CPU that speaks DLPack, as a new Tensor.

    Anything else, tensors too, is returned as it is.  RuntimeError says why an array called
    ``name`` cannot be read: its dtype, or where it is.

    >>> import numpy as np
    >>> from minigrad.utils.interchange import taken_in
    >>> taken_in(np.ones(2, "f"))
    tensor([1., 1.])
    """
    if isinstance(value, Tensor) or not hasattr(value, "__dlpack__"):
        return value
    if isinstance(value, np.ndarray):
        return tensor(value)
    try:  # torch gives no memory away that wants a gradient
        return from_dlpack(value.detach() if hasattr(value, "detach") else value).clone()
    except (RuntimeError, BufferError, TypeError) as error:
        raise RuntimeError(
            f"cannot take over {name}, a {type(value).__module__}.{type(value).__name__} of dtype "
            f"{getattr(value, 'dtype', None)}: {error}"
        ) from None
