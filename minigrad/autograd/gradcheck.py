"""gradcheck: do the gradients of an op agree with finite differences?"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.ops.creation import empty, zeros
from minigrad.tensor import Tensor
from minigrad.walk import grad


class GradcheckError(RuntimeError):
    """The analytic and the numeric gradient differ."""


def _outputs(function, inputs):
    out = function(*inputs)
    out = (out,) if isinstance(out, Tensor) else tuple(out)
    return [o for o in out if isinstance(o, Tensor) and o.is_floating_point()]


def _numeric(function, inputs, x, eps):
    """Return d output / d x for each output, by central differences: (x.numel(), out.numel())."""
    values = x.detach().numpy()
    columns = []
    for i in np.ndindex(values.shape):
        kept = values[i].copy()
        values[i] = kept + eps
        above = [o.detach().numpy().astype(np.float64).copy() for o in _outputs(function, inputs)]
        values[i] = kept - eps
        below = [o.detach().numpy().astype(np.float64).copy() for o in _outputs(function, inputs)]
        values[i] = kept
        columns.append([((a - b) / (2 * eps)).ravel() for a, b in zip(above, below, strict=True)])
    n_outputs = len(_outputs(function, inputs))
    return [
        np.stack([c[k] for c in columns])
        if columns
        else np.zeros((0, _outputs(function, inputs)[k].numel()))
        for k in range(n_outputs)
    ]


def _analytic(out, x):
    """Return d out / d x by one backward pass for each element of ``out``."""
    rows = np.zeros((x.numel(), out.numel()))
    if not out.requires_grad:
        return rows
    for j in range(out.numel()):
        seed = zeros(out.numel(), dtype=out.dtype)
        seed[j] = 1
        (g,) = grad(out, x, seed.reshape(out.shape), retain_graph=True, allow_unused=True)
        if g is not None:
            if g.shape != x.shape or g.dtype is not x.dtype:
                raise GradcheckError(
                    f"the gradient has shape {list(g.shape)} and dtype {g.dtype}, its input "
                    f"{list(x.shape)} and {x.dtype}"
                )
            rows[:, j] = g.detach().numpy().ravel()
    return rows


def _refuse(**options):
    """Raise for options that ask for a check of what minigrad does not have."""
    for name, value in options.items():
        if value:
            raise NotImplementedError(
                f"{name}={value} is not supported: there is reverse mode only"
            )


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float | None = 1e-5,
    rtol: float | None = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of ``func(*inputs)`` with central finite differences.

    Args:
        func: takes and returns tensors.
        inputs: a tensor or a tuple; those that require gradients should be float64.
        eps: the step of the difference.
        atol, rtol: the tolerance, absolute and relative to the numeric gradient.
        raise_exception: raise GradcheckError where they differ, rather than return False.
        nondet_tol: how far two backward passes may differ.

    ``check_undefined_grad``, ``check_grad_dtypes`` and ``fast_mode`` are accepted: the dtypes of
    gradients are always checked, and every element of the Jacobian is compared; ``masked`` is for
    sparse tensors.  Asking for batched or forward gradients is a NotImplementedError.

    Warns of inputs in single precision.  Raises ValueError if no input requires a gradient,
    RuntimeError for inputs some of whose elements share memory.

    >>> import minigrad
    >>> x = minigrad.randn(3, dtype=minigrad.float64, requires_grad=True)
    >>> minigrad.autograd.gradcheck(minigrad.exp, x)
    True
    """
    _refuse(
        check_batched_grad=check_batched_grad,
        check_batched_forward_grad=check_batched_forward_grad,
        check_forward_ad=check_forward_ad,
    )
    if not check_backward_ad:
        raise AssertionError(
            "Expected at least one of check_forward_ad or check_backward_ad to be True"
        )
    try:
        return _check(func, inputs, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False


def _check(func, inputs, eps, atol, rtol, nondet_tol=0.0, constants=False):
    """Raise GradcheckError if a gradient is wrong; return True.

    ``constants``: compare outputs that require no gradient too, which may then not vary.
    """
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    wanted = [(i, x) for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them "
            "have requires_grad=True."
        )
    for i, x in wanted:
        if x.dtype.name != "float64":
            warnings.warn(
                f"Input #{i} requires gradient and is not a double precision floating point tensor "
                f"but {x.dtype}: a difference may be rounding alone.",
                stacklevel=3,
            )
        if 0 in x.stride() and x.numel() > 1:
            raise RuntimeError(
                f"gradcheck changes one element at a time, but input {i} has a dimension with "
                f"stride 0, whose elements share memory: stride {x.stride()}, size {list(x.shape)}"
            )
    outputs = _outputs(func, inputs)
    # If nothing has a gradient, then nothing may vary.
    constants = constants or not any(o.requires_grad for o in outputs)
    compared = [k for k, o in enumerate(outputs) if o.requires_grad or constants]
    for i, x in wanted:
        numeric = _numeric(func, inputs, x, eps)
        for k in compared:
            analytic = _analytic(outputs[k], x)
            again = _analytic(outputs[k], x)
            if not np.allclose(analytic, again, rtol=0, atol=nondet_tol, equal_nan=True):
                raise GradcheckError(
                    f"two backward passes differ by {np.abs(analytic - again).max():g}, for "
                    f"output {k} with respect to input {i}"
                )
            if not np.allclose(analytic, numeric[k], rtol=rtol, atol=atol, equal_nan=True):
                raise GradcheckError(_difference(i, k, x, analytic, numeric[k]))
    _check_factor(outputs, [x for _, x in wanted])
    return True


def _check_factor(outputs, inputs):
    """Raise unless the gradients are 0 where those of the outputs are."""
    outputs = [o for o in outputs if o.requires_grad]
    if not outputs:
        return
    zero = [zeros(o.shape, dtype=o.dtype) for o in outputs]
    for g in grad(outputs, inputs, zero, retain_graph=True, allow_unused=True):
        if g is not None and (g != 0).any():
            raise GradcheckError("backward not multiplied by grad_output")


def _difference(i, k, x, analytic, numeric):
    distance = np.nan_to_num(np.abs(analytic - numeric), nan=np.inf)
    row, column = np.unravel_index(distance.argmax(), distance.shape)
    at = tuple(int(n) for n in np.unravel_index(row, x.shape)) if x.dim() else ()
    return (
        f"Jacobian mismatch for output {k} with respect to input {i}: at input element {at}, "
        f"output element {column} (flattened), the analytic gradient is "
        f"{analytic[row, column]:.9g} and the numeric one {numeric[row, column]:.9g}.\n"
        f"numerical:{numeric}\nanalytical:{analytic}"
    )


def _drawn(output, with_gaps):
    """Return a random gradient for ``output``, from the default generator."""
    shape = (*output.shape, 2) if with_gaps else output.shape
    drawn = empty(shape, dtype=output.dtype).uniform_(-1, 1)
    return (drawn.select(-1, 0) if with_gaps else drawn).requires_grad_()


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float | None = 1e-5,
    rtol: float | None = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    gen_non_contig_grad_outputs: bool = False,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool | None = False,
) -> bool:
    """As ``gradcheck`` for the gradients of gradients: the backward pass of the backward pass.

    ``grad_outputs`` are the gradients of the outputs; by default random ones, between -1 and 1,
    with gaps in memory if ``gen_non_contig_grad_outputs``.  A gradient that
    depends on an input and yet is cut off from it is an error too.

    >>> import minigrad
    >>> x = minigrad.ones(2, dtype=minigrad.float64, requires_grad=True)
    >>> minigrad.autograd.gradgradcheck(minigrad.sigmoid, x)
    True
    """
    _refuse(check_batched_grad=check_batched_grad, check_fwd_over_rev=check_fwd_over_rev)
    if not check_rev_over_rev:
        raise AssertionError(
            "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
        )
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if grad_outputs is None:
        grad_outputs = [_drawn(o, gen_non_contig_grad_outputs) for o in _outputs(func, inputs)]
    grad_outputs = (grad_outputs,) if isinstance(grad_outputs, Tensor) else tuple(grad_outputs)
    n = len(inputs)

    def first_gradients(*args):
        xs, gs = args[:n], args[n:]
        outputs = _outputs(func, xs)
        pairs = [(o, g) for o, g in zip(outputs, gs, strict=True) if o.requires_grad]
        found = grad(
            [o for o, _ in pairs],
            [x for x in xs if isinstance(x, Tensor) and x.requires_grad],
            [g for _, g in pairs],
            create_graph=True,
            allow_unused=True,
        )
        return tuple(g for g in found if g is not None)

    try:
        return _check(
            first_gradients, inputs + grad_outputs, eps, atol, rtol, nondet_tol, constants=True
        )
    except GradcheckError:
        if raise_exception:
            raise
        return False
