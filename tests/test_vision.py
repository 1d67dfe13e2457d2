"""torchvision's data sets and transforms, as far as programs have them without torchvision."""

import gzip
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest

import minigrad
from minigrad.mirror.vision import folder, transforms, utils
from minigrad.mirror.vision.datasets import CIFAR10, MNIST, FashionMNIST, ImageFolder

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
COLOUR = np.arange(36, dtype=np.uint8).reshape(3, 4, 3) * 7


def write_mnist(folder, count=3):
    folder.mkdir(parents=True)
    images = np.arange(count * 784, dtype=np.uint32).astype(np.uint8).reshape(count, 28, 28)
    for part in ("train", "t10k"):
        head = struct.pack(">IIII", 2051, count, 28, 28)
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb") as file:
            file.write(head + images.tobytes())
        labels = struct.pack(">II", 2049, count) + bytes(range(count))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    return images


def write_cifar(folder, rows=2, **more):
    folder.mkdir(parents=True)
    data = np.arange(rows * 3072, dtype=np.uint32).astype(np.uint8).reshape(rows, 3072)
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        batch = {"data": data, "labels": [3, 9][:rows], **more}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    return data


def test_mnist(tmp_path):
    images = write_mnist(tmp_path / "MNIST" / "raw")
    data = MNIST(tmp_path, train=True, download=True, transform=transforms.ToTensor())
    assert len(data) == 3 and data.targets.tolist() == [0, 1, 2]
    image, label = data[1]
    assert image.dtype is minigrad.float32 and image.shape == (1, 28, 28) and label == 1
    assert (image[0] == minigrad.from_numpy(images[1]).float() / 255).all()
    assert data.classes[7] == "7 - seven" and data.class_to_idx["7 - seven"] == 7
    assert repr(data).splitlines() == [
        "Dataset MNIST",
        "    Number of datapoints: 3",
        f"    Root location: {tmp_path}",
        "    Split: Train",
        "    StandardTransform",
        "Transform: ToTensor()",
    ]
    plain, doubled = MNIST(tmp_path), MNIST(tmp_path, target_transform=lambda y: 2 * y)
    assert (np.asarray(plain[2][0]) == images[2]).all() and doubled[2][1] == 4
    with pytest.raises(RuntimeError, match=r"FashionMNIST not found.*Put these four files"):
        FashionMNIST(tmp_path / "none")


def test_cifar10(tmp_path):
    data = write_cifar(tmp_path / "cifar-10-batches-py")
    train, test = CIFAR10(tmp_path), CIFAR10(str(tmp_path), train=False)
    assert train.data.shape == (10, 32, 32, 3) and train.targets == [3, 9] * 5 and len(test) == 2
    image, label = test[1]
    assert label == 9 and test.classes[label] == "truck"
    assert (np.asarray(image) == data[1].reshape(3, 32, 32).transpose(1, 2, 0)).all()
    with pytest.raises(RuntimeError, match=r"cifar-10-python.tar.gz.*download=True"):
        CIFAR10(tmp_path / "none", download=True)
    (tmp_path / CIFAR10.archive).write_bytes(b"no archive")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / CIFAR10.archive).write_bytes(b"no archive")
    with pytest.raises(RuntimeError, match="damaged: its MD5 is"):
        CIFAR10(tmp_path / "other", download=True)


class Evil:
    def __reduce__(self):
        return print, ("executed",)


def test_a_batch_runs_nothing(tmp_path, capsys):
    write_cifar(tmp_path / "cifar-10-batches-py", more=Evil())
    with pytest.raises(pickle.UnpicklingError, match=r"(builtins|__builtin__).print is not"):
        CIFAR10(tmp_path)
    assert capsys.readouterr().out == ""
    write_cifar(tmp_path / "few" / "cifar-10-batches-py", labels=[1])
    with pytest.raises(ValueError, match=r"expected bytes of shape \(1, 3072\)"):
        CIFAR10(tmp_path / "few")


def as_given(kind, array):
    """Return an array as an image of this kind, and how to get its array back."""
    if kind == "array":
        return array, np.asarray
    if kind == "tensor":
        channels = array[:, :, None] if array.ndim == 2 else array
        tensor = minigrad.from_numpy(np.ascontiguousarray(channels.transpose(2, 0, 1)))
        return tensor, lambda t: np.squeeze(t.numpy().transpose(1, 2, 0), (2,) * (array.ndim == 2))
    image = pytest.importorskip("PIL.Image").fromarray(array)
    return image, np.asarray


