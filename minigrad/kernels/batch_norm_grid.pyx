"""How batch norm walks an array (N, C, *spatial): the grid of blocks and tiles, and its strides.

See batch_norm.pyx for what a grid is.  Arrays of one call share a grid but not their strides.  An
array that lies in memory in none of the ways of `Kind`, such as a picture cut out of a larger
one, is copied first.
"""

from cython cimport floating
cimport numpy as cnp
from numpy cimport ndarray

import numpy as np

cnp.import_array()

cdef enum:
    TILE = 8192           # elements in a tile
    MAX_ROWS = 256        # of a tile of columns: as many numbers are summed up in float32
    LARGE_PLANE = 128     # planes smaller than this are walked as columns ...
    LARGE_IF_FEW = 48     # ... or than this, if there are but a few in a channel
    FEW = 8


cdef extern from "Python.h":
    Py_ssize_t UNKNOWN "PY_SSIZE_T_MIN"     # not yet a stride; 0 is one, of what was expanded


cdef inline Py_ssize_t stride_of(ndarray a, int i) noexcept:
    return cnp.PyArray_STRIDES(a)[i] // cnp.PyArray_ITEMSIZE(a)


cdef bint nested(ndarray a, Py_ssize_t *stride, bint with_n) noexcept:
    """Whether the spatial dimensions (and N, `with_n`) lie within each other like one dimension of
    step `stride`.  UNKNOWN is replaced by what it is found to be."""
    cdef cnp.npy_intp *shape = cnp.PyArray_DIMS(a)
    cdef Py_ssize_t step = stride[0]
    cdef int i = cnp.PyArray_NDIM(a) - 1
    while i >= 0:
        if (i >= 2 or (i == 0 and with_n)) and shape[i] > 1:
            if step == UNKNOWN:
                step = stride[0] = stride_of(a, i)
            if stride_of(a, i) != step:
                return False
            step *= shape[i]
        i -= 1
    if stride[0] == UNKNOWN:
        stride[0] = 0       # nothing to step over
    return True


cdef bint lies_as(ndarray a, Kind kind, Strides *strides) noexcept:
    """Whether `a` lies in memory as `kind` says, and if so with what strides."""
    cdef cnp.npy_intp *shape = cnp.PyArray_DIMS(a)
    cdef Py_ssize_t size = 1, step = 1
    cdef int i
    if not cnp.PyArray_ISALIGNED(a):
        return False
    for i in range(2, cnp.PyArray_NDIM(a)):
        size *= shape[i]
    strides.row, strides.channel = stride_of(a, 0), stride_of(a, 1)
    if kind == COLUMNS:
        return nested(a, &step, False) and (shape[1] == 1 or strides.channel == size)
    if kind == CHANNELS_LAST:
        strides.row = UNKNOWN
        return (shape[1] == 1 or strides.channel == 1) and nested(a, &strides.row, True)
    if kind == PLANES:
        return nested(a, &step, False)
    if kind == PLANES_OF_N:
        return size == 1 and (shape[0] == 1 or strides.row == 1)
    return False


cdef Kind kind_of(ndarray a, Strides *strides) noexcept:
    cdef cnp.npy_intp *shape = cnp.PyArray_DIMS(a)
    cdef Py_ssize_t size = cnp.PyArray_SIZE(a) // (shape[0] * shape[1])
    # Columns have a cost that does not depend on their length, and weighs most if they are short.
    cdef Py_ssize_t large = LARGE_IF_FEW if shape[0] <= FEW else LARGE_PLANE
    if shape[1] == 1 and lies_as(a, PLANES_OF_N, strides):
        return PLANES_OF_N
    if size < large and lies_as(a, COLUMNS, strides):
        return COLUMNS
    if size >= large and lies_as(a, PLANES, strides):
        return PLANES
    if lies_as(a, CHANNELS_LAST, strides):
        return CHANNELS_LAST
    if lies_as(a, PLANES_OF_N, strides):
        return PLANES_OF_N
    if size >= LARGE_IF_FEW and lies_as(a, PLANES, strides):
        return PLANES
    return STRIDED              # also planes so small that a copy costs less than going through them


