"""Views that overlap, skip or take the diagonal, and in-place changes of a tensor's own shape.

``as_strided`` may name any element of the memory that its input lies in, and no other; ``unfold``
and ``diagonal`` are the two well-behaved cases of it.
"""

import numpy as np

from cpython.ref cimport Py_INCREF
from numpy cimport (
    NPY_ARRAY_WRITEABLE, PyArray_BYTES, PyArray_CHKFLAGS, PyArray_DIMS, PyArray_ITEMSIZE,
    PyArray_NDIM, PyArray_New, PyArray_SIZE, PyArray_STRIDES, PyArray_SetBaseObject, PyArray_TYPE,
    import_array, ndarray, npy_intp,
)

from minigrad.convert cimport checked_dim
from minigrad.ops.broadcast cimport MAX_DIMS, check_rank, strided, viewed
from minigrad.ops.common cimport shape_of
from minigrad.ops.gather import scatter_add
from minigrad.ops.inplace cimport check_inplace
from minigrad.ops.recorded import labelled
from minigrad.ops.shape import squeeze, swapaxes, t, transpose, unsqueeze
from minigrad.tape cimport Node, bump_version, record, recording, take_place
from minigrad.tensor cimport Tensor, view_of, wrap

import_array()


# ---------------------------------------------------------------- the same as it is

def as_subclass(input, cls):
    """Return the same memory, with its history, as an object of ``cls``, a subclass of Tensor.

    >>> import minigrad
    >>> minigrad.nn.Parameter(minigrad.ones(2)).as_subclass(minigrad.Tensor)
    tensor([1., 1.], grad_fn=<AliasBackward0>)
    """
    cdef Tensor x = input, view = view_of(x, x.array), out
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise RuntimeError(
            f"cls must be a type that inherits from Tensor, but got {getattr(cls, '__name__', cls)}"
        )
    out = Tensor.__new__(cls)
    out.array, out.version, out.base = view.array, view.version, view.base
    out.seen, out.origin = view.seen, view.origin
    if recording(x):
        record(out, "AliasBackward0", alias_vjp, (x,))
    return out


cdef alias_vjp(Node node, object g):
    return (g,)


# ---------------------------------------------------------------- any strides

cdef int memory_of(ndarray array, char **start, char **end) except -1:
    """Find the memory that ``array`` lies in, as far as NumPy knows."""
    cdef int i
    cdef Py_ssize_t reach
    while isinstance((<object>array).base, np.ndarray):
        array = (<object>array).base
    start[0] = end[0] = PyArray_BYTES(array)
    if PyArray_SIZE(array) == 0:
        return 0
    for i in range(PyArray_NDIM(array)):
        reach = (PyArray_DIMS(array)[i] - 1) * PyArray_STRIDES(array)[i]
        if reach < 0:
            start[0] += reach
        else:
            end[0] += reach
    end[0] += PyArray_ITEMSIZE(array)
    return 0


cdef object places(ndarray array, object first):
    """Return where each element lies, counted in elements from the first of the memory."""
    total = np.full((<object>array).shape, first, np.int64)
    for axis in range(array.ndim):
        shape = [1] * array.ndim
        shape[axis] = PyArray_DIMS(array)[axis]
        step = PyArray_STRIDES(array)[axis] // PyArray_ITEMSIZE(array)
        total += (np.arange(shape[axis]) * step).reshape(shape)
    return total


