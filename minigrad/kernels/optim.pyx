# distutils: extra_compile_args = -ffp-contract=off
"""Optimizer steps: one call updates every parameter of a group.

A step is elementwise, so the parameters of a group are one long run of elements, cut into one
contiguous part per thread wherever the cuts fall.  ``collect`` turns the lists of arrays into a
table of flat memory, ``run`` walks the table, and each optimizer is one loop over a slice of one
parameter: ``sgd_loop``, ``adam_loop``, ``rmsprop_loop``.

The order of operations is that of PyTorch's single-tensor optimizers.  Multiplications and
additions are rounded one by one (``-ffp-contract=off``; the loops wait for memory anyway), so the
results are the same bits on every instruction set and equal those of the NumPy twin.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.math cimport INFINITY, fabs, pow, sqrt, sqrtf
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.openmp cimport regain_gil, release_gil

import numpy as np

cnp.import_array()

cdef enum:
    BLOCK = 256     # elements of scratch in rmsprop_loop: a few kilobytes of L1 cache
    LANES = 16      # running sums in power_sum: independent, so that they vectorise
    TILE = 16384    # elements per partial norm; fixed, so that threads do not alter the result

cdef struct Leaf:
    # One parameter and what belongs to it (gradient, state), as flat memory in one order.
    void* data[5]
    Py_ssize_t size
    Py_ssize_t offset       # of its first element among all parameters of the call
    bint is_double
    bint first              # SGD: the momentum buffer holds nothing yet
    double step_size        # Adam: lr / (1 - beta1^t)
    double denom_scale      # Adam: 1 / sqrt(1 - beta2^t)

cdef struct Rule:
    # What a loop needs to know besides the arrays.
    double lr, momentum, dampening, weight_decay, beta1, beta2, eps, shrink, sign
    bint nesterov

cdef Rule NO_RULE       # all zeros

ctypedef void (*Update)(
    Leaf* leaf, const Rule* rule, Py_ssize_t start, Py_ssize_t n
) noexcept nogil


cdef Leaf* collect(tuple columns, list copies) except NULL:
    """Return the table of ``columns`` (lists of arrays of equal length, or None); free() it.

    Column 0 gives the dtype.  Arrays that are not flat memory of that dtype in one common order
    are replaced by copies, listed as (array, copy) in ``copies``; half precision is computed in
    float32.  ``write_back`` puts the results where they belong.
    """
    cdef list first = columns[0], column
    cdef Py_ssize_t i, k, offset = 0, n = len(first), n_columns = len(columns)
    cdef int flags, type_num
    cdef bint same_type
    cdef ndarray array
    cdef Leaf* leaf
    cdef Leaf* leaves = <Leaf*>calloc(n + 1, sizeof(Leaf))
    if leaves is NULL:
        raise MemoryError()
    try:
        for i in range(n):
            leaf = &leaves[i]
            array = first[i]
            type_num = cnp.PyArray_TYPE(array)
            leaf.size = cnp.PyArray_SIZE(array)
            leaf.offset = offset
            leaf.is_double = type_num == cnp.NPY_FLOAT64
            offset += leaf.size
            same_type = leaf.is_double or type_num == cnp.NPY_FLOAT32
            flags = cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_F_CONTIGUOUS | cnp.NPY_ARRAY_ALIGNED
            for k in range(n_columns):
                if columns[k] is not None:
                    column = columns[k]
                    array = column[i]
                    flags &= cnp.PyArray_FLAGS(array)
                    same_type = same_type and cnp.PyArray_TYPE(array) == type_num
                    leaf.data[k] = cnp.PyArray_DATA(array)
            if not (
                same_type and flags & cnp.NPY_ARRAY_ALIGNED
                and flags & (cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_F_CONTIGUOUS)
            ):
                for k in range(n_columns):
                    if columns[k] is not None:
                        column = columns[k]
                        array = np.array(
                            column[i], np.float64 if leaf.is_double else np.float32, order="C"
                        )
                        copies.append((k, column[i], array))
                        leaf.data[k] = cnp.PyArray_DATA(array)
        leaves[n].offset = offset
    except BaseException:
        free(leaves)
        raise
    return leaves


cdef int write_back(list copies, int read_only) except -1:
    """Copy what ``collect`` had to replace back into its arrays, but for column ``read_only``."""
    for column, array, copy in copies:
        if column != read_only:
            array[...] = copy
    return 0


cdef void run_part(
    Leaf* leaves, Py_ssize_t n, Update update, const Rule* rule, Py_ssize_t begin, Py_ssize_t end
) noexcept nogil:
    """Update the elements ``begin`` to ``end``, counted over all parameters."""
    cdef Py_ssize_t i, start, stop
    for i in range(n):
        start = max(begin - leaves[i].offset, 0)
        stop = min(end - leaves[i].offset, leaves[i].size)
        if start < stop:
            update(&leaves[i], rule, start, stop - start)


cdef void run(
    Leaf* leaves, Py_ssize_t n, Update update, const Rule* rule, int n_threads
) noexcept nogil:
    """Update everything, one contiguous part of the elements per thread."""
    cdef Py_ssize_t total = leaves[n].offset
    cdef int part
    if n_threads == 1:
        run_part(leaves, n, update, rule, 0, total)
        return
    for part in prange(n_threads, num_threads=n_threads, schedule="static"):
        run_part(
            leaves, n, update, rule, total * part // n_threads, total * (part + 1) // n_threads
        )


cdef int step(
    tuple columns, Leaf* leaves, list copies, Update update, Rule rule, int n_threads
) except -1:
    """Run ``update`` over the collected ``columns`` (of which 1 holds gradients), clean up."""
    cdef Py_ssize_t n = len(<list>columns[0])
    gil = release_gil(leaves[n].offset)
    run(leaves, n, update, &rule, n_threads)
    regain_gil(gil)
    free(leaves)
    return write_back(copies, 1)


cpdef int count_steps(list steps) except -1:
    """Add one to each of the 0-d arrays that count the steps of a parameter."""
    cdef ndarray count
    for count in steps:
        if cnp.PyArray_TYPE(count) == cnp.NPY_FLOAT32:
            (<float*>cnp.PyArray_DATA(count))[0] += 1
        else:
            count += 1
    return 0


cdef void sgd_loop(
    floating* p, const floating* g, floating* buf, const Rule* rule, bint first, Py_ssize_t n
) noexcept nogil:
    cdef floating lr = rule.lr, mu = rule.momentum, fresh = 1 - rule.dampening, sign = rule.sign
    cdef floating decay = rule.weight_decay, d, b
    cdef bint nesterov = rule.nesterov
    cdef Py_ssize_t i
    if buf is NULL:
        for i in range(n):
            d = sign * g[i]
            d = d + decay * p[i] if decay != 0 else d
            p[i] = p[i] - lr * d
        return
    for i in range(n):
        d = sign * g[i]
        d = d + decay * p[i] if decay != 0 else d
        b = buf[i]
        b = d if first else mu * b + fresh * d
        buf[i] = b
        d = d + mu * b if nesterov else b
        p[i] = p[i] - lr * d


cdef void sgd_update(
    Leaf* leaf, const Rule* rule, Py_ssize_t start, Py_ssize_t n
) noexcept nogil:
    cdef void** a = leaf.data
    if leaf.is_double:
        sgd_loop(
            <double*>a[0] + start, <double*>a[1] + start,
            <double*>a[2] + start if a[2] else <double*>NULL, rule, leaf.first, n,
        )
    else:
        sgd_loop(
            <float*>a[0] + start, <float*>a[1] + start,
            <float*>a[2] + start if a[2] else <float*>NULL, rule, leaf.first, n,
        )


cpdef int sgd_step(
    list params, list grads, list momentum_buffers, list first_steps, double lr, double momentum,
    double dampening, double weight_decay, bint nesterov, bint maximize, int n_threads,
) except -1:
    """One step of stochastic gradient descent.

    Without momentum, ``momentum_buffers`` and ``first_steps`` are None.  With it, a parameter
    whose ``first_steps`` is true gets its gradient as buffer, as PyTorch does.
    """
    cdef list copies = []
    cdef tuple columns = (params, grads, momentum_buffers)
    cdef Leaf* leaves = collect(columns, copies)
    cdef Py_ssize_t i
    cdef Rule rule = NO_RULE
    rule.lr, rule.momentum, rule.dampening, rule.weight_decay = (
        lr, momentum, dampening, weight_decay
    )
    rule.nesterov, rule.sign = nesterov, -1 if maximize else 1
    if first_steps is not None:
        for i in range(len(params)):
            leaves[i].first = first_steps[i]
    return step(columns, leaves, copies, sgd_update, rule, n_threads)


cdef inline floating root(floating x) noexcept nogil:
    if floating is float:
        return sqrtf(x)
    else:
        return sqrt(x)


cdef inline floating lerp(floating a, floating b, floating weight) noexcept nogil:
    """``a + weight * (b - a)``, computed from the nearer end."""
    return a + weight * (b - a) if weight < 0.5 else b - (b - a) * (<floating>1 - weight)


cdef void adam_loop(
    floating* p, const floating* g, floating* m, floating* v, floating* v_max,
    const Rule* rule, floating step_size, floating denom_scale, Py_ssize_t n,
) noexcept nogil:
    cdef floating w1 = 1 - rule.beta1, beta2 = rule.beta2, w2 = 1 - rule.beta2, eps = rule.eps
    cdef floating decay = rule.weight_decay, shrink = rule.shrink, sign = rule.sign, d, x, u
    cdef Py_ssize_t i
    if v_max is NULL:
        for i in range(n):
            d = sign * g[i]
            d = d + decay * p[i] if decay != 0 else d
            x = lerp(m[i], d, w1)
            u = beta2 * v[i] + w2 * d * d
            m[i] = x
            v[i] = u
            p[i] = shrink * p[i] - step_size * x / (root(u) * denom_scale + eps)
        return
    for i in range(n):
        d = sign * g[i]
        d = d + decay * p[i] if decay != 0 else d
        x = lerp(m[i], d, w1)
        u = beta2 * v[i] + w2 * d * d
        m[i] = x
        v[i] = u
        d = v_max[i]
        u = d if d > u else u  # a NaN in v stays, and is in v from then on
        v_max[i] = u
        p[i] = shrink * p[i] - step_size * x / (root(u) * denom_scale + eps)


cdef void adam_update(
    Leaf* leaf, const Rule* rule, Py_ssize_t start, Py_ssize_t n
) noexcept nogil:
    cdef void** a = leaf.data
    if leaf.is_double:
        adam_loop(
            <double*>a[0] + start, <double*>a[1] + start, <double*>a[2] + start,
            <double*>a[3] + start, <double*>a[4] + start if a[4] else <double*>NULL,
            rule, leaf.step_size, leaf.denom_scale, n,
        )
    else:
        adam_loop(
            <float*>a[0] + start, <float*>a[1] + start, <float*>a[2] + start,
            <float*>a[3] + start, <float*>a[4] + start if a[4] else <float*>NULL,
            rule, <float>leaf.step_size, <float>leaf.denom_scale, n,
        )


cpdef int adam_step(
    list params, list grads, list exp_avgs, list exp_avg_sqs, list max_exp_avg_sqs, list steps,
    double lr, double beta1, double beta2, double eps, double weight_decay, bint decoupled,
    bint maximize, int n_threads,
) except -1:
    """One step of Adam, of AdamW if ``decoupled``, with AMSGrad unless ``max_exp_avg_sqs`` is None.

    ``steps`` holds a 0-d array per parameter: the number of this step, from 1.
    """
    cdef list copies = []
    cdef tuple columns = (params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs)
    cdef Leaf* leaves = collect(columns, copies)
    cdef Py_ssize_t i
    cdef double t, last_t = 0, step_size = 0, denom_scale = 0
    cdef ndarray count
    cdef Rule rule = NO_RULE
    rule.beta1, rule.beta2, rule.eps, rule.sign = beta1, beta2, eps, -1 if maximize else 1
    rule.weight_decay = 0 if decoupled else weight_decay
    rule.shrink = 1 - lr * weight_decay if decoupled else 1
    for i in range(len(params)):
        count = steps[i]
        if cnp.PyArray_TYPE(count) == cnp.NPY_FLOAT32:
            t = (<float*>cnp.PyArray_DATA(count))[0]
        else:
            t = count.item()
        if t != last_t:  # it seldom does: all parameters have usually made the same steps
            step_size = lr / (1 - pow(beta1, t))
            denom_scale = 1 / sqrt(1 - pow(beta2, t))
            last_t = t
        leaves[i].step_size = step_size
        leaves[i].denom_scale = denom_scale
    return step(columns, leaves, copies, adam_update, rule, n_threads)


cdef void rmsprop_loop(
    floating* p, const floating* g, floating* square_avg, floating* grad_avg, floating* buf,
    const Rule* rule, Py_ssize_t n,
) noexcept nogil:
    cdef floating alpha = rule.beta2, w = 1 - rule.beta2, eps = rule.eps, mu = rule.momentum
    cdef floating lr = rule.lr, decay = rule.weight_decay, sign = rule.sign
    cdef floating d[BLOCK]      # the gradient with weight decay, then the step
    cdef floating u[BLOCK]      # the variance
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = sign * g[i]
        d[i] = d[i] + decay * p[i] if decay != 0 else d[i]
        square_avg[i] = alpha * square_avg[i] + w * d[i] * d[i]
        u[i] = square_avg[i]
    if grad_avg is not NULL:
        for i in range(n):
            grad_avg[i] = lerp(grad_avg[i], d[i], w)
            u[i] = u[i] - grad_avg[i] * grad_avg[i]
    if buf is NULL:
        for i in range(n):
            p[i] = p[i] - lr * d[i] / (root(u[i]) + eps)
    else:
        for i in range(n):
            buf[i] = mu * buf[i] + d[i] / (root(u[i]) + eps)
            p[i] = p[i] - lr * buf[i]


cdef void rmsprop_update(
    Leaf* leaf, const Rule* rule, Py_ssize_t start, Py_ssize_t n
) noexcept nogil:
    cdef void** a = leaf.data
    cdef Py_ssize_t i = start, stop = start + n
    while i < stop:
        n = min(<Py_ssize_t>BLOCK, stop - i)
        if leaf.is_double:
            rmsprop_loop(
                <double*>a[0] + i, <double*>a[1] + i, <double*>a[2] + i,
                <double*>a[3] + i if a[3] else <double*>NULL,
                <double*>a[4] + i if a[4] else <double*>NULL, rule, n,
            )
        else:
            rmsprop_loop(
                <float*>a[0] + i, <float*>a[1] + i, <float*>a[2] + i,
                <float*>a[3] + i if a[3] else <float*>NULL,
                <float*>a[4] + i if a[4] else <float*>NULL, rule, n,
            )
        i += BLOCK


cpdef int rmsprop_step(
    list params, list grads, list square_avgs, list grad_avgs, list momentum_buffers, double lr,
    double alpha, double eps, double weight_decay, double momentum, bint maximize, int n_threads,
) except -1:
    """One step of RMSprop, centered unless ``grad_avgs`` is None.

    Without momentum, ``momentum_buffers`` is None.
    """
    cdef list copies = []
    cdef tuple columns = (params, grads, square_avgs, grad_avgs, momentum_buffers)
    cdef Leaf* leaves = collect(columns, copies)
    cdef Rule rule = NO_RULE
    rule.lr, rule.beta2, rule.eps, rule.sign = lr, alpha, eps, -1 if maximize else 1
    rule.weight_decay, rule.momentum = weight_decay, momentum
    return step(columns, leaves, copies, rmsprop_update, rule, n_threads)


cdef void zero_update(
    Leaf* leaf, const Rule* rule, Py_ssize_t start, Py_ssize_t n
) noexcept nogil:
    cdef Py_ssize_t itemsize = sizeof(double) if leaf.is_double else sizeof(float)
    memset(<char*>leaf.data[0] + start * itemsize, 0, n * itemsize)


cpdef int zero(list arrays, int n_threads) except -1:
    """Fill all arrays with zeros."""
    cdef list copies = []
    cdef tuple columns = (arrays,)
    return step(columns, collect(columns, copies), copies, zero_update, NO_RULE, n_threads)


cdef void scale_loop(floating* a, floating factor, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        a[i] = factor * a[i]


cdef void scale_update(
    Leaf* leaf, const Rule* rule, Py_ssize_t start, Py_ssize_t n
) noexcept nogil:
    if leaf.is_double:
        scale_loop(<double*>leaf.data[0] + start, rule.lr, n)
    else:
        scale_loop(<float*>leaf.data[0] + start, <float>rule.lr, n)


cpdef int scale(list arrays, double factor, int n_threads) except -1:
    """Multiply all arrays by ``factor``."""
    cdef list copies = []
    cdef tuple columns = (arrays,)
    cdef Rule rule = NO_RULE
    rule.lr = factor
    return step(columns, collect(columns, copies), copies, scale_update, rule, n_threads)


cdef double power_sum(const floating* x, double p, Py_ssize_t n) noexcept nogil:
    """The sum of ``|x|^p``, in double; for p = inf the largest ``|x|`` (NaN if there is one)."""
    cdef double lanes[LANES]
    cdef double total = 0, a
    cdef Py_ssize_t i, j, rows = n // LANES
    for j in range(LANES):
        lanes[j] = 0
    if p == 2:
        for i in range(rows):
            for j in range(LANES):
                lanes[j] += <double>x[i * LANES + j] * <double>x[i * LANES + j]
        for i in range(rows * LANES, n):
            lanes[i - rows * LANES] += <double>x[i] * <double>x[i]
    elif p == INFINITY:
        for i in range(n):
            a = fabs(x[i])
            total = a if a > total or a != a else total
        return total
    else:
        for i in range(n):
            lanes[0] += fabs(x[i]) if p == 1 else pow(fabs(x[i]), p)
    for j in range(LANES):
        total += lanes[j]
    return total


cdef double tile_sum(Leaf* leaves, double p, Py_ssize_t tile) noexcept nogil:
    """``power_sum`` of tile number ``tile``; here a leaf's offset counts tiles, not elements."""
    cdef Py_ssize_t i = 0, start, n
    while leaves[i + 1].offset <= tile:
        i += 1
    start = (tile - leaves[i].offset) * TILE
    n = min(<Py_ssize_t>TILE, leaves[i].size - start)
    if leaves[i].is_double:
        return power_sum(<double*>leaves[i].data[0] + start, p, n)
    return power_sum(<float*>leaves[i].data[0] + start, p, n)


