"""Losses between numbers, as compositions of other ops, and what all losses share: ``reduction``.

``reduction`` is "mean" (over all elements), "sum", or "none" (the loss of each element).
"""

import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

from numpy cimport PyArray_SIZE, PyArray_TYPE, import_array, ndarray

from minigrad.dtypes cimport dtype_of
from minigrad.grad_mode cimport grad_enabled, set_grad_mode
from minigrad.kernels.shapes cimport same_shape
from minigrad.ops.broadcast cimport sum_to
from minigrad.ops.common cimport shape_of
from minigrad.ops.recorded cimport floating, named_slope
from minigrad.kernels.elementwise cimport BCE_LOGITS, BCE_LOGITS_SLOPE
from minigrad.ops.elementwise cimport A_FOR_A, A_FOR_B, B_FOR_A, Save, arithmetic, combine
from minigrad.ops.activation import logsigmoid
from minigrad.ops.elementwise import clamp, where
from minigrad.ops.math import sigmoid
from minigrad.ops.recorded import labelled
from minigrad.tape cimport Node, record, recording, vjp_function
from minigrad.tensor cimport Tensor, wrap

import_array()


# ---------------------------------------------------------------- reduction

def reduction_name(size_average, reduce, reduction):
    """Return the reduction, checked, or what torch's old pair of arguments for it means."""
    if size_average is not None or reduce is not None:
        size_average = True if size_average is None else size_average
        reduction = "none" if reduce is False else "mean" if size_average else "sum"
        warnings.warn(
            "size_average and reduce args will be deprecated, please use "
            f"reduction='{reduction}' instead.")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"{reduction!r} is not a valid value for reduction; expected 'none', 'mean' or 'sum'"
        )
    return reduction


def reduced(loss, reduction):
    """Return the losses of all elements, reduced."""
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss


cdef object by_weight(object loss, object weight):
    """Return ``loss * weight``, where both must have the same shape."""
    if loss.shape != weight.shape:
        raise ValueError(
            f"Weights and input must have the same size, but got {tuple(weight.shape)} and "
            f"{tuple(loss.shape)}."
        )
    return loss * weight


cdef object weighted_average(object loss, object weight, object reduction):
    """Return a loss of each element, reduced; its mean is over the sum of the weights."""
    if reduction == "mean":
        return by_weight(loss, weight).sum() / weight.sum()
    return reduced(by_weight(loss, weight), reduction)


cdef object difference(str name, object input, object target):
    """Return ``input - target``, of which one at least must be floating; NotImplementedError."""
    if not target.is_floating_point():
        floating(input, name)
    return input - target


cdef int warn_sizes(object input, object target) except -1:
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.")
    return 0


# ---------------------------------------------------------------- distances

cdef bint is_alike(Tensor x, Tensor t) noexcept:
    """Whether a loss of the two can be recorded as one op: they have one shape and dtype."""
    return same_shape(x.array, t.array) and PyArray_TYPE(x.array) == PyArray_TYPE(t.array)


ctypedef object (*losses_function)(object input, object target, object option, tuple weights)


cdef Tensor recorded_loss(str label, vjp_function vjp, Tensor x, Tensor t, Tensor losses,
                          object reduction, object option=None, tuple weights=()):
    """Return the losses of all elements, reduced, as one op on ``x`` and ``t``.

    ``losses`` must not have been recorded.  The vjp finds ``option`` in ``node.extra[2]`` and
    the ``weights`` (or None) after ``x`` and ``t``; see ``of_elements``.
    """
    cdef Tensor out = reduced(losses, reduction)
    if recording(x) or recording(t):
        count = max(PyArray_SIZE(losses.array), 1) if reduction == "mean" else 1
        record(out, label, vjp, (x, t), (x, t, *weights), (count, shape_of(x), option))
    return out


cdef Tensor as_one_op(str label, vjp_function vjp, losses_function losses, Tensor x, Tensor t,
                      object reduction, object option=None, tuple weights=()):
    """Return ``losses(x, t, option, weights)`` of all elements, reduced: as one op if the two are
    alike, else as those that it is made of, the last of which bears the ``label``."""
    alike = is_alike(x, t)
    was_enabled = set_grad_mode(grad_enabled() and not alike)
    try:
        found = losses(x, t, option, weights)
    finally:
        set_grad_mode(was_enabled)
    if alike:
        return recorded_loss(label, vjp, x, t, found, reduction, option, weights)
    return labelled(reduced(found, reduction), label)


cdef object of_elements(Node node, object g, object weight=None):
    """Return the gradient of the losses of all elements, from that of what they were reduced to."""
    count = node.extra[0]
    g = g if count == 1 else g / count
    return g if weight is None else g * weight


cdef Tensor like_input(Node node, Tensor slope):
    """Return a gradient (or None) in the input's shape, where weights may have had a larger one."""
    return None if slope is None else sum_to(slope, node.extra[1])


