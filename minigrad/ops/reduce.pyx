"""Reductions: sums, means, extremes and spreads over some or all dimensions.

``dim`` is an int, a sequence of ints, or None for all; ``keepdim`` leaves the reduced dimensions
with size 1.  NumPy's names for the two, ``axis`` and ``keepdims``, are accepted as in torch.
The vjps spread the gradient of the result over what was reduced, by broadcasting.
"""

import math
import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

from numpy cimport PyArray_DIMS, PyArray_NDIM, PyArray_SIZE, import_array

from minigrad import return_types
from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport as_dtype, bool_, dtype_of, float64, uint8
from minigrad.kernels cimport reduce as kernels
from minigrad.ops.common cimport (
    accumulable, cast, dims_tuple, float_operand, shape_of, size_tuple, tensor_argument,
)
from minigrad.ops.broadcast cimport expand_to, sum_to
from minigrad.ops.elementwise import maximum, minimum
from minigrad.ops.fold cimport first_extreme, fold, log_sum_exp, variance
from minigrad.ops.recorded import labelled
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, alias_of, wrap

import_array()


# ---------------------------------------------------------------- arguments

cdef inline object given(object numpys, object torchs):
    """Return an argument that NumPy's users and torch's have two names for."""
    return torchs if numpys is None else numpys


cdef tuple keepdim_shape(Tensor x, tuple dims):
    """Return the shape of ``x`` with the reduced dimensions at size 1, or () if all are reduced:
    a single number broadcasts as it is."""
    if len(dims) == PyArray_NDIM(x.array):
        return ()
    return tuple([1 if i in dims else s for i, s in enumerate(shape_of(x))])


cdef Py_ssize_t count(Tensor x, tuple dims) except -1:
    cdef Py_ssize_t n = 1
    for d in dims:
        n *= PyArray_DIMS(x.array)[<int>d]
    return n


cdef object spread(object g, tuple shape, bint keepdim):
    """Return the gradient of a result with its reduced dimensions back, ready to broadcast."""
    return g if keepdim or not shape else g.reshape(shape)


# ---------------------------------------------------------------- sum and mean

def sum(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """Return the sum over ``dim``.  Integers and bools are summed as int64.

    >>> import minigrad
    >>> minigrad.tensor([[1.0, 2.0], [3.0, 4.0]]).sum(0)
    tensor([4., 6.])
    """
    cdef Tensor x = tensor_argument(input, "sum", "input")
    dim, keepdim = given(axis, dim), bool(given(keepdims, keepdim))
    x = accumulable(x, dtype)
    cdef Tensor out = sum_dims(x, dims_tuple(dim, PyArray_NDIM(x.array)), keepdim)
    return out if dim is None else labelled(out, "SumBackward1")


cdef Tensor sum_dims(Tensor x, tuple dims, bint keepdim):
    cdef Tensor out = wrap(fold(kernels.SUM, x.array, dims, keepdim))
    if recording(x):
        shape = shape_of(x)
        if len(dims) == PyArray_NDIM(x.array):
            record(out, "SumBackward0", sum_all_vjp, (x,), (), shape)
        else:
            record(out, "SumBackward1", sum_vjp, (x,), (),
                   (shape, keepdim_shape(x, dims), keepdim))
    return out


cdef sum_all_vjp(Node node, object g):
    return (expand_to(<Tensor>g, <tuple>node.extra),)


cdef sum_vjp(Node node, object g):
    shape, kept, keepdim = node.extra
    return (expand_to(<Tensor>spread(g, kept, keepdim), <tuple>shape),)


def mean(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=None):
    """Return the mean over ``dim`` of a floating tensor.

    >>> import minigrad
    >>> minigrad.tensor([[1.0, 2.0], [3.0, 4.0]]).mean(1)
    tensor([1.5000, 3.5000])
    """
    cdef Tensor x = tensor_argument(input, "mean", "input"), out
    dim, keepdim = given(axis, dim), bool(given(keepdims, keepdim))
    if dtype is not None:
        x = cast(x, as_dtype(dtype))
    if not dtype_of(x.array).is_floating_point:
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {dtype_of(x.array)}"
        )
    dims = dims_tuple(dim, PyArray_NDIM(x.array))
    out = wrap(fold(kernels.MEAN, x.array, dims, keepdim))
    if recording(x):
        record(out, "MeanBackward0" if dim is None else "MeanBackward1",
               mean_vjp, (x,), (),
               (shape_of(x), keepdim_shape(x, dims), keepdim, count(x, dims)))
    return out