cpdef double norm(list arrays, double p, int n_threads) except? -1:
    """The p-norm (``p > 0``, infinity included) of the elements of all arrays together."""
    cdef list copies = []
    cdef tuple columns = (arrays,)
    cdef Leaf* leaves = collect(columns, copies)
    cdef Py_ssize_t i, n_tiles = 0, n = len(arrays)
    cdef double total = 0
    cdef double* sums
    for i in range(n):
        leaves[i].offset = n_tiles
        n_tiles += (leaves[i].size + TILE - 1) // TILE
    leaves[n].offset = n_tiles
    sums = <double*>malloc((n_tiles + 1) * sizeof(double))
    if sums is NULL:
        free(leaves)
        raise MemoryError()
    with nogil:
        if n_threads == 1:
            for i in range(n_tiles):
                sums[i] = tile_sum(leaves, p, i)
        else:
            for i in prange(n_tiles, num_threads=n_threads, schedule="static"):
                sums[i] = tile_sum(leaves, p, i)
        for i in range(n_tiles):
            if p != INFINITY:
                total = total + sums[i]
            elif sums[i] > total or sums[i] != sums[i]:
                total = sums[i]
        free(sums)
        free(leaves)
    if p == INFINITY or p == 1:
        return total
    return sqrt(total) if p == 2 else pow(total, 1 / p)
