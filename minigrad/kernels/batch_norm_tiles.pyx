"""Batch norm's loops over one tile: a box of `rows` by `cols`, the columns at unit stride.

For planes all of a tile belongs to one channel; for columns every column has statistics and
coefficients of its own, and sums are vectors.  See batch_norm.pyx for what a tile is part of.

Moments take one pass over the tile: x less a centre guessed from a few of its numbers, and that
squared.  The sum of the former corrects the mean; and should it show that the guess lies far outside
the spread of the tile, where squares cancel out, the mean is the centre of a second pass.  Sums over
float32 are taken in float32, over short runs that are then added up in double.  Squares may leave
float32's range where x does not: a tile whose M2 is not safely inside is done again, every number
widened to double.  The means of tiles of doubles are reckoned from an origin, the first number of
the channel, because a mean far from 0 would be rounded to its few digits before they are merged.

Sums over planes run in LANES, in registers (``tile_squares`` and ``tile_dots`` in plane_sums.h); sums
over columns run in one for each column, which vectorises without leave for the compiler to
reorder additions.  The vectors that a loop over columns uses lie in local arrays, which the
compiler knows to overlap with nothing; otherwise it would check that again for each row.
"""

from cython cimport floating
from libc.math cimport INFINITY

from minigrad.kernels.batch_norm_grid cimport MAX_COLS, Box
from minigrad.kernels.stream cimport end_of_stream, stream

cdef enum:
    AHEAD = 8           # rows of columns that are prefetched before they are needed
    ROOM = MAX_COLS + 16    # not a multiple of 4 KB, or all vectors would share lines of the L1 cache
    GUESS = 8           # numbers that a centre is guessed from
    LANES = 64          # sums that run side by side, as many as vector registers hold
    RUN = 16            # numbers that are added up before the sums of columns are put by
    SOME = 4 * RUN      # rows, four at a time
    SHORT_ROW = 2048    # bytes
    PIECE = 2048        # numbers that are computed before they are streamed to memory


cdef extern from "plane_sums.h" nogil:
    void prefetch_line "PREFETCH" (const void *p) noexcept
    void tile_squares_float(const float *x, Py_ssize_t stride, Py_ssize_t rows, Py_ssize_t columns,
                            float centre, float *sums, float *squares) noexcept
    void tile_squares_double(const double *x, Py_ssize_t stride, Py_ssize_t rows,
                             Py_ssize_t columns, double centre, double *sums,
                             double *squares) noexcept
    void tile_dots_float(const float *dy, Py_ssize_t dy_stride, const float *x, Py_ssize_t stride,
                         Py_ssize_t rows, Py_ssize_t columns, float centre, float scale,
                         float *sums, float *dots) noexcept
    void tile_dots_double(const double *dy, Py_ssize_t dy_stride, const double *x,
                          Py_ssize_t stride, Py_ssize_t rows, Py_ssize_t columns, double centre,
                          double scale, double *sums, double *dots) noexcept


