"""The gradient of a convolution's weight and bias.

The roles of the forward product (conv.pyx) turned round: for each tap, the sum over samples and
pixels of the input at that tap's offset in the slab times the output gradient.  dy is transposed
in registers as it is copied, a panel of two vectors of output channels, pixel by pixel; a tile of
up to 8 taps x 2 vectors is summed in registers over the rows of results that a slab holds
(``tap_tile`` in products.h, which follows one pointer per tap).

Where few output channels would leave most lanes of such vectors empty (the first layer, a layer
with a group per channel), vectors lie along the rows of dy, which is read in place; each sum has a
vector of partial sums until the end (``line_tile``).

The samples are cut into at most 32 tiles, by their number and the size of the weight alone.
Threads share out the tiles; each has a partial gradient of its own, and these are added up in
order.  So the bits do not depend on the number of threads, and no sum is longer than a slab, a
tile or the tiles, which keeps it accurate.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.stdlib cimport free, malloc
from libc.string cimport memset
cimport numpy as cnp
from numpy cimport PyArray_DATA, PyArray_DIM

from minigrad.kernels.conv cimport Correlation, even, fill_slab, lanes_of, pieces
from minigrad.kernels.conv_plan cimport choose_block, describe, offsets, slab_size
from minigrad.kernels.tasks cimport TASK, Run, Tasks, next_run, share_out

cnp.import_array()

cdef extern from "products.h" nogil:
    enum:
        TAP_ROWS
        LINE_TAPS
        LINE_CHANNELS
    void tap_tile_float(int, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, const float**,
                        const float*, float*, Py_ssize_t)
    void tap_tile_double(int, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, const double**,
                         const double*, double*, Py_ssize_t)
    void pack_float(float*, Py_ssize_t, const float*, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                    Py_ssize_t)
    void pack_double(double*, Py_ssize_t, const double*, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                     Py_ssize_t)
    void line_tile_float(int, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, const float**,
                         const float*, Py_ssize_t, float*, Py_ssize_t)
    void line_tile_double(int, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, const double**,
                          const double*, Py_ssize_t, double*, Py_ssize_t)
    void line_sum_float(Py_ssize_t, const float*, float*)
    void line_sum_double(Py_ssize_t, const double*, double*)
    void column_sums_float(Py_ssize_t, const float*, float*)
    void column_sums_double(Py_ssize_t, const double*, double*)

cdef enum:
    PARTIAL_BYTES = 4194304  # what all partial gradients together may take
    PARTIALS = 32  # tiles of samples, at most


cdef struct Partial:
    # A partial gradient: for each group (rows, width), a row for each tap; the last has the bias.
    bint along_rows  # with a vector of sums for each output channel, not one
    Py_ssize_t width, rows
    Py_ssize_t size  # of all groups


cdef Partial describe_partial(Correlation* c, const floating* like) noexcept nogil:
    cdef Py_ssize_t lanes = lanes_of(like), panel = 2 * lanes
    cdef Py_ssize_t along = c.outputs * pieces(c.out_width, lanes)      # vectors a row and tap
    cdef Py_ssize_t across = pieces(c.outputs, lanes) * c.out_width
    cdef Partial p
    p.along_rows = c.out_width >= lanes and 4 * along < 3 * across
    if p.along_rows:
        p.width = c.outputs * lanes
        p.rows = pieces(c.taps, LINE_TAPS) * LINE_TAPS + 1
    else:
        p.width = pieces(c.outputs, panel) * panel
        p.rows = c.taps + 1
    p.size = c.groups * p.rows * p.width
    return p


cdef void add_across(Correlation* c, Partial* p, floating* partial, const floating* dy,
                     const floating* slab, Py_ssize_t height, bint bias,
                     floating* turned) noexcept nogil:
    """Add the rows of a slab, with vectors of output channels; dy is that of its first row."""
    cdef Py_ssize_t panel = 2 * lanes_of(dy), plane = c.out_height * c.out_width
    cdef Py_ssize_t pixels = height * c.out_width, tile = even(c.taps, TAP_ROWS)
    cdef Py_ssize_t rows, columns, part, n, j, k, i
    cdef const floating* source[TAP_ROWS]
    for part in range(pieces(c.outputs, panel)):
        j = part * panel
        columns = min(panel, c.outputs - j)
        if floating is float:
            pack_float(turned, panel, dy + j * plane, columns, plane, pixels, 1)
        else:
            pack_double(turned, panel, dy + j * plane, columns, plane, pixels, 1)
        for n in range(pieces(c.taps, tile)):
            k = n * tile
            rows = min(tile, c.taps - k)
            for i in range(rows):
                source[i] = slab + c.offset[k + i]
            if floating is float:
                tap_tile_float(<int>rows, <int>columns, height, c.out_width, c.columns.extent,
                               source, turned, partial + k * p.width + j, p.width)
            else:
                tap_tile_double(<int>rows, <int>columns, height, c.out_width, c.columns.extent,
                                source, turned, partial + k * p.width + j, p.width)
        if bias:
            if floating is float:
                column_sums_float(pixels, turned, partial + c.taps * p.width + j)
            else:
                column_sums_double(pixels, turned, partial + c.taps * p.width + j)


cdef void add_along(Correlation* c, Partial* p, floating* partial, const floating* dy,
                    const floating* slab, Py_ssize_t height, bint bias) noexcept nogil:
    """The same with vectors of results."""
    cdef Py_ssize_t lanes = lanes_of(dy), plane = c.out_height * c.out_width
    cdef Py_ssize_t tile = 3 if c.taps % 3 == 0 and c.taps % LINE_TAPS else LINE_TAPS
    cdef Py_ssize_t few = even(c.outputs, LINE_CHANNELS), channels, part, n, j, k, i
    cdef const floating* source[LINE_TAPS]
    for part in range(pieces(c.outputs, few)):
        j = part * few
        channels = min(few, c.outputs - j)
        for n in range(pieces(c.taps, tile)):
            k = n * tile
            for i in range(tile):       # (what is behind the last tap goes to a row of no meaning)
                source[i] = slab + c.offset[min(k + i, c.taps - 1)]
            if floating is float:
                line_tile_float(<int>tile, <int>channels, height, c.out_width, c.columns.extent,
                                source, dy + j * plane, plane,
                                partial + k * p.width + j * lanes, p.width)
            else:
                line_tile_double(<int>tile, <int>channels, height, c.out_width,
                                 c.columns.extent, source, dy + j * plane, plane,
                                 partial + k * p.width + j * lanes, p.width)
    if bias:
        partial += (p.rows - 1) * p.width
        for j in range(c.outputs):
            if floating is float:
                line_sum_float(height * c.out_width, dy + j * plane, partial + j * lanes)
            else:
                line_sum_double(height * c.out_width, dy + j * plane, partial + j * lanes)


cdef int weight_gradient(Correlation* c, floating* dweight, floating* dbias, const floating* dy,
                         const floating* x, int n_threads) noexcept nogil:
    """Each tile of samples into a partial gradient of its own, then their sum in order."""
    cdef Partial p = describe_partial(c, dy)
    cdef Py_ssize_t rows = c.groups * p.rows
    cdef Py_ssize_t slab = slab_size(c.channels, &c.rows, &c.columns, dy)
    cdef Py_ssize_t scratch = slab + 2 * lanes_of(dy) * c.block * c.out_width
    cdef Py_ssize_t tiles = PARTIALS, row, per_tile, tile
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    while tiles > 1 and tiles * p.size * <Py_ssize_t>sizeof(floating) > PARTIAL_BYTES:
        tiles //= 2
    per_tile = max(pieces(c.samples, tiles), 1)
    tiles = max(pieces(c.samples, per_tile), 1)
    cdef floating* partials = <floating*>malloc(
        (tiles * p.size + n_threads * scratch) * sizeof(floating))
    if partials == NULL:
        return -1
    if n_threads == 1:
        for tile in range(tiles):
            add_tile(c, &p, partials + tile * p.size, dy, x, dbias != NULL,
                     partials + tiles * p.size, slab, tile * per_tile,
                     min((tile + 1) * per_tile, c.samples))
        for row in range(rows):
            combine(c, &p, dweight, dbias, partials, tiles, row)
        free(partials)
        return 0
    share_out(&tasks, tiles, TASK, n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for tile in range(run.first, run.last):
                add_tile(c, &p, partials + tile * p.size, dy, x, dbias != NULL,
                         partials + tiles * p.size + thread * scratch, slab,
                         tile * per_tile, min((tile + 1) * per_tile, c.samples))
            run = next_run(&tasks, thread)
    for row in prange(rows, num_threads=n_threads, schedule="static"):
        combine(c, &p, dweight, dbias, partials, tiles, row)
    free(partials)
    return 0


cdef void add_tile(Correlation* c, Partial* p, floating* partial, const floating* dy,
                   const floating* x, bint bias, floating* scratch, Py_ssize_t slab,
                   Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Samples first to last into one partial gradient."""
    cdef Py_ssize_t image, group, block, row, height
    cdef const floating* dy_row
    cdef floating* sums
    memset(partial, 0, p.size * sizeof(floating))
    for image in range(first * c.groups, last * c.groups):
        group = image % c.groups
        sums = partial + group * p.rows * p.width
        for block in range(pieces(c.out_height, c.block)):
            row = block * c.block
            height = min(c.block, c.out_height - row)
            dy_row = dy + (image * c.outputs * c.out_height + row) * c.out_width
            fill_slab(scratch, x + image * c.channels * c.rows.size * c.columns.size, c.channels,
                      &c.rows, &c.columns, row)
            if p.along_rows:
                add_along(c, p, sums, dy_row, <const floating*>scratch, height, bias)
            else:
                add_across(c, p, sums, dy_row, <const floating*>scratch, height, bias,
                           scratch + slab)


