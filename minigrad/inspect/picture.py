"""A tensor in a few numbers: what inspection shows of one that may be large."""

import math
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

BINS = 24  # of a histogram


@dataclass
class Picture:
    """Statistics of an array, and if asked for its values or a small map of them.

    ``cells`` is a grid of rows: the values themselves if there are few enough, else the means of
    blocks of them (``block``: how many rows and columns of the array, seen as a matrix, make one
    cell).  NaN and Inf are counted, and left out of the other statistics.
    """

    shape: tuple[int, ...]
    dtype: str
    nan: int = 0
    inf: int = 0
    low: float = math.nan
    high: float = math.nan
    mean: float = math.nan
    std: float = math.nan
    norm: float = math.nan  # Euclidean
    zeros: float = 0.0  # the share of elements that are exactly 0
    counts: list[int] = field(default_factory=list)  # a histogram from low to high
    cells: list[list[float]] = field(default_factory=list)
    block: tuple[int, int] = (1, 1)

    @classmethod
    def of(cls, array: Any, max_cells: int = 0) -> Self:
        """Return the picture of an array, with a map of at most ``max_cells`` cells."""
        array = np.asarray(array)
        picture = cls(array.shape, str(array.dtype))
        values = array.astype(np.float64).reshape(-1)
        finite = values[np.isfinite(values)]
        picture.nan = int(np.isnan(values).sum())
        picture.inf = values.size - finite.size - picture.nan
        if finite.size:
            picture.low, picture.high = float(finite.min()), float(finite.max())
            with np.errstate(over="ignore"):
                picture.mean, picture.std = float(finite.mean()), float(finite.std())
                picture.norm = float(np.sqrt(np.square(finite).sum()))
            picture.zeros = float((finite == 0).mean())
        if max_cells and values.size:
            picture.counts = _histogram(finite)
            picture.cells, picture.block = _map(values, array.shape, max_cells)
        return picture

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


def _histogram(finite):
    if not finite.size or finite.min() == finite.max():
        return [finite.size]
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(finite.max() - finite.min()):
            finite = finite / 4  # so that their range is a number
    return np.histogram(finite, BINS)[0].tolist()


def _map(values, shape, max_cells):
    """Return the values as a matrix of at most ``max_cells`` means of blocks, and a block's size.

    The last dimension is across, all others are down.
    """
    across = shape[-1] if shape else 1
    matrix = values.reshape(-1, across)
    rows, columns = matrix.shape
    wide = min(columns, max(1, round(math.sqrt(max_cells * columns / rows))), max_cells)
    high = min(rows, max(1, max_cells // wide))
    wide = min(columns, max(1, max_cells // high))
    block = -(-rows // high), -(-columns // wide)
    with np.errstate(invalid="ignore", over="ignore"):
        if block != (1, 1):
            down = np.add.reduceat(matrix, np.arange(0, rows, block[0]), axis=0)
            sums = np.add.reduceat(down, np.arange(0, columns, block[1]), axis=1)
            counts = np.outer(_lengths(rows, block[0]), _lengths(columns, block[1]))
            matrix = sums / counts
    return matrix.tolist(), block


def _lengths(total, step):
    """Return how long each piece is when ``total`` is cut into pieces of ``step``."""
    starts = np.arange(0, total, step)
    return np.minimum(starts + step, total) - starts
