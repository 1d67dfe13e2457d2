"""What a tensor's attributes are made of: its Size, its device, and the handle of a hook."""

from __future__ import annotations

from typing import Any, Self, SupportsIndex, overload

package = "minigrad"  # whose Size and dtypes they are when printed; see minigrad/mirror


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple that prints as torch's Size and counts its elements."""

    __slots__ = ()

    def numel(self) -> int:
        """Return the product of the sizes."""
        n = 1
        for size in self:
            n *= size
        return n

    def __repr__(self) -> str:
        return f"{package}.Size({list(self)})"

    @overload
    def __getitem__(self, index: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Size: ...
    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item

    def __add__(self, other: tuple[int, ...]) -> Size:  # type: ignore[override]
        return Size(tuple.__add__(self, other))

    def __mul__(self, n: SupportsIndex) -> Size:
        return Size(tuple.__mul__(self, n))


# What a program may name; tensors are on the first.
_DEVICES = "cpu cuda mps xpu meta".split()


class device:
    """Where tensors are: always ``device("cpu")``.

    Other devices may be named (``device("cuda:0").type``), but nothing can be put there: see
    ``check_cpu``.  In a ``with`` statement it is the default device, which only the CPU can be.
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: str | int | device | None = "cpu", index: int | None = None) -> None:
        if isinstance(type, device):
            index, type = type.index, type.type
        if isinstance(type, int):
            raise RuntimeError(f"device {type} would be an accelerator, of which there is none")
        if not isinstance(type, str):
            raise TypeError(f"device expects a string such as 'cpu', but got {type!r}")
        name, colon, number = type.partition(":")
        if name not in _DEVICES or (colon and not number.isdecimal()):
            raise RuntimeError(
                f"expected a device such as {', '.join(_DEVICES)}, or cuda:0, but got {type!r}"
            )
        if colon and index is not None:
            raise RuntimeError(f"an index is given twice: {type!r} and {index}")
        self.type = name
        self.index = int(number) if colon else index

    def __repr__(self) -> str:
        return (
            f"device(type={self.type!r})"
            if self.index is None
            else (f"device(type={self.type!r}, index={self.index})")
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        # cpu and cpu:0 are one place
        return isinstance(other, device) and self.type == other.type

    def __hash__(self) -> int:
        return hash(self.type)

    def __enter__(self) -> Self:
        check_cpu(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None


def check_cpu(given: Any, error: type[Exception] = AssertionError) -> None:
    """Raise ``error``, torch's where it is not compiled for a device, unless it is the CPU.

    ``given`` is a device or what names one.
    """
    place = device(given)
    if place.type != "cpu":
        raise (error if place.type in ("cuda", "xpu") else RuntimeError)(
            f"minigrad runs on the CPU and is not compiled with {place.type.upper()} enabled: "
            f"expected device 'cpu', but got {str(place)!r}"
        )


class _Option:
    """A constant with a name, for arguments that choose one of a few."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"{package}.{self.name}"


class layout(_Option):
    """How the elements of a tensor are stored: ``minigrad.strided``, one after the other."""


class memory_format(_Option):
    """The order of dimensions in memory that a copy gets: row by row, or as it was."""


strided = layout("strided")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")


class RemovableHandle:
    """What ``register_hook`` returns: ``remove()`` takes the hook out again."""

    def __init__(self, table: Any, key: Any) -> None:
        self._table = table
        self._key = key

    def remove(self) -> None:
        """Take the hook out.  A second call does nothing."""
        self._table.pop(self._key, None)
        self._table = {}  # another hook may get the same key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.remove()
