"""Convolutions in one and two dimensions.

A convolution is linear in its input and in its weight, so its two gradients are such products
too, and the three are each other's gradients:

    y  = convolve(x, w)               vjp: dx = to_input(dy, w),   dw = to_weight(dy, x)
    dx = to_input(dy, w)              vjp: convolve(., w),         to_weight(dy, .)
    dw = to_weight(dy, x)             vjp: convolve(x, .),         to_input(dy, .)

Each is a recorded op with a kernel of its own, so gradients of any order cost what they should.
conv1d is conv2d over images of height 1.
"""

import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

from libc.math cimport INFINITY
from numpy cimport (
    PyArray_DIM, PyArray_NDIM, PyArray_TYPE, import_array, ndarray, npy_intp,
)

from minigrad.dtypes cimport dtype, dtype_of, float16, float32, float64, int64
from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels cimport conv as kernels
from minigrad.kernels.conv_input cimport conv2d_backward_input
from minigrad.kernels.conv_weight cimport conv2d_backward_weight
from minigrad.memory cimport new_array
from minigrad.ops.common cimport (
    cast, dense, pair, shape_of, tensor_argument, threads_for_products,
)
from minigrad.ops.norm cimport eval_coefficients
from minigrad.ops.recorded import labelled
from minigrad.ops.reduce cimport sum_dims
from minigrad.ops.shape cimport reshape_to
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()

cdef object LARGEST = 2**56     # numbers of a padded sample: strides count them, in bytes


cdef class Geometry:
    """How the windows of a convolution lie, and the shapes of what goes in and comes out."""

    cdef int threads(self) noexcept:
        """How many threads any of the three products deserves."""
        cdef Py_ssize_t work = self.weight_shape[1] * self.weight_shape[2] * self.weight_shape[3]
        cdef int d
        for d in range(4):
            work *= self.y_shape[d]
        return threads_for_products(work)

    cdef int set_steps(self, tuple stride, tuple dilation) except -1:
        """Note stride and dilation, once the shapes are there.

        What is stepped over but once may be of any size, also too large for the kernels.
        """
        self.stride_h, self.stride_w = [
            stride[d] if self.y_shape[2 + d] > 1 else 1 for d in range(2)]
        self.dil_h, self.dil_w = [
            dilation[d] if self.weight_shape[2 + d] > 1 else 1 for d in range(2)]
        return 0


# ---------------------------------------------------------------- the three products

cdef Tensor convolve(Tensor x, Tensor weight, Tensor bias, Geometry geometry):
    """(n, in, h, w), (out, in / groups, kh, kw), (out,) or None -> (n, out, h', w')."""
    cdef Geometry c = geometry
    cdef ndarray out = new_array(4, c.y_shape, PyArray_TYPE(x.array))
    cdef Tensor y
    kernels.conv2d_forward(
        out, dense(x), dense(weight), None if bias is None else dense(bias), c.stride_h,
        c.stride_w, c.pad_h, c.pad_w, c.dil_h, c.dil_w, c.groups, c.threads())
    y = wrap(out)
    if recording(x) or recording(weight) or bias is not None and recording(bias):
        record(y, "ConvolutionBackward0", convolve_vjp, (x, weight, bias), (x, weight), c)
    return y


cdef convolve_vjp(Node node, object g):
    cdef Geometry c = node.extra
    cdef Tensor dy = <Tensor>g, dx = None, dweight = None, dbias = None
    if node.needs(2):
        if node.needs(1) and not grad_enabled():        # one pass for both
            dbias = wrap(new_array(1, &c.weight_shape[0], PyArray_TYPE(dy.array)))
        else:
            dbias = sum_dims(dy, (0, 2, 3), False)
    if node.needs(1):
        dweight = to_weight(dy, node.tensor(0), None if grad_enabled() else dbias, c)
    if node.needs(0):
        dx = to_input(dy, node.tensor(1), c)
    return dx, dweight, dbias


cdef Tensor to_input(Tensor dy, Tensor weight, Geometry geometry):
    """The gradient of a convolution's input."""
    cdef Geometry c = geometry
    cdef ndarray out = new_array(4, c.x_shape, PyArray_TYPE(dy.array))
    cdef Tensor dx
    conv2d_backward_input(
        out, dense(dy), dense(weight), c.stride_h, c.stride_w, c.pad_h, c.pad_w, c.dil_h, c.dil_w,
        c.groups, c.threads())
    dx = wrap(out)
    if recording(dy) or recording(weight):
        record(dx, "ConvolutionInputBackward0", to_input_vjp, (dy, weight), (dy, weight), c)
    return dx


cdef to_input_vjp(Node node, object g):
    return (
        convolve(<Tensor>g, node.tensor(1), None, node.extra) if node.needs(0) else None,
        to_weight(node.tensor(0), <Tensor>g, None, node.extra) if node.needs(1) else None,
    )


