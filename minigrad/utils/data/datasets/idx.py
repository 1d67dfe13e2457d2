"""IDX files: the format in which MNIST and its relatives are distributed.

A file is two zero bytes, a byte for the element type, a byte for the number of dimensions, the
size of each dimension as a big-endian 32-bit number, and then the elements in C order, big-endian.
It may be compressed with gzip.  Source: http://yann.lecun.com/exdb/mnist, "The IDX file format".
"""

import gzip
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP_MAGIC = b"\x1f\x8b"
GZIP_MAX_RATIO = 1032  # deflate turns one byte into at most this many
MAX_DIMENSIONS = 32
CHUNK = 1 << 20


def read_idx(path):
    """Read an IDX file, plain or gzip (told by its first bytes, not by its name).

    Args:
        path: the file.

    Returns:
        A writable ``numpy.ndarray`` of the file's shape, in the machine's byte order.

    Raises:
        ValueError: the file is not in IDX format, or holds fewer or more elements than its header
            says, or its compressed data are damaged.  Memory is used for what the file holds, not
            for what its header claims.
        OSError: the file cannot be opened or read.

    Example::

        >>> import pathlib, tempfile
        >>> from minigrad.utils.data.datasets import read_idx
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "labels-idx1-ubyte")
        ...     size = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3]) + bytes([7, 2, 1]))
        ...     read_idx(path)
        array([7, 2, 1], dtype=uint8)
    """
    with Path(path).open("rb") as file:
        compressed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        capacity = os.fstat(file.fileno()).st_size * (GZIP_MAX_RATIO if compressed else 1)
        try:
            if not compressed:
                return parse(file, path, capacity)
            with gzip.GzipFile(fileobj=file) as unzipped:
                return parse(unzipped, path, capacity)
        except EOFError:
            raise ValueError(f"{path}: the gzip data end early, the file is truncated") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}: the gzip data are corrupt ({error})") from None


def parse(file, path, capacity):
    """Read header and elements from the open ``file``, which holds at most ``capacity`` bytes."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES:
        types = ", ".join(f"{code:02x}" for code in DTYPES)
        raise ValueError(
            f"{path}: not an IDX file: it starts with the bytes [{magic.hex(' ')}], expected"
            f" 00 00, an element type ({types}) and the number of dimensions"
        )
    dtype, dimensions = np.dtype(DTYPES[magic[2]]), magic[3]
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise ValueError(f"{path}: {dimensions} dimensions, expected 1 to {MAX_DIMENSIONS}")

    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise ValueError(f"{path}: the file ends inside the sizes of its {dimensions} dimensions")
    shape = struct.unpack(f">{dimensions}I", header)
    expected = math.prod(shape) * dtype.itemsize
    if expected == 0:
        raise ValueError(f"{path}: no elements, the shape is {shape}")
    if expected > capacity:
        raise ValueError(
            f"{path}: truncated: shape {shape} of {dtype.name} takes {expected} bytes, but the"
            f" file can hold {capacity} at most"
        )

    payload = bytearray()
    while len(payload) <= expected and (chunk := file.read(CHUNK)):
        payload += chunk
    if len(payload) != expected:
        fault = "truncated" if len(payload) < expected else "trailing bytes"
        found = len(payload) if len(payload) < expected else "more"
        raise ValueError(
            f"{path}: {fault}: shape {shape} of {dtype.name} takes {expected} bytes, found {found}"
        )
    return np.frombuffer(payload, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
