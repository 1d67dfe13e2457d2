"""Reading and writing parts of a tensor: x[...] and masks.

Basic indexing (ints, slices, None, ...) gives a view; indexing with tensors, lists or masks gives
a copy.  The vjp of reading a part is to put the gradient of the part into zeros (``put``), and
the vjp of that is to read the part again.
"""

import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

from numpy cimport (
    PyArray_DIMS, PyArray_NDIM, PyArray_SIZE, import_array, ndarray,
)

from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport bool_, dtype, dtype_of, float16, int32, int64
from minigrad.kernels.choice cimport put_where, take_where, triangle as keep_triangle
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.shapes cimport same_shape
from minigrad.memory cimport empty_like_array
from minigrad.ops.broadcast cimport sum_to
from minigrad.ops.choice cimport chosen
from minigrad.ops.common cimport (
    as_tensor, cast, contiguous, is_number, number_tensor, operand_tensor, shape_of,
)
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, view_of, wrap
from minigrad.ops.shape import broadcast_tensors
from minigrad.ops.inplace import in_place
from minigrad.ops.inplace cimport check_distinct, check_inplace, check_overlap, write, written

import_array()

cdef object EVERYTHING = slice(None)


# ---------------------------------------------------------------- x[index]

cdef bint is_several(object index) except -1:
    """Whether an index is one for each of several dimensions: a tuple, or a list that looks so.

    torch's rule from before NumPy's: ``x[[[0, 1], [1, 2]]]`` is ``x[[0, 1], [1, 2]]``.
    """
    if not isinstance(index, list) or len(index) >= 32:
        return isinstance(index, tuple)
    for item in index:
        if item is None or item is Ellipsis or isinstance(
                item, (Tensor, np.ndarray, list, tuple, slice, str)):
            warnings.warn(
                "Using a non-tuple sequence for multidimensional indexing is deprecated: use "
                "x[tuple(seq)] instead of x[seq], or x[tensor(seq)] for one index."
            )
            return True
    return False


cdef object numpy_index(Tensor x, object index, bint *basic):
    """Return ``index`` as NumPy takes it, checked as torch does; say whether it is basic."""
    cdef tuple items = tuple(index) if is_several(index) else (index,)
    cdef list converted = []
    cdef int used = 0, ellipses = 0, ndim = PyArray_NDIM(x.array)
    basic[0] = True
    for item in items:
        if item is None:
            pass
        elif item is Ellipsis:
            ellipses += 1
        elif isinstance(item, slice):
            item = slice(whole(item.start), whole(item.stop), whole(item.step))
            if item.step is not None and item.step <= 0:
                raise ValueError(f"step must be greater than zero, but got {item.step}")
            used += 1
        elif isinstance(item, (bool, np.bool_)):
            basic[0] = False
        elif isinstance(item, (int, np.integer)):
            used += 1
        else:
            if isinstance(item, str):
                raise TypeError(f"an index is an int, a slice, None, ... or a tensor: not {item!r}")
            if isinstance(item, Tensor):
                item = (<Tensor>item).array
            else:
                item = np.asarray(item)
                if item.dtype.kind == "f" and item.size == 0 and item.ndim == 1:
                    item = item.astype(np.int64)        # x[[]]
            if item.dtype.kind not in "iub":
                raise IndexError(
                    "tensors used as indices must be long, int, byte or bool tensors, but got "
                    f"{item.dtype}"
                )
            if item.dtype == np.uint8:
                warnings.warn("indexing with dtype uint8 is now deprecated, please use a "
                              "dtype bool instead.")
                item = item.astype(np.bool_)
            if item.dtype.kind == "b" and not item.size and item.shape != (
                    shape_of(x)[used:used + item.ndim]):     # NumPy lets it pass
                raise IndexError(f"The shape of the mask {list(item.shape)} does not match the "
                                 f"shape of the indexed tensor {list(x.shape)}")
            if item.ndim == 0 and item.dtype.kind != "b":
                item = int(item)
                used += 1
            else:
                basic[0] = False
                used += item.ndim if item.dtype.kind == "b" else 1
        converted.append(item)
    if used > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    if ellipses > 1:
        converted = without_ellipses(converted, used, ndim)
    if ellipses != 1:
        converted.append(Ellipsis)      # NumPy then gives an array, never a scalar
    return tuple(converted)


