"""Writing into a tensor that already exists: x.add_(y), x[i] = y, and what the tape must know.

An in-place op computes its result like the out-of-place op, writes it into the tensor's memory,
and gives the tensor the result's place on the tape (``assign``).  Three things follow:

* The memory's version goes up, so that a node which saved the old value notices.
* If the tensor is a view, its base has changed too.  ``written`` gives the base a node that says
  "the old base, with this part replaced", and the view one that reads it from there.
* Other views of that base are then out of date.  They notice by themselves when they are next
  used (``recording`` compares versions), and ``regenerate_view`` gives them such a node, too.
"""

import numpy as np

from numpy cimport (
    NPY_ARRAY_WRITEABLE, PyArray_BYTES, PyArray_CHKFLAGS, PyArray_DATA, PyArray_DIMS,
    PyArray_IS_C_CONTIGUOUS, PyArray_ITEMSIZE, PyArray_NBYTES, PyArray_NDIM, PyArray_SIZE,
    PyArray_STRIDES, PyArray_TYPE, import_array, ndarray,
)

from minigrad.dtypes cimport dtype_of
from minigrad.edges import is_around
from minigrad.hooks import retain
from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels.elementwise cimport ADD, DIV, MUL, SUB, binary
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.shapes cimport same_shape
from minigrad.ops.broadcast cimport sum_to
from minigrad.ops.common cimport (
    as_tensor, cast, contiguous_copy, copy_into, is_kernel_float, is_number, number_tensor, scaled,
    shape_of, zeros_of,
)
from minigrad.tape cimport (
    Node, Variable, binary_function, bump_version, check_origin, operations, record, recording,
    take_place, version_of, wants,
)
from minigrad.tensor cimport Tensor, wrap

import_array()


# -------------------------------------------------------------- what every in-place op goes through

cdef int check_inplace(Tensor x, bint value_recorded, bint distinct=True) except -1:
    """Raise if ``x`` may not be written to, or ``value_recorded`` and it may not be recorded.

    ``distinct``: each element must have memory of its own, as they get values of their own.
    """
    if value_recorded or recording(x):
        check_recordable(x)
    if distinct:
        check_distinct(x.array)
    if not PyArray_CHKFLAGS(x.array, NPY_ARRAY_WRITEABLE):
        raise RuntimeError("this tensor's memory is read-only (it came from a read-only array)")
    version_of(x)                       # while x has the node that may have saved this memory
    return 0


cdef int check_distinct(ndarray x) except -1:
    """Raise if several elements of ``x`` share memory."""
    cdef int i
    for i in range(PyArray_NDIM(x) if PyArray_SIZE(x) > 0 else 0):
        if PyArray_STRIDES(x)[i] == 0 and PyArray_DIMS(x)[i] > 1:
            raise RuntimeError(
                "unsupported operation: more than one element of the written-to tensor refers to "
                "a single memory location. Please clone() the tensor before performing the "
                "operation."
            )
    return 0


cdef bint dense_range(ndarray a, char **start, char **end) noexcept:
    """Find where the memory of ``a`` starts and ends; return whether it fills all of it."""
    cdef int i
    start[0] = PyArray_BYTES(a)
    end[0] = start[0] + PyArray_NBYTES(a)
    if PyArray_IS_C_CONTIGUOUS(a):
        return True
    end[0] = start[0] + PyArray_ITEMSIZE(a)
    for i in range(PyArray_NDIM(a)):
        end[0] += (PyArray_DIMS(a)[i] - 1) * PyArray_STRIDES(a)[i]
    return end[0] - start[0] == PyArray_NBYTES(a)


cdef int check_overlap(ndarray x, ndarray read) except -1:
    """Raise if ``read`` shares memory with ``x``, which is to be written to, in another layout.

    The rule is torch's, which looks no closer where either has gaps.
    """
    cdef char *x_start
    cdef char *x_end
    cdef char *start
    cdef char *end
    cdef bint dense
    if x is read or PyArray_SIZE(x) == 0 or PyArray_SIZE(read) == 0:
        return 0
    dense = dense_range(x, &x_start, &x_end) and dense_range(read, &start, &end)
    if not dense or x_end <= start or end <= x_start:
        return 0
    if x_start != start or x_end != end or (<object>x).strides != (<object>read).strides:
        raise RuntimeError(
            "unsupported operation: some elements of the input tensor and the written-to tensor "
            "refer to a single memory location. Please clone() the tensor before performing the "
            "operation."
        )
    return 0


cdef int check_recordable(Tensor x) except -1:
    """Raise if a write to ``x`` cannot be recorded."""
    cdef str what = None
    check_origin(x, "is being")
    if x.base is not None and wants(x) and x.base.node is None:
        what = "a view of a leaf"
    elif x.wants_grad and x.node is None:
        what = "a leaf"
    if what is not None:
        raise RuntimeError(
            f"{what} Variable that requires grad is being used in an in-place operation. "
            "Wrap the write in no_grad(), or work on a copy (.clone())."
        )
    return 0


