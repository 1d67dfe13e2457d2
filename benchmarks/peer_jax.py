"""The same programs for JAX, as its users write them: pure functions under ``jax.jit``.

Where there was a choice the faster one was measured and taken: images are NHWC and 2x2 pooling is
a reshape and a maximum (three times faster on a CPU than NCHW with ``reduce_window``), and a whole
training step is one compiled function whose state is donated.
"""

import os
from functools import partial

import numpy as np

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.problems import (
    LEARNING_RATE,
    MOMENTUM,
    NETWORKS,
    POSITIVE,
    arrays,
    batch,
    batchnorm_arrays,
    initial_weights,
)
from benchmarks.workload import Workload

EPS, BATCHNORM_MOMENTUM = 1e-5, 0.1
NHWC, HWIO = (0, 2, 3, 1), (2, 3, 1, 0)  # from NCHW and from OIHW
BETA1, BETA2, ADAM_EPS = 0.9, 0.999, 1e-8


class Peer:
    def __init__(self, threads: int):
        # XLA takes as many threads as the process has cores; the worker has limited those.
        self.version = jax.__version__

    def workload(self, program: str, arguments: dict) -> Workload:
        jax.clear_caches()
        return PROGRAMS[program](**arguments)


def blocking(function, *arguments):
    """A call that returns when the result has been computed."""
    return lambda: jax.block_until_ready(function(*arguments))


# Layers


