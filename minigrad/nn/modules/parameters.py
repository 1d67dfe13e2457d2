"""ParameterList and ParameterDict: parameters held together, as a list and as a dictionary."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, KeysView, Mapping
from typing import Any, Self

from minigrad.nn.modules.container import pairs_of
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

_Named = Mapping[str, Any] | Iterable[tuple[str, Any]]


class _Holder(Module):
    """Tensors that are put in become parameters; anything else is held as it is."""

    def _put(self, name, value):
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        setattr(self, name, value)

    def _lines(self, pairs, kind):
        lines = []
        for name, value in pairs:
            if isinstance(value, Tensor):
                size = "x".join(map(str, value.shape))
                title = "Parameter" if isinstance(value, Parameter) else "Tensor"
                shown = f"{title} containing: [{kind(value)} of size {size}]"
            else:
                shown = f"Object of type: {type(value).__name__}"
            lines.append(f"  ({name}): {shown}")
        return "\n".join(lines)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"{self._get_name()} should not be called.")


class ParameterList(_Holder):
    """A list of parameters, all of them registered; tensors become parameters.

    Args:
        values: iterable of parameters, tensors, or anything.

    Source: ``torch.nn.ParameterList``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> weights = nn.ParameterList([minigrad.zeros(2, 2) for _ in range(3)])
        >>> [name for name, _ in weights.named_parameters()]
        ['0', '1', '2']
        >>> weights[-1].shape
        minigrad.Size([2, 2])
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _name(self, index):
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range")
        return str(index % len(self))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(self._name(index), value)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self[i] for i in range(len(self))])

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def append(self, value: Any) -> Self:
        """Add ``value`` at the end; return the list."""
        self._put(str(self._size), value)
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add all of ``values`` at the end; return the list."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(
                "ParameterList.extend should be called with an iterable, but got "
                f"{type(values).__name__}"
            )
        for value in values:
            self.append(value)
        return self

    def extra_repr(self) -> str:
        return self._lines(enumerate(self), lambda value: value.dtype)


class ParameterDict(_Holder):
    """A dictionary of parameters, all of them registered; tensors become parameters.

    Args:
        parameters: mapping, or iterable of pairs, from names to parameters, tensors, or anything.

    Source: ``torch.nn.ParameterDict``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> choices = nn.ParameterDict({"left": minigrad.zeros(2), "right": minigrad.ones(3)})
        >>> list(choices.keys())
        ['left', 'right']
        >>> [name for name, _ in choices.named_parameters()]
        ['left', 'right']
    """

    def __init__(self, parameters: _Named | None = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    @staticmethod
    def _checked(key):
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string "
                f"(type is {type(key).__name__!r})"
            )
        return key

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._checked(key))

    def __setitem__(self, key: str, value: Any) -> None:
        self._put(self._checked(key), value)
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __or__(self, other: Mapping[str, Any]) -> ParameterDict:
        return self.copy().__ior__(other)

    def __ror__(self, other: dict[str, Any]) -> dict[str, Any]:
        merged = other.copy()
        merged.update(self.items())
        return merged

    def __ior__(self, other: Mapping[str, Any]) -> Self:
        self.update(other)
        return self

    def copy(self) -> ParameterDict:
        """Return a new dictionary of the same parameters."""
        return type(self)(self.items())

    def clear(self) -> None:
        """Remove everything."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Remove what is called ``key`` and return it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the last pair of name and value and return it."""
        key = next(reversed(self))
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return what is called ``key``, or ``default``."""
        return getattr(self, key) if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return what is called ``key``; if there is none, put ``default`` there first."""
        if key not in self:
            self[key] = default
        return self[key]

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Return a new dictionary with ``default`` under each of ``keys``."""
        return type(self)((key, default) for key in keys)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._keys.keys()

    def items(self) -> Iterator[tuple[str, Any]]:
        """Return the pairs of name and value."""
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterator[Any]:
        """Return the values."""
        return (self[key] for key in self._keys)

    def update(self, parameters: _Named) -> None:
        """Add what a mapping, or an iterable of pairs, holds, replacing equal names.

        As in torch the names of a dict that is no OrderedDict are sorted first.

        Raises TypeError if ``parameters`` is neither, ValueError if an item is no pair.
        """
        if isinstance(parameters, (OrderedDict, ParameterDict)):
            parameters = parameters.items()
        elif isinstance(parameters, Mapping):  # by name, as torch
            parameters = sorted(parameters.items())
        elif not isinstance(parameters, Iterable):
            raise TypeError(
                "ParametersDict.update should be called with an iterable of key/value pairs, but "
                f"got {type(parameters).__name__}"
            )
        for key, value in pairs_of(parameters, "ParameterDict"):
            self[key] = value

    def extra_repr(self) -> str:
        return self._lines(self.items(), lambda value: value.type())
