"""Single elements of large tensors: true numbers to fill into the rule of an elementwise step.

A picture of a large tensor has means of blocks of elements, and a rule does not hold for means.
So a few elements are kept as they are: the same places of the output and of every input, which
are broadcast to the output's shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FEWEST = 16  # smaller outputs have all their elements in their pictures
PLACES = 8  # how many elements are kept of others


@dataclass
class Elements:
    """A few elements of one step; None stands for what is not known."""

    shape: tuple[int, ...]  # of the output
    places: list[int]  # which elements, counted in the order of the flattened output
    inputs: list[list[float] | None] = field(default_factory=list)
    output: list[float] | None = None
    grad: list[float] | None = None  # arriving
    passed: list[list[float] | None] = field(default_factory=list)  # leaving, for each input

    @classmethod
    def among(cls, shape: Sequence[int]) -> "Elements | None":
        """Choose elements of an output of the given shape; None if it is a small one."""
        size = int(np.prod(shape, dtype=np.int64))
        if size <= FEWEST:
            return None
        places = [(2 * i + 1) * size // (2 * PLACES) for i in range(PLACES)]
        return cls(tuple(shape), places)

    def of(self, tensor: Any) -> list[float] | None:
        """Return the chosen elements of a tensor or an array, broadcast to the output's shape."""
        if tensor is None:
            return None
        array = tensor if isinstance(tensor, np.ndarray) else tensor.detach().numpy()
        try:
            wide = np.broadcast_to(array, self.shape)
        except ValueError:  # of a custom op that bears an elementwise name
            return None
        return wide[np.unravel_index(self.places, self.shape)].astype(np.float64).tolist()
