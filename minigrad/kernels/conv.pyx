"""Convolution over two spatial dimensions, NCHW: forward.

No patch matrix is ever built.  Each sample is first copied, zero-padded, into a slab whose rows
and columns are split by stride: those a multiple of the stride apart become neighbours.  In the
slab, the inputs of one tap (channel, kernel row, kernel column) for neighbouring results are
neighbours too, at a fixed offset per tap.  (Without stride, and without padding or where none is
read, the input is that slab as it lies.)  So a convolution is a matrix product weight @ patches
whose right-hand rows are read from the slab through a table of offsets, straight into registers
(``conv_tile`` in products.h: up to 12 channels x 2 vectors of results, summed over all taps).

Vectors of results run along output rows.  Where that would leave many lanes empty, a vector holds
the end of one row and the beginning of the next: its inputs are two loads, a constant gap apart,
which are blended.  With many channels and tiny images, vectors run over output channels instead
(conv_pixels.pyx).

Threads share out samples and blocks of rows, which are chosen so that a slab fits L2.  Each
result is one sum over the taps in their order, so the bits do not depend on the threads.  In
inference what follows the convolution, batch norm, ReLU and pooling, is done block by block, while
the cache holds the results (``finish_block``).

Which way, and how blocks, vectors and taps lie, is in conv_plan.pyx; the gradients are in
conv_input.pyx and conv_weight.pyx.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset
cimport numpy as cnp
from numpy cimport PyArray_DATA, PyArray_DIM, PyArray_SIZE

from minigrad.kernels.batch_norm_grid cimport Box, Strides
from minigrad.kernels.batch_norm_tiles cimport plane_affine
from minigrad.kernels.conv_pixels cimport correlate_pixels, pack_weights
from minigrad.kernels.conv_plan cimport (
    all_finite, choose_block, choose_way, describe, lay_vectors, offsets, slab_size, useful_taps,
)
from minigrad.kernels.pool cimport Planes, max_plane_2x2
from minigrad.kernels.tasks cimport TASK, Run, Tasks, next_run, share_out

cnp.import_array()

cdef extern from "products.h" nogil:
    enum:
        TILE_ROWS
        FEW_ROWS
    void conv_tile_float(int, int, Py_ssize_t, const float*, Py_ssize_t, Py_ssize_t,
                         const float**, Py_ssize_t, const int*, const Py_ssize_t*, float**,
                         Py_ssize_t, const float*)
    void conv_tile_double(int, int, Py_ssize_t, const double*, Py_ssize_t, Py_ssize_t,
                          const double**, Py_ssize_t, const int*, const Py_ssize_t*, double**,
                          Py_ssize_t, const double*)

cdef enum:
    PIECE = 32  # bytes, which are a register or two
    FEW_BYTES = 512  # are copied without a call


cdef inline void copy_row(void* to, const void* row, size_t size) noexcept nogil:
    """memcpy for rows that are mostly short: the last piece overlaps the one before."""
    cdef size_t at = 0
    if not PIECE <= size < FEW_BYTES:
        memcpy(to, row, size)
        return
    while at < size - PIECE:
        memcpy(<char*>to + at, <const char*>row + at, PIECE)
        at += PIECE
    memcpy(<char*>to + size - PIECE, <const char*>row + size - PIECE, PIECE)


cdef void fill_slab(floating* slab, const floating* x, Py_ssize_t channels, Axis* rows,
                    Axis* columns, Py_ssize_t first) noexcept nogil:
    """Copy channels of x into the slab: (channel, row phase, column phase, row, column).

    Row ``i`` of phase ``p`` is row ``start + (first + i) * step + p`` of x, and so for columns.
    """
    cdef Py_ssize_t channel, p, q, i, j, y, start, low, high
    cdef Py_ssize_t width = columns.extent, height = rows.extent
    cdef const floating* row
    if (rows.start + first * rows.step < 0 or columns.start < 0
            or rows.start + (first + height) * rows.step > rows.size
            or columns.start + width * columns.step > columns.size):
        memset(slab, 0,
               channels * rows.step * columns.step * height * width * sizeof(floating))
    for channel in range(channels):
        for p in range(rows.step):
            for q in range(columns.step):
                # Columns low <= j < high of this phase lie inside x.
                start = columns.start + q
                low = pieces(-start, columns.step) if start < 0 else 0
                high = pieces(columns.size - start, columns.step) if columns.size > start else 0
                high = min(high, width)
                for i in range(height):
                    y = rows.start + (first + i) * rows.step + p
                    if 0 <= y < rows.size and low < high:
                        row = x + y * columns.size + start
                        if columns.step == 1:
                            copy_row(slab + low, row + low, (high - low) * sizeof(floating))
                        else:
                            for j in range(low, high):
                                slab[j] = row[j * columns.step]
                    slab += width
        x += rows.size * columns.size


cdef void correlate_rows(Correlation* c, floating* out, const floating* slab, const floating* a,
                         const floating* bias, Py_ssize_t first,
                         Py_ssize_t height) noexcept nogil:
    """Vectors of results, row after row; the first row is row ``first`` of all."""
    cdef int lanes = lanes_of(out), n, j
    cdef Py_ssize_t width = c.columns.results, gap = c.columns.extent - width
    cdef Py_ssize_t plane = c.out_height * c.out_width
    cdef Py_ssize_t tile = even(c.outputs, TILE_ROWS), i = 0, part, m, rows, taps, start
    cdef int most = 3 if tile <= FEW_ROWS else 2
    cdef bint dense = c.row_step == 1 and c.column_step == 1, direct
    cdef Vector* vector
    cdef const floating* source[3]
    cdef int in_row[3]
    cdef floating* to[3]
    cdef floating results[2 * TILE_ROWS * LANES_float]
    while i < c.n_vectors and c.vectors[i].y < height:
        n = 0
        while n < most and i + n < c.n_vectors and c.vectors[i + n].y < height:
            vector = c.vectors + i + n
            source[n] = slab + vector.source
            in_row[n] = vector.in_row
            n += 1
        taps = useful_taps(c, first + c.vectors[i].y,
                           first + vector.y + (vector.x + vector.count - 1) // width, &start)
        # In place, a vector writes over what follows its results: that is computed later, but for
        # the end.
        direct = dense and vector.y * width + vector.x + lanes <= height * width
        for part in range(pieces(c.outputs, tile)):
            m = part * tile
            rows = min(tile, c.outputs - m)
            for j in range(n):
                vector = c.vectors + i + j
                to[j] = results + j * lanes
                if direct:
                    to[j] = out + m * plane + vector.y * width + vector.x
            if floating is float:
                conv_tile_float(<int>rows, n, taps, a + m * c.a_row + start * c.a_step, c.a_row,
                                c.a_step, source, gap, in_row, c.offset + start, to,
                                plane if direct else n * lanes,
                                bias + m if bias else NULL)
            else:
                conv_tile_double(<int>rows, n, taps, a + m * c.a_row + start * c.a_step, c.a_row,
                                 c.a_step, source, gap, in_row, c.offset + start, to,
                                 plane if direct else n * lanes,
                                 bias + m if bias else NULL)
            if not direct:
                for j in range(n):
                    scatter(c, out + m * plane, results + j * lanes, n * lanes, rows,
                            c.vectors + i + j, height)
        i += n


cdef void scatter(Correlation* c, floating* out, const floating* results, Py_ssize_t pitch,
                  Py_ssize_t rows, Vector* vector, Py_ssize_t height) noexcept nogil:
    """Write one vector of each channel (`pitch` apart) to where its results belong."""
    cdef Py_ssize_t plane = c.out_height * c.out_width, y = vector.y, x = vector.x, lane = 0
    cdef Py_ssize_t n, i, j
    cdef floating* to
    cdef const floating* results_row
    while lane < vector.count and y < height:
        n = min(c.columns.results - x, vector.count - lane)
        for i in range(rows):
            to = (out + i * plane + (c.first_row + y * c.row_step) * c.out_width
                  + c.first_column + x * c.column_step)
            results_row = results + i * pitch + lane
            for j in range(n):
                to[j * c.column_step] = results_row[j]
        lane += n
        x = 0
        y += 1


cdef inline bint reads_past_the_end(Correlation* c, Py_ssize_t image, Py_ssize_t last,
                                    Py_ssize_t vector) noexcept nogil:
    """Whether vectors that end before row ``last`` of results might reach beyond the input."""
    cdef Py_ssize_t left = (c.rows.size - last - c.halo) * c.columns.size
    left += (c.samples * c.groups - 1 - image) * c.channels * c.rows.size * c.columns.size
    return left < vector + c.columns.extent


cdef void correlate_block(Correlation* c, floating* out, const floating* x, const floating* a,
                          const floating* panels, const floating* bias, floating* slab,
                          Py_ssize_t task) noexcept nogil:
    """One block of rows of one group of one sample."""
    cdef Py_ssize_t blocks = pieces(c.rows.results, c.block), image = task // blocks
    cdef Py_ssize_t group = image % c.groups, first = task % blocks * c.block
    cdef Py_ssize_t height = min(c.block, c.rows.results - first), panel = 2 * lanes_of(out)
    cdef floating* results = out
    if c.after.wanted:
        results = slab + slab_size(c.channels, &c.rows, &c.columns, out)
    else:
        results += image * c.outputs * c.out_height * c.out_width
        results += first * c.row_step * c.out_width
    if bias != NULL:
        bias += group * c.outputs
    x += image * c.channels * c.rows.size * c.columns.size
    cdef const floating* source = slab
    if not c.in_place:
        fill_slab(slab, x, c.channels, &c.rows, &c.columns, first)
    else:
        source = x
        if not c.pixels and reads_past_the_end(c, image, first + height, panel):
            fill_slab(slab, x, c.channels, &c.rows, &c.columns, 0)
            source = slab
        source += first * c.columns.extent
    if panels != NULL:
        panels += group * pieces(c.outputs, panel) * panel * c.taps
        correlate_pixels(c, results, source, panels, bias, first, height)
    else:
        correlate_rows(c, results, source, a + group * c.a_group, bias, first, height)
    if c.after.wanted:
        if c.after.pools:
            first //= 2
        out += (image * c.outputs * c.after.height + first) * c.after.width
        finish_block(c, out, results, group, height)


cdef void finish_block(Correlation* c, floating* out, floating* results, Py_ssize_t group,
                       Py_ssize_t height) noexcept nogil:
    """What comes after the convolution, channel by channel; ``results`` are dense."""
    cdef Py_ssize_t plane = c.out_height * c.out_width, n = height * c.out_width, channel, i
    cdef Py_ssize_t out_plane = c.after.height * c.after.width
    cdef floating* channel_out = results + c.outputs * plane  # room for one
    cdef floating low = <floating>c.after.low
    cdef const floating* coefficients
    cdef Planes planes = Planes(1, height, c.out_width, height // 2, c.after.width)
    cdef Strides strides
    cdef Box box
    box.rows, box.cols, box.width = 1, n, 1
    for channel in range(c.outputs):
        if not c.after.pools:
            channel_out = out
        if c.after.coefficients != NULL:
            coefficients = <const floating*>c.after.coefficients + group * c.outputs + channel
            plane_affine(channel_out, strides, <const floating*>results, strides, box, coefficients,
                         c.groups * c.outputs, low)
        else:
            for i in range(n):
                channel_out[i] = low if results[i] < low else results[i]
        if c.after.pools:
            max_plane_2x2(&planes, out, <int32_t*>NULL, <const floating*>channel_out, 0)
        results += plane
        out += out_plane


cdef int correlate(Correlation* c, floating* out, const floating* x, const floating* a,
                   const floating* bias, int n_threads) noexcept nogil:
    """Every sample, group and block of rows.  -1 if there is no memory for the slabs."""
    cdef Py_ssize_t count = c.samples * c.groups * pieces(c.rows.results, c.block), task
    cdef Py_ssize_t size = slab_size(c.channels, &c.rows, &c.columns, out)
    if c.after.wanted:
        size += (c.outputs + 1) * c.out_height * c.out_width
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    cdef floating* panels = NULL
    cdef floating* slabs = <floating*>malloc(n_threads * size * sizeof(floating))
    c.vectors = NULL
    cdef int failed = 0
    if c.pixels:
        panels = pack_weights(c, a)
    else:
        c.n_vectors = lay_vectors(c, c.block, lanes_of(out), NULL)
        c.vectors = <Vector*>malloc(c.n_vectors * sizeof(Vector))
        if c.vectors != NULL:
            lay_vectors(c, c.block, lanes_of(out), c.vectors)
    if slabs == NULL or panels == NULL and c.vectors == NULL:
        failed = -1
    if failed:
        pass
    elif n_threads == 1:
        for task in range(count):
            correlate_block(c, out, x, a, <const floating*>panels, bias, slabs, task)
    else:
        share_out(&tasks, count, TASK, n_threads)
        for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
            run = next_run(&tasks, thread)
            while run.first < run.last:
                for task in range(run.first, run.last):
                    correlate_block(c, out, x, a, <const floating*>panels, bias,
                                    slabs + thread * size, task)
                run = next_run(&tasks, thread)
    free(slabs)
    free(panels)
    free(c.vectors)
    return failed


cpdef int conv2d_forward(cnp.ndarray out, cnp.ndarray x, cnp.ndarray weight, cnp.ndarray bias,
                         Py_ssize_t stride_h, Py_ssize_t stride_w,
                         Py_ssize_t pad_h, Py_ssize_t pad_w,
                         Py_ssize_t dil_h, Py_ssize_t dil_w,
                         Py_ssize_t groups, int n_threads) except -1:
    """out = the convolution of x with weight, plus bias (or None).  All contiguous."""
    cdef Correlation c = describe(x, PyArray_DIM(out, 2), PyArray_DIM(out, 3), weight, stride_h,
                                  stride_w, pad_h, pad_w, dil_h, dil_w, groups)
    return run(&c, out, x, weight, bias, dil_h, dil_w, n_threads)


cpdef int conv2d_infer(cnp.ndarray out, cnp.ndarray x, cnp.ndarray weight, cnp.ndarray bias,
                       cnp.ndarray coefficients, double low, bint pools,
                       Py_ssize_t height, Py_ssize_t width,
                       Py_ssize_t stride_h, Py_ssize_t stride_w,
                       Py_ssize_t pad_h, Py_ssize_t pad_w,
                       Py_ssize_t dil_h, Py_ssize_t dil_w,
                       Py_ssize_t groups, int n_threads) except -1:
    """The same, then batch norm, a lower limit, and perhaps the maximum over windows of 2 x 2.

    ``coefficients`` are those of batch_norm_coefficients, or None; ``low`` is 0 for a ReLU, or
    -inf.  The convolution's results are ``height`` x ``width``, ``out`` half of that if ``pools``.
    """
    cdef Correlation c = describe(x, height, width, weight, stride_h, stride_w, pad_h, pad_w,
                                  dil_h, dil_w, groups)
    cdef void* numbers = PyArray_DATA(coefficients) if coefficients is not None else NULL
    c.after = After(True, numbers, low, pools, PyArray_DIM(out, 2), PyArray_DIM(out, 3))
    return run(&c, out, x, weight, bias, dil_h, dil_w, n_threads)


cdef int run(Correlation* c, cnp.ndarray out, cnp.ndarray x, cnp.ndarray weight, cnp.ndarray bias,
             Py_ssize_t dil_h, Py_ssize_t dil_w, int n_threads) except -1:
    cdef void* to = PyArray_DATA(out)
    cdef void* source = PyArray_DATA(x)
    cdef void* weights = PyArray_DATA(weight)
    cdef void* added = PyArray_DATA(bias) if bias is not None else NULL
    cdef int failed
    choose_block(c, out.descr.itemsize, n_threads)
    if out.descr.type_num == cnp.NPY_FLOAT:
        c.finite = all_finite(<const float*>weights, PyArray_SIZE(weight))
        choose_way(c, <const float*>weights)
    else:
        c.finite = all_finite(<const double*>weights, PyArray_SIZE(weight))
        choose_way(c, <const double*>weights)
    c.offset = offsets(c, weight, dil_h, dil_w)
    if out.descr.type_num == cnp.NPY_FLOAT:
        with nogil:
            failed = correlate(c, <float*>to, <const float*>source, <const float*>weights,
                               <const float*>added, n_threads)
    else:
        with nogil:
            failed = correlate(c, <double*>to, <const double*>source, <const double*>weights,
                               <const double*>added, n_threads)
    free(c.offset)
    if failed:
        raise MemoryError("no memory for the scratch of a convolution")
    return 0
