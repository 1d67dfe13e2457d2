"""Types for annotations, most of them under the names of torch.types."""

import os
from collections.abc import Sequence
from typing import IO

from minigrad.attributes import Size, device
from minigrad.dtypes import dtype

Device = device | str | int | None
FileLike = str | os.PathLike[str] | IO[bytes]
Ints = int | Sequence[int]  # one for each dimension, or the same for all
Number = int | float | bool
_dtype, _device, _size = dtype, device, Size | list[int] | tuple[int, ...]
