"""Function: an op of your own, with its own gradient, in Python."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad.grad_mode import GradMode, is_grad_enabled
from minigrad.ops.creation import zeros
from minigrad.ops.inplace import rebase
from minigrad.python_node import PythonNode
from minigrad.tensor import Tensor


class _Thread(threading.local):
    transforms = 0  # how many transforms of minigrad.func are calling functions


_thread = _Thread()


class transforming:
    """A context in which a transform of minigrad.func calls a function of the user."""

    def __enter__(self) -> None:
        _thread.transforms += 1

    def __exit__(self, *exc_info: object) -> None:
        _thread.transforms -= 1


class FunctionCtx(PythonNode):
    """What ``forward`` and ``backward`` share: the node of this call, with room for attributes."""

    is_attached = False  # whether forward is over, and recorded

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for ``backward``; overwriting one in place is then noticed."""
        for i, t in enumerate(tensors):
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {i} is of type "
                    f"{type(t).__name__}"
                )
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Do nothing: there is no forward mode that would ask for them."""

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors that ``save_for_backward`` kept, once forward is over."""
        return self._saved_tensors() if self.is_attached else ()

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say that these outputs have no gradient."""
        self.non_differentiable = _only_tensors("mark_non_differentiable", tensors)

    def mark_dirty(self, *tensors: Any) -> None:
        """Say that these inputs were changed in place by ``forward``, which returns them."""
        self.dirty = _only_tensors("mark_dirty", tensors)

    def set_materialize_grads(self, value: Any) -> None:
        """With False, gradients of outputs that were not used arrive as None, not zeros."""
        if not isinstance(value, bool):
            raise TypeError(f"set_materialize_grads expects a bool, but got {type(value).__name__}")
        self.materialize_grads = value

    def run(self, grads: Any) -> Any:
        """Call the user's backward and check what it returns (called by the walk)."""
        grads = grads[: len(self.output_meta)]
        if self.materialize_grads:
            grads = self._materialized(grads)
        results = self.backward_function(self, *grads)
        if not isinstance(results, tuple):
            results = (results,)
        name = self.name()
        n = len(self.input_meta)
        if len(results) > n and all(r is None for r in results[n:]):
            results = results[:n]
        if len(results) != n:
            raise RuntimeError(
                f"function {name} returned an incorrect number of gradients (expected {n}, got "
                f"{len(results)})"
            )
        return tuple(self._checked(i, r, name) for i, r in enumerate(results))

    def _materialized(self, grads):
        """Return the gradients of the outputs with zeros for those that are None."""
        return [
            zeros(meta[0], dtype=meta[1]) if g is None and meta is not None else g
            for g, meta in zip(grads, self.output_meta, strict=True)
        ]

    def _checked(self, i, result, name):
        meta = self.input_meta[i]
        if result is None:
            return None
        if not isinstance(result, Tensor):
            raise RuntimeError(
                f"function {name} returned a {type(result).__name__} as gradient {i}: expected "
                f"Variable or None (got {type(result).__name__})"
            )
        if meta is None:
            raise RuntimeError(
                f"function {name} returned a gradient different than None at position {i + 1}, but "
                "the corresponding forward input was not a Variable"
            )
        shape, dtype = meta
        if result.shape != shape:
            given = list(result.shape)
            try:
                result = result.sum_to_size(shape) if result.dim() >= len(shape) else None
            except RuntimeError:
                result = None
            if result is None or result.shape != shape:
                raise RuntimeError(
                    f"Function {name} returned an invalid gradient at index {i} - got {given} but "
                    f"expected shape compatible with {list(shape)}"
                )
        return result if result.dtype is dtype else result.to(dtype)


def _only_tensors(name, tensors):
    for t in tensors:
        if not isinstance(t, Tensor):
            raise RuntimeError(f"{name} only accepts tensors, but got {type(t).__name__}")
    return tensors


def _meta(x):
    return (x.shape, x.dtype) if isinstance(x, Tensor) else None


