"""Reductions of plain arrays: how a reduction over any dimensions reaches a kernel or NumPy."""

import numpy as np

from numpy cimport PyArray_NDIM, import_array, ndarray

from minigrad.dtypes cimport dtype_of, float16

import_array()

cdef dict numpy_folds = {
    "sum": np.add.reduce, "prod": np.multiply.reduce, "amax": np.maximum.reduce,
    "amin": np.minimum.reduce,
}


cdef ndarray fold(str name, ndarray x, tuple dims, bint keepdim, double correction=0):
    """Return ``x`` reduced over ``dims`` by "sum", "mean", "prod", "amax", "amin" or "var"."""
    wide = x.astype(np.float32) if dtype_of(x) is float16 else x
    with np.errstate(all="ignore"):
        if name == "mean":
            out = np.mean(wide, axis=dims, keepdims=keepdim) if wide.size else (
                np.add.reduce(wide, axis=dims, keepdims=keepdim) / 0)
        elif name == "var":
            n = 1
            for d in dims:
                n *= x.shape[d]
            center = wide - np.mean(wide, axis=dims, keepdims=True) if wide.size else wide
            total = np.add.reduce(center * center, axis=dims, keepdims=keepdim)
            out = total / np.float64(max(n - correction, 0)).astype(wide.dtype)
        else:
            out = numpy_folds[name](wide, axis=dims, keepdims=keepdim)
    return np.asarray(out, dtype=x.dtype)
