# What softmax.pyx and cross_entropy.pyx share: an array (outer, n, inner) of n classes as blocks
# of samples, and the maxima and sums over the classes of a block's samples.
#
# The samples (outer * inner of them) are cut into blocks that a thread takes as a whole: some
# whole rows where the classes are contiguous (inner is 1), else up to SAMPLES neighbouring
# columns, of which every class is a contiguous run, so that either way the loops vectorise.
# Sums are doubles.

from cython cimport floating
from libc.math cimport INFINITY

from minigrad.kernels.reduce cimport MAX, SUM
from minigrad.kernels.rows cimport reduce_row, row_dot
from minigrad.kernels.vmath cimport exp_below, exp_negative

cdef enum:
    SAMPLES = 256       # samples of a block at most
    BLOCK = 4096        # elements of a block, about: few, for threads to share them evenly
    SHORT = 32          # rows up to this long are added one by one
    MIDDLING = 256      # and up to this long in few lanes, which are quickly added up
    LANES = 16
    SOME = 16           # classes of a column added up before a double takes their sum
    SCRATCH = 1024      # elements of exp kept at a time where nobody wants them


cdef struct Cut:
    # How (outer, n, inner) is cut into blocks of samples
    Py_ssize_t outer, n, inner
    Py_ssize_t samples          # of a block
    Py_ssize_t per_outer        # blocks of one outer index, where inner > 1
    Py_ssize_t blocks


cdef struct Block:
    Py_ssize_t first            # number of its first sample
    Py_ssize_t samples
    Py_ssize_t base             # of its first element
    Py_ssize_t sample_stride, class_stride


cdef inline Cut cut_samples(Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner) noexcept:
    cdef Cut cut
    cut.outer, cut.n, cut.inner = outer, n, inner
    cut.samples = max(<Py_ssize_t>1, min(<Py_ssize_t>SAMPLES, BLOCK // max(<Py_ssize_t>1, n)))
    if inner == 1:
        cut.per_outer = 1
        cut.blocks = (outer + cut.samples - 1) // cut.samples
    else:
        cut.samples = max(cut.samples, <Py_ssize_t>16)      # a cache line of each class
        cut.per_outer = (inner + cut.samples - 1) // cut.samples
        cut.blocks = outer * cut.per_outer
    return cut


cdef inline Py_ssize_t block_work(const Cut* cut) noexcept nogil:
    """How many numbers are in a block, at most."""
    return cut.n * (cut.samples if cut.inner == 1 else min(cut.samples, cut.inner))


cdef inline Block block_at(const Cut* cut, Py_ssize_t number) noexcept nogil:
    cdef Block block
    cdef Py_ssize_t outer, column
    if cut.inner == 1:
        block.first = number * cut.samples
        block.samples = min(cut.samples, cut.outer - block.first)
        block.base = block.first * cut.n
        block.sample_stride, block.class_stride = cut.n, 1
    else:
        outer = number // cut.per_outer
        column = number % cut.per_outer * cut.samples
        block.first = outer * cut.inner + column
        block.samples = min(cut.samples, cut.inner - column)
        block.base = outer * cut.n * cut.inner + column
        block.sample_stride, block.class_stride = 1, cut.inner
    return block


# ---------------------------------------------------------------------------------------------
# Sums and maxima: of a row, and of the columns of a block

cdef inline floating largest_of(const floating* x, Py_ssize_t n) noexcept nogil:
    # NaNs aside: the exponentials carry them
    cdef floating result = -INFINITY, lanes[LANES]
    cdef Py_ssize_t i, j, whole = n // LANES * LANES
    if n > MIDDLING:
        return <floating>reduce_row(MAX, x, n)
    if n > SHORT:
        for j in range(LANES):
            lanes[j] = x[j]
        for i from LANES <= i < whole by LANES:
            for j in range(LANES):
                lanes[j] = x[i + j] if x[i + j] > lanes[j] else lanes[j]
        for j in range(8):
            lanes[j] = lanes[j + 8] if lanes[j + 8] > lanes[j] else lanes[j]
        for j in range(8):
            result = lanes[j] if lanes[j] > result else result
        x += whole
        n -= whole
    for i in range(n):
        result = x[i] if x[i] > result else result
    return result


cdef inline double sum_of(const floating* x, Py_ssize_t n) noexcept nogil:
    cdef double total = 0, lanes[LANES]
    cdef Py_ssize_t i, j, whole = n // LANES * LANES
    if n > MIDDLING:
        return reduce_row(SUM, x, n)
    if n > SHORT:
        for j in range(LANES):
            lanes[j] = x[j]
        for i from LANES <= i < whole by LANES:
            for j in range(LANES):
                lanes[j] += x[i + j]
        for j in range(n - whole):
            lanes[j] += x[whole + j]
        for j in range(8):
            lanes[j] += lanes[j + 8]
        for j in range(4):
            lanes[j] += lanes[j + 4]
        return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])
    for i in range(n):
        total += x[i]
    return total


