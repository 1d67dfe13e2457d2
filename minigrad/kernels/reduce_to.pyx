"""Reductions over any axes of an array of any strides, to a given shape.

Undoing a broadcast ((N, C) -> (C,), (N, C, H, W) -> (1, C, 1, 1)) and reducing over a set of
dimensions are the same: an axis is reduced where the result has size 1.  The axes are brought into
the order they have in memory and neighbours of one kind are merged; what remains alternates
between kept and reduced axes, and the reduced ones go one by one, the last first, through
``reduce``, which reads an array as (outer, n, inner).  An axis of stride 0, which a gradient has
after it was broadcast, is not walked: a sum over it is a product with its length.
"""

from cython cimport floating
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.reduce cimport PROD, SUM, reduce

cnp.import_array()

cdef enum:
    MAX_NDIM = 64       # NumPy's limit


cdef struct Axis:
    Py_ssize_t size, stride
    bint reduced


cdef bint memory_order(Axis* axes, int count, Py_ssize_t itemsize) noexcept:
    """Sort the axes by stride.  Whether they are then dense, with the kept ones in their order."""
    cdef int i, at
    cdef Axis axis
    cdef bint kept_in_order = True
    cdef Py_ssize_t stride = itemsize
    for i in range(1, count):
        at = i
        while at > 0 and axes[at - 1].stride < axes[at].stride:
            kept_in_order &= axes[at - 1].reduced or axes[at].reduced
            axis = axes[at]
            axes[at] = axes[at - 1]
            axes[at - 1] = axis
            at -= 1
    for i in range(count - 1, -1, -1):
        if axes[i].stride != stride:
            return False
        stride *= axes[i].size
    return kept_in_order


cdef ndarray contiguous_copy(ndarray x, Axis* axes, int count):
    """A C-contiguous copy of the memory of ``x`` that ``axes`` walk."""
    cdef cnp.npy_intp sizes[MAX_NDIM]
    cdef cnp.npy_intp strides[MAX_NDIM]
    cdef int i
    for i in range(count):
        sizes[i], strides[i] = axes[i].size, axes[i].stride
    cdef ndarray view = cnp.PyArray_New(
        ndarray, count, sizes, cnp.PyArray_TYPE(x), strides, cnp.PyArray_DATA(x), 0, 0, None)
    return cnp.PyArray_NewCopy(view, cnp.NPY_CORDER)


cpdef int reduce_to(int op, ndarray out, ndarray x, int n_threads) except -1:
    """Reduce every axis where ``out`` has size 1 or that it lacks in front."""
    cdef Axis axes[MAX_NDIM]
    cdef Axis ordered[MAX_NDIM]
    cdef Axis axis
    cdef int i, last, count = 0
    cdef int ndim = cnp.PyArray_NDIM(x), missing = ndim - cnp.PyArray_NDIM(out)
    cdef Py_ssize_t repeats = 1, outer, n, inner
    cdef cnp.npy_intp n_results
    cdef ndarray source = x, result
    for i in range(ndim):
        axis.size, axis.stride = cnp.PyArray_DIM(x, i), cnp.PyArray_STRIDE(x, i)
        axis.reduced = i < missing or cnp.PyArray_DIM(out, i - missing) == 1
        if axis.size == 1:
            continue
        if axis.stride == 0 and axis.reduced and op != PROD and axis.size > 0:
            # a gradient that was broadcast
            repeats *= axis.size
            continue
        axes[count] = ordered[count] = axis
        count += 1
    if memory_order(ordered, count, cnp.PyArray_ITEMSIZE(x)):
        for i in range(count):
            axes[i] = ordered[i]
    else:
        source = contiguous_copy(x, axes, count)
    last = 0                            # merge neighbours of one kind
    for i in range(1, count):
        if axes[i].reduced == axes[last].reduced:
            axes[last].size *= axes[i].size
        else:
            last += 1
            axes[last] = axes[i]
    count = min(count, last + 1)

    while True:                         # reduce the last reduced axis until none is left
        n = inner = outer = 1
        last = count - 1
        if last >= 0 and not axes[last].reduced:
            inner = axes[last].size
            last -= 1
        if last >= 0:
            n = axes[last].size
        for i in range(last):
            outer *= axes[i].size
        if last <= 1:
            reduce(op, out, source, outer, n, inner, n_threads)
            break
        axes[last - 1].size *= inner
        count = last
        n_results = outer * inner
        result = cnp.PyArray_EMPTY(1, &n_results, cnp.PyArray_TYPE(x), 0)
        reduce(op, result, source, outer, n, inner, n_threads)
        source = result
    if repeats > 1 and op == SUM:
        if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
            scale(<float*>cnp.PyArray_DATA(out), cnp.PyArray_SIZE(out), repeats)
        else:
            scale(<double*>cnp.PyArray_DATA(out), cnp.PyArray_SIZE(out), repeats)
    return 0


cdef void scale(floating* x, Py_ssize_t n, double factor) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        x[i] = <floating>(x[i] * factor)