cdef int written(Tensor x) except -1:
    """Tell the tape that ``x`` was written to, once it has its new node."""
    bump_version(x)
    if x.wants_grad and grad_enabled():
        rebase(x)
    return 0


cpdef int rebase(Tensor x) except -1:
    """Let all that depends on the value of ``x``, which has a new node, follow it there."""
    cdef Variable base = x.base
    if base is None:
        if x.keeps_grad:
            retain(x)
        return 0
    x.seen = x.version.number
    at = positions(base, x)
    record(base, "CopySlices", copy_slices_vjp, (base, x), (), (at, shape_of(base)))
    if base.keeps_grad:
        retain(base)
    read_from_base(x, at)
    return 0


cdef copy_slices_vjp(Node node, object g):
    at, shape = node.extra
    flat = g.reshape(-1)
    before = None
    if node.needs(0):
        overwritten = np.zeros((<Tensor>flat).numel(), np.bool_)
        overwritten[at.ravel()] = True
        before = flat.masked_fill(wrap(overwritten), 0.0).reshape(shape)
    return before, flat[wrap(at)] if node.needs(1) else None


is_around(<size_t>copy_slices_vjp)


cdef ndarray positions(Variable base, Variable view):
    """Return, for each element of ``view``, its place in the flattened ``base``."""
    cdef ndarray a = base.array, b = view.array
    itemsize = a.itemsize
    offset = (<Py_ssize_t>PyArray_DATA(b) - <Py_ssize_t>PyArray_DATA(a)) // itemsize

    # Where each element lies, in elements from the start of the base's memory ...
    def places(array, start):
        total = np.full(array.shape, start, np.int64)
        for axis, stride in enumerate(array.strides):
            shape = [1] * array.ndim
            shape[axis] = array.shape[axis]
            total += (np.arange(array.shape[axis]) * (stride // itemsize)).reshape(shape)
        return total
    # ... and which element of the base lies there.
    in_view = places(b, offset)
    if PyArray_IS_C_CONTIGUOUS(a):
        return in_view
    in_base = places(a, 0).ravel()
    order = np.argsort(in_base, kind="stable")
    return np.asarray(order[np.searchsorted(in_base, in_view, sorter=order)])


def _regenerate_view(Tensor view):
    """Give ``view`` a node that reads it from its base's new value."""
    read_from_base(view, positions((<Variable>view).base, <Variable>view))


cdef int read_from_base(Tensor view, ndarray at) except -1:
    cdef Variable base = view.base
    view.seen = view.version.number
    record(view, "AsStridedBackward0", read_positions_vjp, (base,), (),
           (at, shape_of(base)))
    if view.keeps_grad:
        retain(view)
    return 0


cdef read_positions_vjp(Node node, object g):
    at, shape = node.extra
    size = 1
    for s in shape:
        size *= s
    flat = wrap(np.zeros(size, (<Tensor>g).array.dtype))
    return (flat.scatter_add(0, wrap(at.ravel()), g.reshape(-1)).reshape(shape),)


cdef Tensor assign(Tensor x, Tensor result):
    """Write ``result`` into ``x`` and give ``x`` its place on the tape."""
    if not same_shape(x.array, result.array):
        raise RuntimeError(
            f"output with shape {list(x.shape)} doesn't match the broadcast shape "
            f"{list(result.shape)}"
        )
    if PyArray_TYPE(x.array) != PyArray_TYPE(result.array):
        if dtype_of(result.array).category > dtype_of(x.array).category:
            raise RuntimeError(
                f"result type {dtype_of(result.array)} can't be cast to the desired output type "
                f"{dtype_of(x.array)}"
            )
        result = cast(result, dtype_of(x.array))
    if recording(result):
        check_recordable(x)
    copy_from(x.array, result.array)
    if recording(result):
        take_place(x, result)
    elif recording(x):                      # overwritten by something without a gradient
        record(x, "CopyBackwards", no_gradient_vjp, (x,))
    written(x)
    return x


cdef no_gradient_vjp(Node node, object g):
    return (zeros_of(<Tensor>g),)


# ---------------------------------------------------------------- the in-place form of any op

cdef Tensor before_write(Tensor x):
    """Return ``x`` as it is now, for an op that may save it: the memory will be overwritten."""
    cdef Tensor old
    if not grad_enabled():
        return x
    old = wrap(operations.copied(x.array))
    if recording(x):
        take_place(old, x)
    return old


def in_place(function, name):
    """Return the in-place form of an op: x.name(...) writes function(x, ...) into x."""
    def method(input, *args, **kwargs):
        cdef Tensor x = <Tensor?>input
        check_inplace(x, False)
        for value in (*args, *kwargs.values()):
            if isinstance(value, Tensor):
                check_overlap(x.array, (<Tensor>value).array)
        return assign(x, function(before_write(x), *args, **kwargs))
    method.__name__ = method.__qualname__ = name
    method.__wrapped__ = function       # whose arguments it has
    method.__doc__ = (
        f"Write ``{name.removesuffix('_')}(...)`` of this tensor into it, and return it.")
    return method


cdef bint disjoint_or_same(ndarray a, ndarray b) except -1:
    """Whether writing to ``a`` element by element cannot spoil a later read of ``b``."""
    cdef char *start_a = PyArray_BYTES(a)
    cdef char *start_b = PyArray_BYTES(b)
    if not (PyArray_IS_C_CONTIGUOUS(a) and PyArray_IS_C_CONTIGUOUS(b)):
        return not np.may_share_memory(a, b)
    return start_a == start_b and same_shape(a, b) or (
        start_a + PyArray_NBYTES(a) <= start_b or start_b + PyArray_NBYTES(b) <= start_a)


cdef int copy_from(ndarray to, ndarray source) except -1:
    """Write ``source``, which may lie in part where ``to`` does, into ``to``.

    (NumPy copies from memory that it has just written, if both have one dimension.)
    """
    return copy_into(to, source if disjoint_or_same(to, source) else contiguous_copy(source))


cdef Tensor arithmetic_(int op, binary_function function, object input, object other):
    """input op= other: straight into the memory where no gradient is recorded."""
    cdef Tensor x = <Tensor?>input, b
    check_inplace(x, False)
    if isinstance(other, Tensor):
        check_overlap(x.array, (<Tensor>other).array)
    if is_kernel_float(x.array):
        if is_number(other):
            b = number_tensor(other, dtype_of(x.array))
        elif isinstance(other, Tensor):
            b = <Tensor>other
        else:
            b = as_tensor(other)
        if (not recording(x) and not recording(b) and (
                same_shape(x.array, b.array) or PyArray_NDIM(b.array) == 0)
                and PyArray_TYPE(x.array) == PyArray_TYPE(b.array)
                and disjoint_or_same(x.array, b.array)):
            binary(op, x.array, x.array, b.array, threads_for(PyArray_SIZE(x.array)))
            bump_version(x)
            return x
    return assign(x, <Tensor?>function(before_write(x), other))


def add_(input, other, *, alpha=1):
    """Add ``alpha * other`` to this tensor in place, and return it."""
    return arithmetic_(ADD, operations.add, input, scaled(input, other, alpha))


def sub_(input, other, *, alpha=1):
    """Subtract ``alpha * other`` from this tensor in place, and return it."""
    return arithmetic_(SUB, operations.sub, input, scaled(input, other, alpha))


def mul_(input, other):
    """Multiply this tensor by ``other`` in place, and return it."""
    return arithmetic_(MUL, operations.mul, input, other)


def div_(input, other, *, rounding_mode=None):
    """Divide this tensor by ``other`` in place, and return it."""
    if rounding_mode is not None:
        return in_place(Tensor.div, "div_")(input, other, rounding_mode=rounding_mode)
    return arithmetic_(DIV, operations.div, input, other)


# ---------------------------------------------------------------- filling and copying

def fill_(input, value):
    """Set every element to ``value`` in place, and return the tensor."""
    cdef Tensor x = <Tensor?>input
    if isinstance(value, Tensor) and value.dim() > 0:
        raise RuntimeError(
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{value.dim()} dimensions."
        )
    if isinstance(value, Tensor):
        return write(x, <Tensor>value, "FillBackward3", True)
    return write(x, number_tensor(value, x.dtype), "FillBackward2", False)


def zero_(input):
    """Set every element to zero in place, and return the tensor."""
    cdef Tensor x = <Tensor?>input
    return write(x, number_tensor(0, x.dtype), "ZeroBackward0", False)


def copy_(input, src, non_blocking=False):
    """Write ``src`` (broadcast, in any dtype) into this tensor in place, and return it."""
    return write(<Tensor?>input, as_tensor(src), "CopyBackwards", True)


def overwrite(input, src, label):
    """Do the same for an op that ``label`` names, which draws ``src`` from a distribution."""
    return write(<Tensor?>input, as_tensor(src), label, True)


cdef Tensor write(Tensor x, Tensor s, str label, bint distinct):
    """Do the work of ``copy_`` and ``fill_``; ``distinct`` as in ``check_inplace``."""
    check_inplace(x, recording(s), distinct)
    check_overlap(x.array, s.array)
    s = cast(s, dtype_of(x.array))
    try:
        copy_from(x.array, s.array)
    except ValueError:
        raise RuntimeError(
            f"The size of tensor a ({list(x.shape)}) must match the size of tensor b "
            f"({list(s.shape)}): source does not broadcast to the destination"
        ) from None
    if not distinct and recording(x):           # filled with a number
        record(x, label, no_gradient_vjp, (x,))
    elif recording(s) or recording(x):
        record(x, label, copy_vjp, (x, s), (), shape_of(s))
    written(x)
    return x


cdef copy_vjp(Node node, object g):
    return (
        zeros_of(<Tensor>g) if node.needs(0) else None,
        sum_to(<Tensor>g, node.extra) if node.needs(1) else None,
    )
