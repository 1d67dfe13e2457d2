"""What the image data sets have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import minigrad
from minigrad.utils.data import Dataset


class ImageDataset(Dataset):
    """Grey images with labels, all in memory.

    Args:
        images: uint8 array (N, H, W).
        labels: integer array (N,).
        transform: called with each image that indexing gives; its result takes the image's place.
        target_transform: the same for each label.

    Attributes:
        data: the images as they were given, a uint8 tensor (N, H, W).
        targets: the labels, an int64 tensor (N,).
        classes: what the labels stand for, a tuple of names.
        white: the brightest value a pixel of ``data`` can have.

    ``dataset[i]`` is the pair (image, label): a float32 tensor (1, H, W) with values in 0..1, and
    an ``int``.
    """

    classes: tuple[str, ...] = ()
    white = 255

    def __init__(
        self,
        images: Any,
        labels: Any,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
    ) -> None:
        self.data = minigrad.from_numpy(images)
        self.targets = minigrad.from_numpy(labels.astype("int64"))
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: Any) -> Any:
        image = self.data[index].unsqueeze(0).to(minigrad.float32) / self.white
        label = int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def __repr__(self) -> str:
        height, width = self.data.shape[1:]
        return f"{type(self).__name__}({len(self)} images of {height} x {width})"