cdef Tensor to_weight(Tensor dy, Tensor x, Tensor dbias, Geometry geometry):
    """The gradient of a convolution's weight; ``dbias``, if given, is filled on the way."""
    cdef Geometry c = geometry
    cdef ndarray out = new_array(4, c.weight_shape, PyArray_TYPE(dy.array))
    cdef Tensor dweight
    conv2d_backward_weight(
        out, None if dbias is None else dbias.array, dense(dy), dense(x), c.stride_h, c.stride_w,
        c.pad_h, c.pad_w, c.dil_h, c.dil_w, c.groups, c.threads())
    dweight = wrap(out)
    if recording(dy) or recording(x):
        record(dweight, "ConvolutionWeightBackward0", to_weight_vjp, (dy, x), (dy, x), c)
    return dweight


cdef to_weight_vjp(Node node, object g):
    return (
        convolve(node.tensor(1), <Tensor>g, None, node.extra) if node.needs(0) else None,
        to_input(node.tensor(0), <Tensor>g, node.extra) if node.needs(1) else None,
    )


# ---------------------------------------------------------------- checks

cdef int check_operands(Tensor x, Tensor weight, Tensor bias, str function, int spatial,
                        Py_ssize_t groups) except -1:
    """Check ranks and dtypes, as they came from the user.

    The outputs, and so the bias, are as long as the weight, or, of a transposed convolution, as it
    is wide for each of ``groups``, which is 0 for others.
    """
    cdef int rank = PyArray_NDIM(x.array)
    cdef Py_ssize_t outputs
    if PyArray_NDIM(weight.array) != spatial + 2:
        raise RuntimeError(
            f"{function} expects a {spatial + 2}D weight (channels, channels / groups, kernel), but "
            f"got weight of size: {list(shape_of(weight))}"
        )
    if rank != spatial + 1 and rank != spatial + 2:
        raise RuntimeError(
            f"Expected {spatial + 1}D (unbatched) or {spatial + 2}D (batched) input to {function}, "
            f"but got input of size: {list(shape_of(x))}"
        )
    outputs = (groups * PyArray_DIM(weight.array, 1) if groups else PyArray_DIM(weight.array, 0))
    if bias is not None and shape_of(bias) != (outputs,):
        raise RuntimeError(
            f"Given weight of size {list(shape_of(weight))}, expected bias to be 1-dimensional "
            f"with {outputs} elements, but got bias of size {list(shape_of(bias))} instead"
        )
    if not dtype_of(x.array).is_floating_point and dtype_of(x.array) is not int64:
        raise NotImplementedError(f"{function} is not implemented for {dtype_of(x.array)}")
    for name, other in (("weight", weight), ("bias", bias)):
        if other is not None and dtype_of((<Tensor>other).array) is not dtype_of(x.array):
            raise RuntimeError(
                f"Input type ({dtype_of(x.array)}) and {name} type "
                f"({dtype_of((<Tensor>other).array)}) should be the same"
            )
    return 0


cdef int check_groups(Tensor x, Tensor weight, Py_ssize_t groups) except -1:
    cdef Py_ssize_t outputs = PyArray_DIM(weight.array, 0), channels = PyArray_DIM(x.array, 1)
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if outputs < groups or outputs % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be "
            f"{'at least' if outputs < groups else 'divisible by'} {groups} at dimension 0, but got "
            f"weight of size {list(shape_of(weight))} instead"
        )
    if channels != PyArray_DIM(weight.array, 1) * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(shape_of(weight))}, expected input"
            f"{list(shape_of(x))} to have {PyArray_DIM(weight.array, 1) * groups} channels, but "
            f"got {channels} channels instead"
        )
    return 0


