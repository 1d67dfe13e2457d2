"""Running sums, products and extremes along the middle of (outer, n, inner), from either end.

Each step waits for the one before it, so that LANES sequences are walked side by side: neighbours
in memory where ``inner`` allows, else neighbouring rows.  What runs is a double.  The lanes of a
group belong to one thread, and groups do not depend on the number of threads.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.stdint cimport int64_t
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.reduce cimport PROD, SUM

cnp.import_array()

cdef enum:
    LANES = 16


cdef struct Sizes:
    Py_ssize_t outer, n, inner, groups
    bint backwards


cdef inline void walk(
    int op, floating* out, const floating* x, Py_ssize_t n, Py_ssize_t step, Py_ssize_t lanes,
    Py_ssize_t apart
) noexcept nogil:
    """``lanes`` sequences, ``apart`` from each other, of ``n`` elements each ``step`` apart."""
    cdef double running[LANES]
    cdef Py_ssize_t j, lane
    for lane in range(LANES):
        running[lane] = 0 if op == SUM else 1
    for j in range(n):
        if lanes == LANES:              # a constant, for the compiler to unroll
            for lane in range(LANES):
                if op == SUM:
                    running[lane] += x[lane * apart]
                else:
                    running[lane] *= x[lane * apart]
                out[lane * apart] = <floating>running[lane]
        else:
            for lane in range(lanes):
                if op == SUM:
                    running[lane] += x[lane * apart]
                else:
                    running[lane] *= x[lane * apart]
                out[lane * apart] = <floating>running[lane]
        x += step
        out += step


cdef void walk_group(
    int op, floating* out, const floating* x, Py_ssize_t group, Sizes s
) noexcept nogil:
    cdef Py_ssize_t first, lanes, apart, step = s.inner, tiles, start
    if s.inner == 1:
        first, apart = group * LANES, s.n
        lanes = min(LANES, s.outer - first)
        start = first * s.n
    else:
        tiles = (s.inner + LANES - 1) // LANES
        first, apart = group % tiles * LANES, 1
        lanes = min(LANES, s.inner - first)
        start = group // tiles * s.n * s.inner + first
    if s.backwards:
        start += (s.n - 1) * step
        step = -step
    if op == SUM and apart == 1:
        walk(SUM, out + start, x + start, s.n, step, lanes, 1)
    elif op == SUM:
        walk(SUM, out + start, x + start, s.n, step, lanes, apart)
    elif apart == 1:
        walk(PROD, out + start, x + start, s.n, step, lanes, 1)
    else:
        walk(PROD, out + start, x + start, s.n, step, lanes, apart)


cdef void walk_all(
    int op, floating* out, const floating* x, Sizes s, int n_threads
) noexcept nogil:
    cdef Py_ssize_t group
    if n_threads == 1:
        for group in range(s.groups):
            walk_group(op, out, x, group, s)
        return
    for group in prange(s.groups, num_threads=n_threads, schedule="static"):
        walk_group(op, out, x, group, s)


cpdef int scan(
    int op, ndarray out, ndarray x, bint backwards, Py_ssize_t outer, Py_ssize_t n,
    Py_ssize_t inner, int n_threads
) except -1:
    """``out`` = the sums or products of all elements so far, or ``backwards`` of those to come."""
    cdef Sizes s = Sizes(outer, n, inner, (outer + LANES - 1) // LANES, backwards)
    if inner != 1:
        s.groups = outer * ((inner + LANES - 1) // LANES)
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        walk_all(op, <float*>cnp.PyArray_DATA(out), <const float*>cnp.PyArray_DATA(x), s, n_threads)
    else:
        walk_all(op, <double*>cnp.PyArray_DATA(out), <const double*>cnp.PyArray_DATA(x), s,
                 n_threads)
    return 0


cdef void extremes_of(
    int64_t* indices, const floating* x, bint largest, Py_ssize_t n, Py_ssize_t inner
) noexcept nogil:
    cdef floating best = x[0], value
    cdef int64_t j, at = 0
    for j in range(n):
        value = x[j * inner]
        if (value >= best if largest else value <= best) or value != value:
            best, at = value, j         # a NaN stays: no comparison with it holds
        indices[j * inner] = at


cdef inline void extremes_at(
    int64_t* indices, const floating* x, bint largest, Sizes s, Py_ssize_t k
) noexcept nogil:
    cdef Py_ssize_t start = k // s.inner * s.n * s.inner + k % s.inner
    extremes_of(indices + start, x + start, largest, s.n, s.inner)


cdef void extremes_of_all(
    int64_t* indices, const floating* x, bint largest, Sizes s, int n_threads
) noexcept nogil:
    cdef Py_ssize_t k
    if n_threads == 1:
        for k in range(s.outer * s.inner):
            extremes_at(indices, x, largest, s, k)
        return
    for k in prange(s.outer * s.inner, num_threads=n_threads, schedule="static"):
        extremes_at(indices, x, largest, s, k)


cpdef int scan_extremes(
    ndarray indices, ndarray x, bint largest, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
    int n_threads
) except -1:
    """``indices`` = where the largest, or smallest, so far is: the last of equals, or a NaN."""
    cdef Sizes s = Sizes(outer, n, inner, 0, False)
    cdef int64_t* at = <int64_t*>cnp.PyArray_DATA(indices)
    if n == 0:
        return 0
    if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT32:
        extremes_of_all(at, <const float*>cnp.PyArray_DATA(x), largest, s, n_threads)
    else:
        extremes_of_all(at, <const double*>cnp.PyArray_DATA(x), largest, s, n_threads)
    return 0
