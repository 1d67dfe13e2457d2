"""Losses over classes: cross_entropy and nll_loss.  The other losses are in loss.pyx.

cross_entropy is one kernel forward and one backward, which keep two numbers a sample rather than
a softmax.  With q the targets as a table (one at the class, smoothed) and w the classes' weights,

    forward  loss = -sum_c q_c w_c log_softmax(x)_c       mean: over the weights w of the targets
    vjp      dx_c = g * (softmax(x)_c * sum_k q_k w_k - q_c w_c)
"""

import numpy as np

from libc.stdint cimport int64_t
from numpy cimport (
    PyArray_DIMS, PyArray_NDIM, PyArray_SIZE, PyArray_TYPE, import_array,
    ndarray, npy_intp,
)

from minigrad.dtypes cimport dtype_of, float16, float32, int64, uint8
from minigrad.edges import contains
from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels.cross_entropy cimport (
    MEAN, NONE, SUM, cross_entropy_backward, cross_entropy_forward, nll_backward, nll_forward,
)
from minigrad.kernels.openmp cimport threads_for
from minigrad.kernels.shapes cimport same_shape
from minigrad.memory cimport new_array
from minigrad.ops.common cimport cast, contiguous, shape_of, tensor_argument
from minigrad.ops.loss import reduced, reduction_name
from minigrad.ops.recorded import labelled
from minigrad.ops.softmax import log_softmax, softmax
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()

cdef dict reductions = {"none": NONE, "mean": MEAN, "sum": SUM}

# An exp costs about as much as this many additions, which is what threads_for counts.
cdef enum:
    EXP_COST = 4


cdef class ClassLoss:
    """What the forward of a loss leaves to its backward, beside the saved tensors."""
    cdef bint log_probs             # nll_loss: the input is log-probabilities already
    cdef int64_t ignore_index
    cdef double smoothing
    cdef int reduction
    cdef Py_ssize_t outer, n, inner
    cdef ndarray total_weight, stats


cdef bint shapes_agree(ndarray x, ndarray target) noexcept:
    """Whether ``target`` has the shape of ``x`` without its classes."""
    cdef int i, ndim = PyArray_NDIM(x), skipped = 0 if ndim == 1 else 1
    if PyArray_NDIM(target) != ndim - 1:
        return False
    for i in range(ndim - 1):
        if PyArray_DIMS(target)[i] != PyArray_DIMS(x)[i if i < skipped else i + 1]:
            return False
    return True


cdef int check_classes(str name, ndarray x, ndarray target, Tensor weight) except -1:
    """Raise what torch raises for shapes and dtypes that do not go together."""
    cdef int ndim = PyArray_NDIM(x)
    if not dtype_of(x).is_floating_point:
        raise NotImplementedError(
            f"{name}: expected a floating point input, but got {dtype_of(x)}")
    if ndim == 0:
        raise RuntimeError(f"{name}: expected an input with classes, (C), (N, C) or (N, C, ...), "
                           "but got a 0-dimensional tensor")
    if not shapes_agree(x, target):
        shape, own = (<object>x).shape, (<object>target).shape
        if ndim > 1 and (len(own) == 0 or own[0] != shape[0]):
            raise ValueError(
                f"Expected input batch_size ({shape[0]}) to match target batch_size "
                f"({own[0] if own else 'none'}): input {list(shape)}, target {list(own)}."
            )
        expected = [] if ndim == 1 else [shape[0], *shape[2:]]
        raise RuntimeError(
            f"Expected target size {expected}, got {list(own)}, for an input of size {list(shape)}"
        )
    if dtype_of(target) is not int64 and dtype_of(target) is not uint8:
        raise RuntimeError(
            f"{name}: expected a target of classes of dtype {int64}, but got "
            f"{dtype_of(target)}"
        )
    if weight is None:
        return 0
    n = PyArray_DIMS(x)[0 if ndim == 1 else 1]
    if shape_of(weight) != (n,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {n} classes or no classes but got "
            f"weight tensor of shape: {list(shape_of(weight))}"
        )
    if dtype_of(weight.array) is not dtype_of(x):
        raise RuntimeError(
            f"{name}: expected a weight of the input's dtype {dtype_of(x)}, but got "
            f"{dtype_of(weight.array)}"
        )
    return 0


cdef Tensor class_weight(str name, object weight):
    """Return the factors of the classes, a tensor or None."""
    return None if weight is None else tensor_argument(weight, name, "weight")