cdef mean_vjp(Node node, object g):
    shape, kept, keepdim, n = node.extra
    g = spread(g, kept, keepdim)
    return ((g / n if n else g).expand(shape),)


# ---------------------------------------------------------------- variance

cdef tuple positional_unbiased(object dim, object unbiased):
    """Return (dim, unbiased) from ``f(x, dim, unbiased)`` or ``f(x, unbiased)``, as in torch."""
    return (None, dim) if isinstance(dim, bool) else (dim, unbiased)


cdef Tensor variance_of(object input, object dim, object unbiased, object keepdim,
                        object correction, bint root):
    """Return the variance over ``dim``, or its root, recorded."""
    cdef Tensor x = tensor_argument(input, "std" if root else "var", "input"), out
    cdef double divisor
    dim, unbiased = positional_unbiased(dim, unbiased)
    if unbiased is not None:
        correction = 1 if unbiased else 0
    elif correction is None:
        correction = 1
    if not dtype_of(x.array).is_floating_point:
        raise RuntimeError(
            f"std and var only support floating point dtypes, but got {dtype_of(x.array)}"
        )
    dims = dims_tuple(dim, PyArray_NDIM(x.array))
    divisor = count(x, dims) - <double>correction
    if divisor <= 0:
        warnings.warn(
            f"{'std' if root else 'var'}(): degrees of freedom is <= 0. Correction should be "
            "strictly less than the reduction factor (input numel divided by output numel)."
        )
    out = wrap(variance(x.array, dims, keepdim, correction, root))
    if recording(x):
        extra = dims, keepdim_shape(x, dims), keepdim, divisor
        if root:
            record(out, "StdBackward0", std_vjp, (x,), (x, out), extra)
        else:
            record(out, "VarBackward0", var_vjp, (x,), (x,), extra)
    return out


def var(input, dim=None, unbiased=None, keepdim=False, *, correction=None, axis=None,
        keepdims=None):
    """Return the variance over ``dim``: the squared distance from the mean, over n - correction.

    ``correction`` is 1 unless given (``unbiased=False`` means 0).  Computed in two passes, so a
    large mean costs no accuracy.

    >>> import minigrad
    >>> minigrad.tensor([1.0, 2.0, 3.0]).var()
    tensor(1.)
    """
    dim, keepdim = given(axis, dim), bool(given(keepdims, keepdim))
    return variance_of(input, dim, unbiased, keepdim, correction, False)


cdef var_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    dims, kept, keepdim, divisor = node.extra
    return (spread(g, kept, keepdim) * deviation(x, dims, divisor),)


cdef object deviation(Tensor x, tuple dims, double divisor):
    """Return d var(x) / dx = 2 (x - mean) / divisor."""
    factor = 2.0 / divisor if divisor > 0 else math.nan
    off = x - mean(x, dims, True)
    if dtype_of(x.array) is float64:        # whose mean has rounding errors of many such numbers
        off = off - mean(off, dims, True)
    return off * factor


def std(input, dim=None, unbiased=None, keepdim=False, *, correction=None, axis=None,
        keepdims=None):
    """Return the standard deviation over ``dim``: the square root of ``var``."""
    dim, keepdim = given(axis, dim), bool(given(keepdims, keepdim))
    return variance_of(input, dim, unbiased, keepdim, correction, True)


cdef std_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0), s = node.tensor(1)
    dims, kept, keepdim, divisor = node.extra
    # a constant slice has no slope: 0, as in torch, rather than 0 / 0
    share = g / (s * 2.0).masked_fill(s == 0, math.inf)
    return (spread(share, kept, keepdim) * deviation(x, dims, divisor),)