@pytest.mark.parametrize("array", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("kind", ["array", "tensor", "pillow"])
def test_geometry(kind, array):
    image, back = as_given(kind, array)
    assert (back(transforms.RandomHorizontalFlip(1.0)(image)) == array[:, ::-1]).all()
    assert (back(transforms.RandomVerticalFlip(p=1)(image)) == array[::-1]).all()
    assert (back(transforms.RandomHorizontalFlip(0)(image)) == array).all()
    assert (back(transforms.CenterCrop((1, 2))(image)) == array[1:2, 1:3]).all()
    border = [(2, 2), (1, 1)] + [(0, 0)] * (array.ndim - 2)
    assert (
        back(transforms.Pad((1, 2), fill=9)(image)) == np.pad(array, border, constant_values=9)
    ).all()
    minigrad.manual_seed(3)
    top, left = (minigrad.randint(0, n + 1, (1,)).item() for n in (3 + 2 - 3, 4 + 2 - 3))
    minigrad.manual_seed(3)
    part = np.pad(array, [(1, 1)] * 2 + [(0, 0)] * (array.ndim - 2))[top : top + 3, left : left + 3]
    assert (back(transforms.RandomCrop(3, padding=1)(image)) == part).all()
    assert (back(transforms.RandomCrop((3, 4))(image)) == array).all()
    with pytest.raises(ValueError, match=r"Required crop size \(9, 9\) is larger"):
        transforms.RandomCrop(9)(image)
    assert back(transforms.RandomCrop(9, pad_if_needed=True)(image)).shape[:2] == (9, 9)


def test_numbers():
    image = transforms.ToTensor()(COLOUR)
    assert image.shape == (3, 3, 4) and image[2, 1, 3].item() == np.float32(COLOUR[1, 3, 2] / 255)
    found = transforms.Normalize((0.5, 0.4, 0.3), (0.1, 0.2, 0.4))(image)
    assert abs(found[2] - (image[2] - 0.3) / 0.4).max() < 1e-6
    assert transforms.PILToTensor()(GREY).dtype is minigrad.uint8
    new = transforms.v2.Compose(
        [transforms.v2.ToImage(), transforms.v2.ToDtype(minigrad.float32, scale=True)]
    )
    assert (new(COLOUR) == image).all()
    bytes_again = transforms.ConvertImageDtype(minigrad.uint8)(image)
    assert (bytes_again == transforms.PILToTensor()(COLOUR)).all()
    grey = transforms.Grayscale()(image)
    assert grey.shape == (1, 3, 4)
    assert transforms.Grayscale(3)(image).shape == (3, 3, 4)
    assert transforms.Resize(6)(image).shape == (3, 6, 8)
    assert transforms.Resize((2, 2))(bytes_again).dtype is minigrad.uint8
    flat = transforms.Compose([transforms.ToTensor(), transforms.Lambda(lambda x: x.view(-1))])
    assert flat(GREY).shape == (12,)
    with pytest.raises(TypeError, match="pic should be PIL Image or ndarray"):
        transforms.ToTensor()(image)
    with pytest.raises(TypeError, match=r"should be a float tensor\. Got"):
        transforms.Normalize(0.5, 0.5)(bytes_again)


def test_pillow():
    image = pytest.importorskip("PIL.Image").fromarray(COLOUR)
    assert transforms.Resize(6)(image).size == (8, 6) and transforms.Grayscale()(image).mode == "L"
    nearest = transforms.Resize((6, 8), transforms.InterpolationMode.NEAREST)(image)
    assert (np.asarray(nearest) == COLOUR.repeat(2, 0).repeat(2, 1)).all()
    assert (transforms.ToTensor()(image) == transforms.ToTensor()(COLOUR)).all()


def test_reprs():
    both = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.5,), (0.3,)), transforms.RandomCrop(32, 4)]
    )
    assert repr(both).splitlines() == [
        "Compose(",
        "    ToTensor()",
        "    Normalize(mean=(0.5,), std=(0.3,))",
        "    RandomCrop(size=32, padding=4)",
        ")",
    ]
    assert repr(pickle.loads(pickle.dumps(both))) == repr(both)


