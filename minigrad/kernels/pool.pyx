# distutils: extra_compile_args = -fassociative-math -fno-signed-zeros
"""Pooling over two spatial dimensions, NCHW contiguous: maximum, average, adaptive average.

One plane (a channel of a sample) at a time; threads share out the planes, so each owns what it
writes and nothing depends on their number.  All are bound by memory, not by arithmetic: a plane
stays in the L1 or L2 cache from its first read to its last write.

The maximum also yields the place of each maximum in its plane, as int32: half of what torch keeps.
Its gradient is a scatter by these indices, and the gradient of that a gather.  A NaN counts as larger
than anything.  Nothing branches on the numbers: a row of results takes one tap of its windows
after the other, and the common 2 x 2 window with stride 2 a vector at a time (pool.h).

Average and adaptive average differ only in where their windows lie and what they divide by.
Both are written down first, a small table per dimension; then one loop serves all.
"""

from cython cimport floating
from cython.parallel cimport prange
from libc.math cimport INFINITY
from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset
cimport numpy as cnp
from numpy cimport PyArray_DATA, PyArray_DIM

from minigrad.kernels.tasks cimport Run, Tasks, next_run, share_out

cnp.import_array()

cdef extern from "pool.h" nogil:
    enum:
        LANES_float
        LANES_double
    void max_2x2_float(const float*, const float*, float*, int*)
    void max_2x2_double(const double*, const double*, double*, int*)
    void max_2x2_narrow_float(const float*, int, float*)
    void max_2x2_narrow_double(const double*, int, double*)
    void max_tap_float(Py_ssize_t, const float*, Py_ssize_t, int, float*, int*)
    void max_tap_double(Py_ssize_t, const double*, Py_ssize_t, int, double*, int*)

cdef enum:
    STRETCH = 256  # results of a row whose places are kept on the stack


cdef struct Sliding:
    Py_ssize_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w


cdef Planes describe(cnp.ndarray x, cnp.ndarray out):
    return Planes(PyArray_DIM(x, 0) * PyArray_DIM(x, 1), PyArray_DIM(x, 2), PyArray_DIM(x, 3),
                  PyArray_DIM(out, 2), PyArray_DIM(out, 3))


# Maximum

