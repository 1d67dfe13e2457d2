"""``out=``: results written to tensors that already exist.

Torch gives nearly every function this argument, and nearly no call has it.  So no op here knows of
it: what stands before the ops (public.pyx) writes what they returned where ``out`` says.
"""

import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

from numpy cimport PyArray_SIZE, import_array

from minigrad.kernels.shapes cimport same_shape
from minigrad.ops.inplace cimport assign, check_inplace
from minigrad.tape cimport recording
from minigrad.tensor cimport Tensor

import_array()


def write_results(name, out, result):
    """Write what ``name()`` returned to ``out`` and return that: a tensor, or a tuple of them."""
    if out is None:
        return result
    if not isinstance(result, tuple):
        return write_out(name, out, <Tensor?>result)
    if not isinstance(out, (tuple, list)) or len(out) != len(result):
        raise TypeError(f"{name}(): argument 'out' must be {len(result)} Tensors")
    written = [write_out(name, o, <Tensor?>r) for o, r in zip(out, result)]
    return result._make(written) if hasattr(result, "_make") else tuple(written)


cdef Tensor write_out(str name, object out, Tensor result):
    cdef Tensor x
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    x = <Tensor>out
    if recording(result) or recording(x):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    check_inplace(x, False)
    if not same_shape(x.array, result.array):
        if PyArray_SIZE(x.array):
            warnings.warn(
                f"An output with one or more elements was resized since it had shape "
                f"{list(x.shape)}, which does not match the required output shape "
                f"{list(result.shape)}.")
        x.array = np.empty_like(result.array, dtype=x.array.dtype)
    return assign(x, result)
