"""Checkpointing: keep the inputs of a part of a model, and compute what it saves a second time.

Backward needs what forward saved, which is most of the memory of a training step.  A part that is
checkpointed forgets it after its forward, and runs forward again when its backward comes.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from minigrad.autograd.function import Function
from minigrad.edges import AccumulateGrad
from minigrad.grad_mode import GradMode, is_grad_enabled
from minigrad.ops.generator import get_rng_state, set_rng_state
from minigrad.tensor import Tensor
from minigrad.utils._pytree import tree_leaves, tree_map
from minigrad.walk import backward, grad, walk_under_way

__all__ = ["checkpoint", "checkpoint_sequential", "noop_context_fn"]

_Result = TypeVar("_Result")


def noop_context_fn() -> tuple[Any, Any]:
    """Return two context managers that do nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable[..., _Result],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Any] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> _Result:
    """Return ``function(*args, **kwargs)``, of which nothing is saved but the arguments.

    In the backward the function runs again, which must give the same result: what it draws at
    random it draws again (``preserve_rng_state``).

    With ``use_reentrant=False`` gradients go to tensors among the arguments, in lists and dicts
    too, and to the parameters that the function uses.  ``context_fn()`` returns two context
    managers, for the first run and the second.

    With True, torch's first way and still what it does if nothing is said, the backward of the part
    is a ``backward()`` of its own: one argument must require a gradient, or there is none for
    anything; only ``backward()`` without ``inputs`` comes through; it can not be differentiated.
    torch's other options change nothing.

    >>> import minigrad
    >>> from minigrad.utils.checkpoint import checkpoint
    >>> x = minigrad.ones(2, requires_grad=True)
    >>> checkpoint(lambda x: (x * 2).exp(), x, use_reentrant=False).sum().backward()
    >>> x.grad
    tensor([14.7781, 14.7781])
    """
    if use_reentrant is None:
        warnings.warn(
            "checkpoint: the use_reentrant parameter should be passed explicitly; False is "
            "recommended. It is True now, as in torch.",
            stacklevel=2,
        )
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn:
            raise ValueError("Passing `context_fn` is only supported when use_reentrant=False.")
        if is_grad_enabled() and not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
            )
        return CheckpointFunction.apply(function, preserve_rng_state, *args)
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


@contextlib.contextmanager
def _as_before(state):
    """A context that records, and draws again what was drawn after ``state`` (None: does not)."""
    present = get_rng_state()
    try:
        if state is not None:
            set_rng_state(state)
        with GradMode(True):
            yield
    finally:
        if state is not None:
            set_rng_state(present)


class CheckpointFunction(Function):
    """The part as one op whose backward calls ``backward()``."""

    @staticmethod
    def forward(
        ctx: Any, function: Callable[..., Any], preserve_rng_state: bool, *args: Any
    ) -> Any:
        ctx.function, ctx.args = function, list(args)
        ctx.state = get_rng_state() if preserve_rng_state else None
        ctx.places = [i for i, arg in enumerate(args) if isinstance(arg, Tensor)]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        for i in ctx.places:
            ctx.args[i] = None
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        walk = walk_under_way()
        if walk is not None and walk.needed is not None:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(): set use_reentrant=False, or call "
                ".backward() without `inputs`."
            )
        args = list(ctx.args)
        for i, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            args[i] = _leaf(tensor)
        with _as_before(ctx.state):
            result = ctx.function(*args)
        outputs = result if isinstance(result, tuple) else (result,)
        pairs = [
            (o, g)
            for o, g in zip(outputs, grads, strict=True)
            if isinstance(o, Tensor) and o.requires_grad
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([o for o, _ in pairs], [g for _, g in pairs])
        return None, None, *(a.grad if isinstance(a, Tensor) else None for a in args)


class _Checkpoint(Function):
    """The part as one op: of ``tensors`` and leaves, with results that are known already."""

    @staticmethod
    def forward(part: Any, values: Any, n: float, *inputs: Any) -> Any:
        return tuple(values)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.part, _, ctx.n, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        again, state, context = ctx.part
        tensors, leaves = ctx.saved_tensors[: ctx.n], ctx.saved_tensors[ctx.n :]
        create_graph = is_grad_enabled()
        if not create_graph:
            tensors = [_leaf(t) for t in tensors]
        with _as_before(state), context:
            result = again(tensors)
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


def checkpoint_sequential(
    functions: Any, segments: int, input: Tensor, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Return what ``Sequential(*functions)`` returns, in ``segments`` parts that are checkpointed.

    The last part is not: its backward comes at once.

    >>> import minigrad
    >>> from minigrad import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> x = minigrad.ones(4, 2)
    >>> minigrad.utils.checkpoint.checkpoint_sequential(model, 2, x, use_reentrant=False).shape
    minigrad.Size([4, 1])
    """
    if use_reentrant is None:
        warnings.warn(
            "checkpoint_sequential: the use_reentrant parameter should be passed explicitly; False "
            "is recommended. It is True now, as in torch.",
            stacklevel=2,
        )
        use_reentrant = True
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
