"""Trees: values in dicts, lists, tuples and what else is registered, taken apart and put together.

What torch keeps under the same name: ``tree_map`` and its relatives, which go through the leaves in
order.  Anything that is not registered is a leaf, None too.

>>> from minigrad.utils._pytree import tree_flatten, tree_map, tree_unflatten
>>> leaves, spec = tree_flatten({"a": 1, "b": [2, (3,)]})
>>> leaves, tree_unflatten([10, 20, 30], spec)
([1, 2, 3], {'a': 10, 'b': [20, (30,)]})
>>> tree_map(lambda x: x + 1, [1, (2,)])
[2, (3,)]
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = [
    "PyTree", "TreeSpec", "register_pytree_node", "tree_all", "tree_any", "tree_flatten",
    "tree_leaves", "tree_map", "tree_map_", "tree_map_only", "tree_structure", "tree_unflatten",
]  # fmt: skip

PyTree = Any
_IsLeaf = Callable[[Any], bool] | None


class _Kind(NamedTuple):
    """How containers of a class are taken apart and made."""

    flatten: Callable[[Any], tuple[Any, Any]]  # into the children, and what else makes it
    unflatten: Callable[[Any, Any], Any]  # of both


_KINDS: dict[type, _Kind] = {}


def register_pytree_node(
    cls: type,
    flatten_fn: Callable[[Any], tuple[Any, Any]],
    unflatten_fn: Callable[[Any, Any], Any],
    **options: Any,
) -> None:
    """Let containers of a class be no leaves any more.

    Args:
        flatten_fn: returns the list of what is in one, and what else it takes to make it.
        unflatten_fn: makes one of such a list and the other.
        options: torch's arguments for names in files, which change nothing.
    """
    if cls in _KINDS:
        raise ValueError(f"{cls} is already registered as pytree node.")
    _KINDS[cls] = _Kind(flatten_fn, unflatten_fn)


register_pytree_node(list, lambda x: (x, None), lambda children, _: list(children))
register_pytree_node(tuple, lambda x: (list(x), None), lambda children, _: tuple(children))
register_pytree_node(
    dict, lambda x: (list(x.values()), list(x)), lambda c, keys: dict(zip(keys, c, strict=True))
)
register_pytree_node(
    OrderedDict,
    lambda x: (list(x.values()), list(x)),
    lambda c, keys: OrderedDict(zip(keys, c, strict=True)),
)
register_pytree_node(
    defaultdict,
    lambda x: (list(x.values()), [x.default_factory, list(x)]),
    lambda c, made: defaultdict(made[0], zip(made[1], c, strict=True)),
)
register_pytree_node(deque, lambda x: (list(x), x.maxlen), lambda c, maxlen: deque(c, maxlen))


@dataclass
class TreeSpec:
    """The form of a tree: what ``tree_unflatten`` makes one of, given leaves."""

    type: Any  # None for a leaf
    context: Any
    children_specs: list["TreeSpec"]

    def is_leaf(self) -> bool:
        """Whether this stands for a leaf."""
        return self.type is None

    @property
    def num_leaves(self) -> int:
        """How many leaves a tree of this form has."""
        return 1 if self.is_leaf() else sum(child.num_leaves for child in self.children_specs)

    def unflatten(self, leaves: Iterable[Any]) -> PyTree:
        """Return the tree of this form with these leaves."""
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec "
                f"refers to a pytree that holds {self.num_leaves} items ({self})."
            )
        return _made(self, iter(leaves))

    def __str__(self) -> str:
        if self.is_leaf():
            return "*"
        children = ", ".join(map(str, self.children_specs))
        return f"TreeSpec({self.type.__name__}, {self.context}, [{children}])"

    __repr__ = __str__


def _made(spec, leaves):
    if spec.is_leaf():
        return next(leaves)
    children = [_made(child, leaves) for child in spec.children_specs]
    if _is_namedtuple(spec.type):
        return spec.type(*children)
    return _KINDS[spec.type].unflatten(children, spec.context)


def _is_namedtuple(kind):
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def _parts(tree, is_leaf):
    """Return (class, children, what else makes it) of a container, or None for a leaf."""
    kind = type(tree)
    if is_leaf is not None and is_leaf(tree):
        return None
    if _is_namedtuple(kind):
        return kind, list(tree), None
    return (kind, *_KINDS[kind].flatten(tree)) if kind in _KINDS else None


def tree_flatten(tree: PyTree, is_leaf: _IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """Return the leaves of a tree, and its form.

    Args:
        is_leaf: a function that says of a container whether it counts as a leaf itself.
    """
    leaves: list[Any] = []
    return leaves, _flattened(tree, is_leaf, leaves)


def _flattened(tree, is_leaf, leaves):
    parts = _parts(tree, is_leaf)
    if parts is None:
        leaves.append(tree)
        return TreeSpec(None, None, [])
    kind, children, context = parts
    return TreeSpec(kind, context, [_flattened(child, is_leaf, leaves) for child in children])


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> PyTree:
    """Return the tree of a form with these leaves."""
    return treespec.unflatten(leaves)


def tree_like(tree: PyTree, leaves: Iterable[Any]) -> PyTree:
    """Return a tree of the form of ``tree`` with these leaves."""
    return tree_structure(tree).unflatten(leaves)


def tree_leaves(tree: PyTree, is_leaf: _IsLeaf = None) -> list[Any]:
    """Return the leaves of a tree."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: PyTree, is_leaf: _IsLeaf = None) -> TreeSpec:
    """Return the form of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(
    func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: _IsLeaf = None
) -> PyTree:
    """Return a tree of the same form, of ``func(leaf, *those in the same places of rests)``.

    Where ``tree`` has a leaf, the others may have whole trees; ValueError if they are of another
    form otherwise.
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [_in_places_of(spec, rest) for rest in rests]
    return spec.unflatten(map(func, leaves, *others))


