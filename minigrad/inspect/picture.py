"""A tensor in a few numbers: what inspection shows of one that may be large."""

import math
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

BINS = 24  # of a histogram


@dataclass
class Picture:
    """Statistics of an array, and if asked for its values or a small map of them.

    ``cells`` is a grid of rows: the values themselves if there are few enough, else the means of
    blocks of them (``block``: how many rows and columns of the array, seen as a matrix, make one
    cell).  Of many matrices (images, channels) that are too much together it shows the one at the
    indices ``at``, which is the first with NaN or Inf, or the first of all.  NaN and Inf are
    counted, and left out of the other statistics.
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
    at: tuple[int, ...] = ()

    @classmethod
    def of(cls, array: Any, max_cells: int = 0) -> Self:
        """Return the picture of an array, with a map of at most ``max_cells`` cells."""
        array = np.asarray(array)
        picture = cls(array.shape, str(array.dtype))
        values = array.astype(np.float64).reshape(-1)
        finite = values
        if not np.isfinite(values).all():
            finite = values[np.isfinite(values)]
            picture.nan = int(np.isnan(values).sum())
            picture.inf = values.size - finite.size - picture.nan
        if finite.size:
            n = finite.size
            with np.errstate(over="ignore", invalid="ignore"):
                picture.low, picture.high = float(finite.min()), float(finite.max())
                picture.mean = float(finite.sum() / n)
                from_mean = finite - picture.mean
                picture.std = math.sqrt(from_mean @ from_mean / n)
                picture.norm = math.sqrt(finite @ finite)
            picture.zeros = 1 - int(np.count_nonzero(finite)) / n
        if max_cells and values.size:
            picture.counts = _histogram(finite, picture.low, picture.high)
            picture._draw(values, max_cells)
        return picture

    def coarser(self, max_cells: int) -> Self:
        """Return the same picture with a map of at most ``max_cells`` cells, none for 0."""
        if sum(map(len, self.cells)) <= max_cells:
            return self
        if max_cells == 0:
            return replace(self, counts=[], cells=[], block=(1, 1))
        matrix, across = np.array(self.cells), self.shape[-1] if self.shape else 1
        limits = self.shape[-2:] if self.at else (self.size // across, across)
        weights = np.outer(*map(_lengths, limits, self.block))
        cells, block = _blocks(matrix, weights, max_cells)
        return replace(
            self, cells=cells, block=(block[0] * self.block[0], block[1] * self.block[1])
        )

    def _draw(self, values: np.ndarray, max_cells: int) -> None:
        """Make the map: the last dimension is across, all others or the one before are down."""
        if len(self.shape) > 2 and values.size > max_cells:
            matrices = values.reshape(-1, *self.shape[-2:])
            odd = ~np.isfinite(matrices).all(axis=(1, 2))
            which = int(np.argmax(odd))
            self.at = tuple(map(int, np.unravel_index(which, self.shape[:-2])))
            matrix = matrices[which]
        else:
            matrix = values.reshape(-1, self.shape[-1] if self.shape else 1)
        self.cells, self.block = _blocks(matrix, np.ones(matrix.shape), max_cells)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


def _histogram(finite, low, high):
    if not low < high:
        return [finite.size]
    half = 1.0
    if not math.isfinite(high - low):
        half = 0.5  # so that the range of the largest numbers is a number, too
    places = (finite * half - low * half) * (BINS / (high * half - low * half))
    return np.bincount(np.minimum(places.astype(np.int64), BINS - 1), minlength=BINS).tolist()


def _blocks(matrix, weights, max_cells):
    """Return a matrix of at most ``max_cells`` weighted means of blocks, and a block's size."""
    rows, columns = matrix.shape
    wide = min(columns, max(1, round(math.sqrt(max_cells * columns / rows))), max_cells)
    high = min(rows, max(1, max_cells // wide))
    wide = min(columns, max(1, max_cells // high))
    block = -(-rows // high), -(-columns // wide)
    if block != (1, 1):
        with np.errstate(invalid="ignore", over="ignore"):
            matrix = _sums(matrix * weights, block) / _sums(weights, block)
    return matrix.tolist(), block


def _sums(matrix, block):
    """Return the sums of blocks of a matrix."""
    down = np.add.reduceat(matrix, np.arange(0, matrix.shape[0], block[0]), axis=0)
    return np.add.reduceat(down, np.arange(0, matrix.shape[1], block[1]), axis=1)


def _lengths(total, step):
    """Return how long each piece is when ``total`` is cut into pieces of ``step``."""
    starts = np.arange(0, total, step)
    return np.minimum(starts + step, total) - starts
