"""save and load: files that torch reads, and safetensors files; reading runs nothing by default.

``torch_writer.py`` writes torch's files and ``torch_reader.py`` reads them, without Python's
pickle, ``legacy_reader.py`` those of torch before 1.6; ``unpickler.py`` is what
``load(..., weights_only=False)`` gives a file to instead; ``safetensors_file.py`` has the other
format.  Each is imported when it is first used.  ``safe.py`` has what a program calls safe.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pickle  # for the class of an error
import stat
from typing import Any

from minigrad.attributes import check_cpu
from minigrad.serialization.safe import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)
from minigrad.types import FileLike

__all__ = [
    "add_safe_globals", "clear_safe_globals", "get_safe_globals", "load", "safe_globals", "save",
]  # fmt: skip

LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF"  # how files of torch before 1.6 begin


class Damaged(pickle.UnpicklingError, RuntimeError, ValueError):
    """A file that ``load`` cannot read: damaged, or of no format that it knows."""


class Empty(Damaged, EOFError):
    """A file that has nothing in it."""


def save(
    obj: Any, f: FileLike, pickle_module: Any = None, pickle_protocol: int = 2, **options: Any
) -> None:
    """Write an object to a file that ``load`` and ``torch.load`` read.

    Args:
        obj: tensors, numbers, strings, bytes, bools, None, and dicts, lists, tuples and sets of
            them, such as ``{"model": model.state_dict(), "optimizer": optimizer.state_dict()}``:
            what ``load`` reads with no risk.  Any other object, such as a whole model or a NumPy
            array, is taken apart as Python's pickle does; ``load`` reads it back with
            ``weights_only=False``.  Layers are written under torch's names, so that torch, too,
            reads a model saved whole; but not its hooks, nor an optimizer: these keep their form.
        f: a path, or a file open for writing bytes.  At a path that ends in ``.safetensors`` it
            is a safetensors file, which holds tensors, plain values, dicts, lists and tuples.
        pickle_module, pickle_protocol, options: torch's arguments, which change nothing.

    A file at the path is replaced at once when the new one is complete; whatever goes wrong
    before, it stays as it was.  Only a process that is killed on the way leaves something behind:
    a file beside it that is named ``.``, 16 hexadecimal digits, ``.tmp``.

    Tensors keep their strides and ``requires_grad``, and those that share memory do so again when
    they are loaded: all of the memory that a view lies in is stored.  A safetensors file has each
    tensor by itself, contiguous.  Gradients are not stored.

    Raises TypeError naming the place and type of a value that cannot be stored, AttributeError if
    ``f`` is neither a path nor a file, RuntimeError if there is no folder for the file, and OSError
    if it cannot be written.

    Source: ``torch.save``.

    >>> import io, minigrad
    >>> file = io.BytesIO()
    >>> minigrad.save({"w": minigrad.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> minigrad.load(file)
    {'w': tensor([1., 1.]), 'epoch': 3}
    """
    _check_names("save", options, ("_use_new_zipfile_serialization", "_disable_byteorder_record"))
    if hasattr(f, "write"):
        _write_through(f, _part("torch_writer").writing(obj))
        return
    if not isinstance(f, str | bytes | os.PathLike):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute, but "
            f"got {type(f).__name__}"
        )
    safetensors = os.fsdecode(f).endswith(".safetensors")
    write = _part("safetensors_file" if safetensors else "torch_writer").writing(obj)
    _replace_file(f, write)


def _check_names(function, given, known):
    for name in given:
        if name not in known:
            raise TypeError(f"{function}() got an unexpected keyword argument '{name}'")


def load(
    f: FileLike,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool = True,
    mmap: bool | None = None,
    **pickle_load_args: Any,
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
    reads, and for one that is not what its format prescribes an error that is an UnpicklingError,
    a RuntimeError and a ValueError, and an EOFError if it is empty: torch raises one or the other.
    Such a file is truncated, has bytes to spare, tensors outside of their memory, parts that are
    repeated beyond reason ...  AttributeError if ``f`` is neither a path nor a file.

    Source: ``torch.load``.

    >>> import io, minigrad
    >>> file = io.BytesIO()
    >>> minigrad.save({"epoch": 3, "w": minigrad.ones(2)}, file)
    >>> _ = file.seek(0)
    >>> minigrad.load(file)["w"]
    tensor([1., 1.])
    """
    _check_names("load", pickle_load_args, ("encoding", "errors", "fix_imports", "buffers"))
    if map_location is not None and not callable(map_location):
        places = map_location.values() if isinstance(map_location, dict) else [map_location]
        for place in places:
            check_cpu(place, RuntimeError)
    weights_only = weights_only is None or bool(weights_only)
    if not isinstance(f, str) and hasattr(f, "read"):
        stream: Any = f
        start = stream.tell()
        size = stream.seek(0, os.SEEK_END) - start
        stream.seek(start)
        return _read(stream, size, getattr(f, "name", "the file"), weights_only)
    if not isinstance(f, str | bytes | os.PathLike):
        raise AttributeError(
            f"'{type(f).__name__}' object has no attribute 'seek': load expects a path, or a file "
            "open for reading bytes that can seek"
        )
    path = os.fspath(f)
    with open(path, "rb") as file:
        return _read(file, os.fstat(file.fileno()).st_size, path, weights_only)


def _read(file, size, where, weights_only):
    start = file.read(8)
    if not isinstance(start, bytes):
        raise TypeError(f"load: expected a file open for reading bytes, but it reads {start!r}")
    if not start:
        raise Empty(f"load: {where} is empty")
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
        raise Damaged(message) from None


def _checked(function, *arguments, where):
    """Return what ``function`` returns; its ValueErrors, of whatever class, name the file."""
    try:
        return function(*arguments)
    except ValueError as error:
        message = f"load: {where} looks like a file of torch.save, but {_shortened(error)}"
        kind = type(error) if isinstance(error, pickle.UnpicklingError) else Damaged
        raise kind(message) from None


def _shortened(error):
    """Return what an error says; parts of a file that it names may be as long as the file."""
    text = str(error)
    return text if len(text) < 800 else f"{text[:600]} ... {text[-100:]}"


def _part(name):
    """Return a module of this package: most programs need at most one of them."""
    return importlib.import_module(f"{__name__}.{name}")


def _write_through(file, write):
    """Write to an open file, which need not be able to seek, from end to end."""
    whole = io.BytesIO()
    write(whole)
    data = whole.getvalue()
    while data:
        n = file.write(data)
        data = data[n:] if isinstance(n, int) else b""  # a file without a buffer may take a part


def _replace_file(path, write):
    """Let ``write(file)`` write a new file, then put it in the place of the one at ``path``."""
    path = os.path.realpath(os.fspath(path))  # through a symbolic link, not over it
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        raise RuntimeError(f"Parent directory {parent} does not exist.")
    before = None
    if os.path.exists(path):
        if not os.path.isfile(path):  # a pipe or a device is written to; a directory raises
            with open(path, "wb") as file:
                _write_through(file, write)
            return
        with open(path, "r+b") as file:  # raises if it may not be written to
            before = os.fstat(file.fileno())
    temporary = os.path.join(parent, f".{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            with contextlib.suppress(AttributeError, PermissionError):  # no owners; not for us
                os.chown(temporary, before.st_uid, before.st_gid)
            os.chmod(temporary, stat.S_IMODE(before.st_mode))
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    with contextlib.suppress(OSError):  # have the new name on the disk, too, where folders open
        folder = os.open(parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
