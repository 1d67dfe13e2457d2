"""torchvision.datasets.folder: images in folders, each named for the class of what is in it."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from minigrad.mirror.vision.transforms import pillow
from minigrad.mirror.vision.vision import VisionDataset

__all__ = ["IMG_EXTENSIONS", "DatasetFolder", "ImageFolder", "default_loader", "pil_loader"]

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def has_file_allowed_extension(filename: str, extensions: str | tuple[str, ...]) -> bool:
    """Return whether a file's name ends so, in whatever case."""
    return filename.lower().endswith(extensions)


def is_image_file(filename: str) -> bool:
    """Return whether a file's name is that of an image."""
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory: str | os.PathLike[str]) -> tuple[list[str], dict[str, int]]:
    """Return the names of the folders in a directory, sorted, and their numbers."""
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: i for i, name in enumerate(classes)}


def make_dataset(
    directory: str | os.PathLike[str],
    class_to_idx: dict[str, int] | None = None,
    extensions: str | tuple[str, ...] | None = None,
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
) -> list[tuple[str, int]]:
    """Return (path, class) of all files in the folders of the classes, and in folders of these."""
    if class_to_idx is None:
        class_to_idx = find_classes(directory)[1]
    elif not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError(
            "Both extensions and is_valid_file cannot be None or not None at the same time"
        )
    if extensions is not None:
        endings = extensions

        def is_valid_file(path):
            return has_file_allowed_extension(path, endings)

    found, empty = [], []
    for name, number in sorted(class_to_idx.items()):
        top = os.path.join(directory, name)  # noqa: PTH118  (torchvision's strings)
        paths = [
            os.path.join(folder, file)  # noqa: PTH118
            for folder, _, files in sorted(os.walk(top, followlinks=True))
            for file in sorted(files)
        ]
        valid = [(path, number) for path in paths if is_valid_file(path)]  # type: ignore[misc]
        found += valid
        if not valid:
            empty.append(name)
    if empty and not allow_empty:
        text = f"Found no valid file for the classes {', '.join(empty)}. "
        if extensions is not None:
            given = extensions if isinstance(extensions, str) else ", ".join(extensions)
            text += f"Supported extensions are: {given}"
        raise FileNotFoundError(text)
    return found


class DatasetFolder(VisionDataset):
    """Samples in files ``root/class/name``, read by ``loader``; in ``samples`` their paths."""

    class_to_idx: Any = None

    def __init__(
        self,
        root: str | os.PathLike[str],
        loader: Callable[[str], Any],
        extensions: tuple[str, ...] | None = None,
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        self.root, self.loader, self.extensions = root, loader, extensions
        self.transform, self.target_transform = transform, target_transform
        self.classes, self.class_to_idx = self.find_classes(root)
        self.samples = self.make_dataset(
            root, self.class_to_idx, extensions, is_valid_file, allow_empty
        )
        self.targets = [number for _, number in self.samples]

    @staticmethod
    def make_dataset(
        directory: str | os.PathLike[str],
        class_to_idx: dict[str, int],
        extensions: tuple[str, ...] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> list[tuple[str, int]]:
        """Return the samples; see the function of this name."""
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def find_classes(self, directory: Any) -> tuple[list[str], dict[str, int]]:
        """Return the classes and their numbers; to be overridden where others are meant."""
        return find_classes(directory)

    def __getitem__(self, index: Any) -> Any:
        path, target = self.samples[index]
        return self.transformed(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


def pil_loader(path: Any) -> Any:
    """Return the image in a file, as one of Pillow's in colour."""
    with Path(path).open("rb") as file:
        return pillow(f"the image {path} is read").open(file).convert("RGB")


default_loader = pil_loader


class ImageFolder(DatasetFolder):
    """Images in files ``root/class/name.png``."""

    def __init__(
        self,
        root: str | os.PathLike[str],
        transform: Callable[..., Any] | None = None,
        target_transform: Callable[..., Any] | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        extensions: Sequence[str] | None = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(
            root,
            loader,
            extensions,  # type: ignore[arg-type]
            transform,
            target_transform,
            is_valid_file,
            allow_empty,
        )
        self.imgs = self.samples
