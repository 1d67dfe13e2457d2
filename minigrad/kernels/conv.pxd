from cython cimport floating
cimport numpy as cnp

cdef extern from "products.h" nogil:
    enum:
        LANES_float
        LANES_double


cdef struct Axis:
    # One spatial dimension: of the array copied, and of its copy in the slab.
    Py_ssize_t size  # of the array
    Py_ssize_t start  # index in the array of the slab's first element, negative in the padding
    Py_ssize_t step  # the stride: how many phases the slab splits it into
    Py_ssize_t extent  # elements of one phase
    Py_ssize_t results  # results along it
    # Kernel element i reads element first_read + i * read_step of the array for the first result.
    Py_ssize_t kernel, first_read, read_step


cdef struct Vector:
    # Neighbouring results of a block, of one row or two.
    Py_ssize_t y, x  # the first
    Py_ssize_t source  # where the slab holds its first input
    int count, in_row  # how many they are, and how many inputs lie in the first one's row


cdef struct After:
    # What is done to a block of results while the cache holds it, in inference.
    bint wanted
    void* coefficients  # of batch norm, or NULL: see batch_norm_coefficients
    double low  # no result is smaller: 0 for a ReLU
    bint pools  # the largest of each 2 x 2 results: what is written is
    Py_ssize_t height, width  # so large


cdef struct Correlation:
    # out[m, y, x] = bias[m] + sum over taps of a[m, tap] * slab[offset[tap] + y * width + x]
    Py_ssize_t samples, groups, channels  # `channels` of one group, read
    Axis rows, columns
    Py_ssize_t taps
    Py_ssize_t* offset
    bint by_row  # a's taps are ordered (kernel row, channel, column), not (channel, row, column)
    bint finite  # all of a is: what it multiplies padding with adds nothing, and may be left out
    bint pixels  # vectors run over output channels (conv_pixels.pyx), not along rows of results
    bint chosen  # and each tile takes the taps that read more than padding: see conv_pixels.pyx
    Py_ssize_t outputs  # channels of one group, written
    Py_ssize_t a_row, a_step, a_group
    Py_ssize_t out_height, out_width  # of the whole array written
    Py_ssize_t first_row, first_column, row_step, column_step  # where the results go in it
    Py_ssize_t block  # rows of results per task
    Py_ssize_t halo  # how many more rows of the slab they take
    bint in_place  # x is read where it lies: no padding is read, nothing is split by stride
    After after
    Vector* vectors  # that hold the results of a block
    Py_ssize_t n_vectors


cdef inline Py_ssize_t pieces(Py_ssize_t total, Py_ssize_t size) noexcept nogil:
    """How many pieces of ``size`` cover ``total``."""
    return (total + size - 1) // size


cdef inline Py_ssize_t even(Py_ssize_t total, Py_ssize_t most) noexcept nogil:
    """The size of the pieces when ``total`` is split evenly into as few as ``most`` allows."""
    return pieces(total, max(pieces(total, most), 1)) or 1


cdef inline int lanes_of(const floating* like) noexcept nogil:
    return LANES_float if floating is float else LANES_double


cdef void fill_slab(floating* slab, const floating* x, Py_ssize_t channels, Axis* rows,
                    Axis* columns, Py_ssize_t first) noexcept nogil
cdef int correlate(Correlation* c, floating* out, const floating* x, const floating* a,
                   const floating* bias, int n_threads) noexcept nogil

# Weights are (out channels, in channels / groups, height, width).  `bias` may be None.
cpdef int conv2d_forward(cnp.ndarray out, cnp.ndarray x, cnp.ndarray weight, cnp.ndarray bias,
                         Py_ssize_t stride_h, Py_ssize_t stride_w,
                         Py_ssize_t pad_h, Py_ssize_t pad_w,
                         Py_ssize_t dil_h, Py_ssize_t dil_w,
                         Py_ssize_t groups, int n_threads) except -1
# The same, followed by what may follow in inference: batch norm, if there are coefficients, then a
# lower limit (-inf, or 0: a ReLU), then perhaps the maximum over windows of 2 x 2.
cpdef int conv2d_infer(cnp.ndarray out, cnp.ndarray x, cnp.ndarray weight, cnp.ndarray bias,
                       cnp.ndarray coefficients, double low, bint pools,
                       Py_ssize_t height, Py_ssize_t width, Py_ssize_t stride_h, Py_ssize_t stride_w,
                       Py_ssize_t pad_h, Py_ssize_t pad_w,
                       Py_ssize_t dil_h, Py_ssize_t dil_w,
                       Py_ssize_t groups, int n_threads) except -1
