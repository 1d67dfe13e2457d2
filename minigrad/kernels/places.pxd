# Items and rows taken from places that an index names, written there, added there.  See places.pyx.
#
# Arrays are C-contiguous, the index is int64 and in range.  The sizes say how they are read:
#     items: x (outer, size, inner), index and values (outer, count, inner), count of them along size
#     rows:  x (outer, size, inner), index (count,), values (outer, count, inner)
# Sums are for float32 and float64, the rest for items of 1, 2, 4 or 8 bytes of any kind.

from numpy cimport ndarray

# The place of the first element of an int64 index that is not in [low, high), or -1.
cpdef Py_ssize_t first_outside(ndarray index, Py_ssize_t low, Py_ssize_t high) except -2

cpdef int take_items(
    ndarray out, ndarray x, ndarray index, Py_ssize_t outer, Py_ssize_t size, Py_ssize_t count,
    Py_ssize_t inner, int n_threads) except -1

cpdef int put_items(
    ndarray out, ndarray values, ndarray index, Py_ssize_t outer, Py_ssize_t size,
    Py_ssize_t count, Py_ssize_t inner, int n_threads) except -1

cpdef int add_items(
    ndarray out, ndarray values, ndarray index, Py_ssize_t outer, Py_ssize_t size,
    Py_ssize_t count, Py_ssize_t inner, int n_threads) except -1

cpdef int take_rows(
    ndarray out, ndarray x, ndarray index, Py_ssize_t outer, Py_ssize_t size, Py_ssize_t count,
    Py_ssize_t inner, int n_threads) except -1

cpdef int add_rows(
    ndarray out, ndarray values, ndarray index, Py_ssize_t outer, Py_ssize_t size,
    Py_ssize_t count, Py_ssize_t inner, int n_threads) except -1