cdef inline void prefetch(const floating *x, Py_ssize_t n) noexcept nogil:
    """Have x[:n], of a row to come, fetched into the L2 cache while there is computing to do.

    The hardware stops prefetching at the end of a row.  Sums over columns of dy and x were measured
    to read their rows faster without this.
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


cdef inline void plane_squares(const floating *x, Py_ssize_t stride, Box box, accurate centre,
                               accurate *sums, accurate *squares) noexcept nogil:
    """Add x - centre, and its square, over a tile."""
    cdef Py_ssize_t r, i
    cdef accurate d
    if accurate is float and floating is float:
        tile_squares_float(x, stride, box.rows, box.cols, centre, sums, squares)
    elif accurate is double and floating is double:
        tile_squares_double(x, stride, box.rows, box.cols, centre, sums, squares)
    else:                                       # rare: floats whose squares leave their range
        for r in range(box.rows):
            for i in range(box.cols):
                d = x[r * stride + i] - centre
                sums[i % LANES] += d
                squares[i % LANES] += d * d


cdef void plane_moments(const floating *x, Py_ssize_t stride, Box box, accurate zero,
                        const double *origin, double *mean, double *m2) noexcept nogil:
    """Mean (of doubles: less `origin`) and M2 of a tile; `zero` is of the type to sum in."""
    cdef Py_ssize_t i, count = box.rows * box.cols
    cdef accurate centre = zero, sums[LANES], squares[LANES]
    cdef double square_sum, off
    cdef int passes
    for i in range(GUESS):
        centre += x[i * box.cols // GUESS] / <accurate>GUESS
    for i in range(LANES):
        sums[i] = squares[i] = zero
    for passes in range(2):
        plane_squares(x, stride, box, centre, sums, squares)
        square_sum = drain(squares)
        off = drain(sums) / count
        if not cancelled(square_sum, count, off):
            break
        if passes == 0:
            centre = <accurate>(centre + off)
    if accurate is float:
        if not in_range(square_sum, count):
            plane_moments(x, stride, box, <double>0, origin, mean, m2)
            return
    m2[0] = not_negative(square_sum - count * off * off)
    if floating is double:
        mean[0] = (centre - origin[0]) + off
        m2[0] = not_overflown(m2[0], square_sum, off)
    else:
        mean[0] = centre + off


cdef inline double not_negative(double value) noexcept nogil:
    return 0 if value < 0 else value                # NaN stays


cdef inline double not_overflown(double m2, double squares, double off) noexcept nogil:
    """M2, infinite rather than NaN where the squares of finite doubles are."""
    return INFINITY if (squares == INFINITY) & (off - off == 0) else m2


cdef inline void put_columns_by(accurate *sums, accurate *kept, Py_ssize_t cols) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(cols):
        kept[j] += sums[j]
        sums[j] = 0


cdef inline Py_ssize_t rows_in_fours(Box box, Py_ssize_t itemsize, bint from_memory) noexcept nogil:
    """How many rows of columns to sum four at a time, which takes half of the time of one by one.

    Short rows come faster from memory in their order: the hardware's prefetching loses track of
    four that end where the next begins.
    """
    return 0 if from_memory and box.cols * itemsize <= SHORT_ROW else box.rows // 4 * 4


cdef void column_moments(const floating *x, Py_ssize_t stride, Box box, accurate zero,
                         const double *origin, bint from_memory, double *mean,
                         double *m2) noexcept nogil:
    """Mean (of doubles: less `origin`) and M2 of each column of a tile; `zero` is of the type to
    sum in."""
    cdef Py_ssize_t n4 = rows_in_fours(box, sizeof(floating), from_memory)
    cdef Py_ssize_t r, j, n = box.rows, cols = box.cols, far, wrong = 0
    cdef const floating *x0
    cdef const floating *x1
    cdef const floating *x2
    cdef const floating *x3
    cdef accurate a, b, c, d, centre[ROOM], sums[ROOM], squares[ROOM]
    cdef accurate kept[ROOM], kept_squares[ROOM]
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
            sums[j] = squares[j] = kept[j] = kept_squares[j] = zero
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
            if r % SOME == SOME - 4:
                put_columns_by(sums, kept, cols)
                put_columns_by(squares, kept_squares, cols)
        for r in range(n4, n):
            x0 = x + r * stride
            for j in range(cols):
                a = x0[j] - centre[j]
                squares[j] += a * a
                sums[j] += a
            if r % RUN == RUN - 1:
                put_columns_by(sums, kept, cols)
                put_columns_by(squares, kept_squares, cols)
        put_columns_by(sums, kept, cols)
        put_columns_by(squares, kept_squares, cols)
        for j in range(cols):
            far += cancelled(kept_squares[j], n, kept[j] * share)
        if passes == 1 or not far:
            break
        for j in range(cols):
            centre[j] = <accurate>(centre[j] + kept[j] * share)
    if accurate is float:
        for j in range(cols):
            wrong += not in_range(kept_squares[j], n)
        if wrong:
            column_moments(x, stride, box, <double>0, origin, from_memory, mean, m2)
            return
    for j in range(cols):
        off = kept[j] * share
        m2[j] = not_negative(kept_squares[j] - n * off * off)
        if floating is double:
            mean[j] = (centre[j] - origin[j]) + off
            m2[j] = not_overflown(m2[j], kept_squares[j], off)
        else:
            mean[j] = centre[j] + off


cdef void plane_dot(const floating *dy, Py_ssize_t dy_stride, const floating *x,
                    Py_ssize_t stride, Box box, const floating *hi, const floating *invstd,
                    double *total, double *dot) noexcept nogil:
    """The sums over a tile of dy and of dy * (x - hi) * invstd."""
    cdef Py_ssize_t j
    cdef floating sums[LANES], dots[LANES]
    for j in range(LANES):
        sums[j] = dots[j] = 0
    if floating is float:
        tile_dots_float(dy, dy_stride, x, stride, box.rows, box.cols, hi[0], invstd[0], sums, dots)
    else:
        tile_dots_double(dy, dy_stride, x, stride, box.rows, box.cols, hi[0], invstd[0], sums, dots)
    total[0], dot[0] = drain(sums), drain(dots)


cdef void column_dot(const floating *dy, Py_ssize_t dy_stride, const floating *x,
                     Py_ssize_t stride, Box box, const floating *hi, const floating *invstd,
                     bint from_memory, double *total, double *dot) noexcept nogil:
    """The same for each column."""
    cdef Py_ssize_t r, j, n4 = rows_in_fours(box, sizeof(floating), from_memory), cols = box.cols
    cdef const floating *x1
    cdef const floating *x2
    cdef const floating *x3
    cdef const floating *dy1
    cdef const floating *dy2
    cdef const floating *dy3
    cdef floating a, b, c, d, h[ROOM], s[ROOM], totals[ROOM], dots[ROOM]
    cdef floating kept[ROOM], kept_dots[ROOM]
    for j in range(cols):
        h[j], s[j] = hi[j], invstd[j]
        totals[j] = dots[j] = kept[j] = kept_dots[j] = 0
    for r in range(0, n4, 4):
        x1, x2, x3 = x + stride, x + 2 * stride, x + 3 * stride
        dy1, dy2, dy3 = dy + dy_stride, dy + 2 * dy_stride, dy + 3 * dy_stride
        for j in range(cols):
            a = dy[j] * ((x[j] - h[j]) * s[j])
            b = dy1[j] * ((x1[j] - h[j]) * s[j])
            c = dy2[j] * ((x2[j] - h[j]) * s[j])
            d = dy3[j] * ((x3[j] - h[j]) * s[j])
            dots[j] += (a + b) + (c + d)
            totals[j] += (dy[j] + dy1[j]) + (dy2[j] + dy3[j])
        if r % SOME == SOME - 4:
            put_columns_by(totals, kept, cols)
            put_columns_by(dots, kept_dots, cols)
        x += 4 * stride
        dy += 4 * dy_stride
    for r in range(n4, box.rows):
        for j in range(cols):
            dots[j] += dy[j] * ((x[j] - h[j]) * s[j])
            totals[j] += dy[j]
        if r % RUN == RUN - 1:
            put_columns_by(totals, kept, cols)
            put_columns_by(dots, kept_dots, cols)
        x += stride
        dy += dy_stride
    put_columns_by(totals, kept, cols)
    put_columns_by(dots, kept_dots, cols)
    for j in range(cols):
        total[j], dot[j] = kept[j], kept_dots[j]


cdef inline floating at_least(floating low, floating y) noexcept nogil:
    return low if y < low else y                    # NaN stays


cdef void plane_affine(floating *out, Strides out_s, const floating *x, Strides s, Box box,
                       const floating *coef, Py_ssize_t pitch, floating low) noexcept nogil:
    """out = (x - hi) * scale + shift, but at least `low`, for each channel of a tile."""
    cdef Py_ssize_t k, r, i
    cdef floating hi, scale, shift
    cdef const floating *source
    cdef floating *target
    for k in range(box.width):
        hi, scale, shift = coef[HI * pitch + k], coef[SCALE * pitch + k], coef[SHIFT * pitch + k]
        source, target = x + k * s.channel, out + k * out_s.channel
        for r in range(box.rows):
            for i in range(box.cols):
                target[i] = at_least(low, (source[i] - hi) * scale + shift)
            source += s.row
            target += out_s.row


cdef inline void copy(floating *target, const floating *source, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(n):
        target[j] = source[j]


cdef void column_affine(floating *out, Py_ssize_t out_stride, const floating *x, Py_ssize_t stride,
                        Box box, const floating *coef, Py_ssize_t pitch,
                        floating low) noexcept nogil:
    cdef Py_ssize_t r, j
    cdef floating hi[ROOM], scale[ROOM], shift[ROOM]
    copy(hi, coef + HI * pitch, box.cols)
    copy(scale, coef + SCALE * pitch, box.cols)
    copy(shift, coef + SHIFT * pitch, box.cols)
    for r in range(box.rows):
        for j in range(box.cols):
            out[j] = at_least(low, (x[j] - hi[j]) * scale[j] + shift[j])
        out += out_stride
        x += stride


cdef void plane_slope(floating *dx, Strides dx_s, const floating *dy, Strides dy_s,
                      const floating *x, Strides s, Box box, const floating *coef,
                      Py_ssize_t pitch) noexcept nogil:
    cdef Py_ssize_t k, r, i
    cdef floating hi, scale, slope, mean_dy
    cdef const floating *source
    cdef const floating *gradient
    cdef floating *target
    for k in range(box.width):
        hi, scale = coef[HI * pitch + k], coef[SCALE * pitch + k]
        slope, mean_dy = coef[SLOPE * pitch + k], coef[MEAN_DY * pitch + k]
        source, gradient = x + k * s.channel, dy + k * dy_s.channel
        target = dx + k * dx_s.channel
        for r in range(box.rows):
            for i in range(box.cols):
                target[i] = ((gradient[i] - mean_dy) - (source[i] - hi) * slope) * scale
            source += s.row
            gradient += dy_s.row
            target += dx_s.row


cdef void column_slope(floating *dx, Py_ssize_t dx_stride, const floating *dy,
                       Py_ssize_t dy_stride, const floating *x, Py_ssize_t stride, Box box,
                       const floating *coef, Py_ssize_t pitch) noexcept nogil:
    cdef Py_ssize_t r, j
    cdef floating hi[ROOM], scale[ROOM], slope[ROOM], mean_dy[ROOM]
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


cdef void write_box(const LastPass *last, floating *out, Strides out_s, const floating *dy,
                    Strides dy_s, const floating *x, Strides s, Box box,
                    const floating *coef) noexcept nogil:
    """The last pass over a box."""
    if last.slopes:
        if last.planes:
            plane_slope(out, out_s, dy, dy_s, x, s, box, coef, last.pitch)
        else:
            column_slope(out, out_s.row, dy, dy_s.row, x, s.row, box, coef, last.pitch)
    elif last.planes:
        plane_affine(out, out_s, x, s, box, coef, last.pitch, <floating>last.low)
    else:
        column_affine(out, out_s.row, x, s.row, box, coef, last.pitch, <floating>last.low)


cdef void stream_box(const LastPass *last, floating *out, Strides out_s, const floating *dy,
                     Strides dy_s, const floating *x, Strides s, Box box,
                     const floating *coef) noexcept nogil:
    """The same by way of a buffer, several rows or a part of one at a time."""
    cdef floating piece[PIECE]
    cdef Strides piece_s
    cdef Box part = box
    cdef Py_ssize_t columns = min(box.cols, <Py_ssize_t>PIECE), rows = PIECE // columns
    cdef Py_ssize_t channels = box.width if last.planes else 1, k, r, i, j
    part.width = box.width // channels
    for k in range(channels):
        for r from 0 <= r < box.rows by rows:
            part.rows = min(rows, box.rows - r)
            for i from 0 <= i < box.cols by columns:
                part.cols = piece_s.row = min(columns, box.cols - i)
                write_box(last, <floating *>piece, piece_s,
                          dy + k * dy_s.channel + r * dy_s.row + i, dy_s,
                          x + k * s.channel + r * s.row + i, s, part, coef + k)
                for j in range(part.rows):
                    stream(out + k * out_s.channel + (r + j) * out_s.row + i,
                           &piece[j * part.cols], part.cols * sizeof(floating))
    end_of_stream()
