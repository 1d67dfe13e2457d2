"""Edges of the tape, over which gradients go, and which nodes a set of them leads to.

An edge is a node, ``(node, k)`` for output k of a node with several outputs, or a leaf: what
``edge_to`` returns for a tensor.  Users see a ``GradientEdge``.
"""

import collections
import weakref

import numpy as np

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF

from minigrad.tape cimport Node, Variable, edge_to, operations

cdef extern from "Python.h":
    void Py_SET_TYPE(object o, PyTypeObject *type)


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


# ---------------------------------------------------------------- what users see

cdef dict classes = {}          # label -> the class of the nodes that bear it, once one was shown


cdef object shown(Node node):
    """Return ``node`` for a user to look at: from now on ``type(node)`` bears its name, as in torch.

    Recording gives all nodes one class, which is faster; the others add nothing to it.
    """
    if type(node) is Node:
        cls = classes.get(node.label)
        if cls is None:
            cls = type(node.label, (Node,), {"__slots__": (), "__module__": "builtins"})
            classes[node.label] = cls
        Py_INCREF(cls)
        Py_SET_TYPE(node, <PyTypeObject *>cls)
    return node


@cython.binding(False)
@cython.embedsignature.format("clinic")
cdef class AccumulateGrad(Node):
    """The end of the tape: adds what arrives to ``variable.grad``.

    Edges lead to the leaf itself; this stands for it where users look at the graph.  Its hooks are
    the leaf's.
    """


cdef object accumulators = weakref.WeakValueDictionary()    # address of a leaf -> its node


cdef AccumulateGrad accumulator_of(Variable leaf):
    """Return the node that stands for ``leaf``: always the same while somebody has it."""
    cdef AccumulateGrad node = accumulators.get(<size_t><PyObject *>leaf)
    if node is None:
        node = AccumulateGrad.__new__(AccumulateGrad)
        node.label, node.variable, node.n_outputs = "AccumulateGrad", leaf, 1
        node.edges = node.saved = ()
        if leaf.hooks is None:
            leaf.hooks = {}
        node.hooks = leaf.hooks
        accumulators[<size_t><PyObject *>leaf] = node
    return node


def following(Node node):
    """Return where the gradients of a node's inputs go: a list of (node, which of its outputs)."""
    functions = []
    for edge in node.edges:
        if edge is None:
            functions.append((None, 0))
        elif isinstance(edge, Variable):
            functions.append((accumulator_of(edge), 0))
        elif isinstance(edge, tuple):
            functions.append((shown(edge[0]), edge[1]))
        else:
            functions.append((shown(edge), 0))
    return functions


# What torch does in two nodes may be one here.  The second is there for those who look, alone.

cdef dict parts = {}            # address of a vjp -> {input: the name of torch's node before it}
cdef object shown_parts = weakref.WeakValueDictionary()     # address of a node, input -> its part


def contains(size_t vjp, dict names):
    """Let nodes of the vjp at this address show a node of a name before the inputs that have one."""
    parts[vjp] = names


cdef set outer = set()          # addresses of vjps


def is_around(size_t vjp):
    """Let nodes of the vjp at this address, writes through a view, stand for the op as well that was
    done to the view, which is their second input: what follows that, follows them, as in torch."""
    outer.add(vjp)


cdef object part_of(Node node, int i, str name):
    """Return what stands for the part of ``node`` before input ``i``: always the same, see above."""
    cdef Node part = shown_parts.get((<size_t><PyObject *>node, i))
    if part is None:
        part = Node.__new__(Node)
        part.label, part.vjp, part.n_outputs, part.extra = name, no_vjp, 1, node
        part.edges, part.saved, part.sequence = (node.edges[i],), (), node.sequence
        shown_parts[<size_t><PyObject *>node, i] = part
    return shown(part)


cdef object no_vjp(Node node, object grad):
    raise RuntimeError(f"{node.label} is a part of {node.extra.name()}, and has no backward alone")


cdef bint works_on(object edge, object base) except -1:
    """Whether the op behind ``edge`` has been done to a view of what is behind ``base``."""
    cdef object end = end_of(edge)
    while isinstance(end, Node) and (<Node>end).edges:
        end = end_of((<Node>end).edges[0])
        if end is end_of(base):
            return True
    return False


def next_functions(Node node):
    """Return ``following(node)`` as a tuple, with torch's nodes where one here does several, and
    several do one's."""
    functions = following(node)
    if <size_t>node.vjp in outer and works_on(node.edges[1], node.edges[0]):
        functions[1:] = following(end_of(node.edges[1]))[1:]
    for i, name in parts.get(<size_t>node.vjp, {}).items():
        if functions[i][0] is not None:
            functions[i] = part_of(node, i, name), 0
    return tuple(functions)


operations.next_functions = next_functions


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
    found = GradientEdge(shown(end_of(edge)), tensor.output)
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
