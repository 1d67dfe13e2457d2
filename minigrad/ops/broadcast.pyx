"""How views are made, and broadcasting: expansion and the sum that undoes it.

``expand_to`` repeats a tensor along dimensions of size 1 without copying; ``sum_to`` adds up what
was repeated.  Each is the other's vjp, and the second is what the vjp of every broadcasting op ends
with.
"""

from cpython.ref cimport Py_INCREF
from numpy cimport (
    NPY_ARRAY_WRITEABLE, PyArray_CHKFLAGS, PyArray_DATA, PyArray_DIMS, PyArray_ITEMSIZE,
    PyArray_NDIM, PyArray_New, PyArray_STRIDES, PyArray_SetBaseObject, PyArray_TYPE, import_array,
    ndarray, npy_intp,
)

from minigrad.kernels.reduce cimport SUM
from minigrad.ops.common cimport shape_of
from minigrad.ops.fold cimport fold_to
from minigrad.tape cimport Node, record, recording, vjp_function
from minigrad.tensor cimport Tensor, view_of, wrap

import_array()


# ---------------------------------------------------------------- how views are made

cdef ndarray strided(ndarray x, int ndim, npy_intp *shape, npy_intp *strides):
    """Return an array over the memory of ``x`` with another shape and other strides (in bytes)."""
    cdef ndarray view = PyArray_New(
        ndarray, ndim, shape, PyArray_TYPE(x), strides, PyArray_DATA(x), PyArray_ITEMSIZE(x),
        NPY_ARRAY_WRITEABLE if PyArray_CHKFLAGS(x, NPY_ARRAY_WRITEABLE) else 0, None)
    Py_INCREF(x)
    PyArray_SetBaseObject(view, x)
    return view


cdef Tensor viewed(Tensor x, ndarray array, str label, vjp_function vjp, object extra):
    """Return ``array``, a view of ``x``'s memory, as a recorded view."""
    cdef Tensor out = view_of(x, array)
    if recording(x):
        record(out, label, vjp, (x,), (), extra)
    return out


cdef int check_rank(int ndim) except -1:
    if ndim > MAX_DIMS:
        raise RuntimeError(f"a tensor has at most {MAX_DIMS} dimensions, but {ndim} were asked for")
    return 0


# ---------------------------------------------------------------- expansion and its inverse

cdef double MOST = 2.0 ** 60     # elements: NumPy counts bytes, in 64 bits


cdef Tensor expand_to(Tensor x, tuple shape):
    """Return ``x`` expanded to ``shape``, in which -1 keeps a size."""
    cdef npy_intp new[MAX_DIMS]
    cdef npy_intp strides[MAX_DIMS]
    cdef int i, k, n = len(shape), own = PyArray_NDIM(x.array)
    cdef double exact = 1
    check_rank(n)
    if n < own:
        raise RuntimeError(
            f"expand({list(x.shape)}, size={list(shape)}): the number of sizes provided ({n}) must "
            f"be greater or equal to the number of dimensions in the tensor ({own})"
        )
    for i in range(n):
        k = i - (n - own)
        new[i] = shape[i]
        if k < 0:
            if new[i] < 0:
                raise RuntimeError(
                    f"expand({list(x.shape)}, size={list(shape)}): the expanded size of the tensor "
                    f"({new[i]}) isn't allowed in a leading, non-existing dimension {i}"
                )
            strides[i] = 0
        elif new[i] == -1 or new[i] == PyArray_DIMS(x.array)[k]:
            new[i] = PyArray_DIMS(x.array)[k]
            strides[i] = PyArray_STRIDES(x.array)[k]
        elif PyArray_DIMS(x.array)[k] == 1 and new[i] >= 0:
            strides[i] = 0
        else:
            raise RuntimeError(
                f"The expanded size of the tensor ({new[i]}) must match the existing size "
                f"({PyArray_DIMS(x.array)[k]}) at non-singleton dimension {i}.  Target sizes: "
                f"{list(shape)}.  Tensor sizes: {list(x.shape)}"
            )
    for i in range(n):
        exact *= max(new[i], 1)
    if exact > MOST:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    return viewed(x, strided(x.array, n, new, strides), "ExpandBackward0", expand_vjp,
                  shape_of(x))


cdef expand_vjp(Node node, object g):
    return (sum_to(<Tensor>g, <tuple>node.extra),)


cdef Tensor sum_to(Tensor x, tuple shape):
    """Sum ``x`` to ``shape``, from which it was broadcast: the vjp of broadcasting."""
    cdef Tensor out
    cdef tuple own = shape_of(x)
    if own == shape:
        return x
    out = wrap(fold_to(SUM, x.array, shape))
    if recording(x):
        record(out, "SumBackward1" if shape else "SumBackward0", sum_to_vjp, (x,), (), own)
    return out


cdef sum_to_vjp(Node node, object g):
    return (expand_to(<Tensor>g, <tuple>node.extra),)
