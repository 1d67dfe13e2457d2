"""Optimizer steps over tensors: what ``minigrad.optim`` calls, once per parameter group.

Each step takes the group's parameters and ``state``, the optimizer's dict of dicts, fills in the
state of parameters that had none, and hands the arrays of all parameters with a gradient to one
kernel call.  Nothing here is recorded: a step overwrites the parameters, and their version
counters say so to any graph that saved them.
"""

import numpy as np

from numpy cimport PyArray_SIZE, import_array, ndarray

from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels cimport optim as kernel
from minigrad.kernels.shapes cimport same_shape
from minigrad.tape cimport bump_version
from minigrad.tensor cimport Tensor, wrap

import_array()


cdef Py_ssize_t gather(list params, list with_grad, list arrays, list grads) except -1:
    """Append the parameters that have a gradient, and the arrays; return how many elements."""
    cdef Py_ssize_t size = 0
    cdef Tensor p
    cdef ndarray grad
    for p in params:
        if p.gradient is None:
            continue
        grad = p.gradient.array
        check_shape(p, grad, "gradient")
        with_grad.append(p)
        arrays.append(p.array)
        grads.append(grad)
        bump_version(p)
        size += PyArray_SIZE(p.array)
    return size


cdef int check_shape(Tensor p, ndarray array, str what) except -1:
    if not same_shape(p.array, array):
        raise RuntimeError(
            f"the {what} of a parameter has shape {list((<object>array).shape)}, but the "
            f"parameter has shape {list((<object>p.array).shape)}"
        )
    return 0


cdef list column(list with_grad, list entries, str name):
    """Return the arrays that the parameters' states hold under ``name``, checked."""
    cdef list arrays = []
    cdef Py_ssize_t i
    cdef Tensor value
    for i in range(len(entries)):
        value = (<dict>entries[i])[name]
        check_shape(<Tensor>with_grad[i], value.array, name)
        arrays.append(value.array)
    return arrays


cdef list counted_steps(list entries):
    """Count one more step of each parameter, and return the counts as 0-d arrays."""
    cdef list steps = []
    cdef dict entry
    for entry in entries:
        steps.append((<Tensor>entry["step"]).array)
    kernel.count_steps(steps)
    return steps


cdef list started(list with_grad, object state, tuple names):
    """Return the states; give those still empty a step count of 0 and zeros under ``names``."""
    cdef list entries = []
    cdef Tensor p
    cdef dict entry
    for p in with_grad:
        entry = state[p]
        if not entry:
            entry["step"] = wrap(np.zeros((), np.float32))
            for name in names:
                entry[name] = wrap(np.zeros_like(p.array))
        entries.append(entry)
    return entries


def sgd(list params, state, double lr, double momentum, double dampening, double weight_decay,
        bint nesterov, bint maximize):
    """One step of SGD on every parameter in ``params`` that has a gradient.

    With momentum, ``state[p]["momentum_buffer"]`` holds the running direction.
    """
    cdef list with_grad = [], arrays = [], grads = [], entries, buffers = None, first_steps = None
    cdef Py_ssize_t size = gather(params, with_grad, arrays, grads)
    cdef Tensor p
    cdef dict entry
    cdef bint first
    if momentum != 0:
        entries, first_steps = [], []
        for p in with_grad:
            entry = state[p]
            first = entry.get("momentum_buffer") is None
            if first:
                entry["momentum_buffer"] = wrap(np.empty_like(p.array))
            entries.append(entry)
            first_steps.append(first)
        buffers = column(with_grad, entries, "momentum_buffer")
    kernel.sgd_step(
        arrays, grads, buffers, first_steps, lr, momentum, dampening, weight_decay, nesterov,
        maximize, threads_for(3 * size if buffers is None else 5 * size),
    )


