"""Reductions: sums, means, products, extremes and variances along one axis or several.

An array is read as (outer, n, inner) and reduced over n.  There is one way of doing it: add rows
to a row of accumulators, element by element, which vectorises in any memory order.

* inner is large: a row is a block of at most LANES columns.
* inner is small (a sum along the last axis has inner 1): several rows side by side make one wide
  row of about 64 accumulators, and the wide row is folded at the end.
* Rows of a few elements (64 x 10 along the last axis) are added one by one.

The accumulators are doubles, float32 sums included: conversion costs less than memory, and a
sum of any length keeps float32 accuracy.  Variances take two passes, mean then squared deviations
from it (never E[x^2] - E[x]^2), over a chunk that stays in the L2 cache.  An axis longer than one
chunk is cut into chunks of a size that depends on the shape alone; their results are merged in
order, so that the number of threads, which share the chunks, does not alter a bit.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.math cimport INFINITY, sqrt
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
cimport numpy as cnp
from numpy cimport ndarray

cnp.import_array()

cdef enum:
    LANES = 1024        # accumulators at most: 8 KB of the L1 cache
    WIDE = 64           # accumulators aimed at where inner is smaller
    SHORT = 32          # rows up to this long are added one by one
    CHUNK = 65536       # elements of a chunk: 256 KB of float32
    CHUNK_ROWS = 64     # but at least so many rows of a large inner
    MAX_NDIM = 64


# The fifth operation, for var_mean
cdef enum:
    VAR = 5


cdef struct Plan:
    int op
    Py_ssize_t outer, n, inner
    Py_ssize_t group            # rows of x in one wide row
    Py_ssize_t block, blocks    # columns of x in one task, and how many such blocks
    Py_ssize_t chunk, chunks    # rows of x in one task, and how many such chunks
    double correction           # for VAR
    bint root
    double* partial             # what the chunks found, if there are several: [outer, chunks,
    double* partial_mean        # inner]; the second for VAR only


cdef void lay_out(
    Plan* plan, int op, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner
) noexcept:
    """Cut the work into tasks, by the shape alone."""
    plan.op, plan.outer, plan.n, plan.inner = op, outer, n, inner
    plan.group = max(<Py_ssize_t>1, WIDE // max(<Py_ssize_t>1, inner))
    plan.block = min(inner, <Py_ssize_t>LANES)
    plan.blocks = (inner + LANES - 1) // LANES
    plan.chunk = max(<Py_ssize_t>CHUNK_ROWS, CHUNK // max(<Py_ssize_t>1, inner))
    plan.chunk -= plan.chunk % plan.group
    plan.chunks = max(<Py_ssize_t>1, (n + plan.chunk - 1) // plan.chunk)


cdef inline double start(int op) noexcept nogil:
    """What a reduction of nothing is."""
    if op == PROD:
        return 1
    if op == MAX:
        return -INFINITY
    return INFINITY if op == MIN else 0


cdef inline double combine(int op, double total, double value) noexcept nogil:
    if op == PROD:
        return total * value
    if op == MAX:       # a NaN stays: no comparison with it holds
        return value if (value > total) | (value != value) else total
    if op == MIN:
        return value if (value < total) | (value != value) else total
    return total + value


cdef inline void accumulate_rows(
    int op, double* totals, const floating* x, Py_ssize_t rows, Py_ssize_t width,
    Py_ssize_t stride
) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(rows):
        for j in range(width):
            totals[j] = combine(op, totals[j], x[j])
        x += stride


cdef void accumulate(
    int op, double* totals, const floating* x, Py_ssize_t rows, Py_ssize_t width,
    Py_ssize_t stride
) noexcept nogil:
    """Add ``rows`` rows of ``width`` elements to ``totals``: one inlined loop per operation."""
    if op == PROD:
        accumulate_rows(PROD, totals, x, rows, width, stride)
    elif op == MAX:
        accumulate_rows(MAX, totals, x, rows, width, stride)
    elif op == MIN:
        accumulate_rows(MIN, totals, x, rows, width, stride)
    else:
        accumulate_rows(SUM, totals, x, rows, width, stride)


cdef void accumulate_squares(
    double* totals, const double* means, const floating* x, Py_ssize_t rows, Py_ssize_t width,
    Py_ssize_t stride
) noexcept nogil:
    """Add the squared deviations of ``rows`` rows from ``means``."""
    cdef Py_ssize_t i, j
    for i in range(rows):
        for j in range(width):
            totals[j] += (x[j] - means[j]) * (x[j] - means[j])
        x += stride


cdef void fold(int op, double* totals, Py_ssize_t groups, Py_ssize_t columns) noexcept nogil:
    """Combine ``groups`` groups of ``columns`` accumulators into the first, halving."""
    cdef Py_ssize_t half
    while groups > 1:
        half = (groups + 1) // 2
        accumulate[double](
            op, totals, totals + half * columns, 1, (groups - half) * columns, 0)
        groups = half


cdef void reduce_task(
    const Plan* plan, Py_ssize_t task, floating* out, floating* mean, const floating* x
) noexcept nogil:
    """Reduce one chunk of one block of columns."""
    cdef double totals[LANES]
    cdef double means[LANES]
    cdef Py_ssize_t first_column = task % plan.blocks * plan.block
    cdef Py_ssize_t chunk = task // plan.blocks % plan.chunks
    cdef Py_ssize_t outer = task // plan.blocks // plan.chunks
    cdef Py_ssize_t columns = min(plan.block, plan.inner - first_column)
    cdef Py_ssize_t rows = min(plan.chunk, plan.n - chunk * plan.chunk)
    cdef Py_ssize_t wide_rows = rows // plan.group, rest = rows % plan.group
    cdef Py_ssize_t groups = min(plan.group, max(<Py_ssize_t>1, rows)), width = groups * columns
    cdef Py_ssize_t stride = plan.group * plan.inner
    cdef Py_ssize_t at = (outer * plan.chunks + chunk) * plan.inner + first_column
    cdef Py_ssize_t j
    x += (outer * plan.n + chunk * plan.chunk) * plan.inner + first_column

    for j in range(width):
        totals[j] = start(plan.op)
    accumulate(plan.op, totals, x, wide_rows, width, stride)
    accumulate(plan.op, totals, x + wide_rows * stride, 1, rest * columns, 0)
    fold(plan.op, totals, groups, columns)
    if plan.op == VAR:
        for j in range(columns):
            means[j] = totals[j] / rows
        for j in range(columns, width):
            means[j] = means[j - columns]
        for j in range(width):
            totals[j] = 0
        accumulate_squares(totals, means, x, wide_rows, width, stride)
        accumulate_squares(totals, means, x + wide_rows * stride, 1, rest * columns, 0)
        fold(SUM, totals, groups, columns)
    if plan.chunks == 1:
        finish(plan, out + at, mean + at, totals, means, columns)
        return
    for j in range(columns):
        plan.partial[at + j] = totals[j]
        if plan.op == VAR:
            plan.partial_mean[at + j] = means[j]


cdef void finish(
    const Plan* plan, floating* out, floating* mean, const double* totals, const double* means,
    Py_ssize_t columns
) noexcept nogil:
    """Write the results of ``columns`` columns."""
    cdef Py_ssize_t j
    cdef double degrees
    if plan.op == VAR:
        degrees = max(<double>0, plan.n - plan.correction)
        for j in range(columns):
            mean[j] = <floating>means[j]
            out[j] = <floating>(
                sqrt(totals[j] / degrees) if plan.root else totals[j] / degrees)
    elif plan.op == MEAN:
        for j in range(columns):
            out[j] = <floating>(totals[j] / plan.n)
    else:
        for j in range(columns):
            out[j] = <floating>totals[j]


cdef void merge_chunks(
    const Plan* plan, Py_ssize_t outer, floating* out, floating* mean
) noexcept nogil:
    """Combine what the chunks of one outer index found, in their order, into the first."""
    cdef double* totals = plan.partial + outer * plan.chunks * plan.inner
    cdef double* means = plan.partial_mean + outer * plan.chunks * plan.inner
    cdef const double* other = totals
    cdef const double* other_mean = means
    cdef double rows = plan.chunk, more, delta
    cdef Py_ssize_t chunk, j
    for chunk in range(1, plan.chunks):
        other += plan.inner
        other_mean += plan.inner
        if plan.op == VAR:      # the squared deviations of a union: Chan, Golub and LeVeque 1979
            more = min(plan.chunk, plan.n - chunk * plan.chunk)
            for j in range(plan.inner):
                delta = other_mean[j] - means[j]
                totals[j] += other[j] + delta * delta * (rows * more / (rows + more))
                means[j] += delta * (more / (rows + more))
            rows += more
        else:
            accumulate[double](plan.op, totals, other, 1, plan.inner, 0)
    finish(plan, out + outer * plan.inner, mean + outer * plan.inner, totals, means, plan.inner)


cdef inline void add_short_rows(
    int op, floating* out, const floating* x, Py_ssize_t first, Py_ssize_t last, Py_ssize_t n,
    double scale
) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double total
    x += first * n
    for i in range(first, last):
        total = start(op)
        for j in range(n):
            total = combine(op, total, x[j])
        out[i] = <floating>(total / scale)
        x += n


cdef void reduce_short_rows(
    int op, floating* out, const floating* x, Py_ssize_t first, Py_ssize_t last, Py_ssize_t n
) noexcept nogil:
    """Reduce contiguous rows of a few elements."""
    if op == PROD:
        add_short_rows(PROD, out, x, first, last, n, 1)
    elif op == MAX:
        add_short_rows(MAX, out, x, first, last, n, 1)
    elif op == MIN:
        add_short_rows(MIN, out, x, first, last, n, 1)
    else:
        add_short_rows(SUM, out, x, first, last, n, <double>n if op == MEAN else 1)


cdef int run(Plan* plan, floating* out, floating* mean, const floating* x, int n_threads) except -1:
    """Reduce by ``plan``, on ``n_threads`` threads."""
    cdef Py_ssize_t tasks = plan.outer * plan.chunks * plan.blocks, task, share
    cdef Py_ssize_t results = plan.outer * plan.chunks * plan.inner
    cdef int thread
    plan.partial = plan.partial_mean = NULL
    if plan.inner == 1 and plan.n <= SHORT and plan.op != VAR:
        if n_threads == 1:
            reduce_short_rows(plan.op, out, x, 0, plan.outer, plan.n)
            return 0
        share = (plan.outer + n_threads - 1) // n_threads
        for thread in prange(n_threads, nogil=True, num_threads=n_threads, schedule="static"):
            reduce_short_rows(
                plan.op, out, x, min(thread * share, plan.outer),
                min((thread + 1) * share, plan.outer), plan.n)
        return 0
    if plan.chunks > 1:
        plan.partial = <double*>malloc(2 * results * sizeof(double))
        if plan.partial == NULL:
            raise MemoryError(f"reduce: no memory for {2 * results} doubles")
        plan.partial_mean = plan.partial + results
    if n_threads == 1 or tasks == 1:
        for task in range(tasks):
            reduce_task(plan, task, out, mean, x)
    else:
        for task in prange(tasks, nogil=True, num_threads=n_threads, schedule="static"):
            reduce_task(plan, task, out, mean, x)
    if plan.chunks > 1:
        for task in range(plan.outer):
            merge_chunks(plan, task, out, mean)
        free(plan.partial)
    return 0


cpdef int reduce(
    int op, ndarray out, ndarray x, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads
) except -1:
    """``out = op(x)`` over the middle of (outer, n, inner)."""
    cdef Plan plan
    lay_out(&plan, op, outer, n, inner)
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        return run[float](
            &plan, <float*>cnp.PyArray_DATA(out), NULL, <float*>cnp.PyArray_DATA(x), n_threads)
    return run[double](
        &plan, <double*>cnp.PyArray_DATA(out), NULL, <double*>cnp.PyArray_DATA(x), n_threads)


cpdef int var_mean(
    ndarray var, ndarray mean, ndarray x, double correction, bint root, Py_ssize_t outer,
    Py_ssize_t n, Py_ssize_t inner, int n_threads
) except -1:
    """Means and the squared deviations from them over (n - correction), or that value's root."""
    cdef Plan plan
    lay_out(&plan, VAR, outer, n, inner)
    plan.correction, plan.root = correction, root
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        return run[float](
            &plan, <float*>cnp.PyArray_DATA(var), <float*>cnp.PyArray_DATA(mean),
            <float*>cnp.PyArray_DATA(x), n_threads)
    return run[double](
        &plan, <double*>cnp.PyArray_DATA(var), <double*>cnp.PyArray_DATA(mean),
        <double*>cnp.PyArray_DATA(x), n_threads)