def _in_places_of(spec, tree):
    """Return what ``tree`` has in the places where a tree of form ``spec`` has leaves."""
    if spec.is_leaf():
        return [tree]
    if type(tree) is not spec.type:
        raise ValueError(f"Node type mismatch; expected {spec.type}, but got {type(tree)}.")
    children = _parts(tree, None)[1]
    if isinstance(tree, dict) and type(tree) in _KINDS:
        expected = spec.context[1] if spec.type is defaultdict else spec.context
        if set(expected) != set(tree):
            missing, extra = set(expected) - set(tree), set(tree) - set(expected)
            raise ValueError(
                f"Node keys mismatch; missing key(s): {missing or '{}'}; "
                f"extra key(s): {extra or '{}'}."
            )
        children = [tree[key] for key in expected]
    elif len(children) != len(spec.children_specs):
        raise ValueError(
            f"Node arity mismatch; expected {len(spec.children_specs)}, but got {len(children)}."
        )
    return [
        leaf
        for child, part in zip(spec.children_specs, children, strict=True)
        for leaf in _in_places_of(child, part)
    ]


def tree_map_(
    func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: _IsLeaf = None
) -> PyTree:
    """Call ``func`` for every leaf, and return the tree itself."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def tree_map_only(
    type_or_types: Any, func: Callable[[Any], Any], tree: PyTree, is_leaf: _IsLeaf = None
) -> PyTree:
    """Return a tree with ``func(leaf)`` in the places of leaves of these classes."""

    def change(leaf):
        return func(leaf) if isinstance(leaf, type_or_types) else leaf

    return tree_map(change, tree, is_leaf=is_leaf)


def tree_all(pred: Callable[[Any], bool], tree: PyTree, is_leaf: _IsLeaf = None) -> bool:
    """Return whether ``pred`` is true of all leaves."""
    return all(map(pred, tree_leaves(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: PyTree, is_leaf: _IsLeaf = None) -> bool:
    """Return whether ``pred`` is true of any leaf."""
    return any(map(pred, tree_leaves(tree, is_leaf)))
