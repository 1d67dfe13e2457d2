"""A value that was computed better than by the ops that give its gradient."""

from minigrad.kernels.shapes cimport same_shape
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap


def valued(linear, value):
    """Return ``value`` with the gradient of ``linear``: tensors of one shape and dtype.

    >>> import minigrad
    >>> from minigrad.ops.exact import valued
    >>> x = minigrad.tensor(2.0, requires_grad=True)
    >>> valued(x * 3, minigrad.tensor(7.0)).backward()
    >>> x.grad
    tensor(3.)
    """
    cdef Tensor x = <Tensor?>linear, v = <Tensor?>value, out
    assert same_shape(x.array, v.array) and x.dtype is v.dtype
    out = wrap(v.array)
    if recording(x):
        record(out, "ValuedBackward0", same_vjp, (x,))
    return out


cdef same_vjp(Node node, object g):
    return (g,)
