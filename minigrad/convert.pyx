"""What users give, as what the engine works with: data as arrays, dims counted from the front.

``array_from`` is what tensor() makes of numbers, nested sequences, arrays and tensors.
"""

import numpy as np

from numpy cimport PyArray_SIZE, PyArray_TYPE, import_array, ndarray

from libc.math cimport isinf, isnan

from minigrad.dtypes cimport bool_, default_dtype, dtype, float16, supported
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
    elif isinstance(data, (str, bytes)):
        raise TypeError(f"expected a number, a (nested) sequence or an array, but got {data!r}")
    else:
        array = array_from_sequence(data, wanted)
    if wanted is not None and PyArray_TYPE(array) != wanted.num:
        with np.errstate(all="ignore"):     # float16 overflows to infinity, NaN becomes an int
            array = np.asarray(array).astype(wanted.numpy)
    return array


cdef ndarray array_from_sequence(object data, dtype wanted):
    """Return numbers as an array: floats in dtype ``wanted``, or the default dtype if None."""
    cdef dtype floating = default_dtype() if wanted is None else wanted
    data = unwrapped(data, 0)
    try:
        array = np.asarray(data)
    except ValueError:
        check_numbers(data)
        check_lengths(data, lengths(data), 0)
        raise ValueError(
            "expected a rectangular sequence: all parts at the same depth of the same length"
        ) from None
    kind = array.dtype.kind
    if kind not in "biuf":
        check_numbers(data)
    if kind == "O" or array.dtype == np.uint64 or kind == "f" and isinstance(first_leaf(data), int):
        # what NumPy makes of an int that is too large for int64
        if all(isinstance(leaf, int) for leaf in leaves(data)):
            raise ValueError("Overflow when unpacking long: an int does not fit in int64")
    if wanted is not None and not wanted.is_floating_point and kind in "iuf" and array.size:
        check_fits(array.min().item(), array.max().item(), wanted)
    if kind == "O" or kind == "f":
        with np.errstate(all="ignore"):
            return array.astype(float_dtype(data, floating.numpy))
    return supported(array)


cdef int check_fits(object low, object high, dtype d) except -1:
    """Raise unless dtype ``d`` has the numbers from ``low`` to ``high``, two ints or two floats.

    As in torch, an unsigned dtype takes negative ints for what they are in two's complement.
    """
    if d is bool_ or d.is_floating_point and d is not float16:
        return 0
    if d is float16:
        fits = abs(low) <= 65504 or isinf(low) or isnan(low)
    else:
        limits = np.iinfo(d.numpy)
        least = limits.min if d.is_signed or isinstance(low, float) else -limits.max
        fits = least <= low and high <= limits.max      # not so for NaN
    if not fits:
        raise RuntimeError(
            f"value cannot be converted to type {d.name} without overflow: "
            f"{low if low == high or low != low else [low, high]}"
        )
    return 0


cdef list lengths(object data):
    """Return the shape that nested sequences have if all parts are like the first."""
    cdef list found = []
    while isinstance(data, (list, tuple)):
        found.append(len(data))
        if not data:
            break
        data = data[0]
    return found


cdef int check_lengths(object data, list expected, int dim) except -1:
    """Raise for the first part of nested sequences that is not of the ``expected`` shape."""
    if dim == len(expected) or not isinstance(data, (list, tuple)):
        if isinstance(data, (list, tuple)) or dim < len(expected):
            wanted = "a number" if dim == len(expected) else "a sequence"
            raise TypeError(f"expected {wanted} at dim {dim}, but got {data!r}")
        return 0
    if len(data) != expected[dim]:
        raise ValueError(
            f"expected sequence of length {expected[dim]} at dim {dim} (got {len(data)})"
        )
    for item in data:
        check_lengths(item, expected, dim + 1)
    return 0


def leaves(data):
    """Yield what nested lists and tuples hold in the end."""
    if not isinstance(data, (list, tuple)):
        yield data
        return
    for item in data:
        yield from leaves(item)


cdef int check_numbers(object data) except -1:
    """Raise for the first leaf of ``data`` that is no number."""
    for leaf in leaves(data):
        if isinstance(leaf, (complex, np.complexfloating)):
            raise TypeError(f"tensor(): complex numbers are not supported, but got {leaf!r}: "
                            "minigrad has no complex dtypes")
        if isinstance(leaf, str) and leaf is not data and leaf is first_leaf(data):
            raise ValueError(f"too many dimensions 'str': expected numbers, but got {leaf!r}")
        if isinstance(leaf, (str, bytes)):
            raise TypeError(f"new(): invalid data type '{type(leaf).__name__}'; expected numbers, "
                            f"but got {leaf!r}")
        if not isinstance(leaf, (int, float, np.generic, np.ndarray)):
            raise RuntimeError(
                f"Could not infer dtype of {type(leaf).__name__}: expected numbers, but got {leaf!r}"
            )
    return 0


cdef object unwrapped(object data, int depth):
    """Return ``data`` with the tensors in it, of one element each, replaced by NumPy's numbers."""
    if depth > 64:      # NumPy's limit, and no end in sight
        raise ValueError("expected a sequence of at most 64 dimensions")
    if isinstance(data, Variable):
        if PyArray_SIZE((<Variable>data).array) != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return (<Variable>data).array.reshape(())[()]
    if isinstance(data, (list, tuple)):
        for item in data:
            if isinstance(item, (Variable, list, tuple)):
                return [unwrapped(item, depth + 1) for item in data]
        return data
    if (hasattr(data, "__len__") and hasattr(data, "__getitem__")
            and not hasattr(data, "dtype") and not isinstance(data, (dict, str, bytes))):
        return [unwrapped(data[i], depth + 1) for i in range(len(data))]
    return data


cdef object first_leaf(object data):
    while isinstance(data, (list, tuple)) and len(data):
        data = data[0]
    return data


cdef object float_dtype(object data, object default):
    """Return NumPy's dtype for numbers: that of those which are NumPy's own (or were tensors),
    promoted with the default one if Python's floats are among them."""
    cdef list found = [None, False]
    note_floats(data, found)
    if found[0] is None:
        return default
    return np.promote_types(found[0], default) if found[1] else found[0]


cdef int note_floats(object data, list found) except -1:
    """Note in ``found`` the dtype of NumPy's floats, and whether there are Python's."""
    if isinstance(data, (list, tuple)):
        for item in data:
            if type(item) is float:
                found[1] = True
            elif type(item) is not int:
                note_floats(item, found)
    elif isinstance(data, (np.floating, np.ndarray)):
        if data.dtype.kind == "f":
            found[0] = data.dtype if found[0] is None else np.promote_types(found[0], data.dtype)
    elif isinstance(data, float):
        found[1] = True
    return 0


cpdef object checked_dim(object dim, int ndim):
    """Return ``dim`` counted from the front, or raise IndexError as torch does."""
    cdef int n = max(ndim, 1)
    if not hasattr(dim, "__index__") or isinstance(dim, bool):
        raise TypeError(f"dim must be an int, but got {type(dim).__name__}")
    k = dim.__index__()
    if not -n <= k < n:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {k})"
        )
    return k + n if k < 0 else k
