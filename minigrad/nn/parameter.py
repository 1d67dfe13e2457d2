"""Tensors that a module registers when they are assigned to it."""

from minigrad.ops.creation import empty
from minigrad.tensor import Tensor


class Parameter(Tensor):
    """A tensor that a module counts among its parameters once it is assigned to an attribute.

    Shares memory with ``data``.  The result of an operation on a parameter is a plain Tensor.

    Args:
        data: Tensor; an empty one if None.
        requires_grad: whether gradients are computed for it.

    Source: ``torch.nn.Parameter``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Parameter(minigrad.zeros(2))
        Parameter containing:
        tensor([0., 0.], requires_grad=True)
    """

    def __init__(self, data=None, requires_grad=True) -> None:
        self._share(empty(0) if data is None else data)
        self.requires_grad = requires_grad

    def __deepcopy__(self, memo):
        """Return a copy of the data without the gradient."""
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that a module counts among its buffers once it is assigned to an attribute.

    The same as ``module.register_buffer(name, data, persistent)``.

    Args:
        data: Tensor, whose memory is shared; an empty one if None.
        persistent: whether it belongs to the module's ``state_dict``.

    Source: ``torch.nn.Buffer``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> module = nn.Module()
        >>> module.mean = nn.Buffer(minigrad.zeros(2))
        >>> list(module.state_dict())
        ['mean']
    """

    def __init__(self, data=None, *, persistent=True) -> None:
        self._share(empty(0) if data is None else data)
        self.persistent = persistent
