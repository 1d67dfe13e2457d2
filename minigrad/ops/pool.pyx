"""Pooling in one and two dimensions: maximum, average, adaptive average.

The gradient of a maximum goes to where the maximum was: a scatter by the indices that the forward
pass noted, whose own gradient is the gather by the same indices.  An average and its gradient, the
even spreading of each result over its window, are each other's gradients.  One-dimensional
pooling is two-dimensional pooling by windows of height 1, of images whose rows are the channels.
"""

import numpy as np

from minigrad.ops.spatial import check_output_size

from numpy cimport (
    NPY_INT32, PyArray_DIM, PyArray_NDIM, PyArray_TYPE, import_array, ndarray,
    npy_intp,
)

from minigrad.dtypes cimport bool_, dtype_of, float16, float32, float64, int64
from minigrad.kernels cimport pool as kernels
from minigrad.kernels.openmp cimport threads_for
from minigrad.memory cimport new_array
from minigrad.ops.common cimport cast, dense, pair, shape_of, tensor_argument
from minigrad.ops.shape cimport reshape_to
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()

ctypedef (Py_ssize_t, Py_ssize_t) Pair


cdef class Geometry:
    """How the windows of a pooling lie, and the shapes of what goes in and comes out."""
    cdef Pair kernel, stride, padding, dilation
    cdef bint adaptive, count_include_pad
    cdef Py_ssize_t divisor  # 0: the number of elements of the window
    cdef npy_intp x_shape[4]
    cdef npy_intp y_shape[4]

    cdef int threads(self) noexcept:
        return threads_for(self.x_shape[0] * self.x_shape[1] * self.x_shape[2] * self.x_shape[3])


# ---------------------------------------------------------------- maximum: gather and scatter

cdef tuple largest(Tensor x, Geometry geometry, bint with_indices):
    """Return the maxima of a 4-D tensor's windows, and an array of their indices or None."""
    cdef Geometry c = geometry
    cdef ndarray out = new_array(4, c.y_shape, PyArray_TYPE(x.array)), indices = None
    cdef Tensor y
    if with_indices or recording(x):
        if c.x_shape[2] * c.x_shape[3] > 2147483647:        # the kernels' indices are int32
            raise RuntimeError(
                f"max_pool2d: planes of {c.x_shape[2]} x {c.x_shape[3]} are too large")
        indices = new_array(4, c.y_shape, NPY_INT32)
    kernels.max_pool2d_forward(
        out, indices, dense(x), c.kernel[0], c.kernel[1], c.stride[0], c.stride[1], c.padding[0],
        c.padding[1], c.dilation[0], c.dilation[1], c.threads())
    y = wrap(out)
    if recording(x):
        record(y, "MaxPool2DWithIndicesBackward0", largest_vjp, (x,), (), (indices, c))
    return y, indices


cdef largest_vjp(Node node, object g):
    indices, geometry = node.extra
    return (scatter(<Tensor>g, indices, geometry),)


cdef Tensor scatter(Tensor dy, ndarray indices, Geometry geometry):
    cdef ndarray out = new_array(4, geometry.x_shape, PyArray_TYPE(dy.array))
    cdef Tensor dx
    kernels.max_pool2d_backward(out, dense(dy), indices, geometry.threads())
    dx = wrap(out)
    if recording(dy):
        record(dx, "MaxPool2DScatterBackward0", scatter_vjp, (dy,), (), (indices, geometry))
    return dx


cdef scatter_vjp(Node node, object g):
    indices, geometry = node.extra
    return (gather(<Tensor>g, indices, geometry),)


cdef Tensor gather(Tensor x, ndarray indices, Geometry geometry):
    cdef ndarray out = new_array(4, geometry.y_shape, PyArray_TYPE(x.array))
    cdef Tensor y
    kernels.max_pool2d_gather(out, dense(x), indices, geometry.threads())
    y = wrap(out)
    if recording(x):
        record(y, "MaxPool2DGatherBackward0", largest_vjp, (x,), (), (indices, geometry))
    return y


