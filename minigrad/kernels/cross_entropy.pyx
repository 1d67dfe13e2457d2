"""Cross-entropy of logits and classes, and negative log-likelihood, with their gradients.

    loss = -sum_c q_c w_c y_c                   y = log_softmax(x), or x itself (nll)
    dx_c = g * (exp(y_c) * sum_k q_k w_k - q_c w_c)

q is 1 at the target's class, smoothed; w are the weights of the classes.  One block of samples at
a time (see samples.pxd) finds its maxima, sums of exponentials and losses.  The maximum and the
inverse of that sum are what is kept of a sample, not its softmax: the backward's one more exp is
cheaper than storing and reading that array.  (The logarithm of the sum would do as well, but for
its rounding, which an exp makes larger.)

Sums are doubles; the blocks' shares of the loss are merged in order, and the blocks depend on the
shape alone, so that the number of threads does not alter a bit.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.tasks cimport Run, Tasks, next_run, share_out
from minigrad.kernels.vmath cimport exp_negative, log
from minigrad.kernels.samples cimport (
    SAMPLES, Block, Cut, block_at, block_work, cut_samples, exponential_sums, maxima,
)

cnp.import_array()


cdef struct Criterion:
    # What the loss depends on beside the logits
    const int64_t* target
    const void* weight          # in the logits' dtype, or NULL
    int64_t ignore_index
    double smoothing
    int reduction
    double weight_sum           # over all classes


cdef inline double weight_of(const Criterion* rule, Py_ssize_t c, floating unused) noexcept nogil:
    return 1 if rule.weight == NULL else (<const floating*>rule.weight)[c]


cdef int set_criterion(
    Criterion* rule, ndarray target, ndarray weight, int64_t ignore_index, double smoothing,
    int reduction, Py_ssize_t n
) except -1:
    """Fill ``rule``, and check that every target is a class or ``ignore_index``."""
    cdef Py_ssize_t i, samples = cnp.PyArray_SIZE(target)
    cdef int64_t t
    rule.target = <const int64_t*>cnp.PyArray_DATA(target)
    rule.weight = NULL if weight is None else cnp.PyArray_DATA(weight)
    rule.ignore_index, rule.smoothing, rule.reduction = ignore_index, smoothing, reduction
    rule.weight_sum = n if weight is None else 0
    if weight is not None:
        for i in range(n):
            if cnp.PyArray_TYPE(weight) == cnp.NPY_FLOAT32:
                rule.weight_sum += (<const float*>rule.weight)[i]
            else:
                rule.weight_sum += (<const double*>rule.weight)[i]
    for i in range(samples):
        t = rule.target[i]
        if (t < 0 or t >= n) and t != ignore_index:
            raise IndexError(f"Target {t} is out of bounds: expected a class from 0 to {n - 1}")
    return 0


cdef void loss_block(
    floating* loss, double* partial, floating* stats, const floating* x, const Cut* cut,
    const Criterion* rule, Py_ssize_t number
) noexcept nogil:
    """A block's losses, one a sample or their sum, and the sum of their weights.

    ``stats`` NULL: ``x`` are log-probabilities.
    """
    cdef Block block = block_at(cut, number)
    cdef floating largest[SAMPLES]
    cdef double sums[SAMPLES]
    cdef Py_ssize_t c, s, n = cut.n, count = cut.outer * cut.inner
    cdef const floating* sample
    cdef double value, smooth, total = 0, total_weight = 0, weight
    cdef int64_t t
    x += block.base
    if stats != NULL:
        maxima(x, &block, n, largest)
        exponential_sums(<floating*>NULL, x, largest, &block, n, sums)
        for s in range(block.samples):
            stats[block.first + s] = largest[s]
            stats[count + block.first + s] = <floating>(1 / sums[s])
        for s in range(block.samples):
            sums[s] = log(sums[s])
    for s in range(block.samples):
        t = rule.target[block.first + s]
        value = 0
        if t != rule.ignore_index:
            sample = x + s * block.sample_stride
            weight = weight_of(rule, t, x[0])
            if stats == NULL:
                value = -weight * sample[t * block.class_stride]
            else:
                value = weight * (
                    (<double>largest[s] - sample[t * block.class_stride]) + sums[s])
            if rule.smoothing > 0:
                smooth = 0
                for c in range(n):
                    smooth += weight_of(rule, c, x[0]) * (
                        (<double>largest[s] - sample[c * block.class_stride]) + sums[s])
                value = (1 - rule.smoothing) * value + rule.smoothing / n * smooth
            total_weight += weight
        total += value
        if rule.reduction == NONE:
            loss[block.first + s] = <floating>value
    partial[0], partial[1] = total, total_weight


cdef int loss_all(
    floating* loss, floating* total_weight, floating* stats, const floating* x, Cut cut,
    const Criterion* rule, int n_threads
) except -1:
    cdef double* partial = <double*>malloc(2 * max(<Py_ssize_t>1, cut.blocks) * sizeof(double))
    cdef double total = 0, weight = 0
    cdef Py_ssize_t b
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if partial == NULL:
        raise MemoryError(f"cross_entropy: no memory for {2 * cut.blocks} doubles")
    if n_threads == 1:
        for b in range(cut.blocks):
            loss_block(loss, partial + 2 * b, stats, x, &cut, rule, b)
    else:
        share_out(&tasks, cut.blocks, block_work(&cut), n_threads)
        for thread in prange(n_threads, nogil=True, num_threads=n_threads, schedule="static"):
            run = next_run(&tasks, thread)
            while run.first < run.last:
                for b in range(run.first, run.last):
                    loss_block(loss, partial + 2 * b, stats, x, &cut, rule, b)
                run = next_run(&tasks, thread)
    for b in range(cut.blocks):
        total += partial[2 * b]
        weight += partial[2 * b + 1]
    free(partial)
    total_weight[0] = <floating>weight
    if rule.reduction != NONE:
        loss[0] = <floating>(total / weight if rule.reduction == MEAN else total)
    return 0


cdef void cross_entropy_backward_block(
    floating* dx, const floating* g, const floating* total_weight, const floating* stats,
    const floating* x, const Cut* cut, const Criterion* rule, Py_ssize_t number
) noexcept nogil:
    """dx_c = g * (softmax_c * sum_k q_k w_k - q_c w_c)"""
    cdef Block block = block_at(cut, number)
    cdef const floating* largest = stats + block.first
    cdef const floating* inverse = stats + cut.outer * cut.inner + block.first
    cdef int kept[SAMPLES]              # whether the sample is not an ignored one
    cdef floating scale[SAMPLES]        # g
    cdef floating spread[SAMPLES]       # scale * sum_k q_k w_k, over the sum of the exponentials
    cdef floating smooth = <floating>(rule.smoothing / cut.n), w, shift, share
    cdef Py_ssize_t c, s, n = cut.n
    cdef int64_t t
    x += block.base
    dx += block.base
    for s in range(block.samples):
        t = rule.target[block.first + s]
        kept[s] = t != rule.ignore_index
        scale[s] = spread[s] = 0
        if kept[s]:
            scale[s] = g[block.first + s] if rule.reduction == NONE else g[0]
            if rule.reduction == MEAN:
                scale[s] /= total_weight[0]
            spread[s] = <floating>(inverse[s] * (scale[s] * (
                (1 - rule.smoothing) * weight_of(rule, t, x[0]) + smooth * rule.weight_sum)))
    if block.class_stride == 1:
        for s in range(block.samples):
            shift = largest[s]
            for c in range(n):
                dx[s * n + c] = x[s * n + c] - shift
        for c in range(block.samples * n):      # not row by row: rows may be short
            dx[c] = exp_negative(dx[c])
        for s in range(block.samples):
            if not kept[s]:             # zero even where the logits are not finite
                memset(dx + s * n, 0, n * sizeof(floating))
                continue
            share = spread[s]
            for c in range(n):
                dx[s * n + c] *= share
            if smooth > 0:
                for c in range(n):
                    dx[s * n + c] -= scale[s] * smooth * <floating>weight_of(rule, c, x[0])
    else:
        for c in range(n):
            w = smooth * <floating>weight_of(rule, c, x[0])
            for s in range(block.samples):
                dx[c * block.class_stride + s] = 0 if not kept[s] else (
                    spread[s] * exp_negative(x[c * block.class_stride + s] - largest[s])
                    - scale[s] * w)
    for s in range(block.samples):
        t = rule.target[block.first + s]
        if kept[s]:
            dx[s * block.sample_stride + t * block.class_stride] -= (
                scale[s] * <floating>((1 - rule.smoothing) * weight_of(rule, t, x[0])))


cdef void cross_entropy_backward_all(
    floating* dx, const floating* g, const floating* total_weight, const floating* stats,
    const floating* x, Cut cut, const Criterion* rule, int n_threads
) noexcept nogil:
    cdef Py_ssize_t b
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if n_threads == 1:
        for b in range(cut.blocks):
            cross_entropy_backward_block(dx, g, total_weight, stats, x, &cut, rule, b)
        return
    share_out(&tasks, cut.blocks, block_work(&cut), n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for b in range(run.first, run.last):
                cross_entropy_backward_block(dx, g, total_weight, stats, x, &cut, rule, b)
            run = next_run(&tasks, thread)


cdef void nll_backward_all(
    floating* dx, const floating* g, const floating* total_weight, const Cut* cut,
    const Criterion* rule
) noexcept nogil:
    """Zero but for the targets' elements."""
    cdef Py_ssize_t o, j, s = 0
    cdef int64_t t
    cdef floating value
    memset(dx, 0, cut.outer * cut.n * cut.inner * sizeof(floating))
    for o in range(cut.outer):
        for j in range(cut.inner):
            t = rule.target[s]
            if t != rule.ignore_index:
                value = g[s] if rule.reduction == NONE else g[0]
                if rule.reduction == MEAN:
                    value /= total_weight[0]
                dx[(o * cut.n + t) * cut.inner + j] = -value * <floating>weight_of(rule, t, value)
            s += 1


