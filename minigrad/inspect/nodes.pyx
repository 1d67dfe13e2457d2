"""What only C sees of a node: the tensors it saved, and whatever else its vjp needs."""

from minigrad.tape cimport Node, Packed, Saved, Variable


def saved_by(Node node):
    """Return what ``node`` saved for its vjp, or None if that was freed.

    A list of (tensor, array, output, intact): ``tensor`` is None for the node's own output number
    ``output``, and ``intact`` says whether the array is still what it was.
    """
    cdef Saved saved
    cdef Variable v
    if node.saved is None:
        return None
    found = []
    for kept in node.saved:
        if kept is None or isinstance(kept, Packed):    # what hooks have packed is theirs
            continue
        if isinstance(kept, Variable):
            v = <Variable>kept
            found.append((v, v.array, v.output, v.version is None or v.version.number == 0))
        elif isinstance(kept, Saved):
            saved = <Saved>kept
            intact = saved.version.number == saved.number
            found.append((saved.variable, saved.array, saved.output, intact))
        else:
            found.append((None, kept, 0, node.version is None or node.version.number == 0))
    return found


def extra_of(Node node):
    """Return what ``node`` keeps for its vjp besides tensors: shapes, axes, numbers."""
    return node.extra
