# How batch norm walks memory.  See batch_norm_grid.pyx.

from cython cimport floating
from numpy cimport ndarray

cdef enum:
    L2 = 262144         # numbers of a block that a core's own cache may hold
    NEAR = 2097152      # numbers of an array of which much stays in the caches of the cores
    MAX_COLS = 1024     # columns in a block, at most
    FEW_COLS = 256      # and where a cache holds so many from the first row to the last
    MAX_SPAN = 32       # channels in a block of planes, at most

# How an array lies in memory.
cdef enum Kind:
    COLUMNS        # (N, C * S) with unit stride along C * S
    CHANNELS_LAST  # (N * S, C) with unit stride along C
    PLANES         # (N, C, S) with unit stride along S
    PLANES_OF_N    # (N, C, 1) with unit stride along N
    STRIDED       # none of these: to be copied

cdef struct Grid:
    bint planes
    Py_ssize_t channels, count      # channels; values in each of them
    Py_ssize_t rows, cols           # extent of the walk (planes: of one channel's)
    Py_ssize_t group, fold          # column j is of channel j // group % channels
    Py_ssize_t width                # how many sums there are: one a column (planes: a channel) ...
    Py_ssize_t blocks, block_width  # ... and in a block
    Py_ssize_t tiles, tile_rows, tile_cols, pieces  # tiles in a block; pieces of a long row

cdef struct Strides:                # of one array, in elements
    Py_ssize_t row, channel

cdef struct Box:                    # one tile of one block
    Py_ssize_t row, col, rows, cols
    Py_ssize_t width                # sums (planes: that many channels have a box like this one)


cdef ndarray as_a_kind(ndarray x, Kind *kind, Strides *strides)
cdef ndarray laid_out(ndarray a, Kind kind, Strides *strides, bint copies)
cdef Grid make_grid(ndarray a, Kind kind, bint dense) noexcept
cdef void load(double *target, ndarray a, double default, Py_ssize_t n) noexcept
cdef void store(ndarray a, const double *source, Py_ssize_t n) noexcept
cdef void spread(
    const Grid *g, floating *coef, int which, const double *values, Py_ssize_t start,
    Py_ssize_t stop) noexcept nogil
cdef void set_origins(
    const Grid *g, const double *x, Py_ssize_t channel_stride, double *origin) noexcept nogil
cdef void add_origins(
    double *mean, double *rest, const double *origin, Py_ssize_t step, Py_ssize_t start,
    Py_ssize_t stop) noexcept nogil


cdef inline Box box_of(const Grid *g, Py_ssize_t block, Py_ssize_t tile) noexcept nogil:
    cdef Box box
    box.row = tile // g.pieces * g.tile_rows
    box.rows = min(g.tile_rows, g.rows - box.row)
    if g.planes:
        box.col = tile % g.pieces * g.tile_cols
        box.cols = min(g.tile_cols, g.cols - box.col)
        box.width = min(g.block_width, g.width - block * g.block_width)
    else:
        box.col = block * g.block_width
        box.cols = box.width = min(g.block_width, g.cols - box.col)
    return box


cdef inline Py_ssize_t offset_of(const Grid *g, Strides s, Box box,
                                 Py_ssize_t block) noexcept nogil:
    """Where a box starts in an array with strides `s`."""
    return box.row * s.row + box.col + (block * g.block_width * s.channel if g.planes else 0)
