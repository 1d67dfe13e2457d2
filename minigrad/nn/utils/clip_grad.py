"""Keeping gradients from growing too large."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable

from minigrad.autograd import no_grad
from minigrad.ops import optim
from minigrad.ops.creation import tensor
from minigrad.ops.join import stack
from minigrad.tensor import Tensor


def _gradients(parameters):
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    return [p.grad for p in parameters if p.grad is not None]


def get_total_norm(
    tensors: Iterable[Tensor] | Tensor,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Return the norm of all elements of ``tensors`` together, as a 0-d tensor.

    Raises RuntimeError if it is infinite or NaN and ``error_if_nonfinite``.  ``foreach`` is
    accepted and changes nothing.

    Source: ``torch.nn.utils.get_total_norm``.

    Example::

        >>> import minigrad
        >>> from minigrad.nn.utils import get_total_norm
        >>> get_total_norm([minigrad.tensor([3.0]), minigrad.tensor([[4.0]])])
        tensor(5.)
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    norm_type = float(norm_type)
    with no_grad():
        if not tensors:
            return tensor(0.0)
        if norm_type > 0 and all(t.is_floating_point() for t in tensors):
            total = tensor(optim.norm(tensors, norm_type), dtype=tensors[0].dtype)
        else:
            total = stack([t.norm(norm_type) for t in tensors]).norm(norm_type)
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scale the gradients by ``max_norm / total_norm`` if that is less than 1.

    ``foreach`` is accepted and changes nothing.

    Source: ``torch.nn.utils.clip_grads_with_norm_``.
    """
    with no_grad():
        factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        optim.scale_(_gradients(parameters), factor.item())


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients of ``parameters`` so that their norm is at most ``max_norm``.

    The norm is that of all gradients together, as if they were one vector.

    Args:
        parameters: iterable of tensors, or one; those without a gradient do not count.
        max_norm: the largest norm allowed.
        norm_type: which norm; ``inf`` for the largest absolute value.
        error_if_nonfinite: raise RuntimeError if the norm is infinite or NaN.
        foreach: accepted and changes nothing.

    Returns the norm there was before, a 0-d tensor.

    Source: ``torch.nn.utils.clip_grad_norm_``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> w = nn.Parameter(minigrad.tensor([0.0, 0.0]))
        >>> w.grad = minigrad.tensor([30.0, 40.0])
        >>> nn.utils.clip_grad_norm_([w], max_norm=5.0)
        tensor(50.)
        >>> w.grad
        tensor([3.0000, 4.0000])
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total_norm = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, total_norm)
    return total_norm


def clip_grad_norm(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Do what `clip_grad_norm_` does, whose old name this is, after a FutureWarning."""
    warnings.warn(
        "`nn.utils.clip_grad_norm` is now deprecated in favor of `nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(
    parameters: Iterable[Tensor] | Tensor, clip_value: float, foreach: bool | None = None
) -> None:
    """Hold every element of the gradients of ``parameters`` between ``±clip_value``.

    Source: ``torch.nn.utils.clip_grad_value_``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> w = nn.Parameter(minigrad.tensor([0.0, 0.0]))
        >>> w.grad = minigrad.tensor([-3.0, 0.5])
        >>> nn.utils.clip_grad_value_(w, 1.0)
        >>> w.grad
        tensor([-1.0000,  0.5000])
    """
    clip_value = float(clip_value)
    with no_grad():
        for gradient in _gradients(parameters):
            gradient.clamp_(-clip_value, clip_value)
