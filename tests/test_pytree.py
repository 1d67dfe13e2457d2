"""utils._pytree, compared with torch's."""

from collections import OrderedDict, defaultdict, deque, namedtuple

import pytest

from minigrad.utils import _pytree as ours

Pair = namedtuple("Pair", "x y")
TREES = [
    3, None, (), [], {}, [1, [2, (3, None)]], {"b": 1, "a": {"c": [2, 3]}}, Pair(1, [2]),
    OrderedDict(b=1, a=2), defaultdict(list, a=1), deque([1, (2, 3)], 5), [(), {}, [None]],
    {"x": Pair({"y": 1}, (2,)), 3: "text"},
]  # fmt: skip


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_a_tree_is_taken_apart_and_put_together(torch, tree):
    theirs = torch.utils._pytree
    leaves, spec = ours.tree_flatten(tree)
    assert leaves == theirs.tree_leaves(tree) == ours.tree_leaves(tree)
    assert spec.num_leaves == len(leaves) and spec == ours.tree_structure(tree)
    again = ours.tree_unflatten(leaves, spec)
    assert again == tree and type(again) is type(tree)
    assert ours.tree_map(lambda x: [x], tree) == theirs.tree_map(lambda x: [x], tree)
    compact = "".join(str(theirs.tree_structure(tree)).split())
    if "namedtuple" not in compact:
        assert "".join(str(spec).split()) == compact


PAIRS = [
    ([1], [1, 2]), ([1], (1,)), ({"a": 1}, {"b": 1}), ([1, 2], [[3], (4, 5)]), ([[1]], [1]),
    ({"a": 1, "b": 2}, {"b": 3, "a": 4}), (Pair(1, 2), Pair(3, 4)), (Pair(1, 2), (3, 4)),
    (OrderedDict(a=1), OrderedDict(a=2)), (defaultdict(list, a=1), defaultdict(list, a=2)),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "other"), PAIRS, ids=str)
def test_several_trees_at_once(torch, tree, other):
    def result(module):
        try:
            return module.tree_map(lambda a, b: (a, b), tree, other)
        except ValueError as error:
            return str(error).partition(";")[0]

    assert result(ours) == result(torch.utils._pytree)


def test_the_rest_of_the_family(torch):
    tree = {"a": [1, 2.5], "b": (0, "x")}
    for module in (ours, torch.utils._pytree):
        assert module.tree_map_only(int, lambda x: x + 1, tree) == {"a": [2, 2.5], "b": (1, "x")}
        assert module.tree_any(lambda x: x == "x", tree) and not module.tree_all(bool, tree)
        stop = module.tree_leaves(tree, is_leaf=lambda x: isinstance(x, list))
        assert stop == [[1, 2.5], 0, "x"]
        seen = []
        assert module.tree_map_(seen.append, tree) is tree and seen == [1, 2.5, 0, "x"]
        with pytest.raises(ValueError, match="has length 1 but the spec"):
            module.tree_unflatten([1], module.tree_structure([1, 2]))


class Box:
    def __init__(self, inside, label):
        self.inside, self.label = inside, label


def test_a_class_of_ones_own(monkeypatch):
    monkeypatch.setattr(ours, "_KINDS", dict(ours._KINDS))
    assert len(ours.tree_leaves(Box([1, 2], "l"))) == 1
    ours.register_pytree_node(Box, lambda b: ([b.inside], b.label), lambda c, label: Box(*c, label))
    found = ours.tree_map(lambda x: x * 2, Box([1, 2], "l"))
    assert found.inside == [2, 4] and found.label == "l"
    with pytest.raises(ValueError, match="already registered"):
        ours.register_pytree_node(Box, None, None)
