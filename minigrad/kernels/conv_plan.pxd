# See conv_plan.pyx.

from cython cimport floating
cimport numpy as cnp

from minigrad.kernels.conv cimport Axis, Correlation, Vector

cdef enum:
    COLUMNS = 16  # of a kernel whose taps are chosen, at most

cdef Py_ssize_t slab_size(Py_ssize_t channels, Axis* rows, Axis* columns,
                          const floating* like) noexcept nogil
cdef Correlation describe(cnp.ndarray x, Py_ssize_t out_height, Py_ssize_t out_width,
                          cnp.ndarray weight, Py_ssize_t stride_h, Py_ssize_t stride_w,
                          Py_ssize_t pad_h, Py_ssize_t pad_w,
                          Py_ssize_t dil_h, Py_ssize_t dil_w, Py_ssize_t groups)
cdef void choose_block(Correlation* c, Py_ssize_t itemsize, int n_threads) noexcept nogil
cdef Py_ssize_t* offsets(Correlation* c, cnp.ndarray weight, Py_ssize_t dil_h,
                         Py_ssize_t dil_w) except NULL
cdef Py_ssize_t lay_vectors(Correlation* c, Py_ssize_t height, int lanes,
                            Vector* vectors) noexcept nogil
cdef Py_ssize_t useful(Axis* axis, Py_ssize_t first, Py_ssize_t last,
                       Py_ssize_t* start) noexcept nogil
cdef inline bint reads(Axis* axis, Py_ssize_t element, Py_ssize_t first,
                       Py_ssize_t last) noexcept nogil:
    """Whether a kernel element reads more than padding for results first to last."""
    cdef Py_ssize_t read = axis.first_read + element * axis.read_step
    return read + last * axis.step >= 0 and read + first * axis.step < axis.size
cdef Py_ssize_t useful_taps(Correlation* c, Py_ssize_t y, Py_ssize_t last,
                            Py_ssize_t* start) noexcept nogil
cdef void choose_way(Correlation* c, const floating* like) noexcept nogil
cdef bint all_finite(const floating* a, Py_ssize_t n) noexcept nogil
cdef inline Py_ssize_t origin(Correlation* c) noexcept nogil:
    """Where x, read in place, has what would be the slab's first number."""
    return c.rows.start * c.columns.extent + c.columns.start if c.in_place else 0

