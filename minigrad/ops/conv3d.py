"""Convolutions over three spatial dimensions, as convolutions of two.

The depth of the kernel goes to the channels: to slide kernels (channels, kd, kh, kw) over volumes
is to slide kernels (channels * kd, kh, kw) over planes that have, for each channel, those at the kd
depths the kernel reaches.  A transposed convolution makes such planes, and adds them up.
"""

from __future__ import annotations

from minigrad.dtypes import float16, int64
from minigrad.ops.conv import conv2d, warn_of_uneven
from minigrad.ops.conv_transpose import conv_transpose2d
from minigrad.ops.pad import pad
from minigrad.ops.recorded import labelled
from minigrad.ops.spatial import check_rank, check_tensor, per_dimension
from minigrad.ops.windows import overlap_add, windows
from minigrad.tensor import Tensor
from minigrad.types import Ints


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
) -> Tensor:
    """Return the convolution of volumes with a set of kernels.

    Shapes: input (n, in, d, h, w) or (in, d, h, w); weight (out, in / groups, kd, kh, kw); bias
    (out,) or None -> (n, out, d', h', w') or (out, d', h', w').  Arguments as in ``conv2d``, with
    triples for pairs.

    All of one floating dtype, or int64.  RuntimeError for shapes or dtypes that do not fit.
    Source: torch.nn.functional.conv3d.

    >>> import minigrad
    >>> minigrad.conv3d(minigrad.ones(1, 2, 2, 3), minigrad.ones(1, 1, 2, 2, 2))
    tensor([[[[8., 8.]]]])
    """
    _check_operands(input, weight, bias, "conv3d")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    out, _, *kernel = weight.shape
    if out < groups or out % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size {list(weight.shape)} instead"
        )
    if bias is not None:
        _check_bias(bias, weight, out)
    if input.shape[-4] != weight.shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected "
            f"input{list(input.shape)} to have {weight.shape[1] * groups} channels, but got "
            f"{input.shape[-4]} channels instead"
        )
    if input.dim() == 4:
        y = conv3d(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups)
        return y.squeeze(0)
    stride, dilation = per_dimension(stride, 3, "stride"), per_dimension(dilation, 3, "dilation")
    _check_steps(stride, dilation)
    flat_padding = padding
    if isinstance(padding, str):
        depth_padding = 0
        if padding == "same":
            if max(stride) != 1:
                raise RuntimeError("padding='same' is not supported for strided convolutions")
            total = [dilation[d] * (kernel[d] - 1) for d in (2, 1, 0)]
            warn_of_uneven(total, 2)
            input = pad(input, [side for t in total for side in (t // 2, t - t // 2)])
            flat_padding = 0
    else:
        depth_padding, *flat_padding = per_dimension(padding, 3, "padding")
        if depth_padding < 0:
            raise RuntimeError(f"negative padding is not supported: {padding}")
    reach = dilation[0] * (kernel[0] - 1) + 1
    n, channels, depth, height, width = input.shape
    if reach > depth + 2 * depth_padding:
        raise RuntimeError(
            f"Calculated padded input depth: {depth + 2 * depth_padding}. Kernel depth: {reach}. "
            "Kernel size can't be greater than actual input size"
        )
    seen = windows(
        input.reshape(n, channels, depth, height * width),
        *((kernel[0], 1), (stride[0], 1), (depth_padding, 0), (dilation[0], 1)),
    )  # (n, channels, kd, 1, d', h * w)
    count = seen.shape[4]
    planes = seen.movedim(4, 1).reshape(n * count, channels * kernel[0], height, width)
    flat_weight = weight.reshape(out, weight.shape[1] * kernel[0], *kernel[1:])
    y = conv2d(planes, flat_weight, bias, stride[1:], flat_padding, dilation[1:], groups)
    y = y.reshape(n, count, *y.shape[1:]).transpose(1, 2).contiguous()
    return labelled(y, "ConvolutionBackward0")


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
) -> Tensor:
    """Return the transposed convolution of volumes with a set of kernels.

    Shapes: input (n, in, d, h, w) or (in, d, h, w); weight (in, out / groups, kd, kh, kw); bias
    (out,) or None -> (n, out, d', h', w') or (out, d', h', w').  Arguments as in
    ``conv_transpose2d``, with triples for pairs.

    All of one floating dtype, or int64.  RuntimeError for shapes or dtypes that do not fit.
    Source: torch.nn.functional.conv_transpose3d.

    >>> import minigrad
    >>> minigrad.conv_transpose3d(minigrad.ones(1, 2, 1, 1), minigrad.ones(1, 1, 2, 1, 1))
    tensor([[[[1.]],
    <BLANKLINE>
             [[2.]],
    <BLANKLINE>
             [[1.]]]])
    """
    _check_operands(input, weight, bias, "conv_transpose3d")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if bias is not None:
        _check_bias(bias, weight, weight.shape[1] * groups)
    if input.shape[-4] != weight.shape[0]:
        raise RuntimeError(
            f"Given transposed=1, weight of size {list(weight.shape)}, expected "
            f"input{list(input.shape)} to have {weight.shape[0]} channels, but got "
            f"{input.shape[-4]} channels instead"
        )
    if input.dtype is float16:
        b = None if bias is None else bias.float()
        x, w = input.float(), weight.float()
        return conv_transpose3d(x, w, b, stride, padding, output_padding, groups, dilation).half()
    if input.dim() == 4:
        y = conv_transpose3d(
            input.unsqueeze(0), weight, bias, stride, padding, output_padding, groups, dilation
        )
        return y.squeeze(0)
    stride, dilation = per_dimension(stride, 3, "stride"), per_dimension(dilation, 3, "dilation")
    _check_steps(stride, dilation)
    padding = per_dimension(padding, 3, "padding")
    output_padding = per_dimension(output_padding, 3, "output_padding")
    if output_padding[0] >= max(stride[0], dilation[0]):
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got "
            f"output_padding: {output_padding}, stride: {stride}, dilation: {dilation}"
        )
    n, channels, depth, height, width = input.shape
    kernel = weight.shape[2:]
    size = (depth - 1) * stride[0] - 2 * padding[0] + dilation[0] * (kernel[0] - 1)
    size += output_padding[0] + 1
    if size <= 0:
        raise RuntimeError(
            f"Given input depth {depth}, calculated output depth: {size}. Output size is too small"
        )
    planes = input.transpose(1, 2).reshape(n * depth, channels, height, width)
    flat_weight = weight.reshape(channels, weight.shape[1] * kernel[0], *kernel[1:])
    y = conv_transpose2d(
        planes, flat_weight, None, stride[1:], padding[1:], output_padding[1:], groups, dilation[1:]
    )
    outputs, height, width = y.shape[1] // kernel[0], y.shape[2], y.shape[3]
    y = y.reshape(n, depth, outputs, kernel[0], 1, height * width).movedim(1, 4)
    y = overlap_add(
        y, (size, height * width), (stride[0], 1), (padding[0], 0), (dilation[0], 1)
    ).reshape(n, outputs, size, height, width)
    y = y if bias is None else y + bias.reshape(-1, 1, 1, 1)
    return labelled(y, "ConvolutionBackward0")


def _check_operands(input, weight, bias, function):
    check_rank(input, 3, function)
    if not input.is_floating_point() and input.dtype is not int64:
        raise NotImplementedError(f"{function} is not implemented for {input.dtype}")
    for name, other in (("weight", weight), ("bias", bias)):
        if other is None and name == "bias":
            continue
        check_tensor(other, function, name)
        if other.dtype is not input.dtype:
            raise RuntimeError(
                f"Input type ({input.dtype}) and {name} type ({other.dtype}) should be the same"
            )
    if weight.dim() != 5 or 0 in weight.shape[2:]:
        raise RuntimeError(
            f"{function} expects a 5D weight (channels, channels / groups, kernel) with a kernel "
            f"size greater than zero, but got weight of size: {list(weight.shape)}"
        )


def _check_bias(bias, weight, outputs):
    if bias.shape != (outputs,):
        raise RuntimeError(
            f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with "
            f"{outputs} elements, but got bias of size {list(bias.shape)} instead"
        )


def _check_steps(stride, dilation):
    if min(stride) <= 0:
        raise RuntimeError(f"non-positive stride is not supported: {stride}")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {dilation}")
