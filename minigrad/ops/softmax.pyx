"""Softmax along a dimension, and its logarithm.

    forward  y = softmax(x)                       log_softmax:  y = x - logsumexp(x)
    vjp      dx = y * (g - sum(g * y))                          dx = g - exp(y) * sum(g)
"""

import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

from numpy cimport PyArray_NDIM, PyArray_SIZE, import_array, ndarray

from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport as_dtype, dtype_of, float16
from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.softmax cimport softmax_backward, softmax_forward
from minigrad.memory cimport empty_like_array
from minigrad.ops.around cimport Around, around
from minigrad.ops.common cimport cast, contiguous, to_half
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()

# An exp costs about as much as this many additions, which is what threads_for counts.
cdef enum:
    EXP_COST = 4


cdef ndarray apply_softmax(ndarray x, int dim, bint log):
    cdef Around c = around(x, dim)
    cdef ndarray out
    if dtype_of(x) is float16:
        return to_half(apply_softmax(x.astype(np.float32), dim, log))
    out = empty_like_array(x)
    softmax_forward(out, contiguous(x), log, c.outer, c.size, c.inner,
                    threads_for(EXP_COST * PyArray_SIZE(x)))
    return out


cdef ndarray apply_softmax_backward(ndarray g, ndarray y, int dim, bint log):
    cdef Around c = around(y, dim)
    cdef ndarray dx
    if dtype_of(y) is float16:
        return to_half(apply_softmax_backward(
            g.astype(np.float32), y.astype(np.float32), dim, log))
    dx = empty_like_array(y)
    softmax_backward(dx, contiguous(g), y, log, c.outer, c.size, c.inner,
                     threads_for((EXP_COST if log else 1) * PyArray_SIZE(y)))
    return dx


cdef int implicit_dim(str name, int ndim, object dim) except -1:
    """Return ``dim`` checked; None means the one that torch picks, with its warning."""
    if type(dim) is int and 0 <= dim < ndim:
        return dim
    if dim is None:
        warnings.warn(
            f"Implicit dimension choice for {name} has been deprecated. Change the call to "
            "include dim=X as an argument.")
        return 0 if ndim in (0, 1, 3) else 1
    return checked_dim(dim, ndim)


cdef Tensor checked(str name, object input, object dtype):
    cdef Tensor x
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
    x = <Tensor>input
    if dtype is not None:
        x = cast(x, as_dtype(dtype))
    if not dtype_of(x.array).is_floating_point:
        raise NotImplementedError(
            f"{name} expects a floating point tensor, but got {dtype_of(x.array)}; "
            "pass dtype=float32 to convert it"
        )
    return x


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """Return ``exp(input)`` divided by its sum along ``dim``: positive, with sum 1.

    ``dtype``: converts the input first.

    >>> import minigrad
    >>> minigrad.nn.functional.softmax(minigrad.tensor([0.0, 0.0]), 0)
    tensor([0.5000, 0.5000])
    """
    cdef Tensor x = checked("softmax", input, dtype), out
    cdef int d = implicit_dim("softmax", PyArray_NDIM(x.array), dim)
    out = wrap(apply_softmax(x.array, d, False))
    if recording(x):
        record(out, "SoftmaxBackward0", softmax_vjp, (x,), (out,), d)
    return out


cdef softmax_vjp(Node node, object g):
    cdef Tensor y = node.tensor(0)
    if grad_enabled():
        return (y * (g - (g * y).sum(node.extra, True)),)
    return (wrap(apply_softmax_backward((<Tensor>g).array, y.array, node.extra, False)),)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """Return ``log(softmax(input, dim))``, accurate where the softmax is tiny.

    ``dtype``: converts the input first.

    >>> import minigrad
    >>> minigrad.nn.functional.log_softmax(minigrad.tensor([0.0, 1000.0]), 0)
    tensor([-1000.,     0.])
    """
    cdef Tensor x = checked("log_softmax", input, dtype), out
    cdef int d = implicit_dim("log_softmax", PyArray_NDIM(x.array), dim)
    out = wrap(apply_softmax(x.array, d, True))
    if recording(x):
        record(out, "LogSoftmaxBackward0", log_softmax_vjp, (x,), (out,), d)
    return out


cdef log_softmax_vjp(Node node, object g):
    cdef Tensor y = node.tensor(0)
    if grad_enabled():
        return (g - y.exp() * g.sum(node.extra, True),)
    return (wrap(apply_softmax_backward((<Tensor>g).array, y.array, node.extra, True)),)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """Return ``softmax(-input, dim)``."""
    return softmax(-input, dim, dtype=dtype)


# ---------------------------------------------------------------- torch.softmax and x.softmax

cdef object given(str name, object dim, object axis):
    """Return the dimension, which must be given under one of its names."""
    if dim is None and axis is None:
        raise TypeError(f'{name}() missing 1 required positional arguments: "dim"')
    return dim if axis is None else axis


def softmax_along(input, dim=None, dtype=None, *, axis=None):
    """Return ``nn.functional.softmax(input, dim, dtype=dtype)``; TypeError without a dimension.

    Source: torch.softmax.

    >>> import minigrad
    >>> minigrad.softmax(minigrad.tensor([0.0, 0.0]), 0)
    tensor([0.5000, 0.5000])
    """
    return softmax(input, given("softmax", dim, axis), dtype=dtype)


def log_softmax_along(input, dim=None, dtype=None, *, axis=None):
    """Return ``nn.functional.log_softmax(input, dim, dtype=dtype)``, as ``softmax_along`` does.

    Source: torch.log_softmax.
    """
    return log_softmax(input, given("log_softmax", dim, axis), dtype=dtype)
