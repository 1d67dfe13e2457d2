"""torchvision.utils: several images as one, and images as files."""

import math
from typing import Any

import minigrad
from minigrad import Tensor
from minigrad.mirror.vision.transforms import pillow

__all__ = ["make_grid", "save_image"]


@minigrad.no_grad()
def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Return images (N, C, H, W), or a list of them, as one of ``nrow`` to the row.

    Args:
        tensor: the images; grey ones become three equal channels.
        nrow: how many are side by side.
        padding: the width of the border around each.
        normalize: whether to shift and stretch the values to those from 0 to 1.
        value_range: the (lowest, highest) that become 0 and 1; default: those of the images.
        scale_each: whether to do so for each image by itself.
        pad_value: the value of the border.
    """
    for image in tensor if isinstance(tensor, list) else [tensor]:
        if not isinstance(image, Tensor):
            raise TypeError(
                "tensor or list of tensors expected, got "
                + ("a list containing " if isinstance(tensor, list) else "")
                + str(type(image))
            )
    images = minigrad.stack(tensor) if isinstance(tensor, list) else tensor
    if images.dim() == 2:
        images = images.unsqueeze(0)
    if images.dim() == 3:
        images = images.unsqueeze(0)
    if images.dim() == 4 and images.size(1) == 1:
        images = minigrad.cat([images] * 3, 1)
    if normalize:
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError(
                "value_range has to be a tuple (min, max) if specified. min and max are numbers"
            )
        images = images.clone()
        for part in images if scale_each else [images]:
            low, high = value_range or (float(part.min()), float(part.max()))
            part.clamp_(low, high).sub_(low).div_(max(high - low, 1e-5))
    if images.size(0) == 1:
        return images.squeeze(0)
    columns = min(nrow, images.size(0))
    rows = math.ceil(images.size(0) / columns)
    height, width = images.size(2) + padding, images.size(3) + padding
    grid = images.new_full(
        (images.size(1), height * rows + padding, width * columns + padding), pad_value
    )
    for k, image in enumerate(images):
        top, left = k // columns * height + padding, k % columns * width + padding
        grid[:, top : top + image.size(1), left : left + image.size(2)] = image
    return grid


def save_image(tensor: Any, fp: Any, format: str | None = None, **kwargs: Any) -> None:
    """Write images, with values from 0 to 1, to a file as one; see ``make_grid`` for ``kwargs``."""
    grid = make_grid(tensor, **kwargs)
    array = grid.mul(255).add_(0.5).clamp_(0, 255).permute(1, 2, 0).to(minigrad.uint8).numpy()
    pillow(f"the image {fp} is written").fromarray(array).save(fp, format=format)
