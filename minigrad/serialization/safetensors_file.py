"""Files in the safetensors format: reading and writing.

A safetensors file is 8 bytes of header length (little-endian), a JSON header that gives each
tensor's dtype, shape and place, and the data.  A flat dict of tensors, as ``state_dict()`` of a
module returns, is stored as just that, and any safetensors reader opens it.

Anything else that ``save`` takes (nested dicts, lists, tuples, numbers, strings, None) is also
such a file.  Its tensors are named by their path ("model.fc.weight"), and the entry ``minigrad``
of the header's metadata describes the structure around them, as JSON: a scalar as it is, and
{"dict": [[key, value], ...]}, {"list": [...]}, {"tuple": [...]}, {"tensor": name} and
{"float": "inf"} (or "-inf", "nan") for the rest.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minigrad.ops.creation import from_numpy
from minigrad.tensor import Tensor

__all__ = ["read", "read_tensors", "write_tensors", "writing"]

# The format's names of the dtypes there are here.  Files are little-endian.
DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
}
NAMES = {np.dtype(dtype).newbyteorder("="): name for name, dtype in DTYPES.items()}

MAX_HEADER = 100_000_000  # bytes; the limit of the safetensors package
TREE = "minigrad"  # the metadata entry that describes a nested structure
METADATA = "__metadata__"


# ---------------------------------------------------------------- saving


def writing(obj: Any) -> Callable[[Any], None]:
    """Return a function that writes ``obj`` to a file it is given.

    Raises TypeError naming the place and type of a value that cannot be stored.
    """
    if _is_flat(obj):
        return lambda file: write_tensors(file, obj)
    arrays: dict[str, Any] = {}
    try:
        tree = json.dumps(_pack(obj, "", arrays), allow_nan=False)
    except RecursionError:
        raise ValueError("save: the object is nested too deeply, or contains itself") from None
    return lambda file: _write(file, arrays, {TREE: tree})


def write_tensors(
    file: Any, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write a dict of tensors, and one of strings that describe them, to a file."""
    _write(file, {name: _array(tensor) for name, tensor in tensors.items()}, metadata)


def _is_flat(obj):
    return isinstance(obj, dict) and all(
        isinstance(key, str) and key != METADATA and isinstance(value, Tensor)
        for key, value in obj.items()
    )


def _array(tensor):
    return np.asarray(tensor.detach().numpy())


def _pack(value, path, arrays):
    """Return the description of ``value``; put the tensors in it into ``arrays`` by path."""
    if isinstance(value, Tensor):
        name = path or "tensor"
        while name in arrays or name == METADATA:  # {"a.b": ..., "a": {"b": ...}}
            name += "'"
        arrays[name] = _array(value)
        return {"tensor": name}
    if isinstance(value, dict):
        for key in value:
            if isinstance(key, bool) or not isinstance(key, (str, int)):
                raise TypeError(
                    f"save: a key of {path or 'the dict'!r} is of type {type(key).__name__}; "
                    "expected str or int"
                )
        return {"dict": [[key, _pack(v, _join(path, key), arrays)] for key, v in value.items()]}
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_pack(v, _join(path, i), arrays) for i, v in enumerate(value)]}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(float(value))}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    hint = "; store its state_dict()" if hasattr(value, "state_dict") else ""
    raise TypeError(
        f"save: cannot store {path or 'the object'!r} of type {type(value).__name__}{hint}; "
        "expected tensors, numbers, strings, bools, None, and dicts, lists and tuples of them "
        "in a file whose name ends in .safetensors"
    )


def _join(path, key):
    return f"{path}.{key}" if path else str(key)


def _header(arrays, metadata):
    """Return the header as bytes, its length included, and the arrays in the order of the data.

    Larger items first: then every tensor lies at a multiple of its item size.
    """
    order = sorted(arrays, key=lambda name: -arrays[name].itemsize)
    places, end = {}, 0
    for name in order:
        places[name] = (end, end + arrays[name].nbytes)
        end += arrays[name].nbytes
    entries = {} if metadata is None else {METADATA: metadata}
    for name, array in arrays.items():
        entries[name] = {
            "dtype": NAMES[array.dtype],
            "shape": array.shape,
            "data_offsets": places[name],
        }
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise ValueError(f"save: the header would take {len(text)} bytes; at most {MAX_HEADER}")
    return len(text).to_bytes(8, "little") + text, [arrays[name] for name in order]


def _write(file, arrays, metadata):
    header, order = _header(arrays, metadata)
    file.write(header)
    for array in order:
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        file.write(array.reshape(-1).view(np.uint8))


# ---------------------------------------------------------------- loading


def read(file: Any, size: Any) -> Any:
    """Return what the next ``size`` bytes of a file hold: a dict of tensors, or the structure that
    was saved; the tensors are in memory of their own.

    Raises ValueError for what is not exactly as the format prescribes: truncated, with bytes to
    spare, with overlapping tensors, with an unknown dtype ...
    """
    tensors, metadata = read_tensors(file, size)
    return _unpack_tree(metadata[TREE], tensors) if TREE in metadata else tensors


