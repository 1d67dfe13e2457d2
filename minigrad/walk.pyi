"""Types of a compiled module; written by .ci/stubs.py."""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from minigrad import attributes, dtypes
from minigrad.tensor import Tensor

def backward(tensors: Tensor | Sequence[Any], grad_tensors: Any = None, retain_graph: builtins.bool | None = None, create_graph: builtins.bool = False, *, inputs: Tensor | Sequence[Any] | None = None) -> None: ...
def grad(outputs: Any, inputs: Tensor | Sequence[Any], grad_outputs: Any = None, retain_graph: builtins.bool | None = None, create_graph: builtins.bool = False, allow_unused: builtins.bool | None = None, is_grads_batched: Any = False, materialize_grads: Any = False) -> tuple[Tensor, ...]: ...
