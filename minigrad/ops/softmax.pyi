"""Types of a compiled module; written by .ci/stubs.py."""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from minigrad import attributes, dtypes
from minigrad.tensor import Tensor

def log_softmax(input: Tensor, dim: builtins.int | Sequence[builtins.int] | None = None, _stacklevel: Any = 3, dtype: dtypes.dtype | None = None) -> Tensor: ...
def softmax(input: Tensor, dim: builtins.int | Sequence[builtins.int] | None = None, _stacklevel: Any = 3, dtype: dtypes.dtype | None = None) -> Tensor: ...
def softmin(input: Tensor, dim: builtins.int | Sequence[builtins.int] | None = None, _stacklevel: Any = 3, dtype: dtypes.dtype | None = None) -> Tensor: ...