cdef inline double dot_of(const floating* x, const floating* y, Py_ssize_t n) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t i
    if n > SHORT:
        return row_dot(x, y, n)
    for i in range(n):
        total += <double>x[i] * y[i]
    return total


cdef inline void maxima(
    const floating* x, const Block* block, Py_ssize_t n, floating* out
) noexcept nogil:
    """Each sample's largest element."""
    cdef Py_ssize_t c, s
    if block.class_stride == 1:
        for s in range(block.samples):
            out[s] = largest_of(x + s * n, n)
        return
    for s in range(block.samples):
        out[s] = -INFINITY
    for c in range(n):
        for s in range(block.samples):
            out[s] = x[s] if x[s] > out[s] else out[s]
        x += block.class_stride


cdef inline void exponential_sums(
    floating* exps, const floating* x, const floating* maxima, const Block* block, Py_ssize_t n,
    double* out
) noexcept nogil:
    """Each sample's sum of exp(x - max); the exponentials themselves to ``exps`` unless NULL."""
    cdef floating scratch[SCRATCH]
    cdef floating partial[SAMPLES]
    cdef floating shift
    cdef Py_ssize_t c, s, i, count, rows
    cdef floating* target = exps
    if block.class_stride == 1 and 0 < n <= SCRATCH // 4:   # several rows fill the vectors
        rows = SCRATCH // n
        for s in range(block.samples):
            if s % rows == 0:
                count = min(rows, block.samples - s) * n
                if exps == NULL:
                    target = scratch
                else:
                    target = exps + s * n
                for i in range(count // n):
                    for c in range(n):
                        if floating is double:
                            target[i * n + c] = exp_below(x[(s + i) * n + c], maxima[s + i])
                        else:
                            target[i * n + c] = x[(s + i) * n + c] - maxima[s + i]
                if floating is float:
                    for i in range(count):
                        target[i] = exp_negative(target[i])
            out[s] = sum_of(target + s % rows * n, n)
        return
    if block.class_stride == 1:
        for s in range(block.samples):
            out[s] = c = 0
            shift = maxima[s]
            while c < n:
                count = min(n - c, <Py_ssize_t>SCRATCH)
                if exps == NULL:
                    target = scratch
                else:
                    target = exps + s * n + c
                for i in range(count):
                    target[i] = exp_below(x[s * n + c + i], shift)
                out[s] += sum_of(target, count)
                c += SCRATCH
        return
    for s in range(block.samples):
        out[s] = partial[s] = 0
    for c in range(n):
        if exps == NULL:
            target = scratch
        for s in range(block.samples):
            target[s] = exp_below(x[s], maxima[s])
            partial[s] += target[s]
        if c % SOME == SOME - 1 or c == n - 1:
            for s in range(block.samples):
                out[s] += partial[s]
                partial[s] = 0
        x += block.class_stride
        target += block.class_stride


cdef inline void dots(
    const floating* x, const floating* y, const Block* block, Py_ssize_t n, double* out
) noexcept nogil:
    """Each sample's sum of x * y, or of x where ``y`` is NULL."""
    cdef Py_ssize_t c, s
    if block.class_stride == 1:
        for s in range(block.samples):
            if y == NULL:
                out[s] = sum_of(x + s * n, n)
            else:
                out[s] = dot_of(x + s * n, y + s * n, n)
        return
    for s in range(block.samples):
        out[s] = 0
    for c in range(n):
        if y == NULL:
            for s in range(block.samples):
                out[s] += x[s]
        else:
            for s in range(block.samples):
                out[s] += <double>x[s] * y[s]
            y += block.class_stride
        x += block.class_stride
