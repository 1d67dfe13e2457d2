"""Matrix products: gemm (out = a @ b), addmm (out = a @ b + bias), bmm (a batch of them).

``a`` and ``b`` may have any strides, so transposed views cost no copy; ``out`` is contiguous.

A tile of 12 rows x 2 vectors (6 rows where there are 16 registers) is summed in registers over
256 or 512 steps of the inner dimension (products.h).  It reads b as a panel two vectors wide,
up to 32 KB, which stays in the L1 cache while all tiles of those columns are computed, and a streams
past from L2.  Both are packed into the order in which they are read, ``COLUMNS`` columns of b at a
time, if that pays: a if many panels will read it, b unless its rows are vectors as it lies and few
tiles will read it, or with AVX-512 all of it stays in L2.  Packing turns rows into columns in
registers, and is the only place that minds the strides.

Threads split the result into rectangles and compute each as if it were alone, packing what it
needs: with few threads that costs less than meeting at barriers.  Every number is summed
in the same order wherever its tile lies, so the bits do not depend on the number of threads.
Batch norm behind a linear layer is done rectangle by rectangle, while the cache holds the results.
A matrix times a vector is rows of dot products.  Small products keep their panels on the stack.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.stdlib cimport free, malloc
cimport numpy as cnp
from numpy cimport PyArray_DATA, PyArray_DIM, PyArray_STRIDE

from minigrad.kernels.batch_norm_grid cimport MAX_COLS, Box, Strides
from minigrad.kernels.batch_norm_tiles cimport LastPass, write_box
from minigrad.kernels.openmp cimport regain_gil, release_gil
from minigrad.kernels.tasks cimport TASK, Run, Tasks, next_run, share_out

cnp.import_array()

cdef extern from "products.h" nogil:
    enum:
        TILE_ROWS
        LANES_float
        LANES_double
    void gemm_tile_float(int, int, Py_ssize_t, const float*, Py_ssize_t, Py_ssize_t, const float*,
                         Py_ssize_t, float*, Py_ssize_t, bint, const float*)
    void gemm_tile_double(int, int, Py_ssize_t, const double*, Py_ssize_t, Py_ssize_t,
                          const double*, Py_ssize_t, double*, Py_ssize_t, bint, const double*)
    void pack_float(float*, Py_ssize_t, const float*, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                    Py_ssize_t)
    void pack_double(double*, Py_ssize_t, const double*, Py_ssize_t, Py_ssize_t, Py_ssize_t,
                     Py_ssize_t)
    void dots_float(Py_ssize_t, Py_ssize_t, const float*, Py_ssize_t, const float*, float*, bint,
                    const float*, Py_ssize_t)
    void dots_double(Py_ssize_t, Py_ssize_t, const double*, Py_ssize_t, const double*, double*,
                     bint, const double*, Py_ssize_t)

cdef enum:
    PANEL = 32768  # bytes of a panel of b, so many that the results are seldom visited once more
    DEPTH = 512  # steps of the inner dimension at most, where vectors are short
    L2 = 1 << 20  # bytes
    COLUMNS = 512  # columns of b packed at a time
    TILES = 12  # tiles of rows of a packed at a time
    PACKING = 8  # times as long as to multiply a number by one takes it to pack it ...
    CROWDED = 20  # ... from lines that share a set of the L1 cache
    READING = 3  # times as long as that it takes to fetch a number of a from the L2 cache
    PIECES = 8  # of the result for each thread, at most
    MOST_PIECES = 64  # where there are fewer threads than that
    STACK = 16384  # bytes of panels that are kept on the stack


cdef double WAIT = 0.05  # of the time of a piece that a thread waits for others at the end


cdef struct Product:
    # The shape and strides (in elements) of out = a @ b, whether out is added to, and what is done
    # with the results: `last` of batch norm with these coefficients, or NULL.
    Py_ssize_t rows, columns, depth
    Py_ssize_t out_row
    Py_ssize_t a_row, a_step
    Py_ssize_t b_step, b_column
    bint accumulate
    LastPass last
    const void* coefficients


cdef inline Py_ssize_t pieces(Py_ssize_t total, Py_ssize_t size) noexcept nogil:
    """How many pieces of ``size`` cover ``total``."""
    return (total + size - 1) // size


cdef inline Py_ssize_t even(Py_ssize_t total, Py_ssize_t most) noexcept nogil:
    """The size of the pieces when ``total`` is split evenly into as few as ``most`` allows."""
    return pieces(total, max(pieces(total, most), 1)) or 1


cdef inline Py_ssize_t panel_width(const floating* like) noexcept nogil:
    return 2 * (LANES_float if floating is float else LANES_double)


cdef inline Py_ssize_t deepest(const floating* like) noexcept nogil:
    """How many steps of the inner dimension a panel of b holds."""
    return min(<Py_ssize_t>DEPTH, PANEL // (panel_width(like) * <Py_ssize_t>sizeof(floating)))


cdef inline bint crowded(Py_ssize_t line, const floating* like) noexcept nogil:
    """Whether numbers ``line`` apart share a set of the L1 cache."""
    return line * <Py_ssize_t>sizeof(floating) % 4096 == 0


cdef inline bint a_is_crowded(Product* p, const floating* like) noexcept nogil:
    return crowded(p.a_row, like) or crowded(p.a_step, like)


cdef inline bint is_wide(const floating* like) noexcept nogil:
    """Whether a row of a panel is two lines of memory, which come from L2 faster than one."""
    return panel_width(like) * sizeof(floating) >= 128


cdef inline Py_ssize_t worth_packing(Product* p, const floating* like) noexcept nogil:
    """How often a can be read where it lies in the time that it takes to pack it."""
    if a_is_crowded(p, like):
        return 3
    return 32 if is_wide(like) and p.depth <= deepest(like) else 8


cdef inline bint packs_b(Product* p, const floating* like) noexcept nogil:
    """Not if its rows are vectors as it lies, and few tiles read it or it stays in the L2 cache."""
    cdef bint stays = p.columns * p.depth * <Py_ssize_t>sizeof(floating) <= L2
    return p.b_column != 1 or (p.rows > 2 * TILE_ROWS and not (stays and is_wide(like)))


cdef inline bint packs_a(Product* p, const floating* like) noexcept nogil:
    """Whether so many panels of b read a that it pays to pack it."""
    return p.columns > worth_packing(p, like) * panel_width(like)


cdef Py_ssize_t scratch_size(Product* p, const floating* like) noexcept nogil:
    """Numbers of scratch memory that ``multiply`` needs: panels of b, then of a, then slack."""
    cdef Py_ssize_t panel = panel_width(like)
    cdef Py_ssize_t size = pieces(min(p.columns, <Py_ssize_t>COLUMNS), panel) * panel
    if packs_a(p, like):
        size += min(p.rows, <Py_ssize_t>TILES * TILE_ROWS)
    return size * even(p.depth, deepest(like)) + panel


cdef void multiply(Product* p, floating* out, const floating* a, const floating* b,
                   const floating* bias, floating* scratch) noexcept nogil:
    """One thread's product.  ``bias`` is a row added to every row, or NULL."""
    cdef Py_ssize_t panel = panel_width(out), lanes = panel // 2
    cdef Py_ssize_t tile = even(p.rows, TILE_ROWS), block = tile * TILES
    cdef Py_ssize_t deep = even(p.depth, deepest(out))
    cdef bint pack_a = packs_a(p, out)
    cdef bint pack_b = packs_b(p, out)
    cdef floating* b_panels = scratch
    cdef floating* a_panels = scratch + (
        deep * pieces(min(p.columns, <Py_ssize_t>COLUMNS), panel) * panel)
    cdef const floating* left
    cdef const floating* right
    cdef floating* to
    cdef Py_ssize_t first, width, k, depth, top, height, i, j, rows, columns
    cdef Py_ssize_t a_row, a_step, b_step, part, m, n, q, r
    cdef bint accumulate
    for n in range(pieces(p.columns, COLUMNS)):
        first = n * COLUMNS
        width = min(<Py_ssize_t>COLUMNS, p.columns - first)
        for m in range(max(pieces(p.depth, deep), 1)):
            k = m * deep
            depth = min(deep, p.depth - k)
            accumulate = p.accumulate or k > 0
            for q in range(pieces(width, panel)):
                j = q * panel
                columns = min(panel, width - j)
                if pack_b or columns % lanes:
                    right = b + k * p.b_step + (first + j) * p.b_column
                    if floating is float:
                        pack_float(b_panels + j * depth, panel, right, columns, p.b_column,
                                   depth, p.b_step)
                    else:
                        pack_double(b_panels + j * depth, panel, right, columns, p.b_column,
                                    depth, p.b_step)
            for part in range(pieces(p.rows, block)):
                top = part * block
                height = min(block, p.rows - top)
                if pack_a:
                    for r in range(pieces(height, tile)):
                        i = r * tile
                        rows = min(tile, height - i)
                        left = a + (top + i) * p.a_row + k * p.a_step
                        if floating is float:
                            pack_float(a_panels + i * depth, rows, left, rows, p.a_row,
                                       depth, p.a_step)
                        else:
                            pack_double(a_panels + i * depth, rows, left, rows, p.a_row,
                                        depth, p.a_step)
                for q in range(pieces(width, panel)):
                    j = q * panel
                    columns = min(panel, width - j)
                    right = b_panels + j * depth
                    b_step = panel
                    if not (pack_b or columns % lanes):
                        right = b + k * p.b_step + first + j
                        b_step = p.b_step
                    for r in range(pieces(height, tile)):
                        i = r * tile
                        rows = min(tile, height - i)
                        left = a_panels + i * depth
                        a_row = 1
                        a_step = rows
                        if not pack_a:
                            left = a + (top + i) * p.a_row + k * p.a_step
                            a_row = p.a_row
                            a_step = p.a_step
                        to = out + (top + i) * p.out_row + first + j
                        if floating is float:
                            gemm_tile_float(<int>rows, <int>columns, depth, left, a_row, a_step,
                                            right, b_step, to, p.out_row, accumulate,
                                            bias + first + j if bias and k == 0 else NULL)
                        else:
                            gemm_tile_double(<int>rows, <int>columns, depth, left, a_row, a_step,
                                             right, b_step, to, p.out_row, accumulate,
                                             bias + first + j if bias and k == 0 else NULL)
    if p.coefficients != NULL:
        normalise(p, out)