class Function:
    """Subclass it with static methods ``forward(ctx, ...)`` and ``backward(ctx, *grads)``, and
    call ``apply``.

    ``backward`` gets one gradient for each output of ``forward`` and returns one for each of its
    inputs (None for what is not a tensor or has no gradient).  It is itself recorded under
    ``create_graph=True``.  ``setup_context(ctx, inputs, output)`` may be separate from a
    ``forward`` without ctx, as in torch 2.

    >>> import minigrad
    >>> class Cube(minigrad.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return grad * 3 * x * x
    >>> x = minigrad.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Return the output, a tensor or a tuple of them; nothing done here is recorded.

        To be written as ``forward(ctx, *inputs)``, or as ``forward(*inputs)`` beside a
        ``setup_context(ctx, inputs, output)``.
        """
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Return the gradient of each input of ``forward``, None where there is none.

        ``grads`` are the gradients of the outputs.  To be written by the subclass (``vjp`` is
        another name for it), in differentiable ops if gradients are to be differentiated.
        """
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your "
            "custom autograd.Function to use it with backward mode AD."
        )

    setup_context: Any = None  # a static method, if the class has it
    _backward_cls: Any = FunctionCtx  # of the nodes of its calls, each class has its own

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._backward_cls = type(f"{cls.__name__}Backward", (FunctionCtx,), {"_forward_cls": cls})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static: call them on the class itself.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated: make forward "
            "static, and call apply() of the class."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Return ``forward(ctx, *args, **kwargs)``, recorded as one op: what programs call.

        ``backward`` returns a gradient for each keyword argument too, after the others.
        """
        if cls.setup_context is not None:
            args, kwargs = _bound(cls.forward, args, kwargs)
        elif _thread.transforms:
            raise RuntimeError(
                "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, "
                "jacrev, ...), it must override the setup_context staticmethod."
            )
        inputs = (*args, *kwargs.values())
        ctx: Any = cls._backward_cls()
        ctx.to_save, ctx.non_differentiable, ctx.dirty = (), (), ()
        ctx.materialize_grads = True
        ctx.backward_function = _backward_of(cls)
        ctx._mark_needs(inputs)
        recording = is_grad_enabled() and any(ctx.needs_input_grad)
        with GradMode(False):
            if cls.setup_context is None:
                result = cls.forward(ctx, *args, **kwargs)
            else:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
            # An output that is an input, unchanged, must get a node of its own: a view of it.
            outputs = tuple(
                o.view_as(o)
                if isinstance(o, Tensor)
                and any(o is a for a in inputs)
                and not any(o is d for d in ctx.dirty)
                else o
                for o in (result if isinstance(result, tuple) else (result,))
            )
        _check_dirty(ctx.dirty, inputs, outputs, recording)
        if not recording:
            outputs = tuple(
                o.detach() if any(o is d for d in ctx.dirty) and o.requires_grad else o
                for o in outputs
            )
        with_gradient: tuple[Any, ...] = tuple(
            o
            if isinstance(o, Tensor)
            and o.is_floating_point()
            and not any(o is n for n in ctx.non_differentiable)
            else None
            for o in outputs
        )
        ctx._mark_views(tuple(None if any(o is d for d in ctx.dirty) else o for o in with_gradient))
        if recording:
            ctx.input_meta = tuple(_meta(a) for a in inputs)
            ctx.output_meta = tuple(_meta(o) for o in outputs)
            ctx._attach(f"{cls.__name__}Backward", inputs, with_gradient, ctx.to_save)
            for o in with_gradient:
                if any(o is d for d in ctx.dirty):
                    rebase(o)
        ctx.is_attached = recording
        ctx.to_save, ctx.non_differentiable, ctx.dirty = (), (), ()
        return outputs if isinstance(result, tuple) else outputs[0]


def _bound(forward, args, kwargs):
    """Return the arguments as ``forward`` takes them, with its defaults."""
    # (not by inspect, which takes milliseconds to import; what is missing, forward itself will say)
    code, defaults = getattr(forward, "__code__", None), getattr(forward, "__defaults__", None)
    if code is None or (not kwargs and not defaults):
        return args, kwargs
    names = code.co_varnames[: code.co_argcount]
    named = {n: v for n, v in kwargs.items() if n not in names[: code.co_posonlyargcount]}
    known = dict(zip(names[::-1], (defaults or ())[::-1], strict=False)) | named
    by_position = list(args)
    for name in names[len(args) :]:
        if name not in known:
            return args, kwargs
        by_position.append(known[name])
    by_name = {**(forward.__kwdefaults__ or {}), **kwargs}
    return tuple(by_position), {n: v for n, v in by_name.items() if n not in names[len(args) :]}


def _check_dirty(dirty, inputs, outputs, recording):
    """Raise if inputs that forward has written to are not outputs, or may not be written to."""
    for d in dirty:
        if not any(d is i for i in inputs):
            warnings.warn(
                "ctx.mark_dirty() received a tensor that was not an input: it is for inputs that "
                "were written to in place.",
                stacklevel=4,
            )
        elif recording and d.requires_grad and (d if d._base is None else d._base).is_leaf:
            what = (
                "a leaf Variable that requires grad has been"
                if d._base is None
                else "a view of a leaf Variable that requires grad is being"
            )
            raise RuntimeError(f"{what} used in an in-place operation.")
        if not any(d is o for o in outputs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as "
                "output. The inputs that are modified inplace must all be outputs of the "
                "Function."
            )


def _backward_of(cls):
    """Return the backward of a Function under the name that the class has given it."""
    vjp = getattr(cls, "vjp", None)
    if vjp is None:
        return cls.backward
    if cls.backward is not Function.backward:
        raise RuntimeError(
            "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
            "should only implement one of them."
        )
    return vjp


def once_differentiable(function: Callable[..., Any]) -> Any:
    """Decorate a ``backward`` that must not be differentiated itself: to try is a RuntimeError."""

    @functools.wraps(function)
    def wrapped(ctx, *grads):
        recording = is_grad_enabled()
        with GradMode(False):
            results = function(ctx, *grads)
        wanted = [g for g in grads if isinstance(g, Tensor) and g.requires_grad]
        if not wanted or not recording:
            return results
        several = results if isinstance(results, tuple) else (results,)
        several = _Once.apply(several, *wanted)
        return several if isinstance(results, tuple) else several[0]

    return wrapped


class _Once(Function):
    """Gradients that depend on others in a way that nobody has written down."""

    @staticmethod
    def forward(results: Any, *grads: Any) -> Any:
        return tuple(r.detach() if isinstance(r, Tensor) else r for r in results)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
