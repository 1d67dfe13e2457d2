# distutils: extra_compile_args = -fassociative-math -fno-signed-zeros
"""Batch normalisation of x, shaped (N, C, *spatial), over every dimension but C.

    mean, var = x.mean(), x.var(ddof=0)                     for each channel
    xhat = (x - mean) / sqrt(var + eps)
    out  = xhat * weight + bias
    dx   = (dy - mean(dy) - xhat * mean(dy * xhat)) * weight / sqrt(var + eps)

Memory is walked as a grid.  A *block* is a set of channels that one thread sees through from its
first read to its last write, so that a block which fits in the L2 cache is read from memory
once.  A *tile* is a box of rows by unit-stride columns of a block, sized for the L1 cache.  There
are two kinds of grid.  In a grid of *planes* (NCHW with large images) a tile's columns all belong
to one channel, and a block is one channel, or a few where they are small.  In a grid of *columns* a
block is a stretch of some hundred columns (a thousand where no cache holds it: memory is read faster
in longer stretches), each `group` of which belong to one channel, and sums are vectors over them:
(N, C), channels-last, and images so small that a loop over one would never get going.

Statistics are a mean and a sum of squared deviations (M2) for each tile, in double, merged in the
order of the tiles whoever computed them: thus the same bits for any number of threads, and no
cancellation.  Saved statistics are double.  In the last pass the mean is subtracted as hi + lo of
x's own type, x - hi being exact where it matters; lo goes into the shift.  Of doubles, too.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.math cimport INFINITY, sqrt
from libc.stdlib cimport free, malloc
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.batch_norm_grid cimport (
    COLUMNS, L2, MAX_SPAN, NEAR, Box, Grid, Kind, Strides, add_origins, as_a_kind, box_of,
    laid_out, load, make_grid, offset_of, set_origins, spread, store,
)
from minigrad.kernels.batch_norm_tiles cimport (
    COEFFICIENTS, HI, INVSTD, MEAN_DY, SCALE, SHIFT, SLOPE, LastPass, column_dot, column_moments,
    plane_dot, plane_moments, stream_box, write_box,
)
from minigrad.kernels.openmp cimport regain_gil, release_gil
from minigrad.kernels.stream cimport LAST_CACHE, ONE_PASS
from minigrad.kernels.tasks cimport TASK, Run, Tasks, next_run, share_out

import numpy as np

cnp.import_array()

# ---------------------------------------------------------------------------- tiles to channels

cdef struct Job:
    Grid grid
    bint backward
    bint reduces                    # sums are wanted: statistics of x, or for backward of dy
    LastPass last                   # what the last pass does
    void *x
    void *dy
    void *out                       # backward: dx, or NULL
    Strides x_strides, dy_strides, out_strides
    double *weight                  # these all have one number a channel
    double *bias
    double *mean
    double *invstd
    double *var                     # backward: sums of dy * xhat
    double *total                   # backward: sums of dy
    double *work
    double *rest                    # of doubles, forward: what the rounding of mean lost
    double *origin                  # of doubles: what the mean of each column is reckoned from
    double momentum, eps
    bint streams                    # the arrays are larger than the caches: see stream.pxd
    Py_ssize_t slots                # how many tiles' sums a block keeps at once
    double *sums
    void *coef


cdef inline double *slot_of(Job *job, Py_ssize_t block, Py_ssize_t tile) noexcept nogil:
    return job.sums + (block * job.slots + min(tile, job.slots - 1)) * 2 * job.grid.block_width


cdef void sum_tile(Job *job, const floating *x, Py_ssize_t block, Py_ssize_t tile) noexcept nogil:
    """Put a tile's sums in its slot: mean and M2, or for backward sum(dy) and sum(dy * xhat)."""
    cdef Grid *g = &job.grid
    cdef Box box = box_of(g, block, tile)
    cdef Py_ssize_t stride = job.x_strides.row, dy_stride = job.dy_strides.row, k
    cdef double *first = slot_of(job, block, tile)
    cdef double *second = first + g.block_width
    cdef const floating *hi = <const floating *>job.coef + block * g.block_width + HI * g.width
    cdef const floating *invstd = hi + (INVSTD - HI) * g.width
    cdef const floating *dy = NULL
    x += offset_of(g, job.x_strides, box, block)
    if job.backward:
        dy = <const floating *>job.dy + offset_of(g, job.dy_strides, box, block)
    if not g.planes:
        if job.backward:
            column_dot(dy, dy_stride, x, stride, box, hi, invstd, job.streams, first, second)
        else:
            column_moments(x, stride, box, <floating>0, job.origin + box.col, job.streams, first,
                           second)
        return
    for k in range(box.width):
        if job.backward:
            plane_dot(dy, dy_stride, x, stride, box, hi + k, invstd + k, first + k, second + k)
            dy += job.dy_strides.channel
        else:
            plane_moments(x, stride, box, <floating>0, job.origin + block * g.block_width + k,
                          first + k, second + k)
        x += job.x_strides.channel


