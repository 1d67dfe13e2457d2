"""Hooks: functions of the user that see, and may replace, gradients as they arrive.

A hook of a leaf is kept by the leaf, any other by the node whose output it watches, so that it dies
with what it watches.  ``backward`` (walk.pyx) calls them.
"""

import itertools
import weakref

from minigrad.tape cimport ACCUMULATED, ARRIVED, LAST, Variable, operations, refresh_view

cdef object hook_keys = itertools.count()


def add_hook(Variable v, function, int turn=ARRIVED):
    """Call ``function(grad)`` with the gradient of ``v``; return (table, key) to remove it by.

    ``turn`` says when: LAST is after all other hooks, however late they are added, and ACCUMULATED,
    for a leaf, is ``function(v)`` once ``v`` has its gradient.
    """
    cdef dict table
    refresh_view(v)
    if v.node is None:
        if v.hooks is None:
            v.hooks = {}
        table = v.hooks
    else:
        if v.node.hooks is None:
            v.node.hooks = {}
        table = v.node.hooks
    key = next(hook_keys)       # never one that was removed: its handle may still be about
    table[key] = (v.output, function, turn)
    return table, key


def retain(Variable v):
    """Keep the gradient of the value that ``v`` has now in ``v.gradient``.

    To be called again when an in-place write has given ``v`` a new value, and node: the hook on
    the old node then does nothing.
    """
    reference = weakref.ref(v)          # the node must not keep its own output alive
    sequence = v.node.sequence
    v.keeps_grad = True

    def keep(Variable grad):
        cdef Variable t = reference()
        if t is not None and t.node is not None and t.node.sequence == sequence:
            t.gradient = operations.clone(grad) if t.gradient is None else (
                operations.add(t.gradient, grad))

    add_hook(v, keep, LAST)


cdef object run_hooks(dict hooks, int output, object grad):
    """Return the gradient of a node's output number ``output`` as its hooks leave it."""
    cdef list present = list(hooks.values())
    for turn in (ARRIVED, LAST):
        for k, function, its_turn in present:
            if k == output and its_turn == turn and grad is not None:
                replaced = function(grad)
                if replaced is not None:
                    check_replacement(<Variable>grad, replaced)
                    grad = replaced
    return grad


cdef int run_accumulated_hooks(Variable leaf) except -1:
    """Call the hooks that wait for ``leaf.grad``."""
    for _, function, turn in list(leaf.hooks.values()):
        if turn == ACCUMULATED:
            function(leaf)
    return 0


cdef int check_replacement(Variable grad, object replaced) except -1:
    """Raise unless what a hook returned can stand for the gradient it got."""
    if not isinstance(replaced, Variable):
        raise TypeError(f"a hook must return a Tensor or None, but got {type(replaced).__name__}")
    before, after = grad.array, (<Variable>replaced).array
    if before.dtype != after.dtype or (<object>before).shape != (<object>after).shape:
        raise RuntimeError(
            f"a hook has changed the shape or dtype of a gradient: it got {before.dtype} of shape "
            f"{list((<object>before).shape)} and returned {after.dtype} of shape "
            f"{list((<object>after).shape)}"
        )
    return 0
