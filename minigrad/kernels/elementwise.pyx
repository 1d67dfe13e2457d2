"""Elementwise loops: one operation applied to every element of one or two arrays.

Every operation is one line of operations.pyx: a plain loop over contiguous memory, which GCC
vectorises.  Everything here exists so that this line is the only one an operation needs:

* Contiguous arrays (the common case, and the cheapest test) go to ``loop`` as they are.
* Otherwise the axes are sorted and merged into as few as possible, and the array is walked in
  tiles of at most TILE elements: part of one row, or several short rows.  An operand that is
  not contiguous within a tile (strided, broadcast, a scalar) is first copied into a buffer in
  the L1 cache; one that did not change since the last tile (a scalar, a bias) is not copied
  again.  The copy costs little beside the memory traffic, and no loop has strides.
* An output that is also an input is computed in a buffer: GCC's vector loops want disjoint ones.

Threads take runs of tiles.  Which thread computes an element does not alter it.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.string cimport memcpy
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.openmp cimport regain_gil, release_gil
from minigrad.kernels.operations cimport loop
from minigrad.kernels.shapes cimport is_flat, size_of
from minigrad.kernels.tasks cimport Run, Tasks, next_run, share_out, task_size

cnp.import_array()

cdef enum:
    TILE = 1024     # elements; three tiles of doubles take half of the L1 cache
    LONG_TILE = 65536   # where no operand needs a buffer; of one long row, a task is a tile
    MAX_NDIM = 64   # NumPy's limit


# ---------------------------------------------------------------------------------------------
# The walk

cdef struct Operand:
    char* data
    Py_ssize_t strides[MAX_NDIM]    # in bytes, innermost axis first


cdef struct Walk:
    int op
    double alpha, beta
    bint in_place                   # out is also an input
    bint b_is_a
    int ndim                        # at least 2: axis 0 has the columns, axis 1 the rows
    Py_ssize_t shape[MAX_NDIM]
    Operand out, a, b
    Py_ssize_t tile_rows, tile_columns
    Py_ssize_t row_tiles, column_tiles, tiles


cdef void set_operand(Operand* operand, ndarray array, int ndim) noexcept:
    """Take ``array``'s memory, and its strides as if broadcast to ``ndim`` axes."""
    cdef int axis, own_ndim = cnp.PyArray_NDIM(array)
    operand.data = cnp.PyArray_BYTES(array)
    for axis in range(ndim):
        if axis >= own_ndim or cnp.PyArray_DIM(array, own_ndim - 1 - axis) == 1:
            operand.strides[axis] = 0
        else:
            operand.strides[axis] = cnp.PyArray_STRIDE(array, own_ndim - 1 - axis)


cdef void copy_axis(Walk* walk, int source, int target) noexcept:
    walk.shape[target] = walk.shape[source]
    walk.out.strides[target] = walk.out.strides[source]
    walk.a.strides[target] = walk.a.strides[source]
    walk.b.strides[target] = walk.b.strides[source]


cdef void swap_axes(Walk* walk, int first, int second) noexcept:
    copy_axis(walk, first, MAX_NDIM - 1)
    copy_axis(walk, second, first)
    copy_axis(walk, MAX_NDIM - 1, second)


cdef void simplify(Walk* walk) noexcept:
    """Drop axes of length 1, sort the others by the output's stride, merge neighbours."""
    cdef int axis, at, kept = 0
    cdef Py_ssize_t n
    for axis in range(walk.ndim):
        if walk.shape[axis] != 1:
            copy_axis(walk, axis, kept)
            at = kept
            while at > 0 and abs(walk.out.strides[at]) < abs(walk.out.strides[at - 1]):
                swap_axes(walk, at - 1, at)
                at -= 1
            kept += 1
    walk.ndim = kept
    kept = 0
    for axis in range(1, walk.ndim):
        n = walk.shape[kept]
        if (walk.out.strides[axis] == n * walk.out.strides[kept]
                and walk.a.strides[axis] == n * walk.a.strides[kept]
                and walk.b.strides[axis] == n * walk.b.strides[kept]):
            walk.shape[kept] = n * walk.shape[axis]
        else:
            kept += 1
            copy_axis(walk, axis, kept)
    walk.ndim = min(walk.ndim, kept + 1)
    while walk.ndim < 2:
        walk.shape[walk.ndim] = 1
        walk.out.strides[walk.ndim] = 0
        walk.a.strides[walk.ndim] = 0
        walk.b.strides[walk.ndim] = 0
        walk.ndim += 1