# ---------------------------------------------------------------------------------------------
# Where the extremes are: the values first, then a search for the first element equal to each

cdef Py_ssize_t first_equal(const floating* x, floating value, Py_ssize_t n) noexcept nogil:
    """The index of the first element that is ``value``, or NaN where ``value`` is NaN."""
    cdef Py_ssize_t i = 0, j
    cdef int hits
    while i + WIDE <= n:        # a vectorised look at a block of elements, then into the block
        hits = 0
        for j in range(WIDE):
            hits |= (x[i + j] == value) | (x[i + j] != x[i + j])
        if hits:
            break
        i += WIDE
    while i < n - 1 and not (x[i] == value or x[i] != x[i]):
        i += 1
    return i


cdef void find_rows(
    int64_t* indices, const floating* values, const floating* x, Py_ssize_t n, Py_ssize_t inner
) noexcept nogil:
    """``indices[j]`` = the first i with x[i, j] equal to values[j]: backwards, the last hit."""
    cdef Py_ssize_t i, j
    for i in range(n - 1, -1, -1):
        for j in range(inner):
            if (x[i * inner + j] == values[j]) | (x[i * inner + j] != x[i * inner + j]):
                indices[j] = i


cdef void find_all(
    int64_t* indices, const floating* values, const floating* x, Py_ssize_t outer, Py_ssize_t n,
    Py_ssize_t inner, int n_threads
) noexcept nogil:
    cdef Py_ssize_t o
    for o in prange(outer, num_threads=n_threads, use_threads_if=n_threads > 1, schedule="static"):
        if inner == 1:
            indices[o] = first_equal(x + o * n, values[o], n)
        else:
            find_rows(indices + o * inner, values + o * inner, x + o * n * inner, n, inner)


cpdef int arg_reduce(
    int op, ndarray values, ndarray indices, ndarray x, Py_ssize_t outer, Py_ssize_t n,
    Py_ssize_t inner, int n_threads
) except -1:
    """The extremes (MAX or MIN) and where each comes first; a NaN wins."""
    cdef cnp.npy_intp results = outer * inner
    cdef int64_t* where = <int64_t*>cnp.PyArray_DATA(indices)
    if values is None:
        values = cnp.PyArray_EMPTY(1, &results, cnp.PyArray_TYPE(x), 0)
    reduce(op, values, x, outer, n, inner, n_threads)
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        find_all(where, <const float*>cnp.PyArray_DATA(values),
                 <const float*>cnp.PyArray_DATA(x), outer, n, inner, n_threads)
    else:
        find_all(where, <const double*>cnp.PyArray_DATA(values),
                 <const double*>cnp.PyArray_DATA(x), outer, n, inner, n_threads)
    return 0


# ---------------------------------------------------------------------------------------------
# Any axes

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
