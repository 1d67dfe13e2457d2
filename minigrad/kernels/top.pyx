"""Where the largest (or smallest) elements of each row are, in order: a few, or all.

For a few, a row is walked once, with the best so far kept sorted: most elements are worse than the last of
these and cost one comparison.  That is quick where ``k`` is small, as it is for top-5 accuracy; a
large ``k`` is for sorting: of integers, made of each number and its place, which NumPy sorts in
vector code.  Equal elements keep their order, and NaN counts as the largest of all.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memcpy
cimport numpy as cnp
from numpy cimport ndarray

cnp.import_array()


cdef inline bint before(bint largest, floating a, floating b) noexcept nogil:
    """Whether ``a`` comes before an equal or different ``b`` that was there first."""
    if largest:
        return (a > b) | ((a != a) & (b == b))
    return (a < b) | ((b != b) & (a == a))


cdef void top_row(
    int64_t* best, const floating* x, bint largest, Py_ssize_t n, Py_ssize_t k
) noexcept nogil:
    cdef Py_ssize_t i, at, count = 0
    for i in range(n):
        if count == k and not before(largest, x[i], x[best[k - 1]]):
            continue
        if count < k:
            count += 1
        at = count - 1
        while at > 0 and before(largest, x[i], x[best[at - 1]]):
            best[at] = best[at - 1]
            at -= 1
        best[at] = i


cdef void top_rows(
    int64_t* indices, const floating* x, bint largest, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t k,
    int n_threads
) noexcept nogil:
    cdef Py_ssize_t r
    if n_threads == 1:
        for r in range(rows):
            top_row(indices + r * k, x + r * n, largest, n, k)
        return
    for r in prange(rows, num_threads=n_threads, schedule="static"):
        top_row(indices + r * k, x + r * n, largest, n, k)


cpdef int top_indices(
    ndarray indices, ndarray x, bint largest, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t k,
    int n_threads
) except -1:
    """The places of the ``k`` largest, or smallest, elements of each row, best first."""
    cdef int64_t* out = <int64_t*>cnp.PyArray_DATA(indices)
    if k == 0:
        return 0
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        top_rows(out, <const float*>cnp.PyArray_DATA(x), largest, rows, n, k, n_threads)
    else:
        top_rows(out, <const double*>cnp.PyArray_DATA(x), largest, rows, n, k, n_threads)
    return 0


cdef void keys_of_row(
    uint64_t* keys, const float* x, bint descending, Py_ssize_t n
) noexcept nogil:
    """The bits of a positive float count up as it grows, those of a negative one down."""
    cdef Py_ssize_t i
    cdef float value
    cdef uint32_t bits, flip = 0xffffffff if descending else 0
    for i in range(n):
        value = x[i] + <float>0                     # -0 is equal to 0
        memcpy(&bits, &value, sizeof(float))
        bits = bits ^ (<uint32_t>(<int32_t>bits >> 31) | <uint32_t>0x80000000)
        bits = bits if value == value else <uint32_t>0xffffffff
        keys[i] = <uint64_t>(bits ^ flip) << 32 | <uint64_t>i


cpdef int order_keys(
    ndarray keys, ndarray x, bint descending, Py_ssize_t rows, Py_ssize_t n, int n_threads
) except -1:
    """``keys`` = integers in the order of a row's elements, in whose low half are the places."""
    cdef uint64_t* out = <uint64_t*>cnp.PyArray_DATA(keys)
    cdef const float* data = <const float*>cnp.PyArray_DATA(x)
    cdef Py_ssize_t r
    if n_threads == 1:
        for r in range(rows):
            keys_of_row(out + r * n, data + r * n, descending, n)
    else:
        for r in prange(rows, nogil=True, num_threads=n_threads, schedule="static"):
            keys_of_row(out + r * n, data + r * n, descending, n)
    return 0
