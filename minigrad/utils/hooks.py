"""Tables of hooks: ordered dictionaries that hand out a removable handle for each entry."""

from __future__ import annotations

import itertools
from typing import Any

from minigrad.attributes import RemovableHandle

__all__ = ["RemovableHandle", "add_hook"]

_keys = itertools.count()


def add_hook(hooks: Any, hook: Any, prepend: bool = False) -> RemovableHandle:
    """Add ``hook`` to the OrderedDict ``hooks``, in front if ``prepend``; return its handle.

    The handle's ``remove()`` takes the hook out again, as does leaving a ``with`` block that
    entered it.
    """
    key = next(_keys)
    while key in hooks:  # left by another process, if the hooks were pickled
        key = next(_keys)
    hooks[key] = hook
    if prepend:
        hooks.move_to_end(key, last=False)
    return RemovableHandle(hooks, key)
