"""What layer norm and group norm compute: rows normalised, then scaled and shifted by channel.

    forward  y  = xhat * w + b                       xhat = (x - mean) * invstd, of each row
    vjp      db = sum(g), dw = sum(g * xhat)         for each channel
             dx = (gw - mean(gw) - xhat * mean(gw * xhat)) * invstd          gw = g * w

An input is read as (samples, groups, channels, inner), a row being one group of one sample.  An
ordinary backward pass is one call of the kernel; under ``create_graph=True`` the same formulas are
composed of ops.
"""

import numpy as np

from numpy cimport NPY_DOUBLE, PyArray_SIZE, PyArray_TYPE, import_array, ndarray, npy_intp

from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.row_norm cimport row_norm_backward, row_norm_forward
from minigrad.memory cimport empty_like_array, new_array
from minigrad.ops.common cimport contiguous, shape_of
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


cdef class Rows:
    """How the input is read, and what the forward pass found."""
    cdef Py_ssize_t samples, groups, channels, inner
    cdef double eps
    cdef ndarray mean, invstd
    cdef tuple bias_shape


cdef ndarray array_of(Tensor given):
    return None if given is None else contiguous(given.array)


cdef bint wants(Tensor given) except -1:
    return given is not None and recording(given)


def row_norm(Tensor input not None, Tensor weight, Tensor bias, Py_ssize_t samples,
             Py_ssize_t groups, Py_ssize_t channels, Py_ssize_t inner, double eps, str label):
    """Normalise the rows of ``input``, read as (samples, groups, channels, inner); then scale and
    shift each channel; record that under the name ``label``.

    ``weight``, ``bias``: groups * channels elements of the input's dtype, float32 or float64, or
    None.  Nothing is checked here: see layer_norm.py.

    >>> import minigrad
    >>> from minigrad.ops.row_norm import row_norm
    >>> x = minigrad.tensor([1.0, 3.0, 5.0, 5.0])
    >>> row_norm(x, None, None, 1, 2, 2, 1, 1e-5, "NativeGroupNormBackward0")
    tensor([-1.0000,  1.0000,  0.0000,  0.0000])
    """
    cdef Rows r = Rows.__new__(Rows)
    cdef ndarray x = contiguous(input.array), w = array_of(weight), b = array_of(bias)
    cdef npy_intp rows = samples * groups, two_each = 2 * rows
    cdef Tensor out = wrap(empty_like_array(x))
    if w is None and b is not None:
        w = np.ones_like(b)
    r.samples, r.groups, r.channels, r.inner, r.eps = samples, groups, channels, inner, eps
    r.bias_shape = None if bias is None else shape_of(bias)
    r.mean, r.invstd = new_array(1, &two_each, NPY_DOUBLE), new_array(1, &rows, NPY_DOUBLE)
    row_norm_forward(out.array, r.mean, r.invstd, x, w, b, eps, samples, groups, channels, inner,
                     threads_for(PyArray_SIZE(x)))
    if recording(input) or wants(weight) or wants(bias):
        record(out, label, row_norm_vjp, (input, weight, bias), (input, weight), r)
    return out


cdef row_norm_vjp(Node node, object g):
    cdef Rows r = <Rows>node.extra
    cdef Tensor x = node.tensor(0), weight = node.tensor(1), dx = None, dweight = None, dbias = None
    cdef npy_intp width = r.groups * r.channels
    cdef bint vectors = node.needs(1) or node.needs(2)
    if grad_enabled():
        return composed_vjp(node, r, <Tensor>g, x, weight)
    if node.needs(0):
        dx = wrap(empty_like_array(x.array))
    if vectors:
        dweight = wrap(new_array(1, &width, PyArray_TYPE(x.array)))
        dbias = wrap(new_array(1, &width, PyArray_TYPE(x.array)))
    row_norm_backward(
        None if dx is None else dx.array, dweight.array if vectors else None,
        dbias.array if vectors else None, contiguous((<Tensor>g).array), contiguous(x.array),
        array_of(weight), r.mean, r.invstd, r.samples, r.groups, r.channels, r.inner,
        threads_for(PyArray_SIZE(x.array)))
    return (
        dx,
        dweight.reshape(weight.shape) if node.needs(1) else None,
        dbias.reshape(r.bias_shape) if node.needs(2) else None,
    )


cdef composed_vjp(Node node, Rows r, Tensor grad, Tensor input, Tensor weight):
    """The vjp made of ops, each of which is recorded."""
    shape, along, kept = (r.samples, r.groups, r.channels, r.inner), (2, 3), (0, 3)
    kind = (<object>input.array).dtype
    x, g = input.reshape(shape), grad.reshape(shape)
    mean, invstd = [wrap(v.astype(kind).reshape(r.samples, r.groups, 1, 1))
                    for v in (r.mean[:r.samples * r.groups], r.invstd)]
    xhat = (x - mean) * invstd
    # xhat is normalised but for rounding; normalising it again, differentiably, costs no accuracy
    # however large or small x is: invstd is then a function of x near the one that was found.
    centred = xhat - xhat.mean(along, keepdim=True)
    again = ((centred * centred).mean(along, keepdim=True) + r.eps * invstd * invstd).rsqrt()
    xhat = centred * again
    gw = g if weight is None else g * weight.reshape(r.groups, r.channels, 1)
    dx = gw - gw.mean(along, keepdim=True) - xhat * (gw * xhat).mean(along, keepdim=True)
    return (
        (dx * (invstd * again)).reshape(input.shape) if node.needs(0) else None,
        (g * xhat).sum(kept).reshape(weight.shape) if node.needs(1) else None,
        g.sum(kept).reshape(r.bias_shape) if node.needs(2) else None,
    )