cdef void merge_tile(Job *job, Py_ssize_t block, Py_ssize_t tile) noexcept nogil:
    """Merge the sums of a tile into those of all tiles before it, which tile 0's slot holds."""
    cdef Grid *g = &job.grid
    cdef Box box = box_of(g, block, tile)
    cdef Py_ssize_t j
    cdef double *first = slot_of(job, block, 0)
    cdef double *second = first + g.block_width
    cdef double *new_first = slot_of(job, block, tile)
    cdef double *new_second = new_first + g.block_width
    cdef double old, new, share, delta
    if job.backward:
        for j in range(box.width):
            first[j] += new_first[j]
            second[j] += new_second[j]
        return
    if g.planes:
        new, old = box.rows * box.cols, box.row * g.cols + box.rows * box.col
    else:
        new, old = box.rows, box.row
    share = new / (old + new)
    for j in range(box.width):
        delta = new_first[j] - first[j]
        first[j] += delta * share
        second[j] += new_second[j] + delta * delta * (old * share)


cdef void gather(const Grid *g, const double *first, const double *second, Py_ssize_t channels,
                 bint moments, double *a, double *b) noexcept nogil:
    """Sums of columns to sums of channels; or their moments, of equally many numbers each."""
    cdef Py_ssize_t k, f, j, columns = g.group * g.fold
    cdef double start, delta, sum_a, sum_b, each = g.count // columns
    if g.group == 1:                    # vectors over channels
        for k in range(channels):
            a[k] = b[k] = 0
        for f in range(g.fold):
            for k in range(channels):
                a[k] += first[f * channels + k] - (first[k] if moments else 0)
                b[k] += second[f * channels + k]
        if moments:
            for k in range(channels):
                a[k] = first[k] + a[k] / columns
            for f in range(g.fold if g.fold > 1 else 0):
                for k in range(channels):
                    delta = first[f * channels + k] - a[k]
                    b[k] += each * delta * delta
        return
    for k in range(channels):           # vectors over the columns of a channel
        start = first[k * g.group] if moments else 0
        sum_a = sum_b = 0
        for f in range(g.fold):
            for j in range((f * channels + k) * g.group, (f * channels + k + 1) * g.group):
                sum_a += first[j] - start
                sum_b += second[j]
        if moments:
            sum_a = start + sum_a / columns
            for f in range(g.fold):
                for j in range((f * channels + k) * g.group, (f * channels + k + 1) * g.group):
                    delta = first[j] - sum_a
                    sum_b += each * delta * delta
        a[k], b[k] = sum_a, sum_b


cdef void finish_block(Job *job, floating *coef, Py_ssize_t block) noexcept nogil:
    """From the merged sums of a block to statistics of its channels and the coefficients."""
    cdef Grid *g = &job.grid
    cdef Py_ssize_t channels = g.block_width // (g.group * g.fold)
    cdef Py_ssize_t start = block * channels, stop = min(start + channels, g.channels)
    cdef double *first = slot_of(job, block, 0)
    if job.reduces:
        gather(g, first, first + g.block_width, stop - start, not job.backward,
               (job.total if job.backward else job.mean) + start, job.var + start)
    if job.backward:
        finish_backward(job, coef, start, stop)
    else:
        finish_forward(job, coef, start, stop)