# ---------------------------------------------------------------- average: gather and spread

cdef Tensor average(Tensor x, Geometry geometry):
    """Return the means of a 4-D tensor's windows."""
    cdef Geometry c = geometry
    cdef ndarray out = new_array(4, c.y_shape, PyArray_TYPE(x.array))
    cdef Tensor y
    if c.adaptive:
        kernels.adaptive_avg_pool2d_forward(out, dense(x), c.threads())
    else:
        kernels.avg_pool2d_forward(
            out, dense(x), c.kernel[0], c.kernel[1], c.stride[0], c.stride[1], c.padding[0],
            c.padding[1], c.count_include_pad, c.divisor, c.threads())
    y = wrap(out)
    if recording(x):
        record(y, "AdaptiveAvgPool2DBackward0" if c.adaptive else "AvgPool2DBackward0",
               average_vjp, (x,), (), c)
    return y


cdef average_vjp(Node node, object g):
    return (spread(<Tensor>g, <Geometry>node.extra),)


cdef Tensor spread(Tensor dy, Geometry geometry):
    cdef Geometry c = geometry
    cdef ndarray out = new_array(4, c.x_shape, PyArray_TYPE(dy.array))
    cdef Tensor dx
    if c.adaptive:
        kernels.adaptive_avg_pool2d_backward(out, dense(dy), c.threads())
    else:
        kernels.avg_pool2d_backward(
            out, dense(dy), c.kernel[0], c.kernel[1], c.stride[0], c.stride[1], c.padding[0],
            c.padding[1], c.count_include_pad, c.divisor, c.threads())
    dx = wrap(out)
    if recording(dy):
        record(dx, "AvgPool2DSpreadBackward0", spread_vjp, (dy,), (), c)
    return dx


cdef spread_vjp(Node node, object g):
    return (average(<Tensor>g, <Geometry>node.extra),)


# ---------------------------------------------------------------- arguments

cdef Tensor images(object input, str function, int spatial, bint channels=True):
    """Return the input as (n, channels, height, width), or (n, 1, channels, length), in a dtype
    that the kernels take.

    RuntimeError where a size is 0, other than the batch's and, unless ``channels``, the channels'.
    """
    cdef Tensor x
    cdef int rank
    x = tensor_argument(input, function, "input")
    rank = PyArray_NDIM(x.array)
    if rank != spatial + 1 and rank != spatial + 2:
        raise RuntimeError(
            f"{function}() Expected {spatial + 1}D or {spatial + 2}D input tensor, but got "
            f"{rank}D: {list(shape_of(x))}"
        )
    if 0 in shape_of(x)[rank - spatial - channels:]:
        raise RuntimeError(
            f"{function}() Expected input to have non-zero size in all dimensions but the batch's, "
            f"but got {list(shape_of(x))}"
        )
    own = dtype_of(x.array)
    if own is float16:
        x = cast(x, float32)
    elif not own.is_floating_point:
        if own is bool_ or function != "max_pool2d" and (
                own is not int64 or not function.startswith("avg_pool")):
            raise NotImplementedError(f"{function}() is not implemented for {own}")
        x = cast(x, float64)
    if spatial == 2 and rank == 4:
        return x
    if rank == spatial + 1:
        return reshape_to(x, (1, *shape_of(x)) if spatial == 2 else (1, 1, *shape_of(x)))
    return reshape_to(x, (shape_of(x)[0], 1, *shape_of(x)[1:]))


cdef Tensor restored(Tensor y, object input, int spatial):
    """Return a 4-D result with the rank and dtype of the input."""
    cdef Tensor x = <Tensor>input
    cdef int rank = PyArray_NDIM(x.array)
    cdef tuple shape = shape_of(y)
    if spatial == 1:
        shape = (shape[0], shape[2], shape[3])
    if rank == spatial + 1:
        shape = shape[1:]
    if len(shape) != 4:
        label = None if y.node is None else y.node.label if spatial == 2 else "SqueezeBackward1"
        y = reshape_to(y, shape)
        if y.node is not None:
            y.node.label = label
    return cast(y, dtype_of(x.array))


