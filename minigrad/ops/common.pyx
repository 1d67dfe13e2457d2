"""What all op families share: operands and their dtypes, broadcasting, dimension arguments."""

import numpy as np

from cpython.number cimport PyNumber_Index
from numpy cimport (
    PyArray_CopyInto, PyArray_DATA, PyArray_DIMS, PyArray_EMPTY, PyArray_IntTupleFromIntp,
    PyArray_IS_C_CONTIGUOUS, PyArray_NDIM, PyArray_SIZE, PyArray_TYPE,
    import_array, ndarray, npy_intp,
)

from minigrad.convert cimport array_from, check_fits, checked_dim
from minigrad.dtypes cimport (
    as_dtype, bool_, default_dtype, dtype, dtype_of, float32, float64, int64, promote,
)
from minigrad.kernels.elementwise cimport COPY, unary
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.shapes cimport same_shape
from minigrad.memory cimport empty_like_array, new_array
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


# ---------------------------------------------------------------- operands

cdef bint is_number(object x) except -1:
    """Whether ``x`` is a Python number (a NumPy scalar is an array of no dimensions instead)."""
    t = type(x)
    return t is float or t is int or t is bool or (
        isinstance(x, (float, int)) and not isinstance(x, np.generic))


cdef Tensor number_tensor(object x, dtype d):
    """Return a Python number as a 0-d tensor of dtype ``d``, or raise if it does not fit."""
    if d is not float32 and d is not float64:
        check_fits(x, x, d)
    return operand_tensor(x, d)


cdef Tensor operand_tensor(object x, dtype d):
    """Return a Python number as a 0-d tensor of dtype ``d``, without the bits that do not fit."""
    cdef ndarray array = PyArray_EMPTY(0, NULL, d.num, 0)
    if d is float32:
        (<float *>PyArray_DATA(array))[0] = x
    elif d is float64:
        (<double *>PyArray_DATA(array))[0] = x
    elif d.is_floating_point:
        with np.errstate(all="ignore"):         # float16 overflows to infinity
            array[...] = x
    elif d is bool_:
        array[...] = bool(x)
    else:
        array[...] = np.uint64(int(x) & 0xFFFFFFFFFFFFFFFF).astype(d.numpy)
    return wrap(array)


cdef object scaled(object input, object other, object alpha):
    """Return ``alpha * other``, which is to be added to ``input``."""
    if isinstance(alpha, float) and not is_floating(input) and not is_floating(other):
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    if alpha == 1:
        return other
    if not is_floating(input) and not is_floating(other):
        number_tensor(alpha, dtype_of((<Tensor>promoted(input, other)[0]).array))   # it must fit
    if isinstance(other, Tensor) or isinstance(input, Tensor) and dtype_of(
            (<Tensor>input).array) is bool_:
        # in the dtype of the result: True + 2 * True is True, and 300 does not fit beside a uint8
        other = promoted(input, other)[1]
        return other * number_tensor(alpha, dtype_of((<Tensor>other).array))
    return other * alpha


cdef bint is_floating(object x) except -1:
    if isinstance(x, Tensor):
        return dtype_of((<Tensor>x).array).is_floating_point
    return isinstance(x, float) or isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f"


cdef dtype number_dtype(object x, dtype other):
    """Return the dtype that a Python number takes beside a tensor of dtype ``other``."""
    cdef dtype own
    if isinstance(x, bool):
        own = bool_
    elif isinstance(x, float):
        own = default_dtype()
    else:
        own = int64
    return own if own.category > other.category else other


cdef tuple promoted(object x, object y):
    """Return two operands as tensors of the result's dtype, as torch promotes them.

    Tensors with dimensions outrank 0-d tensors, which outrank Python numbers, unless the weaker
    operand's dtype is of a higher category (bool < integer < floating).
    """
    cdef Tensor a, b
    cdef dtype d, da, db
    if isinstance(x, Tensor) and isinstance(y, Tensor):
        a, b = <Tensor>x, <Tensor>y
        if PyArray_TYPE(a.array) == PyArray_TYPE(b.array):
            return a, b
    elif isinstance(x, Tensor) and is_number(y):
        a = <Tensor>x
        da = dtype_of(a.array)
        d = number_dtype(y, da)
        return cast(a, d), operand_tensor(y, d)
    elif isinstance(y, Tensor) and is_number(x):
        b = <Tensor>y
        db = dtype_of(b.array)
        d = number_dtype(x, db)
        return operand_tensor(x, d), cast(b, d)
    else:
        a, b = as_operand(x), as_operand(y)
    da, db = dtype_of(a.array), dtype_of(b.array)
    if (PyArray_NDIM(a.array) > 0) == (PyArray_NDIM(b.array) > 0):
        d = promote(da, db)
    elif PyArray_NDIM(a.array) > 0:
        d = da if da.category >= db.category else promote(da, db)
    else:
        d = db if db.category >= da.category else promote(da, db)
    return cast(a, d), cast(b, d)


