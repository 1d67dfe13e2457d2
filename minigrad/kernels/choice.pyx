"""A choice between two arrays, ``out = a where mask else b``, of elements, and of triangles.

Of a choice both are read and neither is computed with, so that the loop has no branch: with a mask that is hard
to foresee one costs ten times as much.  Elements are moved by their size in bytes.
"""

from cython.parallel cimport prange
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset
cimport numpy as cnp
from numpy cimport ndarray

cnp.import_array()

ctypedef fused item:
    uint8_t
    uint16_t
    uint32_t
    uint64_t

cdef enum:
    TILE = 4096         # elements


cdef inline item pick(uint8_t yes, item a, item b) noexcept nogil:
    return a if yes else b


cdef void choose_tile(
    item* out, const uint8_t* mask, const item* a, const item* b, bint each_a, bint each_b,
    Py_ssize_t tile, Py_ssize_t size
) noexcept nogil:
    cdef Py_ssize_t i, start = tile * TILE, n = min(TILE, size - tile * TILE)
    cdef item one_a = 0, one_b = 0
    out += start
    mask += start
    if each_a:
        a += start
    elif n:
        one_a = a[0]
    if each_b:
        b += start
    elif n:
        one_b = b[0]
    if each_a and each_b:
        for i in range(n):
            out[i] = pick(mask[i], a[i], b[i])
    elif each_a:
        for i in range(n):
            out[i] = pick(mask[i], a[i], one_b)
    elif each_b:
        for i in range(n):
            out[i] = pick(mask[i], one_a, b[i])
    else:
        for i in range(n):
            out[i] = pick(mask[i], one_a, one_b)


cdef void choose_all(
    item* out, const uint8_t* mask, const item* a, const item* b, bint each_a, bint each_b,
    Py_ssize_t size, int n_threads
) noexcept nogil:
    cdef Py_ssize_t tile, tiles = (size + TILE - 1) // TILE
    if n_threads == 1:
        for tile in range(tiles):
            choose_tile(out, mask, a, b, each_a, each_b, tile, size)
        return
    for tile in prange(tiles, num_threads=n_threads, schedule="static"):
        choose_tile(out, mask, a, b, each_a, each_b, tile, size)


cpdef int choose(ndarray out, ndarray mask, ndarray a, ndarray b, int n_threads) except -1:
    """``out = a where mask else b``; an ``a`` or ``b`` of one element stands for all."""
    cdef Py_ssize_t size = cnp.PyArray_SIZE(out), width = cnp.PyArray_ITEMSIZE(out)
    cdef bint each_a = cnp.PyArray_SIZE(a) == size, each_b = cnp.PyArray_SIZE(b) == size
    cdef void* to = cnp.PyArray_DATA(out)
    cdef const void* p = cnp.PyArray_DATA(a)
    cdef const void* q = cnp.PyArray_DATA(b)
    cdef const uint8_t* yes = <const uint8_t*>cnp.PyArray_DATA(mask)
    if width == 4:
        choose_all(<uint32_t*>to, yes, <const uint32_t*>p, <const uint32_t*>q, each_a, each_b, size,
                   n_threads)
    elif width == 8:
        choose_all(<uint64_t*>to, yes, <const uint64_t*>p, <const uint64_t*>q, each_a, each_b, size,
                   n_threads)
    elif width == 2:
        choose_all(<uint16_t*>to, yes, <const uint16_t*>p, <const uint16_t*>q, each_a, each_b, size,
                   n_threads)
    else:
        choose_all(<uint8_t*>to, yes, <const uint8_t*>p, <const uint8_t*>q, each_a, each_b, size,
                   n_threads)
    return 0


# ---------------------------------------------------------------- elements where a mask holds

cdef Py_ssize_t until_last(const uint8_t* mask, Py_ssize_t n) noexcept nogil:
    """How many elements there are up to the last that the mask holds."""
    while n > 0 and not mask[n - 1]:
        n -= 1
    return n


