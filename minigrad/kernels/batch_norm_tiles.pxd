# Batch norm's loops over one tile.  See batch_norm_tiles.pyx.

from cython cimport floating

from minigrad.kernels.batch_norm_grid cimport Box, Strides

ctypedef fused accurate:        # the type of the terms of a sum
    float
    double

# The last pass reads, for each column (for each channel, in planes), a few numbers of x's type:
# they lie in rows of one array, `pitch` apart.
cdef enum Coefficient:
    HI, SCALE, SHIFT, INVSTD = 2, MEAN_DY, SLOPE, COEFFICIENTS

cdef void plane_moments(
    const floating *x, Py_ssize_t stride, Box box, accurate zero, const double *origin,
    double *mean, double *m2
) noexcept nogil
cdef void column_moments(
    const floating *x, Py_ssize_t stride, Box box, accurate zero, const double *origin,
    bint from_memory, double *mean, double *m2
) noexcept nogil
cdef void plane_dot(
    const floating *dy, Py_ssize_t dy_stride, const floating *x, Py_ssize_t stride, Box
    box, const floating *hi, const floating *invstd, double *total, double *dot
) noexcept nogil
cdef void column_dot(
    const floating *dy, Py_ssize_t dy_stride, const floating *x, Py_ssize_t stride, Box
    box, const floating *hi, const floating *invstd, bint from_memory, double *total, double *dot
) noexcept nogil
cdef void plane_affine(
    floating *out, Strides out_s, const floating *x, Strides s, Box box, const floating *coef,
    Py_ssize_t pitch, floating low
) noexcept nogil

cdef struct LastPass:
    bint planes
    bint slopes                     # out = ((dy - mean_dy) - (x - hi) * slope) * scale, else
    double low                      # out = max(low, (x - hi) * scale + shift), x perhaps being dy
    Py_ssize_t pitch                # from one coefficient to the next

cdef void write_box(
    const LastPass *last, floating *out, Strides out_s, const floating *dy, Strides dy_s,
    const floating *x, Strides s, Box box, const floating *coef
) noexcept nogil
cdef void stream_box(
    const LastPass *last, floating *out, Strides out_s, const floating *dy, Strides dy_s,
    const floating *x, Strides s, Box box, const floating *coef
) noexcept nogil
