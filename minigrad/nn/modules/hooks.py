"""What runs around a module's forward and backward: one part of Module.

Hooks of all modules, and how they are registered, are in ``global_hooks.py``; they come first.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad.attributes import RemovableHandle
from minigrad.autograd import Function, is_grad_enabled
from minigrad.nn.modules.global_hooks import asking, check_kind, entry, hooks_of
from minigrad.tensor import Tensor
from minigrad.utils.hooks import add_hook

if TYPE_CHECKING:
    from minigrad.nn.modules.module import Module


class HooksMixin:
    """The methods of Module that register hooks, and the call that runs them.

    A module without hooks never comes here: ``Module.__call__`` goes straight to ``forward``.
    """

    _is_full_backward_hook: bool | None = None  # what is in _backward_hooks: all are of one kind

    if TYPE_CHECKING:  # the tables of hooks, which Module makes

        def __getattr__(self, name: str) -> Any: ...

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Run ``hook(module, args)`` before every forward.

        What it returns, if not None, replaces the positional arguments (a single value stands for a
        tuple of one).  With ``with_kwargs`` it is called as ``hook(module, args, kwargs)`` and
        returns None or a pair ``(args, kwargs)``.  ``prepend`` puts it before the hooks there are.

        Returns a handle whose ``remove()`` takes the hook away.

        Example::

            >>> from minigrad import nn
            >>> layer = nn.Identity()
            >>> handle = layer.register_forward_pre_hook(lambda module, args: args[0] + 1)
            >>> layer(1)
            2
            >>> handle.remove()
            >>> layer(1)
            1
        """
        return add_hook(self._forward_pre_hooks, entry(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Run ``hook(module, args, output)`` after every forward.

        What it returns, if not None, replaces the output.  With ``with_kwargs`` it is called as
        ``hook(module, args, kwargs, output)``.  ``prepend`` puts it before the hooks there are;
        ``always_call`` runs it, with output None, even if forward raised.

        Returns a handle whose ``remove()`` takes the hook away.

        Example::

            >>> from minigrad import nn
            >>> layer = nn.Identity()
            >>> handle = layer.register_forward_hook(lambda module, args, output: print(output))
            >>> _ = layer("seen")
            seen
        """
        return add_hook(self._forward_hooks, entry(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Run ``hook(module, grad_output)`` before gradients flow back through the module.

        ``grad_output`` is a tuple with the gradient of each output.  What the hook returns, if not
        None, replaces it.  Returns a handle whose ``remove()`` takes the hook away.
        """
        return add_hook(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Run ``hook(module, grad_input, grad_output)`` once the gradients of the inputs are known.

        Both are tuples: the gradient of each positional argument, None for what is no tensor or
        needs no gradient, and the gradient of each output.  What the hook returns, if not None,
        replaces ``grad_input``.  Returns a handle whose ``remove()`` takes the hook away.

        Example::

            >>> import minigrad
            >>> from minigrad import nn
            >>> layer = nn.ReLU()
            >>> handle = layer.register_full_backward_hook(
            ...     lambda module, grad_input, grad_output: print(grad_input)
            ... )
            >>> layer(minigrad.tensor([-1.0, 2.0], requires_grad=True)).sum().backward()
            (tensor([0., 1.]),)
        """
        check_kind(self._is_full_backward_hook, True)
        self._is_full_backward_hook = True
        return add_hook(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run ``hook(module, grad_input, grad_output)`` after the backward of the last operation.

        torch's first kind of backward hook: ``grad_input`` are the gradients of the inputs of the
        operation that made the output, which are the module's only if it has no other; a
        FutureWarning says where they are not.  :meth:`register_full_backward_hook` is what one
        wants; a module can not have both.
        """
        check_kind(self._is_full_backward_hook, False)
        self._is_full_backward_hook = False
        return add_hook(self._backward_hooks, hook)

    def _call_with_hooks(self, args, kwargs):
        entries = hooks_of("forward", self._forward_hooks)
        hooks = {key: asking(found) for key, found in entries.items()}
        pending = {key: hook for key, hook in hooks.items() if hook.always_call}
        try:
            return self._run_hooks_and_forward(args, kwargs, pending)
        except Exception:
            for hook, with_kwargs, _ in pending.values():
                try:
                    hook(self, args, kwargs, None) if with_kwargs else hook(self, args, None)
                except Exception as error:
                    warnings.warn(
                        "module forward hook with ``always_call=True`` raised an exception that "
                        f"was silenced as another error was raised in forward: {error}",
                        stacklevel=3,
                    )
            raise

    def _run_hooks_and_forward(self, args, kwargs, pending):
        """Call forward between its hooks; take those that have run out of ``pending``."""
        for found in hooks_of("forward_pre", self._forward_pre_hooks).values():
            hook, with_kwargs, _ = asking(found)
            if not with_kwargs:
                new = hook(self, args)
                if new is not None:
                    args = new if isinstance(new, tuple) else (new,)
                continue
            new = hook(self, args, kwargs)
            if new is None:
                continue
            if not (isinstance(new, tuple) and len(new) == 2):
                raise RuntimeError(
                    "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                    f"but got {new}."
                )
            args, kwargs = new

        own = self._backward_hooks
        hooks = hooks_of("backward", own if self._is_full_backward_hook else {})
        pre_hooks = hooks_of("backward_pre", self._backward_pre_hooks)
        backward = None
        if hooks or pre_hooks:
            backward = _BackwardHooks(self, args, pre_hooks.values(), hooks.values())
            args = backward.watch_inputs(args)

        output = self.forward(*args, **kwargs)

        for key, found in hooks_of("forward", self._forward_hooks).items():
            hook, with_kwargs, _ = asking(found)
            pending.pop(key, None)
            new = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
            if new is not None:
                output = new
        if backward is not None:
            output = backward.watch_outputs(output)
        old_hooks = hooks_of("old backward", {} if self._is_full_backward_hook else own)
        if old_hooks:
            self._hook_last_node(old_hooks.values(), args, output)
        return output

    def _hook_last_node(self, hooks, args, output):
        """Have hooks of torch's first kind run after the node that made the (first) output."""
        first = output
        while not isinstance(first, Tensor):
            first = next(iter(first.values())) if isinstance(first, dict) else first[0]
        node = first.grad_fn
        if node is None:
            return
        for hook in hooks:
            node.register_hook(functools.partial(hook, self))
        missing = _what_is_missing(node, args, output)
        if missing:
            warnings.warn(
                f"Using a non-full backward hook {missing}. Please use "
                "register_full_backward_hook to get the documented behavior.",
                FutureWarning,
                stacklevel=4,
            )


def _what_is_missing(node, args, output):
    """Say why hooks of the last node of a module do not see all gradients; None: they do."""
    outputs = output if isinstance(output, tuple) else (output,)
    if not all(isinstance(value, Tensor) for value in outputs):
        return "with outputs other than tensors is deprecated: it misses some grad_output"
    if not all(isinstance(value, Tensor) for value in args):
        return "with inputs other than tensors is deprecated: it misses some grad_input"
    if len({value.grad_fn for value in outputs} - {None}) > 1:
        return "with outputs of different autograd Nodes is deprecated: it misses some grad_output"
    before = {value.grad_fn for value in args} - {None}
    if before != {following for following, _ in node.next_functions}:
        return (
            "when the forward contains multiple autograd Nodes is deprecated: it misses some "
            "grad_input"
        )
    return None


class _BackwardHooks:
    """Runs a module's backward hooks for one call of it.

    The inputs and the outputs of the call each pass through one :class:`_Watch`.  On the way back
    the outputs' one comes first and leaves their gradients here; the inputs' one then has what the
    hooks want to see.
    """

    def __init__(self, module: Module, args: Any, pre_hooks: Any, hooks: Any) -> None:
        self.module = module
        self.n_inputs = len(args)
        self.pre_hooks = tuple(pre_hooks)
        self.hooks = tuple(hooks)
        self.inputs_watched = False
        self.grad_output = None

    def watch_inputs(self, args: Any) -> Any:
        watched = _watch(args, self.on_grad_input, True)
        self.inputs_watched = watched is not args
        return watched

    def watch_outputs(self, output: Any) -> Any:
        if isinstance(output, Tensor):
            return _watch((output,), self.on_grad_output, False)[0]
        if isinstance(output, tuple):
            return _watch(output, self.on_grad_output, False)
        warnings.warn(
            "For backward hooks to be called, module output should be a Tensor or a tuple of "
            f"Tensors but received {type(output)}",
            stacklevel=4,
        )
        return output

    def on_grad_output(self, grad_output: Any) -> Any:
        for hook in self.pre_hooks:
            new = hook(self.module, grad_output)
            grad_output = _replaced("Backward pre hook", "grad_output", grad_output, new)
        self.grad_output = grad_output
        if not self.inputs_watched:  # nothing further will come back through this module
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module "
                "outputs since no inputs require gradients. So grad_input has no tensors.",
                stacklevel=5,
            )
            self.on_grad_input((None,) * self.n_inputs)
        return grad_output

    def on_grad_input(self, grad_input: Any) -> Any:
        if self.grad_output is not None:
            for hook in self.hooks:
                new = hook(self.module, grad_input, self.grad_output)
                grad_input = _replaced("Backward hook", "grad_input", grad_input, new)
            self.grad_output = None
        return grad_input


def _replaced(what, name, grads, new):
    """Return the gradients ``grads``, or those a hook gave instead, as a tuple of equal length."""
    if new is None:
        return grads
    new = new if isinstance(new, tuple) else (new,)
    if len(new) != len(grads):
        raise RuntimeError(
            f"{what} returned an invalid number of {name}, got {len(new)}, "
            f"but expected {len(grads)}"
        )
    return new


def _watch(values, look, zeros):
    """Return the tuple ``values`` with its tensors made to pass their gradients through ``look``.

    ``look`` gets and gives a tuple as long as ``values``.  A tensor without a gradient has zeros
    there if ``zeros``, else None, and zeros go back all the same.  Returns ``values`` itself where
    no gradient will come back.
    """
    places = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
    places = [i for i in places if values[i].requires_grad]
    if not places or not is_grad_enabled():
        return values

    def look_in_place(grads):
        full = [None] * len(values)
        for i, grad in zip(places, grads, strict=True):
            full[i] = grad
        full = look(tuple(full))
        return tuple(full[i] for i in places)

    watched = list(values)
    tensors = _Watch.apply(look_in_place, zeros, *(values[i] for i in places))
    for i, tensor in zip(places, tensors, strict=True):
        watched[i] = tensor
    return tuple(watched)


class _Watch(Function):
    """The identity, except that the gradients pass through ``look`` on their way back."""

    @staticmethod
    def forward(look: Any, zeros: Any, *tensors: Any) -> Any:
        return tuple(tensor.view_as(tensor) for tensor in tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.look, zeros = inputs[:2]
        ctx.set_materialize_grads(zeros)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return None, None, *ctx._materialized(ctx.look(grads))
