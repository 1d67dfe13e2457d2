"""torchvision.transforms, and v2: what is done to an image (see vision/__init__.py)."""

import contextlib
import enum
import importlib
import inspect
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minigrad
from minigrad import Tensor, nn

Image: Any = None  # Pillow's module, where that is installed
with contextlib.suppress(ImportError):
    Image = importlib.import_module("PIL.Image")

v2 = sys.modules[__name__]  # it has the same names here


class InterpolationMode(enum.StrEnum):
    """How ``resize`` finds what lies between pixels."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"


def pillow(what: str) -> Any:
    """Return Pillow's module, which is needed where ``what`` is done."""
    if Image is None:
        raise RuntimeError(f"{what} by Pillow, which is not installed: pip install pillow")
    return Image


def is_pillow(image: Any) -> bool:
    """Whether an image is one of Pillow's."""
    return Image is not None and isinstance(image, Image.Image)


def as_image(array: np.ndarray) -> Any:
    """Return an array of bytes, (H, W) or (H, W, 3), as data sets give it to transforms."""
    return array if Image is None else Image.fromarray(array)


def _array(image: Any) -> np.ndarray:
    if not (isinstance(image, np.ndarray) or is_pillow(image)):
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(image)}")
    return np.array(image)


def _moved(image: Any, function: Callable[[np.ndarray], np.ndarray]) -> Any:
    """Return an image whose pixels, (H, W) or (H, W, C), a function has moved."""
    if isinstance(image, Tensor):
        array = np.moveaxis(image.numpy(), (-2, -1), (0, 1))
        return minigrad.from_numpy(
            np.ascontiguousarray(np.moveaxis(function(array), (0, 1), (-2, -1)))
        )
    found = np.ascontiguousarray(function(_array(image)))
    return as_image(found) if is_pillow(image) else found


def _size(image: Any) -> tuple[int, ...]:
    """Return height and width."""
    return tuple(image.shape[-2:]) if isinstance(image, Tensor) else _array(image).shape[:2]


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[-1])


# ---------------------------------------------------------------- functions of an image


def pil_to_tensor(pic: Any) -> Tensor:
    """Return an image as a tensor (C, H, W) of its own dtype."""
    array = _array(pic)
    return minigrad.from_numpy(np.ascontiguousarray(np.atleast_3d(array).transpose(2, 0, 1)))


def to_tensor(pic: Any) -> Tensor:
    """Return an image as a tensor (C, H, W); bytes become floating numbers from 0 to 1."""
    found = pil_to_tensor(pic)
    floating = found.dtype is not minigrad.uint8
    return found if floating else found.to(minigrad.get_default_dtype()).div(255)


def to_image(pic: Any) -> Tensor:
    """Return an image as ``pil_to_tensor`` does; tensors stay as they are."""
    return pic if isinstance(pic, Tensor) else pil_to_tensor(pic)


def to_dtype(image: Tensor, dtype: Any = None, scale: bool = False) -> Tensor:
    """Return a tensor in another dtype; with ``scale`` bytes become numbers from 0 to 1."""
    dtype = minigrad.float32 if dtype is None else dtype
    if not scale or image.is_floating_point() == dtype.is_floating_point:
        return image.to(dtype)
    if dtype.is_floating_point:
        return image.to(dtype) / minigrad.iinfo(image.dtype).max
    return (image * (minigrad.iinfo(dtype).max + 1 - 1e-3)).to(dtype)


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """Return a tensor (C, H, W), or an array (H, W, C), as an image of Pillow's."""
    array = pic
    if isinstance(pic, Tensor):
        array = (pic.mul(255) if pic.is_floating_point() else pic).to(minigrad.uint8).numpy()
        array = array.transpose(1, 2, 0) if array.ndim == 3 else array
    elif not isinstance(pic, np.ndarray):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    array = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    image = pillow("an image is made").fromarray(np.ascontiguousarray(array))
    return image if mode is None else image.convert(mode)


def convert_image_dtype(image: Tensor, dtype: Any = None) -> Tensor:
    """Return a tensor in another dtype, scaled so that white stays white."""
    return to_dtype(image, dtype, True)