cdef list without_ellipses(list items, int used, int ndim):
    """Return an index with several ellipses, which NumPy refuses, as torch understands it: each
    skips as many dimensions as the other items leave over; at the end there are none to skip."""
    cdef list out = []
    cdef int left = ndim - used
    for item in items:
        if item is Ellipsis:
            out += [EVERYTHING] * left
            used += left
        else:
            out.append(item)
    while used > ndim and out[len(out) - 1] is EVERYTHING:
        out.pop()
        used -= 1
    if used > ndim:
        raise IndexError(f"Dimension out of range: {ndim} dimensions, but an index for {used}")
    return out


cdef object whole(object bound):
    """Return a slice's bound as an int; a tensor of one element counts."""
    return bound.__index__() if isinstance(bound, Tensor) else bound


cdef tuple in_two_steps(tuple key):
    """Return (basic index, advanced index) to apply one after the other, or None for one step.

    To NumPy an int beside index arrays is an index array too; where something lies between them,
    the result would have their dimension in front.  torch takes the ints first.
    """
    found = [i for i, item in enumerate(key) if isinstance(item, (int, np.integer, np.ndarray))]
    ints = [i for i in found if not isinstance(key[i], (np.ndarray, bool, np.bool_))]
    if not ints or len(ints) == len(found) or len(found) == found[len(found) - 1] - found[0] + 1:
        return None
    first, second = [], []
    for item in key:
        if isinstance(item, (bool, np.bool_)):      # a mask over a dimension of size 1
            first.append(None)
            second.append(np.array([item]))
        elif isinstance(item, np.ndarray):
            first.extend([slice(None)] * (item.ndim if item.dtype.kind == "b" else 1))
            second.append(item)
        else:
            first.append(item)
            if item is Ellipsis:
                second.append(item)
            elif item is None or isinstance(item, slice):
                second.append(slice(None))
    return tuple(first), tuple(second)


cdef tuple own_copies(tuple key):
    """Return an index for the tape, safe from later writes to the tensors it was made of."""
    return tuple([item.copy() if isinstance(item, np.ndarray) else item for item in key])


