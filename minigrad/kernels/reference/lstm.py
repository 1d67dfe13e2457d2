"""One step of an LSTM in plain NumPy."""

import numpy as np


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_forward(h, c, gates, sums, before, n_threads):
    """The next state ``h``, ``c`` and the ``gates`` i, f, g, o from their sums."""
    with np.errstate(over="ignore", invalid="ignore"):
        i, f, g, o = np.split(sums, 4, axis=1)
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        c[...] = f * before + i * g
        h[...] = o * np.tanh(c)
    gates[...] = np.concatenate([i, f, g, o], axis=1)


def lstm_backward(dsums, dbefore, gh, gc, gates, before, n_threads):
    """The gradients of the sums and of the cell state before; one of gh and gc may be None."""
    i, f, g, o = np.split(gates, 4, axis=1)
    t = np.tanh(f * before + i * g)
    gh = 0 if gh is None else gh
    dc = (0 if gc is None else gc) + gh * o * (1 - t * t)
    slopes = i * (1 - i), f * (1 - f), 1 - g * g, o * (1 - o)
    gradients = dc * g, dc * before, dc * i, gh * t
    parts = [a * b for a, b in zip(gradients, slopes, strict=True)]
    dsums[...] = np.concatenate(parts, axis=1)
    dbefore[...] = dc * f