def normalize(tensor: Tensor, mean: Any, std: Any, inplace: bool = False) -> Tensor:
    """Return ``(tensor - mean) / std``, each for the channels of a tensor (..., C, H, W)."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    m, s = (minigrad.as_tensor(x, dtype=tensor.dtype).reshape(-1, 1, 1) for x in (mean, std))
    return (tensor if inplace else tensor.clone()).sub_(m).div_(s)


def resize(image: Any, size: Any, interpolation: str = "bilinear", antialias: bool = True) -> Any:
    """Return an image of ``size`` (h, w); one number: that of the shorter side."""
    h, w = _size(image)
    if isinstance(size, int):
        size = (size, int(size * w / h)) if h <= w else (int(size * h / w), size)
    size = tuple(size)
    if is_pillow(image):
        return image.resize(size[::-1], getattr(Image.Resampling, interpolation.upper()))
    if not isinstance(image, Tensor):
        raise RuntimeError("images are resized where Pillow is installed, and tensors everywhere")
    smooth = {} if interpolation == "nearest" else {"antialias": antialias}
    batch = image.reshape(-1, *image.shape[-3:]).float()
    found = nn.functional.interpolate(batch, size, mode=interpolation, **smooth)
    found = found if image.is_floating_point() else found.round().clamp(0, 255)
    return found.reshape(*image.shape[:-2], *size).to(image.dtype)


def hflip(image: Any) -> Any:
    """Return an image with left and right exchanged."""
    return _moved(image, lambda a: a[:, ::-1])


def vflip(image: Any) -> Any:
    """Return an image upside down."""
    return _moved(image, lambda a: a[::-1])


def crop(image: Any, top: int, left: int, height: int, width: int) -> Any:
    """Return a part of an image."""
    return _moved(image, lambda a: a[top : top + height, left : left + width])


def resized_crop(
    img: Any, top: int, left: int, height: int, width: int, size: Any,
    interpolation: str = "bilinear", antialias: bool = True,
) -> Any:  # fmt: skip
    """Return a part of an image, in another size."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias)


def center_crop(image: Any, size: Any) -> Any:
    """Return the middle of an image."""
    (height, width), (h, w) = _pair(size), _size(image)
    return crop(image, round((h - height) / 2), round((w - width) / 2), height, width)


