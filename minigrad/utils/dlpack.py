"""Tensors to and from other libraries without a copy, under torch's path."""

from minigrad.ops.creation import from_dlpack
from minigrad.ops.storage import to_dlpack

__all__ = ["from_dlpack", "to_dlpack"]