def as_strided(input, size, stride, storage_offset=None):
    """Return a view of the input's memory with the given sizes and strides (in elements).

    It starts at the input's first element, or ``storage_offset`` elements into the memory.
    RuntimeError if it would reach outside of that memory, or, where a gradient is recorded, to
    elements that the input does not have.  Source: torch.as_strided.

    >>> import minigrad
    >>> minigrad.arange(5).as_strided((3, 3), (1, 1))
    tensor([[0, 1, 2],
            [1, 2, 3],
            [2, 3, 4]])
    """
    cdef Tensor x = <Tensor?>input
    cdef ndarray array
    cdef npy_intp sizes[MAX_DIMS]
    cdef npy_intp steps[MAX_DIMS]
    cdef Py_ssize_t itemsize = PyArray_ITEMSIZE(x.array), own, first, last, room
    cdef char *start
    cdef char *end
    size, stride = tuple(size), tuple(stride)
    check_rank(len(size))
    if len(size) != len(stride):
        raise RuntimeError(
            f"mismatch in length of strides and shape: got {list(stride)} for {list(size)}")
    memory_of(x.array, &start, &end)
    own = (PyArray_BYTES(x.array) - start) // itemsize
    room = (end - start) // itemsize
    first = own if storage_offset is None else storage_offset
    if first < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {first}")
    last = first
    for i in range(len(size)):
        if size[i] < 0 or stride[i] < 0:
            raise RuntimeError(
                "as_strided: Negative sizes and strides are not supported, got size "
                f"{list(size)} and strides {list(stride)}"
            )
        sizes[i] = size[i]
        steps[i] = stride[i] * itemsize
        last += (size[i] - 1) * stride[i]
    if 0 in size:
        first = own if room else 0
    elif last >= room:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {first} "
            f"require {last + 1} elements, but the memory has {room}"
        )
    array = at_address(x.array, start + first * itemsize, len(size), sizes, steps)
    extra = None
    if recording(x):
        held, wanted = places(x.array, own).ravel(), places(array, first)
        order = np.argsort(held, kind="stable")
        found = np.searchsorted(held, wanted, sorter=order)
        index = order[np.minimum(found, len(order) - 1)] if len(order) else found
        if wanted.size and (not len(order) or (held[index] != wanted).any()):
            raise RuntimeError(
                "as_strided: a gradient is recorded, but the view has elements of the memory that "
                "the input does not have"
            )
        extra = (index.reshape(-1), shape_of(x))
    return viewed(x, array, "AsStridedBackward0", add_at_vjp, extra)


cdef ndarray at_address(ndarray x, char *start, int n, npy_intp *sizes, npy_intp *steps):
    """Return an array over the memory that ``x`` lies in, beginning at ``start``."""
    cdef ndarray view = PyArray_New(
        ndarray, n, sizes, PyArray_TYPE(x), steps, start, PyArray_ITEMSIZE(x),
        NPY_ARRAY_WRITEABLE if PyArray_CHKFLAGS(x, NPY_ARRAY_WRITEABLE) else 0, None)
    Py_INCREF(x)
    PyArray_SetBaseObject(view, x)
    return view


cdef add_at_vjp(Node node, object g):
    index, shape = node.extra
    size = 1
    for s in shape:
        size *= s
    flat = wrap(np.zeros(size, (<Tensor>g).array.dtype))
    return (scatter_add(flat, 0, wrap(index), g.reshape(-1)).reshape(shape),)


# ---------------------------------------------------------------- windows and diagonals

def unfold(input, dimension, size, step):
    """Return a view of all windows of ``size`` items along a dimension, ``step`` apart.

    Shape: the dimension has one item for each window, and a last dimension of ``size`` comes in.
    RuntimeError for a size beyond the dimension's.  Source: torch.Tensor.unfold.

    >>> import minigrad
    >>> minigrad.arange(5).unfold(0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])
    """
    cdef Tensor x = <Tensor?>input
    cdef int i, n = PyArray_NDIM(x.array), d = checked_dim(dimension, n)
    cdef npy_intp sizes[MAX_DIMS]
    cdef npy_intp steps[MAX_DIMS]
    cdef Py_ssize_t width = size, hop = step, length
    check_rank(n + 1)
    length = PyArray_DIMS(x.array)[d] if n else 1
    if width < 0 or width > length:
        raise RuntimeError(
            f"maximum size for tensor at dimension {d} is {length} but size is {width}")
    if hop <= 0:
        raise RuntimeError(f"step is {hop} but must be > 0")
    for i in range(n):
        sizes[i] = PyArray_DIMS(x.array)[i]
        steps[i] = PyArray_STRIDES(x.array)[i]
    sizes[n] = width
    steps[n] = steps[d] if n else PyArray_ITEMSIZE(x.array)
    if n:
        sizes[d] = (length - width) // hop + 1
        steps[d] *= hop
    return viewed(x, strided(x.array, n + 1, sizes, steps), "UnfoldBackward0", unfold_vjp,
                  (shape_of(x), d, hop))


