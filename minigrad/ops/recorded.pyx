"""How an op written in Python is recorded: the array it computed, and a gradient for each input.

Most such ops are made of other ops and need none of this.  Those whose composition would be slow or
inexact compute with NumPy and hand the result to ``recorded``.  Their gradients are functions made
of differentiable ops, as every vjp is, so that they can be differentiated again.
"""

import numpy as np

from numpy cimport import_array, ndarray

from minigrad.dtypes cimport as_dtype, dtype_of
from minigrad.ops.broadcast cimport sum_to
from minigrad.ops.common cimport cast as cast_tensor, float_operand as float_tensor
from minigrad.ops.common cimport (
    promoted, promoted_to_float, shape_of, tensor_argument, zeros_of,
)
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


def recorded(array, str label, tuple inputs, tuple gradients, tuple saved=(), bint keep=False):
    """Return ``array``, the result of an op on ``inputs``, as a tensor that is on the tape.

    ``gradients`` has for each input a function from the gradient of the result and the ``saved``
    tensors (with ``keep``, also the result, last) to the input's gradient, or None where that has
    none.  It may have the result's shape: what was broadcast is summed here.
    """
    cdef Tensor out = wrap(np.asarray(array)), x
    cdef bint wanted = False
    for x in inputs:
        wanted = recording(x) or wanted
    if wanted:
        record(out, label, recorded_vjp, inputs, (*saved, out) if keep else saved,
               (gradients, len(saved) + keep, [shape_of(x) for x in inputs]))
    return out


cdef recorded_vjp(Node node, object g):
    gradients, count, shapes = node.extra
    saved = [node.tensor(i) for i in range(count)]
    return tuple([
        sum_to(<Tensor?>gradient(g, *saved), shape) if gradient is not None and node.needs(i)
        else None
        for i, (gradient, shape) in enumerate(zip(gradients, shapes))
    ])


def constant(array, str label, tuple inputs):
    """Return ``array``, which does not follow the inputs it was drawn from, with gradients of zero."""
    gradients = tuple([lambda g, x=x: zeros_of(<Tensor?>x) for x in inputs])
    return recorded(array, label, inputs, gradients)


def underivable(array, str what, tuple inputs, str label="NotImplemented"):
    """Return ``array``, the result of an op on ``inputs`` whose gradient is a RuntimeError."""
    inputs = tuple([x for x in inputs if recording(<Tensor?>x)])
    if not inputs:
        return wrap(np.asarray(array))

    def gradient(g):
        if label == "NotImplemented":
            raise RuntimeError(f"derivative for aten::{what} is not implemented")
        raise NotImplementedError(f"the derivative for '{what}' is not implemented.")
    return recorded(array, label, inputs, (gradient,) * len(inputs))


def labelled(out, str label):
    """Give the last node of an op that is made of others torch's name for the whole; return ``out``.

    ``out`` is what these have made, not an input; of several results the first is meant.
    """
    cdef Tensor first = out[0] if isinstance(out, tuple) else out
    if first.node is not None:
        first.node.label = label
    return out


cpdef Tensor named_slope(Node node, Tensor slope, Tensor x=None):
    """Return ``slope``, what the vjp of ``node`` has composed under ``create_graph``, under torch's
    name for such a gradient: that of a TanhBackward0 comes from a TanhBackwardBackward0.

    A slope that is constant by pieces is made to depend on ``x``, as in torch: its derivative there
    is 0, rather than nothing.
    """
    cdef Tensor out = slope
    label = node.label[:-1] + "Backward0"
    if x is not None and recording(x):
        out = wrap(slope.array)
        record(out, label, flat_vjp, (slope, x))
    elif out.node is not None:
        out.node.label = label
    return out


cdef flat_vjp(Node node, object g):
    return g, zeros_of(<Tensor>g) if node.needs(1) else None


def operands(input, other, bint floating=False):
    """Return two operands as tensors of the result's dtype; ``floating``: integers become the
    default floating dtype."""
    return promoted_to_float(input, other) if floating else promoted(input, other)


def tensor_operand(input, str function, str name="input"):
    """Return an argument that must be a tensor, or raise TypeError."""
    return tensor_argument(input, function, name)


cpdef Tensor floating(object input, str function):
    """Return an argument that must be a floating tensor; NotImplementedError for integers."""
    cdef Tensor x = tensor_argument(input, function, "input")
    if not dtype_of(x.array).is_floating_point:
        raise NotImplementedError(
            f"{function}() is not implemented for {x.dtype}: expected a floating point tensor")
    return x


def float_operand(input):
    """Return the input of a function on reals: integers become the default floating dtype."""
    return float_tensor(input)


def cast(Tensor input not None, dtype):
    """Return the tensor in a dtype: itself if it has it already, else a recorded copy."""
    return cast_tensor(input, as_dtype(dtype))
