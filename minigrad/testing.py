"""``assert_close`` and ``make_tensor``, under torch's names."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad import ops
from minigrad.attributes import memory_format
from minigrad.dtypes import as_dtype_, bool_, dtype, float16, float32, float64, uint8
from minigrad.tensor import Tensor
from minigrad.types import Device
from minigrad.utils.interchange import taken_in

__all__ = ["assert_close", "make_tensor"]

# How far apart numbers of a dtype may be: (relative, absolute).  Others must be equal.
_TOLERANCES = {float16: (1e-3, 1e-5), float32: (1.3e-6, 1e-5), float64: (1e-7, 1e-7)}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Any = None,
) -> None:
    """Raise AssertionError, which says where and by how much, unless ``actual`` is ``expected``.

    That is ``|actual - expected| <= atol + rtol * |expected|`` for every element, and the same
    shape and dtype.

    Args:
        actual, expected: tensors, arrays, numbers, None, or sequences or mappings of such.
        rtol, atol: both or none; by default they depend on the dtype (float32: 1.3e-6 and 1e-5).
        equal_nan: whether NaN is close to NaN.
        check_dtype: whether dtypes must be equal; if not, they are promoted.
        check_stride: whether strides must be equal.
        msg: what to say instead; or a function of what would be said.
        allow_subclasses: if False, the types must be equal.
        check_device, check_layout: accepted; there is one device and one layout.

    Raises ValueError for one of ``rtol`` and ``atol`` alone, TypeError for what cannot be compared.

    Source: ``torch.testing.assert_close``.

    >>> import minigrad
    >>> from minigrad.testing import assert_close
    >>> assert_close(minigrad.tensor([1.0, 2.0]), minigrad.tensor([1.0, 2.000001]))
    >>> assert_close(minigrad.tensor([1, 1]), minigrad.tensor([1, 2]))
    Traceback (most recent call last):
        ...
    AssertionError: Tensor-likes are not equal!
    <BLANKLINE>
    Mismatched elements: 1 / 2 (50.0%)
    Greatest absolute difference: 1 at index (1,)
    Greatest relative difference: 0.5 at index (1,)
    """
    options = (rtol, atol), equal_nan, check_dtype, check_stride
    if not allow_subclasses and type(actual) is not type(expected):
        raise TypeError(f"expected the same type, but got {type(actual)} and {type(expected)}")
    found = _difference(actual, expected, "", *options)
    if found is not None:
        raise AssertionError(msg(found) if callable(msg) else msg or found)


def _tolerances(given, *defaults):
    """Return the relative and the absolute tolerance: the given ones, or the largest default."""
    rtol, atol = given
    if (rtol is None) is not (atol is None):
        only = "atol" if rtol is None else "rtol"
        raise ValueError(f"'rtol' and 'atol' must both be specified or none, but got only '{only}'")
    return map(max, zip(*defaults, strict=True)) if rtol is None else given


def _difference(actual, expected, place, *options):
    """Return what to say about two things that are not close, or None."""
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        return _of_mappings(actual, expected, place, options)
    sequences = isinstance(actual, Sequence) and isinstance(expected, Sequence)
    if sequences and not isinstance(actual, str) and not isinstance(expected, str):
        return _of_sequences(actual, expected, place, options)
    at = f"\n\nThe failure occurred for item {place}" if place else ""
    if actual is None or expected is None:
        return None if actual is expected else f"None mismatch: {actual} is not {expected}{at}"
    if isinstance(actual, numbers.Real) and isinstance(expected, numbers.Real):
        return _of_numbers(actual, expected, at, *options)
    actual, expected = taken_in(actual), taken_in(expected)
    if not isinstance(actual, Tensor) or not isinstance(expected, Tensor):
        raise TypeError(
            "expected tensors, arrays, numbers, None, or sequences or mappings of such, but got "
            f"{type(actual)} and {type(expected)}{at}"
        )
    return _of_tensors(actual.detach(), expected.detach(), at, *options)


def _of_mappings(actual, expected, place, options):
    missing, more = set(expected) - set(actual), set(actual) - set(expected)
    if missing or more:
        raise AssertionError(
            "The keys of the mappings do not match:\n"
            f"Missing keys in the actual mapping: {sorted(missing)}\n"
            f"Additional keys in the actual mapping: {sorted(more)}"
        )
    pairs = ((key, actual[key], value) for key, value in expected.items())
    return _first(pairs, place, options)


def _of_sequences(actual, expected, place, options):
    if len(actual) != len(expected):
        raise AssertionError(
            f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
        )
    return _first(zip(range(len(actual)), actual, expected, strict=True), place, options)


def _first(items, place, options):
    differences = (_difference(a, b, f"{place}[{key!r}]", *options) for key, a, b in items)
    return next((found for found in differences if found is not None), None)


def _of_numbers(actual, expected, at, tolerances, equal_nan, check_dtype, check_stride):
    exact = isinstance(actual, numbers.Integral) and isinstance(expected, numbers.Integral)
    rtol, atol = _tolerances(tolerances, (0, 0) if exact else _TOLERANCES[float64])
    if check_dtype and type(actual) is not type(expected):
        return f"The (d)types do not match: {type(actual)} != {type(expected)}.{at}"
    if np.isclose(actual, expected, rtol, atol, equal_nan):
        return None
    return _of_one(actual, expected, rtol, atol, at)


def _of_one(actual, expected, rtol, atol, at):
    difference = abs(actual - expected)
    relative = difference / abs(expected) if expected else float("inf")
    return _told(
        "Scalars",
        rtol,
        atol,
        at,
        [
            f"Expected {expected} but got {actual}.",
            f"Absolute difference: {difference}",
            f"Relative difference: {relative}",
        ],
    )


def _told(what, rtol, atol, at, lines):
    """Return the message; its last two lines are of the absolute and the relative difference."""
    close = "equal" if rtol == atol == 0 else "close"
    if close == "close":
        lines[-2] += f" (up to {atol} allowed)"
        lines[-1] += f" (up to {rtol} allowed)"
    return f"{what} are not {close}!\n\n" + "\n".join(lines) + at


def _of_tensors(actual, expected, at, tolerances, equal_nan, check_dtype, check_stride):
    defaults = [_TOLERANCES.get(x.dtype, (0, 0)) for x in (actual, expected)]
    rtol, atol = _tolerances(tolerances, *defaults)
    attributes = {"shape": True, "dtype": check_dtype, "stride()": check_stride}
    for name, checked in attributes.items():
        a, b = (getattr(x, name.removesuffix("()")) for x in (actual, expected))
        a, b = (a(), b()) if name.endswith("()") else (a, b)
        if checked and a != b:
            return f"The values for attribute '{name}' do not match: {a} != {b}.{at}"
    a, b = actual.numpy(), expected.numpy()
    if a.dtype != b.dtype:
        common = np.promote_types(a.dtype, b.dtype)
        a, b = a.astype(common), b.astype(common)
    if a.dtype.kind in "bu":  # whose differences wrap around
        a, b = a.astype(np.int64), b.astype(np.int64)
    wrong = ~np.isclose(a, b, rtol, atol, equal_nan)
    if not wrong.any():
        return None
    if wrong.ndim == 0:
        return _of_one(a.item(), b.item(), rtol, atol, at)
    with np.errstate(all="ignore"):
        absolute = np.where(wrong, np.abs(a - b), 0)  # those that are close do not count
        relative = np.where(wrong, absolute / np.abs(b), 0)
    lines = [f"Mismatched elements: {wrong.sum()} / {wrong.size} ({wrong.mean():.1%})"]
    for kind, values in (("absolute", absolute), ("relative", relative)):
        index = np.unravel_index(values.argmax(), values.shape)
        greatest = values[index].item()
        lines.append(f"Greatest {kind} difference: {greatest} at index {tuple(map(int, index))}")
    return _told("Tensor-likes", rtol, atol, at, lines)


def make_tensor(
    *shape: Any,
    dtype: dtype | None,
    device: Device,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: memory_format | None = None,
) -> Tensor:
    """Return a tensor of numbers drawn uniformly from [low, high), with torch's draws.

    Args:
        shape: the sizes, or a sequence of them.
        dtype, device: what it is; they have no default.
        low, high: by default [-9, 9) for floats, -9 to 9 for integers, 0 to 9 for uint8.
        noncontiguous: whether the elements lie two apart in memory.
        exclude_zero: put the least positive number in the place of zeros.

    Source: ``torch.testing.make_tensor``.

    >>> import minigrad
    >>> x = minigrad.testing.make_tensor(2, 3, dtype=minigrad.float32, device="cpu", low=0, high=1)
    >>> x.shape, bool((x >= 0).all())
    (minigrad.Size([2, 3]), True)
    """
    sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    dtype = as_dtype_(dtype)
    floats = dtype.is_floating_point
    usual: Any = {bool_: (0, 2), uint8: (0, 10)}.get(dtype, (-9, 9 if floats else 10))
    low = usual[0] if low is None else low
    high = usual[1] if high is None else high
    if not low < high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    if noncontiguous:  # twice as many, of which every other one counts
        sizes = (*sizes[:-1], 2 * sizes[-1])
    if floats:
        made = ops.functions["empty"](sizes, dtype=dtype).uniform_(low, high)
    else:
        made = ops.functions["randint"](low, high, sizes, dtype=dtype)
    if noncontiguous:
        made = made[..., 1::2]
    if exclude_zero:
        made[made == 0] = float(np.finfo(dtype.numpy).tiny) if floats else 1
    return made.requires_grad_(requires_grad)
