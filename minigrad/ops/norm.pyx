"""Batch normalisation: the checks, the call of the kernel, and the gradient.

    forward  y  = (x - mean) * invstd * w + b                 invstd = 1 / sqrt(var + eps)
    vjp      db = sum(g)
             dw = sum(g * xhat)                               xhat = (x - mean) * invstd
             dx = (g - db / m - xhat * dw / m) * w * invstd   in training, over m values a channel
             dx = g * w * invstd                              in evaluation: mean, var are constants

Sums are over every dimension but the channels, 1.  An ordinary backward pass is one call of the
kernel, which writes dx over g where nobody else holds that.  Under ``create_graph=True`` the same
formulas are composed of ops instead, mean and invstd being functions of x once more, and can so be
differentiated as often as anybody likes.
"""

import numpy as np

from cpython.object cimport PyObject
from libc.math cimport isnan
from numpy cimport (
    NPY_INT64, PyArray_DATA, PyArray_DIM, PyArray_IS_C_CONTIGUOUS, PyArray_NDIM, PyArray_SIZE,
    PyArray_TYPE, PyArray_ZEROS, import_array, int64_t, ndarray, npy_intp,
)

from minigrad.dtypes cimport dtype, dtype_of, float16, float32, float64
from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels.batch_norm cimport (
    batch_norm_backward, batch_norm_coefficients, batch_norm_eval, batch_norm_forward,
)
from minigrad.kernels.openmp cimport threads_for
from minigrad.memory cimport empty_like_array
from minigrad.ops.common cimport cast
from minigrad.ops.math cimport record_relu
from minigrad.ops.math import relu
from minigrad.tape cimport Node, bump_version, is_watched, record, recording
from minigrad.tensor cimport Tensor, wrap
from minigrad.walk cimport is_spare

import_array()


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False,
               momentum=0.1, eps=1e-5):
    """Normalise every channel of ``input`` to mean 0 and variance 1, then scale and shift it.

    Args:
        input: floating tensor of shape (N, C, *), laid out in any way; the output is laid out
            likewise.
        running_mean, running_var: the statistics to use in evaluation, of shape (C,).  In training
            they may be None; else they are moved, in place, towards those of this batch:
            ``running = (1 - momentum) * running + momentum * batch``, the variance being the
            unbiased one.  An empty batch leaves them as they are.
        weight, bias: scale and shift of shape (C,), or None.
        training: whether to normalise by the statistics of this batch (mean, biased variance).
        momentum: how fast the running statistics follow.
        eps: added to the variance: positive in training, not negative in evaluation.

    The vectors have the dtype of ``input``, or float32 where that is float16: sums are always
    taken in wider numbers than the input's.

    Raises ValueError in training for one value per channel (there is no variance in that), for
    only one of the running statistics, and for ``eps``; RuntimeError for missing statistics in
    evaluation and for vectors of a wrong size or dtype; NotImplementedError for an input that is
    not floating.

    Source: ``torch.nn.functional.batch_norm``.

    >>> import minigrad
    >>> from minigrad.nn.functional import batch_norm
    >>> x = minigrad.tensor([[1.0, 10.0], [3.0, 10.0]])
    >>> batch_norm(x, None, None, training=True)
    tensor([[-1.0000,  0.0000],
            [ 1.0000,  0.0000]])
    """
    return normalise(input, running_mean, running_var, weight, bias, training, momentum, eps, False)


def batch_norm_relu(input, running_mean, running_var, weight=None, bias=None, training=False,
                    momentum=0.1, eps=1e-5):
    """Return ``relu(batch_norm(...))``, computed in one pass over memory less.

    Arguments and errors are those of `batch_norm`.  What is recorded are the two ops, as if they
    had been called: the gradient of neither needs what lies between them, which is never made.

    >>> import minigrad
    >>> from minigrad.ops.norm import batch_norm_relu
    >>> batch_norm_relu(minigrad.tensor([[1.0], [-1.0]]), minigrad.zeros(1), minigrad.ones(1), eps=0)
    tensor([[1.],
            [0.]])
    """
    # (A half is rounded between the two: what is just below 0 becomes -0, and stays that.)
    if is_watched() or (
            isinstance(input, Tensor) and dtype_of((<Tensor>input).array) is float16):
        return relu(batch_norm(input, running_mean, running_var, weight, bias, training, momentum,
                               eps))
    return normalise(input, running_mean, running_var, weight, bias, training, momentum, eps, True)


