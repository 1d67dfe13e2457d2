"""Names that are imported when they are first used.

A program uses few of the hundreds of names that torch has.  Reading the files of them all would
take longer than importing NumPy, so a package says in its stub (``__init__.pyi``, for type checkers
and readers alike) where each name comes from, and this module has it fetched from there when
somebody asks for it.  A module's own ``__getattr__`` is Python's hook for that (PEP 562).  But all
names of a module that has one are looked up slowly, which shows where small functions are called:
there a ``Part`` stands for a module that is imported later, and a PublicFunction for a function.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_IMPORT = re.compile(r"^from ([\w.]+) import (?:\(([^)]*)\)|(.+))$", re.MULTILINE)


def sources(file: Any) -> dict[str, tuple[str, str]]:
    """Return what the stub beside a file imports: {name: (module, name there)}."""
    found = {}
    with open(file.removesuffix(".py") + ".pyi", encoding="utf-8") as stub:
        imports = _IMPORT.findall(stub.read())
    for module, several, one in imports:
        if one == "*":  # all that another such module has
            found.update(sources(import_module(module).__file__))
            continue
        for item in (several or one).split(","):
            if item := item.strip():
                there, _, name = item.partition(" as ")
                found[name or there] = (module, there)
    return found


def attach(
    module: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` for a module that imports on demand.

    >>> import minigrad
    >>> "LSTM" in dir(minigrad.nn)
    True
    """
    where = sources(file)

    def get(name):
        if name in where:
            home, there = where[name]
        elif not name.startswith("_") and _is_module(f"{module}.{name}"):
            home, there = module, name
        else:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        if home == module:  # one of its own files
            found = import_module(f"{home}.{there}")
        else:
            found = getattr(import_module(home), there)
        setattr(sys.modules[module], name, found)  # from now on without a detour
        return found

    def names():
        return sorted({*vars(sys.modules[module]), *where})

    return get, names, sorted(where)


class Part(ModuleType):
    """``minigrad.linalg`` and the like until it is used: importing it puts it in this place."""

    def __init__(self, name: str) -> None:
        vars(self).clear()  # __doc__, __file__ and all else are those of the module
        self.__dict__["__name__"] = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(import_module(self.__name__), name, value)

    def __dir__(self) -> list[str]:
        return dir(import_module(self.__name__))


def _is_module(name):
    """Whether there is a module of this name."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # what should hold it is no package
        return False