def var_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """Return (variance, mean) over ``dim``."""
    dim, unbiased = positional_unbiased(dim, unbiased)
    return (
        labelled(var(input, dim, unbiased, keepdim, correction=correction), "VarMeanBackward0"),
        labelled(mean(input, dim, keepdim), "VarMeanBackward0"),
    )


def std_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """Return (standard deviation, mean) over ``dim``."""
    dim, unbiased = positional_unbiased(dim, unbiased)
    return (
        labelled(std(input, dim, unbiased, keepdim, correction=correction), "StdMeanBackward0"),
        labelled(mean(input, dim, keepdim), "StdMeanBackward0"),
    )


# ---------------------------------------------------------------- extremes

cdef Tensor extreme(int op, str name, object input, object dim, object keepdim,
                    bint nan_is_nan=False):
    """Return amax or amin over ``dim``; ties share the gradient evenly, NaNs with ``nan_is_nan``
    too (else it is NaN where the result is)."""
    cdef Tensor x = tensor_argument(input, name, "input"), out
    dims = dims_tuple(dim, PyArray_NDIM(x.array))
    if isinstance(dim, tuple) and not dim:
        check_any(x, name)
    if count(x, dims) == 0:
        raise IndexError(
            f"{name}(): Expected reduction dim to have non-zero size, but got shape "
            f"{list(shape_of(x))} reduced over {list(dims)}"
        )
    out = wrap(fold(op, x.array, dims, keepdim))
    if recording(x):
        record(out, "AmaxBackward0" if op == kernels.MAX else "AminBackward0", extreme_vjp, (x,),
               (x, out), (dims, keepdim_shape(x, dims), keepdim, nan_is_nan))
    return out


cdef extreme_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    dims, kept, keepdim, nan_is_nan = node.extra
    out = spread(node.tensor(1).detach(), kept, keepdim)
    x = x.detach()
    at = x == out
    if nan_is_nan:
        at = at | ((x != x) & (out != out))
    at = at.to(x.dtype)
    return (spread(g, kept, keepdim) * (at / at.sum(dims, True)),)


def amax(input, dim=(), keepdim=False):
    """Return the largest element over ``dim``, NaN if there is one (and so is the gradient)."""
    return extreme(kernels.MAX, "amax", input, dim, keepdim)


def amin(input, dim=(), keepdim=False):
    """Return the smallest element over ``dim``, NaN if there is one (and so is the gradient)."""
    return extreme(kernels.MIN, "amin", input, dim, keepdim)


cdef object extreme_with_indices(int op, str name, object result, object input, object dim,
                                 object keepdim):
    """Return (values, indices) along ``dim``; the gradient goes to the element picked."""
    cdef Tensor x = tensor_argument(input, name, "input"), values, indices
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    if PyArray_NDIM(x.array) == 0:
        return result(x.clone(), wrap(np.zeros((), np.int64)))
    check_not_empty(x, d, name)
    indices = wrap(first_extreme(op, x.array, d, True))
    values = x.gather(d, indices)
    if not keepdim:
        values, indices = values.squeeze(d), indices.squeeze(d)
    return labelled(result(values, indices), name.title() + "Backward0")


cdef int check_not_empty(Tensor x, int d, str name) except -1:
    if PyArray_DIMS(x.array)[d] == 0:
        raise IndexError(
            f"{name}(): Expected reduction dim {d} to have non-zero size, but got shape "
            f"{list(shape_of(x))}"
        )
    return 0


def max(input, dim=None, keepdim=False, *, other=None, axis=None, keepdims=None):
    """Return the largest element; with ``dim``, (values, indices) along it; of two tensors, the
    larger of each pair.

    >>> import minigrad
    >>> minigrad.tensor([[1.0, 5.0], [7.0, 2.0]]).max(1).indices
    tensor([1, 0])
    """
    dim, keepdim = given(axis, dim), bool(given(keepdims, keepdim))
    if isinstance(dim, Tensor) or other is not None:
        return maximum(input, dim if other is None else other)
    if dim is None:
        return whole_extreme(kernels.MAX, "max", input)
    return extreme_with_indices(kernels.MAX, "max", return_types.max, input, dim, keepdim)