cdef object without_gradient(str function, str name, object weight):
    """Return ``weight`` (or None), or raise if it wants a gradient, as none is known."""
    if weight is not None and recording(<Tensor?>weight):
        raise RuntimeError(
            f"The function '{function}' is not differentiable with respect to argument '{name}'. "
            "This input cannot have requires_grad True.")
    return weight


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """Return the squared error ``(input - target)**2``.

    >>> import minigrad
    >>> minigrad.nn.functional.mse_loss(minigrad.tensor([1.0, 4.0]), minigrad.tensor([1.0, 2.0]))
    tensor(2.)
    """
    warn_sizes(input, target)
    reduction = reduction_name(size_average, reduce, reduction)
    if weight is not None:
        return weighted_average(difference("mse_loss", input, target).square(), weight, reduction)
    if input.shape != target.shape or input.dtype is not target.dtype:
        out = reduced(difference("mse_loss", input, target).square(), reduction)
        return labelled(out, "MseLossBackward0")
    was_enabled = set_grad_mode(False)
    try:
        out = reduced(difference("mse_loss", input, target).square(), reduction)
    finally:
        set_grad_mode(was_enabled)
    if recording(input) or recording(target):
        scale = 2.0 / max(input.numel(), 1) if reduction == "mean" else 2.0
        record(out, "MseLossBackward0", mse_loss_vjp, (input, target), (input, target), scale)
    return out


cdef mse_loss_vjp(Node node, object g):
    slope = named_slope(node, (node.tensor(0) - node.tensor(1)) * (g * node.extra))
    return slope if node.needs(0) else None, -slope if node.needs(1) else None


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """Return the absolute error ``abs(input - target)``."""
    warn_sizes(input, target)
    reduction = reduction_name(size_average, reduce, reduction)
    loss = (input - target).abs()
    return (reduced(loss, reduction) if weight is None
            else weighted_average(loss, weight, reduction))


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """Return ``d**2 / (2 * beta)`` for errors d below ``beta``, else ``abs(d) - beta / 2``."""
    warn_sizes(input, target)
    if not beta >= 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta: {beta}")
    reduction = reduction_name(size_average, reduce, reduction)
    return as_one_op("SmoothL1LossBackward0", smooth_l1_loss_vjp, smooth_l1_losses, input, target,
                     reduction, beta)


cdef object smooth_l1_losses(object input, object target, object beta, tuple _):
    d = difference("smooth_l1_loss", input, target).abs()
    if beta == 0:
        return d
    far = d >= beta         # infinity there must not reach the square, not even as 0 * inf
    near = d.masked_fill(far, 0.0)
    return where(far, d - 0.5 * beta, near * near * (0.5 / beta))


cdef smooth_l1_loss_vjp(Node node, object g):
    beta = node.extra[2]
    d = node.tensor(0) - node.tensor(1)
    slope = clamp(d / beta, min=-1.0, max=1.0) if beta > 0 else d.sign()
    slope = named_slope(node, of_elements(node, g) * slope)
    return slope if node.needs(0) else None, -slope if node.needs(1) else None


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """Return ``d**2 / 2`` for errors d up to ``delta``, else ``delta * (abs(d) - delta / 2)``."""
    warn_sizes(input, target)
    if not delta > 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta: {delta}")
    reduction = reduction_name(None, None, reduction)
    if weight is not None:      # a mean over the elements here, not over the weights: torch's way
        return reduced(by_weight(huber_losses(input, target, delta, ()), weight), reduction)
    return as_one_op(
        "HuberLossBackward0", huber_loss_vjp, huber_losses, input, target, reduction, delta)


cdef object huber_losses(object input, object target, object delta, tuple _):
    d = difference("huber_loss", input, target).abs()
    far = d > delta
    near = d.masked_fill(far, 0.0)      # as in smooth_l1_losses
    return where(far, (d - 0.5 * delta) * delta, near * near * 0.5)