cdef void max_plane(Planes* s, Sliding* w, floating* out, int32_t* indices,
                    const floating* x) noexcept nogil:
    """Any windows: a row of results at a time (a stretch of it), and a tap of its windows."""
    cdef int places[STRETCH]
    cdef Py_ssize_t i, j, n, stretch, first, p, q, top, left, y, shift, low, high
    cdef floating* best
    for i in range(s.out_height):
        top = i * w.stride_h - w.pad_h
        for stretch in range((s.out_width + STRETCH - 1) // STRETCH):
            first = stretch * STRETCH
            n = min(<Py_ssize_t>STRETCH, s.out_width - first)
            left = first * w.stride_w - w.pad_w
            best = out + i * s.out_width + first
            for j in range(n):
                best[j] = -INFINITY
                places[j] = <int>(inside(top, w.dil_h) * s.width
                                  + inside(left + j * w.stride_w, w.dil_w))
            for p in range(w.kernel_h):
                y = top + p * w.dil_h
                if y < 0 or y >= s.height:
                    continue
                for q in range(w.kernel_w):
                    # Results low <= j < high have this tap inside x, at shift + j * stride.
                    shift = left + q * w.dil_w
                    low = (w.stride_w - 1 - shift) // w.stride_w if shift < 0 else 0
                    high = (s.width - 1 - shift) // w.stride_w + 1 if shift < s.width else 0
                    high = min(high, n)
                    if low < high:
                        if floating is float:
                            max_tap_float(high - low, x + y * s.width + shift + low * w.stride_w,
                                          w.stride_w, <int>(p * w.dil_h * s.width + q * w.dil_w),
                                          best + low, places + low)
                        else:
                            max_tap_double(high - low, x + y * s.width + shift + low * w.stride_w,
                                           w.stride_w, <int>(p * w.dil_h * s.width + q * w.dil_w),
                                           best + low, places + low)
            if indices != NULL:
                for j in range(n):
                    indices[i * s.out_width + first + j] = (
                        top * s.width + left + j * w.stride_w + places[j])


cdef inline Py_ssize_t inside(Py_ssize_t start, Py_ssize_t dilation) noexcept nogil:
    """How far behind ``start`` the first tap at 0 or more is."""
    return (dilation - 1 - start) // dilation * dilation if start < 0 else 0


cdef void max_plane_2x2(Planes* s, floating* out, int32_t* indices, const floating* x,
                        Py_ssize_t more) noexcept nogil:
    """Windows of 2 x 2 side by side, none of them cut by an edge; indices may be NULL.

    ``more`` planes lie behind this one that the caller computes afterwards.
    """
    cdef int lanes = LANES_float if floating is float else LANES_double
    cdef int places[LANES_float]
    cdef floating rows[4 * LANES_float]
    cdef floating results[LANES_float]
    cdef Py_ssize_t i, j, n, lane, v, at, width = s.width
    cdef Py_ssize_t end = (1 + more) * s.height * s.width
    cdef Py_ssize_t out_end = (1 + more) * s.out_height * s.out_width
    cdef int32_t* noted
    cdef const floating* upper
    cdef const floating* lower
    cdef floating* to
    if indices == NULL and width > 1 and lanes % width == 0:
        max_narrow_2x2(s, out, x)
        return
    for i in range(s.out_height):
        for v in range((s.out_width + lanes - 1) // lanes):
            j = v * lanes
            n = min(<Py_ssize_t>lanes, s.out_width - j)
            at = 2 * i * s.width + 2 * j
            upper = x + at
            lower = upper + s.width
            to = out + i * s.out_width + j
            # Lanes behind the end of a row are written over later, but must lie in a plane.
            if (at + s.width + 2 * lanes > end or i * s.out_width + j + lanes > out_end):
                memcpy(rows, upper, 2 * n * sizeof(floating))
                memcpy(rows + 2 * lanes, lower, 2 * n * sizeof(floating))
                upper = rows
                lower = rows + 2 * lanes
                to = results
            if floating is float:
                max_2x2_float(upper, lower, to, places if indices != NULL else NULL)
            else:
                max_2x2_double(upper, lower, to, places if indices != NULL else NULL)
            if to == results:
                memcpy(out + i * s.out_width + j, results, n * sizeof(floating))
            if indices != NULL:
                noted = indices + i * s.out_width + j
                for lane in range(n if to == results else lanes):
                    noted[lane] = at + 2 * lane + (places[lane] & 1) + (places[lane] >> 1) * width


cdef void max_narrow_2x2(Planes* s, floating* out, const floating* x) noexcept nogil:
    """The same where several rows fit a vector: they are taken as they lie, end to end."""
    cdef int lanes = LANES_float if floating is float else LANES_double
    cdef Py_ssize_t left = s.out_height * s.out_width, n
    cdef floating numbers[4 * LANES_float]
    cdef floating results[LANES_float]
    cdef const floating* source = x
    cdef floating* to = out
    while left > 0:
        n = min(<Py_ssize_t>lanes, left)
        if n < lanes:
            memcpy(numbers, source, 4 * n * sizeof(floating))
            source = numbers
            to = results
        if floating is float:
            max_2x2_narrow_float(source, <int>s.width, to)
        else:
            max_2x2_narrow_double(source, <int>s.width, to)
        if n < lanes:
            memcpy(out, results, n * sizeof(floating))
        source += 4 * lanes
        to += lanes
        out += lanes
        left -= n


cdef void max_plane_any(Planes* s, Sliding* w, bint quick, floating* out, int32_t* indices,
                        const floating* x, Py_ssize_t plane, Py_ssize_t more) noexcept nogil:
    """Plane number ``plane``, the quick way where it can be taken; ``more`` will follow."""
    cdef Py_ssize_t size = s.out_height * s.out_width
    out += plane * size
    x += plane * s.height * s.width
    if indices:
        indices += plane * size
    if quick:
        max_plane_2x2(s, out, indices, x, more)
    else:
        max_plane(s, w, out, indices, x)


cdef void max_planes(Planes* s, Sliding* w, floating* out, int32_t* indices, const floating* x,
                     int n_threads) noexcept nogil:
    cdef Py_ssize_t plane
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    cdef bint quick = (
        w.kernel_h == 2 and w.kernel_w == 2 and w.stride_h == 2 and w.stride_w == 2
        and w.pad_h == 0 and w.pad_w == 0 and w.dil_h == 1 and w.dil_w == 1
        and 2 * s.out_height <= s.height and 2 * s.out_width <= s.width)
    if n_threads == 1:
        for plane in range(s.count):
            max_plane_any(s, w, quick, out, indices, x, plane, s.count - 1 - plane)
        return
    share_out(&tasks, s.count, s.height * s.width, n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for plane in range(run.first, run.last):
                max_plane_any(s, w, quick, out, indices, x, plane, run.last - 1 - plane)
            run = next_run(&tasks, thread)


cpdef int max_pool2d_forward(cnp.ndarray out, cnp.ndarray indices, cnp.ndarray x,
                             Py_ssize_t kernel_h, Py_ssize_t kernel_w,
                             Py_ssize_t stride_h, Py_ssize_t stride_w,
                             Py_ssize_t pad_h, Py_ssize_t pad_w,
                             Py_ssize_t dil_h, Py_ssize_t dil_w, int n_threads) except -1:
    """The largest number of each window, and where in its plane it is (None: not wanted)."""
    cdef Planes s = describe(x, out)
    cdef Sliding w = Sliding(kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w)
    cdef void* to = PyArray_DATA(out)
    cdef void* source = PyArray_DATA(x)
    cdef int32_t* places = <int32_t*>PyArray_DATA(indices) if indices is not None else NULL
    if out.descr.type_num == cnp.NPY_FLOAT:
        with nogil:
            max_planes(&s, &w, <float*>to, places, <const float*>source, n_threads)
    else:
        with nogil:
            max_planes(&s, &w, <double*>to, places, <const double*>source, n_threads)
    return 0


cdef void scatter_plane(floating* dx, Py_ssize_t n_in, const floating* dy,
                        const int32_t* indices, Py_ssize_t n_out) noexcept nogil:
    cdef Py_ssize_t i
    memset(dx, 0, n_in * sizeof(floating))
    for i in range(n_out):
        if 0 <= indices[i] < n_in:      # a window may lie in the padding altogether
            dx[indices[i]] += dy[i]


cdef void scatter_planes(Planes* s, floating* dx, const floating* dy, const int32_t* indices,
                         int n_threads) noexcept nogil:
    cdef Py_ssize_t plane, n_in = s.height * s.width, n_out = s.out_height * s.out_width
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if n_threads == 1:
        for plane in range(s.count):
            scatter_plane(dx + plane * n_in, n_in, dy + plane * n_out, indices + plane * n_out,
                          n_out)
        return
    share_out(&tasks, s.count, n_in, n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for plane in range(run.first, run.last):
                scatter_plane(dx + plane * n_in, n_in, dy + plane * n_out,
                              indices + plane * n_out, n_out)
            run = next_run(&tasks, thread)


cpdef int max_pool2d_backward(cnp.ndarray dx, cnp.ndarray dy, cnp.ndarray indices,
                              int n_threads) except -1:
    """dx = zeros, plus each number of dy at its index."""
    cdef Planes s = describe(dx, dy)
    cdef void* to = PyArray_DATA(dx)
    cdef void* gradient = PyArray_DATA(dy)
    cdef const int32_t* places = <const int32_t*>PyArray_DATA(indices)
    if dx.descr.type_num == cnp.NPY_FLOAT:
        with nogil:
            scatter_planes(&s, <float*>to, <const float*>gradient, places, n_threads)
    else:
        with nogil:
            scatter_planes(&s, <double*>to, <const double*>gradient, places, n_threads)
    return 0


cdef void gather_plane(floating* out, const floating* x, Py_ssize_t n_in, const int32_t* indices,
                       Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[indices[i]] if 0 <= indices[i] < n_in else 0


cdef void gather_planes(Planes* s, floating* out, const floating* x, const int32_t* indices,
                        int n_threads) noexcept nogil:
    cdef Py_ssize_t plane, n_in = s.height * s.width, n_out = s.out_height * s.out_width
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if n_threads == 1:
        for plane in range(s.count):
            gather_plane(out + plane * n_out, x + plane * n_in, n_in, indices + plane * n_out,
                         n_out)
        return
    share_out(&tasks, s.count, n_in, n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for plane in range(run.first, run.last):
                gather_plane(out + plane * n_out, x + plane * n_in, n_in, indices + plane * n_out,
                             n_out)
            run = next_run(&tasks, thread)


cpdef int max_pool2d_gather(cnp.ndarray out, cnp.ndarray x, cnp.ndarray indices,
                            int n_threads) except -1:
    """out = the numbers of x at the indices, plane by plane: the gradient of the backward."""
    cdef Planes s = describe(x, out)
    cdef void* to = PyArray_DATA(out)
    cdef void* source = PyArray_DATA(x)
    cdef const int32_t* places = <const int32_t*>PyArray_DATA(indices)
    if out.descr.type_num == cnp.NPY_FLOAT:
        with nogil:
            gather_planes(&s, <float*>to, <const float*>source, places, n_threads)
    else:
        with nogil:
            gather_planes(&s, <double*>to, <const double*>source, places, n_threads)
    return 0


# Averages

cdef struct Window:
    Py_ssize_t start, stop  # inside the plane
    Py_ssize_t count  # what it adds to the divisor


cdef struct Windows:
    Window* rows
    Window* columns
    Py_ssize_t divisor  # 0: the product of the two counts


cdef void slide(Window* windows, Py_ssize_t size, Py_ssize_t out, Py_ssize_t kernel,
                Py_ssize_t stride, Py_ssize_t padding, bint count_include_pad) noexcept nogil:
    """The windows along one dimension of average pooling."""
    cdef Py_ssize_t i, start, stop
    for i in range(out):
        start = i * stride - padding
        stop = min(start + kernel, size + padding)
        windows[i].count = stop - start
        windows[i].start = max(start, <Py_ssize_t>0)
        windows[i].stop = min(stop, size)
        if not count_include_pad:
            windows[i].count = windows[i].stop - windows[i].start


cdef void adapt(Window* windows, Py_ssize_t size, Py_ssize_t out) noexcept nogil:
    """The windows along one dimension of adaptive pooling: ``out`` of them, covering ``size``."""
    cdef Py_ssize_t i
    for i in range(out):
        windows[i].start = i * size // out
        windows[i].stop = ((i + 1) * size + out - 1) // out
        windows[i].count = windows[i].stop - windows[i].start


cdef inline floating divisor(Windows* w, Py_ssize_t i, Py_ssize_t j,
                             const floating* like) noexcept nogil:
    return <floating>(w.divisor if w.divisor else w.rows[i].count * w.columns[j].count)


cdef void average_plane(Planes* s, Windows* w, floating* out, const floating* x) noexcept nogil:
    cdef Py_ssize_t i, j, y, column
    cdef floating total
    for i in range(s.out_height):
        for j in range(s.out_width):
            total = 0
            if w.columns[j].stop - w.columns[j].start == s.width:  # whole rows: one run
                for y in range(w.rows[i].start * s.width, w.rows[i].stop * s.width):
                    total = total + x[y]
            else:
                for y in range(w.rows[i].start, w.rows[i].stop):
                    for column in range(w.columns[j].start, w.columns[j].stop):
                        total = total + x[y * s.width + column]
            out[i * s.out_width + j] = total / divisor(w, i, j, x)


cdef void spread_plane(Planes* s, Windows* w, floating* dx, const floating* dy) noexcept nogil:
    cdef Py_ssize_t i, j, y, column
    cdef floating part
    memset(dx, 0, s.height * s.width * sizeof(floating))
    for i in range(s.out_height):
        for j in range(s.out_width):
            part = dy[i * s.out_width + j] / divisor(w, i, j, dy)
            for y in range(w.rows[i].start, w.rows[i].stop):
                for column in range(w.columns[j].start, w.columns[j].stop):
                    dx[y * s.width + column] += part


cdef void average_or_spread(Planes* s, Windows* w, floating* pooled, floating* x, bint backward,
                            Py_ssize_t plane) noexcept nogil:
    pooled += plane * s.out_height * s.out_width
    x += plane * s.height * s.width
    if backward:
        spread_plane(s, w, x, <const floating*>pooled)
    else:
        average_plane(s, w, pooled, <const floating*>x)


cdef void average_planes(Planes* s, Windows* w, floating* pooled, floating* x, bint backward,
                         int n_threads) noexcept nogil:
    cdef Py_ssize_t plane
    cdef Tasks tasks
    cdef Run run
    cdef int thread
    if n_threads == 1:
        for plane in range(s.count):
            average_or_spread(s, w, pooled, x, backward, plane)
        return
    share_out(&tasks, s.count, s.height * s.width, n_threads)
    for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
        run = next_run(&tasks, thread)
        while run.first < run.last:
            for plane in range(run.first, run.last):
                average_or_spread(s, w, pooled, x, backward, plane)
            run = next_run(&tasks, thread)


cdef int average(cnp.ndarray pooled, cnp.ndarray x, Sliding* sliding, bint count_include_pad,
                 Py_ssize_t divisor_override, bint backward, int n_threads) except -1:
    """Forward: x into pooled.  Backward: pooled is dy and x is dx.  No sliding: adaptive."""
    cdef Planes s = describe(x, pooled)
    cdef Windows w
    cdef void* to = PyArray_DATA(pooled)
    cdef void* source = PyArray_DATA(x)
    w.divisor = divisor_override
    w.rows = <Window*>malloc((s.out_height + s.out_width + 1) * sizeof(Window))
    if w.rows == NULL:
        raise MemoryError("no memory for the windows of an average pooling")
    w.columns = w.rows + s.out_height
    if sliding == NULL:
        adapt(w.rows, s.height, s.out_height)
        adapt(w.columns, s.width, s.out_width)
    else:
        slide(w.rows, s.height, s.out_height, sliding.kernel_h, sliding.stride_h,
              sliding.pad_h, count_include_pad)
        slide(w.columns, s.width, s.out_width, sliding.kernel_w, sliding.stride_w,
              sliding.pad_w, count_include_pad)
    if x.descr.type_num == cnp.NPY_FLOAT:
        with nogil:
            average_planes(&s, &w, <float*>to, <float*>source, backward, n_threads)
    else:
        with nogil:
            average_planes(&s, &w, <double*>to, <double*>source, backward, n_threads)
    free(w.rows)
    return 0


cpdef int avg_pool2d_forward(cnp.ndarray out, cnp.ndarray x,
                             Py_ssize_t kernel_h, Py_ssize_t kernel_w,
                             Py_ssize_t stride_h, Py_ssize_t stride_w,
                             Py_ssize_t pad_h, Py_ssize_t pad_w,
                             bint count_include_pad, Py_ssize_t divisor_override,
                             int n_threads) except -1:
    """The mean of each window.  ``divisor_override`` 0 divides by the number of elements."""
    cdef Sliding w = Sliding(kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, 1, 1)
    return average(out, x, &w, count_include_pad, divisor_override, False, n_threads)


cpdef int avg_pool2d_backward(cnp.ndarray dx, cnp.ndarray dy,
                              Py_ssize_t kernel_h, Py_ssize_t kernel_w,
                              Py_ssize_t stride_h, Py_ssize_t stride_w,
                              Py_ssize_t pad_h, Py_ssize_t pad_w,
                              bint count_include_pad, Py_ssize_t divisor_override,
                              int n_threads) except -1:
    """The gradient of ``avg_pool2d_forward``: every window spreads its share of dy evenly."""
    cdef Sliding w = Sliding(kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, 1, 1)
    return average(dy, dx, &w, count_include_pad, divisor_override, True, n_threads)


cpdef int adaptive_avg_pool2d_forward(cnp.ndarray out, cnp.ndarray x, int n_threads) except -1:
    """The means of as many windows as ``out`` is large, which cover x as evenly as they can."""
    return average(out, x, NULL, False, 0, False, n_threads)


cpdef int adaptive_avg_pool2d_backward(cnp.ndarray dx, cnp.ndarray dy, int n_threads) except -1:
    """The gradient of ``adaptive_avg_pool2d_forward``."""
    return average(dy, dx, NULL, False, 0, True, n_threads)
