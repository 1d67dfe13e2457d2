"""The gradient of a convolution's input.

It is a correlation like the forward's (conv.pyx), over dy, with the roles of input and output
channels exchanged: once per phase of the stride, with the taps that reach that phase, whose weights
are gathered first, ordered by kernel row.  Nothing is scattered, so each thread owns what it writes.
"""

from cython cimport floating
from libc.stdlib cimport free, malloc
cimport numpy as cnp
from numpy cimport PyArray_DATA, PyArray_DIM, PyArray_SIZE

from minigrad.kernels.conv cimport Axis, Correlation, correlate, pieces
from minigrad.kernels.conv_plan cimport all_finite, choose_block, choose_way, origin

cnp.import_array()


cdef struct Reach:
    # Along one dimension, the kernel elements that reach inputs of one phase of the stride:
    # element i does if (phase + padding - i * dilation) divides by the stride; it reads dy there.
    Py_ssize_t size, stride, sum, dilation  # sum = phase + padding
    Py_ssize_t low, high  # the quotients lie between these
    Py_ssize_t count


cdef Reach reach(Py_ssize_t size, Py_ssize_t stride, Py_ssize_t phase, Py_ssize_t padding,
                 Py_ssize_t dilation) noexcept nogil:
    cdef Reach r = Reach(size, stride, phase + padding, dilation, 0, 0, 0)
    cdef Py_ssize_t i
    for i in range(size):
        if (r.sum - i * dilation) % stride == 0:
            r.low = (r.sum - i * dilation) // stride
            if r.count == 0:
                r.high = r.low
            r.count += 1
    return r


cdef void gather_taps(floating* packed, const floating* weight, Correlation* c, Reach* h,
                      Reach* w) noexcept nogil:
    """The weights of one phase, as (group, tap, input channel); a tap is (i, output channel, j)."""
    cdef Py_ssize_t group, m, i, j, channel, tap, area = h.size * w.size
    cdef const floating* kernel
    for group in range(c.groups):
        tap = 0
        for i in range(h.size):
            if (h.sum - i * h.dilation) % h.stride:
                continue
            for m in range(c.channels):
                kernel = weight + (group * c.channels + m) * c.outputs * area
                for j in range(w.size):
                    if (w.sum - j * w.dilation) % w.stride:
                        continue
                    for channel in range(c.outputs):
                        packed[channel] = kernel[channel * area + i * w.size + j]
                    packed += c.outputs
                    c.offset[tap] = (
                        origin(c) + (w.sum - j * w.dilation) // w.stride - w.low
                        + (m * c.rows.extent + (h.sum - i * h.dilation) // h.stride - h.low)
                        * c.columns.extent)
                    tap += 1


cdef int input_gradient(Correlation c, floating* dx, const floating* dy, const floating* weight,
                        Reach h, Reach w, int n_threads) noexcept nogil:
    """One phase of dx."""
    cdef int failed = -1
    c.rows = Axis(c.rows.size, h.low, 1, 0, pieces(c.out_height - c.first_row, h.stride),
                  h.count, h.high, (h.low - h.high) // max(h.count - 1, 1))
    c.columns = Axis(c.columns.size, w.low, 1, 0, pieces(c.out_width - c.first_column, w.stride),
                     w.count, w.high, (w.low - w.high) // max(w.count - 1, 1))
    if c.rows.results <= 0 or c.columns.results <= 0:
        return 0
    c.columns.extent = c.columns.results + w.high - w.low
    c.halo = h.high - h.low
    choose_block(&c, sizeof(floating), n_threads)
    c.taps = c.channels * h.count * w.count
    c.by_row = True
    choose_way(&c, weight)
    c.a_group = c.taps * c.outputs
    c.offset = <Py_ssize_t*>malloc((c.taps + 1) * sizeof(Py_ssize_t))
    cdef floating* packed = <floating*>malloc((c.groups * c.a_group + 1) * sizeof(floating))
    if c.offset != NULL and packed != NULL:
        gather_taps(packed, weight, &c, &h, &w)
        failed = correlate(&c, dx, dy, <const floating*>packed, <const floating*>NULL, n_threads)
    free(c.offset)
    free(packed)
    return failed


cpdef int conv2d_backward_input(cnp.ndarray dx, cnp.ndarray dy, cnp.ndarray weight,
                                Py_ssize_t stride_h, Py_ssize_t stride_w,
                                Py_ssize_t pad_h, Py_ssize_t pad_w,
                                Py_ssize_t dil_h, Py_ssize_t dil_w,
                                Py_ssize_t groups, int n_threads) except -1:
    """dx = the gradient of the convolution's input.  All contiguous."""
    cdef Correlation c
    cdef Reach h, w
    cdef void* to = PyArray_DATA(dx)
    cdef void* source = PyArray_DATA(dy)
    cdef void* weights = PyArray_DATA(weight)
    cdef Py_ssize_t p, q
    cdef int failed = 0
    c.samples = PyArray_DIM(dx, 0)
    c.groups = groups
    c.channels = PyArray_DIM(weight, 0) // groups
    c.outputs = PyArray_DIM(weight, 1)
    c.rows.size = PyArray_DIM(dy, 2)
    c.columns.size = PyArray_DIM(dy, 3)
    c.out_height = PyArray_DIM(dx, 2)
    c.out_width = PyArray_DIM(dx, 3)
    c.a_row = 1
    c.a_step = c.outputs
    c.in_place = c.after.wanted = False
    if dx.descr.type_num == cnp.NPY_FLOAT:
        c.finite = all_finite(<const float*>weights, PyArray_SIZE(weight))
    else:
        c.finite = all_finite(<const double*>weights, PyArray_SIZE(weight))
    c.row_step = stride_h
    c.column_step = stride_w
    for p in range(stride_h):
        for q in range(stride_w):
            h = reach(PyArray_DIM(weight, 2), stride_h, p, pad_h, dil_h)
            w = reach(PyArray_DIM(weight, 3), stride_w, q, pad_w, dil_w)
            c.first_row = p
            c.first_column = q
            if dx.descr.type_num == cnp.NPY_FLOAT:
                with nogil:
                    failed |= input_gradient(c, <float*>to, <const float*>source,
                                             <const float*>weights, h, w, n_threads)
            else:
                with nogil:
                    failed |= input_gradient(c, <double*>to, <const double*>source,
                                             <const double*>weights, h, w, n_threads)
    if failed:
        raise MemoryError("no memory for the scratch of a convolution")
    return 0
