"""MNIST and Fashion-MNIST, read from the IDX files they are distributed in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigrad.utils.data.datasets.download import download as download_file
from minigrad.utils.data.datasets.idx import read_idx
from minigrad.utils.data.datasets.images import ImageDataset

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


class MNIST(ImageDataset):
    """70,000 handwritten digits of 28 x 28 pixels: 60,000 to train on, 10,000 to test with.

    The four files are looked for, as they are or with ``.gz``, in ``root/MNIST/raw`` (where
    torchvision puts them), ``root/MNIST``, ``root/raw`` and ``root``::

        train-images-idx3-ubyte  train-labels-idx1-ubyte
        t10k-images-idx3-ubyte   t10k-labels-idx1-ubyte

    Source: Y. LeCun, C. Cortes and C. J. C. Burges, http://yann.lecun.com/exdb/mnist.

    Args:
        root: the folder to look in, and to download to.
        train: the 60,000 images (True) or the 10,000 (False).
        transform, target_transform: see :class:`ImageDataset`.
        download: fetch files that are not there into ``root/MNIST/raw``.

    Raises:
        RuntimeError: files are missing (and could not be downloaded); the message says which files
            to put where.
        ValueError: a file is damaged or is not what its name says.

    Example::

        >>> from minigrad.utils.data.datasets import MNIST
        >>> MNIST("data", download=True)  # doctest: +SKIP
        MNIST(60000 images of 28 x 28)
    """

    mirrors = (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    )
    checksums = (  # SHA-256 of FILES with .gz, as they were published
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    )
    elsewhere = ""  # another way to get the files, for the message that they are missing
    classes = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

    def __init__(
        self,
        root: str,
        train: bool = True,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        download: bool = False,
    ) -> None:
        self.root = Path(root)
        self.train = train
        names = FILES[:2] if train else FILES[2:]
        paths = self.find(names)
        if paths is None and download:
            paths = self.download(names)
        if paths is None:
            raise RuntimeError(f"{type(self).__name__} not found. {self.instructions()}")
        images, labels = self.read(*paths)
        super().__init__(images, labels, transform, target_transform)

    def folders(self):
        """The folders that are searched, the one that is downloaded to first."""
        name = type(self).__name__
        return [self.root / name / "raw", self.root / name, self.root / "raw", self.root]

    def find(self, names: Any) -> Any:
        """Return the paths of the files in the first folder that holds them all, or None."""
        for folder in self.folders():
            choices = [(folder / name, folder / f"{name}.gz") for name in names]
            paths = [next(filter(Path.is_file, choice), None) for choice in choices]
            if all(paths):
                return paths
        return None

    def download(self, names: Any) -> list[Path]:
        """Fetch the files into the first of the folders and return their paths."""
        paths = [self.folders()[0] / f"{name}.gz" for name in names]
        for name, path in zip(names, paths, strict=True):
            if path.is_file():
                continue
            urls = [f"{mirror}{path.name}" for mirror in self.mirrors]
            try:
                download_file(urls, path, self.checksums[FILES.index(name)])
            except RuntimeError as error:
                raise RuntimeError(f"{error}\n{self.instructions()}") from None
        return paths

    def instructions(self):
        """What to do where the files are missing."""
        name = type(self).__name__
        return "\n".join(
            [
                "Put these four files (with or without .gz):",
                *[f"    {file}.gz" for file in FILES],
                f"into {self.folders()[0].absolute()} or into {self.root.absolute()},"
                f" or, where there is a network, use {name}(root, download=True).",
                f"They are published at {' and '.join(self.mirrors)}",
                *([self.elsewhere] if self.elsewhere else []),
            ]
        )

    @staticmethod
    def read(images_path: Any, labels_path: Any) -> Any:
        """Read both files and check that they belong together."""
        images, labels = read_idx(images_path), read_idx(labels_path)
        if images.dtype != "uint8" or images.shape[1:] != (28, 28):
            raise ValueError(
                f"{images_path}: expected uint8 images of shape (N, 28, 28), found"
                f" {images.dtype} of shape {images.shape}"
            )
        if labels.dtype != "uint8" or labels.ndim != 1 or labels.max() > 9:
            raise ValueError(
                f"{labels_path}: expected uint8 labels of shape (N,) from 0 to 9, found"
                f" {labels.dtype} of shape {labels.shape} up to {labels.max()}"
            )
        if len(images) != len(labels):
            raise ValueError(
                f"{images_path} holds {len(images)} images, but {labels_path} holds"
                f" {len(labels)} labels"
            )
        return images, labels


class FashionMNIST(MNIST):
    """70,000 pieces of clothing of 28 x 28 pixels, in the same four files as :class:`MNIST`.

    The files are looked for in ``root/FashionMNIST/raw``, ``root/FashionMNIST``, ``root/raw`` and
    ``root``.  Debian's package ``dataset-fashion-mnist`` puts them in
    ``/usr/share/datasets/fashion-mnist``.

    Source: H. Xiao, K. Rasul and R. Vollgraf (2017), licence MIT,
    https://github.com/zalandoresearch/fashion-mnist.

    Arguments and errors are those of :class:`MNIST`.

    Example::

        >>> from minigrad.utils.data.datasets import FashionMNIST
        >>> FashionMNIST("/usr/share/datasets/fashion-mnist", train=False)  # doctest: +SKIP
        FashionMNIST(10000 images of 28 x 28)
    """

    mirrors = (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    )
    checksums = (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    )
    elsewhere = (
        "On Debian and Ubuntu: apt-get install dataset-fashion-mnist, and then root is"
        " /usr/share/datasets/fashion-mnist."
    )
    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