cdef void normalise(Product* p, floating* out) noexcept nogil:
    """Batch norm of the results, in their place."""
    cdef Strides strides
    cdef Box box
    cdef Py_ssize_t j
    strides.row, strides.channel = p.out_row, 0
    box.row, box.col, box.rows = 0, 0, p.rows
    for j from 0 <= j < p.columns by MAX_COLS:
        box.cols = box.width = min(<Py_ssize_t>MAX_COLS, p.columns - j)
        write_box(&p.last, out + j, strides, out + j, strides, out + j, strides, box,
                  <const floating*>p.coefficients + j)


cdef void multiply_vector(Product* p, floating* out, const floating* a, const floating* b,
                          const floating* bias, int n_threads) noexcept nogil:
    """A product with one row or one column, whose matrix has contiguous lines: dot products."""
    cdef bint row = p.rows == 1
    cdef Py_ssize_t lines = p.columns if row else p.rows
    cdef Py_ssize_t line = p.b_column if row else p.a_row
    cdef const floating* matrix = b if row else a
    cdef const floating* vector = a if row else b
    cdef Py_ssize_t share = (lines + n_threads - 1) // n_threads, i
    cdef int thread
    if n_threads == 1:
        dots(p, lines, out, matrix, line, vector, bias, row)
        return
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        i = thread * share
        dots(p, min(share, lines - i), out + i, matrix + i * line, line, vector,
             bias + (i if row else 0) if bias else NULL, row)


