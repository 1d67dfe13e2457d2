"""Batch norm's loops over one tile: a box of `rows` by `cols`, the columns at unit stride.

For planes all of a tile belongs to one channel; for columns every column has statistics and
coefficients of its own, and sums are vectors.  See batch_norm.pyx for what a tile is part of.

Moments take one pass over the tile: x less a centre guessed from a few of its numbers, and that
squared.  The sum of the former corrects the mean; and should it show that the guess lies far outside
the spread of the tile, where squares cancel out, the mean is the centre of a second pass.  Sums over
float32 are taken in float32, over short runs that are then added up in double.  Squares may leave
float32's range where x does not: a tile whose M2 is not safely inside is done again, every number
widened to double.

Sums run in LANES, or one for each column: that vectorises without leave for the compiler to
reorder additions.  The vectors that a loop over columns uses lie in local arrays, which the
compiler knows to overlap with nothing; otherwise it would check that again for each row.
"""

from cython cimport floating

from minigrad.kernels.batch_norm_grid cimport MAX_COLS, Box

cdef enum:
    AHEAD = 8           # rows of columns that are prefetched before they are needed
    GUESS = 8           # numbers that a centre is guessed from
    LANES = 64          # sums that run side by side, as many as vector registers hold
    RUN = 1024          # elements, at least, that are summed up in x's own type


cdef extern from *:
    """
    #if defined(__GNUC__)
    #define MG_PREFETCH(p) __builtin_prefetch(p, 0, 2)
    #else
    #define MG_PREFETCH(p) ((void)(p))
    #endif
    """
    void prefetch_line "MG_PREFETCH" (const void *p) noexcept nogil


cdef inline void prefetch(const floating *x, Py_ssize_t n) noexcept nogil:
    """Have x[:n] fetched into the L2 cache, while there is computing to do.

    The hardware stops prefetching at the end of a row; with this, forward takes 2.1 instead of 2.6
    ms at (64, 128, 28, 28), and backward 1.2 instead of 1.5 ms at (2048, 1040) on one thread.  In
    backward over planes, which have longer rows, it was measured not to help.
    """
    cdef Py_ssize_t i
    for i from 0 <= i < n by 64 // sizeof(floating):
        prefetch_line(x + i)


cdef inline bint in_range(double m2, double count) noexcept nogil:
    return 1e-30 * count < m2 and m2 < 1e300        # false for NaN, too


cdef inline bint cancelled(double squares, double count, double off) noexcept nogil:
    """Whether M2 = squares - count * off**2 has lost two bits to a centre `off` the mean."""
    return count * off * off > 0.75 * squares


cdef inline double drain(accurate *lanes) noexcept nogil:
    """The sum of the lanes, 64 of them, halved until 8 are left; they are set to zero."""
    cdef int j
    cdef double total
    for j in range(32):
        lanes[j] += lanes[32 + j]
    for j in range(16):
        lanes[j] += lanes[16 + j]
    for j in range(8):
        lanes[j] += lanes[8 + j]
    total = (((<double>lanes[0] + lanes[1]) + (<double>lanes[2] + lanes[3]))
             + ((<double>lanes[4] + lanes[5]) + (<double>lanes[6] + lanes[7])))
    for j in range(LANES):
        lanes[j] = 0
    return total


cdef inline void add_squares(const floating *x, Py_ssize_t n, accurate centre, accurate *sums,
                             accurate *squares) noexcept nogil:
    """Add x - centre, and its square."""
    cdef Py_ssize_t i, j, whole = n // LANES * LANES
    cdef accurate d
    for i from 0 <= i < whole by LANES:
        for j in range(LANES):
            d = x[i + j] - centre
            sums[j] += d
            squares[j] += d * d
    for j in range(n - whole):
        d = x[whole + j] - centre
        sums[j] += d
        squares[j] += d * d


