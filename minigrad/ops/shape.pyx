"""Changing a tensor's shape and the order of its elements.

Most of these return views: the same memory under another shape and other strides, so that an
in-place write to one shows in the other.  The vjp of a view undoes it: a permutation by its
inverse, an expansion by a sum, a reshape by the old shape.
"""

import numpy as np

from numpy cimport (
    PyArray_DATA, PyArray_DIMS, PyArray_IS_C_CONTIGUOUS, PyArray_NDIM, PyArray_SIZE,
    PyArray_STRIDES, import_array, ndarray, npy_intp,
)

from minigrad.convert cimport checked_dim
from minigrad.dtypes cimport dtype as dtype_type
from minigrad.ops.common cimport shape_of, size_tuple, tensor_argument
from minigrad.ops.broadcast cimport MAX_DIMS, check_rank, expand_to, strided, viewed
from minigrad.ops.recorded import labelled
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, alias_of, wrap

import_array()

cdef tuple sizes_given(tuple sizes, object named):
    """Return sizes, or dimensions, given one by one, as one sequence, or by name."""
    return size_tuple(sizes if named is None else (named,))


# ---------------------------------------------------------------- reshape

cdef tuple filled_in(tuple shape, Py_ssize_t size):
    """Return ``shape`` with a -1 replaced by what ``size`` elements leave for it."""
    cdef object known = 1       # of any size: the product of sizes may be
    cdef int unknown = -1
    for i, s in enumerate(shape):
        if s == -1:
            if unknown >= 0:
                raise RuntimeError("only one dimension can be inferred")
            unknown = i
        elif s < 0:
            raise RuntimeError(f"invalid shape dimension {s} at index {i} of shape {list(shape)}")
        else:
            known *= s
    if unknown >= 0:
        if known == 0:
            raise RuntimeError(
                f"cannot reshape tensor of {size} elements into shape {list(shape)} because the "
                "unspecified dimension size -1 can be any value and is ambiguous"
            )
        if size % known == 0:
            shape = (*shape[:unknown], size // known, *shape[unknown + 1:])
            known = size
    if known != size or unknown >= 0 and -1 in shape:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    return shape


cdef Tensor reshape_to(Tensor x, tuple shape, str label="ViewBackward0"):
    cdef ndarray array
    cdef Tensor out
    cdef tuple old = shape_of(x)
    shape = filled_in(shape, PyArray_SIZE(x.array))
    check_rank(len(shape))
    array = x.array.reshape(shape)
    if PyArray_DATA(array) == PyArray_DATA(x.array):
        return viewed(x, array, label, reshape_vjp, old)
    out = wrap(array)
    if recording(x):
        record(out, "UnsafeViewBackward0", reshape_vjp, (x,), (), old)
    return out


cdef reshape_vjp(Node node, object g):
    return (reshape_to(<Tensor>g, <tuple>node.extra),)


def reshape(input, *sizes, shape=None):
    """Return the elements in row-major order under another shape; one size may be -1.

    A view where strides allow, else a copy.

    >>> import minigrad
    >>> minigrad.arange(6).reshape(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    return reshape_to(<Tensor?>input, sizes_given(sizes, shape))


def view(input, *sizes, size=None, dtype=None):
    """Return a view of another shape; RuntimeError where only a copy could have it.

    Given a dtype instead, the same bytes under that dtype.
    """
    cdef Tensor x = <Tensor?>input, out
    if len(sizes) == 1 and isinstance(sizes[0], dtype_type):
        dtype = sizes[0]
    if dtype is not None:
        out = alias_of(x)
        try:
            out.array = x.array.view((<dtype_type?>dtype).numpy)
        except ValueError as error:
            raise RuntimeError(
                f"cannot view {x.dtype} of shape {list(x.shape)} as {dtype}: {error}"
            ) from None
        return out
    wanted = filled_in(sizes_given(sizes, size), PyArray_SIZE(x.array))
    if not PyArray_IS_C_CONTIGUOUS(x.array) and PyArray_SIZE(x.array):
        array = x.array.reshape(wanted)
        if PyArray_DATA(<ndarray>array) != PyArray_DATA(x.array):
            raise RuntimeError(
                "view size is not compatible with input tensor's size and stride (at least one "
                f"dimension spans across two contiguous subspaces): shape {list(x.shape)}, strides "
                f"{list(x.stride())}, wanted {list(wanted)}. Use .reshape(...) instead."
            )
    return reshape_to(x, wanted)


def view_as(input, other):
    """Return ``input.view(other.shape)``."""
    return view(input, other.shape)


def reshape_as(input, other):
    """Return ``input.reshape(other.shape)``."""
    return reshape(input, other.shape)


def flatten(input, start_dim=0, end_dim=-1):
    """Return the input with dimensions ``start_dim`` to ``end_dim`` made one.

    >>> import minigrad
    >>> minigrad.zeros(2, 3, 4).flatten(1).shape
    minigrad.Size([2, 12])
    """
    cdef Tensor x = <Tensor?>input
    cdef tuple shape = shape_of(x)
    cdef int n = PyArray_NDIM(x.array)
    cdef int start = checked_dim(start_dim, n), end = checked_dim(end_dim, n)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if n == 0:
        return reshape_to(x, (1,))
    if start == end:
        return x
    size = 1
    for s in shape[start:end + 1]:
        size *= s
    return reshape_to(x, (*shape[:start], size, *shape[end + 1:]))


def ravel(input):
    """Return the elements as one dimension: a view of a contiguous tensor, else a copy."""
    return reshape_to((<Tensor?>input).contiguous(), (-1,) if (<Tensor>input).numel() else (0,))


def unflatten(input, dim, sizes):
    """Return the input with dimension ``dim`` split into ``sizes``, one of which may be -1."""
    cdef Tensor x = <Tensor?>input
    cdef tuple shape = shape_of(x)
    cdef int d = checked_dim(dim, PyArray_NDIM(x.array))
    inner = filled_in(tuple(sizes), shape[d])
    return reshape_to(x, (*shape[:d], *inner, *shape[d + 1:]))


def squeeze(input, *dims, dim=None, axis=None):
    """Return the input without its dimensions of size 1 (only those given, if any are).

    >>> import minigrad
    >>> minigrad.zeros(2, 1, 3).squeeze().shape
    minigrad.Size([2, 3])
    """
    cdef Tensor x = <Tensor?>input
    cdef tuple shape = shape_of(x)
    if dim is None:
        dim = axis
    if dims or dim is not None:
        drop = [checked_dim(d, len(shape)) for d in sizes_given(dims, dim)]
        for d in drop:
            if drop.count(d) > 1:
                raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    else:
        drop = range(len(shape))
    kept = tuple([s for i, s in enumerate(shape) if s != 1 or i not in drop])
    label = "SqueezeBackward0"
    if dims or dim is not None:
        several = len(dims) > 1 or isinstance(dims[0] if dims else dim, (tuple, list))
        label = "SqueezeBackward2" if several else "SqueezeBackward1"
    return reshape_to(x, kept, label)


def unsqueeze(input, dim=None, *, axis=None):
    """Return the input with a dimension of size 1 put in before ``dim`` (or ``axis``).

    >>> import minigrad
    >>> minigrad.zeros(2, 3).unsqueeze(1).shape
    minigrad.Size([2, 1, 3])
    """
    cdef Tensor x = <Tensor?>input
    cdef tuple shape = shape_of(x)
    cdef int d = checked_dim(dim if axis is None else axis, len(shape) + 1)
    check_rank(len(shape) + 1)
    return reshape_to(x, (*shape[:d], 1, *shape[d:]), "UnsqueezeBackward0")


# ---------------------------------------------------------------- order of dimensions

cdef Tensor permute_to(Tensor x, tuple order, str label="PermuteBackward0"):
    cdef npy_intp sizes[MAX_DIMS]
    cdef npy_intp strides[MAX_DIMS]
    cdef int i, n = PyArray_NDIM(x.array)
    for i in range(n):
        sizes[i] = PyArray_DIMS(x.array)[<int>order[i]]
        strides[i] = PyArray_STRIDES(x.array)[<int>order[i]]
    return viewed(x, strided(x.array, n, sizes, strides), label, permute_vjp, order)


cdef permute_vjp(Node node, object g):
    cdef tuple order = node.extra
    inverse = [0] * len(order)
    for i, d in enumerate(order):
        inverse[d] = i
    return (permute_to(<Tensor>g, tuple(inverse)),)


def permute(input, *order, dims=None):
    """Return a view with the dimensions in the given order.

    >>> import minigrad
    >>> minigrad.zeros(2, 3, 4).permute(2, 0, 1).shape
    minigrad.Size([4, 2, 3])
    """
    cdef Tensor x = <Tensor?>input
    cdef int n = PyArray_NDIM(x.array)
    if dims is None:
        dims = order[0] if len(order) == 1 and isinstance(order[0], (tuple, list)) else order
    if len(dims) != n:
        raise RuntimeError(
            f"permute(): number of dimensions in the tensor input does not match the length of "
            f"the desired ordering of dimensions i.e. input.dim() = {n} is not equal to "
            f"len(dims) = {len(dims)}"
        )
    order = tuple([checked_dim(d, n) for d in dims])
    if len(set(order)) != n:
        raise RuntimeError(f"permute(): duplicate dims are not allowed, but got {list(dims)}")
    return permute_to(x, order)


def transpose(input, dim0, dim1):
    """Return a view with two dimensions exchanged.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).transpose(0, 1)
    tensor([[1, 3],
            [2, 4]])
    """
    cdef Tensor x = <Tensor?>input
    cdef int n = PyArray_NDIM(x.array)
    i, j = checked_dim(dim0, n), checked_dim(dim1, n)
    order = list(range(n))
    if n:
        order[i], order[j] = order[j], order[i]
    return permute_to(x, tuple(order), "TransposeBackward0")


def swapaxes(input, axis0, axis1):
    """Return ``transpose(input, axis0, axis1)``."""
    return transpose(input, axis0, axis1)


def t(input):
    """Return the transpose of a matrix (a view); tensors of fewer dimensions as they are."""
    cdef Tensor x = <Tensor?>input
    if PyArray_NDIM(x.array) > 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {PyArray_NDIM(x.array)}D"
        )
    return permute_to(x, tuple(range(PyArray_NDIM(x.array) - 1, -1, -1)), "TBackward0")


def movedim(input, source, destination):
    """Return a view with the dimensions ``source`` moved to the places ``destination``."""
    cdef Tensor x = <Tensor?>input
    cdef int n = PyArray_NDIM(x.array)
    sources, places = [
        [dims] if isinstance(dims, (int, np.integer)) else list(dims) for dims in (source, destination)]
    if len(sources) != len(places):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({sources} dims) should contain "
            f"the same number of dims as destination ({places} dims)"
        )
    sources = [checked_dim(d, n) for d in sources]
    places = [checked_dim(d, n) for d in places]
    for name, found in ("source", sources), ("destination", places):
        if len(set(found)) < len(found):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({found})")
    rest = iter([d for d in range(n) if d not in sources])
    at = dict(zip(places, sources))
    return permute_to(x, tuple([at[i] if i in at else next(rest) for i in range(n)]))


# ---------------------------------------------------------------- expansion

def expand(input, *sizes, size=None):
    """Return a view with dimensions of size 1 repeated, without copying; -1 keeps a size.

    >>> import minigrad
    >>> minigrad.tensor([[1], [2]]).expand(2, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    return expand_to(<Tensor?>input, sizes_given(sizes, size))


def expand_as(input, other):
    """Return ``input.expand(other.shape)``."""
    return expand(input, tensor_argument(other, "expand_as", "other").shape)


def broadcast_to(input, *sizes, size=None):
    """Return ``input.expand(size)``."""
    return expand(input, *sizes, size=size)


def broadcast_tensors(*tensors):
    """Return all tensors expanded to the shape they broadcast to."""
    try:
        shape = np.broadcast_shapes(
            *[tensor_argument(x, "broadcast_tensors", "tensors").shape for x in tensors])
    except ValueError as error:
        raise RuntimeError(f"shapes do not broadcast: {error}") from None
    return tuple([expand(x, shape) for x in tensors])


def repeat(input, *sizes, repeats=None):
    """Return the input repeated ``sizes`` times along each dimension (a copy)."""
    cdef Tensor x = <Tensor?>input
    counts = sizes_given(sizes, repeats)
    n, own = len(counts), PyArray_NDIM(x.array)
    if n < own:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            f"tensor: got {list(counts)} for shape {list(x.shape)}"
        )
    shape = (1,) * (n - own) + tuple(x.shape)
    spread = reshape_to(x, tuple([k for s in shape for k in (1, s)]))
    wide = expand(spread, tuple([k for c, s in zip(counts, shape) for k in (c, s)]))
    out = wide.clone().reshape(tuple([c * s for c, s in zip(counts, shape)]))
    return labelled(out, "RepeatBackward0")


