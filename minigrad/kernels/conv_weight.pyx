"""The gradient of a convolution's weight and bias.

The roles of the forward product (conv.pyx) turned round: for each tap, the sum over samples and
pixels of the input at that tap's offset in the slab times the output gradient.  dy is transposed
in registers as it is copied, a panel of two vectors of output channels, pixel by pixel; a tile of
up to 8 taps x 2 vectors is summed in registers over the rows of results that a slab holds
(``tap_tile`` in products.h, which follows one pointer per tap).

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

cnp.import_array()

cdef extern from "products.h" nogil:
    enum:
        TAP_ROWS
    void tap_tile_float(int, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, const float**,
                        const float*, float*, Py_ssize_t)
    void tap_tile_double(int, int, Py_ssize_t, Py_ssize_t, Py_ssize_t, const double**,
                         const double*, double*, Py_ssize_t)
    void pack_float(float*, Py_ssize_t, const float*, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                    Py_ssize_t)
    void pack_double(double*, Py_ssize_t, const double*, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                     Py_ssize_t)
    void column_sums_float(Py_ssize_t, const float*, float*)
    void column_sums_double(Py_ssize_t, const double*, double*)

cdef enum:
    PARTIAL_BYTES = 4194304  # what all partial gradients together may take
    PARTIALS = 32  # tiles of samples, at most


cdef void add_weight_gradient(Correlation* c, floating* partial, const floating* dy,
                              const floating* x, bint bias, floating* slab,
                              floating* turned) noexcept nogil:
    """Add one group of one sample to ``partial``, (taps + 1, output channels): last the bias."""
    cdef Py_ssize_t panel = 2 * lanes_of(dy), padded = pieces(c.outputs, panel) * panel
    cdef Py_ssize_t plane = c.out_height * c.out_width
    cdef Py_ssize_t tile = even(c.taps, TAP_ROWS), first, height, pixels, rows, columns
    cdef Py_ssize_t n, part, j, k, i
    cdef const floating* source[TAP_ROWS]
    for n in range(pieces(c.out_height, c.block)):
        first = n * c.block
        height = min(c.block, c.out_height - first)
        pixels = height * c.out_width
        fill_slab(slab, x, c.channels, &c.rows, &c.columns, first)
        for part in range(pieces(c.outputs, panel)):
            j = part * panel
            columns = min(panel, c.outputs - j)
            if floating is float:
                pack_float(turned, panel, dy + j * plane + first * c.out_width, columns, plane,
                           pixels, 1)
            else:
                pack_double(turned, panel, dy + j * plane + first * c.out_width, columns, plane,
                            pixels, 1)
            for k in range(pieces(c.taps, tile)):
                rows = min(tile, c.taps - k * tile)
                for i in range(rows):
                    source[i] = slab + c.offset[k * tile + i]
                if floating is float:
                    tap_tile_float(<int>rows, <int>columns, height, c.out_width,
                                   c.columns.extent, source, turned,
                                   partial + k * tile * padded + j, padded)
                else:
                    tap_tile_double(<int>rows, <int>columns, height, c.out_width,
                                    c.columns.extent, source, turned,
                                    partial + k * tile * padded + j, padded)
            if bias:
                if floating is float:
                    column_sums_float(pixels, turned, partial + c.taps * padded + j)
                else:
                    column_sums_double(pixels, turned, partial + c.taps * padded + j)


cdef int weight_gradient(Correlation* c, floating* dweight, floating* dbias, const floating* dy,
                         const floating* x, int n_threads) noexcept nogil:
    """Each tile of samples into a partial gradient of its own, then their sum in order."""
    cdef Py_ssize_t panel = 2 * lanes_of(dy), padded = pieces(c.outputs, panel) * panel
    cdef Py_ssize_t rows = c.groups * (c.taps + 1), size = rows * padded
    cdef Py_ssize_t slab = slab_size(c.channels, &c.rows, &c.columns, dy)
    cdef Py_ssize_t scratch = slab + panel * c.block * c.out_width
    cdef Py_ssize_t tiles = PARTIALS, row, per_tile, tile, share
    cdef int thread
    while tiles > 1 and tiles * size * <Py_ssize_t>sizeof(floating) > PARTIAL_BYTES:
        tiles //= 2
    per_tile = max(pieces(c.samples, tiles), 1)
    tiles = max(pieces(c.samples, per_tile), 1)
    cdef floating* partials = <floating*>malloc(
        (tiles * size + n_threads * scratch) * sizeof(floating))
    if partials == NULL:
        return -1
    if n_threads == 1:
        for tile in range(tiles):
            add_tile(c, partials + tile * size, dy, x, dbias != NULL, partials + tiles * size,
                     slab, tile * per_tile, min((tile + 1) * per_tile, c.samples))
        for row in range(rows):
            combine(c, dweight, dbias, partials, tiles, size, padded, row)
        free(partials)
        return 0
    share = pieces(tiles, n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        for tile in range(thread * share, min((thread + 1) * share, tiles)):
            add_tile(c, partials + tile * size, dy, x, dbias != NULL,
                     partials + tiles * size + thread * scratch, slab,
                     tile * per_tile, min((tile + 1) * per_tile, c.samples))
    for row in prange(rows, num_threads=n_threads, schedule="static"):
        combine(c, dweight, dbias, partials, tiles, size, padded, row)
    free(partials)
    return 0


cdef void add_tile(Correlation* c, floating* partial, const floating* dy, const floating* x,
                   bint bias, floating* scratch, Py_ssize_t slab, Py_ssize_t first,
                   Py_ssize_t last) noexcept nogil:
    cdef Py_ssize_t panel = 2 * lanes_of(dy), padded = pieces(c.outputs, panel) * panel
    cdef Py_ssize_t size = (c.taps + 1) * padded, image, group
    memset(partial, 0, c.groups * size * sizeof(floating))
    for image in range(first * c.groups, last * c.groups):
        group = image % c.groups
        add_weight_gradient(c, partial + group * size,
                            dy + image * c.outputs * c.out_height * c.out_width,
                            x + image * c.channels * c.rows.size * c.columns.size, bias,
                            scratch, scratch + slab)


cdef void combine(Correlation* c, floating* dweight, floating* dbias, floating* partials,
                  Py_ssize_t tiles, Py_ssize_t size, Py_ssize_t padded,
                  Py_ssize_t row) noexcept nogil:
    """Sum one row of the partial gradients, a tap of a group, into dweight (or dbias)."""
    cdef Py_ssize_t group = row // (c.taps + 1), tap = row % (c.taps + 1), tile, m
    cdef floating* total = partials + row * padded
    for tile in range(1, tiles):
        for m in range(c.outputs):
            total[m] += total[tile * size + m]
    for m in range(c.outputs):
        if tap < c.taps:
            dweight[(group * c.outputs + m) * c.taps + tap] = total[m]
        elif dbias != NULL:
            dbias[group * c.outputs + m] = total[m]


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
