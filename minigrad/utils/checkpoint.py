"""Checkpointing: keep the inputs of a part of a model, and compute what it saves a second time.

Backward needs what forward saved, which is most of the memory of a training step.  A part that is
checkpointed forgets it after its forward, and runs forward again when its backward comes.
"""

import contextlib

from minigrad.autograd.function import Function
from minigrad.func.tree import tree_leaves, tree_map
from minigrad.ops.generator import get_rng_state, set_rng_state
from minigrad.tape import AccumulateGrad, _set_grad_enabled, is_grad_enabled
from minigrad.tensor import Tensor
from minigrad.walk import grad

__all__ = ["checkpoint", "checkpoint_sequential", "noop_context_fn"]


def noop_context_fn():
    """Return two context managers that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function,
    *args,
    use_reentrant=None,
    context_fn=noop_context_fn,
    determinism_check="default",
    debug=False,
    early_stop=True,
    preserve_rng_state=True,
    **kwargs,
):
    """Return ``function(*args, **kwargs)``, of which nothing is saved but the arguments.

    In the backward the function runs again, which must give the same result: what it draws at
    random it draws again (``preserve_rng_state``).  Gradients go to tensors among the arguments, in
    lists and dicts too, and to the parameters that the function uses.  ``context_fn()`` returns two
    context managers, for the first run and the second.  torch's two ways of doing this,
    ``use_reentrant`` True and False, are one here, and its other options change nothing.

    >>> import minigrad
    >>> from minigrad.utils.checkpoint import checkpoint
    >>> x = minigrad.ones(2, requires_grad=True)
    >>> checkpoint(lambda x: (x * 2).exp(), x).sum().backward()
    >>> x.grad
    tensor([14.7781, 14.7781])
    """
    first, second = context_fn()
    if not is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    state = get_rng_state() if preserve_rng_state else None
    tensors = _tensors((args, kwargs))

    def again(others):
        """Run the function with other tensors in the places of ``tensors``."""
        positional, named = _exchanged((args, kwargs), lambda t: True, others)
        return function(*positional, **named)

    cut = [_leaf(t) for t in tensors]
    with first:
        result = again(cut)
    outputs = [o for o in _tensors(result) if o.requires_grad]
    if not outputs:
        return result
    leaves = [leaf for leaf in _leaves(outputs) if not any(leaf is t for t in cut)]
    values = [o.detach() for o in outputs]
    recorded = _Checkpoint.apply((again, state, second), values, len(cut), *tensors, *leaves)
    return _exchanged(result, lambda o: o.requires_grad, recorded)


class _Checkpoint(Function):
    """The part as one op: of ``tensors`` and leaves, with results that are known already."""

    @staticmethod
    def forward(ctx, part, values, n, *inputs):
        ctx.part, ctx.n = part, n
        ctx.save_for_backward(*inputs)
        return tuple(values)

    @staticmethod
    def backward(ctx, *grads):
        again, state, context = ctx.part
        tensors, leaves = ctx.saved_tensors[: ctx.n], ctx.saved_tensors[ctx.n :]
        create_graph = is_grad_enabled()
        if not create_graph:
            tensors = [_leaf(t) for t in tensors]
        present = get_rng_state()
        previous = _set_grad_enabled(True)
        try:
            if state is not None:
                set_rng_state(state)
            with context:
                result = again(tensors)
        finally:
            _set_grad_enabled(previous)
            if state is not None:
                set_rng_state(present)
        outputs = [o for o in _tensors(result) if o.requires_grad]
        if [o.shape for o in outputs] != [g.shape for g in grads]:
            raise RuntimeError(
                "checkpoint(): the function gave results of other shapes when it ran again: "
                f"{[list(o.shape) for o in outputs]} instead of {[list(g.shape) for g in grads]}"
            )
        inputs = (*tensors, *leaves)
        wanted = [t for t in inputs if t.requires_grad]
        # The graph is retained, for the function may use what others recorded too.
        found = iter(grad(outputs, wanted, grads, True, create_graph, allow_unused=True))
        return None, None, None, *(next(found) if t.requires_grad else None for t in inputs)


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """Return what ``Sequential(*functions)`` returns, in ``segments`` parts that are checkpointed.

    The last part is not: its backward comes at once.

    >>> import minigrad
    >>> from minigrad import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> minigrad.utils.checkpoint.checkpoint_sequential(model, 2, minigrad.ones(4, 2)).shape
    minigrad.Size([4, 1])
    """
    functions = list(functions)

    def part(start, end):
        def run(x):
            for function in functions[start:end]:
                x = function(x)
            return x

        return run

    size = len(functions) // segments
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(part(start, start + size), input, use_reentrant=use_reentrant, **kwargs)
    return part(size * (segments - 1), len(functions))(input)


def _leaf(tensor):
    """Return the same values without their history."""
    return tensor.detach().requires_grad_(tensor.requires_grad)


def _tensors(data):
    """Return the tensors in tuples, lists and dicts, in order."""
    return [t for t in tree_leaves(data) if isinstance(t, Tensor)]


def _exchanged(data, which, others):
    """Return ``data`` with ``others`` in the places of its tensors for which ``which`` holds."""
    each = iter(others)
    return tree_map(lambda t: next(each) if isinstance(t, Tensor) and which(t) else t, data)


def _leaves(outputs):
    """Return the leaves that gradients of ``outputs`` reach."""
    leaves, seen = {}, set()
    waiting = [o.grad_fn for o in outputs]
    while waiting:
        node = waiting.pop()
        if isinstance(node, AccumulateGrad):
            leaves[id(node.variable)] = node.variable
        elif node is not None and node not in seen:
            seen.add(node)
            waiting.extend(function for function, _ in node.next_functions)
    return leaves.values()
