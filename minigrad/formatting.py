"""How a tensor prints: torch's layout, from the array alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.dtypes import get_default_dtype
from minigrad.tensor import Tensor

_options: dict[str, Any] = {
    "precision": 4,
    "threshold": 1000,
    "edgeitems": 3,
    "linewidth": 80,
    "sci_mode": None,
}
_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": float("inf"), "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: str | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print, as torch.set_printoptions.

    Args:
        precision: digits after the point.  Default 4.
        threshold: number of elements above which the middle is left out.  Default 1000.
        edgeitems: how many items stay at each end then.  Default 3.
        linewidth: characters to a line.  Default 80.
        profile: "default", "short" or "full": sets all of the above.
        sci_mode: True or False forces scientific notation on or off; None decides by the values.
    """
    if profile is not None:
        _options.update(_PROFILES[profile])
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    _options.update({name: value for name, value in given.items() if value is not None})
    _options["sci_mode"] = sci_mode


def get_printoptions():
    """Return the present print options as a dict."""
    return dict(_options)


def _number_format(values):
    """Return (function that prints a number, width of a column) for the ``values`` shown.

    As in torch, zeros, NaN and infinities have no say in how wide a column is.
    """
    if values.dtype.kind in "biu":
        return str, max(len(str(v)) for v in values.tolist())
    precision = _options["precision"]
    telling = values[np.isfinite(values) & (values != 0)].astype(np.float64)
    whole, scientific = bool((telling == np.ceil(telling)).all()), False
    if telling.size:
        low, high = np.abs(telling).min().item(), np.abs(telling).max().item()
        scientific = high > 1000.0 * low or high > 1e8 or low < 1e-4
        if _options["sci_mode"] is not None:
            scientific = _options["sci_mode"]

    def text(v):
        if scientific:
            return f"{v:.{precision}e}"
        if whole:
            return f"{v:.0f}." if math.isfinite(v) else f"{v:.0f}"
        return f"{v:.{precision}f}"

    return text, max((len(text(v)) for v in telling.tolist()), default=1)


def _shown(array):
    """Return the part of ``array`` that is printed when the middle is left out."""
    edge = _options["edgeitems"]
    for axis in range(array.ndim):
        if array.shape[axis] > 2 * edge:
            ends = np.r_[0:edge, array.shape[axis] - edge : array.shape[axis]]
            array = np.take(array, ends, axis)
    return array


def _rows(array, text, width, indent, summarize):
    edge = _options["edgeitems"]
    if array.ndim == 0:
        return text(array.item())
    cut = summarize and array.shape[0] > 2 * edge
    if array.ndim == 1:
        items = array.tolist()
        parts = [text(v).rjust(width) for v in items]
        if cut:
            parts = [*parts[:edge], " ...", *parts[len(parts) - edge :]]
        per_line = max(1, (_options["linewidth"] - indent) // (width + 2))
        lines = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    indices = range(array.shape[0])
    if cut:
        indices = [*range(edge), None, *range(array.shape[0] - edge, array.shape[0])]
    blocks = [
        "..." if i is None else _rows(array[i], text, width, indent + 1, summarize) for i in indices
    ]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(blocks) + "]"


def array_text(array: Any, indent: int) -> str:
    """Return the numbers of ``array`` in torch's layout, its lines after the first indented."""
    if array.size == 0:
        return "[]"
    summarize = array.size > _options["threshold"]
    text, width = _number_format((_shown(array) if summarize else array).ravel())
    if array.dtype.kind == "b" and array.ndim:
        width = max(width, 4)
    return _rows(array, text, width, indent, summarize)


def tensor_repr(t: Tensor) -> str:
    """Return ``repr(t)``: numbers, then what is not the default: size, dtype, grad_fn."""
    array = t.detach().numpy()
    plain = type(t).__module__.startswith("minigrad.")  # not a class of the program's own
    prefix = "tensor(" if plain else f"{type(t).__name__}("
    suffixes = []
    if array.size == 0 and array.shape != (0,):
        suffixes.append(f"size={tuple(array.shape)}")
    usual = ("bool", "int64", get_default_dtype().name)
    if t.dtype.name not in usual or (array.size == 0 and t.dtype.name != usual[2]):
        suffixes.append(f"dtype={t.dtype}")
    if t.grad_fn is not None:
        suffixes.append(f"grad_fn=<{t.grad_fn.name()}>")
    elif t.requires_grad:
        suffixes.append("requires_grad=True")
    text = prefix + array_text(array, len(prefix))
    for suffix in suffixes:
        last = len(text) - text.rfind("\n") + 1
        separator = (
            ", " if last + len(suffix) + 2 <= _options["linewidth"] else (",\n" + " " * len(prefix))
        )
        text += separator + suffix
    marked = getattr(t, "_is_param", False)  # a Parameter of a class of the program's own
    return f"Parameter({text}))" if marked else text + ")"
