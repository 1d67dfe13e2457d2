"""torchvision.datasets.vision: what data sets of images have in common."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.mirror.vision.transforms import as_image
from minigrad.utils.data import Dataset

__all__ = ["VisionDataset"]


class VisionDataset(Dataset):
    """What these have in common: their items are an image and a class, both transformed."""

    data: Any
    targets: Any
    root: Any
    train: bool
    classes: Any
    transform: Callable[..., Any] | None
    target_transform: Callable[..., Any] | None

    def __getitem__(self, index: Any) -> Any:
        return self.transformed(as_image(np.asarray(self.data[index])), int(self.targets[index]))

    def transformed(self, image: Any, target: Any) -> Any:
        """Return an image and its class, each transformed."""
        image = image if self.transform is None else self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class."""
        return {name: i for i, name in enumerate(self.classes)}

    def __repr__(self) -> str:
        lines = [f"Number of datapoints: {len(self)}", f"Root location: {self.root}"]
        if hasattr(self, "train"):
            lines.append(f"Split: {'Train' if self.train else 'Test'}")
        lines = [f"Dataset {type(self).__name__}", *(f"    {line}" for line in lines)]
        given = {"Transform: ": self.transform, "Target transform: ": self.target_transform}
        if any(given.values()):
            lines.append("    StandardTransform")
        for name, transform in given.items():
            if transform is not None:
                lines.append(name + repr(transform).replace("\n", "\n" + " " * len(name)))
        return "\n".join(lines)