cdef object window(object value, str name, int spatial):
    """Return an option as a pair: (1 or 0, value) for one dimension."""
    if spatial == 2:
        return pair(value, name)
    if isinstance(value, (tuple, list)):
        if len(value) != 1:
            raise RuntimeError(f"expected {name} to be an int or one int, but got {value}")
        value = value[0]
    return (0 if name == "padding" else 1, pair(value, name)[0])


cdef Geometry sliding(Tensor x, str function, int spatial, object kernel_size, object stride,
                      object padding, object dilation, bint ceil_mode):
    """Return the geometry of windows that slide, or raise what is wrong with it."""
    cdef Geometry c = Geometry.__new__(Geometry)
    cdef int d
    cdef Py_ssize_t size, reach, room, count
    c.kernel = window(kernel_size, "kernel_size", spatial)
    if stride is None or isinstance(stride, (tuple, list)) and not stride:
        c.stride = c.kernel
    else:
        c.stride = window(stride, "stride", spatial)
    c.padding = window(padding, "padding", spatial)
    c.dilation = window(dilation, "dilation", spatial)
    for d in range(2):
        if c.kernel[d] <= 0 or c.stride[d] <= 0 or c.dilation[d] <= 0:
            raise RuntimeError(
                f"{function}(): kernel size, stride and dilation should be greater than zero, but "
                f"got kernel_size={kernel_size}, stride={stride}, dilation={dilation}"
            )
        reach = c.dilation[d] * (c.kernel[d] - 1) + 1
        if c.padding[d] < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {c.padding[d]}")
        if c.padding[d] > reach // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={c.padding[d]}, kernel_size={c.kernel[d]} and dilation={c.dilation[d]}"
            )
        size = PyArray_DIM(x.array, 2 + d)
        room = size + 2 * c.padding[d] - reach
        count = (room + (c.stride[d] - 1 if ceil_mode else 0)) // c.stride[d] + 1
        if room < 0 and not (ceil_mode and room + c.stride[d] > 0):
            count = 0
        # With ceil_mode a last window may hang over the edge, but must start before it.
        if ceil_mode and (count - 1) * c.stride[d] >= size + c.padding[d]:
            count -= 1
        if count < 1:
            raise RuntimeError(
                f"Given input size: {list(shape_of(x)[1:])}. Calculated output size of dimension "
                f"{2 + d}: {count}. Output size is too small"
            )
        c.y_shape[2 + d] = count
    fill_shapes(c, x)
    return c


cdef void fill_shapes(Geometry c, Tensor x) noexcept:
    cdef int d
    for d in range(4):
        c.x_shape[d] = PyArray_DIM(x.array, d)
    c.y_shape[0] = c.x_shape[0]
    c.y_shape[1] = c.x_shape[1]


# ---------------------------------------------------------------- the public functions