cdef Tensor normalise(object input, object running_mean, object running_var, object weight,
                      object bias, bint trains, object momentum, object eps, bint rectify):
    """Compute and record batch_norm, or batch_norm_relu if ``rectify``."""
    cdef Tensor x, out
    cdef ndarray mean = None, invstd = None
    cdef bint records
    cdef double factor, epsilon = number(eps, "eps")
    if not isinstance(input, Tensor):
        raise TypeError(
            f"batch_norm(): argument 'input' must be Tensor, not {type(input).__name__}"
        )
    x = <Tensor>input
    check_input(x, trains, epsilon)
    check_vector(running_mean, "running_mean", x)
    check_vector(running_var, "running_var", x)
    check_vector(weight, "weight", x)
    check_vector(bias, "bias", x)
    check_running(running_mean, running_var, trains)
    records = recording(x) or wants(weight) or wants(bias)
    if trains:
        factor = number(momentum, "momentum")
        mean, invstd = vector(x, float64), vector(x, float64)
        out = train_forward(x, mean, invstd, running_mean, running_var, weight, bias, factor,
                            epsilon, rectify)
    else:
        out = eval_forward(x, running_mean, running_var, weight, bias, epsilon, rectify)
        if records:     # copies: the running statistics may move before backward comes by
            mean = np.array(array_of(running_mean), np.float64)
            with np.errstate(divide="ignore", invalid="ignore"):
                invstd = 1 / np.sqrt(array_of(running_var).astype(np.float64) + epsilon)
    if records:
        record(out, "NativeBatchNormBackward0", batch_norm_vjp, (x, weight, bias), (x, weight),
               (mean, invstd, trains, epsilon, None if bias is None else dtype_of(array_of(bias))))
        if rectify:
            record_relu(out, out)
    return out


cdef ndarray eval_coefficients(Tensor x, object running_mean, object running_var, object weight,
                               object bias, double eps):
    """Return what batch norm in evaluation computes with, for a kernel that does it on the way."""
    cdef ndarray coefficients
    cdef npy_intp shape[2]
    check_eval(x, running_mean, running_var, weight, bias, eps)
    shape[0], shape[1] = 3, PyArray_DIM(x.array, 1)
    coefficients = PyArray_ZEROS(2, shape, PyArray_TYPE(x.array), 0)
    batch_norm_coefficients(coefficients, array_of(weight), array_of(bias),
                            array_of(running_mean), array_of(running_var), eps)
    return coefficients


def count_batch(Tensor counter not None):
    """Add 1 to ``counter``, a 0-d int64 tensor, in place; return the sum as an int.

    What BatchNorm does for each batch, without the overhead of a general in-place addition.
    """
    cdef ndarray array = counter.array
    if PyArray_TYPE(array) != NPY_INT64 or PyArray_NDIM(array) != 0:
        return int(counter.add_(1))
    (<int64_t *>PyArray_DATA(array))[0] += 1
    bump_version(counter)
    return (<int64_t *>PyArray_DATA(array))[0]


# ---------------------------------------------------------------- arguments

cdef double number(object given, str name) except? -1:
    """Return an argument that must be a number of Python or NumPy, or a 0-d tensor, as a double."""
    if isinstance(given, (float, int, np.number)) or (
            isinstance(given, Tensor) and given.dim() == 0 and not given.requires_grad):
        return given
    raise TypeError(
        f"batch_norm(): argument '{name}' must be float, not {type(given).__name__}"
    )


cdef int check_input(Tensor x, bint training, double eps) except -1:
    cdef Py_ssize_t ndim = PyArray_NDIM(x.array), channels
    if ndim < 2:
        raise RuntimeError(
            f"batch_norm(): expected input of shape (N, C, *), with at least 2 dimensions, but got "
            f"{ndim}D input of size {list(x.shape)}"
        )
    if not dtype_of(x.array).is_floating_point:
        raise NotImplementedError(
            f'"batch_norm" not implemented for {x.dtype}: expected a floating input'
        )
    if eps < 0 or (eps == 0 and training) or isnan(eps):
        raise ValueError(
            "batch_norm eps must be "
            + ("positive during training" if training else "non-negative")
            + f", but got {eps}"
        )
    channels = PyArray_DIM(x.array, 1)
    if training and channels and PyArray_SIZE(x.array) == channels:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {x.shape}: one "
            "value has no variance. Use a larger batch (a DataLoader with drop_last=True leaves "
            "out a last batch of one), or evaluation mode: model.eval()"
        )
    return 0