cdef tuple promoted_to_float(object x, object y):
    """Return the operands promoted; integers become the default floating dtype.

    Each by itself: beside a uint8, 256 is no integer, but it is a float.
    """
    if is_floating(x) or is_floating(y):
        return promoted(x, y)
    return in_floats(x), in_floats(y)


cdef Tensor in_floats(object x):
    if is_number(x):
        return operand_tensor(x, default_dtype())
    return cast(as_operand(x), default_dtype())


cdef Tensor as_tensor(object given):
    """Return what may be any data as a tensor: tensors as they are, numbers 0-d, arrays shared."""
    if isinstance(given, Tensor):
        return <Tensor>given
    try:
        return wrap(array_from(given, None))
    except RuntimeError as error:       # tensor(None) is a RuntimeError, x.add_(None) a TypeError
        raise TypeError(str(error)) from None


cdef Tensor as_operand(object x):
    """Return an operand as a tensor.  Lists are none: ``x + [1, 2]`` is a TypeError."""
    if isinstance(x, Tensor):
        return <Tensor>x
    if is_number(x):
        return operand_tensor(x, number_dtype(x, bool_))
    if isinstance(x, (np.ndarray, np.generic)):
        return as_tensor(x)
    raise TypeError(f"unsupported operand: expected a Tensor or a number, but got "
                    f"{type(x).__name__}")


cdef Tensor tensor_argument(object given, str function, str name):
    """Return an argument that must be a tensor, or raise torch's TypeError."""
    if not isinstance(given, Tensor):
        raise TypeError(
            f"{function}(): argument '{name}' must be Tensor, not {type(given).__name__}"
        )
    return <Tensor>given


cdef tuple two_tensors(str function, object input, object other):
    """Return two arguments that must both be tensors."""
    return tensor_argument(input, function, "input"), tensor_argument(other, function, "other")


cdef int one_tensor(str function, object input, object other) except -1:
    """Raise unless at least one of two operands is a tensor."""
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        raise TypeError(
            f"{function}(): expected a Tensor among the operands, but got "
            f"{type(input).__name__} and {type(other).__name__}"
        )
    return 0


cdef Tensor float_operand(object x):
    """Return the input of a function on reals: integers become the default floating dtype."""
    cdef Tensor t
    if not isinstance(x, Tensor):
        raise TypeError(f"argument 'input' must be Tensor, not {type(x).__name__}")
    t = <Tensor>x
    if is_kernel_float(t.array) or dtype_of(t.array).is_floating_point:
        return t
    return cast(t, default_dtype())


cdef Tensor cast(Tensor x, dtype d):
    """Return ``x`` in dtype ``d``: itself if it has it already, else a recorded copy."""
    cdef Tensor out
    if PyArray_TYPE(x.array) == d.num:
        return x
    if dtype_of(x.array) is d:          # NumPy's other type number for the same thing
        return x
    with np.errstate(all="ignore"):     # NaN to integer and overflow are the user's business
        out = wrap(np.asarray((<object>x.array).astype(d.numpy)))
    if d.is_floating_point and recording(x):
        record(out, "ToCopyBackward0", cast_vjp, (x,), (), dtype_of(x.array))
    return out


cdef cast_vjp(Node node, object g):
    return (cast(<Tensor>g, <dtype>node.extra),)


cdef ndarray integer_power(ndarray a, ndarray b):
    """Return integers to the power of integers, some negative: then 1 / a**-b towards zero."""
    base, exponent = np.broadcast_arrays(a, b)
    inverse = np.where(base == -1, 1 - 2 * (exponent % 2), (base == 1).astype(base.dtype))
    power = np.power(base, np.maximum(exponent, 0))
    return np.asarray(np.where(exponent < 0, inverse, power), base.dtype)


cdef Tensor accumulable(Tensor x, object wanted):
    """Return ``x`` in the dtype of its sums and products: the one wanted, or int64 for integers."""
    if wanted is not None:
        return cast(x, as_dtype(wanted))
    if is_kernel_float(x.array) or dtype_of(x.array).is_floating_point:
        return x
    return cast(x, int64)


cdef ndarray to_half(ndarray array):
    """Return a float32 array in float16: what is too large becomes infinite, without a warning."""
    with np.errstate(all="ignore"):
        return np.asarray(array.astype(np.float16))


cdef Tensor zeros_of(Tensor x):
    """Return zeros like ``x``: a gradient that is zero, even where ``x`` is NaN or infinite."""
    return wrap(np.zeros_like(x.array))


# ---------------------------------------------------------------- shapes

