"""Softmax, log-softmax and their gradients, and logsumexp, over the classes of (outer, n, inner).

    softmax      y = exp(x - max) / sum(exp(x - max))       dx = y * (g - sum(g * y))
    log_softmax  y = x - max - log(sum(exp(x - max)))       dx = g - exp(y) * sum(g)

One block of samples at a time (see samples.pxd) goes through all passes while it is in cache: the
maxima, the exponentials and their sums, the results.  A block belongs to one thread, so that the
number of threads does not alter a bit.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.math cimport fma, isinf, logl
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.tasks cimport Run, Tasks, next_run, share_out
from minigrad.kernels.vmath cimport exp
from minigrad.kernels.vmath cimport log as logarithm     # log is an argument here
from minigrad.kernels.samples cimport (
    SAMPLES, Block, Cut, block_at, block_work, cut_samples, dots, exponential_sums, maxima,
)

cnp.import_array()


cdef void softmax_block(
    floating* out, const floating* x, const Cut* cut, Py_ssize_t number, bint log_of
) noexcept nogil:
    cdef Block block = block_at(cut, number)
    cdef floating largest[SAMPLES]
    cdef double sums[SAMPLES]
    cdef floating factor[SAMPLES]
    cdef floating rest[SAMPLES]         # what the factor's rounding lost, of doubles
    cdef floating shift, scale, low
    cdef Py_ssize_t c, s, n = cut.n
    x += block.base
    out += block.base
    maxima(x, &block, n, largest)
    exponential_sums(<floating*>NULL if log_of else out, x, largest, &block, n, sums)
    if log_of:
        for s in range(block.samples):
            factor[s] = <floating>logarithm(sums[s])
    else:
        for s in range(block.samples):
            factor[s] = <floating>(1 / sums[s])
            if floating is double:
                rest[s] = fma(-factor[s], sums[s], 1) / sums[s]
    if block.class_stride == 1:
        for s in range(block.samples):
            shift, scale = largest[s], factor[s]
            if floating is double and not log_of:
                low = rest[s]
                for c in range(n):
                    out[s * n + c] = out[s * n + c] * scale + out[s * n + c] * low
            elif log_of:
                for c in range(n):
                    out[s * n + c] = x[s * n + c] - shift - scale
            else:
                for c in range(n):
                    out[s * n + c] *= scale
        return
    for c in range(n):
        if log_of:
            for s in range(block.samples):
                out[s] = x[s] - largest[s] - factor[s]
        elif floating is double:
            for s in range(block.samples):
                out[s] = out[s] * factor[s] + out[s] * rest[s]
        else:
            for s in range(block.samples):
                out[s] *= factor[s]
        x += block.class_stride
        out += block.class_stride


cdef void softmax_backward_block(
    floating* dx, const floating* g, const floating* y, const Cut* cut, Py_ssize_t number,
    bint log_of
) noexcept nogil:
    """softmax: dx = y * (g - sum(g * y)).  log_softmax: dx = g - exp(y) * sum(g)."""
    cdef Block block = block_at(cut, number)
    cdef double sums[SAMPLES]
    cdef floating total[SAMPLES]
    cdef floating own
    cdef Py_ssize_t c, s, n = cut.n
    g += block.base
    y += block.base
    dx += block.base
    dots(g, <const floating*>NULL if log_of else y, &block, n, sums)
    for s in range(block.samples):
        total[s] = <floating>sums[s]
    if block.class_stride == 1:
        for s in range(block.samples):
            own = total[s]
            if log_of:
                for c in range(n):
                    dx[s * n + c] = g[s * n + c] - exp(y[s * n + c]) * own
            else:
                for c in range(n):
                    dx[s * n + c] = y[s * n + c] * (g[s * n + c] - own)
        return
    for c in range(n):
        if log_of:
            for s in range(block.samples):
                dx[s] = g[s] - exp(y[s]) * total[s]
        else:
            for s in range(block.samples):
                dx[s] = y[s] * (g[s] - total[s])
        g += block.class_stride
        y += block.class_stride
        dx += block.class_stride


cdef void logsumexp_block(
    floating* out, const floating* x, const Cut* cut, Py_ssize_t number
) noexcept nogil:
    cdef Block block = block_at(cut, number)
    cdef floating largest[SAMPLES], shift[SAMPLES]
    cdef double sums[SAMPLES]
    cdef Py_ssize_t s
    maxima(x + block.base, &block, cut.n, largest)
    for s in range(block.samples):
        shift[s] = 0 if isinf(largest[s]) else largest[s]   # inf - inf would be NaN
    exponential_sums(<floating*>NULL, x + block.base, shift, &block, cut.n, sums)
    for s in range(block.samples):
        if floating is double:
            out[block.first + s] = <double>(largest[s] + logl(sums[s]))
        else:
            out[block.first + s] = <floating>(largest[s] + logarithm(sums[s]))


cdef void softmax_all(
    floating* out, const floating* x, Cut cut, bint log_of, int n_threads
) noexcept nogil:
    cdef Py_ssize_t b
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if n_threads == 1:
        for b in range(cut.blocks):
            softmax_block(out, x, &cut, b, log_of)
        return
    share_out(&tasks, cut.blocks, block_work(&cut), n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for b in range(run.first, run.last):
                softmax_block(out, x, &cut, b, log_of)
            run = next_run(&tasks, thread)


cdef void softmax_backward_all(
    floating* dx, const floating* g, const floating* y, Cut cut, bint log_of, int n_threads
) noexcept nogil:
    cdef Py_ssize_t b
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if n_threads == 1:
        for b in range(cut.blocks):
            softmax_backward_block(dx, g, y, &cut, b, log_of)
        return
    share_out(&tasks, cut.blocks, block_work(&cut), n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for b in range(run.first, run.last):
                softmax_backward_block(dx, g, y, &cut, b, log_of)
            run = next_run(&tasks, thread)


cdef void logsumexp_all(
    floating* out, const floating* x, Cut cut, int n_threads
) noexcept nogil:
    cdef Py_ssize_t b
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if n_threads == 1:
        for b in range(cut.blocks):
            logsumexp_block(out, x, &cut, b)
        return
    share_out(&tasks, cut.blocks, block_work(&cut), n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for b in range(run.first, run.last):
                logsumexp_block(out, x, &cut, b)
            run = next_run(&tasks, thread)


cpdef int softmax_forward(
    ndarray out, ndarray x, bint log, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads
) except -1:
    """``out`` = softmax (or its logarithm) of ``x`` over the middle of (outer, n, inner)."""
    cdef Cut cut = cut_samples(outer, n, inner)
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        softmax_all(<float*>cnp.PyArray_DATA(out), <const float*>cnp.PyArray_DATA(x), cut, log,
                    n_threads)
    else:
        softmax_all(<double*>cnp.PyArray_DATA(out), <const double*>cnp.PyArray_DATA(x), cut, log,
                    n_threads)
    return 0


cpdef int softmax_backward(
    ndarray dx, ndarray g, ndarray y, bint log, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads
) except -1:
    """The gradient of softmax_forward's input from its output ``y`` and that one's, ``g``."""
    cdef Cut cut = cut_samples(outer, n, inner)
    if cnp.PyArray_TYPE(y) == cnp.NPY_FLOAT32:
        softmax_backward_all(
            <float*>cnp.PyArray_DATA(dx), <const float*>cnp.PyArray_DATA(g),
            <const float*>cnp.PyArray_DATA(y), cut, log, n_threads)
    else:
        softmax_backward_all(
            <double*>cnp.PyArray_DATA(dx), <const double*>cnp.PyArray_DATA(g),
            <const double*>cnp.PyArray_DATA(y), cut, log, n_threads)
    return 0


cpdef int logsumexp(
    ndarray out, ndarray x, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner, int n_threads
) except -1:
    """``out`` = log(sum(exp(x))) over the middle of (outer, n, inner), without overflow."""
    cdef Cut cut = cut_samples(outer, n, inner)
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        logsumexp_all(<float*>cnp.PyArray_DATA(out), <const float*>cnp.PyArray_DATA(x), cut,
                      n_threads)
    else:
        logsumexp_all(<double*>cnp.PyArray_DATA(out), <const double*>cnp.PyArray_DATA(x), cut,
                      n_threads)
    return 0
