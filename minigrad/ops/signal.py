"""Window functions of signal processing, and tensors of numbers, strides and bytes given."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.attributes import check_cpu
from minigrad.dtypes import as_dtype_, dtype, get_default_dtype
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor, over_array
from minigrad.types import Device


def _finished(values: Any, kind: dtype | None, place: Device, requires_grad: bool) -> Tensor:
    if place is not None:
        check_cpu(place)
    kind = get_default_dtype() if kind is None else as_dtype_(kind)
    return over_array(np.asarray(values).astype(kind.numpy)).requires_grad_(requires_grad)


# ---------------------------------------------------------------- windows


def _window(
    name: str, length: int, periodic: bool, formula: Any, kind: dtype | None, *rest: Any
) -> Tensor:
    """Return ``formula`` of places from 0 to 1; those of a periodic window leave out the last."""
    if kind is not None and not as_dtype_(kind).is_floating_point:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {kind}")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got {length}")
    if length == 1:
        return _finished(np.ones(1), kind, *rest)
    places = np.arange(length, dtype=np.float64) / max(length if periodic else length - 1, 1)
    return _finished(formula(places), kind, *rest)


def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: dtype | None = None,
    device: Device = None,
    layout: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Hann window, ``sin(pi n / N)^2``.

    ``periodic`` windows have N = ``window_length``, others one less.  RuntimeError for an integer
    dtype.  Source: torch.hann_window.

    >>> import minigrad
    >>> minigrad.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return hamming_window(
        window_length, periodic, 0.5, 0.5, dtype=dtype, device=device, requires_grad=requires_grad
    )


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: dtype | None = None,
    device: Device = None,
    layout: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Hamming window, ``alpha - beta cos(2 pi n / N)``.

    N and errors as of ``hann_window``.  Source: torch.hamming_window.

    >>> import minigrad
    >>> minigrad.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    return _window(
        *("hamming_window", window_length, periodic),
        lambda t: alpha - beta * np.cos(2 * np.pi * t),
        *(dtype, device, requires_grad),
    )


def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: dtype | None = None,
    device: Device = None,
    layout: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Blackman window, ``0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)``.

    N and errors as of ``hann_window``.  Source: torch.blackman_window.

    >>> import minigrad
    >>> minigrad.blackman_window(4, dtype=minigrad.float64).round(decimals=4)
    tensor([-0.0000, 0.3400, 1.0000, 0.3400], dtype=minigrad.float64)
    """
    return _window(
        *("blackman_window", window_length, periodic),
        lambda t: 0.42 - 0.5 * np.cos(2 * np.pi * t) + 0.08 * np.cos(4 * np.pi * t),
        *(dtype, device, requires_grad),
    )


def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: dtype | None = None,
    device: Device = None,
    layout: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Bartlett window, a triangle, ``1 - |2 n / N - 1|``.

    N and errors as of ``hann_window``.  Source: torch.bartlett_window.

    >>> import minigrad
    >>> minigrad.bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window(
        *("bartlett_window", window_length, periodic),
        lambda t: 1 - np.abs(2 * t - 1),
        *(dtype, device, requires_grad),
    )


def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: dtype | None = None,
    device: Device = None,
    layout: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the Kaiser window, ``I0(beta sqrt(1 - (2 n / N - 1)^2)) / I0(beta)``.

    N and errors as of ``hann_window``.  Source: torch.kaiser_window.

    >>> import minigrad
    >>> minigrad.kaiser_window(3, periodic=False, beta=0.0)
    tensor([1., 1., 1.])
    """
    return _window(
        *("kaiser_window", window_length, periodic),
        lambda t: np.i0(beta * np.sqrt(np.maximum(1 - (2 * t - 1) ** 2, 0))) / np.i0(beta),
        *(dtype, device, requires_grad),
    )


# ---------------------------------------------------------------- tensors of what is given


def range(
    start: float = 0,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: dtype | None = None,
    device: Device = None,
    layout: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the numbers from ``start`` to ``end``, included, ``step`` apart, of a floating dtype.

    RuntimeError for a step of zero or away from the end.  Warns, as torch: use ``arange``.
    Source: torch.range.
    """
    warnings.warn(
        "range is deprecated because its behavior is inconsistent with Python's range builtin. "
        "Instead, use arange, which produces values in [start, end).",
        stacklevel=2,
    )
    if end is None:
        start, end = 0, start
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError(
            "upper bound and lower bound inconsistent with step sign: "
            f"range({start}, {end}, {step})"
        )
    count = math.floor((end - start) / step) + 1
    return _finished(start + step * np.arange(count), dtype, device, requires_grad)