cdef unfold_vjp(Node node, object g):
    shape, d, hop = node.extra
    if not shape:
        return (g.reshape(()),)
    count, width = g.shape[d], g.shape[g.dim() - 1]
    # windows as rows, side by side: each item then has its place along one dimension
    place = (np.arange(count)[:, None] * hop + np.arange(width)).reshape(-1)
    order = [k for k in range(len(shape)) if k != d]
    values = g.permute(*order, d, len(shape)).reshape(
        tuple([shape[k] for k in order] + [count * width]))
    index = wrap(place).expand(values.shape)
    flat = wrap(np.zeros([shape[k] for k in order] + [shape[d]], (<Tensor>g).array.dtype))
    return (scatter_add(flat, -1, index, values).movedim(-1, d),)


def diagonal(input, offset=0, dim1=0, dim2=1):
    """Return the diagonals of the planes of two dimensions, as the last dimension: a view.

    RuntimeError if both dimensions are one.  Source: torch.diagonal.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).diagonal()
    tensor([1, 4])
    """
    cdef Tensor x = <Tensor?>input
    cdef int n = PyArray_NDIM(x.array), a = checked_dim(dim1, n), b = checked_dim(dim2, n)
    if a == b:
        raise RuntimeError(
            f"diagonal dimensions cannot be identical {dim1}, {dim2}: they are one dimension of a "
            f"tensor of {n}"
        )
    array = np.diagonal(x.array, offset, a, b)
    array = strided_like(x.array, array)
    return viewed(x, array, "DiagonalBackward0", diagonal_vjp,
                  (shape_of(x), offset, a, b))


cdef ndarray strided_like(ndarray x, ndarray read_only):
    """Return ``read_only``, a view of ``x``, writeable again if ``x`` is."""
    read_only.flags.writeable = x.flags.writeable
    return read_only


cdef diagonal_vjp(Node node, object g):
    shape, offset, a, b = node.extra
    return (diagonal_scatter(wrap(np.zeros(shape, (<Tensor>g).array.dtype)), g, offset, a, b),)


