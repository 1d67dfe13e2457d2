"""Types of a compiled module; written by .ci/stubs.py."""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from minigrad import attributes, dtypes
from minigrad.tensor import Tensor

def cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, ignore_index: builtins.int = -100, reduce: Any = None, reduction: builtins.str = 'mean', label_smoothing: builtins.float = ...) -> Tensor: ...
def nll_loss(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, ignore_index: builtins.int = -100, reduce: Any = None, reduction: builtins.str = 'mean') -> Tensor: ...
