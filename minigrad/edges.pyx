"""Edges of the tape, over which gradients go, and which nodes a set of them leads to.

An edge is a node, ``(node, k)`` for output k of a node with several outputs, or a leaf: what
``edge_to`` returns for a tensor.  Users see a ``GradientEdge``.
"""

import collections

import numpy as np

from cpython.object cimport PyObject

from minigrad.tape cimport AccumulateGrad, Node, Variable, accumulator_of, edge_to, operations


cdef class ByIdentity:
    """A leaf as the key of a dict, equal to itself alone."""

    def __init__(self, Variable leaf):
        self.leaf = leaf

    def __eq__(self, other):
        return isinstance(other, ByIdentity) and (<ByIdentity>other).leaf is self.leaf

    def __hash__(self):
        return <Py_ssize_t><PyObject *>self.leaf >> 4


cdef object end_of(object edge):
    """Return the node or leaf that an edge leads to."""
    return (<tuple>edge)[0] if type(edge) is tuple else edge


class GradientEdge(collections.namedtuple(
        "GradientEdge", ["node", "output_nr", "ownership_token"], defaults=[None])):
    """What users see of an edge: a node, and which of its outputs.

    A leaf's node is its AccumulateGrad.
    """

    like = None         # a tensor of the output's shape and dtype which takes no memory, if known


def get_gradient_edge(Variable tensor):
    """Return where the gradient of ``tensor`` goes: a ``GradientEdge(node, output_nr)``.

    It stands for the tensor in ``autograd.grad`` and ``backward``, and keeps the graph but not the
    tensor's memory.  RuntimeError for a tensor that requires no gradient.

    >>> import minigrad
    >>> x = minigrad.ones(2, requires_grad=True)
    >>> minigrad.autograd.graph.get_gradient_edge(x.exp()).node.name()
    'ExpBackward0'
    """
    edge = edge_to(tensor)
    if edge is None:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require gradients"
        )
    if isinstance(edge, Variable):
        return GradientEdge(accumulator_of(edge), 0)
    found = GradientEdge(end_of(edge), tensor.output)
    array = <object>tensor.array
    found.like = operations.wrap(np.broadcast_to(np.zeros((), array.dtype), array.shape))
    return found


cdef object edge_of(object root):
    """Return the edge to a tensor, or the one that a GradientEdge describes, as ``edge_to``."""
    if isinstance(root, Variable):
        return edge_to(root)
    node, k = root.node, root.output_nr
    if isinstance(node, AccumulateGrad):
        return (<AccumulateGrad>node).variable
    return node if (<Node?>node).n_outputs == 1 else (node, k)


# ---------------------------------------------------------------- the nodes that lead somewhere

cdef list newest_first(list roots):
    """Return every node that can be reached from ``roots``, the most recent first."""
    cdef dict found = {}
    cdef list stack = []
    cdef Node node
    for root in roots:
        end = end_of(root)
        if isinstance(end, Node):
            stack.append(end)
    while stack:
        node = <Node>stack.pop()
        if node.sequence in found:
            continue
        found[node.sequence] = node
        for edge in node.edges:
            end = end_of(edge)
            if isinstance(end, Node) and (<Node>end).sequence not in found:
                stack.append(end)
    return [found[sequence] for sequence in sorted(found, reverse=True)]


cdef dict leading_to(list roots, list targets):
    """Return the keys of the nodes and leaves through which a gradient goes from ``roots`` to
    ``targets``, and for each whether it goes further than there."""
    cdef dict needed = {}
    cdef Node node
    for target in targets:
        needed[key_of(end_of(target))] = False
    for node in reversed(newest_first(roots)):
        for edge in node.edges:
            if key_of(end_of(edge)) in needed:
                needed[node] = True
                break
    return needed


cdef dict last_users(list roots):
    """Return for each node that is the last to send a gradient to a leaf, in a walk from ``roots``,
    the keys of such leaves."""
    cdef dict users = {}
    cdef dict found = {}
    cdef Node node
    for node in newest_first(roots):
        for edge in node.edges:
            if edge is not None and not isinstance(end_of(edge), Node):
                users.pop(key_of(edge), None)       # so that the order is that of the last users
                users[key_of(edge)] = node
    for key, user in users.items():
        found.setdefault(user, []).append(key)
    return found
