"""Reductions: sums, means, products, extremes and variances along one axis or several.

An array is read as (outer, n, inner) and reduced over n.  There is one way of doing it: add rows
to a row of accumulators, element by element, which vectorises in any memory order.

* inner is large: a row is a block of at most LANES columns.
* inner is small (a sum along the last axis has inner 1): several rows side by side make one wide
  row of about 64 accumulators, and the wide row is folded at the end.
* Rows of a few elements (64 x 10 along the last axis) are added one by one.

* A long contiguous row has accumulators of its own, in registers: see rows.pyx.

The accumulators are doubles, so that a sum of any length keeps float32 accuracy; they take the
float32 sums of four elements, which halves the conversions.  Variances take two passes, mean then
squared deviations from it (never E[x^2] - E[x]^2), over a chunk that stays in the L2 cache.  An
axis longer than one chunk is cut into chunks of a size that depends on the shape alone; their
results are merged in order, so that the number of threads, which share the chunks, does not alter
a bit.  The mean of doubles is rounded in their own digits: there the deviations are added up as
well, which says what the mean lacks.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.math cimport isfinite, sqrt
from libc.stdlib cimport free, malloc
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.rows cimport (
    VAR, combine, combine_four, in_own_type, reduce_each, reduce_row, row_squares, start,
)
from minigrad.kernels.tasks cimport Run, Tasks, next_run, share_out
from minigrad.kernels.vmath cimport flat_int

cnp.import_array()

cdef enum:
    LANES = 1024        # accumulators at most: 8 KB of the L1 cache
    WIDE = 64           # accumulators aimed at where inner is smaller
    SHORT = 32          # rows up to this long are added one by one
    CHUNK = 65536       # elements of a chunk: 256 KB of float32
    CHUNK_ROWS = 64     # but at least so many rows of a large inner


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


cdef inline void accumulate_rows(
    int op, double* totals, const floating* x, Py_ssize_t rows, Py_ssize_t width,
    Py_ssize_t stride
) noexcept nogil:
    cdef Py_ssize_t j
    if in_own_type(op):
        while rows >= 4:
            for j in range(width):
                totals[j] = combine[double](op, totals[j], combine_four[floating](
                    op, x[j], x[j + stride], x[j + 2 * stride], x[j + 3 * stride]))
            x += 4 * stride
            rows -= 4
    while rows > 0:
        for j in range(width):
            totals[j] = combine[double](op, totals[j], x[j])
        x += stride
        rows -= 1


cdef inline void extreme_of_rows(
    int op, double* totals, const floating* x, Py_ssize_t rows, Py_ssize_t width,
    Py_ssize_t stride
) noexcept nogil:
    cdef floating lanes[LANES]
    cdef Py_ssize_t i, j
    for j in range(width):
        lanes[j] = <floating>start(op)
    for i in range(rows // 2):
        for j in range(width):
            lanes[j] = combine[floating](
                op, lanes[j], combine[floating](op, x[j], x[j + stride]))
        x += 2 * stride
    if rows % 2:
        for j in range(width):
            lanes[j] = combine[floating](op, lanes[j], x[j])
    for j in range(width):
        totals[j] = combine[double](op, totals[j], lanes[j])


cdef flat_int accumulate(
    int op, double* totals, const floating* x, Py_ssize_t rows, Py_ssize_t width,
    Py_ssize_t stride
) noexcept nogil:
    """Add ``rows`` rows of ``width`` elements to ``totals``: one inlined loop per operation."""
    if op == PROD:
        accumulate_rows(PROD, totals, x, rows, width, stride)
    elif op == MAX:
        extreme_of_rows(MAX, totals, x, rows, width, stride)
    elif op == MIN:
        extreme_of_rows(MIN, totals, x, rows, width, stride)
    elif op == VAR:
        accumulate_rows(VAR, totals, x, rows, width, stride)
    else:
        accumulate_rows(SUM, totals, x, rows, width, stride)
    return 0


cdef void accumulate_squares(
    double* totals, double* offs, const double* means, const floating* x, Py_ssize_t rows,
    Py_ssize_t width, Py_ssize_t stride
) noexcept nogil:
    """Add the squared deviations of ``rows`` rows from ``means``, and of doubles the deviations."""
    cdef Py_ssize_t i, j
    cdef double d
    for i in range(rows):
        for j in range(width):
            d = x[j] - means[j]
            totals[j] += d * d
            if floating is double:
                offs[j] += d
        x += stride


cdef inline double correct(double* squares, double deviations, double n) noexcept nogil:
    """What a mean lacks from which ``n`` deviations were taken; their squares are corrected."""
    cdef double off = deviations / n
    if not isfinite(off):
        return 0
    if isfinite(squares[0]):
        squares[0] = max(<double>0, squares[0] - deviations * off)
    return off


cdef inline double origin_of(const Plan* plan, const floating* first) noexcept nogil:
    """What means of several chunks of doubles are reckoned from: near 0 they keep their digits."""
    if floating is double:
        return first[0] if plan.chunks > 1 and isfinite(first[0]) else 0
    return 0


cdef void merge(int op, double* totals, const double* others, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t j
    if op == PROD:
        for j in range(n):
            totals[j] = combine[double](PROD, totals[j], others[j])
    elif op == MAX:
        for j in range(n):
            totals[j] = combine[double](MAX, totals[j], others[j])
    elif op == MIN:
        for j in range(n):
            totals[j] = combine[double](MIN, totals[j], others[j])
    else:
        for j in range(n):
            totals[j] = combine[double](SUM, totals[j], others[j])


cdef void fold(int op, double* totals, Py_ssize_t groups, Py_ssize_t columns) noexcept nogil:
    """Combine ``groups`` groups of ``columns`` accumulators into the first, halving."""
    cdef Py_ssize_t half
    while groups > 1:
        half = (groups + 1) // 2
        merge(op, totals, totals + half * columns, (groups - half) * columns)
        groups = half


cdef void reduce_task(
    const Plan* plan, Py_ssize_t task, floating* out, floating* mean, const floating* x
) noexcept nogil:
    """Reduce one chunk of one block of columns."""
    cdef double totals[LANES]
    cdef double means[LANES]
    cdef double offs[LANES]
    cdef double off
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
    cdef const floating* first = x + outer * plan.n * plan.inner + first_column
    x = first + chunk * plan.chunk * plan.inner
    if plan.inner == 1:
        totals[0] = reduce_row(plan.op, x, rows)
        if plan.op == VAR:
            means[0] = totals[0] / rows
            totals[0] = row_squares(x, rows, means[0], &off)
            means[0] = means[0] - origin_of(plan, first) + off
    else:
        for j in range(width):
            totals[j] = start(plan.op)
        accumulate(plan.op, totals, x, wide_rows, width, stride)
        accumulate(plan.op, totals, x + wide_rows * stride, 1, rest * columns, 0)
        fold(plan.op, totals, groups, columns)
    if plan.op == VAR and plan.inner > 1:
        for j in range(columns):
            means[j] = totals[j] / rows
        for j in range(columns, width):
            means[j] = means[j - columns]
        for j in range(width):
            totals[j] = offs[j] = 0
        accumulate_squares(totals, offs, means, x, wide_rows, width, stride)
        accumulate_squares(totals, offs, means, x + wide_rows * stride, 1, rest * columns, 0)
        fold(SUM, totals, groups, columns)
        if floating is double:
            fold(SUM, offs, groups, columns)
            for j in range(columns):
                off = correct(&totals[j], offs[j], rows)
                means[j] = means[j] - origin_of(plan, first + j) + off
    if plan.chunks == 1:
        if plan.op == VAR:
            for j in range(columns):
                means[j] += origin_of(plan, first + j)
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
    const Plan* plan, Py_ssize_t outer, floating* out, floating* mean, const floating* x
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
            merge(plan.op, totals, other, plan.inner)
    if plan.op == VAR:
        for j in range(plan.inner):
            means[j] += origin_of(plan, x + outer * plan.n * plan.inner + j)
    finish(plan, out + outer * plan.inner, mean + outer * plan.inner, totals, means, plan.inner)


cdef inline void side_by_side(
    int op, double* totals, const floating* x, Py_ssize_t rows, Py_ssize_t n
) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(rows):
        totals[i] = start(op)
    for j in range(n):
        for i in range(rows):
            totals[i] = combine[double](op, totals[i], x[i * n + j])


cdef void reduce_rows(
    const Plan* plan, floating* out, floating* mean, const floating* x, Py_ssize_t first,
    Py_ssize_t last
) noexcept nogil:
    """Reduce contiguous rows of one chunk each; if they are short, several side by side."""
    cdef double totals[SHORT]
    cdef double means[SHORT]
    cdef double offs[SHORT]
    cdef Py_ssize_t i, j, rows, n = plan.n
    x += first * n
    while first < last:
        rows = min(<Py_ssize_t>SHORT, last - first)
        if n > SHORT:
            reduce_each(plan.op, totals, x, rows, n)
        elif plan.op == PROD:
            side_by_side(PROD, totals, x, rows, n)
        elif plan.op == MAX:
            side_by_side(MAX, totals, x, rows, n)
        elif plan.op == MIN:
            side_by_side(MIN, totals, x, rows, n)
        else:
            side_by_side(SUM, totals, x, rows, n)
        if plan.op == VAR:
            for i in range(rows):
                means[i] = totals[i] / n
                totals[i] = offs[i] = 0
                if n > SHORT:
                    totals[i] = row_squares(x + i * n, n, means[i], &offs[i])
            if n <= SHORT:
                for j in range(n):
                    for i in range(rows):
                        totals[i] += (x[i * n + j] - means[i]) * (x[i * n + j] - means[i])
                        if floating is double:
                            offs[i] += x[i * n + j] - means[i]
                if floating is double:
                    for i in range(rows):
                        offs[i] = correct(&totals[i], offs[i], n)
            for i in range(rows):
                means[i] += offs[i]
        finish(plan, out + first, mean + first, totals, means, rows)
        first += rows
        x += rows * n


cdef int run(Plan* plan, floating* out, floating* mean, const floating* x, int n_threads) except -1:
    """Reduce by ``plan``, on ``n_threads`` threads."""
    cdef Py_ssize_t count = plan.outer * plan.chunks * plan.blocks, task
    cdef Py_ssize_t results = plan.outer * plan.chunks * plan.inner
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    plan.partial = plan.partial_mean = NULL
    if plan.inner == 1 and plan.chunks == 1:
        if n_threads == 1:
            reduce_rows(plan, out, mean, x, 0, plan.outer)
            return 0
        share_out(&tasks, plan.outer, plan.n, n_threads)
        for thread in prange(n_threads, nogil=True, num_threads=n_threads, schedule="static"):
            run = next_run(&tasks, thread)
            while run.first < run.last:
                reduce_rows(plan, out, mean, x, run.first, run.last)
                run = next_run(&tasks, thread)
        return 0
    if plan.chunks > 1:
        plan.partial = <double*>malloc(2 * results * sizeof(double))
        if plan.partial == NULL:
            raise MemoryError(f"reduce: no memory for {2 * results} doubles")
        plan.partial_mean = plan.partial + results
    if n_threads == 1 or count == 1:
        for task in range(count):
            reduce_task(plan, task, out, mean, x)
    else:
        share_out(&tasks, count, min(plan.chunk, plan.n) * plan.block, n_threads)
        for thread in prange(n_threads, nogil=True, num_threads=n_threads, schedule="static"):
            run = next_run(&tasks, thread)
            while run.first < run.last:
                for task in range(run.first, run.last):
                    reduce_task(plan, task, out, mean, x)
                run = next_run(&tasks, thread)
    if plan.chunks > 1:
        for task in range(plan.outer):
            merge_chunks(plan, task, out, mean, x)
        free(plan.partial)
    return 0


cdef void reduce_few(int op, floating* out, const floating* x, Py_ssize_t n) noexcept:
    """One short row, without a plan."""
    cdef double total
    side_by_side(SUM if op == MEAN else op, &total, x, 1, n)
    out[0] = <floating>(total / n if op == MEAN else total)


cpdef int reduce(
    int op, ndarray out, ndarray x, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads
) except -1:
    """``out = op(x)`` over the middle of (outer, n, inner)."""
    cdef Plan plan
    if outer == inner == 1 and n <= SHORT:
        if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
            reduce_few(op, <float*>cnp.PyArray_DATA(out), <float*>cnp.PyArray_DATA(x), n)
        else:
            reduce_few(op, <double*>cnp.PyArray_DATA(out), <double*>cnp.PyArray_DATA(x), n)
        return 0
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