cpdef int cross_entropy_forward(
    ndarray loss, ndarray total_weight, ndarray stats, ndarray logits, ndarray target,
    ndarray weight, int64_t ignore_index, double label_smoothing, int reduction,
    Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner, int n_threads
) except -1:
    """Cross-entropy of ``logits`` and classes; see cross_entropy.pxd for the arguments."""
    cdef Cut cut = cut_samples(outer, n, inner)
    cdef Criterion rule
    set_criterion(&rule, target, weight, ignore_index, label_smoothing, reduction, n)
    if cnp.PyArray_TYPE(logits) == cnp.NPY_FLOAT32:
        return loss_all[float](
            <float*>cnp.PyArray_DATA(loss), <float*>cnp.PyArray_DATA(total_weight),
            <float*>cnp.PyArray_DATA(stats), <float*>cnp.PyArray_DATA(logits), cut, &rule,
            n_threads)
    return loss_all[double](
        <double*>cnp.PyArray_DATA(loss), <double*>cnp.PyArray_DATA(total_weight),
        <double*>cnp.PyArray_DATA(stats), <double*>cnp.PyArray_DATA(logits), cut, &rule,
        n_threads)


cpdef int cross_entropy_backward(
    ndarray dlogits, ndarray g, ndarray total_weight, ndarray stats, ndarray logits,
    ndarray target, ndarray weight, int64_t ignore_index, double label_smoothing, int reduction,
    Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner, int n_threads
) except -1:
    """The gradient of cross_entropy_forward's logits from that of its loss, ``g``."""
    cdef Cut cut = cut_samples(outer, n, inner)
    cdef Criterion rule
    set_criterion(&rule, target, weight, ignore_index, label_smoothing, reduction, n)
    if cnp.PyArray_TYPE(logits) == cnp.NPY_FLOAT32:
        cross_entropy_backward_all(
            <float*>cnp.PyArray_DATA(dlogits), <const float*>cnp.PyArray_DATA(g),
            <const float*>cnp.PyArray_DATA(total_weight), <const float*>cnp.PyArray_DATA(stats),
            <const float*>cnp.PyArray_DATA(logits), cut, &rule, n_threads)
    else:
        cross_entropy_backward_all(
            <double*>cnp.PyArray_DATA(dlogits), <const double*>cnp.PyArray_DATA(g),
            <const double*>cnp.PyArray_DATA(total_weight),
            <const double*>cnp.PyArray_DATA(stats),
            <const double*>cnp.PyArray_DATA(logits), cut, &rule, n_threads)
    return 0


