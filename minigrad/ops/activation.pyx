"""Activations of torch.nn.functional beyond relu, tanh and sigmoid (those are in math.pyx).

Those with a kernel of their own use its one-pass gradient while the backward pass is not itself
recorded; the formula in tensor operations above it serves the second derivative.  The others are
compositions.  ``inplace=True`` writes the result into the input.
"""

import math

import numpy as np

from numpy cimport PyArray_SIZE, import_array, ndarray

from minigrad.dtypes cimport bool_, dtype_of, float16, uint8
from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels cimport elementwise as kernels
from minigrad.kernels.openmp cimport threads_for
from minigrad.memory cimport empty_like_array
from minigrad.ops.broadcast cimport sum_to
from minigrad.ops.common cimport shape_of
from minigrad.ops.elementwise cimport combine, with_parameters
from minigrad.ops.inplace cimport assign, before_write, check_inplace
from minigrad.ops.math cimport INPUT, fused, unary
from minigrad.ops.recorded cimport floating, named_slope
from minigrad.ops.elementwise import clamp, where
from minigrad.ops.math import erf, sigmoid, tanh
from minigrad.ops.recorded import labelled, recorded, tensor_operand
from minigrad.tape cimport Node, record, recording, vjp_function
from minigrad.tensor cimport Tensor, wrap

import_array()


cdef object write_into(object input, object function, tuple arguments=()):
    """Write ``function(input, *arguments)`` into ``input``, and return that."""
    cdef Tensor x = <Tensor?>input
    check_inplace(x, False)
    return assign(x, function(before_write(x), *arguments))


# ---------------------------------------------------------------- with a parameter

cdef ndarray apply_scalar(int op, ndarray x, double parameter):
    """Return op(x, parameter); float16 goes through float32."""
    cdef ndarray out
    if dtype_of(x) is float16:
        return apply_scalar(op, x.astype(np.float32), parameter).astype(np.float16)
    out = empty_like_array(x)
    kernels.binary_scalar(op, out, x, parameter, False, threads_for(PyArray_SIZE(x)))
    return out


cdef object sloped(int op, object g, Tensor x, double alpha, double beta=0.0):
    """Return a gradient kernel op(g, x; alpha, beta), for a walk that is not recorded."""
    return wrap(with_parameters(op, (<Tensor>g).array, x.array, alpha, beta))


cdef Tensor parametric(int op, str label, vjp_function vjp, Tensor x, double parameter):
    """Compute a function with a parameter and record it."""
    cdef Tensor out
    out = wrap(apply_scalar(op, x.array, parameter))
    if recording(x):
        record(out, label, vjp, (x,), (x,), parameter)
    return out


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """Return the input where it is positive, else ``negative_slope * input``.

    >>> import minigrad
    >>> minigrad.nn.functional.leaky_relu(minigrad.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    if inplace:
        return write_into(input, leaky_relu, (negative_slope,))
    return parametric(kernels.LEAKY_RELU, "LeakyReluBackward0", leaky_relu_vjp,
                      floating(input, "leaky_relu"), negative_slope)


cdef leaky_relu_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    if grad_enabled():
        return (named_slope(node, where(x > 0, g, g * node.extra), x),)
    return (sloped(kernels.LEAKY_RELU_BACKWARD, g, x, node.extra),)


def elu(input, alpha=1.0, inplace=False):
    """Return the input where it is positive, else ``alpha * (exp(input) - 1)``."""
    if inplace:
        return write_into(input, elu, (alpha,))
    return parametric(kernels.ELU, "EluBackward0", elu_vjp, floating(input, "elu"), alpha)


cdef elu_vjp(Node node, object g):
    cdef Tensor x = node.tensor(0)
    if grad_enabled():
        below = where(x < 0, x, 0.0)        # at 0 the second derivative is that from above, 0
        return (named_slope(node, where(x <= 0, g * node.extra * below.exp(), g)),)
    return (sloped(kernels.ELU_BACKWARD, g, x, node.extra),)


def selu(input, inplace=False):
    """Return ``elu`` with the scale and alpha that keep mean 0 and variance 1 through layers."""
    if inplace:
        return write_into(input, selu)
    out = elu(input, 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946
    return labelled(out, "EluBackward0")


def celu(input, alpha=1.0, inplace=False):
    """Return the input where it is positive, else ``alpha * (exp(input / alpha) - 1)``."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    if inplace:
        return write_into(input, celu, (alpha,))
    input = floating(input, "celu")
    if 0 < alpha < math.inf:
        return labelled(elu(input / alpha) * alpha, "CeluBackward0")

    def gradient(g, x):
        below = where(x < 0, x, 0.0) / alpha
        return where(x <= 0, g * (alpha / alpha) * below.exp(), g)      # inf / inf is NaN

    x = input.detach()
    out = where(x < 0, (x / alpha).expm1() * alpha, x).numpy()
    return recorded(out, "CeluBackward0", (input,), (gradient,), (input,))