def scalar_tensor(
    s: float,
    *,
    dtype: dtype | None = None,
    device: Device = None,
    layout: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a number as a tensor without dimensions, of the default dtype if none is given.

    Source: torch.scalar_tensor.

    >>> import minigrad
    >>> minigrad.scalar_tensor(2)
    tensor(2.)
    """
    if isinstance(s, Tensor):
        s = s.item()
    if not isinstance(s, (int, float)):
        raise TypeError(f"scalar_tensor(): argument 's' must be Number, not {type(s).__name__}")
    return _finished(s, dtype, device, requires_grad)


def empty_strided(
    size: Sequence[int],
    stride: Sequence[int],
    *,
    dtype: dtype | None = None,
    layout: object = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return an uninitialised tensor of the given sizes and strides (in elements).

    Source: torch.empty_strided.

    >>> import minigrad
    >>> minigrad.empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    size, stride = tuple(size), tuple(stride)
    if len(size) != len(stride):
        raise RuntimeError(
            f"empty_strided: dimensionality of sizes ({len(size)}) must match dimensionality of "
            f"strides ({len(stride)})"
        )
    last = sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    memory = empty(0 if 0 in size else last + 1, dtype=dtype, device=device)
    return memory.as_strided(size, stride).detach().requires_grad_(requires_grad)


def new_empty_strided(
    input: Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    *,
    dtype: dtype | None = None,
    layout: object = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return ``empty_strided`` of this tensor's dtype.  Source: torch.Tensor.new_empty_strided.

    >>> import minigrad
    >>> minigrad.ones(1).new_empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    kind = input.dtype if dtype is None else dtype
    return empty_strided(size, stride, dtype=kind, device=device, requires_grad=requires_grad)


def empty_permuted(
    size: Sequence[int],
    physical_layout: Sequence[int],
    *,
    dtype: dtype | None = None,
    layout: object = None,
    device: Device = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return an uninitialised tensor whose dimensions lie in memory in the order given.

    Source: torch.empty_permuted.

    >>> import minigrad
    >>> minigrad.empty_permuted((2, 3), (1, 0)).stride()
    (1, 2)
    """
    if sorted(physical_layout) != list(np.arange(len(size))):
        raise RuntimeError(
            f"empty_permuted: physical_layout must order {len(size)} dimensions, but got "
            f"{list(physical_layout)}"
        )
    memory = empty([size[d] for d in physical_layout], dtype=dtype, device=device)
    inverse = tuple(int(k) for k in np.argsort(physical_layout))
    return memory.permute(inverse).detach().requires_grad_(requires_grad)


def frombuffer(
    buffer: Any,
    *,
    dtype: dtype,
    count: int = -1,
    offset: int = 0,
    requires_grad: bool = False,
) -> Tensor:
    """Return a vector over the memory of an object that has the buffer protocol.

    ``count`` elements (all, if negative) from the byte ``offset`` on.  ValueError for an empty
    buffer or one that is too small.  Source: torch.frombuffer.

    >>> import minigrad
    >>> minigrad.frombuffer(bytearray([1, 2, 3]), dtype=minigrad.uint8, offset=1)
    tensor([2, 3], dtype=minigrad.uint8)
    """
    size = memoryview(buffer).nbytes
    width = as_dtype_(dtype).numpy.itemsize
    if size == 0 or count == 0:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % width:
        raise ValueError(
            f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a "
            f"multiple of element size ({width})"
        )
    if memoryview(buffer).readonly:
        warnings.warn(
            "The given buffer is not writable: writing to this tensor will be an error. You may "
            "want to copy it first.",
            stacklevel=2,
        )
    if count > 0 and offset + count * width > size:
        raise ValueError(
            f"requested buffer length ({count} * {width} bytes) after offset ({offset} bytes) must "
            f"not be greater than actual buffer length ({size} bytes)"
        )
    found = np.frombuffer(buffer, as_dtype_(dtype).numpy, count, offset)
    return over_array(found).requires_grad_(requires_grad)
