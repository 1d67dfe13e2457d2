"""Connectionist temporal classification, by the forward recursion in logarithms.

The target l of one sample is read with blanks between and around: b l1 b l2 b ... b, 2 S + 1 items.
alpha[t, s] is the log-probability of all ways to have got to item s by time t:

    alpha[t, s] = log_probs[t, item s] + logsumexp(alpha[t - 1, s], alpha[t - 1, s - 1],
                                                   alpha[t - 1, s - 2] if it may be skipped to)

The loss is -logsumexp of the last two items at the last time of the sample.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad.ops.creation import from_numpy
from minigrad.ops.elementwise import where
from minigrad.ops.join import cat, stack
from minigrad.ops.loss import reduced, reduction_name
from minigrad.ops.recorded import labelled
from minigrad.tensor import Tensor

# The logarithm of an impossible thing: finite, so that no gradient is infinity minus infinity.
_NEVER = -1e30


def _lengths(given, name, count, limit):
    values = given.numpy() if isinstance(given, Tensor) else np.asarray(given)
    values = values.reshape(-1)
    if values.dtype.kind not in "iu":
        raise RuntimeError(f"{name} must be integral, but got {values.dtype}")
    if len(values) != count:
        raise RuntimeError(
            f"{name} must be of size batch_size: expected {count}, got {len(values)}"
        )
    if (values < 0).any() or (limit is not None and (values > limit).any()):
        raise RuntimeError(
            f"Expected {name} to have values from 0 to {limit}, but got {values.tolist()}"
        )
    return values


def _padded(targets, lengths, blank):
    """Return the targets as a table (N, S), also where they were given one after the other."""
    longest = lengths.max(initial=0)
    table = np.full((len(lengths), longest), blank)
    if targets.ndim == 2:
        if targets.shape[0] != len(lengths) or targets.shape[1] < longest:
            raise RuntimeError(
                f"Expected targets of at least {[len(lengths), int(longest)]} numbers, but got "
                f"{list(targets.shape)}"
            )
        rows = targets
    else:
        if targets.size != lengths.sum():
            raise RuntimeError(
                f"Expected as many targets as target_lengths say, {lengths.sum()}, but got "
                f"{targets.size}"
            )
        rows = np.split(targets, np.cumsum(lengths)[:-1])
    for i, length in enumerate(lengths):
        table[i, :length] = rows[i][:length]
    return table


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Return the negative log-likelihood of ``targets`` over all alignments with ``log_probs``.

    Args:
        log_probs: (T, N, C), or (T, C): log-probabilities, from log_softmax.
        targets: int64, (N, S), or all targets one after the other; without ``blank``.
        input_lengths, target_lengths: of each sample, tensors or sequences of N numbers.
        blank: the class that means nothing.
        reduction: "mean" divides each loss by the length of its target first.
        zero_infinity: whether an impossible target counts as 0 rather than infinity.

    Raises RuntimeError for lengths, classes and shapes that do not fit.

    Source: ``torch.nn.functional.ctc_loss``; A. Graves et al., "Connectionist Temporal
    Classification: Labelling Unsegmented Sequence Data with Recurrent Neural Networks", 2006.

    >>> import minigrad
    >>> log_probs = minigrad.full((3, 1, 2), 0.5).log()
    >>> minigrad.nn.functional.ctc_loss(log_probs, minigrad.tensor([[1]]), (3,), (1,))
    tensor(0.2877)
    """
    reduction = reduction_name(None, None, reduction)
    if log_probs.dim() not in (2, 3) or not log_probs.is_floating_point():
        raise RuntimeError(
            "log_probs must be a floating tensor of shape (T, N, C) or (T, C), but got "
            f"{log_probs.dtype} of shape {list(log_probs.shape)}"
        )
    single = log_probs.dim() == 2
    if single:
        log_probs = log_probs.unsqueeze(1)
    times, samples, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise RuntimeError(f"blank must be in label range, 0 to {classes - 1}, but got {blank}")
    lengths = _lengths(input_lengths, "input_lengths", samples, times)
    counts = _lengths(target_lengths, "target_lengths", samples, None)
    table = _padded(targets.numpy(), counts, blank)
    if table.size and not (table.min() >= 0 and table.max() < classes):
        raise RuntimeError(f"targets must be in label range, 0 to {classes - 1}")

    items = np.full((samples, 2 * table.shape[1] + 1), blank)
    items[:, 1::2] = table
    skips = np.zeros(items.shape, bool)
    skips[:, 2:] = (items[:, 2:] != blank) & (items[:, 2:] != items[:, :-2])
    no_skip = from_numpy(~skips)
    chances = log_probs.gather(2, from_numpy(items).expand(times, -1, -1))

    never = log_probs.detach()[0, :, :1] * 0 + _NEVER  # one column of it
    alpha = chances[0][:, :2]
    alpha = cat([alpha, never.expand(-1, items.shape[1] - alpha.shape[1])], 1)
    history = [alpha]
    for t in range(1, times):
        one = cat([never, alpha[:, :-1]], 1)
        two = cat([never, one[:, :-1]], 1).masked_fill(no_skip, _NEVER)
        alpha = chances[t] + stack([alpha, one, two]).logsumexp(0)
        history.append(alpha)

    sample = np.arange(samples)
    last = stack(history)[from_numpy(np.maximum(lengths - 1, 0)), from_numpy(sample)]
    ends = np.stack([2 * counts, np.maximum(2 * counts - 1, 0)], 1)
    final = last.gather(1, from_numpy(ends))
    alone = np.stack([np.zeros(samples, bool), counts == 0], 1)
    loss = -final.masked_fill(from_numpy(alone), _NEVER).logsumexp(1)
    impossible = from_numpy((loss.detach().numpy() > -_NEVER / 2) | ((lengths == 0) & (counts > 0)))
    loss = where(impossible, 0.0 if zero_infinity else float("inf"), loss)
    empty = from_numpy((lengths == 0) & (counts == 0))
    loss = loss.masked_fill(empty, 0.0)
    labelled(loss, "WhereBackward0" if zero_infinity else "CtcLossBackward0")
    if reduction == "mean":
        loss = loss / from_numpy(np.maximum(counts, 1).astype(loss.dtype.numpy))
    return reduced(loss.squeeze(0) if single else loss, reduction)
