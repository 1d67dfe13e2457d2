"""Derivatives of functions, rather than of tensors: jacobian, hessian and products with vectors.

All take ``func``, a function from one tensor or several to one tensor or a tuple of them, and
``inputs``, a tensor or a tuple of them.  Common arguments:

``create_graph``
    record it all: the results can be differentiated, with respect to ``inputs`` too.
``strict``
    an output that does not depend on an input is a RuntimeError, rather than a zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from minigrad.autograd.grad_mode import enable_grad
from minigrad.ops.creation import ones_like, zeros, zeros_like
from minigrad.ops.join import stack
from minigrad.tensor import Tensor
from minigrad.walk import grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


# ---------------------------------------------------------------- what goes in and out

_Tensors = Tensor | tuple[Tensor, ...]


def _as_tuple(values, what, where):
    """Return a tensor or tuple of tensors as a tuple, and whether it was one."""
    is_tuple = isinstance(values, tuple)
    for i, value in enumerate(values if is_tuple else (values,)):
        if not isinstance(value, Tensor):
            at = f"value at index {i}" if is_tuple else "value"
            raise TypeError(
                f"The {what} {where} must be either a Tensor or a tuple of Tensors but the {at} "
                f"has type {type(value)}."
            )
    return (values if is_tuple else (values,)), is_tuple


def _leaf(x, create_graph):
    """Return ``x`` as a tensor to differentiate by, in the caller's graph or outside of it."""
    return x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_()


def _call(func, inputs, name, create_graph):
    """Return the inputs to differentiate by and the outputs of ``func``: are they tuples, too?"""
    inputs, many_in = _as_tuple(inputs, "inputs given", f"to {name}")
    inputs = tuple(_leaf(x, create_graph) for x in inputs)
    outputs, many_out = _as_tuple(
        func(*inputs), "outputs of the user-provided function", f"given to {name}"
    )
    return inputs, many_in, outputs, many_out


def _scalar(func, name):
    """Return ``func``, checked when called: it must return one tensor of one element."""

    def checked(*inputs):
        out = func(*inputs)
        if not isinstance(out, Tensor):
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        if out.numel() != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {name} should contain a single "
                f"element, but it has shape {list(out.shape)}"
            )
        return out.reshape(())

    return checked


def _vector(v, like, name, what):
    """Return the tensors to multiply by, checked to fit ``like``; None stands for one 1."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"The vector v can only be None if {what} is a single Tensor with a single element."
            )
        return (ones_like(like[0]),)
    v, _ = _as_tuple(v, "v given", f"to {name}")
    if len(v) != len(like):
        raise RuntimeError(f"v is of invalid length: should be {len(like)} but got {len(v)}.")
    for i, (given, wanted) in enumerate(zip(v, like, strict=True)):
        if given.shape != wanted.shape:
            raise RuntimeError(
                f"Entry {i} in v has invalid size: should be {wanted.shape} but got {given.shape}."
            )
    return v


def _grads(outputs, inputs, seeds, create_graph, strict, what):
    """Return ``grad(...)`` with zeros where there is nothing: or, if strict, an error."""
    pairs = [(o, s) for o, s in zip(outputs, seeds, strict=True) if o.requires_grad]
    if strict and len(pairs) < len(outputs):
        raise RuntimeError(
            f"Output of the user-provided function does not require gradients: {what} must be "
            "computed in a differentiable manner from the input when running in strict mode."
        )
    found = [None] * len(inputs)
    if pairs:
        found = grad(
            [o for o, _ in pairs],
            inputs,
            [s for _, s in pairs],
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
        )
    for i, g in enumerate(found):
        if strict and g is None:
            raise RuntimeError(
                f"{what} of the user-provided function is independent of input {i}. This is not "
                "allowed in strict mode."
            )
        if strict and create_graph and not g.requires_grad:
            raise RuntimeError(
                f"The gradient of the user-provided function with respect to input {i} is "
                f"independent of the inputs. This is not allowed in strict mode when "
                "create_graph=True."
            )
    return tuple(zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True))


def _result(values, is_tuple, create_graph):
    values = tuple(values) if create_graph else tuple(v.detach() for v in values)
    return values if is_tuple else values[0]


def _check_modes(strategy, create_graph, strict, vectorize):
    """Raise for what torch does not do together, though here it is all the same."""
    forward = strategy == "forward-mode"
    if strict and (forward or vectorize):
        other = 'strategy="forward-mode"' if forward else "vectorized=True"
        raise RuntimeError(
            f"jacobian: `strict=True` and `{other}` are not supported together. Please set "
            "`strict=False`, or leave the other out."
        )
    if forward and create_graph:
        raise NotImplementedError(
            'jacobian: `create_graph=True` and `strategy="forward-mode"` are not supported together'
        )
    if forward and not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only "
            "implemented for `vectorize=True`."
        )


# ---------------------------------------------------------------- first derivatives


@enable_grad()
def vjp(
    func: Callable[..., Any],
    inputs: _Tensors,
    v: _Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``(func(*inputs), v @ Jacobian)``: a gradient, by one backward pass.

    ``v`` has the shapes of the outputs; it may be left out if there is one, of one element.  The
    second result has the shapes of the inputs.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0])
    >>> minigrad.autograd.functional.vjp(lambda x: x**2, x, minigrad.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    inputs, many_in, outputs, many_out = _call(func, inputs, "vjp", create_graph)
    v = _vector(v, outputs, "vjp", "the user-provided function's output")
    found = _grads(outputs, inputs, v, create_graph, strict, "the output")
    return _result(outputs, many_out, create_graph), _result(found, many_in, create_graph)


@enable_grad()
def jvp(
    func: Callable[..., Any],
    inputs: _Tensors,
    v: _Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``(func(*inputs), Jacobian @ v)``: how the outputs move if the inputs move by ``v``.

    ``v`` has the shapes of the inputs, the second result those of the outputs.  It is computed as
    the derivative of ``vjp`` with respect to its vector.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0])
    >>> minigrad.autograd.functional.jvp(lambda x: x.sum() * 3, x, minigrad.tensor([1.0, 0.5]))
    (tensor(9.), tensor(4.5000))
    """
    inputs, _, outputs, many_out = _call(func, inputs, "jvp", create_graph)
    v = _vector(v, inputs, "jvp", "the input to the user-provided function")
    seeds = tuple(zeros_like(o).requires_grad_() for o in outputs)
    rows = _grads(outputs, inputs, seeds, True, strict, "the output")
    found = _grads(rows, seeds, v, create_graph, False, "the output")
    return _result(outputs, many_out, create_graph), _result(found, many_out, create_graph)


