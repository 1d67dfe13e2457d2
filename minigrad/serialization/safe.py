"""Functions and classes of a program's own that ``load`` may use, because the program says so."""

import _compat_pickle
from collections.abc import Iterable
from typing import Any, Self

__all__ = ["add_safe_globals", "clear_safe_globals", "get_safe_globals", "safe_globals"]

_safe: list[Any] = []  # functions and classes, or pairs of one and its name in files


def add_safe_globals(safe_globals: Iterable[Any]) -> None:
    """Let ``load`` with ``weights_only`` use these functions and classes, if a file names them.

    Args:
        safe_globals: a list of them, or of pairs ``(function, "module.name")`` for one that files
            call by another name.  What a file passes to them is the file's choice: a function
            that does harm with some arguments is not safe.

    Source: ``torch.serialization.add_safe_globals``.

    >>> import io, fractions, minigrad
    >>> file = io.BytesIO()
    >>> minigrad.save(fractions.Fraction(1, 3), file)
    >>> _ = file.seek(0)
    >>> with minigrad.serialization.safe_globals([fractions.Fraction]):
    ...     minigrad.load(file)
    Fraction(1, 3)
    """
    _safe.extend(found for found in safe_globals if found not in _safe)


def get_safe_globals() -> list[Any]:
    """Return what ``add_safe_globals`` was given."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Forget what ``add_safe_globals`` was given."""
    _safe.clear()


class safe_globals:
    """A context manager: ``add_safe_globals`` for the time of a ``with`` block."""

    def __init__(self, safe_globals: Iterable[Any]) -> None:
        self.added = safe_globals

    def __enter__(self) -> Self:
        self.before = get_safe_globals()
        add_safe_globals(self.added)
        return self

    def __exit__(self, *exc_info: object) -> None:
        _safe[:] = self.before


def objects() -> dict[str, Any]:
    """Return {name in files: the function or class} of what is safe."""
    pairs = (found if isinstance(found, tuple) else (found, None) for found in _safe)
    return {name or f"{found.__module__}.{found.__qualname__}": found for found, name in pairs}


def as_of_today(module, name):
    """Return what Python 2's name of a function or class is in Python 3.

    Pickles of protocol 2, which torch's are, have the old names.
    """
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name