def tile(input, *counts, dims=None):
    """Return the input repeated; fewer counts than dimensions stand for the last ones."""
    counts = sizes_given(counts, dims)
    return repeat(input, (1,) * (input.dim() - len(counts)) + counts)


# ---------------------------------------------------------------- rearranging: copies

def flip(input, *order, dims=None):
    """Return a copy with the order of items reversed along the given dimensions."""
    cdef Tensor x = <Tensor?>input, out
    if not order and dims is None:
        raise TypeError('flip() missing 1 required positional arguments: "dims"')
    wanted = tuple([checked_dim(d, PyArray_NDIM(x.array)) for d in sizes_given(order, dims)])
    if len(set(wanted)) < len(wanted):
        raise RuntimeError(f"flip: a dim appears multiple times in the list of dims {wanted}")
    if not PyArray_NDIM(x.array):
        wanted = ()
    out = wrap(np.asarray(np.flip(x.array, wanted).copy()))
    if recording(x):
        record(out, "FlipBackward0", flip_vjp, (x,), (), wanted)
    return out


cdef flip_vjp(Node node, object g):
    return (flip(g, node.extra),)


def roll(input, shifts, dims=None):
    """Return a copy with the items shifted along ``dims``; what falls out comes in again."""
    cdef Tensor x = <Tensor?>input, out
    cdef int n = PyArray_NDIM(x.array)
    shifts = size_tuple((shifts,))
    if not shifts:
        raise RuntimeError("`shifts` required")
    if dims is not None and n == 0 and size_tuple((dims,)):
        raise IndexError(f"Dimension specified as {dims} but tensor has no dimensions")
    if dims is not None:
        dims = tuple([checked_dim(d, n) for d in size_tuple((dims,))])
    if len(shifts) != (1 if dims is None else len(dims)):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(shifts)}, "
            f"dims:{0 if dims is None else len(dims)}"
        )
    if n == 0:
        return x.clone()
    out = wrap(np.roll(x.array, shifts if dims is not None else shifts[0], dims))
    if recording(x):
        record(out, "RollBackward0", roll_vjp, (x,), (), (shifts, dims))
    return out


cdef roll_vjp(Node node, object g):
    shifts, dims = node.extra
    return (roll(g, tuple([-s for s in shifts]), dims),)