def pad(image: Any, padding: Any, fill: float = 0, padding_mode: str = "constant") -> Any:
    """Return an image with a border: one width, (sides, above and below), or all four."""
    widths = [padding] if isinstance(padding, int) else list(padding)
    left, top, right, bottom = widths * (4 // len(widths))
    options: Any = {"mode": padding_mode}
    if padding_mode == "constant":
        options["constant_values"] = fill
    around = (top, bottom), (left, right)
    return _moved(
        image,
        lambda a: np.pad(a, (*around, *[(0, 0)] * (a.ndim - 2)), **options),
    )


def rgb_to_grayscale(image: Any, num_output_channels: int = 1) -> Any:
    """Return an image without colours, in 1 or 3 equal channels."""
    if is_pillow(image):
        return image.convert("L").convert("L" if num_output_channels == 1 else "RGB")
    if not isinstance(image, Tensor):
        raise RuntimeError("images lose colours where Pillow is installed, and tensors everywhere")
    if image.size(-3) == 3:
        r, g, b = image.unbind(-3)
        image = (0.2989 * r + 0.587 * g + 0.114 * b).to(image.dtype).unsqueeze(-3)
    return image.expand(*image.shape[:-3], num_output_channels, *image.shape[-2:])


# ---------------------------------------------------------------- and classes for them


class Transform(nn.Module):
    """A function of an image with its options: ``of`` makes its subclasses."""

    function: Any
    shown: tuple[str, ...] = ()  # the options that the repr has

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__()
        bound = inspect.signature(type(self).function).bind(None, *args, **options)
        bound.apply_defaults()
        self.options = dict(list(bound.arguments.items())[1:])

    def forward(self, image: Any) -> Any:
        """Return what the function makes of an image."""
        return type(self).function(image, **self.options)

    def extra_repr(self) -> str:
        """Return the options."""
        return ", ".join(f"{name}={self.options[name]}" for name in self.shown)


def of(function: Callable[..., Any], name: str, shown: str = "") -> type[Transform]:
    """Return the transform of this name that calls ``function``."""
    names = {"function": staticmethod(function), "shown": tuple(shown.split())}
    return type(name, (Transform,), {**names, "__doc__": function.__doc__, "__module__": __name__})


def _with_chance(function: Callable[..., Any]) -> Callable[..., Any]:
    def randomly(image: Any, p: float = 0.5) -> Any:
        return function(image) if minigrad.rand(1) < p else image

    return randomly


def _random_crop(
    image: Any, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: float = 0,
    padding_mode: str = "constant",
) -> Any:  # fmt: skip
    height, width = _pair(size)
    if padding is not None:
        image = pad(image, padding, fill, padding_mode)
    h, w = _size(image)
    if pad_if_needed and (h < height or w < width):
        image = pad(image, (max(width - w, 0), max(height - h, 0)), fill, padding_mode)
        h, w = _size(image)
    if h < height or w < width:
        raise ValueError(
            f"Required crop size {(height, width)} is larger than input image size {(h, w)}"
        )
    if (h, w) == (height, width):
        return image
    top, left = (int(minigrad.randint(0, n + 1, (1,)).item()) for n in (h - height, w - width))
    return crop(image, top, left, height, width)


def _random_resized_crop(
    image: Any, size: Any, scale: Any = (0.08, 1.0), ratio: Any = (3.0 / 4.0, 4.0 / 3.0),
    interpolation: str = "bilinear", antialias: bool = True,
) -> Any:  # fmt: skip
    height, width = _size(image)
    bounds = minigrad.log(minigrad.tensor(ratio)).tolist()
    for _ in range(10):
        area = height * width * minigrad.empty(1).uniform_(scale[0], scale[1]).item()
        aspect = minigrad.exp(minigrad.empty(1).uniform_(*bounds)).item()
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            top, left = (
                int(minigrad.randint(0, n + 1, (1,)).item()) for n in (height - h, width - w)
            )
            break
    else:  # none fits: the middle
        h = min(height, round(width / min(ratio)))
        w = min(width, round(height * max(ratio)))
        top, left = (height - h) // 2, (width - w) // 2
    return resized_crop(image, top, left, h, w, _pair(size), interpolation, antialias)


ToTensor, PILToTensor = of(to_tensor, "ToTensor"), of(pil_to_tensor, "PILToTensor")
ToImage, ToDtype = of(to_image, "ToImage"), of(to_dtype, "ToDtype", "scale")
ToPILImage = of(to_pil_image, "ToPILImage")
ConvertImageDtype = of(convert_image_dtype, "ConvertImageDtype")
Normalize = of(normalize, "Normalize", "mean std")
Resize, CenterCrop = of(resize, "Resize", "size"), of(center_crop, "CenterCrop", "size")
Pad = of(pad, "Pad", "padding fill padding_mode")
Grayscale = of(rgb_to_grayscale, "Grayscale", "num_output_channels")
RandomHorizontalFlip = of(_with_chance(hflip), "RandomHorizontalFlip", "p")
RandomVerticalFlip = of(_with_chance(vflip), "RandomVerticalFlip", "p")
RandomResizedCrop = of(
    _random_resized_crop, "RandomResizedCrop", "size scale ratio interpolation antialias"
)
RandomCrop = of(_random_crop, "RandomCrop", "size padding")


class Compose:
    """Several transforms, one after the other."""

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        self.transforms = transforms

    def __call__(self, image: Any) -> Any:
        for transform in self.transforms:
            image = transform(image)
        return image

    def __repr__(self) -> str:
        return "\n".join(["Compose(", *(f"    {t}" for t in self.transforms), ")"])


class Lambda:
    """Any function as a transform."""

    def __init__(self, lambd: Callable[..., Any]) -> None:
        self.lambd = lambd

    def __call__(self, image: Any) -> Any:
        return self.lambd(image)

    def __repr__(self) -> str:
        return "Lambda()"