def min(input, dim=None, keepdim=False, *, other=None, axis=None, keepdims=None):
    """Return the smallest element; with ``dim``, (values, indices) along it; of two tensors, the
    smaller of each pair."""
    dim, keepdim = given(axis, dim), bool(given(keepdims, keepdim))
    if isinstance(dim, Tensor) or other is not None:
        return minimum(input, dim if other is None else other)
    if dim is None:
        return whole_extreme(kernels.MIN, "min", input)
    return extreme_with_indices(kernels.MIN, "min", return_types.min, input, dim, keepdim)


cdef Tensor whole_extreme(int op, str name, object input):
    check_any(tensor_argument(input, name, "input"), name)
    return labelled(extreme(op, "a" + name, input, (), False, True), name.title() + "Backward1")


cdef int check_any(Tensor x, str name) except -1:
    if PyArray_SIZE(x.array) == 0:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
            "Specify the reduction dim with the 'dim' argument."
        )
    return 0


cdef Tensor arg(int op, str name, object input, object dim, object keepdim):
    cdef Tensor x = tensor_argument(input, name, "input")
    if dtype_of(x.array) is bool_:
        raise RuntimeError(f"{name}(): does not support bool input")
    if dim is None:
        if PyArray_SIZE(x.array) == 0:
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() "
                             "== 0. Specify the reduction dim with the 'dim' argument.")
        shape = (1,) * PyArray_NDIM(x.array) if keepdim else ()
        return wrap(first_extreme(op, x.array.reshape(-1), 0, False).reshape(shape))
    d = checked_dim(dim, PyArray_NDIM(x.array))
    if PyArray_NDIM(x.array) == 0:
        return wrap(np.zeros((), np.int64))
    check_not_empty(x, d, name)
    return wrap(first_extreme(op, x.array, d, bool(keepdim)))


