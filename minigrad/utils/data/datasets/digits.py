"""The UCI optical digits, which come with the package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.utils.data.datasets.images import ImageDataset


class Digits(ImageDataset):
    """1,797 handwritten digits of 8 x 8 pixels, each pixel 0 to 16.

    They are the test set of "Optical Recognition of Handwritten Digits": every image is a 32 x 32
    bitmap in which the pixels of each 4 x 4 block were counted.  The 3,823 images of its training
    set are not included, so there is no ``train`` argument: split the images yourself, for example
    with :func:`minigrad.utils.data.random_split`.

    Source: E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository,
    https://doi.org/10.24432/C50P49, licence CC BY 4.0.  ``digits.md`` beside this file tells how
    ``digits.npz`` was made.

    Args:
        transform, target_transform: see :class:`ImageDataset`.

    Example::

        >>> from minigrad.utils.data.datasets import Digits
        >>> digits = Digits()
        >>> digits
        Digits(1797 images of 8 x 8)
        >>> image, label = digits[0]
        >>> tuple(image.shape), label
        ((1, 8, 8), 0)
    """

    classes = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    white = 16

    def __init__(
        self,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
    ) -> None:
        with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
            images, labels = file["images"], file["labels"]
        super().__init__(images, labels, transform, target_transform)
