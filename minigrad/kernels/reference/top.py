"""Where the largest elements are, in plain NumPy."""

import numpy as np


def top_indices(indices, x, largest, rows, n, k, n_threads):
    """The places of the ``k`` largest, or smallest, elements of each row, best first."""
    x = x.reshape(rows, n)
    order = np.argsort(x[:, ::-1] if largest else x, axis=1, kind="stable")
    if largest:  # the order of the reversed elements, reversed: equals keep their order
        order = n - 1 - order[:, ::-1]
    indices.reshape(rows, k)[...] = order[:, :k]


def order_keys(keys, x, descending, rows, n, n_threads):
    """``keys`` = integers in the order of a row's elements, in whose low half are the places."""
    x = x.reshape(rows, n) + np.float32(0)
    bits = x.view(np.uint32)
    bits = np.where(np.signbit(x), ~bits, bits | np.uint32(1 << 31))
    bits = np.where(np.isnan(x), np.uint32(0xFFFFFFFF), bits)
    bits = ~bits if descending else bits
    keys.reshape(rows, n)[...] = bits.astype(np.uint64) << np.uint64(32) | np.arange(
        n, dtype=np.uint64
    )