def convolve(x, weight, padding):
    return lax.conv_general_dilated(
        x, weight, (1, 1), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def normalise(x, weight, bias, mean, var, channel):
    shape = [1] * x.ndim
    shape[channel] = -1
    weight, bias, mean, var = (v.reshape(shape) for v in (weight, bias, mean, var))
    return (x - mean) * (lax.rsqrt(var + EPS) * weight) + bias


def batch_norm(x, weight, bias, mean, var, channel=-1):
    """Training mode: the output and the new running mean and variance."""
    axes = tuple(axis for axis in range(x.ndim) if axis != channel % x.ndim)
    count = x.size // x.shape[channel]
    batch_mean, batch_var = x.mean(axes), x.var(axes)
    mean += BATCHNORM_MOMENTUM * (batch_mean - mean)
    var += BATCHNORM_MOMENTUM * (batch_var * (count / (count - 1)) - var)
    return normalise(x, weight, bias, batch_mean, batch_var, channel), (mean, var)


def max_pool(x, size):
    n, h, w, c = x.shape
    x = x[:, : h // size * size, : w // size * size]
    return x.reshape(n, h // size, size, w // size, size, c).max((2, 4))


def apply(layers, params, buffers, x, training):
    """The network's output and its new running statistics."""
    buffers = dict(buffers)
    for i, (layer, *arguments) in enumerate(layers):
        weight, bias = params.get(f"{i}.weight"), params.get(f"{i}.bias")
        if layer == "Linear":
            x = x @ weight + bias
        elif layer == "Conv2d":
            x = convolve(x, weight, padding=arguments[-1]) + bias
        elif layer.startswith("BatchNorm"):
            if training:
                x, buffers[i] = batch_norm(x, weight, bias, *buffers[i])
            else:
                x = normalise(x, weight, bias, *buffers[i], channel=-1)
        elif layer == "ReLU":
            x = jax.nn.relu(x)
        elif layer == "MaxPool2d":
            x = max_pool(x, *arguments)
        elif layer == "Flatten":  # in the order of NCHW, which the weights expect
            x = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
        else:
            raise NotImplementedError(layer)
    return x, buffers


def build(network):
    """Parameters, running statistics, inputs and labels, in JAX's layouts."""
    described = NETWORKS[network]
    axes = {2: (1, 0), 4: HWIO}
    params = {
        name: jnp.array(w.transpose(axes[w.ndim]) if w.ndim > 1 else w)
        for name, w in initial_weights(described).items()
    }
    buffers = {}
    for i, (layer, *arguments) in enumerate(described.layers):
        if layer.startswith("BatchNorm"):
            params[f"{i}.weight"] = jnp.ones(arguments[0])
            params[f"{i}.bias"] = jnp.zeros(arguments[0])
            buffers[i] = (jnp.zeros(arguments[0]), jnp.ones(arguments[0]))
    inputs, labels = batch(described)
    if inputs.ndim == 4:
        inputs = inputs.transpose(NHWC)
    return params, buffers, jnp.array(inputs), jnp.array(labels, jnp.int32)


# Optimizers: (initial state, update) as pure functions


def sgd_init(params):
    return jax.tree.map(jnp.zeros_like, params)


def sgd_update(params, grads, momentum, rate):
    momentum = jax.tree.map(lambda m, g: MOMENTUM * m + g, momentum, grads)
    return jax.tree.map(lambda p, m: p - rate * m, params, momentum), momentum


def adam_init(params):
    zeros = partial(jax.tree.map, jnp.zeros_like)
    return zeros(params), zeros(params), jnp.zeros((), jnp.int32)


def adam_update(params, grads, state, rate):
    first, second, step = state
    step += 1
    first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, grads)
    second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, grads)
    size, scale = rate / (1 - BETA1**step), 1 / jnp.sqrt(1 - BETA2**step)
    params = jax.tree.map(
        lambda p, m, v: p - size * m / (jnp.sqrt(v) * scale + ADAM_EPS), params, first, second
    )
    return params, (first, second, step)


OPTIMIZERS = {"sgd": (sgd_init, sgd_update), "adam": (adam_init, adam_update)}


# Programs


def batchnorm(mode, shape):
    given = {name: jnp.array(array) for name, array in batchnorm_arrays(shape).items()}
    x, dy, weight, bias, mean, var = given.values()

    @jax.jit
    def forward(x, weight, bias, mean, var):
        return batch_norm(x, weight, bias, mean, var, channel=1)

    @jax.jit
    def backward(x, weight, bias, mean, var, dy):
        def layer(x, weight, bias):
            return batch_norm(x, weight, bias, mean, var, channel=1)

        y, pull_back, statistics = jax.vjp(layer, x, weight, bias, has_aux=True)
        return y, statistics, pull_back(dy)

    evaluate = jax.jit(partial(normalise, channel=1))
    state = (x, weight, bias, mean, var)
    if mode == "eval":
        call = blocking(evaluate, *state)
        return Workload(call, lambda: {"y": call()})
    call = blocking(backward, *state, dy) if mode == "backward" else blocking(forward, *state)

    def results():
        y, (mean, var), *grads = call()
        found = {"y": y, "mean": mean, "var": var}
        for gradients in grads:  # one triple in backward, none in forward
            found |= dict(zip(("dx", "dweight", "dbias"), gradients, strict=True))
        return found

    return Workload(call, results)


OPERATIONS = {
    "add": jnp.add,
    "mul": jnp.multiply,
    "div": jnp.divide,
    "exp": jnp.exp,
    "log": jnp.log,
    "sqrt": jnp.sqrt,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "gelu": partial(jax.nn.gelu, approximate=False),
    "sum": jnp.sum,
    "mean": jnp.mean,
    "sum over rows": partial(jnp.sum, axis=0),
    "sum over columns": partial(jnp.sum, axis=1),
    "max over columns": partial(jnp.max, axis=1),
    "var": partial(jnp.var, ddof=1),
    "softmax": partial(jax.nn.softmax, axis=1),
    "log_softmax": partial(jax.nn.log_softmax, axis=1),
    "matmul": jnp.matmul,
    "conv2d": convolve,
}


def operation(name, shapes, backward, **keywords):
    operands = arrays(*shapes, positive=name in POSITIVE)
    # The axes of the operands and of the result, if JAX has them in another order than torch.
    axes = [NHWC, HWIO] if name == "conv2d" else [tuple(range(a.ndim)) for a in operands]
    operands = [
        jnp.array(array.transpose(order)) for array, order in zip(operands, axes, strict=True)
    ]
    function = partial(OPERATIONS[name], **keywords)
    result_axes = NHWC if name == "conv2d" else None

    def torch_order(array, order):
        return np.asarray(array).transpose(np.argsort(order)) if order else np.asarray(array)

    result_shape = torch_order(function(*operands), result_axes).shape
    (upstream,) = arrays(result_shape)
    upstream = jnp.array(upstream.transpose(result_axes) if result_axes else upstream)

    @jax.jit
    def with_backward(operands, upstream):
        result, pull_back = jax.vjp(function, *operands)
        return result, pull_back(upstream)

    if not backward:
        call = blocking(jax.jit(function), *operands)
        return Workload(call, lambda: {"result": torch_order(call(), result_axes)})
    call = blocking(with_backward, operands, upstream)

    def results():
        result, grads = call()
        found = {"result": torch_order(result, result_axes)}
        for i, (grad, order) in enumerate(zip(grads, axes, strict=True)):
            found[f"gradient {i}"] = torch_order(grad, order)
        return found

    return Workload(call, results)


def train(network, optimizer):
    """One compiled training step.  Steps are enqueued as JAX does it and waited for at the end."""
    layers, rate = NETWORKS[network].layers, LEARNING_RATE[optimizer]
    init, update = OPTIMIZERS[optimizer]

    def loss_of(params, buffers, inputs, labels):
        logits, buffers = apply(layers, params, buffers, inputs, training=True)
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
        return -picked.mean(), buffers

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(params, buffers, state, inputs, labels):
        gradient = jax.value_and_grad(loss_of, has_aux=True)
        (loss, buffers), grads = gradient(params, buffers, inputs, labels)
        params, state = update(params, grads, state, rate)
        return params, buffers, state, loss

    carried, loss, inputs, labels = None, None, None, None

    def restart():
        nonlocal carried, inputs, labels
        params, buffers, inputs, labels = build(network)
        carried = params, buffers, init(params)

    def call():
        nonlocal carried, loss
        *carried, loss = step(*carried, inputs, labels)
        return loss

    def results():
        return {f"loss of step {i}": call() for i in range(1, 6)}

    restart()
    return Workload(call, results, restart, wait=lambda: jax.block_until_ready((carried, loss)))


def infer(network):
    params, buffers, inputs, _ = build(network)

    @jax.jit
    def evaluate(params, buffers, inputs):
        return apply(NETWORKS[network].layers, params, buffers, inputs, training=False)[0]

    call = blocking(evaluate, params, buffers, inputs)
    return Workload(call, lambda: {"logits": call()})


PROGRAMS = {"batchnorm": batchnorm, "operation": operation, "train": train, "infer": infer}
