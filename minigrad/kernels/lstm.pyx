"""One step of an LSTM, from the sums that its gates are made of, and its gradient.

    forward   i, f, o = sigmoid, g = tanh of the four parts of a row of sums, in the order i f g o
              c = f * before + i * g                      h = o * tanh(c)
    backward  dc = gc + gh * o * (1 - t * t)              t = tanh(c), c computed once more
              di = dc * g, df = dc * before, dg = dc * i, do = gh * t, dbefore = dc * f
              and through the sigmoids, s * (1 - s), and the tanh, 1 - g * g, to the sums

A row belongs to one thread; nothing is summed up.
"""

from cython cimport floating
from cython.parallel cimport prange
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.vmath cimport flat_int, sigmoid, tanh

cnp.import_array()


cdef flat_int forward_row(
    floating* h, floating* c, floating* gates, const floating* sums, const floating* before,
    Py_ssize_t r, Py_ssize_t n
) noexcept nogil:
    """Loops over two or three arrays each: GCC vectorises no loop over more."""
    cdef Py_ssize_t j
    h += r * n
    c += r * n
    gates += 4 * r * n
    sums += 4 * r * n
    before += r * n
    for j in range(2 * n):
        gates[j] = sigmoid(sums[j])
    for j in range(2 * n, 3 * n):
        gates[j] = tanh(sums[j])
    for j in range(3 * n, 4 * n):
        gates[j] = sigmoid(sums[j])
    for j in range(n):
        c[j] = gates[n + j] * before[j] + gates[j] * gates[2 * n + j]
    for j in range(n):
        h[j] = tanh(c[j]) * gates[3 * n + j]
    return 0


cdef flat_int backward_row(
    floating* dsums, floating* dbefore, const floating* gh, const floating* gc,
    const floating* gates, const floating* before, Py_ssize_t r, Py_ssize_t n
) noexcept nogil:
    """What t and dc are lies where the results will, in ``dbefore`` and the first of ``dsums``."""
    cdef floating* dc = dsums + 4 * r * n
    cdef floating* df = dc + n
    cdef floating* dg = df + n
    cdef floating* do = dg + n
    cdef const floating* i = gates + 4 * r * n
    cdef const floating* f = i + n
    cdef const floating* g = f + n
    cdef const floating* o = g + n
    cdef floating one = 1
    cdef Py_ssize_t j
    before += r * n
    dbefore += r * n
    for j in range(n):
        dbefore[j] = f[j] * before[j] + i[j] * g[j]
    if gh != NULL:
        gh += r * n
        for j in range(n):
            dbefore[j] = tanh(dbefore[j])
        for j in range(n):
            dc[j] = gh[j] * o[j] * (one - dbefore[j] * dbefore[j])
        for j in range(n):
            do[j] = gh[j] * dbefore[j] * o[j] * (one - o[j])
    else:
        for j in range(n):
            dc[j] = 0
            do[j] = 0
    if gc != NULL:
        gc += r * n
        for j in range(n):
            dc[j] += gc[j]
    for j in range(n):
        df[j] = dc[j] * before[j] * f[j] * (one - f[j])
    for j in range(n):
        dg[j] = dc[j] * i[j] * (one - g[j] * g[j])
    for j in range(n):
        dbefore[j] = dc[j] * f[j]
    for j in range(n):
        dc[j] = dc[j] * g[j] * i[j] * (one - i[j])
    return 0


cdef void forward_all(
    floating* h, floating* c, floating* gates, const floating* sums, const floating* before,
    Py_ssize_t rows, Py_ssize_t n, int n_threads
) noexcept nogil:
    cdef Py_ssize_t r
    if n_threads == 1:
        for r in range(rows):
            forward_row(h, c, gates, sums, before, r, n)
        return
    for r in prange(rows, num_threads=n_threads, schedule="static"):
        forward_row(h, c, gates, sums, before, r, n)


cdef void backward_all(
    floating* dsums, floating* dbefore, const floating* gh, const floating* gc,
    const floating* gates, const floating* before, Py_ssize_t rows, Py_ssize_t n, int n_threads
) noexcept nogil:
    cdef Py_ssize_t r
    if n_threads == 1:
        for r in range(rows):
            backward_row(dsums, dbefore, gh, gc, gates, before, r, n)
        return
    for r in prange(rows, num_threads=n_threads, schedule="static"):
        backward_row(dsums, dbefore, gh, gc, gates, before, r, n)


cdef inline void* data(ndarray array):
    return NULL if array is None else cnp.PyArray_DATA(array)


cpdef int lstm_forward(
    ndarray h, ndarray c, ndarray gates, ndarray sums, ndarray before, int n_threads
) except -1:
    """The next state ``h``, ``c`` and the ``gates`` i, f, g, o from their sums."""
    cdef Py_ssize_t rows = cnp.PyArray_DIM(h, 0), n = cnp.PyArray_DIM(h, 1)
    if cnp.PyArray_TYPE(h) == cnp.NPY_FLOAT32:
        forward_all(<float*>data(h), <float*>data(c), <float*>data(gates), <const float*>data(sums),
                    <const float*>data(before), rows, n, n_threads)
    else:
        forward_all(<double*>data(h), <double*>data(c), <double*>data(gates),
                    <const double*>data(sums), <const double*>data(before), rows, n, n_threads)
    return 0


cpdef int lstm_backward(
    ndarray dsums, ndarray dbefore, ndarray gh, ndarray gc, ndarray gates, ndarray before,
    int n_threads
) except -1:
    """The gradients of the sums and of the cell state before; one of gh and gc may be None."""
    cdef Py_ssize_t rows = cnp.PyArray_DIM(before, 0), n = cnp.PyArray_DIM(before, 1)
    if cnp.PyArray_TYPE(before) == cnp.NPY_FLOAT32:
        backward_all(<float*>data(dsums), <float*>data(dbefore), <const float*>data(gh),
                     <const float*>data(gc), <const float*>data(gates), <const float*>data(before),
                     rows, n, n_threads)
    else:
        backward_all(<double*>data(dsums), <double*>data(dbefore), <const double*>data(gh),
                     <const double*>data(gc), <const double*>data(gates),
                     <const double*>data(before), rows, n, n_threads)
    return 0