cdef Tensor class_loss(
    Tensor x, Tensor target, Tensor weight, long ignore_index, double smoothing, str reduction,
    bint log_probs
):
    """Return the loss of ``x`` and classes, recorded."""
    cdef ClassLoss rule = ClassLoss.__new__(ClassLoss)
    cdef ndarray a, loss, targets, weights
    cdef npy_intp two_each
    cdef Tensor out, wide
    cdef int i, axis
    check_classes("nll_loss" if log_probs else "cross_entropy", x.array, target.array, weight)
    if dtype_of(x.array) is float16:
        wide = class_loss(cast(x, float32), target, None if weight is None else
                          cast(weight, float32), ignore_index, smoothing, reduction, log_probs)
        return cast(wide, float16)
    if dtype_of(target.array) is not int64:
        target = cast(target, int64)
    rule.log_probs, rule.ignore_index, rule.smoothing = log_probs, ignore_index, smoothing
    rule.reduction = reductions[reduction]
    axis = 0 if PyArray_NDIM(x.array) == 1 else 1
    rule.outer = PyArray_DIMS(x.array)[0] if axis else 1
    rule.n, rule.inner = PyArray_DIMS(x.array)[axis], 1
    for i in range(axis + 1, PyArray_NDIM(x.array)):
        rule.inner *= PyArray_DIMS(x.array)[i]
    rule.total_weight = new_array(0, NULL, PyArray_TYPE(x.array))
    if rule.reduction == NONE:
        loss = new_array(
            PyArray_NDIM(target.array), PyArray_DIMS(target.array), PyArray_TYPE(x.array))
    else:
        loss = new_array(0, NULL, PyArray_TYPE(x.array))
    a, targets = contiguous(x.array), contiguous(target.array)
    weights = None if weight is None else contiguous(weight.array)
    if log_probs:
        nll_forward(loss, rule.total_weight, a, targets, weights, ignore_index, rule.reduction,
                    rule.outer, rule.n, rule.inner, 1)
    else:
        two_each = 2 * rule.outer * rule.inner
        rule.stats = new_array(1, &two_each, PyArray_TYPE(a))
        cross_entropy_forward(
            loss, rule.total_weight, rule.stats, a, targets, weights, ignore_index, smoothing,
            rule.reduction, rule.outer, rule.n, rule.inner, threads_for(EXP_COST * PyArray_SIZE(a)))
    out = wrap(loss)
    if recording(x):
        record(out, "NllLossBackward0" if rule.inner == 1 else "NllLoss2DBackward0",
               class_loss_vjp if log_probs else cross_entropy_vjp, (x,), (x, target, weight), rule)
    return out


cdef cross_entropy_vjp(Node node, object g):
    return class_loss_vjp(node, g)


contains(<size_t>cross_entropy_vjp, {0: "LogSoftmaxBackward0"})


cdef class_loss_vjp(Node node, object g):
    cdef ClassLoss rule = node.extra
    cdef Tensor x = node.tensor(0), target = node.tensor(1), weight = node.tensor(2)
    cdef ndarray dx, given, targets, weights
    if grad_enabled():
        return (composed_gradient(rule, g, x, target, weight),)
    dx = new_array(PyArray_NDIM(x.array), PyArray_DIMS(x.array), PyArray_TYPE(x.array))
    given, targets = contiguous((<Tensor>g).array), contiguous(target.array)
    weights = None if weight is None else contiguous(weight.array)
    if rule.log_probs:
        nll_backward(dx, given, rule.total_weight, targets, weights, rule.ignore_index,
                     rule.reduction, rule.outer, rule.n, rule.inner, 1)
    else:
        cross_entropy_backward(
            dx, given, rule.total_weight, rule.stats, contiguous(x.array), targets,
            weights, rule.ignore_index, rule.smoothing, rule.reduction, rule.outer, rule.n,
            rule.inner, threads_for(EXP_COST * PyArray_SIZE(dx)))
    return (wrap(dx),)


