"""save and load: files that torch reads, and safetensors files; reading runs nothing by default.

``torch_writer.py`` writes torch's files and ``torch_reader.py`` reads them, without Python's
pickle, ``legacy_reader.py`` those of torch before 1.6; ``unpickler.py`` is what
``load(..., weights_only=False)`` gives a file to instead; ``safetensors_file.py`` has the other
format.  Each is imported when it is first used.  ``safe.py`` has what a program calls safe.
"""

import importlib
import io
import os
import stat
from typing import Any

from minigrad.attributes import check_cpu
from minigrad.serialization.safe import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)

__all__ = [
    "add_safe_globals", "clear_safe_globals", "get_safe_globals", "load", "safe_globals", "save",
]  # fmt: skip

LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF"  # how files of torch before 1.6 begin


def save(obj, f, pickle_module=None, pickle_protocol=2, **options) -> None:
    """Write an object to a file that ``load`` and ``torch.load`` read.

    Args:
        obj: tensors, numbers, strings, bytes, bools, None, and dicts, lists, tuples and sets of
            them, such as ``{"model": model.state_dict(), "optimizer": optimizer.state_dict()}``:
            what ``load`` reads with no risk.  Any other object, such as a whole model or a NumPy
            array, is taken apart as Python's pickle does; ``load`` reads it back with
            ``weights_only=False``.
        f: a path, or a file open for writing bytes.  At a path that ends in ``.safetensors`` it
            is a safetensors file, which holds tensors, plain values, dicts, lists and tuples.
        pickle_module, pickle_protocol, options: torch's arguments, which change nothing.

    A file at the path is replaced at once when the new one is complete; whatever goes wrong
    before, it stays as it was.  Tensors keep their strides and ``requires_grad``, and those that
    share memory do so again when they are loaded: all of the memory that a view lies in is
    stored.  A safetensors file has each tensor by itself, contiguous.  Gradients are not stored.

    Raises TypeError naming the place and type of a value that cannot be stored.

    Source: ``torch.save``.

    >>> import io, minigrad
    >>> file = io.BytesIO()
    >>> minigrad.save({"w": minigrad.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> minigrad.load(file)
    {'w': tensor([1., 1.]), 'epoch': 3}
    """
    if hasattr(f, "write"):
        whole = io.BytesIO()  # to be written from end to end: not every file can seek
        _part("torch_writer").writing(obj)(whole)
        f.write(whole.getvalue())
        return
    safetensors = os.fsdecode(f).endswith(".safetensors")
    write = _part("safetensors_file" if safetensors else "torch_writer").writing(obj)
    _replace_file(f, write)


def load(
    f, map_location=None, pickle_module=None, *, weights_only=True, mmap=None, **pickle_load_args
) -> Any:
    """Read what ``save`` or any ``torch.save`` wrote, or any writer of safetensors files.

    Args:
        f: a path, or a file open for reading bytes that can seek.
        map_location: torch's argument (a device, a function, or a dict of places); the CPU is all
            there is.
        weights_only: False also reads files that hold whole models and other Python objects.
            THAT RUNS WHATEVER CODE THE FILE NAMES: only for files whose origin you trust.
        pickle_module, mmap, pickle_load_args: torch's arguments; files are read as a whole.

    By default nothing in a file is ever run, and what a file takes of memory and time is limited
    by its size: a small multiple of it, but for many small objects, of up to 300 times.
    A model that torch stored whole becomes one of minigrad's layers; its hooks cannot come along.

    Raises ``pickle.UnpicklingError`` for a file with objects that only ``weights_only=False``
    reads, and ValueError for one that is not what its format prescribes: truncated, with bytes to
    spare, with tensors outside of their memory, with parts that are repeated beyond reason ...

    Source: ``torch.load``.

    >>> import io, minigrad
    >>> file = io.BytesIO()
    >>> minigrad.save({"epoch": 3, "w": minigrad.ones(2)}, file)
    >>> _ = file.seek(0)
    >>> minigrad.load(file)["w"]
    tensor([1., 1.])
    """
    if map_location is not None and not callable(map_location):
        places = map_location.values() if isinstance(map_location, dict) else [map_location]
        for place in places:
            check_cpu(place, RuntimeError)
    weights_only = weights_only is None or bool(weights_only)
    if hasattr(f, "read"):
        start = f.tell()
        size = f.seek(0, os.SEEK_END) - start
        f.seek(start)
        return _read(f, size, getattr(f, "name", "the file"), weights_only)
    path = os.fspath(f)
    with open(path, "rb") as file:
        return _read(file, os.fstat(file.fileno()).st_size, path, weights_only)


def _read(file, size, where, weights_only):
    start = file.read(8)
    file.seek(-len(start), os.SEEK_CUR)
    is_archive = start[:4] == b"PK\x03\x04" and any(start[4:])
    if is_archive or start == LEGACY:
        reader = _part("torch_reader" if is_archive else "legacy_reader")
        program, storages = _checked(reader.opened, file, size, where=where)
        if weights_only:
            return _checked(_part("torch_reader").run, program, storages, where=where)
        return _part("unpickler").run(program, storages)
    try:
        return _part("safetensors_file").read(file, size)
    except ValueError as error:
        message = f"load: {where} is not a valid safetensors file: {_shortened(error)}"
        raise ValueError(message) from None


def _checked(function, *arguments, where):
    """Return what ``function`` returns; its ValueErrors, of whatever class, name the file."""
    try:
        return function(*arguments)
    except ValueError as error:
        message = f"load: {where} looks like a file of torch.save, but {_shortened(error)}"
        raise type(error)(message) from None


def _shortened(error):
    """Return what an error says; parts of a file that it names may be as long as the file."""
    text = str(error)
    return text if len(text) < 800 else f"{text[:600]} ... {text[-100:]}"


def _part(name):
    """Return a module of this package: most programs need at most one of them."""
    return importlib.import_module(f"{__name__}.{name}")


def _replace_file(path, write):
    """Let ``write(file)`` write a new file, then put it in the place of the one at ``path``."""
    path = os.path.realpath(os.fspath(path))  # through a symbolic link, not over it
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        raise RuntimeError(f"Parent directory {parent} does not exist.")
    temporary = os.path.join(parent, f".{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    if os.name == "posix":  # have the new name on the disk, too
        folder = os.open(parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