@overload
def jacobian(
    func: Callable[..., Tensor],
    inputs: Tensor,
    create_graph: bool = ...,
    strict: bool = ...,
    vectorize: bool = ...,
    strategy: str = ...,
) -> Tensor: ...
@overload
def jacobian(
    func: Callable[..., Any],
    inputs: tuple[Tensor, ...],
    create_graph: bool = ...,
    strict: bool = ...,
    vectorize: bool = ...,
    strategy: str = ...,
) -> Any: ...
@enable_grad()
def jacobian(
    func: Callable[..., Any],
    inputs: _Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the derivative of every element of the output by every element of the input.

    For one input and output a tensor of shape ``output.shape + input.shape``; for several inputs a
    tuple of these, and for several outputs a tuple with an item for each output.  One backward pass
    for each element of the outputs; ``vectorize`` and ``strategy`` are accepted and change nothing.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0])
    >>> minigrad.autograd.functional.jacobian(lambda x: x**2, x)
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    _check_modes(strategy, create_graph, strict, vectorize)
    inputs, many_in, outputs, many_out = _call(func, inputs, "jacobian", create_graph)
    results = []
    for out in outputs:
        rows = []
        for j in range(out.numel()):
            seed = zeros(out.numel(), dtype=out.dtype)
            seed[j] = 1
            seeds = (seed.reshape(out.shape),)
            rows.append(_grads((out,), inputs, seeds, create_graph, strict, "the output"))
        columns = zip(*rows, strict=True) if rows else [()] * len(inputs)
        blocks = (
            (stack(column) if column else zeros(0, dtype=x.dtype)).reshape(out.shape + x.shape)
            for column, x in zip(columns, inputs, strict=True)
        )
        results.append(_result(blocks, many_in, create_graph))
    return tuple(results) if many_out else results[0]


# ---------------------------------------------------------------- second derivatives


@overload
def hessian(
    func: Callable[..., Tensor],
    inputs: Tensor,
    create_graph: bool = ...,
    strict: bool = ...,
    vectorize: bool = ...,
    outer_jacobian_strategy: str = ...,
) -> Tensor: ...
@overload
def hessian(
    func: Callable[..., Tensor],
    inputs: tuple[Tensor, ...],
    create_graph: bool = ...,
    strict: bool = ...,
    vectorize: bool = ...,
    outer_jacobian_strategy: str = ...,
) -> tuple[tuple[Tensor, ...], ...]: ...
@enable_grad()
def hessian(
    func: Callable[..., Any],
    inputs: _Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the second derivatives of ``func``, which returns one tensor of one element.

    For one input a tensor of shape ``input.shape + input.shape``; for several a tuple of tuples.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0])
    >>> minigrad.autograd.functional.hessian(lambda x: (x**3).sum(), x)
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    inputs, many_in = _as_tuple(inputs, "inputs given", "to hessian")
    checked = _scalar(func, "hessian")

    def gradient(*inputs):
        return jacobian(checked, inputs, create_graph=True)

    found = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return found if many_in else found[0][0]


@enable_grad()
def vhp(
    func: Callable[..., Any],
    inputs: _Tensors,
    v: _Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``(func(*inputs), v @ Hessian)`` for a function that returns one element.

    ``v`` and the second result have the shapes of the inputs.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0])
    >>> minigrad.autograd.functional.vhp(lambda x: (x**3).sum(), x, minigrad.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return _second("vhp", func, inputs, v, create_graph, strict)


@enable_grad()
def hvp(
    func: Callable[..., Any],
    inputs: _Tensors,
    v: _Tensors | None = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``(func(*inputs), Hessian @ v)``, as ``vhp``: the Hessian is symmetric.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0])
    >>> minigrad.autograd.functional.hvp(lambda x: (x**3).sum(), x, minigrad.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return _second("hvp", func, inputs, v, create_graph, strict)


def _second(name, func, inputs, v, create_graph, strict):
    inputs, many_in, (out,), _ = _call(_scalar(func, name), inputs, name, create_graph)
    v = _vector(v, inputs, name, "the input to the user-provided function")
    first = _grads((out,), inputs, (ones_like(out),), True, strict, "the output")
    found = _grads(first, inputs, v, create_graph, strict, "the gradient")
    return _result((out,), False, create_graph), _result(found, many_in, create_graph)