cdef void dots(Product* p, Py_ssize_t n, floating* out, const floating* matrix, Py_ssize_t line,
               const floating* vector, const floating* bias, bint row) noexcept nogil:
    """``n`` lines of a matrix, each times the vector; none if ``n`` is negative."""
    if n <= 0:
        return
    if floating is float:
        dots_float(n, p.depth, matrix, line, vector, out, p.accumulate, bias, row)
    else:
        dots_double(n, p.depth, matrix, line, vector, out, p.accumulate, bias, row)


cdef int multiply_shared(Product* p, floating* out, const floating* a, const floating* b,
                         const floating* bias, int n_threads) noexcept nogil:
    """Split the result into a grid of rectangles, some for each thread."""
    cdef Py_ssize_t height = p.rows, width = p.columns, across, task, size
    cdef Product piece = p[0]
    cdef floating* scratch
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if n_threads > 1:
        choose_pieces(p, out, n_threads, &height, &width)
    piece.rows, piece.columns = height, min(width, p.columns)
    size = scratch_size(&piece, out)
    scratch = <floating*>malloc(n_threads * size * sizeof(floating))
    if scratch == NULL:
        return -1
    if n_threads == 1:
        multiply(p, out, a, b, bias, scratch)
        free(scratch)
        return 0
    across = pieces(p.columns, width)
    share_out(&tasks, pieces(p.rows, height) * across, TASK, n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for task in range(run.first, run.last):
                multiply_piece(p, out, a, b, bias, scratch + thread * size,
                               task // across * height, height, task % across * width, width)
            run = next_run(&tasks, thread)
    free(scratch)
    return 0


cdef void choose_pieces(Product* p, const floating* like, int n_threads, Py_ssize_t* height,
                        Py_ssize_t* width) noexcept nogil:
    """The size of the rectangles, which should take the least time on so many threads.

    To multiply takes rows x columns, and numbers are packed for it: the smaller a rectangle, the
    fewer products share what is packed.  Threads take turns at the rectangles, and wait at the end
    for a part of one.
    """
    cdef Py_ssize_t panel = panel_width(like), panels = pieces(p.columns, panel), down, across
    cdef Py_ssize_t tiles = pieces(p.rows, TILE_ROWS)
    cdef Product piece = p[0]
    cdef Py_ssize_t most = max(min(PIECES * n_threads, MOST_PIECES), n_threads)
    cdef double worth = worth_packing(p, like), turns, cost, best = -1
    cdef double a_cost = CROWDED if a_is_crowded(p, like) else PACKING
    cdef double b_cost = CROWDED if p.b_column != 1 and crowded(p.b_column, like) else PACKING
    for across in range(1, min(panels, most) + 1):
        for down in range(1, min(tiles, most // across) + 1):
            piece.rows = pieces(tiles, down) * TILE_ROWS
            piece.columns = pieces(panels, across) * panel
            cost = piece.rows * piece.columns + READING * piece.rows
            cost += a_cost * piece.rows * min(1, pieces(panels, across) / worth)
            cost += b_cost * piece.columns if packs_b(&piece, like) else 0
            turns = pieces(pieces(p.rows, piece.rows) * pieces(p.columns, piece.columns), n_threads)
            cost *= turns + WAIT
            if best < 0 or cost < best:
                best = cost
                height[0], width[0] = piece.rows, piece.columns


cdef void multiply_piece(Product* p, floating* out, const floating* a, const floating* b,
                         const floating* bias, floating* scratch, Py_ssize_t row,
                         Py_ssize_t height, Py_ssize_t column, Py_ssize_t width) noexcept nogil:
    cdef Product piece = p[0]
    piece.rows = min(height, p.rows - row)
    piece.columns = min(width, p.columns - column)
    if p.coefficients != NULL:
        piece.coefficients = <const floating*>p.coefficients + column
    multiply(&piece, out + row * p.out_row + column, a + row * p.a_row,
             b + column * p.b_column, bias + column if bias else NULL, scratch)


cdef int product(Product* p, floating* out, const floating* a, const floating* b,
                 const floating* bias, int n_threads) noexcept nogil:
    """Multiply in the way that suits the shape.  -1 if there is no memory for scratch."""
    cdef char small[STACK]
    if p.rows == 0 or p.columns == 0:
        return 0
    if ((p.rows == 1 and p.b_step == 1 and p.a_step == 1)
            or (p.columns == 1 and p.a_step == 1 and p.b_step == 1)):
        multiply_vector(p, out, a, b, bias, n_threads)
        if p.coefficients != NULL:
            normalise(p, out)
    elif n_threads == 1 and scratch_size(p, out) * <Py_ssize_t>sizeof(floating) <= STACK:
        multiply(p, out, a, b, bias, <floating*>small)
    else:
        return multiply_shared(p, out, a, b, bias, n_threads)
    return 0


cdef void describe(
    Product* p, cnp.ndarray out, cnp.ndarray a, cnp.ndarray b, int first
) noexcept:
    """Fill in shape and strides from the two dimensions that start at ``first``."""
    cdef Py_ssize_t size = out.descr.itemsize
    p.rows = PyArray_DIM(out, first)
    p.columns = PyArray_DIM(out, first + 1)
    p.depth = PyArray_DIM(a, first + 1)
    p.out_row = p.columns
    p.a_row = PyArray_STRIDE(a, first) // size
    p.a_step = PyArray_STRIDE(a, first + 1) // size
    p.b_step = PyArray_STRIDE(b, first) // size
    p.b_column = PyArray_STRIDE(b, first + 1) // size
    p.accumulate = False
    p.coefficients = NULL


cpdef int gemm(cnp.ndarray out, cnp.ndarray a, cnp.ndarray b, bint accumulate,
               int n_threads) except -1:
    """out = a @ b, or out += a @ b.  float32 or float64; out contiguous, a and b of any strides."""
    cdef Product p
    describe(&p, out, a, b, 0)
    p.accumulate = accumulate
    return dispatch(&p, out, a, b, NULL, n_threads)


cpdef int addmm(cnp.ndarray out, cnp.ndarray a, cnp.ndarray b, cnp.ndarray bias,
                int n_threads) except -1:
    """out = a @ b + bias, where ``bias`` is one contiguous row."""
    cdef Product p
    describe(&p, out, a, b, 0)
    return dispatch(&p, out, a, b, PyArray_DATA(bias), n_threads)


cpdef int linear_infer(cnp.ndarray out, cnp.ndarray a, cnp.ndarray b, cnp.ndarray bias,
                       cnp.ndarray coefficients, double low, int n_threads) except -1:
    """out = a @ b + bias, then batch norm of its columns, and a lower limit.

    ``bias`` may be None.  ``coefficients`` are those of batch_norm_coefficients; ``low`` is 0 for a
    ReLU, or -inf.
    """
    cdef Product p
    describe(&p, out, a, b, 0)
    p.coefficients = PyArray_DATA(coefficients)
    p.last = LastPass(planes=False, slopes=False, low=low, pitch=p.columns)
    return dispatch(&p, out, a, b, PyArray_DATA(bias) if bias is not None else NULL, n_threads)


cdef int dispatch(Product* p, cnp.ndarray out, cnp.ndarray a, cnp.ndarray b, void* bias,
                  int n_threads) except -1:
    cdef void* to = PyArray_DATA(out)
    cdef void* left = PyArray_DATA(a)
    cdef void* right = PyArray_DATA(b)
    cdef bint is_float = cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT
    cdef int failed
    gil = release_gil(p.rows * p.columns * p.depth // 8)
    if is_float:
        failed = product(p, <float*>to, <const float*>left, <const float*>right,
                         <const float*>bias, n_threads)
    else:
        failed = product(p, <double*>to, <const double*>left, <const double*>right,
                         <const double*>bias, n_threads)
    regain_gil(gil)
    if failed:
        raise MemoryError("no memory for the scratch of a matrix product")
    return 0


cpdef int bmm(cnp.ndarray out, cnp.ndarray a, cnp.ndarray b, int n_threads) except -1:
    """out[i] = a[i] @ b[i]; out contiguous, a and b of any strides (0 to repeat a matrix)."""
    cdef Product p
    cdef Py_ssize_t size = out.descr.itemsize, batch = PyArray_DIM(out, 0)
    cdef Py_ssize_t next_a = PyArray_STRIDE(a, 0) // size, next_b = PyArray_STRIDE(b, 0) // size
    cdef void* to = PyArray_DATA(out)
    cdef void* left = PyArray_DATA(a)
    cdef void* right = PyArray_DATA(b)
    cdef int failed
    describe(&p, out, a, b, 1)
    if out.descr.type_num == cnp.NPY_FLOAT:
        with nogil:
            failed = product_batch(&p, <float*>to, <const float*>left, <const float*>right,
                                   batch, next_a, next_b, n_threads)
    else:
        with nogil:
            failed = product_batch(&p, <double*>to, <const double*>left, <const double*>right,
                                   batch, next_a, next_b, n_threads)
    if failed:
        raise MemoryError("no memory for the scratch of a batch of matrix products")
    return 0


cdef int product_batch(Product* p, floating* out, const floating* a, const floating* b,
                       Py_ssize_t batch, Py_ssize_t next_a, Py_ssize_t next_b,
                       int n_threads) noexcept nogil:
    """Threads share out the matrices, or where those are few, each matrix."""
    cdef Py_ssize_t next_out = p.rows * p.columns, i
    cdef Tasks tasks
    cdef Run run
    cdef int thread, failed = 0
    if batch < n_threads or n_threads == 1:
        for i in range(batch):
            failed |= product(p, out + i * next_out, a + i * next_a, b + i * next_b,
                              <const floating*>NULL, n_threads)
    else:
        share_out(&tasks, batch, p.rows * p.columns * p.depth // 8, n_threads)
        for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
            run = next_run(&tasks, thread)
            while run.first < run.last:
                for i in range(run.first, run.last):
                    failed |= product(p, out + i * next_out, a + i * next_a, b + i * next_b,
                                      <const floating*>NULL, 1)
                run = next_run(&tasks, thread)
    return failed
