"""Reductions of one contiguous row, for the kernels whose rows are long.

A row is added to ROW accumulators side by side, few enough to stay in registers, which are folded
at the end.  They are doubles, so that a sum of any length keeps float32 accuracy.  Extremes need no
doubles.  Sums, which wait for little but memory, are written in vectors: row_sum.h.
"""

from cython cimport floating
from libc.math cimport isfinite

from minigrad.kernels.reduce cimport MAX, MIN, PROD, SUM
from minigrad.kernels.vmath cimport flat_double, flat_int

cdef extern from "row_sum.h" nogil:
    void row_sums_float(const float* x, Py_ssize_t rows, Py_ssize_t n, double* sums) noexcept
    void row_sums_double(const double* x, Py_ssize_t rows, Py_ssize_t n, double* sums) noexcept
    double exact_row_sum_float(const float* x, Py_ssize_t n) noexcept
    double exact_row_sum_double(const double* x, Py_ssize_t n) noexcept

cdef enum:
    ROW = 32            # accumulators
    WIDE = 64           # of an extreme
    PIECE = 4096        # elements whose squares are added up before the next begin


cdef inline double extreme_of_row(int op, const floating* x, Py_ssize_t n) noexcept nogil:
    cdef floating lanes[WIDE]
    cdef Py_ssize_t i, j
    for j in range(WIDE):
        lanes[j] = <floating>start(op)
    for i in range(n // WIDE):
        for j in range(WIDE):
            lanes[j] = combine[floating](op, lanes[j], x[j])
        x += WIDE
    for j in range(n % WIDE):
        lanes[j] = combine[floating](op, lanes[j], x[j])
    for j in range(32):
        lanes[j] = combine[floating](op, lanes[j], lanes[j + 32])
    for j in range(16):
        lanes[j] = combine[floating](op, lanes[j], lanes[j + 16])
    for j in range(8):
        lanes[j] = combine[floating](op, lanes[j], lanes[j + 8])
    return combine[floating](
        op, combine_four[floating](op, lanes[0], lanes[1], lanes[2], lanes[3]),
        combine_four[floating](op, lanes[4], lanes[5], lanes[6], lanes[7]))


cdef inline double fold_lanes(int op, double* totals) noexcept nogil:
    """Combine ROW accumulators, halving; as constants, for the compiler to unroll."""
    cdef Py_ssize_t j
    for j in range(16):
        totals[j] = combine[double](op, totals[j], totals[j + 16])
    for j in range(8):
        totals[j] = combine[double](op, totals[j], totals[j + 8])
    return combine[double](
        op, combine_four[double](op, totals[0], totals[1], totals[2], totals[3]),
        combine_four[double](op, totals[4], totals[5], totals[6], totals[7]))


cdef inline double product_of_row(const floating* x, Py_ssize_t n) noexcept nogil:
    cdef double totals[ROW]
    cdef Py_ssize_t i, j
    for j in range(ROW):
        totals[j] = 1
    for i in range(n // ROW):
        for j in range(ROW):
            totals[j] *= x[j]
        x += ROW
    for j in range(n % ROW):
        totals[j] *= x[j]
    return fold_lanes(PROD, totals)


cdef flat_double reduce_row(int op, const floating* x, Py_ssize_t n) noexcept nogil:
    """Reduce contiguous elements: accumulators in registers, one inlined loop per operation."""
    cdef double total
    if op == PROD:
        return product_of_row(x, n)
    if op == MAX:
        return extreme_of_row(MAX, x, n)
    if op == MIN:
        return extreme_of_row(MIN, x, n)
    if op == VAR:
        if floating is double:
            return exact_row_sum_double(x, n)
        return exact_row_sum_float(x, n)
    reduce_each(SUM, &total, x, 1, n)
    return total


cdef flat_int reduce_each(
    int op, double* results, const floating* x, Py_ssize_t rows, Py_ssize_t n
) noexcept nogil:
    """Reduce each of several contiguous rows, one behind the other."""
    cdef Py_ssize_t i
    if op != SUM:
        for i in range(rows):
            results[i] = reduce_row(op, x + i * n, n)
    elif floating is double:
        row_sums_double(x, rows, n, results)
    else:
        row_sums_float(x, rows, n, results)
    return 0


cdef flat_double row_dot(const floating* x, const floating* y, Py_ssize_t n) noexcept nogil:
    """The sum of x * y over contiguous elements."""
    cdef double totals[ROW]
    cdef Py_ssize_t i, j
    for j in range(ROW):
        totals[j] = 0
    for i in range(n // (4 * ROW)):
        for j in range(ROW):
            totals[j] += (
                (x[j] * y[j] + x[j + ROW] * y[j + ROW])
                + (x[j + 2 * ROW] * y[j + 2 * ROW] + x[j + 3 * ROW] * y[j + 3 * ROW]))
        x += 4 * ROW
        y += 4 * ROW
    n %= 4 * ROW
    for i in range(n // ROW):
        for j in range(ROW):
            totals[j] += x[j] * y[j]
        x += ROW
        y += ROW
    for j in range(n % ROW):
        totals[j] += x[j] * y[j]
    return fold_lanes(SUM, totals)


cdef flat_double row_squares(
    const floating* x, Py_ssize_t n, double mean, double* off
) noexcept nogil:
    """The sum of squared deviations of contiguous elements from their mean.

    ``mean`` is that mean but for rounding.  Where the elements are doubles this matters: ``off`` is
    what it lacks, and the squares are corrected for it; of floats the sums have digits to spare.
    """
    cdef double totals[ROW], sums[ROW], d, all_squares = 0, all_sums = 0
    cdef Py_ssize_t i, j, part, left = n
    while left > 0:             # piece by piece: short sums round less than a long one
        part = min(left, <Py_ssize_t>PIECE)
        for j in range(ROW):
            totals[j] = 0
            if floating is double:
                sums[j] = 0
        for i in range(part // ROW):
            for j in range(ROW):
                d = x[j] - mean
                totals[j] += d * d
                if floating is double:
                    sums[j] += d
            x += ROW
        for j in range(part % ROW):
            d = x[j] - mean
            totals[j] += d * d
            if floating is double:
                sums[j] += d
        all_squares += fold_lanes(SUM, totals)
        if floating is double:
            all_sums += fold_lanes(SUM, sums)
        x += part % ROW
        left -= part
    off[0] = 0
    if floating is double:
        if n > 0 and isfinite(all_sums):
            off[0] = all_sums / n
            if isfinite(all_squares):
                all_squares -= all_sums * off[0]
        return 0 if all_squares < 0 else all_squares
    return all_squares
