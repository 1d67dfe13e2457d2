"""torchvision.datasets: MNIST, FashionMNIST and CIFAR10, from the files they are published in, and
images in folders (folder.py)."""

import hashlib
import os
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.mirror.vision.folder import DatasetFolder, ImageFolder
from minigrad.mirror.vision.vision import VisionDataset
from minigrad.utils.data.datasets import mnist

__all__ = ["CIFAR10", "MNIST", "DatasetFolder", "FashionMNIST", "ImageFolder", "VisionDataset"]

_DIGITS = "zero one two three four five six seven eight nine".split()


class MNIST(VisionDataset, mnist.MNIST):
    """As ``minigrad.utils.data.datasets.MNIST``, which says where files are looked for."""

    classes = tuple(f"{i} - {name}" for i, name in enumerate(_DIGITS))


class FashionMNIST(VisionDataset, mnist.FashionMNIST):
    """As ``minigrad.utils.data.datasets.FashionMNIST``."""


class _Batch(pickle.Unpickler):
    """Reads a pickle that has arrays, texts and numbers in it, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what makes an array, by torch's way of writing its place."""
        place = module.replace("numpy.core", "numpy._core")
        if (place, name) == ("numpy._core.multiarray", "_reconstruct"):
            return np.empty(0).__reduce__()[0]  # wherever this NumPy has it
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not what a batch of images is made of")


class CIFAR10(VisionDataset):
    """60,000 images of 32 x 32 pixels in colour: 50,000 to train on, 10,000 to test with.

    They are read from ``root/cifar-10-batches-py``, or from ``root/cifar-10-python.tar.gz``, which
    is published at ``url``.  RuntimeError if neither is there; nothing is downloaded.
    """

    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    folder, archive = "cifar-10-batches-py", "cifar-10-python.tar.gz"
    md5 = "c58f30108f718f92721af3b95e74349a"  # of the archive, as published
    classes = "airplane automobile bird cat deer dog frog horse ship truck".split()

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        download: bool = False,
    ) -> None:
        self.root, self.train = root, train
        self.transform, self.target_transform = transform, target_transform
        if download and not Path(root, self.folder).is_dir() and Path(root, self.archive).is_file():
            self._unpack()
        names = [f"data_batch_{i}" for i in range(1, 6)] if train else ["test_batch"]
        batches = [self._read(Path(root, self.folder, name)) for name in names]
        self.data = np.concatenate([images for images, _ in batches])
        self.targets = [int(label) for _, labels in batches for label in labels]

    def _unpack(self):
        archive = Path(self.root, self.archive)
        with archive.open("rb") as file:
            found = hashlib.file_digest(file, "md5").hexdigest()
        if found != self.md5:
            raise RuntimeError(f"{archive} is damaged: its MD5 is {found}, not {self.md5}")
        with tarfile.open(archive) as tar:
            tar.extractall(self.root, filter="data")

    def _read(self, path):
        """Return the images (N, 32, 32, 3) and labels of one file."""
        if not path.is_file():
            raise RuntimeError(
                f"{type(self).__name__} not found: there is no {path}. Put {self.archive}, which "
                f"is published at {self.url}, into {Path(self.root).absolute()}, and use "
                "download=True to unpack it there."
            )
        with path.open("rb") as file:
            found = _Batch(file, encoding="latin1").load()
        images, labels = np.asarray(found["data"]), found["labels"]
        if images.dtype != np.uint8 or images.shape != (len(labels), 3072):
            raise ValueError(
                f"{path}: expected bytes of shape ({len(labels)}, 3072), found {images.dtype} of "
                f"shape {images.shape}"
            )
        return images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels
