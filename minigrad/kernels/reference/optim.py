"""Optimizer steps in plain NumPy: one parameter after the other, updated in place.

Scalars that multiply an array are rounded to its dtype by NumPy, as the compiled loops do.
"""

import numpy as np


def count_steps(steps):
    """Add one to each of the 0-d arrays that count the steps of a parameter."""
    for count in steps:
        count += 1


def rows(*lists):
    """Return lists of arrays, or None, with views of one dimension for arrays of none.

    NumPy 1 does not round to float32 what it computes of a float and a single number.
    """
    return [arrays and [np.atleast_1d(array) for array in arrays] for arrays in lists]


def direction(param, grad, weight_decay, maximize):
    """Return what to descend: the gradient with the L2 penalty's, in the parameter's dtype."""
    d = (-grad if maximize else grad).astype(working_dtype(param))
    return d + weight_decay * param if weight_decay != 0 else d


def working_dtype(param):
    """Return the dtype of the arithmetic: half precision is computed in float32."""
    return np.float64 if param.dtype == np.float64 else np.float32


def lerp(a, b, weight):
    """Return ``a + weight * (b - a)``, computed from the nearer end."""
    one_minus = b.dtype.type(1) - b.dtype.type(weight)
    return a + weight * (b - a) if weight < 0.5 else b - (b - a) * one_minus


def sgd_step(
    params, grads, momentum_buffers, first_steps, lr, momentum, dampening, weight_decay,
    nesterov, maximize, n_threads,
):  # fmt: skip
    """One step of stochastic gradient descent.

    Without momentum, ``momentum_buffers`` and ``first_steps`` are None.  With it, a parameter
    whose ``first_steps`` is true gets its gradient as buffer, as PyTorch does.
    """
    params, grads, momentum_buffers = rows(params, grads, momentum_buffers)
    for i, param in enumerate(params):
        d = direction(param, grads[i], weight_decay, maximize)
        if momentum_buffers is not None:
            buf = momentum_buffers[i].astype(d.dtype)
            buf = d if first_steps[i] else momentum * buf + (1 - dampening) * d
            momentum_buffers[i][...] = buf
            d = d + momentum * buf if nesterov else buf
        param[...] = param - lr * d


def adam_step(
    params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, beta2, eps,
    weight_decay, decoupled, maximize, n_threads,
):  # fmt: skip
    """One step of Adam, of AdamW if ``decoupled``, with AMSGrad unless ``max_exp_avg_sqs`` is None.

    ``steps`` holds a 0-d array per parameter: the number of this step, from 1.
    """
    params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs = rows(
        params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs
    )
    for i, param in enumerate(params):
        t = steps[i].item()
        d = direction(param, grads[i], 0 if decoupled else weight_decay, maximize)
        exp_avg = lerp(exp_avgs[i].astype(d.dtype), d, 1 - beta1)
        exp_avg_sq = beta2 * exp_avg_sqs[i].astype(d.dtype) + (1 - beta2) * d * d
        exp_avgs[i][...] = exp_avg
        exp_avg_sqs[i][...] = exp_avg_sq
        if max_exp_avg_sqs is not None:
            exp_avg_sq = np.maximum(max_exp_avg_sqs[i], exp_avg_sq)
            max_exp_avg_sqs[i][...] = exp_avg_sq
        step_size = lr / (1 - beta1**t)
        denom_scale = 1 / np.sqrt(1 - beta2**t)
        shrink = 1 - lr * weight_decay if decoupled else 1
        denom = np.sqrt(exp_avg_sq) * float(denom_scale) + eps
        param[...] = shrink * param.astype(d.dtype) - step_size * exp_avg / denom


def rmsprop_step(
    params, grads, square_avgs, grad_avgs, momentum_buffers, lr, alpha, eps, weight_decay,
    momentum, maximize, n_threads,
):  # fmt: skip
    """One step of RMSprop, centered unless ``grad_avgs`` is None.

    Without momentum, ``momentum_buffers`` is None.
    """
    params, grads, square_avgs, grad_avgs, momentum_buffers = rows(
        params, grads, square_avgs, grad_avgs, momentum_buffers
    )
    for i, param in enumerate(params):
        d = direction(param, grads[i], weight_decay, maximize)
        variance = alpha * square_avgs[i].astype(d.dtype) + (1 - alpha) * d * d
        square_avgs[i][...] = variance
        if grad_avgs is not None:
            grad_avg = lerp(grad_avgs[i].astype(d.dtype), d, 1 - alpha)
            grad_avgs[i][...] = grad_avg
            variance = variance - grad_avg * grad_avg
        std = np.sqrt(variance) + eps
        if momentum_buffers is None:
            param[...] = param - lr * d / std
        else:
            buf = momentum * momentum_buffers[i].astype(d.dtype) + d / std
            momentum_buffers[i][...] = buf
            param[...] = param - lr * buf


def zero(arrays, n_threads):
    """Fill all arrays with zeros."""
    for array in arrays:
        array[...] = 0


def scale(arrays, factor, n_threads):
    """Multiply all arrays by ``factor``."""
    for array in arrays:
        array *= factor


def norm(arrays, p, n_threads):
    """The p-norm (``p > 0``, infinity included) of the elements of all arrays together."""
    everything = np.concatenate([np.zeros(1), *(a.ravel() for a in arrays)], dtype=np.float64)
    return float(np.linalg.norm(everything, p))