cdef void take_marked(item* out, const item* x, const uint8_t* mask, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, k = 0
    for i in range(until_last(mask, n)):
        out[k] = x[i]               # the next one to be taken writes over one that is not
        k += mask[i]


cdef void put_marked(
    item* out, const item* values, const uint8_t* mask, Py_ssize_t n
) noexcept nogil:
    cdef Py_ssize_t i, k = 0, end = until_last(mask, n)
    for i in range(end):
        out[i] = pick[item](mask[i], values[k], 0)
        k += mask[i]
    for i in range(end, n):
        out[i] = 0


cpdef int take_where(ndarray out, ndarray x, ndarray mask) except -1:
    """``out`` = the elements of ``x`` where ``mask`` holds, in order."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(x), width = cnp.PyArray_ITEMSIZE(x)
    cdef void* to = cnp.PyArray_DATA(out)
    cdef const void* source = cnp.PyArray_DATA(x)
    cdef const uint8_t* marks = <const uint8_t*>cnp.PyArray_DATA(mask)
    if width == 4:
        take_marked(<uint32_t*>to, <const uint32_t*>source, marks, n)
    elif width == 8:
        take_marked(<uint64_t*>to, <const uint64_t*>source, marks, n)
    elif width == 2:
        take_marked(<uint16_t*>to, <const uint16_t*>source, marks, n)
    else:
        take_marked(<uint8_t*>to, <const uint8_t*>source, marks, n)
    return 0


cpdef int put_where(ndarray out, ndarray values, ndarray mask) except -1:
    """``out`` = zeros, with ``values`` in order where ``mask`` holds."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(out), width = cnp.PyArray_ITEMSIZE(out)
    cdef void* to = cnp.PyArray_DATA(out)
    cdef const void* source = cnp.PyArray_DATA(values)
    cdef const uint8_t* marks = <const uint8_t*>cnp.PyArray_DATA(mask)
    if width == 4:
        put_marked(<uint32_t*>to, <const uint32_t*>source, marks, n)
    elif width == 8:
        put_marked(<uint64_t*>to, <const uint64_t*>source, marks, n)
    elif width == 2:
        put_marked(<uint16_t*>to, <const uint16_t*>source, marks, n)
    else:
        put_marked(<uint8_t*>to, <const uint8_t*>source, marks, n)
    return 0


# ---------------------------------------------------------------- triangles

cdef void keep_part(
    char* out, const char* x, Py_ssize_t row, Py_ssize_t diagonal, bint upper, Py_ssize_t columns,
    Py_ssize_t width
) noexcept nogil:
    """Copy what is above, or below, the diagonal of one row, and make zeros of the rest."""
    cdef Py_ssize_t size = columns * width, split
    split = min(max(row + diagonal + (0 if upper else 1), 0), columns) * width
    if upper:
        memset(out, 0, split)
        memcpy(out + split, x + split, size - split)
    else:
        memcpy(out, x, split)
        memset(out + split, 0, size - split)


cpdef int triangle(
    ndarray out, ndarray x, Py_ssize_t diagonal, bint upper, int n_threads
) except -1:
    """``out`` = ``x``, with zeros below, or above, a diagonal of each matrix."""
    cdef int last = cnp.PyArray_NDIM(x) - 1
    cdef Py_ssize_t height = cnp.PyArray_DIM(x, last - 1), columns = cnp.PyArray_DIM(x, last)
    cdef Py_ssize_t width = cnp.PyArray_ITEMSIZE(x), row, rows
    cdef char* to = cnp.PyArray_BYTES(out)
    cdef const char* source = cnp.PyArray_BYTES(x)
    if cnp.PyArray_SIZE(x) == 0:
        return 0
    rows = cnp.PyArray_SIZE(x) // columns
    if n_threads == 1:
        for row in range(rows):
            keep_part(to + row * columns * width, source + row * columns * width, row % height,
                      diagonal, upper, columns, width)
        return 0
    for row in prange(rows, nogil=True, num_threads=n_threads, schedule="static"):
        keep_part(to + row * columns * width, source + row * columns * width, row % height,
                  diagonal, upper, columns, width)
    return 0