cdef int check_vector(object given, str name, Tensor x) except -1:
    """Check that ``given`` is None or has one number for each channel of ``x``, of its dtype."""
    cdef ndarray v
    cdef dtype own, expected
    if given is None:
        return 0
    if not isinstance(given, Tensor):
        raise TypeError(
            f"batch_norm(): argument '{name}' must be Tensor or None, not {type(given).__name__}"
        )
    v = (<Tensor>given).array
    if PyArray_NDIM(v) != 1 or PyArray_DIM(v, 0) != PyArray_DIM(x.array, 1):
        raise RuntimeError(
            f"batch_norm(): {name} should contain {PyArray_DIM(x.array, 1)} elements, one for each "
            f"channel of the input of size {list(x.shape)}, not {PyArray_SIZE(v)}"
            + ("" if PyArray_NDIM(v) == 1 else f" in shape {list(given.shape)}: expected 1D")
        )
    own, expected = dtype_of(v), dtype_of(x.array)
    if own is not expected and not (own is float32 and expected is float16):
        raise RuntimeError(
            f"batch_norm(): mixed dtype: {name} is {own}, but the input is {expected}; expected "
            f"{expected}" + (f" or {float32}" if expected is float16 else "")
        )
    return 0


cdef int check_running(object mean, object var, bint training) except -1:
    if training and (mean is None) != (var is None):
        raise ValueError(
            "running_mean and running_var must either both be None or neither be None, but "
            f"{'running_mean' if mean is None else 'running_var'} is None"
        )
    for name, given in (("running_mean", mean), ("running_var", var)):
        if given is None:
            if not training:
                raise RuntimeError(
                    f"{name} must be defined in evaluation mode; pass training=True to use the "
                    "statistics of the batch"
                )
        elif given.requires_grad and grad_enabled():
            raise RuntimeError(
                f"batch_norm(): not differentiable with respect to argument '{name}'. This input "
                "cannot have requires_grad True."
            )
    return 0


cdef int check_eval(Tensor x, object running_mean, object running_var, object weight, object bias,
                    double eps) except -1:
    check_input(x, False, eps)
    for name, given in (("running_mean", running_mean), ("running_var", running_var),
                        ("weight", weight), ("bias", bias)):
        check_vector(given, name, x)
    return check_running(running_mean, running_var, False)


cdef bint wants(object given) except -1:
    return given is not None and recording(<Tensor>given)


# ---------------------------------------------------------------- arrays

cdef ndarray array_of(object given):
    return None if given is None else (<Tensor>given).array


cdef ndarray widened(ndarray array):
    """Return ``array`` as the kernels take it: float16 becomes float32."""
    if array is not None and dtype_of(array) is float16:
        return array.astype(np.float32)
    return array


cdef ndarray vector(Tensor x, dtype d):
    cdef npy_intp channels = PyArray_DIM(x.array, 1)
    return PyArray_ZEROS(1, &channels, d.num, 0)


cdef ndarray empty_laid_out_as(ndarray array):
    """Return a new array with the dtype, the shape and the order of dimensions of ``array``."""
    if PyArray_IS_C_CONTIGUOUS(array):
        return empty_like_array(array)
    return np.empty_like(array)


cdef Tensor narrowed(ndarray array, Tensor x):
    """Return what a kernel made of a widened ``x`` in the dtype of ``x``."""
    if dtype_of(x.array) is float16:
        with np.errstate(over="ignore"):
            return wrap(array.astype(np.float16))
    return wrap(array)


cdef int threads(ndarray x) noexcept:
    # Of elements, not of what is read and written: small layers would gain little by more threads,
    # and lose much where another program is on a core, as every parallel region waits for them.
    return threads_for(PyArray_SIZE(x))


# ---------------------------------------------------------------- forward