cdef ndarray broadcast_empty(ndarray a, ndarray b, dtype d):
    """Return a new array of the shape that ``a`` and ``b`` broadcast to."""
    cdef int i, na = PyArray_NDIM(a), nb = PyArray_NDIM(b), n = max(na, nb)
    cdef npy_intp shape[64]
    cdef npy_intp size_a, size_b
    if same_shape(a, b):
        return new_array(na, PyArray_DIMS(a), d.num)
    for i in range(n):
        size_a = PyArray_DIMS(a)[i - (n - na)] if i >= n - na else 1
        size_b = PyArray_DIMS(b)[i - (n - nb)] if i >= n - nb else 1
        if size_a != size_b and size_a != 1 and size_b != 1:
            raise RuntimeError(
                f"The size of tensor a ({size_a}) must match the size of tensor b ({size_b}) at "
                f"non-singleton dimension {i}: shapes {list((<object>a).shape)} and "
                f"{list((<object>b).shape)} do not broadcast"
            )
        shape[i] = size_b if size_a == 1 else size_a
    return new_array(n, shape, d.num)


cdef list all_dims = [tuple(range(n)) for n in range(65)]


cdef tuple dims_tuple(object dims, int ndim):
    """Return a ``dim`` argument (None: all; an int; several ints) as sorted non-negative ints."""
    if dims is None or (isinstance(dims, (tuple, list)) and len(dims) == 0):
        return <tuple>all_dims[ndim]
    if not isinstance(dims, (tuple, list)):
        dims = (dims,)
    found = sorted([checked_dim(d, ndim) for d in dims])
    for i in range(1, len(found)):
        if found[i] == found[i - 1]:
            raise RuntimeError(f"dim {found[i]} appears multiple times in the list of dims")
    return tuple(found) if ndim else ()     # a 0-d tensor has a dim 0 in name only


cdef tuple size_tuple(tuple sizes):
    """Return sizes given as ``f(2, 3)`` or ``f((2, 3))`` as a tuple of ints."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    try:
        return tuple([int(s.__index__()) for s in sizes])
    except AttributeError:
        raise TypeError(f"expected sizes as ints, but got {sizes!r}") from None


cdef double MOST = 2.0 ** 60     # elements: no address reaches more of 8 bytes


cdef int check_total(tuple shape) except -1:
    """Raise if no address reaches the elements of a tensor of this shape."""
    cdef double exact = 1
    for s in shape:
        exact *= s or 1         # NumPy does not count a 0 either
    if exact > MOST:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    return 0


def sizes(tuple given):
    """Return sizes given as ``f(2, 3)`` or ``f((2, 3))``, checked not to be negative."""
    shape = size_tuple(given)
    for s in shape:
        if s < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {s}: {list(shape)}"
            )
    check_total(shape)
    return shape


cdef tuple shape_of(Tensor x):
    return <tuple>PyArray_IntTupleFromIntp(PyArray_NDIM(x.array), PyArray_DIMS(x.array))


cdef ndarray contiguous(ndarray array):
    """Return the array itself if it is contiguous (or None), else a contiguous copy."""
    if array is None or PyArray_IS_C_CONTIGUOUS(array):
        return array
    return contiguous_copy(array)


cdef ndarray contiguous_copy(ndarray array):
    """Return a copy of the array, row after row."""
    cdef ndarray new = empty_like_array(array)
    copy_into(new, array)
    return new


cdef int copy_into(ndarray to, ndarray source) except -1:
    """Write ``source``, of the same dtype and in other memory, into ``to``.

    ValueError unless it can be broadcast.
    """
    cdef int n_threads = threads_for(PyArray_SIZE(to))
    if is_kernel_float(to) and (same_shape(to, source) or PyArray_NDIM(source) == 0) and (
            n_threads > 1 or PyArray_IS_C_CONTIGUOUS(to) and PyArray_IS_C_CONTIGUOUS(source)):
        unary(COPY, to, source, n_threads)
    else:                               # NumPy walks what is small and strided in less time
        PyArray_CopyInto(to, source)
    return 0


cdef ndarray dense(Tensor x):
    """Return the array of ``x``, or a contiguous copy of it."""
    return contiguous(x.array)


cdef int threads_for_products(Py_ssize_t multiplications) noexcept:
    """How many threads to share a matrix product or a convolution among."""
    # Kept in registers, 8 multiplications take about as long as one unit of streamed work.
    return threads_for(multiplications // 8)


cdef tuple pair(object value, str name):
    """Return an option of an op on images, an int or a sequence of one or two, as a pair."""
    if not isinstance(value, (tuple, list)):
        return (int_option(value, name),) * 2
    if len(value) == 1:
        return (int_option(value[0], name),) * 2
    if len(value) != 2:
        raise RuntimeError(f"expected {name} to be an int or two ints, but got {value}")
    return (int_option(value[0], name), int_option(value[1], name))


cdef object int_option(object value, str name):
    """Return an option as an int, or raise what torch does of what is none."""
    cdef Py_ssize_t number
    try:
        number = PyNumber_Index(value)
        return number
    except TypeError:
        raise TypeError(
            f"argument '{name}' must be int or tuple of ints, not {type(value).__name__}: {value!r:.40}"
        ) from None
    except OverflowError:
        raise ValueError(f"argument '{name}' overflows int64: {value}") from None
