"""From a list of samples to a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.dtypes import float64
from minigrad.ops import functions
from minigrad.ops.creation import as_tensor, tensor
from minigrad.tensor import Tensor

__all__ = ["default_collate", "default_convert"]


def _is_numeric(x):
    return isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "biuf"


def _is_namedtuple(x):
    return isinstance(x, tuple) and hasattr(x, "_fields")


def _rebuilt(cls, items):
    try:
        return cls(items)
    except TypeError:  # a sequence or mapping that cannot be made of its items, such as range
        return items


def default_collate(batch: Any) -> Any:
    """Return a list of samples as one batch: tensors with a new first dimension.

    Tensors and arrays are stacked; floats become a float64 tensor, ints an int64 one; strings and
    bytes stay a list; tuples, lists, namedtuples and mappings are collated item by item.

    Raises TypeError for anything else, RuntimeError for samples whose shapes or lengths differ.

    >>> from minigrad.utils import data
    >>> data.default_collate([(1.5, 2, "a"), (2.5, 3, "b")])
    [tensor([1.5000, 2.5000], dtype=minigrad.float64), tensor([2, 3]), ('a', 'b')]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return functions["stack"](batch)
    if isinstance(first, np.ndarray) and _is_numeric(first):
        return functions["stack"]([as_tensor(array) for array in batch])
    if _is_numeric(first):
        return as_tensor(np.array(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return _rebuilt(
            type(first), {key: default_collate([sample[key] for sample in batch]) for key in first}
        )
    if _is_namedtuple(first):
        return type(first)(*map(default_collate, zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [default_collate(samples) for samples in zip(*batch, strict=True)]
        return columns if isinstance(first, tuple) else _rebuilt(type(first), columns)
    kind = first.dtype if isinstance(first, (np.ndarray, np.generic)) else type(first)
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {kind}"
    )


def default_convert(data: Any) -> Any:
    """Return ``data`` with the arrays in it as tensors: what is done where nothing is batched.

    >>> import numpy as np
    >>> from minigrad.utils import data
    >>> data.default_convert({"x": np.zeros(2), "name": "a"})
    {'x': tensor([0., 0.], dtype=minigrad.float64), 'name': 'a'}
    """
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if _is_numeric(data):
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _rebuilt(type(data), {key: default_convert(item) for key, item in data.items()})
    if _is_namedtuple(data):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple):
        return [default_convert(item) for item in data]
    if isinstance(data, Sequence):
        return _rebuilt(type(data), [default_convert(item) for item in data])
    return data
