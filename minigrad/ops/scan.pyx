"""Products and running sums, whose vjps need shapes and splitting."""

import numpy as np

from numpy cimport PyArray_NDIM, import_array

from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport dtype_of, float16, float32
from minigrad.kernels.reduce cimport PROD
from minigrad.ops.common cimport accumulable, cast, dims_tuple, to_half, zeros_of
from minigrad.ops.fold cimport fold
from minigrad.ops.join import stack
from minigrad.ops.reduce cimport keepdim_shape
from minigrad.ops.shape import flip
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


def prod(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """Return the product over ``dim``, one dimension or all."""
    cdef Tensor x = <Tensor?>input, out
    x = accumulable(x, dtype)
    dims = dims_tuple(dim if axis is None else axis, PyArray_NDIM(x.array))
    keepdim = keepdim if keepdims is None else keepdims
    out = wrap(fold(PROD, x.array, dims, keepdim))
    if recording(x):
        record(out, "ProdBackward0", prod_vjp, (x,), (x,),
               (dims, keepdim_shape(x, dims), keepdim))
    return out


cdef prod_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    dims, kept, keepdim = node.extra
    # The product of all the others, without dividing by what may be 0: what comes before an element
    # times what comes after it.  Several dimensions are flattened into one first.
    rest = [d for d in range(PyArray_NDIM(x.array)) if d not in dims]
    count = 1
    for d in dims:
        count *= x.shape[d]
    if count == 0:
        return (zeros_of(x),)
    moved = x.permute(*rest, *dims)
    factors = moved.reshape(*[x.shape[d] for d in rest], count).unbind(len(rest))
    one = wrap(np.ones(factors[0].shape, x.array.dtype))
    before, after, product = [], [], one
    for factor in factors:
        before.append(product)
        product = product * factor
    product = one
    for factor in reversed(factors):
        after.append(product)
        product = product * factor
    others = stack([a * b for a, b in zip(before, reversed(after))], len(rest))
    order = [0] * x.dim()
    for i, d in enumerate([*rest, *dims]):
        order[d] = i
    slope = others.reshape(moved.shape).permute(*order)
    return ((g if keepdim else g.reshape(kept)) * slope,)


def cumsum(input, dim=None, *, dtype=None, axis=None):
    """Return the running sums along ``dim``.  Integers are summed as int64.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3]).cumsum(0)
    tensor([1, 3, 6])
    """
    cdef Tensor x = <Tensor?>input, out
    cdef int d = checked_dim(dim if axis is None else axis, PyArray_NDIM(x.array))
    x = accumulable(x, dtype)
    if PyArray_NDIM(x.array) == 0:
        return x.clone()
    if dtype_of(x.array) is float16:
        out = wrap(to_half(np.cumsum(x.array, axis=d, dtype=np.float32)))
    else:
        out = wrap(np.cumsum(x.array, axis=d, dtype=x.array.dtype))
    if recording(x):
        record(out, "CumsumBackward0", cumsum_vjp, (x,), (), d)
    return out


cdef cumsum_vjp(Node node, object g):
    return (flip(cumsum(flip(g, node.extra), node.extra), node.extra),)


def cumprod(input, dim=None, *, dtype=None, axis=None):
    """Return the running products along ``dim``.  Integers are multiplied as int64."""
    cdef Tensor x = <Tensor?>input
    cdef int d = checked_dim(dim if axis is None else axis, PyArray_NDIM(x.array))
    x = accumulable(x, dtype)
    if PyArray_NDIM(x.array) == 0:
        return x.clone()
    if dtype_of(x.array) is float16:
        return cast(cumprod(cast(x, float32), d), float16)
    parts, product = [], None
    for item in x.unbind(d):
        product = item if product is None else product * item
        parts.append(product)
    return stack(parts, d) if parts else x.clone()