def read_tensors(file: Any, size: int) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return a dict of the tensors in a file, and the dict of strings that describe them."""
    header = _read_header(file, size)
    metadata = header.pop(METADATA, {})
    tensors = {name: _read_tensor(file, name, entry) for name, entry in _in_order(header)}
    return {name: tensors[name] for name in header}, metadata


def _read_header(file, size):
    """Return the checked header: {name: (dtype, shape, begin, end)}, and the metadata if any."""
    start = file.read(8)
    if len(start) < 8:
        raise ValueError(f"it ends after {len(start)} bytes; expected the header's length in 8")
    length = int.from_bytes(start, "little")
    if length > min(size - 8, MAX_HEADER):
        if start[:1] == b"\x80":
            raise ValueError(
                "it looks like a bare pickle, which is never "
                "loaded here. With torch: torch.save(torch.load(path), new_path)"
            )
        raise ValueError(
            f"the header's length is given as {length} bytes, but the file has {size - 8} more "
            f"and a header at most {MAX_HEADER}"
        )
    text = file.read(length)
    if not text.startswith(b"{"):
        raise ValueError("the header does not begin with '{'")
    entries = _parse(text.decode())
    header = {}
    for name, entry in entries.items():
        if name == METADATA:
            if not isinstance(entry, dict) or not all(isinstance(v, str) for v in entry.values()):
                raise ValueError(f"{METADATA} is not a map of strings to strings")
            header[name] = entry
        else:
            header[name] = _checked_entry(name, entry)
    _check_places(header, size - 8 - length)
    return header


def _parse(text):
    """Parse JSON strictly: no repeated keys, no NaN, nothing too deep."""

    def unique(pairs):
        result = dict(pairs)
        if len(result) < len(pairs):
            ((key, _),) = Counter(key for key, _ in pairs).most_common(1)
            raise ValueError(f"the key {key!r} is there twice")
        return result

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None


def _is_size(x):
    return type(x) is int and 0 <= x < 2**63


def _checked_entry(name, entry):
    """Return a tensor's entry in the header as (dtype, shape, begin, end)."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the entry of {name!r} is not a dtype, a shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(
            f"{name!r} has dtype {dtype!r}, which minigrad does not have; it has "
            + ", ".join(DTYPES)
        )
    if not isinstance(shape, list) or len(shape) > 32 or not all(map(_is_size, shape)):
        raise ValueError(f"{name!r} has shape {shape!r}; expected at most 32 sizes")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_size, offsets)):
        raise ValueError(f"{name!r} has data_offsets {offsets!r}; expected [begin, end]")
    begin, end = offsets
    wanted = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if end - begin != wanted:
        raise ValueError(
            f"{name!r} has data_offsets {offsets}, but shape {shape} of {dtype} takes {wanted} "
            "bytes"
        )
    return DTYPES[dtype], shape, begin, end


def _in_order(header):
    """Return the tensors' entries in the order of their data."""
    return sorted(header.items(), key=lambda item: item[1][2:])


def _check_places(header, size):
    """Check that the tensors fill the data from end to end, without holes and overlaps."""
    place = 0
    for name, (_, _, begin, end) in _in_order({k: v for k, v in header.items() if k != METADATA}):
        if begin != place:
            raise ValueError(
                f"the data of {name!r} begins at byte {begin}, but the tensors before it "
                f"end at {place}"
            )
        place = end
    if place != size:
        raise ValueError(f"the tensors take {place} bytes of data, but the file has {size}")


def _read_tensor(file, name, entry):
    dtype, shape, begin, end = entry
    array = np.empty(shape, dtype)
    data = memoryview(array.reshape(-1).view(np.uint8))
    done = 0
    while done < end - begin:
        n = file.readinto(data[done:])
        if not n:
            raise ValueError(f"it ends within the data of {name!r}")
        done += n
    if dtype == DTYPES["BOOL"] and (array.view(np.uint8) > 1).any():
        raise ValueError(f"{name!r} is of bools, but has bytes other than 0 and 1")
    return from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False))


def _check_hashes(pairs):
    """Raise if many keys have one hash: each is compared with all before it."""
    numbers = [
        pair[0] for pair in pairs if isinstance(pair, list) and pair and type(pair[0]) is int
    ]
    if len(set(map(hash, numbers))) + 100 < len(numbers):
        raise ValueError("its structure has a dict with many keys of one hash")


def _unpack_tree(text, tensors):
    """Return the structure that ``_pack`` described, with the tensors in it."""
    used = set()

    def unpack(node):
        if not isinstance(node, (dict, list)):
            return node
        if not isinstance(node, dict) or len(node) != 1:
            raise ValueError(f"its structure has {node!r} where a value is expected")
        ((kind, content),) = node.items()
        if kind == "tensor" and isinstance(content, str) and content in tensors:
            used.add(content)
            return tensors[content]
        if kind == "float" and content in ("inf", "-inf", "nan"):
            return float(content)
        if kind in ("list", "tuple") and isinstance(content, list):
            items = [unpack(item) for item in content]
            return items if kind == "list" else tuple(items)
        if kind == "dict" and isinstance(content, list):
            _check_hashes(content)
            result = {}
            for pair in content:
                if (
                    not isinstance(pair, list)
                    or len(pair) != 2
                    or type(pair[0]) not in (str, int)
                    or pair[0] in result
                ):
                    raise ValueError(f"its structure has {pair!r} where a new key is expected")
                result[pair[0]] = unpack(pair[1])
            return result
        raise ValueError(f"its structure has an unknown {kind!r}: {content!r}")

    try:
        result = unpack(_parse(text))
    except RecursionError:
        raise ValueError("its structure is nested too deeply") from None
    if len(used) < len(tensors):
        unused = sorted(set(tensors) - used)
        raise ValueError(f"its structure has no place for the tensors {unused}")
    return result