def diagonal_scatter(input, src, offset=0, dim1=0, dim2=1):
    """Return a copy of the input with ``src`` on the diagonals that ``diagonal`` would give.

    RuntimeError for a ``src`` of another shape than theirs.  Source: torch.diagonal_scatter.

    >>> import minigrad
    >>> minigrad.diagonal_scatter(minigrad.zeros(2, 2), minigrad.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    out = replaced(<Tensor?>input, lambda x: diagonal(x, offset, dim1, dim2), src)
    return labelled(out, "DiagonalScatterBackward0")


def select_scatter(input, src, dim, index):
    """Return a copy of the input with ``src`` as item ``index`` along ``dim``.

    RuntimeError for a ``src`` of another shape than that item's.  Source: torch.select_scatter.

    >>> import minigrad
    >>> minigrad.select_scatter(minigrad.zeros(2, 2), minigrad.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    out = replaced(<Tensor?>input, lambda x: x.select(dim, index), src)
    return labelled(out, "SelectScatterBackward0")


def slice_scatter(input, src, dim=0, start=None, end=None, step=1):
    """Return a copy of the input with ``src`` as items ``start`` to ``end`` along ``dim``.

    RuntimeError for a ``src`` of another shape than theirs.  Source: torch.slice_scatter.

    >>> import minigrad
    >>> minigrad.slice_scatter(minigrad.zeros(4), minigrad.ones(2), 0, 1, 3)
    tensor([0., 1., 1., 0.])
    """
    cdef int d = checked_dim(dim, (<Tensor?>input).array.ndim)
    key = (slice(None),) * d + (slice(start, end, step),)
    return labelled(replaced(<Tensor>input, lambda x: x[key], src), "SliceScatterBackward0")


def as_strided_scatter(input, src, size, stride, storage_offset=None):
    """Return a contiguous copy of the input with ``src`` as what ``as_strided`` of it would give.

    Source: torch.as_strided_scatter.

    >>> import minigrad
    >>> x = minigrad.zeros(4)
    >>> minigrad.as_strided_scatter(x, minigrad.ones(2), (2,), (2,))
    tensor([1., 0., 1., 0.])
    """
    return replaced(
        <Tensor?>input, lambda x: as_strided(x, size, stride, storage_offset), src)


cdef Tensor replaced(Tensor x, object part_of, object src):
    """Return a copy of ``x`` in which the view that ``part_of`` takes of it has become ``src``."""
    cdef Tensor out = x.clone()
    part = part_of(out)
    if part.shape != (<Tensor?>src).shape:
        raise RuntimeError(
            f"expected src to have a size equal to the part of the input: src {list(src.shape)}, "
            f"part {list(part.shape)}"
        )
    part.copy_(src)
    return out


# ---------------------------------------------------------------- a tensor's own shape

def _reshaping(function, name):
    """Return the in-place form of an op that returns a view: the tensor itself becomes that view."""
    def method(input, *args, **kwargs):
        cdef Tensor x = <Tensor?>input, out
        check_inplace(x, False, False)
        out = function(x, *args, **kwargs)
        if recording(out):
            take_place(x, out)
        x.array = out.array
        bump_version(x)
        if x.base is not None:
            x.seen = x.version.number
        return x
    method.__name__ = method.__qualname__ = name
    method.__doc__ = (
        f"Make this tensor ``{name.removesuffix('_')}(...)`` of itself, and return it.")
    return method


unsqueeze_ = _reshaping(unsqueeze, "unsqueeze_")
squeeze_ = _reshaping(squeeze, "squeeze_")
t_ = _reshaping(t, "t_")
transpose_ = _reshaping(transpose, "transpose_")
swapaxes_ = _reshaping(swapaxes, "swapaxes_")
as_strided_ = _reshaping(as_strided, "as_strided_")


def resize_(input, *sizes, size=None, memory_format=None):
    """Give this tensor other sizes, in place, and return it.

    Elements are kept in the order of the memory; there are new ones, uninitialised, if that is
    too small.  Other views of the memory then keep the old one.  RuntimeError if the tensor
    requires a gradient.  Source: torch.Tensor.resize_.

    >>> import minigrad
    >>> minigrad.arange(6).resize_(2, 2)
    tensor([[0, 1],
            [2, 3]])
    """
    cdef Tensor x = <Tensor?>input
    cdef ndarray grown
    cdef char *start
    cdef char *end
    cdef Py_ssize_t room
    if x.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    if size is not None:
        sizes = tuple(size)
    elif len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    if min(sizes, default=0) < 0:
        raise RuntimeError(f"requested resize to {list(sizes)} has a negative dimension")
    if tuple(sizes) == tuple(x.shape):
        return x
    count, strides = 1, []
    for length in reversed(sizes):
        strides.insert(0, count)
        count *= max(length, 1)
    memory_of(x.array, &start, &end)
    room = (end - PyArray_BYTES(x.array)) // PyArray_ITEMSIZE(x.array)
    if 0 not in sizes and count > room:
        if count > 2 ** 60:
            raise RuntimeError(f"Storage size calculation overflowed with sizes={list(sizes)}")
        grown = np.zeros(count, (<object>x.array).dtype)
        if room > 0:
            grown[:room] = as_strided(x, (room,), (1,)).numpy()
        x.array = grown.reshape(sizes)
        x.base = None
    else:
        x.array = (<Tensor>as_strided(x, sizes, strides)).array
    bump_version(x)
    if x.base is not None:
        x.seen = x.version.number
    return x


def resize_as_(input, the_template, *, memory_format=None):
    """Return ``resize_(the_template.shape)``.  Source: torch.Tensor.resize_as_.

    >>> import minigrad
    >>> minigrad.arange(4).resize_as_(minigrad.ones(2, 2))
    tensor([[0, 1],
            [2, 3]])
    """
    return resize_(input, tuple(the_template.shape))