def write_images(root):
    """Write cat/{a, b}.png, dog/more/c.PNG and dog/notes.txt, and return the pixels of c."""
    pillow = pytest.importorskip("PIL.Image")
    for i, name in enumerate(("cat/b.png", "cat/a.png", "dog/more/c.PNG")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pillow.fromarray(COLOUR + np.uint8(i)).save(root / name)
    (root / "dog" / "notes.txt").write_text("no image")
    return COLOUR + np.uint8(2)


def test_images_in_folders(tmp_path):
    last = write_images(tmp_path)
    data = ImageFolder(tmp_path, transform=transforms.ToTensor())
    assert (data.classes, data.class_to_idx) == (["cat", "dog"], {"cat": 0, "dog": 1})
    names = [(path.removeprefix(f"{tmp_path}/"), number) for path, number in data.imgs]
    assert names == [("cat/a.png", 0), ("cat/b.png", 0), ("dog/more/c.PNG", 1)]
    assert len(data) == 3 and data.targets == [0, 0, 1]
    image, label = data[2]
    assert label == 1 and (image == transforms.ToTensor()(last)).all()
    assert folder.default_loader(data.samples[0][0]).mode == "RGB"
    assert repr(data).splitlines() == [
        "Dataset ImageFolder",
        "    Number of datapoints: 3",
        f"    Root location: {tmp_path}",
        "    StandardTransform",
        "Transform: ToTensor()",
    ]
    texts = folder.DatasetFolder(tmp_path, len, (".txt",), allow_empty=True)
    assert [target for _, target in texts.samples] == [1] and texts[0][0] == len(
        texts.samples[0][0]
    )
    picked = ImageFolder(tmp_path, is_valid_file=lambda path: path.endswith(("a.png", "txt")))
    assert picked.targets == [0, 1]


def test_what_no_folder_of_images_is(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder in"):
        ImageFolder(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no valid file for the classes empty\. .*webp"):
        ImageFolder(tmp_path)
    with pytest.raises(ValueError, match="cannot be None or not None at the same time"):
        folder.DatasetFolder(tmp_path, len)
    (tmp_path / "empty" / "a.png").write_bytes(b"")
    monkeypatch.setattr(transforms, "Image", None)
    with pytest.raises(RuntimeError, match=r"a\.png is read by Pillow, which is not installed"):
        ImageFolder(tmp_path)[0]


def test_a_grid_of_images(tmp_path):
    images = minigrad.arange(12.0).reshape(3, 1, 2, 2)
    grid = utils.make_grid(images, nrow=2, padding=1, pad_value=9)
    assert grid.shape == (3, 7, 7)
    rows = [[9, 0, 1, 9, 4, 5, 9], [9, 2, 3, 9, 6, 7, 9], [9] * 7, [9, 8, 9, 9, 9, 9, 9]]
    assert grid[2, 1:5].tolist() == rows and (grid[0] == grid[1]).all()
    assert utils.make_grid(list(images)).shape == (3, 6, 14)
    assert utils.make_grid(images[0]).shape == (3, 2, 2)
    stretched = utils.make_grid(images, normalize=True, padding=0)
    assert stretched[0, 1].tolist() == (minigrad.tensor([2, 3, 6, 7, 10, 11]) / 11).tolist()
    assert images[0, 0, 0, 1] == 1  # not stretched itself
    each = utils.make_grid(images, normalize=True, scale_each=True, padding=0)
    assert each[0, :, :2].tolist() == each[0, :, 4:].tolist() and each.max() == 1
    part = utils.make_grid(images, normalize=True, value_range=(2, 4), padding=0)
    assert part[0, 0].tolist() == [0, 0, 1, 1, 1, 1] and part[0, 1, :2].tolist() == [0, 0.5]
    with pytest.raises(TypeError, match="got a list containing <class 'int'>"):
        utils.make_grid([1])
    pillow = pytest.importorskip("PIL.Image")
    utils.save_image(images / 11, tmp_path / "grid.png", padding=0)
    saved = np.asarray(pillow.open(tmp_path / "grid.png"))
    assert saved.shape == (2, 6, 3) and saved[1, :, 0].tolist() == [46, 70, 139, 162, 232, 255]


def test_parts_in_other_sizes():
    image = transforms.ToTensor()(COLOUR)
    minigrad.manual_seed(0)
    shapes = {transforms.RandomResizedCrop(5)(image).shape for _ in range(20)}
    assert shapes == {(3, 5, 5)}
    whole = transforms.RandomResizedCrop((3, 4), scale=(1, 1), ratio=(4 / 3, 4 / 3))(image)
    assert abs(whole - image).max() < 1e-6
    thin = transforms.RandomResizedCrop((3, 3), scale=(9, 9), ratio=(1, 1))(image)  # none fits
    assert abs(thin - image[:, :, :3]).max() < 1e-6
    back = transforms.ToPILImage()(image)
    assert back.mode == "RGB" and (np.asarray(back) == COLOUR).all()
    assert transforms.ToPILImage()(image[:1]).mode == transforms.ToPILImage()(GREY).mode == "L"


PROGRAM = """\
import torch
import torchvision
import torchvision.transforms as T
import torchvision.transforms.functional as TF
from torchvision import datasets, transforms
from torchvision.datasets import MNIST
from torchvision.transforms import Compose, v2

torch.manual_seed(0)
transform = Compose([transforms.ToTensor(), T.Normalize((0.1307,), (0.3081,))])
data = datasets.MNIST("data", train=True, download=True, transform=transform)
for x, y in torch.utils.data.DataLoader(data, batch_size=2):
    print(type(x).__name__, x.shape, y.tolist(), MNIST is datasets.MNIST)
print(TF.hflip(torch.arange(3.0).reshape(1, 1, 3)), v2.ToDtype(torch.float32, scale=True))
print(torchvision.datasets.folder.IMG_EXTENSIONS[0], torchvision.utils.make_grid.__name__)
print(hasattr(torchvision, "models"), torchvision.__version__ >= "0.9")
try:
    from torchvision import models
except ImportError as error:
    print(error)
"""


def test_a_program_imports_torchvision(tmp_path):
    write_mnist(tmp_path / "data" / "MNIST" / "raw")
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "minigrad", "run", "program.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.stdout.splitlines() == [
        "Tensor torch.Size([2, 1, 28, 28]) [0, 1] True",
        "Tensor torch.Size([1, 1, 28, 28]) [2] True",
        "tensor([[[2., 1., 0.]]]) ToDtype(scale=True)",
        ".jpg make_grid",
        "False True",
        "minigrad has no torchvision.models (program.py, line 18): weights are not downloaded: "
        "build the model from torch.nn's layers, and torch.load reads files of weights",
    ], done.stderr
