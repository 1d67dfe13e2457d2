"""Transposed convolutions in one and two dimensions.

A transposed convolution is the gradient of a convolution's input, with the part of dy played by
the input; so it is that product (conv.pyx), and its gradients are a convolution and the product
that gives the gradient of the weight.
"""

from numpy cimport PyArray_DIM, PyArray_NDIM, import_array

from minigrad.dtypes cimport dtype, dtype_of
from minigrad.ops.common cimport cast, pair, shape_of, tensor_argument
from minigrad.ops.conv cimport Geometry, check_operands, computed_in, single, to_input
from minigrad.ops.linalg import matmul
from minigrad.ops.recorded import labelled
from minigrad.ops.shape cimport reshape_to
from minigrad.tensor cimport Tensor

import_array()


cdef Geometry geometry_of(Tensor x, Tensor weight, tuple stride, tuple padding,
                          tuple output_padding, tuple dilation, Py_ssize_t groups):
    """Return the geometry of the convolution whose results have the shape of the 4-D ``x``."""
    cdef Geometry c = Geometry.__new__(Geometry)
    cdef int d
    cdef Py_ssize_t channels = PyArray_DIM(weight.array, 0)
    if stride[0] <= 0 or stride[1] <= 0:
        raise RuntimeError(f"non-positive stride is not supported: {stride}")
    if dilation[0] <= 0 or dilation[1] <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {dilation}")
    if padding[0] < 0 or padding[1] < 0:
        raise RuntimeError(f"negative padding is not supported: {padding}")
    if output_padding[0] < 0 or output_padding[1] < 0:
        raise RuntimeError(f"negative output_padding is not supported: {output_padding}")
    if channels < groups or channels % groups:
        raise RuntimeError(
            f"Given transposed=1, groups={groups}, expected weight to be "
            f"{'at least' if channels < groups else 'divisible by'} {groups} at dimension 0, but "
            f"got weight of size {list(shape_of(weight))} instead"
        )
    if channels != PyArray_DIM(x.array, 1):
        raise RuntimeError(
            f"Given transposed=1, weight of size {list(shape_of(weight))}, expected input"
            f"{list(shape_of(x))} to have {channels} channels, but got {PyArray_DIM(x.array, 1)} "
            "channels instead"
        )
    if 0 in shape_of(weight)[2:]:
        raise RuntimeError(
            f"kernel size should be greater than zero, but got weight of size "
            f"{list(shape_of(weight))}"
        )
    for d in range(4):
        c.y_shape[d] = PyArray_DIM(x.array, d)
        c.weight_shape[d] = PyArray_DIM(weight.array, d)
    c.x_shape[0] = c.y_shape[0]
    c.x_shape[1] = c.weight_shape[1] * groups
    for d in range(2):
        if output_padding[d] >= max(stride[d], dilation[d]):
            raise RuntimeError(
                "output padding must be smaller than either stride or dilation, but got "
                f"output_padding: {output_padding}, stride: {stride}, dilation: {dilation}"
            )
        c.x_shape[2 + d] = ((c.y_shape[2 + d] - 1) * stride[d] - 2 * padding[d]
                            + dilation[d] * (c.weight_shape[2 + d] - 1) + output_padding[d] + 1)
    if c.x_shape[2] <= 0 or c.x_shape[3] <= 0:
        raise RuntimeError(
            f"Given input size per channel: ({c.y_shape[2]} x {c.y_shape[3]}). Calculated output "
            f"size per channel: ({c.x_shape[2]} x {c.x_shape[3]}). Output size is too small"
        )
    c.pad_h, c.pad_w = padding
    c.groups = groups
    c.set_steps(stride, dilation)
    return c


