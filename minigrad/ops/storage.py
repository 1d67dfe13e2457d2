"""The memory that tensors lie in: one row of elements, which several tensors may share."""

from __future__ import annotations

import mmap
from typing import Any, Self

import numpy as np

from minigrad import attributes
from minigrad.tensor import Tensor, over_array


class UntypedStorage:
    """The bytes that a tensor lies in, with those of its views: ``x.untyped_storage()``.

    Indexing reads and writes a byte; a slice is the storage of a part.

    >>> import minigrad
    >>> x = minigrad.ones(2, 3)
    >>> x.untyped_storage().nbytes()
    24
    >>> x[1].untyped_storage().data_ptr() == x.data_ptr()
    True
    """

    def __init__(self, memory: Any, dtype: Any = np.uint8) -> None:
        self._memory = memory  # the array that all others are views of
        size = memory.nbytes // np.dtype(dtype).itemsize
        self._array = np.ndarray(size, dtype, memory if memory.flags.c_contiguous else memory.T)

    @classmethod
    def from_file(cls, filename: str, shared: bool = False, nbytes: int = 0) -> Self:
        """Return the first ``nbytes`` of a file; if ``shared``, what is written goes there."""
        if shared:
            return cls(np.memmap(filename, np.uint8, "r+", shape=nbytes))
        return cls(np.fromfile(filename, np.uint8, nbytes))

    def untyped(self) -> UntypedStorage:
        """Return the same memory as bytes."""
        return UntypedStorage(self._memory)

    def data_ptr(self) -> int:
        """Return the address of the first byte."""
        return self._array.ctypes.data

    def nbytes(self) -> int:
        """Return the number of bytes."""
        return self._array.nbytes

    def size(self) -> int:
        """Return the number of elements: of bytes, where the storage has no dtype."""
        return self._array.size

    def element_size(self) -> int:
        """Return the number of bytes of an element."""
        return self._array.itemsize

    def tolist(self) -> list[float]:
        """Return the elements as Python numbers."""
        return self._array.tolist()

    def is_shared(self) -> bool:
        """Return whether processes share the memory, see ``share_memory_``."""
        return isinstance(self._memory.base, mmap.mmap)

    @property
    def device(self) -> attributes.device:
        """The CPU."""
        return attributes.device("cpu")

    def __len__(self) -> int:
        return self._array.size

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(self._array[index], self._array.dtype)
        return self._array[index].tolist()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self._array, dtype, copy=copy)

    def __setitem__(self, index: Any, value: Tensor | float) -> None:
        self._array[index] = value

    def __repr__(self) -> str:
        values = "".join(f" {value}\n" for value in self.tolist())
        return f"{values}[{type(self).__name__} of size {self.size()}]"


class TypedStorage(UntypedStorage):
    """The elements that a tensor lies in, with those of its views: ``x.storage()``.

    >>> import minigrad
    >>> x = minigrad.tensor([[1, 2], [3, 4]])
    >>> x.T.storage()
     1
     2
     3
     4
    [TypedStorage of size 4]
    """


def memory(array: Any) -> Any:
    """Return the array that an array, and all others in the same memory, are views of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def untyped_storage(input: Tensor) -> UntypedStorage:
    """Return the bytes that a tensor lies in."""
    return UntypedStorage(memory(input.detach().numpy()))


def storage(input: Tensor) -> TypedStorage:
    """Return the row of elements that a tensor and all its views lie in."""
    return TypedStorage(memory(input.detach().numpy()), input.dtype.numpy)


def is_storage(obj: object) -> bool:
    """Return whether an object is a storage, and not a tensor.

    >>> import minigrad
    >>> minigrad.is_storage(minigrad.ones(2).untyped_storage())
    True
    """
    return isinstance(obj, UntypedStorage)


def is_shared(input: Tensor) -> bool:
    """Return whether the tensor lies in memory that processes share."""
    return untyped_storage(input).is_shared()


def share_memory_(input: Tensor) -> Tensor:
    """Move the tensor to memory that it shares with processes forked from now on; return it.

    What one of them writes all of them read.  Views that were taken before stay where they were,
    and a tensor that is sent to a process which was not forked arrives as a copy.

    >>> import minigrad
    >>> minigrad.ones(2).share_memory_().is_shared()
    True
    """
    if not is_shared(input):
        array = input.detach().numpy()
        place = np.ndarray(array.shape, array.dtype, mmap.mmap(-1, max(array.nbytes, 1)))
        place[...] = array
        input.data = over_array(place)
    return input


def to_dlpack(tensor: Tensor) -> Any:
    """Return a DLPack capsule of a tensor, for libraries that ask for one; it can be read once.

    >>> import minigrad
    >>> type(minigrad.to_dlpack(minigrad.ones(2))).__name__
    'PyCapsule'
    """
    return tensor.__dlpack__()
