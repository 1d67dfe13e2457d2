"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from minigrad.ops.join import cat
from minigrad.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor] | Tensor) -> Tensor:
    """Return the elements of all ``parameters``, one after the other, as one vector.

    Source: ``torch.nn.utils.parameters_to_vector``.

    Example::

        >>> from minigrad import nn
        >>> nn.utils.parameters_to_vector(nn.Linear(2, 3).parameters()).shape
        minigrad.Size([9])
    """
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor] | Tensor) -> None:
    """Give each of ``parameters`` its part of the vector ``vec`` as data; their memory is shared.

    Raises TypeError if ``vec`` is no Tensor.

    Source: ``torch.nn.utils.vector_to_parameters``.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected a Tensor, but got: {type(vec).__name__}")
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        parameter.data = vec[start:end].view_as(parameter).data
        start = end