cdef void combine(Correlation* c, Partial* p, floating* dweight, floating* dbias,
                  floating* partials, Py_ssize_t tiles, Py_ssize_t row) noexcept nogil:
    """Sum one row of the partial gradients, a tap of a group, into dweight (or dbias)."""
    cdef Py_ssize_t group = row // p.rows, tap = row % p.rows, tile, m, lane
    cdef Py_ssize_t lanes = lanes_of(partials) if p.along_rows else 1
    cdef floating* total = partials + row * p.width
    for tile in range(1, tiles):
        for m in range(c.outputs * lanes):
            total[m] += total[tile * p.size + m]
    for m in range(c.outputs):
        for lane in range(1, lanes):
            total[m * lanes] += total[m * lanes + lane]
        if tap < c.taps:
            dweight[(group * c.outputs + m) * c.taps + tap] = total[m * lanes]
        elif tap == p.rows - 1 and dbias != NULL:
            dbias[group * c.outputs + m] = total[m * lanes]


cpdef int conv2d_backward_weight(cnp.ndarray dweight, cnp.ndarray dbias, cnp.ndarray dy,
                                 cnp.ndarray x, Py_ssize_t stride_h, Py_ssize_t stride_w,
                                 Py_ssize_t pad_h, Py_ssize_t pad_w,
                                 Py_ssize_t dil_h, Py_ssize_t dil_w,
                                 Py_ssize_t groups, int n_threads) except -1:
    """The gradients of the convolution's weight and bias (None: not wanted).  All contiguous."""
    # The blocks of rows are chosen as for one thread: the order of the sums must not vary.
    cdef Correlation c = describe(x, PyArray_DIM(dy, 2), PyArray_DIM(dy, 3), dweight, stride_h,
                                  stride_w, pad_h, pad_w, dil_h, dil_w, groups)
    choose_block(&c, x.descr.itemsize, 1)
    c.offset = offsets(&c, dweight, dil_h, dil_w)
    cdef void* to = PyArray_DATA(dweight)
    cdef void* to_bias = PyArray_DATA(dbias) if dbias is not None else NULL
    cdef void* gradient = PyArray_DATA(dy)
    cdef void* source = PyArray_DATA(x)
    cdef int failed
    if dy.descr.type_num == cnp.NPY_FLOAT:
        with nogil:
            failed = weight_gradient(&c, <float*>to, <float*>to_bias, <const float*>gradient,
                                     <const float*>source, n_threads)
    else:
        with nogil:
            failed = weight_gradient(&c, <double*>to, <double*>to_bias, <const double*>gradient,
                                     <const double*>source, n_threads)
    free(c.offset)
    if failed:
        raise MemoryError("no memory for the scratch of a convolution")
    return 0
