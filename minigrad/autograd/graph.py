"""What programs do with the graph itself: look at its nodes, wait for several gradients, and decide
how what is saved for the backward pass is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self
from weakref import WeakKeyDictionary

from minigrad.attributes import RemovableHandle
from minigrad.autograd.grad_mode import no_grad
from minigrad.edges import GradientEdge, get_gradient_edge
from minigrad.ops.optim import increment_version
from minigrad.tape import Node, _set_packer
from minigrad.tensor import Tensor
from minigrad.walk import walk_under_way

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


# ---------------------------------------------------------------- what is saved


class _Thread(threading.local):
    hooks: tuple[tuple[Any, Any], ...] = ()  # pairs (pack, unpack), the innermost last
    refusal: str | None = None  # why there may be none
    copies = False  # whether allow_mutation_on_saved_tensors is entered


_thread = _Thread()
_entered = 0  # how many saved_tensors_hooks there are, in all threads
_lock = threading.Lock()


def _pack(tensor):
    """Return what the innermost hooks make of a tensor, and the way back (see tape.pyx)."""
    if not _thread.hooks:
        return None
    pack, unpack = _thread.hooks[-1]
    version = tensor._version
    with no_grad():
        packed = pack(tensor)
    if tensor._version != version:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place: it must leave the tensor as "
            "it is and return something else."
        )
    return packed, unpack


class saved_tensors_hooks:
    """A context in which what is saved for the backward pass is ``pack_hook(tensor)``.

    The backward pass then uses ``unpack_hook(packed)``, which must be a tensor of the same values.
    So saved tensors can be compressed, written to disk or counted.  Contexts nest; the innermost
    counts.  Hooks may not change the tensor in place.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    >>> with minigrad.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), minigrad.tensor):
    ...     y = x.exp() * x
    >>> y.sum().backward()
    >>> x.grad
    tensor([ 5.4366, 22.1672])
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if _thread.refusal is not None:
            raise RuntimeError(_thread.refusal)
        for hook in (self.pack_hook, self.unpack_hook):
            if not callable(hook):
                raise TypeError(f"a hook must be callable, but got {type(hook).__name__}")
        _thread.hooks += ((self.pack_hook, self.unpack_hook),)
        _count(1)

    def __exit__(self, *exc_info: object) -> None:
        _thread.hooks = _thread.hooks[:-1]
        _count(-1)


def _count(difference):
    """Have the tape ask ``_pack`` as long as there are hooks in any thread."""
    global _entered
    with _lock:
        _entered += difference
        _set_packer(_pack if _entered else None)


class save_on_cpu(saved_tensors_hooks):
    """A context in which what is saved for the backward pass is kept on the CPU: as always here.

    >>> import minigrad
    >>> x = minigrad.ones(2, requires_grad=True)
    >>> with minigrad.autograd.graph.save_on_cpu():
    ...     y = x.exp()
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)


class disable_saved_tensors_hooks:
    """A context in which ``saved_tensors_hooks`` may not be used: a RuntimeError(error_message).

    >>> import minigrad
    >>> with minigrad.autograd.graph.disable_saved_tensors_hooks("not here"):
    ...     try:
    ...         with minigrad.autograd.graph.save_on_cpu():
    ...             pass
    ...     except RuntimeError as error:
    ...         print(error)
    not here
    """

    def __init__(self, error_message: str) -> None:
        self.error_message = error_message

    def __enter__(self) -> None:
        if _thread.hooks:
            raise RuntimeError(self.error_message)
        self._previous, _thread.refusal = _thread.refusal, self.error_message

    def __exit__(self, *exc_info: object) -> None:
        _thread.refusal = self._previous


class allow_mutation_on_saved_tensors:
    """A context in which tensors that are saved for the backward pass may be changed in place.

    Every saved tensor is copied at once (torch waits for the change).  The backward pass must be
    within the same context.

    >>> import minigrad
    >>> x = minigrad.zeros(2, requires_grad=True)
    >>> with minigrad.autograd.graph.allow_mutation_on_saved_tensors():
    ...     y = x.exp()
    ...     z = (y * y).sum()
    ...     _ = y.detach().zero_()
    ...     z.backward()
    >>> x.grad
    tensor([2., 2.])
    """

    def __init__(self) -> None:
        self._hooks = saved_tensors_hooks(Tensor.clone, self._unpack)
        self._inside = False

    def __enter__(self) -> Self:
        if _thread.copies:
            raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
        self._hooks.__enter__()
        self._inside = _thread.copies = True
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._inside = _thread.copies = False
        self._hooks.__exit__()

    def _unpack(self, copy):
        if not self._inside:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in "
                "which the graph was originally recorded."
            )
        return copy


# ---------------------------------------------------------------- several gradients


class _Handles(RemovableHandle):
    """The handle of several hooks that were registered as one."""

    def __init__(self, handles: Any) -> None:
        self._handles = handles

    def remove(self) -> None:
        for handle in self._handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., Any], *, mode: str = "all"
) -> RemovableHandle:
    """Call ``fn`` when the gradients of several tensors are known; return a handle.

    ``mode`` "all": ``fn(gradients)`` once in each backward pass, with the gradient of every tensor,
    None for those that this pass does not come to.  "any": ``fn(gradient)`` with the first one.

    >>> import minigrad
    >>> x, y = (minigrad.ones(2, requires_grad=True) for _ in range(2))
    >>> show = lambda grads: print([g.sum().item() for g in grads])
    >>> handle = minigrad.autograd.graph.register_multi_grad_hook((x, y), show)
    >>> (x * 2 + y * 3).sum().backward()
    [4.0, 6.0]
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    tensors = tuple(tensors)
    if not all(tensor.requires_grad for tensor in tensors):
        raise AssertionError("Expected gradient function to be set")
    edges = [get_gradient_edge(tensor) for tensor in tensors]
    lock = threading.Lock()
    # walk -> the gradients that have arrived, and how many are still to come
    seen: WeakKeyDictionary[Any, tuple[list[Any], list[int]]] = WeakKeyDictionary()

    def arrived(i, gradient):
        walk = walk_under_way()
        with lock:
            if walk not in seen:
                seen[walk] = [None] * len(edges), [sum(walk.reaches(edges))]
            gradients, waiting = seen[walk]
            gradients[i] = gradient
            waiting[0] -= 1
        if waiting[0] == 0:
            fn(gradients)

    def first(i, gradient):
        walk = walk_under_way()
        with lock:
            is_first = walk not in seen
            seen.setdefault(walk, ([], []))
        if is_first:
            fn(gradient)

    hook = arrived if mode == "all" else first
    return _Handles([t.register_hook(partial(hook, i)) for i, t in enumerate(tensors)])
