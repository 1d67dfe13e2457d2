"""Reductions of plain arrays: how a reduction over any dimensions reaches a kernel, or NumPy.

The kernels read an array as (outer, n, inner) and reduce over n.  That fits whenever the reduced
dimensions lie side by side in a contiguous array: all of them, the last ones, the first ones, one
in the middle.  Other patterns and strides go through ``reduce_to`` or a transposed copy; integers
and float16 (in float32) through NumPy.
"""

import numpy as np

from numpy cimport (
    NPY_INT64, PyArray_DIMS, PyArray_IS_C_CONTIGUOUS, PyArray_NDIM,
    PyArray_TYPE, import_array, ndarray, npy_intp,
)

from minigrad.dtypes cimport dtype_of, float16
from minigrad.kernels cimport reduce as kernels
from minigrad.kernels cimport softmax as softmax_kernels
from minigrad.kernels.arg_reduce cimport arg_reduce
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.reduce_to cimport reduce_to
from minigrad.kernels.shapes cimport size_of
from minigrad.memory cimport new_array
from minigrad.ops.common cimport is_kernel_float, to_half

import_array()

cdef list numpy_folds = [
    np.add.reduce, None, np.multiply.reduce, np.maximum.reduce, np.minimum.reduce]


cdef struct Layout:
    Py_ssize_t outer, n, inner
    bint adjacent


cdef Layout layout_of(ndarray x, tuple dims):
    """Return how ``x`` is read as (outer, n, inner), if ``dims`` (sorted) lie side by side."""
    cdef Layout found
    cdef int d, first, last, ndim = PyArray_NDIM(x)
    found.outer = found.n = found.inner = 1
    if len(dims) == 0:
        found.outer = size_of(x)
        found.adjacent = True
        return found
    first, last = dims[0], dims[len(dims) - 1]
    found.adjacent = last - first + 1 == <int>len(dims)
    for d in range(ndim):
        if d < first:
            found.outer *= PyArray_DIMS(x)[d]
        elif d > last:
            found.inner *= PyArray_DIMS(x)[d]
        else:
            found.n *= PyArray_DIMS(x)[d]
    return found


cdef ndarray new_result(ndarray x, tuple dims, bint keepdim, int num):
    """Return a new array of the shape that reducing ``dims`` (sorted) leaves."""
    cdef npy_intp shape[64]
    cdef int d, k = 0, i = 0, n_dims = <int>len(dims)
    for d in range(PyArray_NDIM(x)):
        if i < n_dims and <int>dims[i] == d:
            i += 1
            if keepdim:
                shape[k] = 1
                k += 1
        else:
            shape[k] = PyArray_DIMS(x)[d]
            k += 1
    return new_array(k, shape, num)


cdef ndarray fold(int op, ndarray x, tuple dims, bint keepdim):
    """Return ``x`` reduced over ``dims`` (sorted) by SUM, MEAN, PROD, MAX or MIN."""
    cdef ndarray out
    cdef Layout layout
    if not is_kernel_float(x):
        return numpy_fold(op, x, dims, keepdim)
    if len(dims) == PyArray_NDIM(x) and not keepdim and PyArray_IS_C_CONTIGUOUS(x):
        out = new_array(0, NULL, PyArray_TYPE(x))       # most often all of a small tensor
        kernels.reduce(op, out, x, 1, size_of(x), 1, threads_for(size_of(x)))
        return out
    layout = layout_of(x, dims)
    if layout.adjacent and PyArray_IS_C_CONTIGUOUS(x):
        out = new_result(x, dims, keepdim, PyArray_TYPE(x))
        kernels.reduce(
            op, out, x, layout.outer, layout.n, layout.inner, threads_for(size_of(x)))
        return out
    if size_of(x) == 0:            # reduce_to has no first element to start from
        return numpy_fold(op, x, dims, keepdim)
    out = new_result(x, dims, True, PyArray_TYPE(x))
    reduce_to(op, out, x, threads_for(size_of(x)))
    return out if keepdim else out.reshape(
        [s for d, s in enumerate((<object>x).shape) if d not in dims])