def argmax(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """Return the int64 index of the largest element (the first of equals) along ``dim``, or in
    the flattened input.

    >>> import minigrad
    >>> minigrad.tensor([[1.0, 5.0], [7.0, 2.0]]).argmax(1)
    tensor([1, 0])
    """
    dim, keepdim = given(axis, dim), bool(given(keepdims, keepdim))
    return arg(kernels.MAX, "argmax", input, dim, keepdim)


def argmin(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """Return the int64 index of the smallest element (the first of equals) along ``dim``, or in
    the flattened input."""
    dim, keepdim = given(axis, dim), bool(given(keepdims, keepdim))
    return arg(kernels.MIN, "argmin", input, dim, keepdim)


# ---------------------------------------------------------------- logarithms and norms

def logsumexp(input, dim, keepdim=False):
    """Return ``log(sum(exp(input)))`` over ``dim`` without overflow.

    >>> import minigrad
    >>> minigrad.tensor([1000.0, 1000.0]).logsumexp(0)
    tensor(1000.6932)
    """
    cdef Tensor x = float_operand(input), out
    dims = dims_tuple(dim, PyArray_NDIM(x.array))
    out = wrap(log_sum_exp(x.array, dims, keepdim))
    if recording(x):
        record(out, "LogsumexpBackward0", logsumexp_vjp, (x,), (x, out),
               (dims, keepdim_shape(x, dims), keepdim))
    return out


cdef logsumexp_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    _, kept, keepdim = node.extra
    total = spread(node.tensor(1), kept, keepdim)
    return (spread(g, kept, keepdim) * (x - total).exp(),)


def norm(input, p=2, dim=None, keepdim=False, *, dtype=None):
    """Return the p-norm over ``dim``: p a number, "fro" (2), or +-infinity.

    >>> import minigrad
    >>> minigrad.tensor([3.0, 4.0]).norm()
    tensor(5.)
    """
    cdef Tensor x = tensor_argument(input, "norm", "input")
    if not dtype_of(x.array).is_floating_point:
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point tensor as input. Got {x.dtype}"
        )
    if dtype is not None:
        x = cast(x, as_dtype(dtype))
    p = 2.0 if p == "fro" or p is None else float(p)
    if p == math.inf:
        return extreme(kernels.MAX, "amax", x.abs(), () if dim is None else dim, keepdim, True)
    if p == -math.inf:
        return extreme(kernels.MIN, "amin", x.abs(), () if dim is None else dim, keepdim, True)
    if p == 0:
        # a count, which has a gradient too: zero
        return x.masked_fill(x != 0, 1).masked_fill(x == 0, 0).sum(dim, keepdim)
    if p == 1:
        return x.abs().sum(dim, keepdim)
    return power_norm(x, p, dims_tuple(dim, PyArray_NDIM(x.array)), keepdim)


cdef Tensor power_norm(Tensor x, double p, tuple dims, bint keepdim):
    """Return (sum |x|^p)^(1/p)."""
    cdef Tensor out, values = alias_of(x)
    if p == 2:
        out = (values * values).sum(dims, keepdim).sqrt()
    else:
        out = values.abs().pow(p).sum(dims, keepdim).pow(1.0 / p)
    if recording(x):
        record(out, "LinalgVectorNormBackward0", power_norm_vjp, (x,), (x, out),
               (p, keepdim_shape(x, dims), keepdim))
    return out


cdef power_norm_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    p, kept, keepdim = node.extra
    out = spread(node.tensor(1), kept, keepdim)
    if p < 1:       # zeros among the numbers have no slope: 0, as in torch
        slope = (x.sign() * x.abs().pow(p - 1)).masked_fill(x == 0, 0.0) * out.pow(1 - p)
    else:           # nor has the norm of zeros
        out = out.masked_fill(out == 0, math.inf)
        slope = x / out if p == 2 else x.sign() * (x.abs() / out).pow(p - 1)
    return (spread(g, kept, keepdim) * slope,)


# ---------------------------------------------------------------- logic

cdef Tensor logical(object ufunc, str name, object input, object dim, object keepdim):
    cdef Tensor x = tensor_argument(input, name, "input")
    # an empty list of dimensions is none of them here, elsewhere all of them
    none = isinstance(dim, (tuple, list)) and len(dim) == 0
    dims = () if none else dims_tuple(dim, PyArray_NDIM(x.array))
    out = ufunc.reduce(x.array.astype(np.bool_), axis=dims, keepdims=bool(keepdim))
    d = uint8 if dtype_of(x.array) is uint8 else bool_
    return wrap(np.asarray(out).astype(d.numpy))


def all(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """Return, as bools, whether all elements over ``dim`` are non-zero."""
    dim, keepdim = given(axis, dim), bool(given(keepdims, keepdim))
    return logical(np.logical_and, "all", input, dim, keepdim)


def any(input, dim=None, keepdim=False, *, axis=None, keepdims=None):
    """Return, as bools, whether any element over ``dim`` is non-zero."""
    dim, keepdim = given(axis, dim), bool(given(keepdims, keepdim))
    return logical(np.logical_or, "any", input, dim, keepdim)


def count_nonzero(input, dim=None):
    """Return the int64 number of elements that are not zero, over ``dim``."""
    return (tensor_argument(input, "count_nonzero", "input") != 0).sum(dim)


def sum_to_size(input, *size):
    """Return the input summed to ``size``, a shape that broadcasts to the input's."""
    cdef Tensor x = tensor_argument(input, "sum_to_size", "input")
    shape = size_tuple(size)
    own = shape_of(x)
    if shape == own and shape:
        return x
    start = len(own) - len(shape)
    if start < 0 or [s for s, n in zip(shape, own[start:]) if s != n and s != 1]:
        raise RuntimeError(f"size {list(shape)} is not expandable to size {list(own)}.")
    return sum_to(accumulable(x, None), shape) if own else x.sum()