cpdef int nll_forward(
    ndarray loss, ndarray total_weight, ndarray log_probs, ndarray target, ndarray weight,
    int64_t ignore_index, int reduction, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads
) except -1:
    """The negative log-likelihood of classes, given logarithms of probabilities."""
    cdef Cut cut = cut_samples(outer, n, inner)
    cdef Criterion rule
    set_criterion(&rule, target, weight, ignore_index, 0, reduction, n)
    if cnp.PyArray_TYPE(log_probs) == cnp.NPY_FLOAT32:
        return loss_all[float](
            <float*>cnp.PyArray_DATA(loss), <float*>cnp.PyArray_DATA(total_weight), NULL,
            <float*>cnp.PyArray_DATA(log_probs), cut, &rule, n_threads)
    return loss_all[double](
        <double*>cnp.PyArray_DATA(loss), <double*>cnp.PyArray_DATA(total_weight), NULL,
        <double*>cnp.PyArray_DATA(log_probs), cut, &rule, n_threads)


cpdef int nll_backward(
    ndarray dlog_probs, ndarray g, ndarray total_weight, ndarray target, ndarray weight,
    int64_t ignore_index, int reduction, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads
) except -1:
    """The gradient of nll_forward's log-probabilities from that of its loss, ``g``."""
    cdef Cut cut = cut_samples(outer, n, inner)
    cdef Criterion rule
    set_criterion(&rule, target, weight, ignore_index, 0, reduction, n)
    if cnp.PyArray_TYPE(dlog_probs) == cnp.NPY_FLOAT32:
        nll_backward_all(
            <float*>cnp.PyArray_DATA(dlog_probs), <const float*>cnp.PyArray_DATA(g),
            <const float*>cnp.PyArray_DATA(total_weight), &cut, &rule)
    else:
        nll_backward_all(
            <double*>cnp.PyArray_DATA(dlog_probs), <const double*>cnp.PyArray_DATA(g),
            <const double*>cnp.PyArray_DATA(total_weight), &cut, &rule)
    return 0
