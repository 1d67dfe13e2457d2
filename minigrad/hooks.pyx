"""Hooks: functions of the user that see, and may replace, gradients on their way.

A hook of a tensor sees the gradient of that tensor, one of a node the gradients of all its outputs,
before its vjp runs or after.  A hook of a leaf is kept by the leaf, any other by the node, so that
it dies with what it watches.  ``backward`` (walk.pyx) calls them.
"""

import itertools
import weakref

from minigrad.attributes import RemovableHandle
from minigrad.edges cimport end_of, key_of
from minigrad.tape cimport (
    ACCUMULATED, AFTER, ARRIVED, BEFORE, LAST, Node, Variable, operations, refresh_view,
)

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


def add_node_hook(Node node, function, int turn):
    """Call ``function`` BEFORE or AFTER the vjp of ``node``; return the handle to remove it by."""
    if node.hooks is None:
        node.hooks = {}
    key = next(hook_keys)
    node.hooks[key] = (0, function, turn)
    return RemovableHandle(node.hooks, key)


operations.add_node_hook = add_node_hook


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
    """Return the gradient of a node's output number ``output`` as its hooks leave it.

    It is None if the node has other outputs, and only those got one.
    """
    cdef list present = list(hooks.values())
    for turn in (ARRIVED, LAST):
        for k, function, its_turn in present:
            if k == output and its_turn == turn and (turn == ARRIVED or grad is not None):
                replaced = function(grad)
                if replaced is not None:
                    check_replacement(grad, replaced)
                    grad = replaced
    return grad


cdef int run_accumulated_hooks(Variable leaf) except -1:
    """Call the hooks that wait for ``leaf.grad``."""
    for _, function, turn in list(leaf.hooks.values()):
        if turn == ACCUMULATED:
            function(leaf)
    return 0


cdef tuple call_with_hooks(Node node, object grad, dict needed):
    """Return what the vjp of ``node`` makes of ``grad``, with the node's own hooks around it.

    They see None where no gradient goes, as none is needed there (by the walk, see ``leading_to``;
    None: all are).
    """
    cdef tuple outputs = (grad,) if node.n_outputs == 1 else tuple(grad), inputs
    outputs = run_node_hooks(node.hooks, BEFORE, outputs, None)
    if all([g is None for g in outputs]):
        inputs = (None,) * len(node.edges)
    else:
        inputs = node.vjp(node, outputs[0] if node.n_outputs == 1 else list(outputs))
    inputs = tuple([
        None if e is None or (needed is not None and key_of(end_of(e)) not in needed) else g
        for g, e in zip(inputs, node.edges)])
    return run_node_hooks(node.hooks, AFTER, inputs, outputs)


cdef tuple run_node_hooks(dict hooks, int turn, tuple grads, tuple grad_outputs):
    """Return ``grads`` as the hooks leave them whose turn it is: BEFORE ones get no other."""
    for _, function, its_turn in list(hooks.values()):
        if its_turn != turn:
            continue
        replaced = function(grads) if turn == BEFORE else function(grads, grad_outputs)
        if replaced is None:
            continue
        if not isinstance(replaced, tuple):
            raise TypeError(f"expected tuple, but hook returned '{type(replaced).__name__}'")
        if len(replaced) != len(grads):
            raise RuntimeError(
                f"hook '{getattr(function, '__name__', function)}' has returned an incorrect "
                f"number of values (got {len(replaced)}, but expected {len(grads)})"
            )
        for before, after in zip(grads, replaced):
            if after is not None:
                check_replacement(before, after)
        grads = replaced
    return grads


cdef int check_replacement(object grad, object replaced) except -1:
    """Raise unless what a hook returned can stand for the gradient it got."""
    if not isinstance(replaced, Variable):
        raise TypeError(f"a hook must return a Tensor or None, but got {type(replaced).__name__}")
    if grad is None:
        raise RuntimeError("can't replace a None gradient with a non-None value")
    before, after = (<Variable>grad).array, (<Variable>replaced).array
    if before.dtype != after.dtype or (<object>before).shape != (<object>after).shape:
        raise RuntimeError(
            f"a hook has changed the shape or dtype of a gradient: it got {before.dtype} of shape "
            f"{list((<object>before).shape)} and returned {after.dtype} of shape "
            f"{list((<object>after).shape)}"
        )
    return 0
