"""Items and rows at places that an index names, in plain NumPy."""

import numpy as np


def first_outside(index, low, high):
    """The place of the first element of an index that is not in [low, high), or -1."""
    found = np.flatnonzero((index < low) | (index >= high))
    return int(found[0]) if found.size else -1


def _key(index, outer, count, inner):
    """The full index of (outer, count, inner) items."""
    o, _, i = np.ogrid[:outer, :count, :inner]
    return o, index.reshape(outer, count, inner), i


def take_items(out, x, index, outer, size, count, inner, n_threads):
    """``out[o, j, i] = x[o, index[o, j, i], i]``."""
    taken = x.reshape(outer, size, inner)[_key(index, outer, count, inner)]
    out.reshape(taken.shape)[...] = taken


def put_items(out, values, index, outer, size, count, inner, n_threads):
    """``out[o, index[o, j, i], i] = values[o, j, i]``."""
    key = _key(index, outer, count, inner)
    out.reshape(outer, size, inner)[key] = values.reshape(outer, count, inner)


def add_items(out, values, index, outer, size, count, inner, n_threads):
    """``out[o, index[o, j, i], i] += values[o, j, i]``."""
    key = _key(index, outer, count, inner)
    np.add.at(out.reshape(outer, size, inner), key, values.reshape(outer, count, inner))


def take_rows(out, x, index, outer, size, count, inner, n_threads):
    """``out[o, j, :] = x[o, index[j], :]``."""
    out.reshape(outer, count, inner)[...] = x.reshape(outer, size, inner)[:, index]


def add_rows(out, values, index, outer, size, count, inner, n_threads):
    """``out[o, index[j], :] += values[o, j, :]``."""
    key = (slice(None), index)
    np.add.at(out.reshape(outer, size, inner), key, values.reshape(outer, count, inner))