cdef Tensor train_forward(Tensor input, ndarray mean, ndarray invstd, object running_mean,
                          object running_var, object weight, object bias, double momentum,
                          double eps, bint rectify):
    cdef ndarray x = widened(input.array), out = empty_laid_out_as(x)
    cdef ndarray moving_mean = widened(array_of(running_mean))
    cdef ndarray moving_var = widened(array_of(running_var))
    batch_norm_forward(out, mean, invstd, x, widened(array_of(weight)), widened(array_of(bias)),
                       moving_mean, moving_var, momentum, eps, rectify, threads(x))
    if running_mean is not None and PyArray_SIZE(x):
        for running, moved in ((running_mean, moving_mean), (running_var, moving_var)):
            if array_of(running) is not moved:
                array_of(running)[...] = moved
            bump_version(<Tensor>running)
    return narrowed(out, input)


cdef Tensor eval_forward(Tensor input, Tensor mean, Tensor var, object weight, object bias,
                         double eps, bint rectify):
    cdef ndarray x = widened(input.array), out = empty_laid_out_as(x)
    batch_norm_eval(out, x, widened(array_of(weight)), widened(array_of(bias)),
                    widened(mean.array), widened(var.array), eps, rectify, threads(x))
    return narrowed(out, input)


# ---------------------------------------------------------------- backward

cdef batch_norm_vjp(Node node, object grad):
    cdef Tensor x = <Tensor>node.tensor(0)
    cdef Tensor weight = <Tensor>node.tensor(1)
    cdef bint spare = is_spare(<PyObject *>grad)    # before a variable here holds it, too
    cdef Tensor g = <Tensor>grad
    cdef ndarray dx = None, dweight = None, dbias = None, dy, wide, mean, invstd
    cdef bint training
    mean, invstd, training, eps, bias_dtype = node.extra
    if grad_enabled():
        return composed_vjp(node, g, x, weight, mean, invstd, training, eps, bias_dtype)
    wide, dy = widened(x.array), widened(g.array)
    if node.needs(0):
        dx = dy if spare and PyArray_IS_C_CONTIGUOUS(wide) else empty_laid_out_as(wide)
    if node.needs(1):
        dweight = vector(x, float32 if weight.dtype is float16 else weight.dtype)
    if node.needs(2):
        dbias = vector(x, float32 if bias_dtype is float16 else bias_dtype)
    batch_norm_backward(dx, dweight, dbias, dy, wide, widened(array_of(weight)), mean, invstd,
                        training, threads(wide))
    return (
        None if dx is None else narrowed(dx, x),
        None if dweight is None else narrowed(dweight, weight),
        None if dbias is None else wrap(np.asarray(dbias, bias_dtype.numpy)),
    )


cdef composed_vjp(Node node, Tensor grad, Tensor input, Tensor weight, ndarray mean,
                  ndarray invstd, bint training, double eps, dtype bias_dtype):
    """The vjp made of ops, each of which is recorded."""
    cdef dtype d = float32 if dtype_of(input.array) is float16 else dtype_of(input.array)
    x, g = cast(input, d), cast(grad, d)
    dims = tuple([i for i in range(PyArray_NDIM(input.array)) if i != 1])
    ones = tuple([-1 if i == 1 else 1 for i in range(PyArray_NDIM(input.array))])
    rough = wrap(mean.astype(d.numpy).reshape(ones))    # constants: no gradient goes through them
    scale = wrap(invstd.astype(d.numpy).reshape(ones))
    xhat = (x - rough) * scale
    if training and PyArray_SIZE(input.array):
        # xhat is normalised but for rounding; normalising it again, differentiably, costs no
        # accuracy however large or small x is: invstd is then a function of x near scale.
        centred = xhat - xhat.mean(dims, keepdim=True)
        again = ((centred * centred).mean(dims, keepdim=True) + eps * scale * scale).rsqrt()
        xhat = centred * again
        scale = scale * again
    dx = dweight = dbias = None
    if node.needs(0):
        dx = g
        if training and PyArray_SIZE(input.array):
            dx = g - g.mean(dims, keepdim=True) - xhat * (g * xhat).mean(dims, keepdim=True)
        dx = dx * (scale if weight is None else cast(weight, d).reshape(ones) * scale)
        dx = cast(dx, dtype_of(input.array))
    if node.needs(1):
        dweight = cast((g * xhat).sum(dims), dtype_of(weight.array))
    if node.needs(2):
        dbias = cast(g.sum(dims), bias_dtype)
    return dx, dweight, dbias
