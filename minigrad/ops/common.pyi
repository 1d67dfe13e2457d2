"""Types of a compiled module; written by .ci/stubs.py."""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from minigrad import attributes, dtypes
from minigrad.tensor import Tensor

def sizes(given: Any) -> Tensor: ...