# ---------------------------------------------------------------- smooth

def silu(input, inplace=False):
    """Return ``input * sigmoid(input)``, also known as swish."""
    if inplace:
        return write_into(input, silu)
    return unary(kernels.SILU, "SiluBackward0", silu_vjp, floating(input, "silu"), INPUT)


cdef silu_vjp(Node node, object g):
    x = node.tensor(0)
    if grad_enabled():
        s = sigmoid(x)
        return (g * (s * (x * (1.0 - s) + 1.0)),)
    return (fused(kernels.SILU_BACKWARD, g, <Tensor>x),)


def gelu(input, approximate="none"):
    """Return ``input * P(X <= input)`` for a standard normal X.

    ``approximate``: "none", or "tanh" for
    ``0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))``.
    """
    input = floating(input, "gelu")
    if approximate == "none":
        return unary(kernels.GELU, "GeluBackward0", gelu_vjp, input, INPUT)
    if approximate == "tanh":
        return unary(kernels.GELU_TANH, "GeluBackward0", gelu_tanh_vjp, input, INPUT)
    raise RuntimeError(f"approximate argument must be either none or tanh, but got {approximate!r}")


cdef gelu_vjp(Node node, object g):
    x = node.tensor(0)
    if grad_enabled():
        cdf = (erf(x * math.sqrt(0.5)) + 1.0) * 0.5
        pdf = (x * x * -0.5).exp() * (1.0 / math.sqrt(2.0 * math.pi))
        return (named_slope(node, g * (cdf + x * pdf)),)
    return (fused(kernels.GELU_BACKWARD, g, <Tensor>x),)


cdef gelu_tanh_vjp(Node node, object g):
    x = node.tensor(0)
    if grad_enabled():
        scale = math.sqrt(2.0 / math.pi)
        t = tanh((x + x * x * x * 0.044715) * scale)
        slope = (x * x * (3 * 0.044715) + 1.0) * scale
        return (named_slope(node, g * ((t + 1.0) * 0.5 + x * (1.0 - t * t) * slope * 0.5)),)
    return (fused(kernels.GELU_TANH_BACKWARD, g, <Tensor>x),)


def softplus(input, beta=1.0, threshold=20.0):
    """Return ``log(1 + exp(beta * input)) / beta``; the input where ``beta * input > threshold``.

    >>> import minigrad
    >>> minigrad.nn.functional.softplus(minigrad.tensor([0.0, 100.0]))
    tensor([  0.6931, 100.0000])
    """
    input = floating(input, "softplus")
    scaled = input if beta == 1 else input * beta
    out = unary(kernels.SOFTPLUS, "SoftplusBackward0", softplus_vjp, scaled, INPUT)
    if beta == 1 and threshold >= 20 and out.dtype != np.float64:
        return out          # beyond 20 the two are the same number in single precision
    smooth = out if beta == 1 else out / beta
    return labelled(where(scaled > threshold, input, smooth), "SoftplusBackward0")


cdef softplus_vjp(Node node, object g):
    x = node.tensor(0)
    if grad_enabled():
        return (named_slope(node, g * sigmoid(x)),)
    return (fused(kernels.SOFTPLUS_BACKWARD, g, <Tensor>x),)


def logsigmoid(input):
    """Return ``log(sigmoid(input))``, without overflow."""
    input = floating(input, "logsigmoid")
    return unary(kernels.LOGSIGMOID, "LogSigmoidBackward0", logsigmoid_vjp, input, INPUT)


cdef logsigmoid_vjp(Node node, object g):
    x = node.tensor(0)
    if grad_enabled():
        return (named_slope(node, g * sigmoid(-x)),)
    return (fused(kernels.LOGSIGMOID_BACKWARD, g, <Tensor>x),)


def mish(input, inplace=False):
    """Return ``input * tanh(softplus(input))``."""
    if inplace:
        return write_into(input, mish)
    input = floating(input, "mish")
    return labelled(input * tanh(softplus(input)), "MishBackward0")


def softsign(input):
    """Return ``input / (1 + abs(input))``."""
    return input / (input.abs() + 1.0)


def tanhshrink(input):
    """Return ``input - tanh(input)``."""
    return input - tanh(input)


def glu(input, dim=-1):
    """Return the first half along ``dim`` times the sigmoid of the second half."""
    if not (<Tensor>floating(input, "glu")).ndim:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input.shape[dim]
    if size % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim} is size {size}"
        )
    a, b = input.chunk(2, dim)
    return labelled(a * sigmoid(b), "GluBackward0")


# ---------------------------------------------------------------- in straight pieces

