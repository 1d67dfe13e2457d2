"""What programs import of torchvision, without torchvision: ``datasets, transforms, utils``.

Images are what torchvision has: those of Pillow where that is installed, else arrays (H, W) or
(H, W, 3) of bytes; and tensors (..., C, H, W).  The random transforms draw as torchvision does.
"""

from minigrad.mirror.vision import datasets, transforms, utils

__all__ = ["datasets", "transforms", "utils"]
__version__ = "0.28.0"  # the one that belongs to the torch that is mirrored
