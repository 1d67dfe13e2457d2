"""The cross-entropy kernel in plain NumPy: over the whole table q_c w_c of targets."""

import numpy as np

from minigrad.kernels.cross_entropy import Reduced


def weighted_targets(target, weight, ignore_index, smoothing, outer, n, inner):
    """Return q_c w_c as (outer, n, inner) and the weight of each sample's class."""
    target = target.reshape(outer, inner)
    for t in target.ravel():
        if not 0 <= t < n and t != ignore_index:
            raise IndexError(f"Target {t} is out of bounds: expected a class from 0 to {n - 1}")
    if weight is None:
        weight = np.ones(n)
    weight = weight.astype(np.float64)
    kept = (target != ignore_index)[:, None, :]
    chosen = np.arange(n)[None, :, None] == target[:, None, :]
    q = ((1 - smoothing) * chosen + smoothing / n) * kept
    return q * weight[:, None], ((chosen & kept) * weight[:, None]).sum(axis=1)


def log_softmax(x):
    """The logarithm of softmax along axis 1."""
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def reduced_loss(loss, total_weight, qw, weights, y, reduction):
    """Write -sum_c q_c w_c y_c, reduced, and the sum of the weights."""
    losses = -np.where(qw == 0, 0, qw * y).sum(axis=1)
    total_weight[...] = weights.sum()
    if reduction == Reduced.NONE:
        loss.reshape(losses.shape)[...] = losses
    else:
        loss[...] = losses.sum() / (weights.sum() if reduction == Reduced.MEAN else 1)


def sample_gradient(g, total_weight, reduction, shape):
    """The gradient of each sample's loss, to broadcast against (outer, n, inner)."""
    g = g.astype(np.float64)
    if reduction == Reduced.NONE:
        return g.reshape(shape)[:, None, :]
    return g / total_weight if reduction == Reduced.MEAN else g


def cross_entropy_forward(
    loss,
    total_weight,
    stats,
    logits,
    target,
    weight,
    ignore_index,
    label_smoothing,
    reduction,
    outer,
    n,
    inner,
    n_threads,
):
    """Cross-entropy of ``logits`` and classes; see cross_entropy.pxd for the arguments."""
    x = logits.reshape(outer, n, inner).astype(np.float64)
    qw, weights = weighted_targets(target, weight, ignore_index, label_smoothing, outer, n, inner)
    with np.errstate(all="ignore"):
        largest = x.max(axis=1)
        stats.reshape(2, outer, inner)[0] = largest
        stats.reshape(2, outer, inner)[1] = 1 / np.exp(x - largest[:, None]).sum(axis=1)
        reduced_loss(loss, total_weight, qw, weights, log_softmax(x), reduction)


def cross_entropy_backward(
    dlogits,
    g,
    total_weight,
    stats,
    logits,
    target,
    weight,
    ignore_index,
    label_smoothing,
    reduction,
    outer,
    n,
    inner,
    n_threads,
):
    """The gradient of cross_entropy_forward's logits from that of its loss, ``g``."""
    x = logits.reshape(outer, n, inner).astype(np.float64)
    qw, _ = weighted_targets(target, weight, ignore_index, label_smoothing, outer, n, inner)
    with np.errstate(all="ignore"):
        g = sample_gradient(g, total_weight, reduction, (outer, inner))
        dx = g * (np.exp(log_softmax(x)) * qw.sum(axis=1, keepdims=True) - qw)
    kept = (target.reshape(outer, inner) != ignore_index)[:, None, :]
    dlogits.reshape(outer, n, inner)[...] = np.where(kept, dx, 0)


def nll_forward(
    loss,
    total_weight,
    log_probs,
    target,
    weight,
    ignore_index,
    reduction,
    outer,
    n,
    inner,
    n_threads,
):
    """The negative log-likelihood of classes, given logarithms of probabilities."""
    y = log_probs.reshape(outer, n, inner).astype(np.float64)
    qw, weights = weighted_targets(target, weight, ignore_index, 0, outer, n, inner)
    with np.errstate(all="ignore"):
        reduced_loss(loss, total_weight, qw, weights, y, reduction)


def nll_backward(
    dlog_probs, g, total_weight, target, weight, ignore_index, reduction, outer, n, inner, n_threads
):
    """The gradient of nll_forward's log-probabilities from that of its loss, ``g``."""
    qw, _ = weighted_targets(target, weight, ignore_index, 0, outer, n, inner)
    with np.errstate(all="ignore"):
        g = sample_gradient(g, total_weight, reduction, (outer, inner))
        dlog_probs.reshape(outer, n, inner)[...] = np.where(qw == 0, 0, -g * qw)
