"""Modules that hold other modules: Sequential, ModuleList, ModuleDict."""

from __future__ import annotations

import operator
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, Self, overload

from minigrad.nn.modules.fusion import call_all
from minigrad.nn.modules.module import Module
from minigrad.tensor import Tensor

_Named = Mapping[str, Module] | Iterable[tuple[str, Module]]


class _ListLike(Module):
    """What Sequential and ModuleList share: submodules that are also the items of a list.

    They are registered under their positions, ``"0"``, ``"1"`` and so on.
    """

    def _key(self, index):
        """Return the name of the submodule at ``index``, which may be negative."""
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range")
        return list(self._modules)[index]

    def _hold(self, modules):
        """Hold ``modules`` in place of what is held, numbered from 0."""
        for key in list(self._modules):
            delattr(self, key)
        for module in modules:
            self.append(module)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: Any) -> Any:
        return self._slice(index) if isinstance(index, slice) else self._modules[self._key(index)]

    def _slice(self, index: slice) -> Self:
        raise NotImplementedError

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._key(index), module)

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self)
        if not isinstance(index, slice):
            self._key(index)  # for its error
        del modules[index]
        self._hold(modules)

    def append(self, module: Module) -> Self:
        """Add ``module`` at the end; return the container."""
        position = len(self)
        while str(position) in self._modules:  # after a slice, whose modules keep their names
            position += 1
        self.add_module(str(position), module)
        return self

    def insert(self, index: int, module: Module) -> None:
        """Put ``module`` before the one at ``index``, as ``list.insert``."""
        modules = list(self)
        modules.insert(index, module)
        self._hold(modules)

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add all of ``modules`` at the end; return the container."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{self._get_name()}.extend should be called with an iterable, "
                f"but got {type(modules).__name__}"
            )
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, key: int) -> Module:
        """Remove the submodule at index ``key`` and return it."""
        module = self[key]
        del self[key]
        return module


class Sequential(_ListLike):
    """Modules called one after the other, each on the output of the one before.

    Args:
        *args: the modules, or one mapping from names to modules.

    It is also a list of its modules: ``len``, iteration, ``[i]``, slices (a new Sequential of the
    same modules), ``del``, ``+`` and ``*``, and the methods of a list.

    Source: ``torch.nn.Sequential``.

    Example::

        >>> from minigrad import nn
        >>> nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        Sequential(
          (0): Linear(in_features=4, out_features=8, bias=True)
          (1): ReLU()
          (2): Linear(in_features=8, out_features=2, bias=True)
        )
    """

    @overload
    def __init__(self, *args: Module) -> None: ...
    @overload
    def __init__(self, arg: Mapping[str, Module], /) -> None: ...
    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            self.extend(args)

    def forward(self, input: Tensor) -> Tensor:
        """Return the output of the last module; the first one gets ``input``."""
        return call_all(self.__dict__, list(self._names["module"]), input)

    def _slice(self, index: slice) -> Self:
        return type(self)(dict(list(self._modules.items())[index]))

    def insert(self, index: int, module: Module) -> Self:  # type: ignore[override]
        """Put ``module`` before the one at ``index``; return the container.

        Raises IndexError if the index is out of range, AssertionError if ``module`` is no Module.
        """
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        super().insert(index, module)
        return self

    def __add__(self, other: Iterable[Module]) -> Sequential:
        return Sequential(*self, *_checked(other))

    def __iadd__(self, other: Iterable[Module]) -> Self:
        return self.extend(_checked(other))

    def __mul__(self, times: int) -> Sequential:
        return Sequential(*(list(self) * _checked_times(times)))

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Self:
        return self.extend(list(self) * (_checked_times(times) - 1))


def _checked(other):
    if not isinstance(other, Sequential):
        raise ValueError(
            f"add operator supports only objects of Sequential class, but {type(other)} is given."
        )
    return other


def _checked_times(times):
    if not isinstance(times, int):
        raise TypeError(f"unsupported operand type(s) for *: {Sequential} and {type(times)}")
    if times <= 0:
        raise ValueError(f"Non-positive multiplication factor {times} for {Sequential}")
    return times


class ModuleList(_ListLike):
    """A list of modules, all of them registered; it has no forward.

    Args:
        modules: iterable of modules.

    Source: ``torch.nn.ModuleList``.

    Example::

        >>> from minigrad import nn
        >>> layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])
        >>> layers
        ModuleList(
          (0-2): 3 x Linear(in_features=8, out_features=8, bias=True)
        )
        >>> len(list(layers.parameters()))
        6
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _slice(self, index: slice) -> Self:
        return type(self)(list(self)[index])

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> Self:
        return self.extend(other)

    def __repr__(self) -> str:
        """Show neighbours that look the same in one line."""
        runs: list[Any] = []  # [first index, last index, repr]
        for i, module in enumerate(self):
            shown = repr(module)
            if runs and runs[-1][2] == shown:
                runs[-1][1] = i
            else:
                runs.append([i, i, shown])
        lines = []
        for first, last, shown in runs:
            if first < last:
                shown = f"({first}-{last}): {last - first + 1} x {shown}"
            else:
                shown = f"({first}): {shown}"
            lines.append("\n  " + shown.replace("\n", "\n  "))
        return f"{self._get_name()}({''.join(lines)}{chr(10) if lines else ''})"


def pairs_of(items: Iterable, kind: str) -> Iterator[tuple]:
    """Yield the pairs to update a module of that kind with; TypeError or ValueError at another."""
    for i, item in enumerate(items):
        if not isinstance(item, Iterable):
            raise TypeError(
                f"{kind} update sequence element #{i} should be Iterable; is {type(item).__name__}"
            )
        pair = tuple(item)
        if len(pair) != 2:
            raise ValueError(
                f"{kind} update sequence element #{i} has length {len(pair)}; 2 is required"
            )
        yield pair


class ModuleDict(Module):
    """A dictionary of modules, all of them registered; it has no forward.

    Args:
        modules: mapping, or iterable of pairs, from names to modules.

    Source: ``torch.nn.ModuleDict``.

    Example::

        >>> from minigrad import nn
        >>> choices = nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh()})
        >>> choices["tanh"]
        Tanh()
        >>> list(choices.keys())
        ['relu', 'tanh']
    """

    def __init__(self, modules: _Named | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Remove the module called ``key`` and return it."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Module]:
        """Return the pairs of name and module."""
        return self._modules.items()

    def values(self) -> ValuesView[Module]:
        """Return the modules."""
        return self._modules.values()

    def update(self, modules: _Named) -> None:
        """Add the modules of a mapping, or of an iterable of pairs, replacing equal names.

        Raises TypeError if ``modules`` is neither, ValueError if an item is no pair.
        """
        if isinstance(modules, (Mapping, ModuleDict)):
            modules = modules.items()
        elif not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleDict.update should be called with an iterable of key/value pairs, "
                f"but got {type(modules).__name__}"
            )
        for key, module in pairs_of(modules, "ModuleDict"):
            self[key] = module