cdef object max_pool(str function, int spatial, object input, object kernel_size, object stride,
                     object padding, object dilation, bint ceil_mode, bint return_indices):
    cdef Tensor x = images(input, function, spatial), y
    y, indices = largest(x, sliding(x, function, spatial, kernel_size, stride, padding, dilation,
                                    ceil_mode), return_indices)
    y = restored(y, input, spatial)
    if return_indices:
        indices = np.asarray(indices, np.int64).reshape(shape_of(y))
        return y, wrap(indices % PyArray_DIM(x.array, 3) if spatial == 1 else indices)
    return y


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False,
               return_indices=False):
    """Return the largest element of each window.

    Shapes: input (n, c, h, w) or (c, h, w) -> (n, c, h', w') or (c, h', w'), where
    ``h' = (h + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1``, rounded up
    instead with ``ceil_mode``.  Sizes are ints or pairs; ``stride`` defaults to the kernel size.
    Padding counts as minus infinity; NaN is larger than anything.  With ``return_indices`` also
    the place of each maximum in its h x w plane, int64.

    RuntimeError for what does not fit.  Source: torch.nn.functional.max_pool2d.

    >>> import minigrad
    >>> minigrad.max_pool2d(minigrad.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    return max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode,
                    return_indices)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False,
               return_indices=False):
    """Return the largest element of each window: (n, c, l) or (c, l) -> (..., l').

    As ``max_pool2d``, in one dimension.
    """
    return max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode,
                    return_indices)


cdef object avg_pool(str function, int spatial, object input, object kernel_size, object stride,
                     object padding, bint ceil_mode, bint count_include_pad,
                     object divisor_override):
    cdef Tensor x = images(input, function, spatial)
    cdef Geometry c = sliding(x, function, spatial, kernel_size, stride, padding, 1, ceil_mode)
    c.count_include_pad = count_include_pad
    if divisor_override is not None:
        if divisor_override == 0:
            raise RuntimeError("divisor must be not zero")
        c.divisor = divisor_override
    return restored(average(x, c), input, spatial)


def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False,
               count_include_pad=True, divisor_override=None):
    """Return the mean of each window.

    Shapes as in ``max_pool2d``.  Padding counts as zeros, and ``count_include_pad`` says whether
    in the number of elements too; ``divisor_override`` divides by another number.
    RuntimeError for what does not fit.  Source: torch.nn.functional.avg_pool2d.

    >>> import minigrad
    >>> minigrad.nn.functional.avg_pool2d(minigrad.arange(16.0).reshape(1, 4, 4), 2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    return avg_pool("avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode,
                    count_include_pad, divisor_override)


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False,
               count_include_pad=True):
    """Return the mean of each window: (n, c, l) or (c, l) -> (..., l').  See ``avg_pool2d``."""
    return avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode,
                    count_include_pad, None)


cdef object adaptive_avg_pool(str function, int spatial, object input, object output_size):
    check_output_size(input, output_size)
    cdef Tensor x = images(input, function, spatial, False)
    cdef Geometry c = Geometry.__new__(Geometry)
    cdef int d
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * spatial
    if len(given) != spatial:
        raise RuntimeError(
            f"{function}(): output_size must be {spatial} sizes, but got {output_size}")
    size = window(                                  # None: the input's
        tuple([PyArray_DIM(x.array, 4 - spatial + d) if s is None else s
               for d, s in enumerate(given)]), "output_size", spatial)
    c.y_shape[2] = PyArray_DIM(x.array, 2)          # the channels of one dimension
    for d in range(2 - spatial, 2):
        wanted = size[d]
        if wanted < 0:
            raise RuntimeError(
                f"{function}: elements of output_size must be greater than or equal to 0, but "
                f"received {output_size}"
            )
        if PyArray_DIM(x.array, 2 + d) == 0:
            raise RuntimeError(
                f"{function}(): Expected input to have non-zero size for non-batch dimensions, "
                f"but input has sizes {list(shape_of(<Tensor>input))}"
            )
        c.y_shape[2 + d] = wanted
    c.adaptive = True
    fill_shapes(c, x)
    return restored(average(x, c), input, spatial)


def adaptive_avg_pool2d(input, output_size):
    """Return the means of ``output_size`` windows that cover each image as evenly as they can.

    Shapes: input (n, c, h, w) or (c, h, w) -> (..., *output_size); an int makes a square, and
    None keeps the input's size.  RuntimeError for what does not fit.
    Source: torch.nn.functional.adaptive_avg_pool2d.

    >>> import minigrad
    >>> minigrad.nn.functional.adaptive_avg_pool2d(minigrad.arange(16.0).reshape(1, 4, 4), 1)
    tensor([[[7.5000]]])
    """
    return adaptive_avg_pool("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool1d(input, output_size):
    """Return the means of ``output_size`` windows: (n, c, l) or (c, l) -> (..., output_size)."""
    return adaptive_avg_pool("adaptive_avg_pool1d", 1, input, output_size)