cdef huber_loss_vjp(Node node, object g):
    delta = node.extra[2]
    slope = clamp(node.tensor(0) - node.tensor(1), min=-delta, max=delta)
    slope = named_slope(node, of_elements(node, g) * slope)
    return slope if node.needs(0) else None, -slope if node.needs(1) else None


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """Return the Kullback-Leibler divergence ``target * (log(target) - input)``.

    ``input``: log-probabilities.  ``target``: probabilities, or their logarithms if
    ``log_target``.  ``reduction`` "batchmean": the sum over the size of dimension 0, which is the
    divergence's definition; "mean" divides by the number of elements.
    """
    batch = reduction == "batchmean"
    reduction = "sum" if batch else reduction_name(size_average, reduce, reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.")
    if log_target:
        loss = target.exp() * (target - input)
    else:       # 0 * log(0) is 0
        loss = where(target == 0, 0.0, target * where(target == 0, 1.0, target).log())
        loss = loss - target * input
    loss = reduced(loss, reduction)
    return loss / input.shape[0] if batch and input.dim() else loss


# ---------------------------------------------------------------- two classes

cdef tuple clamped_logs(ndarray x):
    """Return log(x) and log(1 - x), not below -100 each, as torch keeps the loss finite."""
    with np.errstate(all="ignore"):
        return np.maximum(np.log(x), -100), np.maximum(np.log1p(-x), -100)


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None,
                         reduction="mean"):
    """Return ``-(target * log(input) + (1 - target) * log(1 - input))``, logs not below -100.

    ``input``: probabilities.  ``weight`` broadcasts to it.

    >>> import minigrad
    >>> p = minigrad.tensor([0.5, 0.5])
    >>> minigrad.nn.functional.binary_cross_entropy(p, minigrad.tensor([0.0, 1.0]))
    tensor(0.6931)
    """
    cdef Tensor x = <Tensor?>input, t = <Tensor?>target, out
    reduction = reduction_name(size_average, reduce, reduction)
    if x.shape != t.shape:
        raise ValueError(
            f"Using a target size ({t.shape}) that is different to the input size ({x.shape}) is "
            "deprecated. Please ensure they have the same size."
        )
    if dtype_of(x.array) is not dtype_of(t.array):
        raise RuntimeError(
            f"binary_cross_entropy: expected a target of the input's dtype {x.dtype}, but got "
            f"{t.dtype}"
        )
    for name, values in (("input", x.array), ("target", t.array)):
        if not ((values >= 0) & (values <= 1)).all():
            raise RuntimeError(f"all elements of {name} should be between 0 and 1")
    log, log_not = clamped_logs(x.array)
    weight = without_gradient("binary_cross_entropy", "weight", weight)
    loss = wrap(np.asarray((t.array - 1) * log_not - t.array * log, x.array.dtype))
    return recorded_loss("BinaryCrossEntropyBackward0", binary_cross_entropy_vjp, x, t,
                         loss if weight is None else loss * weight, reduction, None, (weight,))


cdef binary_cross_entropy_vjp(Node node, object g):
    x, t = node.tensor(0), node.tensor(1)
    dx = dt = None
    g = of_elements(node, g, node.tensor(2))
    if node.needs(0):
        dx = named_slope(node, g * (x - t) / clamp(x * (1.0 - x), min=1e-12))
    if node.needs(1):
        dt = g * (clamp((1.0 - x).log(), min=-100.0) - clamp(x.log(), min=-100.0))
    return like_input(node, dx), like_input(node, dt)


def binary_cross_entropy_with_logits(input, target, weight=None, size_average=None, reduce=None,
                                     reduction="mean", pos_weight=None):
    """Return ``binary_cross_entropy(sigmoid(input), target)``, without overflow.

    ``weight`` broadcasts to the input; ``pos_weight``, a factor for the positive examples, to the
    target.
    """
    reduction = reduction_name(size_average, reduce, reduction)
    if input.shape != target.shape:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    if not target.is_floating_point():
        raise RuntimeError(
            f"result type {input.dtype} can't be cast to the desired output type {target.dtype}: "
            "expected a floating target"
        )
    name = "binary_cross_entropy_with_logits"
    weight = without_gradient(name, "weight", weight)
    pos_weight = without_gradient(name, "pos_weight", pos_weight)
    return as_one_op("BinaryCrossEntropyWithLogitsBackward0", with_logits_vjp, with_logits_losses,
                     input, target, reduction, None, (weight, pos_weight))


cdef object with_logits_losses(object input, object target, object _, tuple weights):
    weight, pos_weight = weights
    if pos_weight is None:
        loss = arithmetic(BCE_LOGITS, "BinaryCrossEntropyWithLogitsBackward0", own_logits_vjp,
                          input, target, <Save>(A_FOR_A | B_FOR_A | A_FOR_B))
    else:
        loss = ((1.0 - target) * input
                - ((pos_weight - 1.0) * target + 1.0) * logsigmoid(input))
    return loss if weight is None else loss * weight


cdef with_logits_vjp(Node node, object g):
    x, t = node.tensor(0), node.tensor(1)
    positive = node.tensor(3)
    g = of_elements(node, g, node.tensor(2))
    dx = dt = None
    if node.needs(0):
        if positive is None:
            dx = g * logits_slope(x, t)
        else:
            dx = g * (((positive - 1.0) * t + 1.0) * sigmoid(x) - positive * t)
    if node.needs(1):
        dt = g * -(x if positive is None else x + (positive - 1.0) * logsigmoid(x))
    return like_input(node, dx), like_input(node, dt)


cdef own_logits_vjp(Node node, object g):
    """That of a logit and a target of different dtypes, after which others follow."""
    x = node.tensor(0)
    return (g * logits_slope(x, node.tensor(1)) if node.needs(0) else None,
            -g * x if node.needs(1) else None)


cdef Tensor logits_slope(Tensor x, Tensor t):
    """Return sigmoid(x) - t, which in this form loses no digits: see vmath.h."""
    if grad_enabled():
        return (1.0 - t) * sigmoid(x) - t * sigmoid(-x)
    return wrap(combine(BCE_LOGITS_SLOPE, x.array, t.array))
