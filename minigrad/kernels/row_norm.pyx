"""Layer and group norm: every row normalised, then scaled and shifted by channel.

    forward   y = xhat * w + b                  xhat = (x - mean) * invstd, of each row
    backward  dx = (gw - mean(gw) - xhat * mean(gw * xhat)) * invstd          gw = g * w
              db = sum(g), dw = sum(g * xhat)   for each channel, over the rows

An array is read as (samples, groups, channels, inner), and a row is what one group of a sample has:
all the features of layer norm (one group, each feature a channel, inner 1), or some channels of
some pixels.  A row is read while it is in cache: for its mean, its variance, and what it becomes.

Sums along a row are doubles.  Sums over rows are first made of BLOCK rows each, in the array's own
type, and those of the blocks added in their order, as doubles; a block belongs to one thread, so
that the number of threads does not alter a bit.  The mean is subtracted in two parts, its rounded
value and the rest, so that rows far from 0 keep their digits; of doubles, too.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.math cimport sqrt
from libc.stdlib cimport calloc, free
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.rows cimport VAR, reduce_row, row_squares
from minigrad.kernels.tasks cimport TASK, Run, Tasks, next_run, share_out

cnp.import_array()

cdef enum:
    BLOCK = 64          # rows
    LANES = 16          # sums side by side
    PIECE = 4096        # elements of a row that are added up before the next begin


cdef struct Shape:
    Py_ssize_t rows, groups, channels, inner


cdef inline void normalise(
    floating* y, const floating* x, floating mean, floating rest, floating scale, Py_ssize_t n
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        y[i] = (x[i] - mean - rest) * scale


cdef void forward_row(
    floating* y, double* mean, double* invstd, const floating* x, const floating* w,
    const floating* b, double eps, Shape s
) noexcept nogil:
    """``w`` and ``b``: of the row's channels, or NULL."""
    cdef Py_ssize_t c, i, n = s.channels * s.inner
    cdef floating rough, rest, scale, factor, shift
    cdef double first = reduce_row(VAR, x, n) / n, off     # (in all its digits)
    invstd[0] = 1 / sqrt(row_squares(x, n, first, &off) / n + eps)
    mean[0] = first + off
    mean[s.rows] = off - (mean[0] - first)
    rough, scale = <floating>mean[0], <floating>invstd[0]
    rest = <floating>(mean[0] - rough + mean[s.rows])
    if w == NULL:
        normalise(y, x, rough, rest, scale, n)
    elif s.inner == 1 and b == NULL:
        for i in range(n):
            y[i] = (x[i] - rough - rest) * scale * w[i]
    elif s.inner == 1:
        for i in range(n):
            y[i] = (x[i] - rough - rest) * scale * w[i] + b[i]
    else:
        for c in range(s.channels):
            factor, shift = w[c] * scale, b[c] if b != NULL else 0
            for i in range(s.inner):
                y[i] = (x[i] - rough - rest) * factor + shift
            x += s.inner
            y += s.inner


cdef void forward_all(
    floating* y, double* mean, double* invstd, const floating* x, const floating* w,
    const floating* b, double eps, Shape s, int n_threads
) noexcept nogil:
    cdef Py_ssize_t r, at, n = s.channels * s.inner
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if n_threads == 1:
        for r in range(s.rows):
            at = r % s.groups * s.channels
            forward_row(y + r * n, mean + r, invstd + r, x + r * n, w + at if w != NULL else NULL,
                        b + at if b != NULL else NULL, eps, s)
        return
    share_out(&tasks, s.rows, n, n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for r in range(run.first, run.last):
                at = r % s.groups * s.channels
                forward_row(y + r * n, mean + r, invstd + r, x + r * n,
                            w + at if w != NULL else NULL, b + at if b != NULL else NULL, eps, s)
            run = next_run(&tasks, thread)


# ---------------------------------------------------------------- backward

cdef inline double folded(double* lanes) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(8):
        lanes[j] += lanes[j + 8]
    for j in range(4):
        lanes[j] += lanes[j + 4]
    return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])