cdef tuple padding_amounts(object padding, Tensor weight, tuple stride, tuple dilation):
    """Return (before, total) zeros for each dimension from ints, "valid" or "same"."""
    if isinstance(padding, str):
        if padding == "valid":
            return (0, 0), (0, 0)
        if padding != "same":
            raise RuntimeError(
                f"Invalid padding string '{padding}': expected one of 'valid', 'same'"
            )
        if stride != (1, 1):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        total = tuple([dilation[i] * (shape_of(weight)[2 + i] - 1) for i in range(2)])
        warn_of_uneven(total)
        return tuple([t // 2 for t in total]), total
    before = pair(padding, "padding")
    return before, tuple([2 * p for p in before])


def warn_of_uneven(total, stacklevel=1):
    """Say so if zeros that "same" adds to the two ends of a dimension are not equally many."""
    if any([t % 2 for t in total]):
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation pads one more zero at "
            "the end of a dimension than at its beginning, as in torch",
            stacklevel=stacklevel,
        )


cdef Geometry geometry_of(Tensor x, Tensor weight, tuple stride, object padding, tuple dilation,
                          object groups):
    """Return the geometry of a convolution of 4-D operands, or raise what is wrong with it."""
    cdef Geometry c = Geometry.__new__(Geometry)
    cdef int d
    if stride[0] <= 0 or stride[1] <= 0:
        raise RuntimeError(f"non-positive stride is not supported: {stride}")
    if dilation[0] <= 0 or dilation[1] <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {dilation}")
    check_groups(x, weight, groups)
    before, total = padding_amounts(padding, weight, stride, dilation)
    if before[0] < 0 or before[1] < 0:
        raise RuntimeError(f"negative padding is not supported: {before}")
    c.pad_h, c.pad_w = before
    c.groups = groups
    if 0 in shape_of(weight)[2:]:
        raise RuntimeError(
            f"kernel size should be greater than zero, but got weight of size "
            f"{list(shape_of(weight))}"
        )
    padded = [shape_of(x)[2 + d] + total[d] for d in range(2)]
    reach = [dilation[d] * (shape_of(weight)[2 + d] - 1) + 1 for d in range(2)]
    if reach[0] > padded[0] or reach[1] > padded[1]:
        raise RuntimeError(
            f"Calculated padded input size per channel: ({padded[0]} x {padded[1]}). Kernel size: "
            f"({reach[0]} x {reach[1]}). Kernel size can't be greater than actual input size"
        )
    if max(shape_of(x)[1], 1) * padded[0] * padded[1] > LARGEST:
        raise RuntimeError(
            f"conv: the padded input would be too large: {shape_of(x)[1]} x {padded[0]} x {padded[1]} "
            "numbers a sample"
        )
    for d in range(4):
        c.x_shape[d] = PyArray_DIM(x.array, d)
        c.weight_shape[d] = PyArray_DIM(weight.array, d)
    c.y_shape[0] = c.x_shape[0]
    c.y_shape[1] = c.weight_shape[0]
    for d in range(2):
        c.y_shape[2 + d] = (padded[d] - reach[d]) // stride[d] + 1
    c.set_steps(stride, dilation)
    return c


# ---------------------------------------------------------------- the public functions

def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Return the convolution of images with a set of kernels.

    Shapes: input (n, in, h, w) or (in, h, w); weight (out, in / groups, kh, kw); bias (out,) or
    None -> (n, out, h', w') or (out, h', w'), where
    ``h' = (h + 2 * padding - dilation * (kh - 1) - 1) // stride + 1``.
    ``stride``, ``padding`` and ``dilation`` are ints or pairs; padding may be "valid" (none) or
    "same" (h' = h, for stride 1).  With ``groups``, input and output channels are cut into as
    many groups and each group of outputs sees its own inputs only.

    All of one floating dtype, or int64.  RuntimeError for shapes or dtypes that do not fit.
    Source: torch.nn.functional.conv2d.

    >>> import minigrad
    >>> image = minigrad.ones(1, 1, 4, 4)
    >>> minigrad.conv2d(image, minigrad.ones(1, 1, 3, 3), padding="same")
    tensor([[[[4., 6., 6., 4.],
              [6., 9., 9., 6.],
              [6., 9., 9., 6.],
              [4., 6., 6., 4.]]]])
    """
    cdef Tensor x = tensor_argument(input, "conv2d", "input")
    cdef Tensor w = tensor_argument(weight, "conv2d", "weight")
    cdef Tensor b = None if bias is None else tensor_argument(bias, "conv2d", "bias")
    check_operands(x, w, b, "conv2d", 2, 0)
    return convolution(x, w, b, pair(stride, "stride"), padding, pair(dilation, "dilation"),
                       groups)


def conv2d_infer(input, weight, bias, stride, padding, dilation, groups, norm, rectify, pool):
    """Return what often follows ``conv2d`` in a network, done while its results are in the cache.

    That is batch norm in evaluation with ``norm``, (running mean, running variance, weight, bias,
    eps), if it is not None; then ``relu`` if ``rectify``; then ``max_pool2d`` with windows of 2 x 2
    if ``pool``.  The numbers are those of the ops one after the other.  Nothing is recorded: this
    is for inference, under ``no_grad``.  Input (n, in, h, w), float32 or float64.  RuntimeError for
    shapes or dtypes that do not fit, ValueError for a negative eps.

    >>> import minigrad
    >>> from minigrad.ops.conv import conv2d_infer
    >>> x, ones = minigrad.arange(16.0).reshape(1, 1, 4, 4), minigrad.ones(1)
    >>> norm = (8 * ones, ones, None, None, 0.0)
    >>> conv2d_infer(x, minigrad.ones(1, 1, 1, 1), None, 1, 0, 1, 1, norm, True, True)
    tensor([[[[0., 0.],
              [5., 7.]]]])
    """
    cdef Tensor x = tensor_argument(input, "conv2d", "input")
    cdef Tensor w = tensor_argument(weight, "conv2d", "weight")
    cdef Tensor b = None if bias is None else tensor_argument(bias, "conv2d", "bias")
    cdef Tensor y
    cdef Geometry c
    cdef ndarray out, coefficients = None
    cdef npy_intp shape[4]
    cdef int d
    check_operands(x, w, b, "conv2d", 2, 0)
    if PyArray_NDIM(x.array) != 4 or computed_in(dtype_of(x.array)) is not dtype_of(x.array):
        raise RuntimeError(f"expected a 4D input of float32 or float64, but got {x.dtype} of size "
                           f"{list(shape_of(x))}")
    c = geometry_of(x, w, pair(stride, "stride"), padding, pair(dilation, "dilation"), groups)
    for d in range(4):
        shape[d] = c.y_shape[d] // 2 if pool and d > 1 else c.y_shape[d]
    if pool and (shape[2] == 0 or shape[3] == 0):
        raise RuntimeError(
            f"max_pool2d: windows of 2 x 2 do not fit into {c.y_shape[2]} x {c.y_shape[3]} results")
    out = new_array(4, shape, PyArray_TYPE(x.array))
    y = wrap(out)
    if norm is not None:
        mean, var, scale, shift, eps = norm
        coefficients = eval_coefficients(y, mean, var, scale, shift, eps)
    kernels.conv2d_infer(
        out, dense(x), dense(w), None if b is None else dense(b), coefficients,
        0 if rectify else -INFINITY, pool, c.y_shape[2], c.y_shape[3], c.stride_h, c.stride_w,
        c.pad_h, c.pad_w, c.dil_h, c.dil_w, c.groups, c.threads())
    return y


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Return the convolution of sequences with a set of kernels.

    Shapes: input (n, in, l) or (in, l); weight (out, in / groups, k); bias (out,) or None ->
    (n, out, l') or (out, l').  Everything else as in ``conv2d``.

    >>> import minigrad
    >>> minigrad.conv1d(minigrad.arange(5.0).reshape(1, 5), minigrad.tensor([[[1.0, -1.0]]]))
    tensor([[-1., -1., -1., -1.]])
    """
    cdef Tensor x = tensor_argument(input, "conv1d", "input")
    cdef Tensor w = tensor_argument(weight, "conv1d", "weight")
    cdef Tensor b = None if bias is None else tensor_argument(bias, "conv1d", "bias"), out
    cdef int rank = PyArray_NDIM(x.array)
    check_operands(x, w, b, "conv1d", 1, 0)
    if not isinstance(padding, str):
        padding = (0, single(padding, "padding"))
    x = reshape_to(x, (*shape_of(x)[:rank - 1], 1, PyArray_DIM(x.array, rank - 1)))
    w = reshape_to(w, (PyArray_DIM(w.array, 0), PyArray_DIM(w.array, 1), 1,
                       PyArray_DIM(w.array, 2)))
    out = convolution(x, w, b, (1, single(stride, "stride")), padding,
                      (1, single(dilation, "dilation")), groups)
    out = reshape_to(out, (*shape_of(out)[:rank - 1], PyArray_DIM(out.array, rank)))
    return labelled(out, "ConvolutionBackward0" if rank == 3 else "SqueezeBackward1")


cdef object single(object value, str name):
    """Return an option of a one-dimensional op: an int, or a sequence of one."""
    if isinstance(value, (tuple, list)):
        if len(value) != 1:
            raise RuntimeError(f"expected {name} to be an int or one int, but got {value}")
        return value[0]
    return value


cdef dtype computed_in(dtype own):
    """The dtype of the kernels for one of tensors: float64 holds integers below 2**53."""
    return float32 if own is float16 else float64 if own is int64 else own


cdef Tensor convolution(Tensor x, Tensor weight, Tensor bias, tuple stride, object padding,
                        tuple dilation, object groups):
    """Convolve 3-D or 4-D input with a 4-D weight."""
    cdef bint unbatched = PyArray_NDIM(x.array) == 3
    cdef dtype own = dtype_of(x.array), wide = computed_in(own)
    cdef Tensor out
    if unbatched:
        x = reshape_to(x, (1, *shape_of(x)))
    x, weight = cast(x, wide), cast(weight, wide)
    bias = None if bias is None else cast(bias, wide)
    out = convolve(x, weight, bias, geometry_of(x, weight, stride, padding, dilation, groups))
    if PyArray_DIM(weight.array, 1) == 0:       # as torch: where nothing comes in, nothing goes out
        out = out[:, :0]
    out = cast(out, own)
    return labelled(reshape_to(out, shape_of(out)[1:]), "SqueezeBackward1") if unbatched else out