def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """Return the input limited to ``min_val`` and ``max_val``."""
    cdef Tensor x, out
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val: {min_val} > {max_val}")
    if inplace:
        return write_into(input, hardtanh, (min_val, max_val))
    x = <Tensor>tensor_operand(input, "hardtanh")
    if not dtype_of(x.array).is_floating_point:
        if dtype_of(x.array) is bool_:
            raise RuntimeError("Bool inputs not supported for hardtanh")
        if dtype_of(x.array) is uint8 and min_val < 0:
            raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
        return clamp(x, int(min_val), int(max_val))
    out = wrap(with_parameters(kernels.CLAMP, x.array, x.array, min_val, max_val))
    if recording(x):
        record(out, "HardtanhBackward0", hardtanh_vjp, (x,), (x,), (min_val, max_val))
    return out


cdef hardtanh_vjp(Node node, object g):
    # 0 on the limits themselves, where clamp's gradient is 1
    low, high = node.extra
    x = node.tensor(0)
    if grad_enabled():
        return (named_slope(node, where((x <= low) | (x >= high), 0.0, g), x),)
    return (sloped(kernels.HARDTANH_BACKWARD, g, <Tensor>x, low, high),)


def relu6(input, inplace=False):
    """Return the input limited to 0 and 6."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardsigmoid(input, inplace=False):
    """Return ``(input + 3) / 6`` limited to 0 and 1."""
    if inplace:
        return write_into(input, hardsigmoid)
    return unary(kernels.HARDSIGMOID, "HardsigmoidBackward0", hardsigmoid_vjp,
                 floating(input, "hardsigmoid"), INPUT)


cdef hardsigmoid_vjp(Node node, object g):
    x = node.tensor(0)
    if grad_enabled():
        return (where((x > -3) & (x < 3), g * (1.0 / 6.0), 0.0),)
    return (fused(kernels.HARDSIGMOID_BACKWARD, g, <Tensor>x),)


def hardswish(input, inplace=False):
    """Return ``input * hardsigmoid(input)``."""
    if inplace:
        return write_into(floating(input, "hardswish"), hardswish)
    return unary(kernels.HARDSWISH, "HardswishBackward0", hardswish_vjp,
                 floating(input, "hardswish"), INPUT)


cdef hardswish_vjp(Node node, object g):
    x = node.tensor(0)
    if grad_enabled():
        slope = where(x <= -3, 0.0, where(x < 3, g * (x / 3.0 + 0.5), g))
        return (named_slope(node, slope),)
    return (fused(kernels.HARDSWISH_BACKWARD, g, <Tensor>x),)


def hardshrink(input, lambd=0.5):
    """Return the input, but 0 from ``-lambd`` to ``lambd``."""
    return parametric(kernels.HARDSHRINK, "HardshrinkBackward0", shrink_vjp,
                      floating(input, "hardshrink"), lambd)


def softshrink(input, lambd=0.5):
    """Return the input moved by ``lambd`` towards 0, at most to 0."""
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}")
    return parametric(kernels.SOFTSHRINK, "SoftshrinkBackward0", shrink_vjp,
                      floating(input, "softshrink"), lambd)


cdef shrink_vjp(Node node, object g):
    x = node.tensor(0)
    if grad_enabled():
        return (named_slope(node, g.masked_fill(x.abs() <= node.extra, 0.0), x),)
    return (sloped(kernels.SHRINK_BACKWARD, g, <Tensor>x, node.extra),)


def threshold(input, threshold, value, inplace=False):
    """Return the input where it is above ``threshold``, else ``value``."""
    if tensor_operand(input, "threshold").dtype is bool_:
        raise NotImplementedError("threshold() is not implemented for bools")
    out = (input.masked_fill_ if inplace else input.masked_fill)(input <= threshold, value)
    return labelled(out, "ThresholdBackward0")


def prelu(input, weight):
    """Return the input where it is positive, else ``weight * input``.

    ``weight``: one number, or one for each channel (dimension 1).
    """
    if tensor_operand(weight, "prelu", "weight").dim() > 1:
        raise RuntimeError(
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: "
            f"ndim = {weight.dim()}"
        )
    if weight.numel() != 1:
        channels = input.shape[1] if input.dim() > 1 else 1
        if weight.numel() != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
        weight = weight.reshape(-1, *[1] * (input.dim() - 2))
    elif input.dim() == 0:
        weight = weight.reshape(())
    return leaky(floating(input, "prelu"), <Tensor>weight)


cdef Tensor leaky(Tensor x, Tensor slope):
    """Compute and record ``leaky_relu`` with slopes that want a gradient, too, and broadcast."""
    cdef Tensor out
    if dtype_of(x.array) is not dtype_of(slope.array):
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {x.dtype} and {slope.dtype}")
    out = wrap(combine(kernels.LEAKY_RELU, x.array, slope.array))
    if recording(x) or recording(slope):
        record(out, "PreluKernelBackward0", leaky_vjp, (x, slope), (x, slope))
    return out


cdef leaky_vjp(Node node, object g):
    x, slope = node.tensor(0), node.tensor(1)
    positive = x > 0
    return (
        where(positive, g, g * slope) if node.needs(0) else None,
        sum_to(where(positive, 0.0, g * x), shape_of(<Tensor>slope)) if node.needs(1) else None,
    )
