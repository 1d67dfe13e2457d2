"""Images as columns of patches, and back: unfold and fold."""

from __future__ import annotations

import math

from minigrad.ops.recorded import labelled
from minigrad.ops.spatial import check_tensor, per_dimension
from minigrad.ops.windows import overlap_add, windows
from minigrad.tensor import Tensor
from minigrad.types import Ints


def unfold(
    input: Tensor, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1
) -> Tensor:
    """Return every patch of an image as a column.

    Shapes: input (n, c, h, w) or (c, h, w) -> (n, c * kh * kw, patches) or without n; the patches
    are those that ``conv2d`` with the same arguments sees, row by row.  Sizes are ints or pairs.
    Any dtype.

    RuntimeError for an input of other dimensions, sizes that are not positive, and kernels that
    do not fit.  Source: torch.nn.functional.unfold.

    >>> import minigrad
    >>> minigrad.nn.functional.unfold(minigrad.arange(6.0).reshape(1, 2, 3), (1, 2))
    tensor([[0., 1., 3., 4.],
            [1., 2., 4., 5.]])
    """
    check_tensor(input, "unfold")
    if input.dim() not in (3, 4) or 0 in input.shape[-3:]:
        raise RuntimeError(
            "unfold(): Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other "
            f"non-zero dimensions for input, but got: {list(input.shape)}"
        )
    options = _options(kernel_size, dilation, padding, stride)
    counts = _counts(input.shape[-2:], *options)
    if min(counts) < 1:
        raise RuntimeError(
            f"unfold(): Given input with spatial size {tuple(input.shape[-2:])}, kernel_size="
            f"{options[0]}, dilation={options[1]}, padding={options[2]}, stride={options[3]}, "
            f"calculated shape of the array of sliding blocks as {counts}, but its components "
            "must be at least one"
        )
    kernel, spacing, sides, step = options
    batch = input if input.dim() == 4 else input.unsqueeze(0)
    columns = windows(batch, kernel, step, sides, spacing).flatten(4).flatten(1, 3)
    return labelled(columns if input.dim() == 4 else columns.squeeze(0), "Im2ColBackward0")


def fold(
    input: Tensor,
    output_size: Ints,
    kernel_size: Ints,
    dilation: Ints = 1,
    padding: Ints = 0,
    stride: Ints = 1,
) -> Tensor:
    """Return the image that columns of patches make when each is added at its place.

    Shapes: input (n, c * kh * kw, patches) or without n -> (n, c, *output_size) or without n, as
    ``unfold`` with the same arguments would take it.  Sizes are ints or pairs.

    RuntimeError for shapes that do not fit.  Source: torch.nn.functional.fold.

    >>> import minigrad
    >>> minigrad.nn.functional.fold(minigrad.ones(2, 4), (2, 3), (1, 2))
    tensor([[[1., 2., 1.],
             [1., 2., 1.]]])
    """
    check_tensor(input, "fold")
    if input.dim() not in (2, 3) or 0 in input.shape[-2:]:
        raise RuntimeError(
            "fold(): Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size "
            f"and non-zero dimensions for input, but got: {list(input.shape)}"
        )
    sizes = per_dimension(output_size, 2, "output_size")
    kernel, spacing, sides, step = _options(kernel_size, dilation, padding, stride)
    if input.shape[-2] % math.prod(kernel):
        raise RuntimeError(
            "fold(): Expected size of input's dimension 1 to be divisible by the product of "
            f"kernel_size, but got input.size(1)={input.shape[-2]} and kernel_size={kernel}"
        )
    counts = _counts(sizes, kernel, spacing, sides, step)
    if min(counts) < 1 or input.shape[-1] != math.prod(counts):
        raise RuntimeError(
            f"fold(): Given output_size={sizes}, kernel_size={kernel}, dilation={spacing}, "
            f"padding={sides}, stride={step}, expected size of input's dimension 2 to match "
            f"the calculated number of sliding blocks {counts[0]} * {counts[1]} = "
            f"{math.prod(counts)}, but got input.size(2)={input.shape[-1]}"
        )
    n = input.shape[0] if input.dim() == 3 else 1
    patches = input.reshape(n, input.shape[-2] // math.prod(kernel), *kernel, *counts)
    image = overlap_add(patches, sizes, step, sides, spacing)
    return labelled(image if input.dim() == 3 else image.squeeze(0), "Col2ImBackward0")


def _options(kernel_size, dilation, padding, stride):
    """Return the four as pairs, or raise what is wrong with them."""
    named = {
        "kernel_size": per_dimension(kernel_size, 2, "kernel_size"),
        "dilation": per_dimension(dilation, 2, "dilation"),
        "padding": per_dimension(padding, 2, "padding"),
        "stride": per_dimension(stride, 2, "stride"),
    }
    for name, value in named.items():
        if min(value) < (name != "padding"):
            least = "non-negative" if name == "padding" else "greater than zero"
            raise RuntimeError(f"{name} should be {least}, but got {value}")
    return tuple(named.values())


def _counts(sizes, kernel, dilation, padding, stride):
    """Return how many patches there are along each dimension."""
    return tuple(
        (sizes[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) // stride[d] + 1
        for d in range(2)
    )