def adam(list params, state, double lr, double beta1, double beta2, double eps,
         double weight_decay, bint decoupled, bint amsgrad, bint maximize):
    """One step of Adam (of AdamW if ``decoupled``) on every parameter that has a gradient."""
    cdef list with_grad = [], arrays = [], grads = [], entries
    cdef Py_ssize_t size = gather(params, with_grad, arrays, grads)
    names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if amsgrad else ("exp_avg", "exp_avg_sq")
    entries = started(with_grad, state, names)
    kernel.adam_step(
        arrays, grads, column(with_grad, entries, "exp_avg"),
        column(with_grad, entries, "exp_avg_sq"),
        column(with_grad, entries, "max_exp_avg_sq") if amsgrad else None,
        counted_steps(entries), lr, beta1, beta2, eps, weight_decay, decoupled, maximize,
        threads_for(9 * size),
    )


def rmsprop(list params, state, double lr, double alpha, double eps, double weight_decay,
            double momentum, bint centered, bint maximize):
    """One step of RMSprop on every parameter that has a gradient."""
    cdef list with_grad = [], arrays = [], grads = [], entries
    cdef Py_ssize_t size = gather(params, with_grad, arrays, grads)
    names = ("square_avg",)
    if momentum > 0:
        names += ("momentum_buffer",)
    if centered:
        names += ("grad_avg",)
    entries = started(with_grad, state, names)
    counted_steps(entries)
    kernel.rmsprop_step(
        arrays, grads, column(with_grad, entries, "square_avg"),
        column(with_grad, entries, "grad_avg") if centered else None,
        column(with_grad, entries, "momentum_buffer") if momentum > 0 else None,
        lr, alpha, eps, weight_decay, momentum, maximize, threads_for(8 * size),
    )


cdef Py_ssize_t unwrap(tensors, list arrays, str caller) except -1:
    """Append the arrays of floating-point tensors; return how many elements there are."""
    cdef Py_ssize_t size = 0
    cdef Tensor t
    for given in tensors:
        if not isinstance(given, Tensor) or not given.is_floating_point():
            raise TypeError(
                f"{caller} expects floating point Tensors, but got "
                f"{given.dtype if isinstance(given, Tensor) else type(given).__name__}"
            )
        t = <Tensor>given
        arrays.append(t.array)
        size += PyArray_SIZE(t.array)
    return size


def norm(tensors, double p=2.0):
    """Return the p-norm (``p > 0``, infinity included) of the elements of all ``tensors``.

    It is a Python float, summed in double precision and not recorded: for clipping gradients.
    """
    cdef list arrays = []
    cdef Py_ssize_t size = unwrap(tensors, arrays, "norm")
    if not p > 0:
        raise ValueError(f"norm expects p > 0, but got {p}")
    return kernel.norm(arrays, p, threads_for(size))


def scale_(tensors, double factor):
    """Multiply all ``tensors`` by ``factor``, in place and not recorded."""
    cdef list arrays = []
    cdef Py_ssize_t size = unwrap(tensors, arrays, "scale_")
    kernel.scale(arrays, factor, threads_for(2 * size))
    for tensor in tensors:
        bump_version(<Tensor>tensor)


def zero_(tensors):
    """Fill all ``tensors`` with zeros, in place and not recorded."""
    cdef list arrays = []
    cdef Py_ssize_t size = unwrap(tensors, arrays, "zero_")
    kernel.zero(arrays, threads_for(size))
    for tensor in tensors:
        bump_version(<Tensor>tensor)


def increment_version(tensors):
    """Count a write to each of ``tensors``, one or several, that was made without anybody noticing.

    A graph that saved such a tensor then refuses to use it, as after any in-place op.

    >>> import minigrad
    >>> x = minigrad.ones(2)
    >>> x.numpy()[0] = 5
    >>> minigrad.autograd.graph.increment_version(x)
    >>> x._version
    1
    """
    for tensor in (tensors,) if isinstance(tensors, Tensor) else tensors:
        bump_version(<Tensor?>tensor)