cdef Grid make_grid(ndarray a, Kind kind, bint dense) noexcept:
    """Cut arrays like `a` into blocks and tiles; `dense`: one row ends where the next begins.

    Depends on nothing but shape, type and layout: the tiles decide the order of additions.
    """
    cdef Grid g
    cdef cnp.npy_intp *shape = cnp.PyArray_DIMS(a)
    cdef Py_ssize_t n = shape[0], step, widest
    g.channels = shape[1]
    g.count = cnp.PyArray_SIZE(a) // g.channels
    g.planes = kind == PLANES or kind == PLANES_OF_N
    g.group = 1
    g.fold = 1
    if g.planes:
        g.width = g.channels
        g.rows = 1 if kind == PLANES_OF_N else n
        g.cols = g.count // g.rows
        # Channels of few values share a block: what is done once for each block costs less then.
        g.block_width = min(max(1, TILE // 2 // g.count), MAX_SPAN)
        g.blocks = (g.channels + g.block_width - 1) // g.block_width
        g.pieces = (g.cols + TILE - 1) // TILE
        g.tile_cols = (g.cols + g.pieces - 1) // g.pieces
        g.tile_rows = max(1, TILE // g.cols)
        g.tiles = (g.rows + g.tile_rows - 1) // g.tile_rows * g.pieces
    else:
        if kind == COLUMNS:
            g.group = g.count // n
        g.rows, g.cols = g.count // g.group, g.channels * g.group
        while dense and g.rows % 2 == 0 and g.cols * 2 <= FEW_COLS:
            g.rows, g.cols, g.fold = g.rows // 2, g.cols * 2, g.fold * 2
        g.width = g.cols
        # Blocks of about the same width, whole channels wide and, if those are single columns,
        # starting at a multiple of the vectors' length.
        # Past the caches, the longer the stretches of memory the better; sums stay in the L1 cache.
        widest = FEW_COLS if g.rows * FEW_COLS < L2 else MAX_COLS * 4 // cnp.PyArray_ITEMSIZE(a)
        g.blocks = (g.cols + widest - 1) // widest
        step = 16 if g.group == 1 else g.group
        g.block_width = ((g.cols + g.blocks - 1) // g.blocks + step - 1) // step * step
        if g.block_width > widest:
            g.block_width -= step
        g.block_width = min(g.block_width, g.cols)
        g.blocks = (g.cols + g.block_width - 1) // g.block_width
        g.tile_rows = max(max(16, TILE // g.block_width), g.rows // 8)
        g.tile_rows = min(g.tile_rows, MAX_ROWS)
        g.tiles = (g.rows + g.tile_rows - 1) // g.tile_rows
        g.pieces, g.tile_cols = 1, g.block_width
    return g


cdef ndarray as_a_kind(ndarray x, Kind *kind, Strides *strides):
    """`x`, or a copy if it is STRIDED; and its kind and strides."""
    kind[0] = kind_of(x, strides)
    if kind[0] == STRIDED:
        x = np.array(x, order="C")
        kind[0] = kind_of(x, strides)
    return x


cdef ndarray laid_out(ndarray a, Kind kind, Strides *strides, bint copies):
    """`a` itself where it lies in memory as `kind` says, else a new array that does."""
    cdef ndarray new
    if lies_as(a, kind, strides):
        return a
    n, c, *spatial = (<object>a).shape
    if kind == CHANNELS_LAST:
        new = np.moveaxis(np.empty((n, *spatial, c), a.dtype), -1, 1)
    else:
        new = np.empty((n, c, *spatial), a.dtype, order="F" if kind == PLANES_OF_N else "C")
    lies_as(new, kind, strides)
    if copies:
        np.copyto(new, a)
    return new


# ---------------------------------------------------------------------------- channels

cdef void load(double *target, ndarray a, double default, Py_ssize_t n) noexcept:
    """Widen a vector of one number a channel, float32 or float64; None is all `default`."""
    cdef Py_ssize_t i, step
    cdef float *floats
    cdef double *doubles
    if a is None:
        for i in range(n):
            target[i] = default
        return
    step = cnp.PyArray_STRIDES(a)[0] // cnp.PyArray_ITEMSIZE(a)
    if cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT64:
        doubles = <double *>cnp.PyArray_DATA(a)
        for i in range(n):
            target[i] = doubles[i * step]
    else:
        floats = <float *>cnp.PyArray_DATA(a)
        for i in range(n):
            target[i] = floats[i * step]


cdef void store(ndarray a, const double *source, Py_ssize_t n) noexcept:
    """The reverse of load."""
    cdef Py_ssize_t i, step
    cdef float *floats
    cdef double *doubles
    if a is None:
        return
    step = cnp.PyArray_STRIDES(a)[0] // cnp.PyArray_ITEMSIZE(a)
    if cnp.PyArray_TYPE(a) == cnp.NPY_FLOAT64:
        doubles = <double *>cnp.PyArray_DATA(a)
        for i in range(n):
            doubles[i * step] = source[i]
    else:
        floats = <float *>cnp.PyArray_DATA(a)
        for i in range(n):
            floats[i * step] = <float>source[i]


cdef void spread(const Grid *g, floating *coef, int which, const double *values, Py_ssize_t start,
                 Py_ssize_t stop) noexcept nogil:
    """Write a coefficient of channels start to stop into their columns, rounded to x's type.

    ``coef`` has a row of columns for each Coefficient (batch_norm_tiles.pxd).
    """
    cdef Py_ssize_t f, j, k
    coef += which * g.width
    for f in range(g.fold):
        if g.group == 1:
            for k in range(start, stop):
                coef[k] = <floating>values[k]
        else:
            for k in range(start, stop):
                for j in range(g.group):
                    coef[k * g.group + j] = <floating>values[k]
        coef += g.channels * g.group


cdef void set_origins(const Grid *g, const double *x, Py_ssize_t channel_stride,
                      double *origin) noexcept nogil:
    """Reckon the means of every column from the first number of its channel."""
    cdef Py_ssize_t f, j, k
    for f in range(g.fold):
        for k in range(g.channels):
            for j in range(g.group):
                origin[j] = x[k * (channel_stride if g.planes else g.group)]
            origin += g.group


cdef void add_origins(double *mean, double *rest, const double *origin, Py_ssize_t step,
                      Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Add the origins that means are reckoned from; `rest` is what is lost to rounding.

    (Here rather than in batch_norm.pyx, whose additions the compiler may reorder.)
    """
    cdef Py_ssize_t k
    cdef double off, own
    for k in range(start, stop):
        off = mean[k]
        mean[k] = origin[k * step] + off
        own = mean[k] - off
        rest[k] = (origin[k * step] - own) + (off - (mean[k] - own))