cdef bint shares_memory(const Walk* walk, Py_ssize_t itemsize) noexcept:
    """Whether elements of the output may lie in one place, where the last one written counts."""
    cdef int axis
    cdef Py_ssize_t within = itemsize   # bytes from the first element to behind the last
    for axis in range(walk.ndim):
        if walk.shape[axis] > 1 and abs(walk.out.strides[axis]) < within:
            return True
        within = walk.shape[axis] * abs(walk.out.strides[axis])
    return False


cdef void cut(Walk* walk, Py_ssize_t itemsize, int n_threads) noexcept:
    """Choose the tiles: several whole rows, or a part of one."""
    cdef int axis
    cdef Py_ssize_t longest = TILE
    if (walk.out.strides[0] == itemsize and walk.a.strides[0] == itemsize
            and walk.b.strides[0] == itemsize and not walk.in_place):
        longest = LONG_TILE
        if walk.shape[1] == 1 and n_threads > 1:    # one long row
            longest = (task_size(walk.shape[0], 1, n_threads) + 63) // 64 * 64
    walk.tile_columns = min(walk.shape[0], longest)
    walk.tile_rows = max(<Py_ssize_t>1, min(walk.shape[1], TILE // walk.tile_columns))
    walk.column_tiles = (walk.shape[0] + walk.tile_columns - 1) // walk.tile_columns
    walk.row_tiles = (walk.shape[1] + walk.tile_rows - 1) // walk.tile_rows
    walk.tiles = walk.column_tiles * walk.row_tiles
    for axis in range(2, walk.ndim):
        walk.tiles *= walk.shape[axis]


cdef struct Packed:
    # What an operand's buffer holds
    const char* data
    Py_ssize_t rows, columns


cdef inline const floating* pack(
    const Operand* operand, const char* data, Py_ssize_t rows, Py_ssize_t columns,
    floating* buffer, Packed* packed
) noexcept nogil:
    """The tile at ``data`` as contiguous memory: where it is, or copied to ``buffer``."""
    cdef Py_ssize_t i, j, row_stride = operand.strides[1], stride = operand.strides[0]
    cdef floating* row = buffer
    cdef floating value
    if stride == sizeof(floating) and (rows == 1 or row_stride == columns * stride):
        return <const floating*>data
    if packed.data == data and packed.rows == rows and packed.columns == columns:
        return buffer
    packed.data, packed.rows, packed.columns = data, rows, columns
    for i in range(rows):
        if stride == 0:
            value = (<const floating*>data)[0]
            for j in range(columns):
                row[j] = value
        elif stride == sizeof(floating):
            for j in range(columns):
                row[j] = (<const floating*>data)[j]
        else:
            for j in range(columns):
                row[j] = (<const floating*>(data + j * stride))[0]
        data += row_stride
        row += columns
    return buffer


cdef inline void unpack(
    const Operand* operand, char* data, Py_ssize_t rows, Py_ssize_t columns,
    const floating* buffer
) noexcept nogil:
    """Copy the tile in ``buffer`` to its place at ``data``."""
    cdef Py_ssize_t i, j, stride = operand.strides[0]
    for i in range(rows):
        if stride == sizeof(floating):
            memcpy(data, buffer, columns * sizeof(floating))
        else:
            for j in range(columns):
                (<floating*>(data + j * stride))[0] = buffer[j]
        data += operand.strides[1]
        buffer += columns


cdef int walk_tiles(
    const Walk* walk, Py_ssize_t first, Py_ssize_t last, floating unused
) noexcept nogil:
    """Compute the tiles ``first`` to ``last``.  Returns -1 if there is no such operation."""
    cdef floating out_buffer[TILE]
    cdef floating a_buffer[TILE]
    cdef floating b_buffer[TILE]
    cdef Packed a_packed, b_packed
    cdef Py_ssize_t tile, rest, index, rows, columns
    cdef char* out_data
    cdef const char* a_data
    cdef const char* b_data
    cdef const floating* a
    cdef const floating* b
    cdef floating* out
    cdef bint direct
    cdef int axis
    a_packed = b_packed = Packed(NULL, 0, 0)
    for tile in range(first, last):
        # Where it begins: the tile's number, written in the base of the axes
        index = tile % walk.column_tiles * walk.tile_columns
        rest = tile // walk.column_tiles
        columns = min(walk.tile_columns, walk.shape[0] - index)
        out_data = walk.out.data + index * walk.out.strides[0]
        a_data = walk.a.data + index * walk.a.strides[0]
        b_data = walk.b.data + index * walk.b.strides[0]
        index = rest % walk.row_tiles * walk.tile_rows
        rest = rest // walk.row_tiles
        rows = min(walk.tile_rows, walk.shape[1] - index)
        out_data += index * walk.out.strides[1]
        a_data += index * walk.a.strides[1]
        b_data += index * walk.b.strides[1]
        for axis in range(2, walk.ndim):
            index = rest % walk.shape[axis]
            rest = rest // walk.shape[axis]
            out_data += index * walk.out.strides[axis]
            a_data += index * walk.a.strides[axis]
            b_data += index * walk.b.strides[axis]

        direct = not walk.in_place and walk.out.strides[0] == sizeof(floating) and (
            rows == 1 or walk.out.strides[1] == columns * <Py_ssize_t>sizeof(floating))
        out = out_buffer
        if direct:
            out = <floating*>out_data
        if direct and walk.op == COPY:      # packed to where it belongs
            a_packed = Packed(NULL, 0, 0)
            if pack(&walk.a, a_data, rows, columns, out, &a_packed) == out:
                continue
        a = pack(&walk.a, a_data, rows, columns, a_buffer, &a_packed)
        b = a
        if not walk.b_is_a:
            b = pack(&walk.b, b_data, rows, columns, b_buffer, &b_packed)
        if loop(walk.op, out, a, b, <floating>walk.alpha, <floating>walk.beta,
                rows * columns) < 0:
            return -1
        if not direct:
            unpack(&walk.out, out_data, rows, columns, out_buffer)
    return 0


cdef int walk_all(const Walk* walk, int n_threads, floating unused) noexcept nogil:
    cdef Tasks tasks
    cdef Run run
    cdef int thread, status = 0
    if n_threads == 1:
        return walk_tiles(walk, 0, walk.tiles, unused)
    share_out(&tasks, walk.tiles, walk.tile_columns * walk.tile_rows, n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            status += walk_tiles(walk, run.first, run.last, unused)
            run = next_run(&tasks, thread)
    return status


cdef int run(
    int op, ndarray out, ndarray a, ndarray b, floating scalar, bint reversed, floating alpha,
    floating beta, int n_threads
) except -1:
    """``out = op(a, b)``.  ``b`` may be None, then it is the scalar; ``reversed``: op(b, a)."""
    cdef Py_ssize_t size = size_of(out)
    cdef Walk walk
    cdef int status, axis
    if size == 0:
        return 0
    if size <= TILE and cnp.PyArray_IS_C_CONTIGUOUS(out):
        status = run_small(op, out, a, b, scalar, reversed, alpha, beta, size)
        if status <= 0:
            return status
    walk.op, walk.alpha, walk.beta = op, alpha, beta
    walk.ndim = cnp.PyArray_NDIM(out)
    for axis in range(walk.ndim):
        walk.shape[axis] = cnp.PyArray_DIM(out, walk.ndim - 1 - axis)
    set_operand(&walk.out, out, walk.ndim)
    set_operand(&walk.a, a, walk.ndim)
    if b is None:
        walk.b.data = <char*>&scalar
        for axis in range(walk.ndim):
            walk.b.strides[axis] = 0
    else:
        set_operand(&walk.b, b, walk.ndim)
    if reversed:
        walk.a, walk.b = walk.b, walk.a
    walk.b_is_a = a is b
    walk.in_place = walk.out.data == walk.a.data or walk.out.data == walk.b.data
    simplify(&walk)
    if shares_memory(&walk, sizeof(floating)):
        n_threads = 1
    cut(&walk, sizeof(floating), n_threads)
    gil = release_gil(size)
    status = walk_all(&walk, n_threads, scalar)
    regain_gil(gil)
    return unknown(op) if status < 0 else 0


cdef inline const floating* spread(floating value, floating* buffer, Py_ssize_t n) noexcept:
    cdef Py_ssize_t i
    for i in range(n):
        buffer[i] = value
    return buffer


cdef int run_small(
    int op, ndarray out, ndarray a, ndarray b, floating scalar, bint reversed, floating alpha,
    floating beta, Py_ssize_t n
) except -1:
    """One tile of flat or scalar operands, without a walk.  Returns 1 if they are neither."""
    cdef floating out_buffer[TILE]
    cdef floating a_buffer[TILE]
    cdef floating b_buffer[TILE]
    cdef floating* target = <floating*>cnp.PyArray_DATA(out)
    cdef const floating* x = <const floating*>cnp.PyArray_DATA(a)
    cdef const floating* y
    cdef bint in_place = x == target
    cdef int status
    if not is_flat(a, n):
        if size_of(a) != 1:
            return 1
        x = spread(x[0], a_buffer, n)
    if b is a:
        y = x
    elif b is None:
        y = spread(scalar, b_buffer, n)
    else:
        y = <const floating*>cnp.PyArray_DATA(b)
        in_place |= y == target
        if not is_flat(b, n):
            if size_of(b) != 1:
                return 1
            y = spread(y[0], b_buffer, n)
    if reversed:
        x, y = y, x
    if in_place:
        status = loop(op, out_buffer, x, y, alpha, beta, n)
        memcpy(target, out_buffer, n * sizeof(floating))
    else:
        status = loop(op, target, x, y, alpha, beta, n)
    return unknown(op) if status < 0 else 0


cdef int unknown(int op) except -1:
    raise ValueError(f"elementwise: there is no operation with code {op}")


# ---------------------------------------------------------------------------------------------
# The face

cdef inline bint is_short(ndarray out, ndarray x, Py_ssize_t n) noexcept:
    """Whether ``out`` is one tile and ``x`` as much, flat and elsewhere: what needs no ``run``."""
    return (n <= TILE and cnp.PyArray_IS_C_CONTIGUOUS(out) and is_flat(x, n)
            and cnp.PyArray_DATA(x) != cnp.PyArray_DATA(out))


cdef inline int short_loop(int op, ndarray out, ndarray a, ndarray b, Py_ssize_t n) except -1:
    cdef void* target = cnp.PyArray_DATA(out)
    cdef const void* x = cnp.PyArray_DATA(a)
    cdef const void* y = cnp.PyArray_DATA(b)
    cdef int status
    if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT32:
        status = loop(op, <float*>target, <const float*>x, <const float*>y, 0, 0, n)
    else:
        status = loop(op, <double*>target, <const double*>x, <const double*>y, 0, 0, n)
    return unknown(op) if status < 0 else 0


cpdef int unary(int op, ndarray out, ndarray x, int n_threads) except -1:
    """``out = op(x)`` for a Unary operation.  Same shape, any strides."""
    cdef Py_ssize_t n = size_of(out)
    if is_short(out, x, n):
        return short_loop(op, out, x, x, n)
    if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT32:
        return run[float](op, out, x, x, 0, False, 0, 0, n_threads)
    return run[double](op, out, x, x, 0, False, 0, 0, n_threads)


cpdef int binary(int op, ndarray out, ndarray a, ndarray b, int n_threads) except -1:
    """``out = op(a, b)`` for a Binary operation.  ``a`` and ``b`` broadcast to ``out``."""
    cdef Py_ssize_t n = size_of(out)
    if is_short(out, a, n) and is_short(out, b, n):
        return short_loop(op, out, a, b, n)
    if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT32:
        return run[float](op, out, a, b, 0, False, 0, 0, n_threads)
    return run[double](op, out, a, b, 0, False, 0, 0, n_threads)


cpdef int binary_scalar(
    int op, ndarray out, ndarray a, double scalar, bint reversed, int n_threads
) except -1:
    """``out = op(a, scalar)``, or ``op(scalar, a)`` if ``reversed``."""
    if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT32:
        return run[float](op, out, a, None, scalar, reversed, 0, 0, n_threads)
    return run[double](op, out, a, None, scalar, reversed, 0, 0, n_threads)


cpdef int binary_alpha(
    int op, ndarray out, ndarray a, ndarray b, double alpha, double beta, int n_threads
) except -1:
    """``out = op(a, b; alpha, beta)`` for a BinaryAlpha operation."""
    if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT32:
        return run[float](op, out, a, b, 0, False, alpha, beta, n_threads)
    return run[double](op, out, a, b, 0, False, alpha, beta, n_threads)
