"""Reading and writing parts of a tensor: x[...], gather, scatter, masks.

Basic indexing (ints, slices, None, ...) gives a view; indexing with tensors, lists or masks gives
a copy.  The vjp of reading a part is to put the gradient of the part into zeros (``put``), and
the vjp of that is to read the part again.
"""

import numpy as np

from numpy cimport (
    PyArray_DIMS, PyArray_NDIM, PyArray_SIZE, import_array, ndarray,
)

from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport bool_, dtype_of, int32, int64
from minigrad.ops.broadcast cimport sum_to
from minigrad.ops.common cimport as_tensor, cast, is_number, number_tensor
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, view_of, wrap
from minigrad.ops.shape import broadcast_tensors
from minigrad.ops.inplace import in_place
from minigrad.ops.inplace cimport check_distinct, check_inplace, check_overlap, written

import_array()


# ---------------------------------------------------------------- x[index]

cdef object numpy_index(Tensor x, object index, bint *basic):
    """Return ``index`` as NumPy takes it, checked as torch does; say whether it is basic."""
    cdef tuple items = tuple(index) if isinstance(index, tuple) else (index,)
    cdef list converted = []
    cdef int used = 0, ndim = PyArray_NDIM(x.array)
    cdef bint ellipsis = False
    basic[0] = True
    for item in items:
        if item is None:
            pass
        elif item is Ellipsis:
            if ellipsis:
                raise IndexError("an index can only have a single ellipsis ('...')")
            ellipsis = True
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
            item = (<Tensor>item).array if isinstance(item, Tensor) else np.asarray(item)
            if item.dtype.kind == "f" and item.size == 0 and item.ndim == 1:
                item = item.astype(np.int64)        # x[[]]
            if item.dtype.kind not in "iub":
                raise IndexError(
                    "tensors used as indices must be long, int, byte or bool tensors, but got "
                    f"{item.dtype}"
                )
            if item.dtype == np.uint8:
                item = item.astype(np.bool_)
            if item.ndim == 0 and item.dtype.kind != "b":
                item = int(item)
                used += 1
            else:
                basic[0] = False
                used += item.ndim if item.dtype.kind == "b" else 1
        converted.append(item)
    if used > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    if not ellipsis:
        converted.append(Ellipsis)      # NumPy then gives an array, never a scalar
    return tuple(converted)


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
    key = numpy_index(x, index, &basic)
    if not basic and (steps := in_two_steps(key)) is not None:
        return getitem(getitem(x, steps[0]), steps[1])
    try:
        array = x.array[key]
    except IndexError as error:
        raise index_error(x, index, error) from None
    out = view_of(x, array) if basic else wrap(np.ascontiguousarray(array) if array.ndim else array)
    if recording(x):
        record(out, "SliceBackward0" if basic else "IndexBackward0", getitem_vjp, (x,), (),
               ((<object>x.array).shape, key if basic else own_copies(key), basic))
    return out


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
    key = numpy_index(x, index, &basic)
    if not basic and (steps := in_two_steps(key)) is not None:
        setitem(getitem(x, steps[0]), steps[1], value)
        return
    if is_number(value):
        v = number_tensor(value, dtype_of(x.array))
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
    try:
        x.array[key] = array
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(v.shape)} cannot be broadcast to "
            f"indexing result of shape {list(region)}"
        ) from None
    if recording(x) or recording(v):
        record(x, "IndexPutBackward0", setitem_vjp, (x, v), (),
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


# ---------------------------------------------------------------- one index for each element

cdef tuple along(ndarray index, int dim):
    """Return the full index that picks ``index`` along ``dim`` and stays in place elsewhere."""
    grid = list(np.ogrid[tuple([slice(0, s) for s in (<object>index).shape])])
    grid[dim] = index
    return tuple(grid)


cdef Tensor checked_index(Tensor x, int d, object index, str name):
    cdef Tensor i
    if isinstance(index, Tensor) and dtype_of((<Tensor>index).array) is int32:
        index = cast(<Tensor>index, int64)
    if isinstance(index, Tensor) and PyArray_SIZE((<Tensor>index).array) == 0:
        index = cast(<Tensor>index, int64)     # picks nothing, whatever its dtype
    if not isinstance(index, Tensor) or dtype_of((<Tensor>index).array) is not int64:
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    i = <Tensor>index
    if PyArray_SIZE(i.array) and max(PyArray_NDIM(i.array), 1) != max(PyArray_NDIM(x.array), 1):
        raise RuntimeError(
            "Index tensor must have the same number of dimensions as input tensor: got "
            f"{list(i.shape)} for input {list(x.shape)}"
        )
    size = PyArray_DIMS(x.array)[d] if PyArray_NDIM(x.array) else 1
    if PyArray_SIZE(i.array) and (i.array.min() < 0 or i.array.max() >= size):
        bad = i.array[(i.array < 0) | (i.array >= size)].ravel()[0]
        raise RuntimeError(f"index {bad} is out of bounds for dimension {d} with size {size}")
    return i


def gather(input, dim, index, *, sparse_grad=False):
    """Return ``out[i][j] = input[index[i][j]][j]`` (for ``dim=0``): one pick for each element of
    ``index`` (int64), along ``dim``.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).gather(1, minigrad.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    cdef Tensor x = <Tensor?>input, out
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    cdef Tensor i = checked_index(x, d, index, "gather")
    if PyArray_SIZE(i.array) == 0:
        return x.reshape(-1)[:0].reshape(i.shape)
    if PyArray_NDIM(x.array) == 0:
        return gather(x.reshape(1), 0, i.reshape(-1)).reshape(i.shape)
    for k in range(x.dim()):
        if k != d and i.shape[k] > x.shape[k]:
            raise RuntimeError(
                f"Size does not match at dimension {k} expected index {list(i.shape)} to be no "
                f"larger than self {list(x.shape)} apart from dimension {d}"
            )
    key = along(i.array, d)
    out = wrap(x.array[key])
    if recording(x):
        record(out, "GatherBackward0", getitem_vjp, (x,), (),
               ((<object>x.array).shape, own_copies(key), False))
    return out


def take_along_dim(input, indices, dim=None):
    """Return ``gather`` with broadcasting; with no ``dim``, from the flattened input."""
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    d = checked_dim(dim, input.dim())
    sizes = np.broadcast_shapes(
        tuple([1 if i == d else s for i, s in enumerate(input.shape)]),
        tuple([1 if i == d else s for i, s in enumerate(indices.shape)]))
    own = tuple([input.shape[d] if i == d else s for i, s in enumerate(sizes)])
    wanted = tuple([indices.shape[d] if i == d else s for i, s in enumerate(sizes)])
    if isinstance(indices, Tensor) and dtype_of((<Tensor>indices).array) is int64:
        found = (<Tensor>indices).array     # here, and not in gather, -1 is the last
        indices = wrap(np.asarray(np.where(found < 0, found + own[d], found)))
    return gather(input.expand(own), d, indices.expand(wanted))


cdef int check_source(Tensor x, int d, Tensor i, Tensor source, str name) except -1:
    """Raise unless every index has an item of ``source``, and a place in ``x``, beside it."""
    if dtype_of(source.array) is not dtype_of(x.array):
        raise RuntimeError(
            f"{name}(): Expected self.dtype to be equal to src.dtype, but got {x.dtype} and "
            f"{source.dtype}"
        )
    fits = source.dim() == x.dim()
    for k in range(x.dim()):
        fits = fits and i.shape[k] <= source.shape[k] and (k == d or i.shape[k] <= x.shape[k])
    if not fits:
        raise RuntimeError(
            f"{name}(): Expected index {list(i.shape)} to be no larger than self {list(x.shape)} "
            f"apart from dimension {d} and to be no larger size than src {list(source.shape)}"
        )
    return 0


def scatter_add(input, dim, index, src):
    """Return a copy of the input with ``src`` added at ``index`` along ``dim``."""
    cdef Tensor x = <Tensor?>input, s = <Tensor?>src, out
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    cdef Tensor i = checked_index(x, d, index, "scatter_add")
    if PyArray_NDIM(x.array) == 0:
        return scatter_add(x.reshape(1), 0, i.reshape(-1), s.reshape(-1)).reshape(())
    if PyArray_SIZE(i.array) == 0:
        return x.clone()
    check_source(x, d, i, s, "scatter_add")
    part = s[tuple([slice(0, n) for n in i.shape])]
    key = along(i.array, d)
    out = wrap(x.array.copy())
    np.add.at(out.array, key, (<Tensor>part).array)
    if recording(x) or recording(<Tensor>part):
        record(out, "ScatterAddBackward0", scatter_add_vjp, (x, part), (), own_copies(key))
    return out


cdef scatter_add_vjp(Node node, object g):
    return g if node.needs(0) else None, g[node.extra] if node.needs(1) else None


def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """Return a copy of the input with ``src`` (a tensor or number) written at ``index``.

    ``reduce`` "add" adds it there and "multiply" multiplies by it; in torch they are on their way
    out for ``scatter_reduce``, and the second has no gradient.
    """
    cdef Tensor x = <Tensor?>input, out
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    cdef Tensor i = checked_index(x, d, index, "scatter")
    src = value if src is None else src
    if PyArray_NDIM(x.array) == 0:
        items = src.reshape(-1) if isinstance(src, Tensor) else src
        return scatter(x.reshape(1), 0, i.reshape(-1), items, reduce=reduce).reshape(())
    out = x.clone()
    if PyArray_SIZE(i.array) == 0:
        return out
    if reduce is not None:
        return scatter_with(reduce, out, d, i, src)
    if isinstance(src, Tensor):
        check_source(x, d, i, <Tensor>src, "scatter")
        src = src[tuple([slice(0, n) for n in i.shape])]
    out[tuple([wrap(np.asarray(k)) for k in along(i.array, d)])] = src
    return out


cdef Tensor scatter_with(str reduce, Tensor x, int d, Tensor i, object src):
    cdef Tensor items = (<Tensor>src if isinstance(src, Tensor) else wrap(
        np.full((<object>i.array).shape, number_tensor(src, dtype_of(x.array)).array)))
    if reduce == "add":
        return scatter_add(x, d, i, items)
    if reduce != "multiply":
        raise RuntimeError(f"reduce argument must be either add or multiply, but got {reduce}")
    if recording(x) or recording(items):
        raise RuntimeError(
            "scatter with reduce='multiply' has no gradient: use scatter_reduce with 'prod'")
    check_source(x, d, i, items, "scatter")
    part = items.array[tuple([slice(0, n) for n in i.shape])]
    np.multiply.at(x.array, along(i.array, d), part)
    return x


def index_select(input, dim, index):
    """Return the items at ``index`` (1-d integers) along ``dim``."""
    cdef Tensor x = <Tensor?>input
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    if index.dim() > 1:
        raise IndexError(
            f"index_select(): Index is supposed to be a vector, but got dim {index.dim()}"
        )
    return x[(slice(None),) * d + (index.reshape(-1),)] if x.dim() else x.clone()


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
        out = wrap(np.asarray(np.where(m.array, v.array, x.array)))
    except ValueError:
        raise RuntimeError(
            f"masked_fill: mask of shape {list(m.shape)} does not broadcast with {list(x.shape)}"
        ) from None
    if recording(x) or recording(v):
        record(out, "MaskedFillBackward0", masked_fill_vjp, (x, v), (m,),
               (<object>x.array).shape)
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


cdef bint is_distinct(ndarray x):
    """Whether each element of ``x`` has memory of its own."""
    return not any([step == 0 and size > 1 for size, step in zip(
        (<object>x).shape, (<object>x).strides)])


def masked_select(input, mask):
    """Return the elements where ``mask`` is True, as one dimension."""
    if dtype_of((<Tensor?>mask).array) is not bool_:
        raise RuntimeError(
            f"masked_select: expected BoolTensor for mask, but got {mask.dtype}")
    input, mask = broadcast_tensors(input, mask)
    return input[mask]


def nonzero(input, *, as_tuple=False):
    """Return the indices of the elements that are not zero: int64, one row each."""
    found = np.nonzero(np.atleast_1d((<Tensor?>input).array))
    if as_tuple:
        return tuple([wrap(i) for i in found])
    if (<Tensor>input).dim() == 0:
        return wrap(np.zeros((len(found[0]), 0), np.int64))
    return wrap(np.ascontiguousarray(np.stack(found, 1)))


# ---------------------------------------------------------------- triangles

cdef Tensor triangle(object keep, object input, object diagonal):
    cdef Tensor x = <Tensor?>input
    if x.dim() < 2:
        raise RuntimeError(f"{keep.__name__}: input tensor must have at least 2 dimensions")
    mask = wrap(keep(np.ones((x.size(-2), x.size(-1)), np.bool_), diagonal))
    return masked_fill(x, ~mask, 0)


def tril(input, diagonal=0):
    """Return the lower triangle of the matrices, zeros above ``diagonal``."""
    return triangle(np.tril, input, diagonal)


def triu(input, diagonal=0):
    """Return the upper triangle of the matrices, zeros below ``diagonal``."""
    return triangle(np.triu, input, diagonal)
