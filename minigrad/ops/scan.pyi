"""Types of a compiled module; written by .ci/stubs.py."""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from minigrad import attributes, dtypes
from minigrad.tensor import Tensor

def cumprod(input: Tensor, dim: builtins.int | Sequence[builtins.int], *, dtype: dtypes.dtype | None = None) -> Tensor: ...
def cumsum(input: Tensor, dim: builtins.int | Sequence[builtins.int], *, dtype: dtypes.dtype | None = None) -> Tensor: ...
def prod(input: Tensor, dim: builtins.int | Sequence[builtins.int] | None = None, keepdim: builtins.bool = False, *, dtype: dtypes.dtype | None = None) -> Tensor: ...