cdef void finish_forward(Job *job, floating *coef, Py_ssize_t start,
                         Py_ssize_t stop) noexcept nogil:
    """invstd, and the coefficients of out = (x - hi) * scale + shift."""
    cdef Py_ssize_t k
    cdef double *mean = job.mean
    cdef double *var = job.var
    cdef double *invstd = job.invstd
    cdef double *work = job.work
    cdef double lo
    if job.reduces:                     # what came from the tiles is M2
        for k in range(start, stop):
            var[k] /= job.grid.count
        if floating is double:
            add_origins(mean, job.rest, job.origin, job.grid.group, start, stop)
    for k in range(start, stop):
        invstd[k] = 1 / sqrt(var[k] + job.eps)
        work[k] = invstd[k] * job.weight[k]
    spread(&job.grid, coef, HI, mean, start, stop)
    spread(&job.grid, coef, SCALE, work, start, stop)
    for k in range(start, stop):
        lo = mean[k] - <floating>mean[k]
        if floating is double:
            lo = job.rest[k] if job.reduces else 0
        work[k] = job.bias[k] - (lo if lo == lo else 0) * work[k]   # lo of infinity is NaN
    spread(&job.grid, coef, SHIFT, work, start, stop)


cdef void finish_backward(Job *job, floating *coef, Py_ssize_t start,
                          Py_ssize_t stop) noexcept nogil:
    """The gradients of weight and bias, and the coefficients of dx.

    In training dx = ((dy - mean_dy) - (x - hi) * slope) * scale, where slope = invstd * mean(dy *
    xhat) and mean_dy takes in what x - hi lacks of x - mean; else dx is (dy - 0) * scale + 0.
    """
    cdef Py_ssize_t k
    cdef double *mean = job.mean
    cdef double *invstd = job.invstd
    cdef double *work = job.work
    cdef double count = job.grid.count, lo
    for k in range(start, stop):
        lo = mean[k] - <floating>mean[k]
        job.var[k] -= lo * invstd[k] * job.total[k]     # the tiles knew of hi only
    for k in range(start, stop):
        work[k] = invstd[k] * job.weight[k]
    spread(&job.grid, coef, SCALE, work, start, stop)
    for k in range(start, stop):
        lo = mean[k] - <floating>mean[k]
        work[k] = (job.total[k] - lo * invstd[k] * job.var[k]) / count if job.last.slopes else 0
    spread(&job.grid, coef, MEAN_DY if job.last.slopes else HI, work, start, stop)
    for k in range(start, stop):
        work[k] = job.var[k] * invstd[k] / count if job.last.slopes else 0
    spread(&job.grid, coef, SLOPE if job.last.slopes else SHIFT, work, start, stop)


cdef void write_tile(Job *job, const floating *x, Py_ssize_t block, Py_ssize_t tile) noexcept nogil:
    """The last pass over a tile."""
    cdef Grid *g = &job.grid
    cdef Box box = box_of(g, block, tile)
    cdef const floating *coef = <const floating *>job.coef + block * g.block_width
    cdef const floating *dy
    cdef floating *out = <floating *>job.out
    cdef Strides s = job.x_strides, dy_s = s, out_s = job.out_strides
    if out == NULL:
        return
    out += offset_of(g, out_s, box, block)
    x += offset_of(g, s, box, block)
    dy = x                              # which forward does not read
    if job.backward:
        dy_s = job.dy_strides
        dy = <const floating *>job.dy + offset_of(g, dy_s, box, block)
        if not job.last.slopes:         # dx = dy * scale
            x, s = dy, dy_s
    if job.streams and job.out != job.dy:   # (in the place of dy: the cache has it already)
        stream_box(&job.last, out, out_s, dy, dy_s, x, s, box, coef)
    else:
        write_box(&job.last, out, out_s, dy, dy_s, x, s, box, coef)