cdef ndarray fold_to(int op, ndarray x, tuple shape):
    """Return ``x`` reduced to ``shape``, which broadcasts to the shape of ``x``."""
    cdef npy_intp sizes[64]
    cdef int i, extra, n = <int>len(shape)
    if not is_kernel_float(x) or size_of(x) == 0:
        extra = PyArray_NDIM(x) - n
        dims = [*range(extra), *[i + extra for i in range(n) if shape[i] == 1]]
        return numpy_fold(op, x, tuple(dims), True).reshape(shape)
    for i in range(n):
        sizes[i] = shape[i]
    out = new_array(n, sizes, PyArray_TYPE(x))
    reduce_to(op, out, x, threads_for(size_of(x)))
    return out


cdef ndarray numpy_fold(int op, ndarray x, tuple dims, bint keepdim):
    wide = x.astype(np.float32) if dtype_of(x) is float16 else x
    with np.errstate(all="ignore"):
        if op == kernels.MEAN:
            n = 1
            for d in dims:
                n *= PyArray_DIMS(x)[<int>d]
            out = np.add.reduce(wide, axis=dims, keepdims=keepdim) / np.float32(n)
        else:
            out = numpy_folds[op](wide, axis=dims, keepdims=keepdim)
        return np.asarray(out).astype(x.dtype)


cdef ndarray readable(ndarray x, tuple dims, Layout *layout):
    """Return ``x`` or a copy of it, such that ``dims`` lie as the n of (outer, n, inner)."""
    layout[0] = layout_of(x, dims)
    if layout.adjacent and PyArray_IS_C_CONTIGUOUS(x):
        return x
    rest = [d for d in range(PyArray_NDIM(x)) if d not in dims]
    moved = np.ascontiguousarray(x.transpose((*rest, *dims)))
    layout[0] = layout_of(moved, tuple(range(len(rest), PyArray_NDIM(x))))
    return moved


cdef ndarray variance(ndarray x, tuple dims, bint keepdim, double correction, bint root):
    """Return the variance (its root if ``root``) over ``dims`` of a floating array."""
    cdef ndarray out, mean
    cdef Layout layout
    if dtype_of(x) is float16:
        return to_half(variance(x.astype(np.float32), dims, keepdim, correction, root))
    out = new_result(x, dims, keepdim, PyArray_TYPE(x))
    mean = new_result(x, dims, keepdim, PyArray_TYPE(x))
    x = readable(x, dims, &layout)
    kernels.var_mean(out, mean, x, correction, root, layout.outer, layout.n, layout.inner,
                     threads_for(size_of(x)))
    return out


cdef ndarray log_sum_exp(ndarray x, tuple dims, bint keepdim):
    """Return log(sum(exp(x))) over ``dims`` of a floating array."""
    cdef ndarray out
    cdef Layout layout
    if dtype_of(x) is float16:
        return to_half(log_sum_exp(x.astype(np.float32), dims, keepdim))
    out = new_result(x, dims, keepdim, PyArray_TYPE(x))
    x = readable(x, dims, &layout)
    softmax_kernels.logsumexp(out, x, layout.outer, layout.n, layout.inner,
                              threads_for(size_of(x)))
    return out


cdef ndarray first_extreme(int op, ndarray x, int dim, bint keepdim):
    """Return the int64 indices of the first largest (MAX) or smallest (MIN) along ``dim``."""
    cdef ndarray indices
    cdef Layout layout
    if not is_kernel_float(x):
        find = np.argmax if op == kernels.MAX else np.argmin
        indices = np.asarray(find(x, axis=dim, keepdims=True), np.int64)
        return indices if keepdim else indices.squeeze(dim)
    if not PyArray_IS_C_CONTIGUOUS(x):
        x = np.ascontiguousarray(x)
    layout = layout_of(x, (dim,))
    indices = new_result(x, (dim,), keepdim, NPY_INT64)
    arg_reduce(op, None, indices, x, layout.outer, layout.n, layout.inner,
               threads_for(size_of(x)))
    return indices
