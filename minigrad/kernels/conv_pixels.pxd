# See conv_pixels.pyx.

from cython cimport floating

from minigrad.kernels.conv cimport Correlation

cdef void correlate_pixels(Correlation* c, floating* out, const floating* slab,
                           const floating* panels, const floating* bias, Py_ssize_t first,
                           Py_ssize_t height) noexcept nogil
cdef floating* pack_weights(Correlation* c, const floating* a) noexcept nogil
