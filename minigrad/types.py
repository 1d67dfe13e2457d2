"""Types for annotations, under the names of torch.types."""

from minigrad.attributes import Size, device
from minigrad.dtypes import dtype

Device = device | str | int | None
Number = int | float | bool
_dtype, _device, _size = dtype, device, Size | list[int] | tuple[int, ...]
