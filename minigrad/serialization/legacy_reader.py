"""Reading what ``torch.save`` wrote before torch 1.6, or writes if asked not to write archives.

Such a file is a row of pickles: a magic number, the version of the format, facts of the machine,
the objects, and the keys of the pieces of memory; behind them the pieces themselves in the order
of their keys, each after the number of its elements.  The pickles are run by the ``Machine`` of
``torch_reader.py``.
"""

from struct import unpack_from

import numpy as np

from minigrad.serialization.torch_names import STORAGES
from minigrad.serialization.torch_reader import DAMAGE, Machine, Storages, decoded

__all__ = ["opened"]

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001


def opened(file, size):
    """Return the description of the objects in ``file``, of ``size`` bytes, and its Storages.

    Behind the description is the rest of the file, which ``Storages.complete`` wants.  Raises
    ValueError if it is damaged, or not what torch writes.
    """
    data = file.read(size)
    try:
        magic, data = _first(data)
        version, data = _first(data)
        if magic != MAGIC or version != VERSION:
            raise ValueError(f"it is not of version {VERSION} of the format")
        machine, data = _first(data)
        if type(machine) is not dict or machine.get("little_endian") is not True:
            raise ValueError("its numbers are not little-endian")
    except (*DAMAGE, TypeError) as error:
        raise ValueError(f"it is damaged: {error}") from None
    return data, LaterStorages(len(data))


def _first(data):
    """Return what the pickle says with which ``data`` begins, and the rest."""
    machine = Machine(data, None)
    return machine.run(), data[machine.at :]


class LaterStorages(Storages):
    """The memory of the tensors in a file that has it behind their description.

    The description says of which type and how long each piece is, and the bytes come afterwards.
    """

    def __init__(self, size: int) -> None:
        super().__init__(None)
        self.left = size  # bytes that the file can still have for a piece

    def __call__(self, description):
        """Return the piece that a description belongs to, or the view of one; not yet filled."""
        *what, n, view = description
        name, key = self.described(*what)
        if type(n) is not int or n < 0:
            raise TypeError("not the description of a storage")
        if key not in self.found:
            self.left -= n * np.dtype(STORAGES[name]).itemsize
            if self.left < 0:
                raise ValueError(f"storage {key} of {n} elements is larger than the file")
            self.found[key] = name, np.zeros(n, decoded(name, b"", key).dtype)
        row = self.known(name, key, n)
        if view is None:
            return row
        if type(view) is not tuple or [type(part) for part in view[1:]] != [int, int]:
            raise TypeError("not the description of a view")
        _, start, length = view
        if not 0 <= start <= start + length <= len(row):
            raise ValueError(f"a view of storage {key} ends outside of it")
        return row[start : start + length]

    def complete(self, rest):
        """Fill the pieces, in the order of their keys, each after the number of its elements."""
        keys, rest = _first(rest)
        if (
            type(keys) is not list
            or {*map(type, keys)} - {str}
            or sorted(keys) != sorted(self.found)
        ):
            raise ValueError("it has other storages than its description says")
        at = 0
        for key in keys:
            name, row = self.found[key]
            end = at + 8 + len(row) * np.dtype(STORAGES[name]).itemsize
            (n,) = unpack_from("<q", rest, at)
            if n != len(row) or end > len(rest):
                raise ValueError(f"storage {key} has {n} elements, not {len(row)}")
            row[:] = decoded(name, rest[at + 8 : end], key)
            at = end
        if at != len(rest):
            raise ValueError(f"it has {len(rest) - at} bytes too many")
