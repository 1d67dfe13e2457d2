"""Python data to arrays: what tensor() makes of numbers, nested sequences, arrays and tensors."""

import numpy as np

from numpy cimport PyArray_TYPE, import_array, ndarray

from minigrad.dtypes cimport default_dtype, dtype, supported
from minigrad.tape cimport Variable

import_array()


cdef ndarray array_from(object data, dtype wanted):
    """Return numbers, nested sequences, arrays or tensors as an array of a minigrad dtype.

    Python floats become the default dtype and ints int64; arrays keep theirs.
    """
    cdef ndarray array
    if isinstance(data, Variable):
        array = (<Variable>data).array
    elif isinstance(data, (np.ndarray, np.generic)):
        array = supported(np.asarray(data))
    elif hasattr(data, "__array__") or hasattr(data, "__array_interface__"):
        array = supported(np.asarray(data))
    elif isinstance(data, (str, bytes)) or data is None:
        raise TypeError(f"expected a number, a (nested) sequence or an array, but got {data!r}")
    else:
        array = array_from_sequence(data, wanted)
    if wanted is not None and PyArray_TYPE(array) != wanted.num:
        array = np.asarray(array).astype(wanted.numpy)
    return array


cdef ndarray array_from_sequence(object data, dtype wanted):
    data = unwrapped(data)
    try:
        array = np.asarray(data)
    except ValueError:
        raise ValueError(
            "expected a rectangular sequence: all parts at the same depth of the same length"
        ) from None
    except OverflowError:
        raise RuntimeError("Overflow when unpacking long: an int does not fit in int64") from None
    kind = array.dtype.kind
    if array.size == 0 and kind == "f":
        return array.astype(default_dtype().numpy)
    if kind == "f" and wanted is None and not holds_numpy_floats(data):
        return array.astype(default_dtype().numpy)
    if kind == "O" or kind == "U":
        raise TypeError(f"new(): invalid data type {first_leaf(data)!r}; expected numbers")
    if kind == "u" and array.dtype == np.uint64:
        raise RuntimeError("Overflow when unpacking long: an int does not fit in int64")
    return supported(array)


cdef object unwrapped(object data):
    """Return ``data`` with the tensors in it replaced by arrays."""
    if isinstance(data, Variable):
        return (<Variable>data).array
    if isinstance(data, (list, tuple)):
        for item in data:
            if isinstance(item, (Variable, list, tuple)):
                return [unwrapped(item) for item in data]
        return data
    if hasattr(data, "__len__") and hasattr(data, "__getitem__") and not hasattr(data, "dtype"):
        return [unwrapped(data[i]) for i in range(len(data))]
    return data


cdef object first_leaf(object data):
    while isinstance(data, (list, tuple)) and len(data):
        data = data[0]
    return data


cdef bint holds_numpy_floats(object data):
    """Whether the first number in ``data`` is NumPy's own: then its dtype is kept."""
    return isinstance(first_leaf(data), (np.floating, np.ndarray)) and not isinstance(
        first_leaf(data), float
    )
