"""How a convolution is laid out: its blocks of rows, its vectors of results, its taps.

Decided once a call (for the gradient of the input: once a phase of the stride), from the shapes,
the number of threads and whether all weights are finite: see conv.pyx for what is done with it.
"""

from cython cimport floating
from libc.stdlib cimport malloc
cimport numpy as cnp
from numpy cimport PyArray_DIM

from minigrad.kernels.conv cimport Axis, Correlation, Vector, even, lanes_of, pieces

cnp.import_array()

cdef extern from "products.h" nogil:
    enum:
        TILE_ROWS

cdef enum:
    SLAB_BYTES = 393216  # a slab larger than this is cut into blocks of rows


# ---------------------------------------------------------------- the correlation, its taps, its blocks

cdef Py_ssize_t slab_size(Py_ssize_t channels, Axis* rows, Axis* columns,
                          const floating* like) noexcept nogil:
    """Numbers in a slab, with room behind for the last vectors to read past the end.

    Those of two rows read on beyond the gap between rows, too.
    """
    return (channels * rows.step * columns.step * rows.extent * columns.extent
            + columns.extent - columns.results + 2 * lanes_of(like))


cdef void choose_block(Correlation* c, Py_ssize_t itemsize, int n_threads) noexcept nogil:
    """Rows of results per task: the slab fits L2, and every thread has a task."""
    cdef Py_ssize_t images = max(c.samples * c.groups, 1)
    cdef Py_ssize_t row = c.channels * c.rows.step * c.columns.step * c.columns.extent * itemsize
    if c.after.wanted:
        row += c.outputs * c.columns.results * itemsize
    cdef Py_ssize_t block = max(SLAB_BYTES // max(row, 1) - c.halo, <Py_ssize_t>4)
    if images * pieces(c.rows.results, block) < n_threads:
        block = pieces(c.rows.results, pieces(n_threads, images))
    c.block = even(c.rows.results, block)
    if c.after.wanted:
        if c.after.pools and c.block % 2:
            c.block += 1
        c.out_height = c.block
    c.rows.extent = c.block + c.halo


cdef Correlation describe(cnp.ndarray x, Py_ssize_t out_height, Py_ssize_t out_width,
                          cnp.ndarray weight, Py_ssize_t stride_h, Py_ssize_t stride_w,
                          Py_ssize_t pad_h, Py_ssize_t pad_w,
                          Py_ssize_t dil_h, Py_ssize_t dil_w, Py_ssize_t groups):
    """The product that computes results from x, but for the blocks and the table of offsets."""
    cdef Correlation c
    cdef Py_ssize_t height = PyArray_DIM(weight, 2), width = PyArray_DIM(weight, 3)
    c.samples = PyArray_DIM(x, 0)
    c.groups = groups
    c.channels = PyArray_DIM(weight, 1)
    c.outputs = PyArray_DIM(weight, 0) // groups
    c.out_height = out_height
    c.out_width = out_width
    c.rows = Axis(PyArray_DIM(x, 2), -pad_h, stride_h, 0, c.out_height, height, -pad_h, dil_h)
    c.columns = Axis(PyArray_DIM(x, 3), -pad_w, stride_w,
                     c.out_width + (width - 1) * dil_w // stride_w, c.out_width,
                     width, -pad_w, dil_w)
    c.taps = c.channels * height * width
    c.by_row = False
    c.a_row = c.taps
    c.a_step = 1
    c.a_group = c.outputs * c.taps
    c.first_row = c.first_column = 0
    c.row_step = c.column_step = 1
    c.halo = (height - 1) * dil_h // stride_h
    c.in_place = c.after.wanted = False
    return c


cdef Py_ssize_t* offsets(Correlation* c, cnp.ndarray weight, Py_ssize_t dil_h,
                         Py_ssize_t dil_w) except NULL:
    """Where in the slab each tap finds the input of the first result.  To be freed."""
    cdef Py_ssize_t height = PyArray_DIM(weight, 2), width = PyArray_DIM(weight, 3)
    cdef Py_ssize_t line = c.columns.extent, phase = c.rows.extent * line
    cdef Py_ssize_t channel, row, column, p, q, tap = 0
    cdef Py_ssize_t* offset = <Py_ssize_t*>malloc(max(c.taps, 1) * sizeof(Py_ssize_t))
    if offset == NULL:
        raise MemoryError("no memory for the offsets of a convolution")
    for channel in range(c.channels):
        for row in range(height):
            for column in range(width):
                p = (channel * c.rows.step + row * dil_h % c.rows.step) * c.columns.step
                q = p + column * dil_w % c.columns.step
                offset[tap] = (origin(c) + q * phase + row * dil_h // c.rows.step * line
                               + column * dil_w // c.columns.step)
                tap += 1
    return offset


# ---------------------------------------------------------------- vectors of results, useful taps

cdef inline bint goes_on(Correlation* c, int lanes) noexcept nogil:
    """Whether vectors of results that end with their row would leave too many lanes empty.

    Where rows do not lie end to end, going on in the next one takes two loads per vector.  Few rows
    of a tile do not hide them: then it is worth it if it saves every eighth vector.
    """
    cdef Py_ssize_t width = c.columns.results
    cdef bint hidden = 3 * even(c.outputs, TILE_ROWS) >= 2 * TILE_ROWS
    return 15 * pieces(width, lanes) * lanes > (16 if hidden else 17) * width


cdef Py_ssize_t lay_vectors(Correlation* c, Py_ssize_t height, int lanes,
                            Vector* vectors) noexcept nogil:
    """Lay vectors over ``height`` rows of results and return how many; write them if not NULL."""
    cdef Py_ssize_t width = c.columns.results, line = c.columns.extent, y = 0, x = 0, n = 0
    cdef bint end_to_end = line == width, two_rows = goes_on(c, lanes)
    cdef Vector v
    while y < height:
        v = Vector(y, x, y * line + x, lanes, lanes)
        if not end_to_end:
            v.count = <int>min(<Py_ssize_t>lanes, (2 if two_rows else 1) * width - x)
            v.in_row = <int>min(<Py_ssize_t>lanes, width - x) if two_rows else lanes
        if vectors != NULL:
            vectors[n] = v
        n += 1
        x += v.count
        y += x // width
        x %= width
    return n


cdef Py_ssize_t useful(Axis* axis, Py_ssize_t first, Py_ssize_t last,
                       Py_ssize_t* start) noexcept nogil:
    """How many kernel elements, from ``start`` on, read more than padding for these results."""
    cdef Py_ssize_t low = 0, high = axis.kernel
    while low < high and not reads(axis, low, first, last):
        low += 1
    while low < high and not reads(axis, high - 1, first, last):
        high -= 1
    start[0] = low
    return high - low


cdef Py_ssize_t useful_taps(Correlation* c, Py_ssize_t y, Py_ssize_t last,
                            Py_ssize_t* start) noexcept nogil:
    """How many taps, from ``start`` on, read more than padding for rows y to last of results."""
    cdef Py_ssize_t row = c.channels * c.columns.kernel, count
    start[0] = 0
    if not (c.by_row and c.finite):
        return c.taps
    count = useful(&c.rows, y, last, start)
    start[0] *= row
    return count * row


cdef inline Py_ssize_t before(Axis* axis, Py_ssize_t element) noexcept nogil:
    """How many results have a kernel element lie before the array."""
    cdef Py_ssize_t first = axis.first_read + element * axis.read_step
    return min(pieces(-first, axis.step), axis.results) if first < 0 else 0


cdef inline Py_ssize_t behind(Axis* axis, Py_ssize_t element) noexcept nogil:
    """How many have it lie behind."""
    cdef Py_ssize_t last = (axis.first_read + element * axis.read_step
                            + (axis.results - 1) * axis.step)
    return min(pieces(last - axis.size + 1, axis.step), axis.results) if last >= axis.size else 0


cdef double useful_share(Axis* axis) noexcept nogil:
    """The part of an axis' kernel elements that read more than padding, over all results."""
    cdef Py_ssize_t element, padding = 0
    for element in range(axis.kernel):
        padding += before(axis, element) + behind(axis, element)
    return 1 - <double>padding / max(axis.results * axis.kernel, <Py_ssize_t>1)


# ---------------------------------------------------------------- which way


cdef void choose_way(Correlation* c, const floating* like) noexcept nogil:
    """Choose what vectors run over, and whether x is read where it lies."""
    cdef bint dense = c.rows.step == 1 and c.columns.step == 1
    c.pixels = prefers_pixels(c, lanes_of(like))
    c.chosen = (c.pixels and c.finite and c.columns.kernel <= COLUMNS
                and useful_share(&c.rows) * useful_share(&c.columns) < 1)
    if c.chosen:
        c.in_place = dense and skips_padding(&c.columns)
    else:
        c.in_place = (
            dense and c.rows.start == 0 and c.columns.start == 0
            and c.columns.extent == c.columns.size and c.rows.results + c.halo <= c.rows.size)
    if c.in_place:
        c.rows.extent = c.rows.size
        c.columns.extent = c.columns.size


cdef bint prefers_pixels(Correlation* c, int lanes) noexcept nogil:
    """Whether vectors of channels take less time than vectors of results.

    Fitted to times of a thousand shapes, with AVX-512 and without: the numbers stand for more than
    what they are named after.
    """
    cdef bint many = TILE_ROWS > 6  # registers
    cdef Py_ssize_t channels = pieces(c.outputs, lanes), width = c.columns.results
    cdef Py_ssize_t sums = even(width, TILE_ROWS) * min(channels, <Py_ssize_t>2)
    cdef Py_ssize_t least = 4 if many else 6  # fewer wait for each other
    cdef double along = lay_vectors(c, c.rows.results, lanes, NULL) * c.outputs
    cdef double across = <double>c.rows.results * width * channels
    cdef double share = useful_share(&c.rows)
    if many:
        share *= useful_share(&c.columns)
    if not many and c.columns.extent > width and goes_on(c, lanes):
        along *= 1.1  # two loads
    across *= share + (12.0 if many else 15.0) / (c.taps + 1)  # transposing
    if channels == 1:
        across *= 1.1
    if sums < least:
        across *= <double>least / max(sums, <Py_ssize_t>1)
    return across < along


cdef bint all_finite(const floating* a, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef int others = 0
    for i in range(n):
        others |= a[i] - a[i] != 0
    return others == 0


cdef bint skips_padding(Axis* axis) noexcept nogil:
    """Whether pixels that find padding are the first or the last of a tile, and so are skipped."""
    cdef bint one_tile = axis.results <= TILE_ROWS
    cdef Py_ssize_t element, left, right
    for element in range(axis.kernel):
        left = before(axis, element)
        right = behind(axis, element)
        if left > 1 or right > 1 or left and right and one_tile:
            return False
    return True