cdef Tensor transposed(Tensor x, Tensor weight, Tensor bias, tuple stride, tuple padding,
                       tuple output_padding, Py_ssize_t groups, tuple dilation):
    """The op for 3-D or 4-D input and a 4-D weight."""
    cdef bint unbatched = PyArray_NDIM(x.array) == 3
    cdef dtype own = dtype_of(x.array), wide = computed_in(own)
    cdef Tensor out
    cdef Geometry geometry
    if unbatched:
        x = reshape_to(x, (1, *shape_of(x)))
    x, weight = cast(x, wide), cast(weight, wide)
    bias = None if bias is None else cast(bias, wide)
    geometry = geometry_of(x, weight, stride, padding, output_padding, dilation, groups)
    if (shape_of(x)[2:], padding, output_padding, dilation, groups) == (
            (1, 1), (0, 0), (0, 0), (1, 1), 1):
        # each result is a sum of whole kernels: a product of matrices
        out = reshape_to(
            matmul(reshape_to(x, shape_of(x)[:2]), reshape_to(weight, (shape_of(weight)[0], -1))),
            (shape_of(x)[0], *shape_of(weight)[1:]))
    else:
        out = to_input(x, weight, geometry)
    if bias is not None:
        out = out + reshape_to(bias, (-1, 1, 1))
    out = cast(out, own)
    return reshape_to(out, shape_of(out)[1:]) if unbatched else out


def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1,
                     dilation=1):
    """Return the transposed convolution of images with a set of kernels.

    Each input element adds a kernel, scaled by it, to the output; this undoes the shapes of
    ``conv2d`` with the same arguments.

    Shapes: input (n, in, h, w) or (in, h, w); weight (in, out / groups, kh, kw); bias (out,) or
    None -> (n, out, h', w') or (out, h', w'), where ``h' = (h - 1) * stride - 2 * padding +
    dilation * (kh - 1) + output_padding + 1``.  Sizes are ints or pairs.

    All of one floating dtype, or int64.  RuntimeError for shapes or dtypes that do not fit.
    Source: torch.nn.functional.conv_transpose2d.

    >>> import minigrad
    >>> minigrad.conv_transpose2d(minigrad.ones(1, 2, 2), minigrad.ones(1, 1, 2, 2))
    tensor([[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]])
    """
    cdef Tensor x = tensor_argument(input, "conv_transpose2d", "input")
    cdef Tensor w = tensor_argument(weight, "conv_transpose2d", "weight")
    cdef Tensor b = None if bias is None else tensor_argument(bias, "conv_transpose2d", "bias")
    check_operands(x, w, b, "conv_transpose2d", 2, groups_of(groups))
    out = transposed(
        x, w, b, pair(stride, "stride"), pair(padding, "padding"),
        pair(output_padding, "output_padding"), groups, pair(dilation, "dilation"))
    return labelled(out, "ConvolutionBackward0")


def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1,
                     dilation=1):
    """Return the transposed convolution of sequences with a set of kernels.

    Shapes: input (n, in, l) or (in, l); weight (in, out / groups, k); bias (out,) or None ->
    (n, out, l') or (out, l').  Everything else as in ``conv_transpose2d``.

    >>> import minigrad
    >>> minigrad.conv_transpose1d(minigrad.ones(1, 3), minigrad.tensor([[[1.0, 2.0]]]), stride=2)
    tensor([[1., 2., 1., 2., 1., 2.]])
    """
    cdef Tensor x = tensor_argument(input, "conv_transpose1d", "input")
    cdef Tensor w = tensor_argument(weight, "conv_transpose1d", "weight")
    cdef Tensor b = None if bias is None else tensor_argument(bias, "conv_transpose1d", "bias"), out
    cdef int rank = PyArray_NDIM(x.array)
    check_operands(x, w, b, "conv_transpose1d", 1, groups_of(groups))
    x = reshape_to(x, (*shape_of(x)[:rank - 1], 1, PyArray_DIM(x.array, rank - 1)))
    w = reshape_to(w, (*shape_of(w)[:2], 1, PyArray_DIM(w.array, 2)))
    out = transposed(
        x, w, b, (1, single(stride, "stride")), (0, single(padding, "padding")),
        (0, single(output_padding, "output_padding")), groups, (1, single(dilation, "dilation")))
    out = reshape_to(out, (*shape_of(out)[:rank - 1], PyArray_DIM(out.array, rank)))
    return labelled(out, "ConvolutionBackward0" if rank == 3 else "SqueezeBackward1")


cdef Py_ssize_t groups_of(object groups) except -1:
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    return groups
