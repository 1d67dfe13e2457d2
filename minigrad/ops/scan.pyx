"""Products and running sums, whose vjps need shapes and splitting."""

import numpy as np

from numpy cimport PyArray_NDIM, import_array

from minigrad.dtypes cimport as_dtype, dtype_of, int64
from minigrad.kernels.reduce cimport PROD
from minigrad.ops.common cimport cast, dims_tuple
from minigrad.ops.fold cimport fold
from minigrad.ops.reduce cimport keepdim_shape
from minigrad.ops.shape import flip, stack
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap
from minigrad.tensor import checked_dim

import_array()


def prod(input, dim=None, keepdim=False, *, dtype=None):
    """Return the product over ``dim``, one dimension or all."""
    cdef Tensor x = <Tensor?>input, out
    if dtype is not None:
        x = cast(x, as_dtype(dtype))
    elif not dtype_of(x.array).is_floating_point:
        x = cast(x, int64)
    dims = dims_tuple(dim, PyArray_NDIM(x.array))
    out = wrap(fold(PROD, x.array, dims, keepdim))
    if recording(x):
        record(out, "ProdBackward0", prod_vjp, (x,), (x,),
               (dims, keepdim_shape(x, dims), keepdim))
    return out


cdef prod_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    dims, kept, keepdim = node.extra
    # The product of all the others, without dividing by what may be 0: shift each element out in
    # turn.  One dimension is walked; several are flattened into one first.
    n = PyArray_NDIM(x.array)
    rest = [d for d in range(n) if d not in dims]
    moved = x.permute(*rest, *dims)
    flat = moved.reshape(*[x.shape[d] for d in rest], -1)
    m = flat.size(-1)
    others = []
    for i in range(m):
        parts = flat.narrow(-1, 0, i), flat.narrow(-1, i + 1, m - i - 1)
        product = None
        for part in parts:
            for j in range(part.size(-1)):
                factor = part.select(-1, j)
                product = factor if product is None else product * factor
        others.append(flat.select(-1, 0) * 0 + 1 if product is None else product)
    if not others:
        return (x * 0,)
    back = stack(others, -1).reshape(moved.shape)
    order = [0] * n
    for i, d in enumerate([*rest, *dims]):
        order[d] = i
    return ((g if keepdim else g.reshape(kept)) * back.permute(*order),)


def cumsum(input, dim, *, dtype=None):
    """Return the running sums along ``dim``.  Integers are summed as int64."""
    cdef Tensor x = <Tensor?>input, out
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    if dtype is not None:
        x = cast(x, as_dtype(dtype))
    elif not dtype_of(x.array).is_floating_point:
        x = cast(x, int64)
    if PyArray_NDIM(x.array) == 0:
        return x.clone()
    out = wrap(np.cumsum(x.array, axis=d, dtype=x.array.dtype))
    if recording(x):
        record(out, "CumsumBackward0", cumsum_vjp, (x,), (), d)
    return out


cdef cumsum_vjp(Node node, object g):
    return (flip(cumsum(flip(g, node.extra), node.extra), node.extra),)


def cumprod(input, dim, *, dtype=None):
    """Return the running products along ``dim``."""
    x = input if dtype is None else input.to(dtype)
    if x.dim() == 0:
        return x.clone()
    parts, product = [], None
    for item in x.unbind(dim):
        product = item if product is None else product * item
        parts.append(product)
    return stack(parts, dim) if parts else x.clone()