cdef object index_error(Tensor x, object index, object error):
    """Return torch's IndexError for NumPy's."""
    items = index if isinstance(index, tuple) else (index,)
    if len(items) == 1 and isinstance(items[0], int) and PyArray_NDIM(x.array) == 0:
        return IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` to convert a 0-dim tensor to a "
            "number"
        )
    text = str(error).replace("axis", "dimension")
    return IndexError(f"{text} (indexing a tensor of shape {list(x.shape)})")


def getitem(input, index):
    """Return ``input[index]``: a view for a basic index, else a copy."""
    cdef Tensor x = <Tensor?>input, out
    cdef bint basic
    if PyArray_NDIM(x.array) == 0 and isinstance(index, int) and not isinstance(index, bool):
        raise index_error(x, index, None)
    if isinstance(index, Tensor) and dtype_of((<Tensor>index).array) is bool_ and (
            same_shape(x.array, (<Tensor>index).array)):
        return selected(x, wrap((<Tensor>index).array.copy()), "IndexBackward0")
    key = numpy_index(x, index, &basic)
    if not basic and (steps := in_two_steps(key)) is not None:
        return getitem(getitem(x, steps[0]), steps[1])
    try:
        array = x.array[key]
    except IndexError as error:
        raise index_error(x, index, error) from None
    out = view_of(x, array) if basic else wrap(np.ascontiguousarray(array) if array.ndim else array)
    if recording(x):
        record(out, label_of(index) if basic else "IndexBackward0", getitem_vjp, (x,), (),
               (shape_of(x), key if basic else own_copies(key), basic))
    return out


cdef str label_of(object index):
    """Return torch's name for a basic index: it takes the items as ops, one after another."""
    for item in reversed(index) if isinstance(index, (tuple, list)) else (index,):
        if item is None or isinstance(item, bool):
            return "UnsqueezeBackward0"
        if isinstance(item, slice):
            if item != EVERYTHING:
                return "SliceBackward0"
        elif item is not Ellipsis:
            return "SelectBackward0"
    return "AliasBackward0"


cdef getitem_vjp(Node node, object g):
    shape, key, basic = node.extra
    return (put(<Tensor>g, shape, key, basic),)


cdef Tensor put(Tensor values, tuple shape, object key, bint basic):
    """Return zeros of ``shape`` with ``values`` added at ``key``."""
    cdef Tensor out = wrap(np.zeros(shape, values.array.dtype))
    if basic:
        out.array[key] = values.array
    else:
        add_at(out.array, key, values.array)
    if recording(values):
        record(out, "PutBackward0", put_vjp, (values,), (), (shape, key, basic))
    return out


cdef object add_at(object out, tuple key, object values):
    """Add ``values`` to a contiguous array at ``key``; items may occur more than once."""
    rows = key[0]
    if len(key) == 2 and key[1] is Ellipsis and isinstance(rows, np.ndarray):
        if out.ndim > 1 and rows.dtype.kind == "i":     # NumPy adds numbers faster than rows
            width = out.size // max(len(out), 1)
            places = np.multiply(rows, width, dtype=np.int64)[..., None] + np.arange(width)
            np.add.at(out.reshape(-1), places.ravel(), np.ravel(values))
            return
    np.add.at(out, key, values)


cdef put_vjp(Node node, object g):
    cdef Tensor grad = <Tensor>g, out
    shape, key, basic = node.extra
    array = grad.array[key]
    out = view_of(grad, array) if basic else wrap(array)
    if recording(grad):
        record(out, "IndexBackward0", getitem_vjp, (grad,), (), (shape, key, basic))
    return (out,)


# ---------------------------------------------------------------- x[index] = value

def setitem(input, index, value):
    """Write ``value`` (a tensor that broadcasts, or a number) into ``input[index]``, in place."""
    cdef Tensor x = <Tensor?>input, v
    cdef bint basic
    cdef dtype d
    key = numpy_index(x, index, &basic)
    if not basic and (steps := in_two_steps(key)) is not None:
        setitem(getitem(x, steps[0]), steps[1], value)
        return
    if is_number(value):
        d = dtype_of(x.array)       # a float16 overflows to infinity
        v = operand_tensor(value, d) if d is float16 else number_tensor(value, d)
    elif isinstance(value, (Tensor, np.ndarray, np.generic)):
        v = cast(as_tensor(value), dtype_of(x.array))
    else:
        raise TypeError(
            f"can't assign a {type(value).__name__} to a tensor of {dtype_of(x.array)}: expected "
            "a Tensor or a number"
        )
    check_inplace(x, recording(v), not basic)
    try:
        part = x.array[key]
    except IndexError as error:
        raise index_error(x, index, error) from None
    region = part.shape
    if basic:
        check_distinct(part)
        check_overlap(part, v.array)
    array = v.array
    while array.ndim > len(region) and array.shape[0] == 1:
        array = array[0]                # torch lets leading ones go
    if basic and x.base is not None and (recording(x) or recording(v)):
        # Elements of a view may share memory (``expand``, ``unfold``): its part tells the base.
        write(<Tensor>getitem(x, index), v.reshape((<object>array).shape), "CopyBackwards", True)
        return
    try:
        x.array[key] = array
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(v.shape)} cannot be broadcast to "
            f"indexing result of shape {list(region)}"
        ) from None
    if recording(x) or recording(v):
        record(x, "CopySlices" if basic else "IndexPutBackward0", setitem_vjp, (x, v), (),
               (key if basic else own_copies(key), v.shape))
    written(x)


cdef setitem_vjp(Node node, object g):
    key, shape = node.extra
    before = after = None
    if node.needs(0):
        overwritten = np.zeros((<object>(<Tensor>g).array).shape, np.bool_)
        overwritten[key] = True
        before = masked_fill(g, wrap(overwritten), 0.0)
    if node.needs(1):
        part = g[key]
        while part.dim() < len(shape):
            part = part.unsqueeze(0)
        after = sum_to(<Tensor>part, tuple(shape))
    return before, after


# ---------------------------------------------------------------- masks

def masked_fill(input, mask, value):
    """Return a copy with ``value`` (a number or 0-d tensor) where ``mask`` (bool) is True.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, -2.0])
    >>> x.masked_fill(x < 0, 0.0)
    tensor([1., 0.])
    """
    cdef Tensor x = <Tensor?>input, m = <Tensor?>mask, out, v
    if dtype_of(m.array) is not bool_:
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {m.dtype}"
        )
    if isinstance(value, Tensor):
        if value.dim() > 0:
            raise RuntimeError(
                "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value.dim()} dimension(s)."
            )
        v = cast(<Tensor>value, dtype_of(x.array))
    else:
        v = number_tensor(value, dtype_of(x.array))
    try:
        out = wrap(chosen(m.array, v.array, x.array))
    except ValueError:
        raise RuntimeError(
            f"masked_fill: mask of shape {list(m.shape)} does not broadcast with {list(x.shape)}"
        ) from None
    if recording(x) or recording(v):
        label = "MaskedFillBackward1" if isinstance(value, Tensor) else "MaskedFillBackward0"
        record(out, label, masked_fill_vjp, (x, v), (m,), shape_of(x))
    return out


cdef masked_fill_vjp(Node node, object g):
    m = node.tensor(0)
    return (
        sum_to(<Tensor>masked_fill(g, m, 0.0), node.extra) if node.needs(0) else None,
        masked_fill(g, ~m, 0.0).sum() if node.needs(1) else None,
    )


def masked_fill_(input, mask, value):
    """Write ``masked_fill(...)`` of this tensor into it, and return it.

    Of elements that share memory (``expand``) all change if the mask is True for any.
    """
    cdef Tensor x = <Tensor?>input
    if recording(x) or is_distinct(x.array) or isinstance(value, Tensor):
        return fill_masked(x, mask, value)
    filled = masked_fill(x, mask, value)
    if filled.shape != x.shape:
        raise RuntimeError(
            f"output with shape {list(x.shape)} doesn't match the broadcast shape "
            f"{list(filled.shape)}"
        )
    check_inplace(x, False, False)
    np.copyto(x.array, number_tensor(value, dtype_of(x.array)).array, where=(<Tensor>mask).array)
    written(x)
    return x


cdef object fill_masked = in_place(masked_fill, "masked_fill_")


cdef bint is_distinct(ndarray x) except -1:
    """Whether each element of ``x`` has memory of its own."""
    return not any([step == 0 and size > 1 for size, step in zip(
        (<object>x).shape, (<object>x).strides)])


def masked_select(input, mask):
    """Return the elements where ``mask`` is True, as one dimension."""
    if dtype_of((<Tensor?>mask).array) is not bool_:
        raise RuntimeError(
            f"masked_select: expected BoolTensor for mask, but got {mask.dtype}")
    input, mask = broadcast_tensors(input, mask)
    return selected(<Tensor>input, <Tensor>mask, "MaskedSelectBackward0")


cdef Tensor selected(Tensor x, Tensor mask, str label):
    """Take and record the elements where a mask of the same shape holds."""
    cdef ndarray marks = contiguous(mask.array)
    cdef Tensor out = wrap(np.empty(np.count_nonzero(marks), x.array.dtype))
    take_where(out.array, contiguous(x.array), marks)
    if recording(x):
        record(out, label, selected_vjp, (x,), (mask,))
    return out


cdef selected_vjp(Node node, object g):
    return (returned(<Tensor>g, <Tensor>node.tensor(0)),)


cdef Tensor returned(Tensor values, Tensor mask):
    cdef ndarray marks = contiguous(mask.array)
    cdef Tensor out = wrap(np.empty((<object>marks).shape, values.array.dtype))
    put_where(out.array, contiguous(values.array), marks)
    if recording(values):
        record(out, "PutBackward0", returned_vjp, (values,), (mask,))
    return out


cdef returned_vjp(Node node, object g):
    return (selected(<Tensor>g, <Tensor>node.tensor(0), "IndexBackward0"),)


def nonzero(input, *, as_tuple=False):
    """Return the indices of the elements that are not zero: int64, one row each."""
    found = np.nonzero(np.atleast_1d((<Tensor?>input).array))
    if as_tuple:
        return tuple([wrap(i) for i in found])
    if (<Tensor>input).dim() == 0:
        return wrap(np.zeros((len(found[0]), 0), np.int64))
    return wrap(np.ascontiguousarray(np.stack(found, 1)))


# ---------------------------------------------------------------- triangles

cdef Tensor triangle(Tensor x, Py_ssize_t diagonal, bint upper):
    """Keep the elements on one side of a diagonal; the gradient does the same."""
    cdef ndarray array = contiguous(x.array)
    cdef Tensor out
    if PyArray_NDIM(array) < 2:
        raise RuntimeError(
            f"{'triu' if upper else 'tril'}: input tensor must have at least 2 dimensions")
    out = wrap(empty_like_array(array))
    keep_triangle(out.array, array, diagonal, upper, threads_for(PyArray_SIZE(array)))
    if recording(x):
        record(out, "TriuBackward0" if upper else "TrilBackward0", triangle_vjp, (x,), (),
               (diagonal, upper))
    return out


cdef triangle_vjp(Node node, object g):
    diagonal, upper = node.extra
    return (triangle(<Tensor>g, diagonal, upper),)


def tril(input, diagonal=0):
    """Return the lower triangle of the matrices, zeros above ``diagonal``."""
    return triangle(<Tensor?>input, diagonal, False)


def triu(input, diagonal=0):
    """Return the upper triangle of the matrices, zeros below ``diagonal``."""
    return triangle(<Tensor?>input, diagonal, True)
