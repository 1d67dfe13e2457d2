"""Tensors in dicts, lists and tuples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["tree_form", "tree_leaves", "tree_like", "tree_map"]


def tree_map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Return ``tree`` with ``function(leaf, *others' leaves)`` in the place of every leaf."""
    if isinstance(tree, Mapping):
        items = ((k, tree_map(function, v, *(o[k] for o in others))) for k, v in tree.items())
        made: Any = type(tree)
        return made(items)
    if isinstance(tree, (list, tuple)):
        found = [tree_map(function, *items) for items in zip(tree, *others, strict=True)]
        return type(tree)(*found) if hasattr(tree, "_fields") else type(tree)(found)
    return function(tree, *others)


def tree_form(tree: Any) -> Any:
    """Return what two trees of the same form have in common: the tree without its leaves."""
    return tree_map(lambda _: None, tree)


def tree_leaves(tree: Any) -> list[Any]:
    """Return the leaves of ``tree`` in order."""
    found: list[Any] = []
    tree_map(found.append, tree)
    return found


def tree_like(tree: Any, leaves: Any) -> Any:
    """Return a tree of the form of ``tree`` with these ``leaves``."""
    each = iter(leaves)
    return tree_map(lambda _: next(each), tree)