cdef object composed_gradient(ClassLoss rule, object g, Tensor x, Tensor target, Tensor weight):
    """The gradient as tensor operations on ``g`` and ``x``, for a second derivative."""
    targets = target.array.reshape(rule.outer, 1, rule.inner)
    kept = targets != rule.ignore_index
    q = (1 - rule.smoothing) * (np.arange(rule.n)[:, None] == targets) + rule.smoothing / rule.n
    w = np.ones(rule.n) if weight is None else weight.array
    qw = (q * w[:, None] * kept).astype(x.array.dtype)
    if rule.reduction == MEAN:
        g = g / wrap(rule.total_weight)
    elif rule.reduction == NONE:
        g = g.reshape(rule.outer, 1, rule.inner)
    if rule.log_probs:
        return (g * wrap(-qw)).reshape(x.shape)
    y = softmax(x.reshape(rule.outer, rule.n, rule.inner), 1)
    return (g * (y * wrap(qw.sum(1, keepdims=True)) - wrap(qw))).reshape(x.shape)


cdef Tensor one_class(Tensor x, Tensor target):
    """Return the target; of a sample that is not in a batch, a vector of one counts as its one."""
    if PyArray_NDIM(x.array) != 1 or PyArray_NDIM(target.array) != 1:
        return target
    if PyArray_DIMS(target.array)[0] != 1:
        raise ValueError(
            "For 1D input, 1D target must have size 1, but got target size: "
            f"{PyArray_DIMS(target.array)[0]}"
        )
    return target.reshape(())


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None,
             reduction="mean"):
    """Return the negative log-likelihood: of each sample ``-weight[t] * input[t]``.

    ``input``: log-probabilities (C), (N, C) or (N, C, d1, ...).  ``target``: int64 classes, the
    same shape without C; ``ignore_index`` among them counts as no sample.  ``reduction``: "mean"
    (over the weights of the targets), "sum" or "none".

    >>> import minigrad
    >>> x = minigrad.tensor([[-1.0, -2.0], [-3.0, -4.0]])
    >>> minigrad.nn.functional.nll_loss(x, minigrad.tensor([0, 1]))
    tensor(2.5000)
    """
    cdef Tensor x = <Tensor?>input, t = <Tensor?>target
    return class_loss(x, one_class(x, t), class_weight("nll_loss", weight), ignore_index, 0,
                      reduction_name(size_average, reduce, reduction), True)


def cross_entropy(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None,
                  reduction="mean", label_smoothing=0.0):
    """Return the cross-entropy between the softmax of ``input`` and ``target``.

    ``input``: logits (C), (N, C) or (N, C, d1, ...).  ``target``: int64 classes, the same shape
    without C, ``ignore_index`` among them counting as no sample; or probabilities, the same shape
    and dtype as the input.  ``weight``: a factor a class.  ``label_smoothing``: the share of the
    target, 0 to 1, that is spread evenly over all classes.  ``reduction``: "mean" (over the
    weights of the classes; of probabilities over the samples), "sum" or "none".

    >>> import minigrad
    >>> minigrad.nn.functional.cross_entropy(minigrad.zeros(2, 10), minigrad.tensor([3, 7]))
    tensor(2.3026)
    """
    cdef Tensor x = <Tensor?>input, t = <Tensor?>target
    if size_average is not None or reduce is not None or reduction not in reductions:
        reduction = reduction_name(size_average, reduce, reduction)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if PyArray_NDIM(x.array) and same_shape(x.array, t.array):
        if ignore_index >= 0:
            raise RuntimeError(
                f"ignore_index is for classes, not for probabilities as the target: got {ignore_index}")
        return soft_cross_entropy(
            x, t, class_weight("cross_entropy", weight), reduction, label_smoothing)
    t = one_class(x, t)
    return class_loss(x, t, class_weight("cross_entropy", weight), ignore_index, label_smoothing,
                      reduction, False)


cdef object soft_cross_entropy(
    Tensor input, Tensor target, object weight, str reduction, double smoothing
):
    """Cross-entropy with probabilities as the target, by composition."""
    dim = 0 if input.dim() == 1 else 1
    n = input.shape[dim]
    if not dtype_of(target.array).is_floating_point:
        raise RuntimeError(
            "Expected floating point type for target with class probabilities (a target of the "
            f"input's shape), got {dtype_of(target.array)}"
        )
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / n
    loss = log_softmax(input, dim) * target
    if weight is not None:
        if weight.shape != (n,):
            raise RuntimeError(
                f"cross_entropy: weight tensor should be defined either for all {n} classes or no "
                f"classes but got weight tensor of shape: {list(weight.shape)}"
            )
        loss = loss * weight.reshape(n, *[1] * (input.dim() - dim - 1))
    if reduction == "mean":
        samples = input.numel() // n if n else 0
        loss = -loss.sum()
        return labelled(loss / samples, "DivBackward1") if samples else loss * float("nan")
    return reduced(-loss.sum(dim), reduction)
