"""Comparing whole tensors: equal, isclose, allclose."""

from __future__ import annotations

import numpy as np

from minigrad.ops.shape import broadcast_tensors
from minigrad.tensor import Tensor, over_array


def _pair(input, other, name):
    for x in (input, other):
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}(): expected Tensors, but got {type(x).__name__}")
    return input.detach().numpy(), other.detach().numpy()


def equal(input: Tensor, other: Tensor) -> bool:
    """Return whether both tensors have the same shape and the same elements (NaN equals none)."""
    a, b = _pair(input, other, "equal")
    return a.shape == b.shape and bool((a == b).all())


def isclose(
    input: Tensor,
    other: Tensor,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> Tensor:
    """Return, as bools, whether ``|input - other| <= atol + rtol * |other|``."""
    a, b = _pair(input, other, "isclose")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not tolerance >= 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {tolerance}")
    if a.dtype != b.dtype:
        raise RuntimeError(f"{input.dtype} did not match {other.dtype}")
    if a.shape != b.shape:
        a, b = (x.numpy(force=True) for x in broadcast_tensors(input, other))
    return over_array(np.asarray(np.isclose(a, b, rtol, atol, equal_nan)))


def allclose(
    input: Tensor,
    other: Tensor,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> bool:
    """Return whether ``isclose`` holds for all elements."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())
