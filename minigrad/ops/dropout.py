"""Dropout: elements, or whole channels, set to zero at random while training.

The mask is drawn as torch draws it, so that the same seed drops the same elements.  (So it is with
torch 2.13; older builds of it drew masks from MKL.)
"""

from __future__ import annotations

import math
import warnings

from minigrad.ops.generator import dealt_out, default_generator
from minigrad.tensor import Tensor, over_array


def _noise(input, shape, p, scale):
    """Return ``scale`` with probability ``1 - p``, else 0; for elements in their memory's order."""
    noise = default_generator._bernoulli(math.prod(shape), 1 - p, input.dtype.numpy, scale)
    return over_array(
        dealt_out(noise, input) if shape == tuple(input.shape) else noise.reshape(shape)
    )


def _drop(input, shape, p, training, inplace):
    """Multiply by noise of ``shape``: zero with probability ``p``, else 1 / (1 - p)."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    _check_floating("dropout", input, p)
    if p == 1 or input.numel() == 0:  # nothing is drawn, as in torch
        return input.mul_(0) if inplace else input * 0
    noise = _noise(input, shape, p, 1 / (1 - p))
    return input.mul_(noise) if inplace else input * noise


def _check_floating(name, input, p):
    if not input.is_floating_point() and p < 1:
        raise RuntimeError(
            f"{name}: the result of type float can't be cast to the input's dtype {input.dtype}"
        )


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Return the input with each element zero with probability ``p``, else over ``1 - p``.

    Out of training it is the input itself.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.nn.functional.dropout(minigrad.ones(4), 0.5)
    tensor([0., 0., 2., 0.])
    """
    return _drop(input, input.shape, p, training, inplace)


def _channels(name, input, dims, p, training, inplace, batched=True):
    """Drop whole channels of input (N, C, *), or (C, *), where ``dims`` dimensions are expected."""
    if input.dim() not in dims:
        warnings.warn(
            f"{name}: Received a {input.dim()}-D input to {name}, which is deprecated and will "
            "result in an error in a future release. To retain the behavior and silence this "
            "warning, please use dropout instead. Note that "
            f"{name} expects inputs of {dims[0]} or {dims[-1]} dimensions.",
            stacklevel=3,
        )
    at_least = 2 if batched else 1
    if input.dim() < at_least and training and 0 < p < 1:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    shape = (*input.shape[:at_least], *[1] * (input.dim() - at_least))
    return _drop(input, shape, p, training, inplace)


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Return the input (N, C, L) or (C, L) with whole channels dropped, see ``dropout``."""
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input. Note that "
            "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, "
            "a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs)."
        )
    if input.dim() == 2 and not inplace:
        return dropout1d(input.unsqueeze(0), p, training).squeeze(0)
    if input.dim() == 2:
        return _drop(input, (input.shape[0], 1), p, training, inplace)
    return _channels("dropout1d", input, (2, 3), p, training, inplace)


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Return the input (N, C, H, W) with whole channels dropped, see ``dropout``.

    As in torch, three dimensions are read as (N, C, L), with a warning.
    """
    if input.dim() == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D "
            "dropout behavior is desired - input is interpreted as shape (N, C, L). To be clear, "
            "please use dropout1d instead.",
            stacklevel=2,
        )
    return _channels("dropout2d", input, (3, 4), p, training, inplace)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Return the input (N, C, D, H, W) or (C, D, H, W) with whole channels dropped."""
    if input.dim() == 4 and not inplace:
        return dropout3d(input.unsqueeze(0), p, training).squeeze(0)
    return _channels("dropout3d", input, (4, 5), p, training, inplace, input.dim() == 5)


# What a SELU tends to where its input is very negative: the value that alpha dropout sets.
_SATURATED = 1.7580993408473766


def _alpha(input, shape, p, training, inplace):
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or input.numel() == 0:
        return input
    if p == 1:
        return input.zero_() if inplace else (input * 0).to(input.dtype)
    _check_floating("alpha_dropout", input, p)
    kept = _noise(input, shape, p, 1)
    scale = ((_SATURATED**2 * p + 1) * (1 - p)) ** -0.5
    shift = (kept - 1) * (_SATURATED * scale) + _SATURATED * scale * p
    if inplace:
        return input.mul_(kept * scale).add_(shift)
    return input * (kept * scale) + shift


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Return the input with elements at random set to the value at which a SELU saturates.

    All are then scaled and shifted so that mean 0 and variance 1 stay.  Out of training it is the
    input itself.

    Source: ``torch.nn.functional.alpha_dropout``; G. Klambauer et al., "Self-Normalizing Neural
    Networks", 2017.

    >>> import minigrad
    >>> _ = minigrad.manual_seed(0)
    >>> minigrad.nn.functional.alpha_dropout(minigrad.zeros(4), 0.5, True)
    tensor([-0.7792, -0.7792,  0.7792, -0.7792])
    """
    return _alpha(input, input.shape, p, training, inplace)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Return the input (N, C, *) with whole channels dropped as `alpha_dropout` drops elements.

    Source: ``torch.nn.functional.feature_alpha_dropout``.
    """
    if training and input.dim() < 2:
        raise RuntimeError(
            f"Feature dropout requires at least 2 dimensions in the input, got {input.dim()}"
        )
    shape = (*input.shape[:2], *[1] * (input.dim() - 2))
    return _alpha(input, shape, p, training, inplace)