cdef inline void weighted_sums(
    double* sums, const floating* g, const floating* x, const floating* w, floating mean,
    floating rest, Py_ssize_t n, bint weighted
) noexcept nogil:
    """``sums`` = the sums of gw and of gw * (x - mean): a double takes what two elements add."""
    cdef double plain[LANES]
    cdef double moved[LANES]
    cdef floating first, second
    cdef Py_ssize_t i, j
    for j in range(LANES):
        plain[j] = 0
        moved[j] = 0
    for i in range(n // (2 * LANES)):
        for j in range(LANES):
            first = g[j] * w[j] if weighted else g[j]
            second = g[j + LANES] * w[j + LANES] if weighted else g[j + LANES]
            plain[j] += first + second
            moved[j] += first * (x[j] - mean - rest) + second * (x[j + LANES] - mean - rest)
        g += 2 * LANES
        x += 2 * LANES
        w += 2 * LANES if weighted else 0
    for i in range(n % (2 * LANES)):
        j = i % LANES
        first = g[i] * w[i] if weighted else g[i]
        plain[j] += first
        moved[j] += first * (x[i] - mean - rest)
    sums[0] = folded(plain)
    sums[1] = folded(moved)


cdef void backward_row(
    floating* dx, floating* dw, floating* db, const floating* g, const floating* x,
    const floating* w, const double* mean, double invstd, Shape s
) noexcept nogil:
    """``dw`` and ``db``: where to add the row's share, or NULL."""
    cdef Py_ssize_t c, i, at, n = s.channels * s.inner
    cdef double total[2]
    cdef double part[2]
    cdef floating rough = <floating>mean[0], scale = <floating>invstd, first, second, factor
    cdef floating rest = <floating>(mean[0] - rough + mean[s.rows])
    total[0] = total[1] = 0
    if w == NULL or s.inner == 1:
        for at from 0 <= at < n by PIECE:       # short sums round less than a long one
            i = min(n - at, <Py_ssize_t>PIECE)
            if w == NULL:
                weighted_sums(part, g + at, x + at, w, rough, rest, i, False)
            else:
                weighted_sums(part, g + at, x + at, w + at, rough, rest, i, True)
            total[0] += part[0]
            total[1] += part[1]
    if s.inner > 1 and (w != NULL or dw != NULL):
        for c in range(s.channels):
            at = c * s.inner
            weighted_sums(part, g + at, x + at, w, rough, rest, s.inner, False)
            if w != NULL:
                total[0] += part[0] * w[c]
                total[1] += part[1] * w[c]
            if dw != NULL:
                db[c] += <floating>part[0]
                dw[c] += <floating>(part[1] * invstd)
    elif dw != NULL:
        for i in range(n):
            db[i] += g[i]
            dw[i] += g[i] * ((x[i] - rough - rest) * scale)
    if dx == NULL:
        return
    first, second = <floating>(total[0] / n), <floating>(total[1] * invstd / n)
    if w == NULL:
        for i in range(n):
            dx[i] = (g[i] - first - (x[i] - rough - rest) * scale * second) * scale
    elif s.inner == 1:
        for i in range(n):
            dx[i] = (g[i] * w[i] - first - (x[i] - rough - rest) * scale * second) * scale
    else:
        for c in range(s.channels):
            factor = w[c]
            for i in range(c * s.inner, (c + 1) * s.inner):
                dx[i] = (g[i] * factor - first - (x[i] - rough - rest) * scale * second) * scale


cdef void backward_block(
    floating* dx, floating* shares, const floating* g, const floating* x, const floating* w,
    const double* mean, const double* invstd, Py_ssize_t block, Shape s
) noexcept nogil:
    """``shares``: the block's own sums for dw and after it db, or NULL."""
    cdef Py_ssize_t r, at, n = s.channels * s.inner, width = s.groups * s.channels
    if shares != NULL:
        shares += 2 * width * block
    for r in range(block * BLOCK, min(s.rows, (block + 1) * BLOCK)):
        at = r % s.groups * s.channels
        backward_row(dx + r * n if dx != NULL else NULL,
                     shares + at if shares != NULL else NULL,
                     shares + width + at if shares != NULL else NULL,
                     g + r * n, x + r * n, w + at if w != NULL else NULL, mean + r, invstd[r], s)


cdef int backward_all(
    floating* dx, floating* dw, floating* db, const floating* g, const floating* x,
    const floating* w, const double* mean, const double* invstd, Shape s, int n_threads
) except -1 nogil:
    cdef Py_ssize_t block, c, blocks = (s.rows + BLOCK - 1) // BLOCK, width = s.groups * s.channels
    cdef floating* shares = NULL
    cdef double total[2]
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if dw != NULL:
        shares = <floating*>calloc(max(2 * width * blocks, 1), sizeof(floating))
        if shares == NULL:
            with gil:
                raise MemoryError
    if n_threads == 1:
        for block in range(blocks):
            backward_block(dx, shares, g, x, w, mean, invstd, block, s)
    else:
        share_out(&tasks, blocks, TASK, n_threads)
        for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
            run = next_run(&tasks, thread)
            while run.first < run.last:
                for block in range(run.first, run.last):
                    backward_block(dx, shares, g, x, w, mean, invstd, block, s)
                run = next_run(&tasks, thread)
    if dw != NULL:
        for c in range(width):
            total[0] = total[1] = 0
            for block in range(blocks):
                total[0] += shares[2 * width * block + c]
                total[1] += shares[2 * width * block + width + c]
            dw[c] = <floating>total[0]
            db[c] = <floating>total[1]
        free(shares)
    return 0


cdef inline void* data(ndarray array):
    return NULL if array is None else cnp.PyArray_DATA(array)


cpdef int row_norm_forward(
    ndarray out, ndarray mean, ndarray invstd, ndarray x, ndarray weight, ndarray bias, double eps,
    Py_ssize_t samples, Py_ssize_t groups, Py_ssize_t channels, Py_ssize_t inner, int n_threads
) except -1:
    """Normalise the rows, by the biased variance; ``mean`` and ``invstd`` are for the backward."""
    cdef Shape s = Shape(samples * groups, groups, channels, inner)
    cdef double* m = <double*>data(mean)
    cdef double* k = <double*>data(invstd)
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        forward_all(<float*>data(out), m, k, <const float*>data(x), <const float*>data(weight),
                    <const float*>data(bias), eps, s, n_threads)
    else:
        forward_all(<double*>data(out), m, k, <const double*>data(x), <const double*>data(weight),
                    <const double*>data(bias), eps, s, n_threads)
    return 0


cpdef int row_norm_backward(
    ndarray dx, ndarray dweight, ndarray dbias, ndarray g, ndarray x, ndarray weight, ndarray mean,
    ndarray invstd, Py_ssize_t samples, Py_ssize_t groups, Py_ssize_t channels, Py_ssize_t inner,
    int n_threads
) except -1:
    """The gradients from that of the output, ``g``; any of them may be None."""
    cdef Shape s = Shape(samples * groups, groups, channels, inner)
    cdef const double* m = <const double*>data(mean)
    cdef const double* k = <const double*>data(invstd)
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        backward_all(<float*>data(dx), <float*>data(dweight), <float*>data(dbias),
                     <const float*>data(g), <const float*>data(x), <const float*>data(weight), m, k,
                     s, n_threads)
    else:
        backward_all(<double*>data(dx), <double*>data(dweight), <double*>data(dbias),
                     <const double*>data(g), <const double*>data(x), <const double*>data(weight), m,
                     k, s, n_threads)
    return 0