cdef void plane_moments(const floating *x, Py_ssize_t stride, Box box, accurate zero,
                        double *mean, double *m2) noexcept nogil:
    """Mean and M2 of a tile; `zero` is of the type to sum in."""
    cdef Py_ssize_t r, i, n, pending, count = box.rows * box.cols
    cdef const floating *row
    cdef accurate centre = zero, sums[LANES], squares[LANES]
    cdef double total, square_sum, off
    cdef int passes
    for i in range(GUESS):
        centre += x[i * box.cols // GUESS] / <accurate>GUESS
    for i in range(LANES):
        sums[i] = squares[i] = zero
    for passes in range(2):
        total = square_sum = pending = 0
        for r in range(box.rows):
            row = x + r * stride
            if box.rows > 1:                # of the next tile
                prefetch(row + box.rows * stride, box.cols)
            for i from 0 <= i < box.cols by RUN:
                n = min(RUN, box.cols - i)
                add_squares(row + i, n, centre, sums, squares)
                pending += n
                if pending >= RUN:
                    total += drain(sums)
                    square_sum += drain(squares)
                    pending = 0
        total += drain(sums)
        square_sum += drain(squares)
        off = total / count
        if not cancelled(square_sum, count, off):
            break
        if passes == 0:
            centre = <accurate>(centre + off)
    if accurate is float:
        if not in_range(square_sum, count):
            plane_moments(x, stride, box, <double>0, mean, m2)
            return
    mean[0] = centre + off
    m2[0] = not_negative(square_sum - count * off * off)


cdef inline double not_negative(double value) noexcept nogil:
    return 0 if value < 0 else value                # NaN stays


cdef void column_moments(const floating *x, Py_ssize_t stride, Box box, accurate zero,
                         double *mean, double *m2) noexcept nogil:
    """Mean and M2 of each column of a tile; `zero` is of the type to sum in."""
    cdef Py_ssize_t r, j, n = box.rows, n4 = n // 4 * 4, cols = box.cols, far, wrong = 0
    cdef const floating *x0
    cdef const floating *x1
    cdef const floating *x2
    cdef const floating *x3
    cdef accurate a, b, c, d, centre[MAX_COLS], sums[MAX_COLS], squares[MAX_COLS]
    cdef double off, share = 1.0 / n
    cdef int passes
    for j in range(cols):
        centre[j] = zero
    for r in range(min(n, GUESS)):
        x0 = x + r * stride
        for j in range(cols):
            centre[j] += x0[j] / <accurate>min(n, GUESS)
    for passes in range(2):
        far = 0
        for j in range(cols):
            sums[j] = squares[j] = zero
        for r in range(0, n4, 4):
            x0 = x + r * stride
            x1, x2, x3 = x0 + stride, x0 + 2 * stride, x0 + 3 * stride
            for j in range(4):
                prefetch(x0 + (j + AHEAD) * stride, cols)
            for j in range(cols):
                a = x0[j] - centre[j]
                b = x1[j] - centre[j]
                c = x2[j] - centre[j]
                d = x3[j] - centre[j]
                squares[j] += (a * a + b * b) + (c * c + d * d)
                sums[j] += (a + b) + (c + d)
        for r in range(n4, n):
            x0 = x + r * stride
            for j in range(cols):
                a = x0[j] - centre[j]
                squares[j] += a * a
                sums[j] += a
        for j in range(cols):
            far += cancelled(squares[j], n, sums[j] * share)
        if passes == 1 or not far:
            break
        for j in range(cols):
            centre[j] = <accurate>(centre[j] + sums[j] * share)
    if accurate is float:
        for j in range(cols):
            wrong += not in_range(squares[j], n)
        if wrong:
            column_moments(x, stride, box, <double>0, mean, m2)
            return
    for j in range(cols):
        off = sums[j] * share
        mean[j] = centre[j] + off
        m2[j] = not_negative(squares[j] - n * off * off)


cdef inline void add_dots(const floating *dy, const floating *x, Py_ssize_t n, floating hi,
                          floating invstd, floating *sums, floating *dots) noexcept nogil:
    """Add dy, and dy * (x - hi) * invstd."""
    cdef Py_ssize_t i, j, whole = n // LANES * LANES
    for i from 0 <= i < whole by LANES:
        for j in range(LANES):
            sums[j] += dy[i + j]
            dots[j] += dy[i + j] * ((x[i + j] - hi) * invstd)
    for j in range(n - whole):
        sums[j] += dy[whole + j]
        dots[j] += dy[whole + j] * ((x[whole + j] - hi) * invstd)


cdef void plane_dot(const floating *dy, Py_ssize_t dy_stride, const floating *x,
                    Py_ssize_t stride, Box box, const floating *hi, const floating *invstd,
                    double *total, double *dot) noexcept nogil:
    """The sums over a tile of dy and of dy * (x - hi) * invstd."""
    cdef Py_ssize_t r, i, n, pending = 0
    cdef floating sums[LANES], dots[LANES]
    for i in range(LANES):
        sums[i] = dots[i] = 0
    total[0] = dot[0] = 0
    for r in range(box.rows):
        for i from 0 <= i < box.cols by RUN:
            n = min(RUN, box.cols - i)
            add_dots(dy + i, x + i, n, hi[0], invstd[0], sums, dots)
            pending += n
            if pending >= RUN:
                total[0] += drain(sums)
                dot[0] += drain(dots)
                pending = 0
        dy += dy_stride
        x += stride
    total[0] += drain(sums)
    dot[0] += drain(dots)


cdef void column_dot(const floating *dy, Py_ssize_t dy_stride, const floating *x,
                     Py_ssize_t stride, Box box, const floating *hi, const floating *invstd,
                     double *total, double *dot) noexcept nogil:
    cdef Py_ssize_t r, j, n4 = box.rows // 4 * 4, cols = box.cols
    cdef const floating *x1
    cdef const floating *x2
    cdef const floating *x3
    cdef const floating *dy1
    cdef const floating *dy2
    cdef const floating *dy3
    cdef floating a, b, c, d, h[MAX_COLS], s[MAX_COLS], totals[MAX_COLS], dots[MAX_COLS]
    for j in range(cols):
        h[j], s[j] = hi[j], invstd[j]
        totals[j] = dots[j] = 0
    for r in range(0, n4, 4):
        x1, x2, x3 = x + stride, x + 2 * stride, x + 3 * stride
        dy1, dy2, dy3 = dy + dy_stride, dy + 2 * dy_stride, dy + 3 * dy_stride
        for j in range(4):
            prefetch(x + (j + AHEAD) * stride, cols)
            prefetch(dy + (j + AHEAD) * dy_stride, cols)
        for j in range(cols):
            a = dy[j] * ((x[j] - h[j]) * s[j])
            b = dy1[j] * ((x1[j] - h[j]) * s[j])
            c = dy2[j] * ((x2[j] - h[j]) * s[j])
            d = dy3[j] * ((x3[j] - h[j]) * s[j])
            dots[j] += (a + b) + (c + d)
            totals[j] += (dy[j] + dy1[j]) + (dy2[j] + dy3[j])
        x += 4 * stride
        dy += 4 * dy_stride
    for r in range(n4, box.rows):
        for j in range(cols):
            dots[j] += dy[j] * ((x[j] - h[j]) * s[j])
            totals[j] += dy[j]
        x += stride
        dy += dy_stride
    for j in range(cols):
        total[j], dot[j] = totals[j], dots[j]


cdef inline floating at_least(floating low, floating y) noexcept nogil:
    return low if y < low else y                    # NaN stays


cdef void plane_affine(floating *out, Py_ssize_t out_stride, const floating *x, Py_ssize_t stride,
                       Box box, const floating *coef, Py_ssize_t pitch,
                       floating low) noexcept nogil:
    """out = (x - hi) * scale + shift, but at least `low`."""
    cdef Py_ssize_t r, i
    cdef floating hi = coef[HI * pitch], scale = coef[SCALE * pitch], shift = coef[SHIFT * pitch]
    for r in range(box.rows):
        for i in range(box.cols):
            out[i] = at_least(low, (x[i] - hi) * scale + shift)
        out += out_stride
        x += stride


cdef inline void copy(floating *target, const floating *source, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(n):
        target[j] = source[j]


cdef void column_affine(floating *out, Py_ssize_t out_stride, const floating *x, Py_ssize_t stride,
                        Box box, const floating *coef, Py_ssize_t pitch,
                        floating low) noexcept nogil:
    cdef Py_ssize_t r, j
    cdef floating hi[MAX_COLS], scale[MAX_COLS], shift[MAX_COLS]
    copy(hi, coef + HI * pitch, box.cols)
    copy(scale, coef + SCALE * pitch, box.cols)
    copy(shift, coef + SHIFT * pitch, box.cols)
    for r in range(box.rows):
        for j in range(box.cols):
            out[j] = at_least(low, (x[j] - hi[j]) * scale[j] + shift[j])
        out += out_stride
        x += stride


cdef void plane_slope(floating *dx, Py_ssize_t dx_stride, const floating *dy,
                      Py_ssize_t dy_stride, const floating *x, Py_ssize_t stride, Box box,
                      const floating *coef, Py_ssize_t pitch) noexcept nogil:
    cdef Py_ssize_t r, i
    cdef floating hi = coef[HI * pitch], scale = coef[SCALE * pitch]
    cdef floating slope = coef[SLOPE * pitch], mean_dy = coef[MEAN_DY * pitch]
    for r in range(box.rows):
        for i in range(box.cols):
            dx[i] = ((dy[i] - mean_dy) - (x[i] - hi) * slope) * scale
        dx += dx_stride
        dy += dy_stride
        x += stride


cdef void column_slope(floating *dx, Py_ssize_t dx_stride, const floating *dy,
                       Py_ssize_t dy_stride, const floating *x, Py_ssize_t stride, Box box,
                       const floating *coef, Py_ssize_t pitch) noexcept nogil:
    cdef Py_ssize_t r, j
    cdef floating hi[MAX_COLS], scale[MAX_COLS], slope[MAX_COLS], mean_dy[MAX_COLS]
    copy(hi, coef + HI * pitch, box.cols)
    copy(scale, coef + SCALE * pitch, box.cols)
    copy(mean_dy, coef + MEAN_DY * pitch, box.cols)
    copy(slope, coef + SLOPE * pitch, box.cols)
    for r in range(box.rows):
        prefetch(x + AHEAD * stride, box.cols)
        prefetch(dy + AHEAD * dy_stride, box.cols)
        prefetch(<const floating *>dx + AHEAD * dx_stride, box.cols)
        for j in range(box.cols):
            dx[j] = ((dy[j] - mean_dy[j]) - (x[j] - hi[j]) * slope[j]) * scale[j]
        dx += dx_stride
        dy += dy_stride
        x += stride
