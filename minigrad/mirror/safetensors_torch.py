"""What ``import safetensors.torch`` gives in a program that runs on minigrad.

The package's own module is made for torch itself; the format is one that minigrad has.
"""

import io
import os
from pathlib import Path

from minigrad.nn import Module
from minigrad.serialization.safetensors_file import read_tensors, write_tensors
from minigrad.tensor import Tensor
from minigrad.types import Device

__all__ = ["load", "load_file", "load_model", "save", "save_file", "save_model"]

_Path = str | os.PathLike[str]


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """Return the bytes of a safetensors file.

    Args:
        tensors: a dict of tensors, contiguous and each in memory of its own.
        metadata: a dict of strings to store beside them.

    >>> import minigrad
    >>> from minigrad.mirror import safetensors_torch
    >>> safetensors_torch.load(safetensors_torch.save({"w": minigrad.ones(2)}))
    {'w': tensor([1., 1.])}
    """
    _check(tensors)
    file = io.BytesIO()
    write_tensors(file, tensors, metadata)
    return file.getvalue()


def save_file(
    tensors: dict[str, Tensor], filename: _Path, metadata: dict[str, str] | None = None
) -> None:
    """Write a dict of tensors to a file; see ``save``."""
    Path(filename).write_bytes(save(tensors, metadata))


def load(data: bytes) -> dict[str, Tensor]:
    """Return the dict of tensors in the bytes of a safetensors file."""
    return read_tensors(io.BytesIO(data), len(data))[0]


def load_file(filename: _Path, device: Device = "cpu") -> dict[str, Tensor]:
    """Return the dict of tensors in a safetensors file.  ``device``: there is only the CPU."""
    return load(Path(filename).read_bytes())


def save_model(
    model: Module,
    filename: str,
    metadata: dict[str, str] | None = None,
    force_contiguous: bool = True,
) -> None:
    """Write the state of a module to a file; tensors that several names share, under one of them.

    The other names go into the metadata, each with the one that stands for it.
    """
    state = model.state_dict()
    metadata = dict(metadata or {})
    for names in _sharing(state):
        kept, *others = sorted(names, key=lambda name: (-state[name].numel(), name))
        for name in others:
            if not _same(state[name], state[kept]):
                raise RuntimeError(
                    f"save_model: {name!r} and {kept!r} share memory, but are not the same tensor"
                )
            del state[name]
            metadata.setdefault(name, kept)
    if force_contiguous:
        state = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(state, filename, metadata)


def load_model(
    model: Module, filename: _Path, strict: bool = True, device: Device = "cpu"
) -> tuple[set[str], list[str]]:
    """Put the state in a file into a module; return the names that are missing and those too many.

    A name that is missing because it shares its tensor with another one is not.  Raises
    RuntimeError if ``strict`` and any is missing or too many.
    """
    state = load_file(filename, device)
    missing, unexpected = map(set, model.load_state_dict(state, strict=False))
    for names in _sharing(model.state_dict()):
        stand_for_all = next((name for name in names if name in state), min(names))
        missing -= names - {stand_for_all}
    if strict and (missing or unexpected):
        raise RuntimeError(
            f"Error(s) in loading state_dict for {type(model).__name__}: "
            f"missing {sorted(missing)}, unexpected {sorted(unexpected)}"
        )
    return missing, list(unexpected)


def _check(tensors):
    if not isinstance(tensors, dict):
        raise ValueError(f"expected a dict of tensors, but got {type(tensors).__name__}")
    for name, tensor in tensors.items():
        if not isinstance(name, str):
            raise TypeError(f"the name {name!r} is a {type(name).__name__}; expected a str")
        if not isinstance(tensor, Tensor):
            raise ValueError(f"{name!r} is a {type(tensor).__name__}; expected a tensor")
        if not tensor.is_contiguous():
            raise ValueError(f"{name!r} is not contiguous: store {name!r}.contiguous()")
    shared = _sharing(tensors)
    if shared:
        raise RuntimeError(
            f"tensors share memory, which the format cannot express: {[*map(sorted, shared)]}. "
            "Use save_model, or clone() them"
        )


def _sharing(tensors):
    """Return the sets of names whose tensors overlap in memory."""
    groups, end = [], -1
    for name in sorted(
        (n for n in tensors if tensors[n].numel()), key=lambda n: _reach(tensors[n])
    ):
        begin, last = _reach(tensors[name])
        if begin >= end:
            groups.append(set())
        groups[-1].add(name)
        end = max(end, last)
    return [names for names in groups if len(names) > 1]


def _reach(tensor):
    """Return the addresses at which a tensor begins and ends."""
    steps = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride(), strict=True))
    begin = tensor.data_ptr()
    return begin, begin + (steps + 1) * tensor.element_size()


def _same(a, b):
    def place(x):
        return x.data_ptr(), x.shape, x.stride(), x.dtype

    return place(a) == place(b)
