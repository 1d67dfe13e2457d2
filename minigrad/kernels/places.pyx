"""Items and rows at places that an index names: taken, written and added.

    take_items   out[o, j, i] = x[o, index[o, j, i], i]          gather
    put_items    out[o, index[o, j, i], i] = values[o, j, i]     scatter
    add_items    out[o, index[o, j, i], i] += values[o, j, i]    scatter_add
    take_rows    out[o, j, :] = x[o, index[j], :]                index_select, embedding
    add_rows     out[o, index[j], :] += values[o, j, :]          index_add, embedding's gradient

What is only moved goes by its size in bytes.  Places may occur more than once: then the last one
written stays, and what is added is added in the order of the index.  So that the number of threads
does not alter a bit, a thread owns whole blocks of ``out``: those of some ``o``, or in ``add_rows``
some of the rows, for which it looks through the whole index.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy
cimport numpy as cnp
from numpy cimport ndarray

cnp.import_array()

ctypedef fused item:
    uint8_t
    uint16_t
    uint32_t
    uint64_t


cdef struct Sizes:
    Py_ssize_t outer, size, count, inner


cdef inline const int64_t* indices(ndarray index) noexcept:
    return <const int64_t*>cnp.PyArray_DATA(index)


cpdef Py_ssize_t first_outside(ndarray index, Py_ssize_t low, Py_ssize_t high) except -2:
    """The place of the first element of an int64 index that is not in [low, high), or -1."""
    cdef const int64_t* at = indices(index)
    cdef Py_ssize_t k, n = cnp.PyArray_SIZE(index)
    cdef int outside = 0
    for k in range(n):          # without a way out of the loop, it is vectorised
        outside |= (at[k] < low) | (at[k] >= high)
    if outside:
        for k in range(n):
            if at[k] < low or at[k] >= high:
                return k
    return -1


# ---------------------------------------------------------------- items

cdef void take_block(
    item* out, const item* x, const int64_t* index, Py_ssize_t o, Sizes s
) noexcept nogil:
    cdef Py_ssize_t j, i
    out += o * s.count * s.inner
    index += o * s.count * s.inner
    x += o * s.size * s.inner
    if s.inner == 1:
        for j in range(s.count):
            out[j] = x[index[j]]
        return
    for j in range(s.count):
        for i in range(s.inner):
            out[i] = x[index[i] * s.inner + i]
        out += s.inner
        index += s.inner


cdef void put_block(
    item* out, const item* values, const int64_t* index, Py_ssize_t o, Sizes s
) noexcept nogil:
    cdef Py_ssize_t j, i
    values += o * s.count * s.inner
    index += o * s.count * s.inner
    out += o * s.size * s.inner
    for j in range(s.count):
        for i in range(s.inner):
            out[index[i] * s.inner + i] = values[i]
        values += s.inner
        index += s.inner


cdef void add_block(
    floating* out, const floating* values, const int64_t* index, Py_ssize_t o, Sizes s
) noexcept nogil:
    cdef Py_ssize_t j, i
    values += o * s.count * s.inner
    index += o * s.count * s.inner
    out += o * s.size * s.inner
    for j in range(s.count):
        for i in range(s.inner):
            out[index[i] * s.inner + i] += values[i]
        values += s.inner
        index += s.inner


cdef void take_all(
    item* out, const item* x, const int64_t* index, Sizes s, int n_threads
) noexcept nogil:
    cdef Py_ssize_t o
    if n_threads == 1:
        for o in range(s.outer):
            take_block(out, x, index, o, s)
        return
    for o in prange(s.outer, num_threads=n_threads, schedule="static"):
        take_block(out, x, index, o, s)


cdef void put_all(
    item* out, const item* values, const int64_t* index, Sizes s, int n_threads
) noexcept nogil:
    cdef Py_ssize_t o
    if n_threads == 1:
        for o in range(s.outer):
            put_block(out, values, index, o, s)
        return
    for o in prange(s.outer, num_threads=n_threads, schedule="static"):
        put_block(out, values, index, o, s)


cdef void add_all(
    floating* out, const floating* values, const int64_t* index, Sizes s, int n_threads
) noexcept nogil:
    cdef Py_ssize_t o
    if n_threads == 1:
        for o in range(s.outer):
            add_block(out, values, index, o, s)
        return
    for o in prange(s.outer, num_threads=n_threads, schedule="static"):
        add_block(out, values, index, o, s)


cpdef int take_items(
    ndarray out, ndarray x, ndarray index, Py_ssize_t outer, Py_ssize_t size, Py_ssize_t count,
    Py_ssize_t inner, int n_threads
) except -1:
    """``out[o, j, i] = x[o, index[o, j, i], i]``."""
    cdef Sizes s = Sizes(outer, size, count, inner)
    cdef void* target = cnp.PyArray_DATA(out)
    cdef const void* source = cnp.PyArray_DATA(x)
    cdef Py_ssize_t width = cnp.PyArray_ITEMSIZE(x)
    if width == 4:
        take_all(<uint32_t*>target, <const uint32_t*>source, indices(index), s, n_threads)
    elif width == 8:
        take_all(<uint64_t*>target, <const uint64_t*>source, indices(index), s, n_threads)
    elif width == 2:
        take_all(<uint16_t*>target, <const uint16_t*>source, indices(index), s, n_threads)
    else:
        take_all(<uint8_t*>target, <const uint8_t*>source, indices(index), s, n_threads)
    return 0


cpdef int put_items(
    ndarray out, ndarray values, ndarray index, Py_ssize_t outer, Py_ssize_t size,
    Py_ssize_t count, Py_ssize_t inner, int n_threads
) except -1:
    """``out[o, index[o, j, i], i] = values[o, j, i]``."""
    cdef Sizes s = Sizes(outer, size, count, inner)
    cdef void* target = cnp.PyArray_DATA(out)
    cdef const void* source = cnp.PyArray_DATA(values)
    cdef Py_ssize_t width = cnp.PyArray_ITEMSIZE(out)
    if width == 4:
        put_all(<uint32_t*>target, <const uint32_t*>source, indices(index), s, n_threads)
    elif width == 8:
        put_all(<uint64_t*>target, <const uint64_t*>source, indices(index), s, n_threads)
    elif width == 2:
        put_all(<uint16_t*>target, <const uint16_t*>source, indices(index), s, n_threads)
    else:
        put_all(<uint8_t*>target, <const uint8_t*>source, indices(index), s, n_threads)
    return 0


cpdef int add_items(
    ndarray out, ndarray values, ndarray index, Py_ssize_t outer, Py_ssize_t size,
    Py_ssize_t count, Py_ssize_t inner, int n_threads
) except -1:
    """``out[o, index[o, j, i], i] += values[o, j, i]``."""
    cdef Sizes s = Sizes(outer, size, count, inner)
    if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT32:
        add_all(<float*>cnp.PyArray_DATA(out), <const float*>cnp.PyArray_DATA(values),
                indices(index), s, n_threads)
    else:
        add_all(<double*>cnp.PyArray_DATA(out), <const double*>cnp.PyArray_DATA(values),
                indices(index), s, n_threads)
    return 0


# ---------------------------------------------------------------- rows

cdef void take_rows_block(
    char* out, const char* x, const int64_t* index, Py_ssize_t o, Sizes s
) noexcept nogil:
    """``s.inner`` counts bytes."""
    cdef Py_ssize_t j
    out += o * s.count * s.inner
    x += o * s.size * s.inner
    if s.inner == 4:            # a call for each item would cost more than the item
        for j in range(s.count):
            (<uint32_t*>out)[j] = (<const uint32_t*>x)[index[j]]
        return
    for j in range(s.count):
        memcpy(out + j * s.inner, x + index[j] * s.inner, s.inner)


cdef void add_rows_between(
    floating* out, const floating* values, const int64_t* index, Py_ssize_t low, Py_ssize_t high,
    Sizes s
) noexcept nogil:
    """Add to the rows in [low, high)."""
    cdef Py_ssize_t o, j, i
    cdef floating* row
    for o in range(s.outer):
        for j in range(s.count):
            if low <= index[j] < high:
                row = out + (o * s.size + index[j]) * s.inner
                for i in range(s.inner):
                    row[i] += values[i]
            values += s.inner


cdef void add_rows_all(
    floating* out, const floating* values, const int64_t* index, Sizes s, int n_threads
) noexcept nogil:
    cdef Py_ssize_t part
    if n_threads == 1:
        add_rows_between(out, values, index, 0, s.size, s)
        return
    for part in prange(n_threads, num_threads=n_threads, schedule="static"):
        add_rows_between(out, values, index, s.size * part // n_threads,
                         s.size * (part + 1) // n_threads, s)


cpdef int take_rows(
    ndarray out, ndarray x, ndarray index, Py_ssize_t outer, Py_ssize_t size, Py_ssize_t count,
    Py_ssize_t inner, int n_threads
) except -1:
    """``out[o, j, :] = x[o, index[j], :]``."""
    cdef Sizes s = Sizes(outer, size, count, inner * cnp.PyArray_ITEMSIZE(x))
    cdef char* target = <char*>cnp.PyArray_DATA(out)
    cdef const char* source = <const char*>cnp.PyArray_DATA(x)
    cdef const int64_t* at = indices(index)
    cdef Py_ssize_t o
    if n_threads == 1:
        for o in range(outer):
            take_rows_block(target, source, at, o, s)
        return 0
    for o in prange(outer, num_threads=n_threads, schedule="static", nogil=True):
        take_rows_block(target, source, at, o, s)
    return 0


cpdef int add_rows(
    ndarray out, ndarray values, ndarray index, Py_ssize_t outer, Py_ssize_t size,
    Py_ssize_t count, Py_ssize_t inner, int n_threads
) except -1:
    """``out[o, index[j], :] += values[o, j, :]``."""
    cdef Sizes s = Sizes(outer, size, count, inner)
    if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT32:
        add_rows_all(<float*>cnp.PyArray_DATA(out), <const float*>cnp.PyArray_DATA(values),
                     indices(index), s, n_threads)
    else:
        add_rows_all(<double*>cnp.PyArray_DATA(out), <const double*>cnp.PyArray_DATA(values),
                     indices(index), s, n_threads)
    return 0
