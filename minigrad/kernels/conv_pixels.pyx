"""Convolutions whose vectors run over output channels: many channels, tiny images.

The weights are packed into panels, tap by tap, and a tile of up to 12 results of a row ("pixels")
is transposed as it is stored (``pixel_tile`` in pixel_tile.h).

The taps are ordered (kernel column, kernel row, channel), so that those that would read nothing but
padding can be left out: kernel rows at the upper and lower edge of the image, and at the left and
right edge, for a kernel column, the first or the last pixel of a tile.  With an image of 8 x 8 and a
kernel of 3 x 3 these are a sixth of all.  (Not if a weight is infinite or NaN, which makes NaN of a zero.)  Where that is all
the padding there is, none needs to be there, and the image is read where it lies.
"""

from cython cimport floating
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from minigrad.kernels.conv cimport Correlation, even, lanes_of, pieces
from minigrad.kernels.conv_plan cimport COLUMNS, reads, useful

cdef extern from "pixel_tile.h" nogil:
    enum:
        TILE_ROWS
        SKIP_NONE
        SKIP_FIRST
        SKIP_LAST
    ctypedef struct Taps:
        Py_ssize_t start, count
        int skip
    void pixel_tile_float(int, int, const Taps*, int, const float*, const Py_ssize_t*, const float*,
                          float*, Py_ssize_t, Py_ssize_t, Py_ssize_t, const float*)
    void pixel_tile_double(int, int, const Taps*, int, const double*, const Py_ssize_t*,
                           const double*, double*, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                           const double*)
    void pack_float(float*, Py_ssize_t, const float*, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                    Py_ssize_t)
    void pack_double(double*, Py_ssize_t, const double*, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                     Py_ssize_t)


cdef void correlate_pixels(Correlation* c, floating* out, const floating* slab,
                           const floating* panels, const floating* bias, Py_ssize_t first,
                           Py_ssize_t height) noexcept nogil:
    """``height`` rows of results, of which the first is row ``first`` of all."""
    cdef Py_ssize_t panel = 2 * lanes_of(out), width = c.columns.results
    cdef Py_ssize_t plane = c.out_height * c.out_width, tile = even(width, TILE_ROWS)
    cdef Py_ssize_t y, x, m, q, n, to, room, row = 0, rows = 0
    cdef Taps taps[COLUMNS]
    cdef int n_taps = 1
    taps[0] = Taps(0, c.taps, SKIP_NONE)
    for y in range(height):
        if c.chosen:
            rows = useful(&c.rows, first + y, first + y, &row)
        for q in range(pieces(width, tile)):
            x = q * tile
            n = min(tile, width - x)
            if c.chosen:
                n_taps = choose_taps(c, row, rows, x, x + n - 1, taps)
            to = ((c.first_row + y * c.row_step) * c.out_width + c.first_column
                  + x * c.column_step)
            room = height * width - to if c.row_step == 1 and c.column_step == 1 else n
            for m in range(pieces(c.outputs, panel)):
                if floating is float:
                    pixel_tile_float(<int>n, <int>min(panel, c.outputs - m * panel), taps, n_taps,
                                     slab + y * c.columns.extent + x, c.offset,
                                     panels + m * c.taps * panel, out + m * panel * plane + to,
                                     plane, c.column_step, room,
                                     bias + m * panel if bias else NULL)
                else:
                    pixel_tile_double(<int>n, <int>min(panel, c.outputs - m * panel), taps, n_taps,
                                      slab + y * c.columns.extent + x, c.offset,
                                      panels + m * c.taps * panel, out + m * panel * plane + to,
                                      plane, c.column_step, room,
                                      bias + m * panel if bias else NULL)


# ---------------------------------------------------------------- the taps, in order


cdef inline int choose_taps(Correlation* c, Py_ssize_t row, Py_ssize_t rows, Py_ssize_t x,
                            Py_ssize_t last, Taps* taps) noexcept nogil:
    """Of kernel rows from ``row`` on, the taps that pixels x to last need, column by column."""
    cdef Py_ssize_t column
    cdef int n = 0, skip
    for column in range(c.columns.kernel):
        if not reads(&c.columns, column, x, last):
            continue
        skip = SKIP_NONE
        if not reads(&c.columns, column, x, x):
            skip = SKIP_FIRST
        elif not reads(&c.columns, column, last, last):
            skip = SKIP_LAST
        taps[n] = Taps((column * c.rows.kernel + row) * c.channels, rows * c.channels, skip)
        n += 1
    return n


cdef floating* pack_weights(Correlation* c, const floating* a) noexcept nogil:
    """The weights of all groups in panels of two vectors of channels, tap by tap.  To be freed.

    Where taps are left out, panels and offsets are put in order.
    """
    cdef Py_ssize_t panel = 2 * lanes_of(a), panels = pieces(c.outputs, panel), group, m
    cdef Py_ssize_t size = panel * c.taps
    cdef floating* packed = <floating*>malloc(
        ((c.groups * panels + 1) * size + panel) * sizeof(floating))
    cdef Py_ssize_t* order = <Py_ssize_t*>malloc((2 * c.taps + 1) * sizeof(Py_ssize_t))
    cdef floating* to = packed
    cdef floating* target
    cdef const floating* source
    if packed == NULL or order == NULL:
        free(packed)
        free(order)
        return NULL
    if c.chosen:
        order_taps(c, order)
    for group in range(c.groups):
        for m in range(panels):
            source = a + group * c.a_group + m * panel * c.a_row
            target = packed + c.groups * panels * size if c.chosen else to
            if floating is float:
                pack_float(target, panel, source, min(panel, c.outputs - m * panel), c.a_row,
                           c.taps, c.a_step)
            else:
                pack_double(target, panel, source, min(panel, c.outputs - m * panel), c.a_row,
                            c.taps, c.a_step)
            if c.chosen:
                put_in_order(to, <const floating*>target, order, c.taps)
            to += size
    free(order)
    return packed


cdef void order_taps(Correlation* c, Py_ssize_t* order) noexcept nogil:
    """Put the offsets in order, and tell which tap comes when; ``order`` has room for two of it."""
    cdef Py_ssize_t row, column, channel, to = 0
    cdef Py_ssize_t* offset = order + c.taps
    memcpy(offset, c.offset, c.taps * sizeof(Py_ssize_t))
    for column in range(c.columns.kernel):
        for row in range(c.rows.kernel):
            for channel in range(c.channels):
                order[to] = row * c.channels + channel if c.by_row else channel * c.rows.kernel + row
                order[to] = order[to] * c.columns.kernel + column
                c.offset[to] = offset[order[to]]
                to += 1


cdef void put_in_order(floating* to, const floating* taps, const Py_ssize_t* order,
                       Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t panel = 2 * lanes_of(to), tap
    for tap in range(n):
        memcpy(to + tap * panel, taps + order[tap] * panel, panel * sizeof(floating))