cdef void see_through(Job *job, const floating *x, Py_ssize_t block) noexcept nogil:
    """All of a block, while the cache holds it."""
    cdef Py_ssize_t t
    if job.reduces:
        for t in range(job.grid.tiles):
            sum_tile(job, x, block, t)
            if t > 0:
                merge_tile(job, block, t)
    finish_block(job, <floating *>job.coef, block)
    for t in range(job.grid.tiles - 1, -1, -1):     # what was read last is still in the cache
        write_tile(job, x, block, t)


cdef void walk(Job *job, const floating *x, int n_threads) noexcept nogil:
    """Do the job, sharing out blocks where there are enough of them, and tiles where not."""
    cdef Py_ssize_t blocks = job.grid.blocks, tiles = job.grid.tiles, i, b, t
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if floating is double and job.reduces and not job.backward:
        set_origins(&job.grid, x, job.x_strides.channel, job.origin)
    if job.backward:
        spread(&job.grid, <floating *>job.coef, HI, job.mean, 0, job.grid.channels)
        spread(&job.grid, <floating *>job.coef, INVSTD, job.invstd, 0, job.grid.channels)
    if n_threads == 1 and job.reduces:
        for b in range(blocks):
            see_through(job, x, b)
        return
    if by_block(job, n_threads):
        share_out(&tasks, blocks, TASK, n_threads)
        for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
            run = next_run(&tasks, thread)
            while run.first < run.last:
                for b in range(run.first, run.last):
                    see_through(job, x, b)
                run = next_run(&tasks, thread)
        return
    if job.reduces:
        share_out(&tasks, blocks * tiles, TASK, n_threads)
        for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
            run = next_run(&tasks, thread)
            while run.first < run.last:
                for i in range(run.first, run.last):
                    sum_tile(job, x, i % blocks, i // blocks)
                run = next_run(&tasks, thread)
    for b in range(blocks):
        for t in range(1, tiles if job.reduces else 0):
            merge_tile(job, b, t)
        finish_block(job, <floating *>job.coef, b)
    if n_threads == 1:
        for i in range(blocks * tiles):
            write_tile(job, x, i % blocks, i // blocks)
        return
    share_out(&tasks, blocks * tiles, TASK, n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for i in range(run.first, run.last):
                write_tile(job, x, i % blocks, i // blocks)
            run = next_run(&tasks, thread)


cdef bint by_block(Job *job, int n_threads) noexcept nogil:
    """Whether threads share out blocks: channels, each of which is read from memory once.

    Tiles, or samples, cost a second pass through memory.  But convolution, pooling and elementwise
    operations share out samples, and of an array that is not too large each core's cache has what
    its own thread computed: behind a convolution that saves more than the second pass costs.
    """
    cdef Grid *g = &job.grid
    if not job.reduces:
        return False                    # nothing is read twice
    if not g.planes and g.rows * g.block_width > L2:
        return False                    # no cache holds a block: rather whole rows of memory
    if n_threads == 1 or g.tiles == 1:
        return True                     # nothing to share out, or nothing but blocks
    if g.planes and g.tiles >= 3 * n_threads and g.count * g.channels <= NEAR:
        return False
    return g.blocks % n_threads == 0 or g.blocks >= 4 * n_threads


# ---------------------------------------------------------------------------- the face

cdef int run(Job *job, ndarray out, ndarray dy, ndarray x, ndarray weight, ndarray bias,
             ndarray mean, ndarray var, ndarray invstd, int n_threads) except -1:
    """Fill in the arrays of `job`, the grid and the work space, and do it.

    The caller stores what it wants of the results and frees the work space, job.weight.
    """
    cdef Kind kind
    cdef ndarray target = out
    cdef bint is_double = cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT64
    cdef Grid *g = &job.grid
    cdef Py_ssize_t sums, origins, width, n = cnp.PyArray_DIM(x, 1)
    x = as_a_kind(x, &kind, &job.x_strides)
    job.out = job.dy = NULL
    if out is not None:
        target = laid_out(out, kind, &job.out_strides, False)
        job.out = cnp.PyArray_DATA(target)
    if dy is not None:
        dy = laid_out(dy, kind, &job.dy_strides, True)
        job.dy = cnp.PyArray_DATA(dy)
    job.x = cnp.PyArray_DATA(x)
    width = cnp.PyArray_SIZE(x) // cnp.PyArray_DIM(x, 0) if kind == COLUMNS else n
    g[0] = make_grid(x, kind, job.x_strides.row == width
                     and (out is None or job.out_strides.row == width)
                     and (dy is None or job.dy_strides.row == width))
    if not g.planes:
        job.x_strides.row *= g.fold
        job.out_strides.row *= g.fold
        job.dy_strides.row *= g.fold
    job.last.planes, job.last.pitch = g.planes, g.width
    if not job.reduces and g.planes and (g.pieces == 1 or g.rows * g.channels >= 8 * n_threads):
        # One pass, in which no tile sums anything: strictly in the order of memory.  (Large planes
        # are left whole only where they are many enough to share out evenly.)
        g.block_width = min(MAX_SPAN, g.rows * g.channels // n_threads) if g.pieces == 1 else 1
        g.block_width = max(g.block_width, 1)
        g.pieces, g.tile_cols, g.tile_rows, g.tiles = 1, g.cols, 1, g.rows
        g.blocks = (g.channels + g.block_width - 1) // g.block_width
    n_threads = <int>min(<Py_ssize_t>n_threads, g.blocks * g.tiles)
    job.slots = min(g.tiles, 2) if by_block(job, n_threads) else g.tiles
    sums = g.blocks * job.slots * 2 * g.block_width if job.reduces else 0
    origins = n + g.width if is_double else 0
    job.weight = <double *>malloc((7 * n + origins + sums + COEFFICIENTS * g.width) * sizeof(double))
    if job.weight == NULL:
        raise MemoryError("batch_norm: no memory for the sums of a "
                          f"{'x'.join(map(str, (<object>x).shape))} input")
    job.bias, job.mean, job.var = job.weight + n, job.weight + 2 * n, job.weight + 3 * n
    job.invstd, job.total, job.work = job.weight + 4 * n, job.weight + 5 * n, job.weight + 6 * n
    job.rest, job.origin = job.weight + 7 * n, job.weight + 8 * n
    job.sums, job.coef = job.weight + 7 * n + origins, job.weight + 7 * n + origins + sums
    load(job.weight, weight, 1, n)
    load(job.bias, bias, 0, n)
    load(job.mean, mean, 0, n)
    load(job.var, var, 1, n)
    load(job.invstd, invstd, 1, n)
    job.streams = ((2 if dy is None else 3) * cnp.PyArray_NBYTES(x)
                   > (1 if job.reduces else ONE_PASS) * LAST_CACHE)
    gil = release_gil(cnp.PyArray_SIZE(x))
    if is_double:
        walk(job, <const double *>job.x, n_threads)
    else:
        walk(job, <const float *>job.x, n_threads)
    regain_gil(gil)
    if target is not out:
        np.copyto(out, target)
    return 0


cdef void blend(ndarray running, double *batch, double factor, Job *job) noexcept:
    """running = (1 - momentum) * running + momentum * batch * factor; `batch` is spent."""
    cdef Py_ssize_t k, n = job.grid.channels
    if running is None:
        return
    load(job.work, running, 0, n)
    for k in range(n):
        batch[k] = (1 - job.momentum) * job.work[k] + job.momentum * factor * batch[k]
    store(running, batch, n)


cpdef int batch_norm_forward(ndarray out, ndarray mean, ndarray invstd, ndarray x, ndarray weight,
                             ndarray bias, ndarray running_mean, ndarray running_var,
                             double momentum, double eps, bint rectify, int n_threads) except -1:
    """Normalise `x` with its own statistics and move the running ones towards them.

    `out` and `x` are (N, C, *spatial), float32 or float64, laid out in any way; `mean` and
    `invstd` are (C,) and best float64, for backward to start from.  `weight` and `bias` may be
    None, and so may `running_mean` and `running_var`, which change in place: each becomes
    (1 - momentum) * itself + momentum * the batch's, the variance being the unbiased one.
    With `rectify`, negative results become 0: a ReLU that takes no further pass over memory.
    An empty `x` changes nothing.
    """
    cdef Job job
    cdef Py_ssize_t k, n = cnp.PyArray_DIM(x, 1)
    if cnp.PyArray_SIZE(x) == 0:
        return 0
    job.backward, job.reduces, job.momentum, job.eps = False, True, momentum, eps
    job.last.slopes, job.last.low = False, 0 if rectify else -INFINITY
    run(&job, out, None, x, weight, bias, None, None, None, n_threads)
    for k in range(n):
        if job.mean[k] != job.mean[k]:      # of deviations from infinity; a plain sum is inf
            with np.errstate(invalid="ignore"):
                job.mean[k] = np.sum(x[:, k], dtype=np.float64)
    store(mean, job.mean, n)
    store(invstd, job.invstd, n)
    blend(running_mean, job.mean, 1, &job)
    blend(running_var, job.var, job.grid.count / (job.grid.count - 1.0), &job)
    free(job.weight)
    return 0


cpdef int batch_norm_eval(ndarray out, ndarray x, ndarray weight, ndarray bias, ndarray mean,
                          ndarray var, double eps, bint rectify, int n_threads) except -1:
    """Normalise `x` with the given statistics: those of batch_norm_forward, kept over batches.

    `rectify` as in batch_norm_forward.
    """
    cdef Job job
    if cnp.PyArray_SIZE(x) == 0:
        return 0
    job.backward, job.reduces, job.eps = False, False, eps
    job.last.slopes, job.last.low = False, 0 if rectify else -INFINITY
    run(&job, out, None, x, weight, bias, mean, var, None, n_threads)
    free(job.weight)
    return 0


cpdef int batch_norm_coefficients(ndarray coefficients, ndarray weight, ndarray bias, ndarray mean,
                                  ndarray var, double eps) except -1:
    """What batch_norm_eval computes with, for kernels that do it on the way: (3, C), of x's type.

    The rows are hi, scale and shift: see `finish_forward`, and plane_affine in batch_norm_tiles.
    """
    cdef Job job
    cdef Py_ssize_t n = cnp.PyArray_DIM(coefficients, 1)
    job.grid.channels = job.grid.width = n
    job.grid.group = job.grid.fold = 1
    job.reduces, job.eps = False, eps
    job.weight = <double *>malloc((6 * n + 1) * sizeof(double))
    if job.weight == NULL:
        raise MemoryError(f"batch_norm: no memory for {6 * n} numbers")
    job.bias, job.mean, job.var = job.weight + n, job.weight + 2 * n, job.weight + 3 * n
    job.invstd, job.work = job.weight + 4 * n, job.weight + 5 * n
    load(job.weight, weight, 1, n)
    load(job.bias, bias, 0, n)
    load(job.mean, mean, 0, n)
    load(job.var, var, 1, n)
    if cnp.PyArray_TYPE(coefficients) == cnp.NPY_FLOAT64:
        finish_forward(&job, <double *>cnp.PyArray_DATA(coefficients), 0, n)
    else:
        finish_forward(&job, <float *>cnp.PyArray_DATA(coefficients), 0, n)
    free(job.weight)
    return 0


cpdef int batch_norm_backward(ndarray dx, ndarray dweight, ndarray dbias, ndarray dy, ndarray x,
                              ndarray weight, ndarray mean, ndarray invstd, bint training,
                              int n_threads) except -1:
    """Gradients of batch norm; any of the three outputs may be None, and is then not computed.

    `dx` may be `dy`, and is then written over it, which is faster: its memory is in the cache.

    `mean` and `invstd` are those that normalised `x`: in training, what batch_norm_forward
    returned (they depend on `x`); else constants, and dx is just dy * weight * invstd.
    An empty `x` changes nothing.
    """
    cdef Job job
    cdef Py_ssize_t n = cnp.PyArray_DIM(x, 1)
    if cnp.PyArray_SIZE(x) == 0:
        return 0
    job.backward, job.last.slopes, job.last.low = True, training, -INFINITY
    job.reduces = (training and dx is not None) or dweight is not None or dbias is not None
    run(&job, dx, dy, x, weight, None, mean, None, invstd, n_threads)
    store(dweight, job.var, n)
    store(dbias, job.total, n)
    free(job.weight)
    return 0
